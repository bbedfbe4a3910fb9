//! What the log has published of its policies: which text counts from which day.

use crate::{Commitment, UtcDate};
use tlog::{Hash, LeafIndex};

/// A policy that a notice of this log put in force. The text itself stands in the notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedPolicy {
    /// The position of its notice.
    pub index: LeafIndex,
    /// The notice.
    pub notice: Commitment,
    /// The day from which it counts (UTC).
    pub effective: UtcDate,
    /// SHA-256 of the policy's text: equal for equal files.
    pub fingerprint: Hash,
}
