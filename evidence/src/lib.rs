//! What bureaus and citizens exchange.
//!
//! [`Entry`] is what the log stores of a record: 162 bytes in which nothing names anybody. [`Notice`] is how the log
//! governs itself in the open, and [`Registry`] is what follows from its notices: which key may do what, where.
//!
//! [`Record`] is what an officer's machine seals: two halves of facts that never leave the house, of which the log sees a
//! [`Commitment`] and a reader may be shown one field alone ([`Disclosure`]). [`EvidenceFile`] holds what a sealed file
//! needs to be verified later.
//!
//! This crate never reads a clock, a socket or a file and never makes a random number: handles, openers and times are
//! handed in.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, reason = "a panic is how a test fails")
)]

mod admin_signature;
mod audit_row;
mod audit_span;
mod bureau_id;
mod canonical_json;
mod case_file;
mod case_number;
mod commitment;
mod digest;
mod disclosure;
mod entry;
mod evidence_file;
mod file_hasher;
mod half;
mod half_tree;
mod handle;
mod hex32;
mod key_hash;
mod members;
mod notice;
mod notice_body;
mod notice_schema;
mod opener;
mod origin_hash;
mod pseudonym;
mod published_policy;
mod record;
mod record_body;
mod record_header;
mod refusal;
mod registry;
mod schema;
mod slot;
mod spki;
mod tag;
mod text;
mod utc_date;
mod utc_time;
mod word;

pub use admin_signature::{ADMINS_NEEDED, AdminSignature};
pub use audit_row::{
    AUDIT_ACTION_MAX, AUDIT_SUBJECT_MAX, AuditAction, AuditChain, AuditEvent, AuditRow, BrokenAudit,
};
pub use audit_span::{AUDIT_EVENT, AuditSpan, ENDED_EVENT, MalformedSpan};
pub use bureau_id::BureauId;
pub use canonical_json::{JSON_DEPTH_MAX, JSON_INTEGER_MAX, MalformedJson};
pub use case_file::{CASE_FILE_LEN_MAX, CaseFile, MalformedCaseFile};
pub use case_number::{CASE_NUMBER_MAX, CaseNumber, MalformedCaseNumber};
pub use commitment::Commitment;
pub use digest::Digest;
pub use disclosure::{BadDisclosure, DISCLOSURE_LEN_MAX, Disclosure, MalformedDisclosure};
pub use entry::{
    BadEntry, CONTENT_LEN, ENTRY_LEN, ENTRY_MESSAGE_LEN, Entry, Kind, MalformedEntry, UnsignedEntry,
};
pub use evidence_file::{
    EVIDENCE_FILE_LEN_MAX, EVIDENCE_NOTICES_MAX, EvidenceFile, EvidenceSchema, LoggedNotice,
    MalformedEvidence,
};
pub use file_hasher::{CHUNK_LEN, FileDigest, FileHasher};
pub use half::{Half, HalfCommit};
pub use half_tree::{HalfTree, LEAVES_MAX, Unsealable, commit_half};
pub use handle::Handle;
pub use hex32::MalformedHex;
pub use key_hash::KeyHash;
pub use notice::{DraftNotice, MalformedNotice, NOTICE_LEN_MAX, Notice};
pub use notice_body::{
    BUREAU_NAME_MAX, Calendar, Catalogue, EVENT_NAME_MAX, GENESIS_VKEY_KINDS, Genesis, KeyEnrol,
    KeyRevoke, KeyRotate, NoticeBody, NoticeType, Operator, PolicyText, Predecessor,
    RevocationReason, Role,
};
pub use opener::{Opener, Openers, SALT_LEN, Salt};
pub use origin_hash::OriginHash;
pub use pseudonym::{Pseudonym, PseudonymOf};
pub use published_policy::PublishedPolicy;
pub use record::{MalformedRecord, RECORD_LEN_MAX, Record, SealedCommitment, SealedRecord};
pub use record_body::{
    Crs, Device, Digests, DocumentRef, FileFacts, Media, Officer, Person, PersonKind, Place,
    RecordBody, Track, TrackType,
};
pub use record_header::{
    AboveHundred, CatalogueItem, Clock, ClockSource, DeviceFacts, FileKind, Gap, Interest,
    LateReason, MediaFacts, NotBefore, Percent, PlaceAbsence, PlaceFacts, PlaceSource, Pseudonyms,
    RecordHeader, RecordSchema, Retention, RetentionClass, Stage,
};
pub use refusal::{RefusedAuthor, RefusedNotice, RefusedNoticeEntry};
pub use registry::{Author, EnrolledKey, KeyState, Registry};
pub use schema::schemas;
pub use slot::Slot;
pub use spki::Spki;
pub use tag::Tag;
pub use text::{FileName, ItemCode, Line, MalformedText, MediaType, Slug, UuidUrn};
pub use utc_date::{MalformedDate, UtcDate};
pub use utc_time::{MalformedTime, UtcTime};
