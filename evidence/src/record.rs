//! Records: what an officer's machine seals about one finished file. Private; the log sees a commitment to it.
//!
//! ```text
//! {"body":{…,"file":{"bytes":11,"digests":{"chunk_root":"<64 hex>","file_sha256":"<64 hex>",…},"media_type":"text/plain","name":"note.txt"},…},
//!  "hdr":{…,"kind":"doc","schema":"notarylog/evidence-record/1","stage":"investigate","t_recv":"2026-06-11T01:32:04.120Z",…}}
//! ```
//!
//! Canonical JSON (RFC 8785), integers only; schemas/evidence-record.schema.json has every member.

use crate::canonical_json::{parse_canonical, to_canonical};
use crate::half_tree::{HalfTree, LEAVES_MAX, Unsealable, commit_half};
use crate::{
    Commitment, Disclosure, FileKind, Half, HalfCommit, Interest, MalformedJson, Openers,
    RecordBody, RecordHeader,
};
use core::fmt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tlog::Hash;

/// The longest record in bytes: two halves of 256 fields at some hundred bytes.
pub const RECORD_LEN_MAX: usize = 64 * 1024;

/// A record of one finished file, in two halves.
///
/// ```
/// use evidence::*;
///
/// let mut hasher = FileHasher::new();
/// hasher.update(b"hello world");
/// let file = FileFacts::new(FileName::new("note.txt")?, MediaType::new("text/plain")?, &hasher.finish());
/// let clock = Clock { source: ClockSource::Ntp, offset_ms: Some(3), uncertainty_ms: Some(10), last_sync_age_ms: None };
/// let t_recv = UtcTime::parse("2026-06-11T01:32:04.120Z")?;
/// let hdr = RecordHeader::new(FileKind::Doc, Stage::Investigate, t_recv, clock);
/// let record = Record::new(hdr, RecordBody::new(file))?;
///
/// let text = String::from_utf8(record.to_canonical())?;
/// assert!(text.starts_with(r#"{"body":{"bureau":null,"case_no":null,"device":null,"documents":[],"file":{"bytes":11,"#));
/// assert_eq!(Record::parse(text.as_bytes())?, record);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Record {
    hdr: RecordHeader,
    body: RecordBody,
}

impl Record {
    /// A record of these halves, if they agree with each other and with the schema.
    pub fn new(hdr: RecordHeader, body: RecordBody) -> Result<Self, MalformedRecord> {
        // One judge of form: what is made here is read as if a stranger had sent it.
        Self::from_wire(&WireRecord { body, hdr })
    }

    /// Reads a record. The bytes must be the canonical form of the document.
    pub fn parse(bytes: &[u8]) -> Result<Self, MalformedRecord> {
        let document = parse_canonical(bytes, RECORD_LEN_MAX)?;
        // The text once more and not the value: the error then says where.
        let wire: WireRecord =
            serde_json::from_slice(bytes).map_err(|error| MalformedRecord::Shape {
                byte: error.column(),
            })?;
        let record = Self {
            hdr: wire.hdr,
            body: wire.body,
        };
        if to_canonical(&record) != bytes {
            return Err(MalformedRecord::MissingMember);
        }
        record.check()?;
        // Sealing cannot fail after this. The openers do not matter for that.
        for (half, name) in [(Half::Hdr, "hdr"), (Half::Body, "body")] {
            let opener = crate::Opener::new([0; 32]);
            commit_half(half, &document[name], &opener)?;
        }
        Ok(record)
    }

    /// The header.
    pub const fn hdr(&self) -> &RecordHeader {
        &self.hdr
    }

    /// The body.
    pub const fn body(&self) -> &RecordBody {
        &self.body
    }

    /// The record in canonical JSON.
    pub fn to_canonical(&self) -> Vec<u8> {
        to_canonical(self)
    }

    /// Commits to the record under these openers.
    ///
    /// # Panics
    /// Never: a record that is too large to seal is refused when it is read.
    pub fn seal(&self, openers: &Openers) -> SealedRecord {
        let tree = |half, value: serde_json::Result<_>, opener| {
            let value = value.expect("a record has string keys and no failing parts");
            commit_half(half, &value, opener).expect("a record fits: parse has seen to it")
        };
        SealedRecord {
            hdr: tree(Half::Hdr, serde_json::to_value(&self.hdr), &openers.hdr),
            body: tree(Half::Body, serde_json::to_value(&self.body), &openers.body),
        }
    }

    pub(crate) fn from_wire(wire: &WireRecord) -> Result<Self, MalformedRecord> {
        Self::parse(&to_canonical(wire))
    }

    pub(crate) fn to_wire(&self) -> WireRecord {
        WireRecord {
            body: self.body.clone(),
            hdr: self.hdr.clone(),
        }
    }

    fn check(&self) -> Result<(), MalformedRecord> {
        let (hdr, body) = (&self.hdr, &self.body);
        let interest = &hdr.interest;
        let alone = interest.len() == 1 || !interest.contains(&Interest::None);
        if interest.is_empty() || !alone || !interest.is_sorted_by(|a, b| a < b) {
            return Err(MalformedRecord::Interest);
        }
        if hdr
            .t_start
            .zip(hdr.t_end)
            .is_some_and(|(start, end)| end < start)
        {
            return Err(MalformedRecord::Times);
        }
        if hdr.place.present == hdr.place.absence.is_some()
            || hdr.place.present != body.place.is_some()
        {
            return Err(MalformedRecord::Place);
        }
        if let Some(place) = &body.place {
            let on_earth =
                |e7: Option<i32>, max: i32| e7.is_none_or(|e7| (-max..=max).contains(&e7));
            if !on_earth(place.lat_e7, 900_000_000) || !on_earth(place.lon_e7, 1_800_000_000) {
                return Err(MalformedRecord::Place);
            }
        }
        let recorded = hdr.media.is_some();
        if recorded != body.media.is_some() || (hdr.kind == FileKind::MediaFinal && !recorded) {
            return Err(MalformedRecord::Media);
        }
        if let Some(head) = &hdr.not_before {
            let origin = (1..=255).contains(&head.origin.len())
                && !head.origin.chars().any(char::is_control);
            if !origin || Hash::from_base64(&head.root).is_err() {
                return Err(MalformedRecord::NotBefore);
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A body is confidential and belongs in no diary.
        write!(f, "Record({})", self.hdr.kind)
    }
}

/// A record under its two trees.
#[derive(Clone, Debug)]
pub struct SealedRecord {
    /// The tree of the header.
    pub hdr: HalfTree,
    /// The tree of the body.
    pub body: HalfTree,
}

impl SealedRecord {
    /// What goes into the entry, and the two commitments that it is made of.
    pub fn commitments(&self) -> SealedCommitment {
        SealedCommitment::of(self.hdr.commit(), self.body.commit())
    }

    /// What goes into the entry.
    pub fn commitment(&self) -> Commitment {
        self.commitments().commitment
    }

    /// One field, to be shown alone. `None`: no leaf has this path.
    pub fn disclose(&self, half: Half, path: &str) -> Option<Disclosure> {
        match half {
            Half::Hdr => self.hdr.disclose(path),
            Half::Body => self.body.disclose(path),
        }
    }
}

/// The commitment to a record, from those of its halves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealedCommitment {
    /// Of the header.
    pub hdr_commit: HalfCommit,
    /// Of the body.
    pub body_commit: HalfCommit,
    /// Of both: what the entry holds.
    pub commitment: Commitment,
}

impl SealedCommitment {
    /// From the commitments to the halves.
    pub fn of(hdr_commit: HalfCommit, body_commit: HalfCommit) -> Self {
        Self {
            hdr_commit,
            body_commit,
            commitment: Commitment::of_halves(&hdr_commit, &body_commit),
        }
    }
}

/// A record as it stands in a document.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "EvidenceRecord")]
pub(crate) struct WireRecord {
    pub(crate) body: RecordBody,
    pub(crate) hdr: RecordHeader,
}

/// Why bytes are no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MalformedRecord {
    /// No canonical JSON.
    #[error(transparent)]
    Json(#[from] MalformedJson),
    /// A member is unknown, or is not what the schema says.
    #[error(
        "byte {byte} of the record: a member that is unknown or not what schemas/evidence-record.schema.json says"
    )]
    Shape {
        /// Where, in bytes from 1.
        byte: usize,
    },
    /// A member is not there, not even as `null`.
    #[error("a member of the record is missing: say null where there is nothing to say")]
    MissingMember,
    /// Too many fields, or a number that parsers read differently.
    #[error(transparent)]
    Unsealable(#[from] Unsealable),
    /// Empty, unsorted, twice, or `none` beside others.
    #[error("`interest` lists each interest once, sorted, and `none` alone")]
    Interest,
    /// The act ends before it starts.
    #[error("`t_end` lies before `t_start`")]
    Times,
    /// Header and body disagree on whether there is a place, or it does not lie on earth.
    #[error("a record has either a place in its body, on earth, or the reason for its absence")]
    Place,
    /// Header and body disagree on whether it is a recording, or a finished recording says nothing of it.
    #[error("a recording says what it is in both halves, and anything else in neither")]
    Media,
    /// The head before the record is malformed.
    #[error("`not_before` names an origin of 1 to 255 bytes and a root in base64")]
    NotBefore,
}

// A proof of one field has at most this many hashes.
const _: () = assert!(LEAVES_MAX == 1 << 8);
