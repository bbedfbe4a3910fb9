//! Whom the log asks to cosign.

use super::board::Board;
use super::quorum::Quorum;
use crate::witnesses::Witness;
use std::sync::Arc;

/// Whom the log asks, and what they must agree on.
pub struct Witnessing {
    /// The policy.
    pub quorum: Quorum,
    /// One for each operator, in the same order.
    pub witnesses: Vec<Arc<dyn Witness>>,
    /// What each did last.
    pub board: Board,
}
