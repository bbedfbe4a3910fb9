//! Why a signed checkpoint, or a receipt under it, is not believed.

use crate::{BadLine, BadProof, KeyKind, KeyName, MalformedCheckpoint, MalformedNote};
use core::fmt;

/// Why a note, judged by keys or by a policy, is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Not a note whose text is a checkpoint.
    Malformed(MalformedCheckpoint),
    /// No known log has this origin.
    UnknownLog,
    /// The log is known, and none of its known keys has signed.
    NoLogSignature,
    /// A line with the name and the key id of a known key does not verify: the whole note is invalid
    /// (c2sp.org/signed-note, signatures).
    BadSignature {
        /// The name of the known key.
        name: KeyName,
        /// The kind of the known key.
        kind: KeyKind,
        /// What is wrong with the line.
        why: BadLine,
    },
    /// Too few witnesses have cosigned.
    Quorum {
        /// How many members of the quorum have cosigned.
        have: usize,
        /// How many are needed.
        need: usize,
        /// How many members the quorum has.
        of: usize,
    },
    /// The caller requires a log signature of this kind, and none verified.
    MissingLogKind(KeyKind),
    /// The inclusion proof does not lead from the entry to the checkpoint's root.
    Inclusion(BadProof),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(malformed) => malformed.fmt(f),
            Self::UnknownLog => {
                f.write_str("the checkpoint is of a log that the policy does not list")
            }
            Self::NoLogSignature => {
                f.write_str("no known key of the log has signed the checkpoint")
            }
            Self::BadSignature { name, kind, why } => {
                write!(f, "a signature by {name}, {kind}, is not valid: {why}")
            }
            Self::Quorum { have, need, of } => write!(
                f,
                "{have} of {of} members of the quorum have cosigned the checkpoint, and {need} are needed"
            ),
            Self::MissingLogKind(kind) => {
                write!(f, "the log has not signed the checkpoint by {kind}")
            }
            Self::Inclusion(bad) => write!(f, "the entry is not proven to be in the tree: {bad}"),
        }
    }
}

impl core::error::Error for Refusal {}

impl From<MalformedCheckpoint> for Refusal {
    fn from(malformed: MalformedCheckpoint) -> Self {
        Self::Malformed(malformed)
    }
}

impl From<MalformedNote> for Refusal {
    fn from(malformed: MalformedNote) -> Self {
        Self::Malformed(MalformedCheckpoint::Note(malformed))
    }
}

impl From<BadProof> for Refusal {
    fn from(bad: BadProof) -> Self {
        Self::Inclusion(bad)
    }
}
