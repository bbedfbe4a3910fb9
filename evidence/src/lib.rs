//! What bureaus and citizens exchange.
//!
//! [`Entry`] is what the log stores of a record: 162 bytes in which nothing names anybody. [`Notice`] is how the log
//! governs itself in the open, and [`Registry`] is what follows from its notices: which key may do what, where.
//!
//! This crate never reads a clock, a socket or a file and never makes a random number: handles, openers and times are
//! handed in.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, reason = "a panic is how a test fails")
)]

mod admin_signature;
mod bureau_id;
mod canonical_json;
mod commitment;
mod entry;
mod handle;
mod hex32;
mod key_hash;
mod members;
mod notice;
mod notice_body;
mod origin_hash;
mod refusal;
mod registry;
mod slot;
mod spki;
mod tag;
mod utc_date;

pub use admin_signature::{ADMINS_NEEDED, AdminSignature};
pub use bureau_id::BureauId;
pub use canonical_json::{JSON_DEPTH_MAX, JSON_INTEGER_MAX, MalformedJson};
pub use commitment::Commitment;
pub use entry::{
    BadEntry, CONTENT_LEN, ENTRY_LEN, ENTRY_MESSAGE_LEN, Entry, Kind, MalformedEntry, UnsignedEntry,
};
pub use handle::Handle;
pub use hex32::MalformedHex;
pub use key_hash::KeyHash;
pub use notice::{DraftNotice, MalformedNotice, NOTICE_LEN_MAX, Notice};
pub use notice_body::{
    BUREAU_NAME_MAX, Calendar, Catalogue, EVENT_NAME_MAX, GENESIS_VKEY_KINDS, Genesis, KeyEnrol,
    KeyRevoke, KeyRotate, NoticeBody, NoticeType, Operator, PolicyText, Predecessor,
    RevocationReason, Role,
};
pub use origin_hash::OriginHash;
pub use refusal::{RefusedAuthor, RefusedNotice, RefusedNoticeEntry};
pub use registry::{Author, EnrolledKey, KeyState, Registry};
pub use slot::Slot;
pub use spki::Spki;
pub use tag::Tag;
pub use utc_date::{MalformedDate, UtcDate};
