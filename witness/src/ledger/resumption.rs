//! What an operator decided after a log was convicted: to cosign it again.

use crate::known_log::LogId;

/// The longest reason, in bytes: a decision's file number and a sentence or two.
pub const REASON_BYTES_MAX: usize = 1000;

/// A decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resumption {
    /// Which log.
    pub log: LogId,
    /// When, in seconds since 1970.
    pub at_s: u64,
    /// Why, in the operator's words.
    pub reason: String,
    /// The proofs that the decision knew (SHA-256, hex): another one stops the log anew.
    pub proofs: Vec<String>,
}
