//! FILE.evidence: all that a sealed file needs to be verified later. Private: it holds the record and its openers.
//!
//! ```json
//! {"entry":"<base64 of 162 bytes>",
//!  "handle_index":0,
//!  "notices":[{"document":"<base64>","receipt":"<text of a tlog-proof>"}],
//!  "openers":{"body":"<64 hex>","hdr":"<64 hex>"},
//!  "origin":"log.example.org/suzhou-2026",
//!  "record":{"body":{…},"hdr":{…}},
//!  "schema":"notarylog/evidence/1",
//!  "spki":"<base64 of the submitter's key>",
//!  "v":1}
//! ```

use crate::canonical_json;
use crate::record::WireRecord;
use crate::word::words;
use crate::{
    Entry, MalformedEntry, MalformedJson, MalformedNotice, MalformedRecord, Notice, Opener,
    Openers, Record, Spki,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use core::fmt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tlog::{MalformedReceipt, Origin, Receipt};
use zeroize::Zeroizing;

/// The longest FILE.evidence in bytes: a record and the genesis and enrolment notices with their receipts need 200 KiB;
/// a long list of rotations has room.
pub const EVIDENCE_FILE_LEN_MAX: usize = 4 * 1024 * 1024;

/// The most notices in one file: a genesis, an enrolment, and a rotation a year for a working life.
pub const EVIDENCE_NOTICES_MAX: usize = 64;

const VERSION: u8 = 1;

words! {
    /// The version of the schema.
    pub enum EvidenceSchema {
        /// Version 1.
        V1 = "notarylog/evidence/1",
    }
}

/// A sealed file's private document. Its parts are well formed; whether they fit together, a verifier says.
#[derive(Clone)]
pub struct EvidenceFile {
    /// The log that the entry is for.
    pub origin: Origin,
    /// What was sealed.
    pub record: Record,
    /// What opens it.
    pub openers: Openers,
    /// The number of the item in its case.
    pub handle_index: u64,
    /// What was logged, or is to be.
    pub entry: Entry,
    /// The submitter's key.
    pub spki: Spki,
    /// The notices that make the key the bureau's, in the order of the log; empty until the answer is there.
    pub notices: Vec<LoggedNotice>,
}

/// A notice and the proof that it was logged.
#[derive(Clone, Debug)]
pub struct LoggedNotice {
    /// The notice.
    pub notice: Notice,
    /// Its receipt.
    pub receipt: Receipt,
}

impl EvidenceFile {
    /// Reads FILE.evidence.
    pub fn parse(bytes: &[u8]) -> Result<Self, MalformedEvidence> {
        let document = canonical_json::parse(bytes, EVIDENCE_FILE_LEN_MAX)?;
        let wire: WireEvidence =
            serde_json::from_value(document).map_err(|_| MalformedEvidence::Shape)?;
        if wire.v != VERSION {
            return Err(MalformedEvidence::Version);
        }
        if wire.notices.len() > EVIDENCE_NOTICES_MAX {
            return Err(MalformedEvidence::TooManyNotices);
        }
        let entry = decode(&wire.entry)?;
        Ok(Self {
            origin: Origin::new(wire.origin).map_err(|_| MalformedEvidence::Origin)?,
            record: Record::from_wire(&wire.record)?,
            openers: wire.openers.open().ok_or(MalformedEvidence::Openers)?,
            handle_index: wire.handle_index,
            entry: Entry::parse(&entry)?,
            spki: wire.spki,
            notices: wire
                .notices
                .iter()
                .map(LoggedNotice::from_wire)
                .collect::<Result<_, _>>()?,
        })
    }

    /// Writes FILE.evidence, for a person to read.
    ///
    /// # Panics
    /// Never: the document has string keys and no failing parts.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let wire = WireEvidence {
            entry: STANDARD.encode(self.entry.to_bytes()),
            handle_index: self.handle_index,
            notices: self.notices.iter().map(LoggedNotice::to_wire).collect(),
            openers: WireOpeners {
                body: self.openers.body.to_hex().to_string(),
                hdr: self.openers.hdr.to_hex().to_string(),
            },
            origin: self.origin.as_str().to_owned(),
            record: self.record.to_wire(),
            schema: EvidenceSchema::V1,
            spki: self.spki,
            v: VERSION,
        };
        let mut text = serde_json::to_vec_pretty(&wire).expect("an evidence file is JSON");
        text.push(b'\n');
        Zeroizing::new(text)
    }
}

impl fmt::Debug for EvidenceFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EvidenceFile({}, {:?})", self.origin, self.entry)
    }
}

impl LoggedNotice {
    fn from_wire(wire: &WireLoggedNotice) -> Result<Self, MalformedEvidence> {
        Ok(Self {
            notice: Notice::parse(&decode(&wire.document)?)?,
            receipt: Receipt::parse(wire.receipt.as_bytes())?,
        })
    }

    fn to_wire(&self) -> WireLoggedNotice {
        WireLoggedNotice {
            document: STANDARD.encode(self.notice.as_bytes()),
            receipt: self.receipt.to_string(),
        }
    }
}

/// The document.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "EvidenceFile")]
pub(crate) struct WireEvidence {
    /// The entry, 162 bytes in standard base64.
    #[schemars(regex(pattern = r"^[A-Za-z0-9+/]{216}$"))]
    entry: String,
    /// The number of the item in its case.
    #[schemars(range(max = 9_007_199_254_740_991_u64))]
    handle_index: u64,
    /// The notices that make the key the bureau's, in the order of the log.
    #[schemars(length(max = 64))]
    notices: Vec<WireLoggedNotice>,
    openers: WireOpeners,
    /// The log's origin.
    #[schemars(length(min = 1, max = 255))]
    origin: String,
    record: WireRecord,
    /// The version of the schema.
    schema: EvidenceSchema,
    /// The submitter's key.
    spki: Spki,
    /// The version.
    #[schemars(range(min = 1, max = 1))]
    v: u8,
}

/// The openers of the record's halves.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Openers")]
struct WireOpeners {
    /// Of the body.
    #[schemars(regex(pattern = "^[0-9a-f]{64}$"))]
    body: String,
    /// Of the header.
    #[schemars(regex(pattern = "^[0-9a-f]{64}$"))]
    hdr: String,
}

impl WireOpeners {
    fn open(&self) -> Option<Openers> {
        Some(Openers {
            hdr: Opener::from_hex(&self.hdr).ok()?,
            body: Opener::from_hex(&self.body).ok()?,
        })
    }
}

/// A notice and the proof that it was logged.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "LoggedNotice")]
struct WireLoggedNotice {
    /// The canonical document of the notice, in standard base64.
    document: String,
    /// The tlog-proof of its entry.
    receipt: String,
}

/// Why bytes are no FILE.evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MalformedEvidence {
    /// No JSON of ours.
    #[error(transparent)]
    Json(#[from] MalformedJson),
    /// A member is missing, unknown or not what the schema says.
    #[error("the evidence file is not what schemas/evidence-file.schema.json says")]
    Shape,
    /// Not version 1.
    #[error("the version of the evidence file is unknown: this program knows version 1")]
    Version,
    /// No origin of a log.
    #[error("the origin is not 1 to 255 bytes without space and plus")]
    Origin,
    /// Not standard base64.
    #[error("the entry or a notice is not in standard base64")]
    Base64,
    /// Not 64 hexadecimal characters.
    #[error("the openers are not 64 hexadecimal characters each")]
    Openers,
    /// More than [`EVIDENCE_NOTICES_MAX`].
    #[error("more than {EVIDENCE_NOTICES_MAX} notices")]
    TooManyNotices,
    /// The record.
    #[error("the record: {0}")]
    Record(#[from] MalformedRecord),
    /// The entry.
    #[error("the entry: {0}")]
    Entry(#[from] MalformedEntry),
    /// A notice.
    #[error("a notice: {0}")]
    Notice(#[from] MalformedNotice),
    /// A notice's receipt.
    #[error("the receipt of a notice: {0}")]
    Receipt(#[from] MalformedReceipt),
}

fn decode(text: &str) -> Result<Vec<u8>, MalformedEvidence> {
    STANDARD.decode(text).map_err(|_| MalformedEvidence::Base64)
}
