//! Notices: how the log governs itself in the open. Public documents in canonical JSON (RFC 8785).
//!
//! ```text
//! {"admins":[{"key":"<64 hex>","sig":"<base64 of 64 bytes>"},{"key":"<64 hex>","sig":"<base64>"}],
//!  "body":{"bureau":null,"name":"Market Supervision Bureau of Suzhou","roles":["submit"],"spki":"<base64>"},
//!  "effective":null,
//!  "prev":"<64 hex of the notice before>",
//!  "seq":1,
//!  "type":"key.enrol",
//!  "v":1}
//! ```
//!
//! (One line, without white space.) An admin signs, by ECDSA P-256 with SHA-256, "notarylog/notice/v1\0" ||
//! SHA-256(origin) || the canonical document without `admins`. `seq` is dense over all notices of a log, `prev` is the
//! SHA-256 of the whole document before, `effective` is null for keys, which count from the next index on, and a UTC
//! date for the rest.

use crate::admin_signature::{ADMINS_NEEDED, WireSignature};
use crate::members::Members;
use crate::{
    AdminSignature, Commitment, MalformedJson, NoticeBody, NoticeType, OriginHash, UtcDate,
    canonical_json,
};
use serde_json::{Map, Value, json};

/// The longest notice in bytes. The largest is a catalogue of all acts of a city's bureaus: some 1,500 acts at 100
/// bytes; a genesis with its ML-DSA-44 key needs 3 KiB.
pub const NOTICE_LEN_MAX: usize = 256 * 1024;

const VERSION: u64 = 1;

const NOTICE_LABEL: &[u8] = b"notarylog/notice/v1\0";

/// A notice whose form is right. Whether it may follow on the notices before, [`Registry::check`](crate::Registry::check)
/// says.
///
/// ```
/// use evidence::{MalformedNotice, Notice, NoticeBody, NoticeType};
///
/// let bytes = br#"{"admins":[],"body":{"detail":{"size":1024},"event":"restored"},"effective":"2026-06-11","prev":"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff","seq":7,"type":"operator","v":1}"#;
/// let notice = Notice::parse(bytes)?;
/// assert_eq!(notice.seq(), 7);
/// assert_eq!(notice.notice_type(), NoticeType::Operator);
/// assert!(matches!(notice.body(), NoticeBody::Operator(operator) if operator.event == "restored"));
/// assert_eq!(notice.as_bytes(), bytes);
/// # Ok::<(), MalformedNotice>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    draft: DraftNotice,
    admins: Vec<AdminSignature>,
    document: Vec<u8>,
}

impl Notice {
    /// Reads a notice. The bytes must be the canonical form of the document.
    pub fn parse(bytes: &[u8]) -> Result<Self, MalformedNotice> {
        let document = canonical_json::parse_canonical(bytes, NOTICE_LEN_MAX)?;
        let mut members = Members::of(document).ok_or(MalformedNotice::NoObject)?;
        if members.take::<u64>("v")? != VERSION {
            return Err(MalformedNotice::Version);
        }
        let notice_type = members
            .take("type")
            .map_err(|_| MalformedNotice::UnknownType)?;
        let admins = members
            .take::<Vec<WireSignature>>("admins")?
            .iter()
            .map(AdminSignature::from_wire)
            .collect::<Result<_, _>>()?;
        let draft = DraftNotice {
            seq: members.take("seq")?,
            prev: members.take("prev")?,
            effective: members.take("effective")?,
            body: NoticeBody::parse(notice_type, members.take("body")?)?,
        };
        members.end()?;
        let notice = Self {
            draft,
            admins,
            document: bytes.to_vec(),
        };
        notice.check()?;
        Ok(notice)
    }

    /// The canonical document.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.document.clone()
    }

    /// The canonical document.
    pub fn as_bytes(&self) -> &[u8] {
        &self.document
    }

    /// SHA-256 of the canonical document: the commitment of the notice's entry, its address, and `prev` of the next.
    pub fn commitment(&self) -> Commitment {
        Commitment::of_document(&self.document)
    }

    /// What the admins sign.
    pub fn unsigned_message(&self, origin: &OriginHash) -> Vec<u8> {
        self.draft.message(origin)
    }

    /// The type.
    pub const fn notice_type(&self) -> NoticeType {
        self.draft.body.notice_type()
    }

    /// The place in the log's dense sequence of notices, from 0.
    pub const fn seq(&self) -> u64 {
        self.draft.seq
    }

    /// The notice before; none in a genesis.
    pub const fn prev(&self) -> Option<&Commitment> {
        self.draft.prev.as_ref()
    }

    /// The day from which it counts; none for keys, which count from the next index on.
    pub const fn effective(&self) -> Option<UtcDate> {
        self.draft.effective
    }

    /// What it says.
    pub const fn body(&self) -> &NoticeBody {
        &self.draft.body
    }

    /// The signatures of two admins; none under an `operator` notice.
    pub fn admins(&self) -> &[AdminSignature] {
        &self.admins
    }

    fn check(&self) -> Result<(), MalformedNotice> {
        let notice_type = self.notice_type();
        let first = self.draft.seq == 0 && self.draft.prev.is_none();
        let follows = self.draft.seq > 0 && self.draft.prev.is_some();
        if !(if notice_type == NoticeType::Genesis {
            first
        } else {
            follows
        }) {
            return Err(MalformedNotice::Sequence);
        }
        if self.draft.effective.is_none() != notice_type.counts_by_position() {
            return Err(MalformedNotice::Effective);
        }
        let needed = if notice_type.is_signed_by_admins() {
            ADMINS_NEEDED
        } else {
            0
        };
        // Ascending, so that one set of signatures has one document.
        let ascending = self.admins.is_sorted_by(|a, b| a.key() < b.key());
        if self.admins.len() == needed && ascending {
            Ok(())
        } else {
            Err(MalformedNotice::Admins)
        }
    }
}

/// A notice without the signatures of the admins.
#[derive(Clone, Debug, PartialEq)]
pub struct DraftNotice {
    /// The place in the log's dense sequence of notices, from 0.
    pub seq: u64,
    /// The commitment of the notice before; none in a genesis.
    pub prev: Option<Commitment>,
    /// The day from which it counts; none for keys.
    pub effective: Option<UtcDate>,
    /// What it says.
    pub body: NoticeBody,
}

impl DraftNotice {
    /// What an admin signs: "notarylog/notice/v1\0" || SHA-256(origin) || the canonical document without `admins`.
    pub fn message(&self, origin: &OriginHash) -> Vec<u8> {
        let document = canonical_json::to_canonical(&self.members());
        [NOTICE_LABEL, origin.as_bytes(), &document].concat()
    }

    /// The notice with these signatures, in any order. Refuses a draft that no parser would accept; the signatures are
    /// not verified here.
    pub fn into_notice(self, mut admins: Vec<AdminSignature>) -> Result<Notice, MalformedNotice> {
        admins.sort_by(|a, b| a.key().cmp(b.key()));
        let signatures: Vec<_> = admins.iter().map(|admin| admin.to_wire()).collect();
        let mut members = self.members();
        members.insert("admins".to_owned(), json!(signatures));
        // One judge of form: what is made here is read as if a stranger had sent it.
        Notice::parse(&canonical_json::to_canonical(&members))
    }

    fn members(&self) -> Map<String, Value> {
        [
            ("body", self.body.to_value()),
            ("effective", json!(self.effective)),
            ("prev", json!(self.prev)),
            ("seq", json!(self.seq)),
            ("type", json!(self.body.notice_type())),
            ("v", json!(VERSION)),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
    }
}

/// Why bytes are no notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MalformedNotice {
    /// No canonical JSON.
    #[error(transparent)]
    Json(#[from] MalformedJson),
    /// JSON, but no object.
    #[error("a notice is a JSON object")]
    NoObject,
    /// Not version 1.
    #[error("the version of the notice is unknown: this log knows version 1")]
    Version,
    /// A type that this version does not know.
    #[error("the type of the notice is unknown")]
    UnknownType,
    /// This member is missing, or is not what the schema says.
    #[error(
        "the notice's member `{0}` is missing or malformed; schemas/notice.schema.json says what it is"
    )]
    Member(&'static str),
    /// A member that this version does not know.
    #[error("the notice has a member that version 1 does not know")]
    UnknownMember,
    /// A genesis has seq 0 and no prev; every other notice follows on one.
    #[error("a genesis has seq 0 and prev null, every other notice a seq above 0 and a prev")]
    Sequence,
    /// Keys count by position, all else from a date.
    #[error("`effective` is null in notices on keys and a UTC date in all others")]
    Effective,
    /// Not exactly two signatures by two admins in ascending order; or any under an operator notice.
    #[error(
        "a notice carries the signatures of two different admins, in the order of their keys; an operator notice none"
    )]
    Admins,
    /// Not 64 bytes of base64, out of range, or with a high S.
    #[error("an admin's signature is not r || s in base64 with a low S")]
    AdminSignature,
    /// Not the three keys of the origin, in order.
    #[error(
        "a genesis lists three vkeys under the origin's name, of the kinds 0x01, 0x05 and 0x06 in this order"
    )]
    Vkeys,
    /// Two of the admin keys, the entry key and the tree head key are one.
    #[error("the admin keys, the entry key and the tree head key of a genesis must all differ")]
    SameKeyTwice,
}
