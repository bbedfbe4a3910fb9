//! A witness's answer, and whether it is the expected one.

use super::case::Expected;
use service::AwsLc;
use std::time::{SystemTime, UNIX_EPOCH};
use tlog::{
    AddCheckpoint, Checkpoint, KeyKind, Note, SignatureLine, VerifiedLine, Vkey, verify_line,
};

/// What the body of a 409 is.
const TREE_SIZE: &str = "text/x.tlog.size";

/// How far the witness's clock may be from ours, in seconds: machines that nobody sets drift a minute a month.
const CLOCKS_APART_MAX_S: u64 = 600;

/// What of a body is shown in a report, in characters.
const SHOWN_MAX: usize = 120;

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The content type, if it has one.
    pub content_type: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// Judges the answer to a request; on success the latest time of its lines, where they were looked at. What is told
    /// otherwise is what came.
    pub fn judge(
        &self,
        expected: Expected,
        request: &[u8],
        vkeys: &[Vkey],
        last_time_s: u64,
    ) -> Result<u64, String> {
        if self.status != expected.status() {
            return Err(self.told());
        }
        match expected {
            Expected::Accepted | Expected::Refused(_) | Expected::Cut(_) | Expected::Strict(_) => {
                Ok(last_time_s)
            }
            Expected::Conflict(size) => self.conflict(size).map(|()| last_time_s),
            Expected::Cosigned => self.cosigned(request, vkeys).map(|_| last_time_s),
            Expected::CosignedByMlDsa => {
                let lines = self.cosigned(request, vkeys)?;
                let by_ml_dsa = |line: &VerifiedLine| line.kind == KeyKind::MlDsa44;
                lines
                    .iter()
                    .any(by_ml_dsa)
                    .then_some(last_time_s)
                    .ok_or_else(|| "no line by an ML-DSA-44 key that --vkey gave".to_owned())
            }
            Expected::CosignedInTime => {
                let times = self.cosigned(request, vkeys)?;
                let times = times.iter().filter_map(|line| line.time.seconds());
                in_time(times, last_time_s)
            }
        }
    }

    /// Whether it is the 409 that tells this size.
    pub fn conflict(&self, size: u64) -> Result<(), String> {
        let is_conflict = self.status == 409
            && self.content_type.as_deref() == Some(TREE_SIZE)
            && self.body == format!("{size}\n").as_bytes();
        is_conflict.then_some(()).ok_or_else(|| self.told())
    }

    /// The size that a 409 tells.
    pub fn told_size(&self) -> Option<u64> {
        let text = std::str::from_utf8(&self.body).ok()?;
        (self.status == 409).then_some(())?;
        text.trim_end().parse().ok()
    }

    /// The lines by these keys in the answer to a request. Lines by other keys are ignored.
    fn cosigned(&self, request: &[u8], vkeys: &[Vkey]) -> Result<Vec<VerifiedLine>, String> {
        let request = AddCheckpoint::parse(request).map_err(|error| error.to_string())?;
        let lines = SignatureLine::parse_all(&self.body)
            .map_err(|error| format!("{}: no signature lines: {error}", self.told()))?;
        verified(request.checkpoint(), request.note().text(), &lines, vkeys)
    }

    /// Judges a note that monitors see.
    pub fn judge_note(&self, text: &str, log: &[Vkey], vkeys: &[Vkey]) -> Result<(), NoteFault> {
        if self.status != 200 {
            return Err(NoteFault::NotServed(self.told()));
        }
        let note = Note::parse(&self.body)
            .map_err(|error| NoteFault::Wrong(format!("{}: no note: {error}", self.told())))?;
        if note.text() != text {
            return Err(NoteFault::NotServed(self.told()));
        }
        let checkpoint =
            Checkpoint::parse(text).map_err(|error| NoteFault::Wrong(error.to_string()))?;
        let by_log = log.iter().any(|vkey| {
            let of_key = |line: &&SignatureLine| line.id() == vkey.id();
            note.lines()
                .iter()
                .filter(of_key)
                .any(|line| verify_line(vkey, &checkpoint, text, line, &AwsLc).is_ok())
        });
        if !by_log {
            return Err(NoteFault::Wrong("a note without the log's line".to_owned()));
        }
        verified(&checkpoint, text, note.lines(), vkeys)
            .map(drop)
            .map_err(NoteFault::Wrong)
    }

    /// The answer in a line.
    pub fn told(&self) -> String {
        let kind = self.content_type.as_deref().unwrap_or("no content type");
        let body: String = String::from_utf8_lossy(&self.body)
            .chars()
            .take(SHOWN_MAX)
            .collect();
        format!("{}, {kind}, {body:?}", self.status)
    }
}

/// What is wrong with what monitors see.
pub enum NoteFault {
    /// Nothing, or another checkpoint: it may be late.
    NotServed(String),
    /// A note without what it must bear.
    Wrong(String),
}

/// The lines by these keys, at least one, each with a time.
fn verified(
    checkpoint: &Checkpoint,
    text: &str,
    lines: &[SignatureLine],
    vkeys: &[Vkey],
) -> Result<Vec<VerifiedLine>, String> {
    let mut verified = Vec::new();
    for line in lines {
        let is_by = |vkey: &&Vkey| vkey.name() == line.name() && vkey.id() == line.id();
        let Some(vkey) = vkeys.iter().find(is_by) else {
            continue;
        };
        let kind = vkey.kind().byte();
        let line = verify_line(vkey, checkpoint, text, line, &AwsLc)
            .map_err(|why| format!("a line of kind 0x{kind:02x} that does not verify: {why}"))?;
        if line.time.seconds().is_none_or(|time_s| time_s == 0) {
            return Err(format!("a line of kind 0x{kind:02x} without a time"));
        }
        verified.push(line);
    }
    if verified.is_empty() {
        return Err("no line by a key that was given with --vkey".to_owned());
    }
    Ok(verified)
}

/// The latest of these times, if none is before the last and none far from our clock.
fn in_time(times: impl Iterator<Item = u64>, last_s: u64) -> Result<u64, String> {
    let now_s = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    let mut latest_s = last_s;
    for time_s in times {
        if time_s < last_s {
            return Err(format!("the time {time_s} after the time {last_s}"));
        }
        if time_s.abs_diff(now_s) > CLOCKS_APART_MAX_S {
            return Err(format!("the time {time_s} while our clock says {now_s}"));
        }
        latest_s = latest_s.max(time_s);
    }
    Ok(latest_s)
}

impl Expected {
    /// In words, for a report.
    pub fn told(self) -> String {
        match self {
            Self::Accepted => "200".to_owned(),
            Self::Cosigned => {
                "200 with signature lines by the witness's keys over the whole tree, with a time"
                    .to_owned()
            }
            Self::CosignedByMlDsa => "200 with an ML-DSA-44 line among others".to_owned(),
            Self::CosignedInTime => {
                "200 with lines whose time is now and not before the last one's".to_owned()
            }
            Self::Conflict(size) => format!("409, {TREE_SIZE}, \"{size}\\n\""),
            Self::Refused(status) => status.to_string(),
            Self::Cut(status) => format!("{status}, or the end of the connection"),
            Self::Strict(status) => {
                format!("{status}; a decoder may overlook it (RFC 4648, section 3.5)")
            }
        }
    }
}
