//! Proofs of misbehaviour: a file that convicts a signer by its own signatures, offline, with its public key alone.
//!
//! No specification fixes these bytes; `ARCHITECTURE.md` ("Proof of misbehaviour") and `tests/vectors/misbehavior` do.

mod accused_note;
mod conviction;
mod text;
mod two_heads;

pub use accused_note::AccusedNote;
pub use conviction::NotProven;
pub use text::{MISBEHAVIOR_BYTES_MAX, MalformedMisbehavior};
pub use two_heads::{NoProof, TwoHeads};

use crate::{Hash, KeyKind, LeafIndex, Vkey};
use alloc::vec::Vec;
use core::fmt;

/// Who is accused, and by what: one or two notes, each with the accused's signature line alone, and the hashes that show
/// that no honest signer signed them. Nothing is verified yet: see [`verify`](Self::verify).
///
/// `Display` writes the very bytes that were read.
///
/// ```
/// # use tlog::{MisbehaviorKind, MisbehaviorProof, PureRust};
/// let bytes = "\
/// notarylog/misbehavior-proof@v1
/// kind same-size
/// accused log.example/town+356595e8+AexTf7op7brl0AJ10W6aSLHCix3O5f4qqWsszDcYuTHB
/// note 179
/// note 179
///
/// log.example/town
/// 9
/// PimHhp3DaZi29nkYrf8jolBZEhhFJ2xc2bxpC0tIChk=
///
/// — log.example/town NWWV6Gq8XD0O5FcIfiqc5fql5P1kZKpUU9YbxD22aG3jwhgn8xZOQkPs5544rsqeaBHRiSUyxpUAXCkdz0dps4JgYww=
/// log.example/town
/// 9
/// lKt4iaPQpxCCN453jjlWzKwoEPnqDZ3o2xkbCGC2dV4=
///
/// — log.example/town NWWV6N9RZvlR5KckLrcNHZbJK1D7XLL6mfZJz+UL2mrOPNWRXGr3Uy3hi3it8zrN30L1R8g7j4yyum0QuaSYeqeGSQg=
/// ";
/// let proof = MisbehaviorProof::parse(bytes.as_bytes())?;
/// assert_eq!(proof.kind(), MisbehaviorKind::SameSize);
/// assert_eq!(proof.verify(&PureRust), Ok(()));
/// assert_eq!(proof.to_string(), bytes);
/// # Ok::<(), tlog::MalformedMisbehavior>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MisbehaviorProof {
    accused: Vkey,
    contradiction: Contradiction,
}

impl MisbehaviorProof {
    /// The key that the file accuses. It names itself: who relies on a verdict must know this key from elsewhere.
    pub const fn accused(&self) -> &Vkey {
        &self.accused
    }

    /// How the accused contradicted itself.
    pub const fn kind(&self) -> MisbehaviorKind {
        match self.contradiction {
            Contradiction::SameSize(..) => MisbehaviorKind::SameSize,
            Contradiction::Empty(..) => MisbehaviorKind::Empty,
            Contradiction::Prefix { .. } => MisbehaviorKind::Prefix,
            Contradiction::Leaf { .. } => MisbehaviorKind::Leaf,
            Contradiction::Rollback(..) => MisbehaviorKind::Rollback,
        }
    }

    /// The note with the smaller tree; in a rollback that of the earlier time.
    pub const fn first(&self) -> &AccusedNote {
        match &self.contradiction {
            Contradiction::Empty(note)
            | Contradiction::SameSize(note, _)
            | Contradiction::Rollback(note, _)
            | Contradiction::Prefix { first: note, .. }
            | Contradiction::Leaf { first: note, .. } => note,
        }
    }

    /// The other note, unless a single one convicts ([`MisbehaviorKind::Empty`]).
    pub const fn second(&self) -> Option<&AccusedNote> {
        match &self.contradiction {
            Contradiction::Empty(_) => None,
            Contradiction::SameSize(_, note)
            | Contradiction::Rollback(_, note)
            | Contradiction::Prefix { second: note, .. }
            | Contradiction::Leaf { second: note, .. } => Some(note),
        }
    }

    /// The place of the entry that two trees hold differently ([`MisbehaviorKind::Leaf`]).
    pub const fn index(&self) -> Option<LeafIndex> {
        match self.contradiction {
            Contradiction::Leaf { index, .. } => Some(index),
            _ => None,
        }
    }
}

/// What of the accused's heads cannot be true together.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Contradiction {
    SameSize(AccusedNote, AccusedNote),
    Empty(AccusedNote),
    Prefix {
        first: AccusedNote,
        second: AccusedNote,
        prefix_root: Hash,
        proof: Vec<Hash>,
    },
    Leaf {
        first: AccusedNote,
        second: AccusedNote,
        index: LeafIndex,
        leaves: [Hash; 2],
        proofs: [Vec<Hash>; 2],
    },
    Rollback(AccusedNote, AccusedNote),
}

/// The ways in which a signer can convict itself. `Display` writes the word of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MisbehaviorKind {
    /// Two heads of one size with different roots.
    SameSize,
    /// A head of size 0 whose root is not that of the empty tree (RFC 6962 §2.1).
    Empty,
    /// The larger tree begins with other entries than the smaller one has (RFC 9162 §2.1.4): its prefix, opened by a
    /// consistency proof, has another root.
    Prefix,
    /// At one index the two trees hold different entries (RFC 9162 §2.1.3).
    Leaf,
    /// A larger tree was stated to be the newest at an earlier time (c2sp.org/tlog-cosignature): 0x04 and 0x06 alone.
    Rollback,
}

impl MisbehaviorKind {
    /// All kinds, in the order of the documentation. `index-omission` is reserved, and unknown for now.
    pub const ALL: [Self; 5] = [
        Self::SameSize,
        Self::Empty,
        Self::Prefix,
        Self::Leaf,
        Self::Rollback,
    ];

    /// The kind of this word, if it is one.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// The word of the file.
    pub const fn word(self) -> &'static str {
        match self {
            Self::SameSize => "same-size",
            Self::Empty => "empty",
            Self::Prefix => "prefix",
            Self::Leaf => "leaf",
            Self::Rollback => "rollback",
        }
    }
}

impl fmt::Display for MisbehaviorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Whether keys of this kind can be accused: an RFC 6962 tree head key (0x05) signs no origin, so heads of two logs
/// under one such key could be shown as heads of one.
const fn can_be_accused(kind: KeyKind) -> bool {
    !matches!(kind, KeyKind::TreeHead)
}
