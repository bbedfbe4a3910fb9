//! Two heads by one signer, and the ways to make a proof of misbehaviour of them.

use super::accused_note::NotSigned;
use super::{
    AccusedNote, Contradiction, MISBEHAVIOR_BYTES_MAX, MisbehaviorProof, NotProven, can_be_accused,
};
use crate::{
    BadLine, Hash, HashReader, LeafIndex, MalformedCheckpoint, Note, ProofError, ProofPlan,
    RootPlan, SignatureChecks, TreeSize, Vkey, fold_consistency, fold_inclusion,
};
use alloc::string::ToString as _;
use alloc::vec::Vec;
use core::fmt;

/// Two heads of one log that one key signed, the smaller tree first.
///
/// Each way answers `None` where these two heads, seen so, do not contradict each other; what it answers else was
/// verified.
pub struct TwoHeads<'k> {
    accused: &'k Vkey,
    smaller: AccusedNote,
    larger: AccusedNote,
    checks: &'k dyn SignatureChecks,
}

impl<'k> TwoHeads<'k> {
    /// Takes from two notes what the key signed. Other lines, also forged ones, are left out.
    pub fn of(
        accused: &'k Vkey,
        notes: [&Note; 2],
        checks: &'k dyn SignatureChecks,
    ) -> Result<Self, NoProof> {
        if !can_be_accused(accused.kind()) {
            return Err(NoProof::AccusedKind);
        }
        let [a, b] = notes.map(|note| AccusedNote::of(note, accused, checks));
        let (a, b) = (a?, b?);
        if a.checkpoint().origin() != b.checkpoint().origin() {
            return Err(NoProof::Origins);
        }
        let (smaller, larger) = if a.checkpoint().size() <= b.checkpoint().size() {
            (a, b)
        } else {
            (b, a)
        };
        Ok(Self {
            accused,
            smaller,
            larger,
            checks,
        })
    }

    /// The head of the smaller tree.
    pub const fn smaller(&self) -> &AccusedNote {
        &self.smaller
    }

    /// The head of the larger tree.
    pub const fn larger(&self) -> &AccusedNote {
        &self.larger
    }

    /// What the two notes prove alone: one size with two roots, a wrong empty tree, or a tree that shrank.
    pub fn alone(&self) -> Option<MisbehaviorProof> {
        let pair = || (self.smaller.clone(), self.larger.clone());
        let (a, b) = pair();
        let same_size = Contradiction::SameSize(a, b);
        let empty = Contradiction::Empty(self.smaller.clone());
        // The larger tree is the first, being the earlier one.
        let (later, earlier) = pair();
        let rollback = Contradiction::Rollback(earlier, later);
        [same_size, empty, rollback]
            .into_iter()
            .find_map(|contradiction| self.proven(contradiction))
    }

    /// Opens the prefix of the larger tree, whose nodes the reader knows.
    pub fn by_reader<R: HashReader>(
        &self,
        reader: &R,
    ) -> Result<Option<MisbehaviorProof>, ProofError<R::Error>> {
        let [old, new] = self.sizes();
        if old == TreeSize::ZERO || old >= new {
            return Ok(None);
        }
        let (prefix, consistency) = (RootPlan::new(old), ProofPlan::consistency(old, new)?);
        let hashes = |nodes| reader.read_hashes(nodes).map_err(ProofError::Read);
        let (roots, nodes) = (hashes(prefix.nodes())?, hashes(consistency.nodes())?);
        if roots.len() != prefix.nodes().len() || nodes.len() != consistency.nodes().len() {
            return Err(ProofError::WrongCount);
        }
        Ok(self.prefix(prefix.assemble(&roots), consistency.assemble(&nodes)))
    }

    /// Keeps a consistency proof that fails: it convicts if it leads to the larger tree's signed root, and from another
    /// old root than the signed one. Where the smaller size is a power of two the old root is no part of the proof, and
    /// this never convicts: see [`by_inclusion`](Self::by_inclusion).
    pub fn by_consistency(&self, proof: &[Hash]) -> Option<MisbehaviorProof> {
        let [old, new] = self.sizes();
        let signed = self.smaller.checkpoint().root();
        let (folded_old, _) = fold_consistency(old, new, &signed, proof).ok()?;
        self.prefix(folded_old, proof.to_vec())
    }

    /// Takes the prefix out of an inclusion proof in the larger tree, where the smaller size is a power of two and the
    /// leaf lies below it: the first hashes lead to the root of the prefix, the others from there to the whole.
    pub fn by_inclusion(
        &self,
        leaf: &Hash,
        index: LeafIndex,
        proof: &[Hash],
    ) -> Option<MisbehaviorProof> {
        let [old, _] = self.sizes();
        if !old.get().is_power_of_two() || !index.lies_in(old) {
            return None;
        }
        let height = usize::try_from(old.get().trailing_zeros()).ok()?;
        let (below, above) = proof.split_at_checked(height)?;
        let prefix_root = fold_inclusion(leaf, index, old, below).ok()?;
        self.prefix(prefix_root, above.to_vec())
    }

    /// Shows which entry differs: what each tree holds at an index, with its inclusion proof, the smaller tree first.
    pub fn by_leaf(
        &self,
        index: LeafIndex,
        leaves: [Hash; 2],
        proofs: [Vec<Hash>; 2],
    ) -> Option<MisbehaviorProof> {
        self.proven(Contradiction::Leaf {
            first: self.smaller.clone(),
            second: self.larger.clone(),
            index,
            leaves,
            proofs,
        })
    }

    fn sizes(&self) -> [TreeSize; 2] {
        [&self.smaller, &self.larger].map(|note| note.checkpoint().size())
    }

    fn prefix(&self, prefix_root: Hash, proof: Vec<Hash>) -> Option<MisbehaviorProof> {
        self.proven(Contradiction::Prefix {
            first: self.smaller.clone(),
            second: self.larger.clone(),
            prefix_root,
            proof,
        })
    }

    fn proven(&self, contradiction: Contradiction) -> Option<MisbehaviorProof> {
        let proof = MisbehaviorProof {
            accused: self.accused.clone(),
            contradiction,
        };
        proof.verify(self.checks).ok()?;
        // Only the extension lines of a foreign log can be so long.
        (proof.to_string().len() <= MISBEHAVIOR_BYTES_MAX).then_some(proof)
    }
}

impl MisbehaviorProof {
    /// Takes a head of size 0 that has not the root of the empty tree: it convicts alone. `None` of any other.
    pub fn of_empty(
        accused: &Vkey,
        note: &Note,
        checks: &dyn SignatureChecks,
    ) -> Result<Option<Self>, NoProof> {
        Ok(TwoHeads::of(accused, [note, note], checks)?.alone())
    }
}

impl fmt::Debug for TwoHeads<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TwoHeads")
            .field("accused", self.accused)
            .field("smaller", self.smaller.checkpoint())
            .field("larger", self.larger.checkpoint())
            .finish_non_exhaustive()
    }
}

/// Why two notes are not two heads of one log by one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoProof {
    /// An RFC 6962 tree head key (0x05), which signs no origin.
    AccusedKind,
    /// A note is no checkpoint.
    Malformed(MalformedCheckpoint),
    /// The key did not sign one of the notes.
    Signature(BadLine),
    /// The notes are of two logs.
    Origins,
}

impl From<NotSigned> for NoProof {
    fn from(not_signed: NotSigned) -> Self {
        match not_signed {
            NotSigned::Checkpoint(malformed) => Self::Malformed(malformed),
            NotSigned::Line(bad) => Self::Signature(bad),
        }
    }
}

impl fmt::Display for NoProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AccusedKind => f.write_str("an RFC 6962 tree head key (0x05) cannot be accused"),
            Self::Malformed(malformed) => malformed.fmt(f),
            Self::Signature(bad) => NotProven::Signature(*bad).fmt(f),
            Self::Origins => NotProven::Origins.fmt(f),
        }
    }
}

impl core::error::Error for NoProof {}
