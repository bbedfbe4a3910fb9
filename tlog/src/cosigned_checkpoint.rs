//! A checkpoint that satisfies a policy. <https://c2sp.org/tlog-policy>

use crate::{Checkpoint, KeyKind, Note, Refusal, VerifiedLine};
use alloc::vec::Vec;

/// A checkpoint that a listed log has signed and a quorum of witnesses has cosigned.
///
/// Only [`Policy::judge`](crate::Policy::judge) makes one. If every valid line is ML-DSA-44 (0x06), the checkpoint's
/// extension lines are signed by nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CosignedCheckpoint {
    note: Note,
    checkpoint: Checkpoint,
    log_lines: Vec<VerifiedLine>,
    cosignatures: Vec<VerifiedLine>,
}

impl CosignedCheckpoint {
    pub(crate) const fn judged(
        note: Note,
        checkpoint: Checkpoint,
        log_lines: Vec<VerifiedLine>,
        cosignatures: Vec<VerifiedLine>,
    ) -> Self {
        Self {
            note,
            checkpoint,
            log_lines,
            cosignatures,
        }
    }

    /// The checkpoint.
    pub const fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The log's valid signatures, one a key, with the later time if a key signed twice.
    pub fn log_lines(&self) -> &[VerifiedLine] {
        &self.log_lines
    }

    /// The witnesses' valid cosignatures, one a key, in the order of the policy, with the later time if a key signed
    /// twice. All of them, also beyond the quorum.
    ///
    /// An ML-DSA-44 cosignature without a time counts: it says that the tree is consistent with all that the witness
    /// saw. Who bounds the age of a checkpoint must ask for the times.
    pub fn cosignatures(&self) -> &[VerifiedLine] {
        &self.cosignatures
    }

    /// The whole note, unknown lines included.
    pub const fn note(&self) -> &Note {
        &self.note
    }

    /// The kinds of log signature that verified.
    pub fn log_kinds(&self) -> impl Iterator<Item = KeyKind> {
        self.log_lines.iter().map(|line| line.kind)
    }

    /// Refuses unless the log's signature of this kind verified.
    pub fn require_log_kind(&self, kind: KeyKind) -> Result<&Self, Refusal> {
        if self.log_kinds().any(|verified| verified == kind) {
            Ok(self)
        } else {
            Err(Refusal::MissingLogKind(kind))
        }
    }
}
