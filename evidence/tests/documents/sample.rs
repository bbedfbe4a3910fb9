//! Records for tests.

use evidence::{
    Clock, ClockSource, FileFacts, FileHasher, FileKind, FileName, MediaType, Opener, Openers,
    Record, RecordBody, RecordHeader, Stage, UtcTime,
};
use serde_json::Value;

/// A recording of a seizure, with all that a record can say.
pub fn recording_value() -> Value {
    serde_json::from_str(include_str!("recording.json")).unwrap()
}

pub fn canonical(value: &Value) -> Vec<u8> {
    serde_json_canonicalizer::to_vec(value).unwrap()
}

pub fn recording() -> Record {
    Record::parse(&canonical(&recording_value())).unwrap()
}

/// A note, with as little as a record can say.
pub fn note() -> Record {
    let mut hasher = FileHasher::new();
    hasher.update(b"hello world");
    let name = FileName::new("note.txt").unwrap();
    let media_type = MediaType::new("text/plain").unwrap();
    let clock = Clock {
        source: ClockSource::Ntp,
        offset_ms: None,
        uncertainty_ms: None,
        last_sync_age_ms: None,
    };
    let t_recv = UtcTime::parse("2026-06-11T01:32:04.120Z").unwrap();
    Record::new(
        RecordHeader::new(FileKind::Doc, Stage::Investigate, t_recv, clock),
        RecordBody::new(FileFacts::new(name, media_type, &hasher.finish())),
    )
    .unwrap()
}

/// TEST OPENERS, worth nothing.
pub fn openers() -> Openers {
    Openers {
        hdr: Opener::new([0x11; 32]),
        body: Opener::new([0x22; 32]),
    }
}

/// The pointers of all objects in a value.
pub fn objects(value: &Value, at: &str) -> Vec<String> {
    match value {
        Value::Object(members) => members
            .iter()
            .flat_map(|(name, value)| objects(value, &format!("{at}/{name}")))
            .chain([at.to_owned()])
            .collect(),
        Value::Array(values) => values
            .iter()
            .enumerate()
            .flat_map(|(position, value)| objects(value, &format!("{at}/{position}")))
            .collect(),
        _ => vec![],
    }
}
