//! Why the registry refuses a notice, the entry of one, or an author.

use crate::KeyHash;
use tlog::LeafIndex;

/// Why a notice may not be the next of this log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RefusedNotice {
    /// The first notice of a log is its genesis.
    #[error("the first notice of a log is its genesis")]
    NoGenesis,
    /// A genesis stands at index 0.
    #[error("a genesis stands at index 0 and nowhere else")]
    GenesisNotFirst,
    /// There is one genesis a log.
    #[error("this log has its genesis already")]
    SecondGenesis,
    /// The notice stands before, or at, the newest one.
    #[error("a notice stands after the one before it")]
    NotAfterLast,
    /// The sequence of notices is dense.
    #[error(
        "the notice's seq is not the next, {expected}: another notice came first, or one is missing"
    )]
    WrongSeq {
        /// The seq that comes next.
        expected: u64,
    },
    /// `prev` names another document than the newest notice.
    #[error("the notice's prev is not the hash of the newest notice: draw it up again on that one")]
    WrongPrev,
    /// A signature is by a key that is not an admin's.
    #[error("{key} is no admin key of this log")]
    UnknownAdmin {
        /// The key that the signature names.
        key: KeyHash,
    },
    /// An admin's signature does not verify.
    #[error(
        "the signature of admin {key} does not verify: made for another document or another log's origin"
    )]
    BadAdminSignature {
        /// The admin's key.
        key: KeyHash,
    },
    /// A key is enrolled once, ever.
    #[error("this key was enrolled before, and a key is enrolled once: make a new one")]
    KeyEnrolledBefore,
    /// A key of the log itself: an admin's, the entry key or the tree head's.
    #[error("this key is one of the log's own and can be no bureau's: make a new one")]
    KeyOfTheLog,
    /// No key was ever enrolled for this bureau.
    #[error("no bureau has this id: leave it null for a new bureau")]
    UnknownBureau,
    /// The key to rotate or revoke was never enrolled.
    #[error("the key to end was never enrolled")]
    UnknownKey,
    /// The key to rotate or revoke has ended before.
    #[error("the key to end was revoked before")]
    KeyAlreadyRevoked,
    /// The log said that this was its last notice.
    #[error("the log has ended: no notice follows on its last")]
    AfterTheEnd,
}

/// Why an entry is not the log's own for a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RefusedNoticeEntry {
    /// Another kind of entry.
    #[error("the entry of a notice has kind 2")]
    Kind,
    /// Signed by another key than the log's entry key.
    #[error("the entry of a notice is signed by the log's entry key")]
    OtherKey,
    /// The commitment is not the document's hash.
    #[error("the entry commits to another document than this notice")]
    OtherDocument,
    /// The tag is not the one that the commitment makes.
    #[error("the entry's tag is not the one of its notice")]
    OtherTag,
    /// The signature does not verify.
    #[error("the signature of the notice's entry does not verify")]
    Signature,
}

/// Why an entry's key may not have made it at its position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RefusedAuthor {
    /// The log ended at this position: nothing is logged behind it.
    #[error("the log ended with its notice at entry {at}: nothing is logged behind it")]
    Ended {
        /// The position of its last notice.
        at: LeafIndex,
    },
    /// A notice or an index by another key than the log's.
    #[error("notices and indexes are the log's own: post a notice to /v1/notices")]
    NotTheLog,
    /// Never enrolled.
    #[error("this key was never enrolled with this log")]
    UnknownKey,
    /// Enrolled at this position or later.
    #[error("this key was enrolled later than this entry")]
    NotYet,
    /// Revoked before this position.
    #[error("this key was revoked at index {at}")]
    Revoked {
        /// The position of the notice that ended it.
        at: LeafIndex,
    },
    /// Enrolled for something else.
    #[error("this key is enrolled, but not for submitting")]
    MayNotSubmit,
}
