//! A signed list of logs: how many witnesses learn of a log without a command on each.
//!
//! ```text
//! notarylog/witness-logs@v1
//! sequence 7
//! log log.example.org/a+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k https://log.example.org/a
//!
//! — lists.example.org/logs Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=
//! ```
//!
//! A signed note (c2sp.org/signed-note) by one Ed25519 key. Each issue has a higher sequence than the one before. The
//! lines of one origin, which is the name of their keys, belong together; an address stands on any of them. A list adds
//! logs and changes none.

use crate::known_log::Source;
use crate::ledger::NewLog;
use aws_lc_rs::digest::{SHA256, digest};
use service::AwsLc;
use std::fmt;
use tlog::{Note, TreeSize, Vkey, verify_text_line};

/// The largest list in bytes: 1,000 logs with two ML-DSA-44 keys each would need twice as much, and no operator reads
/// such a list.
pub const LIST_BYTES_MAX: usize = 1 << 20;

/// A verified list.
#[derive(Clone, Debug)]
pub struct LogList {
    /// Which issue it is.
    pub issue: Issue,
    /// Its logs.
    pub logs: Vec<NewLog>,
}

/// Which list this is: by whom, which number, which text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    /// The vkey that signed.
    pub signer: String,
    /// The number: rises with each issue.
    pub sequence: u64,
    /// SHA-256 of the text.
    pub sha256: [u8; 32],
}

impl LogList {
    /// Reads a list that this key must have signed.
    pub fn open(bytes: &[u8], signer: &Vkey) -> Result<Self, MalformedList> {
        let note = Note::parse(bytes).map_err(|error| MalformedList::Note(error.to_string()))?;
        let verified = note
            .lines()
            .iter()
            .filter(|line| line.name() == signer.name() && line.id() == signer.id())
            .map(|line| verify_text_line(signer, note.text(), line, &AwsLc))
            .collect::<Result<Vec<_>, _>>();
        if !verified.is_ok_and(|lines| !lines.is_empty()) {
            return Err(MalformedList::NotSigned);
        }
        let mut lines = note.text().lines();
        if lines.next() != Some(VERSION_LINE) {
            return Err(MalformedList::Version);
        }
        let sequence = lines
            .next()
            .and_then(|line| line.strip_prefix("sequence "))
            .and_then(|sequence| TreeSize::from_decimal(sequence).ok())
            .ok_or(MalformedList::Sequence)?;
        let mut logs: Vec<NewLog> = Vec::new();
        for (at, line) in lines.enumerate() {
            let malformed = |why: String| MalformedList::Line { line: at + 3, why };
            let entry = line
                .strip_prefix("log ")
                .ok_or_else(|| malformed("it does not begin with log and a space".to_owned()))?;
            let (vkey, url) = log_entry(entry).map_err(malformed)?;
            add(&mut logs, vkey, url, Source::List);
        }
        let sha256 = digest(&SHA256, note.text().as_bytes());
        Ok(Self {
            issue: Issue {
                signer: signer.to_string(),
                sequence: sequence.get(),
                sha256: sha256.as_ref().try_into().unwrap_or_default(),
            },
            logs,
        })
    }
}

/// Reads `<vkey>` or `<vkey> <url>`, as it stands in a list and in the configuration.
pub fn log_entry(entry: &str) -> Result<(Vkey, Option<String>), String> {
    let (vkey, url) = match entry.split_once(' ') {
        Some((vkey, url)) => (vkey, Some(log_url(url)?)),
        None => (entry, None),
    };
    let vkey = Vkey::parse(vkey).map_err(|error| error.to_string())?;
    Ok((vkey, url))
}

/// Reads a log's address.
pub fn log_url(text: &str) -> Result<String, String> {
    let is_http = text.starts_with("http://") || text.starts_with("https://");
    match reqwest::Url::parse(text) {
        Ok(_) if is_http => Ok(text.trim_end_matches('/').to_owned()),
        _ => Err(format!(
            "{text} is no address: http://… or https://… is expected"
        )),
    }
}

/// Puts a key to the log that bears its name.
pub fn add(logs: &mut Vec<NewLog>, vkey: Vkey, url: Option<String>, source: Source) {
    let origin = vkey.name().as_str();
    if let Some(log) = logs.iter_mut().find(|log| log.origin == origin) {
        if !log.vkeys.contains(&vkey) {
            log.vkeys.push(vkey);
        }
        log.url = url.or_else(|| log.url.take());
    } else {
        logs.push(NewLog {
            origin: origin.to_owned(),
            vkeys: vec![vkey],
            url,
            source,
        });
    }
}

const VERSION_LINE: &str = "notarylog/witness-logs@v1";

/// Why bytes are not a list of logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MalformedList {
    /// No signed note.
    Note(String),
    /// The configured key has not signed it, or badly.
    NotSigned,
    /// The first line is another.
    Version,
    /// The second line is not the word sequence, a space and a canonical decimal.
    Sequence,
    /// A line further down.
    Line {
        /// Which, from 1.
        line: usize,
        /// What is wrong.
        why: String,
    },
}

impl fmt::Display for MalformedList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Note(why) => write!(f, "the list is no signed note: {why}"),
            Self::NotSigned => f.write_str("the list is not signed by the key in log-list-key"),
            Self::Version => write!(f, "a list begins with the line {VERSION_LINE}"),
            Self::Sequence => f.write_str(
                "the second line is the word sequence, a space and a decimal without leading zeroes",
            ),
            Self::Line { line, why } => write!(f, "line {line} of the list: {why}"),
        }
    }
}

impl std::error::Error for MalformedList {}

#[cfg(test)]
mod tests {
    use super::{LogList, MalformedList};
    use crate::testimony::test_log::TestLog;

    fn signed(signer: &TestLog, text: &str) -> Vec<u8> {
        format!("{text}\n{}", signer.ed25519_line(text)).into_bytes()
    }

    fn open(signer: &TestLog, text: &str) -> Result<LogList, MalformedList> {
        LogList::open(&signed(signer, text), &signer.ed25519)
    }

    #[test]
    fn lines_of_one_origin_are_one_log() {
        let signer = TestLog::new("lists.example/logs");
        let (a, b) = (TestLog::new("a"), TestLog::new("b"));
        let text = format!(
            "notarylog/witness-logs@v1\nsequence 7\nlog {}\nlog {}\nlog {} https://a.example/x/\n",
            a.ed25519, b.ml_dsa, a.ml_dsa
        );
        let list = open(&signer, &text).unwrap();
        assert_eq!(list.issue.sequence, 7);
        assert_eq!(list.logs.len(), 2);
        assert_eq!((list.logs[0].vkeys.len(), list.logs[1].vkeys.len()), (2, 1));
        assert_eq!(list.logs[0].url.as_deref(), Some("https://a.example/x"));
        let other = TestLog::new("lists.example/logs");
        let stranger = LogList::open(&signed(&other, &text), &signer.ed25519);
        assert_eq!(stranger.unwrap_err(), MalformedList::NotSigned);
    }

    #[test]
    fn what_is_no_list_is_refused() {
        let signer = TestLog::new("lists.example/logs");
        let a = TestLog::new("a");
        let head = "notarylog/witness-logs@v1\nsequence 7\n";
        open(&signer, head).unwrap();
        for (text, fault) in [
            (
                "notarylog/witness-logs@v2\nsequence 7\n",
                MalformedList::Version,
            ),
            (
                "notarylog/witness-logs@v1\nsequence 07\n",
                MalformedList::Sequence,
            ),
            ("notarylog/witness-logs@v1\n", MalformedList::Sequence),
        ] {
            assert_eq!(open(&signer, text).unwrap_err(), fault);
        }
        for line in [
            "",
            "log",
            "log x",
            &format!("log {} ftp://a", a.ed25519),
            &format!(" log {}", a.ed25519),
        ] {
            let malformed = open(&signer, &format!("{head}{line}\n")).unwrap_err();
            assert!(
                matches!(malformed, MalformedList::Line { line: 3, .. }),
                "{line}: {malformed}"
            );
        }
    }
}
