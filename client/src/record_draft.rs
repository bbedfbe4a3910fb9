//! How a record begins: what every record of a run has in common, and what is known of one file.
//!
//! What is not known is null: a record that invents nothing is worth more than a full one.

use crate::file_type::FileType;
use evidence::{
    Clock, ClockSource, FileDigest, FileFacts, FileKind, FileName, Line, MalformedRecord,
    MediaType, NotBefore, Record, RecordBody, RecordHeader, Stage, UtcTime,
};
use serde::Deserialize;
use serde_json::{Map, Value};
use tlog::Checkpoint;

/// The longest file of defaults in bytes: a record's own limit.
pub const DEFAULTS_BYTES_MAX: u64 = 64 * 1024;

/// What the records of one run have in common.
#[derive(Clone, Debug, Default)]
pub struct RecordDraft {
    /// The case number as printed.
    pub case_number: Option<Line>,
    /// The stage of the procedure, over that of the defaults; without either, `investigate`.
    pub stage: Option<Stage>,
    /// The kind of record, over that of the defaults; without either, what the file's type says.
    pub kind: Option<FileKind>,
    /// The newest head that is known: the records are not older.
    pub head: Option<Checkpoint>,
    defaults: Defaults,
}

/// `{"hdr":{"stage":"decision",…},"body":{"bureau":"…",…}}`: members that take the place of a record's own.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Defaults {
    hdr: Map<String, Value>,
    body: Map<String, Value>,
}

/// A file, as far as its record tells of it.
#[derive(Clone, Copy, Debug)]
pub struct FileToRecord<'a> {
    /// Its name, without a path.
    pub name: &'a str,
    /// What it is.
    pub file_type: FileType,
    /// Its fingerprints.
    pub digest: &'a FileDigest,
    /// When it came to the machine that seals it.
    pub received: UtcTime,
}

impl RecordDraft {
    /// Takes defaults from JSON with the members `hdr` and `body`, each optional.
    pub fn from_defaults(bytes: &[u8]) -> Result<Self, RecordDraftError> {
        // First the object: serde would take an array for a struct as well.
        let object: Map<String, Value> =
            serde_json::from_slice(bytes).map_err(|_| RecordDraftError::Defaults)?;
        let defaults: Defaults = serde_json::from_value(Value::Object(object))
            .map_err(|_| RecordDraftError::Defaults)?;
        // What is different for each file cannot be a default.
        if defaults.body.contains_key("file") || defaults.hdr.contains_key("t_recv") {
            return Err(RecordDraftError::OfOneFile);
        }
        Ok(Self {
            defaults,
            ..Self::default()
        })
    }

    /// The record of one file.
    pub fn record(&self, file: &FileToRecord<'_>) -> Result<Record, RecordDraftError> {
        let mut defaults = self.defaults.clone();
        // What was said for this run stands over what a file says for all.
        if self.stage.is_some() {
            defaults.hdr.remove("stage");
        }
        if self.kind.is_some() {
            defaults.hdr.remove("kind");
        }
        let record = serde_json::json!({
            "hdr": with(self.hdr(file), defaults.hdr)?,
            "body": with(self.body(file)?, defaults.body)?,
        });
        let canonical =
            serde_json_canonicalizer::to_vec(&record).map_err(|_| RecordDraftError::Defaults)?;
        Ok(Record::parse(&canonical)?)
    }

    fn hdr(&self, file: &FileToRecord<'_>) -> RecordHeader {
        // Nobody has told how the clock of this machine is set: it ran on by itself, and how far it is off is not known.
        let clock = Clock {
            source: ClockSource::Rtc,
            offset_ms: None,
            uncertainty_ms: None,
            last_sync_age_ms: None,
        };
        let stage = self.stage.unwrap_or(Stage::Investigate);
        let mut hdr = RecordHeader::new(self.kind_of(file), stage, file.received, clock);
        hdr.not_before = self.head.as_ref().map(|head| NotBefore {
            origin: head.origin().to_owned(),
            root: head.root().to_base64(),
            size: head.size().get(),
        });
        hdr
    }

    /// A finished recording must say how long it is, which its bytes do not tell us: without facts about it, it is data.
    fn kind_of(&self, file: &FileToRecord<'_>) -> FileKind {
        self.kind.unwrap_or(match file.file_type.kind {
            FileKind::MediaFinal if !self.defaults.hdr.contains_key("media") => FileKind::Data,
            kind => kind,
        })
    }

    fn body(&self, file: &FileToRecord<'_>) -> Result<RecordBody, RecordDraftError> {
        let name = FileName::new(file.name).map_err(|_| RecordDraftError::FileName)?;
        let media_type =
            MediaType::new(file.file_type.media_type).map_err(|_| RecordDraftError::FileName)?;
        let mut body = RecordBody::new(FileFacts::new(name, media_type, file.digest));
        body.case_no.clone_from(&self.case_number);
        Ok(body)
    }
}

/// Puts the defaults in the place of members.
fn with(
    half: impl serde::Serialize,
    defaults: Map<String, Value>,
) -> Result<Value, RecordDraftError> {
    let mut half = serde_json::to_value(half).map_err(|_| RecordDraftError::Defaults)?;
    for (name, value) in defaults {
        half[name] = value;
    }
    Ok(half)
}

/// Why no record could be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordDraftError {
    /// Not the JSON of defaults.
    #[error("defaults are JSON with the members \"hdr\" and \"body\", each an object")]
    Defaults,
    /// `body.file` or `hdr.t_recv`.
    #[error("`body.file` and `hdr.t_recv` are different for each file and cannot be defaults")]
    OfOneFile,
    /// Longer than 255 bytes, or with control characters.
    #[error(
        "the file's name does not fit a record: at most 255 bytes, no control characters; rename it"
    )]
    FileName,
    /// The schema refuses the record.
    #[error("{0}; look at the file given with --record-defaults, and at --kind and --stage")]
    Record(#[from] MalformedRecord),
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may fail loudly")]
mod tests {
    use super::*;
    use evidence::FileHasher;
    use std::path::Path;

    fn record(draft: &RecordDraft, name: &str, head: &[u8]) -> Result<Record, RecordDraftError> {
        draft.record(&FileToRecord {
            name,
            file_type: FileType::of(Path::new(name), head),
            digest: &FileHasher::new().finish(),
            received: UtcTime::parse("2026-06-11T01:32:04.120Z").unwrap(),
        })
    }

    #[test]
    fn what_is_not_known_is_null() {
        let record = record(&RecordDraft::default(), "a.jpg", b"\xff\xd8\xff").unwrap();
        assert_eq!(record.hdr().kind, FileKind::Photo);
        assert_eq!(record.hdr().stage, Stage::Investigate);
        assert_eq!(record.hdr().t_start, None);
        assert_eq!(record.hdr().not_before, None);
        assert_eq!(record.hdr().id_shown, None);
        assert_eq!(record.body().case_no, None);
        assert_eq!(record.body().file.media_type.as_str(), "image/jpeg");
    }

    #[test]
    fn defaults_fill_in_what_a_bureau_knows() {
        let mut draft = RecordDraft::from_defaults(
            r#"{"hdr":{"officer_count":2,"stage":"decision"},"body":{"bureau":"苏州市市场监督管理局"}}"#.as_bytes(),
        )
        .unwrap();
        draft.case_number = Line::new("17").ok();
        let first = record(&draft, "a.pdf", b"%PDF-").unwrap();
        assert_eq!(first.hdr().stage, Stage::Decision);
        assert_eq!(first.hdr().officer_count, Some(2));
        assert_eq!(first.body().case_no, draft.case_number);
        // The command line stands over the file.
        draft.stage = Some(Stage::Service);
        let second = record(&draft, "a.pdf", b"%PDF-").unwrap();
        assert_eq!(second.hdr().stage, Stage::Service);
    }

    #[test]
    fn a_video_of_unknown_length_is_data() {
        let mp4 = b"\0\0\0\x20ftypisom";
        let record = |draft: &RecordDraft| record(draft, "a.mp4", mp4);
        assert_eq!(
            record(&RecordDraft::default()).unwrap().hdr().kind,
            FileKind::Data
        );
        let asked = RecordDraft {
            kind: Some(FileKind::MediaFinal),
            ..RecordDraft::default()
        };
        assert_eq!(
            record(&asked).unwrap_err(),
            RecordDraftError::Record(MalformedRecord::Media)
        );
    }

    #[test]
    fn defaults_that_no_record_may_have_are_refused() {
        for bad in [
            "[]",
            r#"{"head":{}}"#,
            r#"{"body":{"file":{}}}"#,
            r#"{"hdr":{"t_recv":"2026-06-11T01:32:04.120Z"}}"#,
        ] {
            assert!(RecordDraft::from_defaults(bad.as_bytes()).is_err(), "{bad}");
        }
        let unknown = RecordDraft::from_defaults(br#"{"hdr":{"officer":"Zhang"}}"#).unwrap();
        assert!(matches!(
            record(&unknown, "a", b""),
            Err(RecordDraftError::Record(_))
        ));
    }
}
