//! Every problem that the log answers with: the one place where errors meet HTTP codes. docs/problems.md lists the
//! same with cause and remedy.

use crate::log::history::HistoryError;
use crate::log::pool::NotSequenced;
use crate::log::publisher::{Published, Publisher};
use evidence::{RefusedAuthor, RefusedNotice};
use service::{Problem, ProblemKind, door_problems};
use std::sync::Arc;

pub use service::door_problems::NOT_FOUND;

service::problem_kinds! {
    BODY_EMPTY = "body-empty", BAD_REQUEST, "The body holds no entry.",
        "Send 1 to 1,024 entries of 162 bytes each.";
    BODY_TRUNCATED = "body-truncated", BAD_REQUEST, "The body is no whole number of entries.",
        "Send entries of exactly 162 bytes, one after the other, with nothing between or after them.";
    TOO_MANY_ENTRIES = "too-many-entries", BAD_REQUEST, "The body holds more than 1,024 entries.",
        "Split the entries over several requests.";
    MALFORMED_JSON = "malformed-json", BAD_REQUEST, "The body is not the JSON that is expected here.",
        "Send an object with one member, entries: an array of base64 strings. See /openapi.json.";
    MALFORMED_BASE64 = "malformed-base64", BAD_REQUEST, "An entry is not standard, padded base64.",
        "Encode the 162 bytes by RFC 4648 section 4: 216 characters, with no line breaks.";
    MALFORMED_ENTRY = "malformed-entry", BAD_REQUEST, "An entry is malformed; nothing of the body was logged.",
        "Mend the entry at the position that is named and send the whole body again.";
    MALFORMED_NOTICE = "malformed-notice", BAD_REQUEST, "The body is no well-formed notice.",
        "Send the canonical JSON (RFC 8785) of the notice with its admin signatures, as `notarylog notice publish` does.";
    MALFORMED_PROOF = "malformed-proof", BAD_REQUEST, "The body is no proof of misbehaviour.",
        "Send the file as it is; `notary misbehavior explain` says what is wrong with it.";
    NOT_PROVEN = "not-proven", UNPROCESSABLE_ENTITY, "The file proves nothing against this log.",
        "Nothing to do; `notary misbehavior explain` says whom it accuses, and why it proves nothing.";
    MALFORMED_QUERY = "malformed-query", BAD_REQUEST, "A parameter is missing or malformed.",
        "Sizes and indices are decimals without sign or leading zeroes; hashes are hex or base64. See /openapi.json.";
    OUT_OF_RANGE = "out-of-range", BAD_REQUEST, "The log does not reach so far, or the sizes are in the wrong order.",
        "Ask within the size that is named; /v1/log tells the newest one.";
    WAIT_UNSUPPORTED = "wait-unsupported", BAD_REQUEST, "This log has no witnesses to wait for.",
        "Leave out wait, or say wait=logged: the log's own signature is the receipt, and it is unwitnessed.";
    UNKNOWN_KEY = "unknown-key", FORBIDDEN, "No notice in this log enrols this key.",
        "Enrol the key first (two admins sign a key.enrol notice), or sign with an enrolled key.";
    REVOKED_KEY = "revoked-key", FORBIDDEN, "This key was revoked or replaced and may submit nothing new.",
        "Sign with the bureau's current key. What the key logged before stays valid.";
    WRONG_ROLE = "wrong-role", FORBIDDEN, "This key is enrolled, but not to submit.",
        "Sign with a key that has the role submit.";
    BAD_SIGNATURE = "bad-signature", FORBIDDEN, "The signature of the entry does not verify under its key.",
        "Sign \"notarylog/entry/v1\\0\", the SHA-256 of this log's origin and the first 98 bytes of the entry.";
    KIND_NOT_ACCEPTED = "kind-not-accepted", FORBIDDEN, "Entries of this kind are the log's own.",
        "Submit records (kind 1). Notices go to /v1/notices.";
    REFUSED_NOTICE = "refused-notice", FORBIDDEN, "The notice is not authorised by this log's admins, or may not be.",
        "See detail: mend the notice, and let two of the three admins sign it again.";
    NOT_STORED = "not-stored", NOT_FOUND, "The log holds nothing under this index, hash or slot.",
        "If you sent it, send it again: the same content always gets the same index.";
    NO_CHECKPOINT = "no-checkpoint", NOT_FOUND, "There is no checkpoint yet that may be shown.",
        "Ask again in a minute.";
    LOOKUP_OFF = "lookup-off", NOT_FOUND, "This log does not look entries up by their hash.",
        "Ask by index, or by slot.";
    SLOT_TAKEN = "slot-taken", CONFLICT, "Another entry of this bureau already holds this tag.",
        "Read the entry at the index that is named. A tag is set once: take the next one for new content.";
    NOTICE_OUT_OF_ORDER = "notice-out-of-order", CONFLICT, "The notice does not follow the newest one.",
        "Take next_seq and last from this answer, and let the admins sign again.";
    LOG_ENDED = "log-ended", GONE, "The log has ended: nothing is logged any more, and nothing was logged.",
        "Submit to its successor, whose genesis names this log's last head. Receipts and proofs are answered as ever.";
    CHECKPOINT_WITHHELD = "checkpoint-withheld", SERVICE_UNAVAILABLE, "The newest checkpoint is withheld until the witnesses have cosigned a newer one.",
        "Ask again after the time in Retry-After: the log has restarted, and never shows an older head than before.";
    POOL_FULL = "pool-full", SERVICE_UNAVAILABLE, "Too many entries wait already; nothing was logged.",
        "Send the same bytes again after the time in Retry-After.";
    BUSY = "busy", SERVICE_UNAVAILABLE, "All bureaus together send more than this log takes; nothing was logged.",
        "Send the same bytes again after the time in Retry-After.";
    READ_ONLY = "read-only", SERVICE_UNAVAILABLE, "The log is read-only at present; nothing was logged.",
        "Keep the entries and send the same bytes later. /v1/log says why the log takes nothing.";
    CLOCK_WRONG = "clock-wrong", SERVICE_UNAVAILABLE, "The log's clock is wrong or not confirmed; nothing was logged.",
        "Send the same bytes again after the time in Retry-After. /v1/log says what is awaited.";
    UNAVAILABLE = "unavailable", SERVICE_UNAVAILABLE, "The log's store does not answer; nothing is promised.",
        "Send the same bytes again after the time in Retry-After: the same content always gets the same index.";
    DISK_FULL = "disk-full", INSUFFICIENT_STORAGE, "The log's disk is full, or nearly; nothing was logged.",
        "Keep the entries and send the same bytes after the time in Retry-After.";
    STORED_DATA_LOST = "stored-data-lost", INTERNAL_SERVER_ERROR, "Something that the log must hold cannot be read.",
        "Tell the operator; other paths go on. A receipt that you hold stays valid.";
}

/// Problems that no request brings about, but a fault of the machine alone.
pub const OF_FAULTS: &[&ProblemKind] = &[
    &NO_CHECKPOINT,
    &CHECKPOINT_WITHHELD,
    &POOL_FULL,
    &BUSY,
    &CLOCK_WRONG,
    &UNAVAILABLE,
    &DISK_FULL,
];

/// Every kind that anyone can be told: the log's, then those of the door in front of it.
pub fn every() -> impl Iterator<Item = &'static ProblemKind> {
    ALL.iter().chain(door_problems::ALL).copied()
}

/// The newest head that may be shown.
pub fn newest(publisher: &Publisher) -> Result<Arc<Published>, Rejection> {
    match publisher.newest() {
        Some(newest) => Ok(newest),
        None if publisher.is_withholding() => {
            Err(CHECKPOINT_WITHHELD.problem().retry_after(1).into())
        }
        None => Err(NO_CHECKPOINT.problem().into()),
    }
}

/// What became of an author that the registry does not accept.
pub fn refused_author(refusal: RefusedAuthor) -> Problem {
    match refusal {
        RefusedAuthor::UnknownKey | RefusedAuthor::NotYet => UNKNOWN_KEY.problem(),
        RefusedAuthor::Ended { .. } => LOG_ENDED.problem(),
        RefusedAuthor::Revoked { at } => REVOKED_KEY.problem().with("revoked_at", at.get()),
        RefusedAuthor::MayNotSubmit => WRONG_ROLE.problem(),
        RefusedAuthor::NotTheLog => KIND_NOT_ACCEPTED.problem(),
    }
}

/// Why a notice does not count.
pub fn refused_notice(refusal: &RefusedNotice) -> Problem {
    match refusal {
        RefusedNotice::WrongSeq { .. } | RefusedNotice::WrongPrev => {
            NOTICE_OUT_OF_ORDER.problem().detail(refusal.to_string())
        }
        RefusedNotice::AfterTheEnd => LOG_ENDED.problem(),
        _ => REFUSED_NOTICE.problem().detail(refusal.to_string()),
    }
}

impl From<NotSequenced> for Rejection {
    fn from(why: NotSequenced) -> Self {
        Self::from(match why {
            NotSequenced::Ended => LOG_ENDED.problem(),
            NotSequenced::PoolFull => POOL_FULL.problem().retry_after(1),
            NotSequenced::Clock => CLOCK_WRONG.problem().retry_after(10),
            NotSequenced::ReadOnly => READ_ONLY.problem().retry_after(60),
            NotSequenced::Unavailable => UNAVAILABLE.problem().retry_after(1),
            NotSequenced::DiskFull => DISK_FULL.problem().retry_after(30),
        })
    }
}

impl From<HistoryError> for Rejection {
    fn from(error: HistoryError) -> Self {
        match error {
            HistoryError::NotThere => Self::from(NOT_STORED.problem()),
            error => {
                // The caller is told that it failed; the cause is for the operator.
                tracing::error!(%error, "A read failed.");
                Self::from(STORED_DATA_LOST.problem())
            }
        }
    }
}

impl From<crate::storage::coord::CoordError> for Rejection {
    fn from(error: crate::storage::coord::CoordError) -> Self {
        HistoryError::from(error).into()
    }
}

/// A problem on its way out of a handler.
#[derive(Debug)]
pub struct Rejection(Box<Problem>);

impl Rejection {
    /// The problem.
    pub fn into_problem(self) -> Problem {
        *self.0
    }
}

impl From<Problem> for Rejection {
    fn from(problem: Problem) -> Self {
        Self(Box::new(problem))
    }
}

impl axum::response::IntoResponse for Rejection {
    fn into_response(self) -> axum::response::Response {
        self.0.into_response()
    }
}

#[cfg(test)]
mod tests;
