//! Inclusion and consistency proofs: made from a [`HashReader`], verified strictly. RFC 9162 §2.1.3, §2.1.4.
//! <https://www.rfc-editor.org/rfc/rfc9162.html#section-2.1.3>
#![warn(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]

use crate::{Hash, HashReader, LeafIndex, NodeId, OutOfRange, ProofPlan, RootPlan, TreeSize};
use alloc::vec::Vec;
use core::fmt;

/// The proof that the leaf at this index is in the tree of this size.
pub fn inclusion_proof<R: HashReader>(
    reader: &R,
    index: LeafIndex,
    size: TreeSize,
) -> Result<Vec<Hash>, ProofError<R::Error>> {
    let plan = ProofPlan::inclusion(index, size)?;
    Ok(plan.assemble(&read(reader, plan.nodes())?))
}

/// The proof that the tree of size `new` extends the tree of size `old`.
pub fn consistency_proof<R: HashReader>(
    reader: &R,
    old: TreeSize,
    new: TreeSize,
) -> Result<Vec<Hash>, ProofError<R::Error>> {
    let plan = ProofPlan::consistency(old, new)?;
    Ok(plan.assemble(&read(reader, plan.nodes())?))
}

/// The root of the tree of this size.
pub fn root<R: HashReader>(reader: &R, size: TreeSize) -> Result<Hash, ProofError<R::Error>> {
    let plan = RootPlan::new(size);
    Ok(plan.assemble(&read(reader, plan.nodes())?))
}

/// Verifies that a leaf stands at an index of the tree with this size and root (RFC 9162 §2.1.3.2).
///
/// ```
/// # use tlog::{BadProof, Hash, LeafIndex, TreeSize, verify_inclusion};
/// let [d0, d1] = [Hash::of_leaf(b"d0"), Hash::of_leaf(b"d1")];
/// let root = Hash::of_node(&d0, &d1);
/// let (index, size) = (LeafIndex::new(1), TreeSize::new(2)?);
/// assert_eq!(verify_inclusion(&d1, index, size, &root, &[d0]), Ok(()));
/// assert_eq!(verify_inclusion(&d1, index, size, &root, &[d0, d0]), Err(BadProof::TooLong));
/// # Ok::<(), tlog::MalformedSize>(())
/// ```
pub fn verify_inclusion(
    leaf: &Hash,
    index: LeafIndex,
    size: TreeSize,
    root: &Hash,
    proof: &[Hash],
) -> Result<(), BadProof> {
    if fold_inclusion(leaf, index, size, proof)? == *root {
        Ok(())
    } else {
        Err(BadProof::WrongRoot)
    }
}

/// Verifies that the tree with the new size and root extends the one with the old (RFC 9162 §2.1.4.2).
///
/// Every tree extends the empty one, whose root is [`Hash::EMPTY_ROOT`], and itself; both proofs are empty.
pub fn verify_consistency(
    old: TreeSize,
    new: TreeSize,
    old_root: &Hash,
    new_root: &Hash,
    proof: &[Hash],
) -> Result<(), BadProof> {
    if old == TreeSize::ZERO {
        if *old_root != Hash::EMPTY_ROOT {
            return Err(BadProof::WrongOldRoot);
        }
        if !proof.is_empty() {
            return Err(BadProof::TooLong);
        }
        if new == TreeSize::ZERO && new_root != old_root {
            return Err(BadProof::WrongRoot);
        }
        return Ok(());
    }
    let (folded_old, folded_new) = fold_consistency(old, new, old_root, proof)?;
    if folded_old != *old_root {
        Err(BadProof::WrongOldRoot)
    } else if folded_new != *new_root {
        Err(BadProof::WrongRoot)
    } else {
        Ok(())
    }
}

/// The root that an inclusion proof leads to; whoever calls compares it (RFC 9162 §2.1.3.2).
pub fn fold_inclusion(
    leaf: &Hash,
    index: LeafIndex,
    size: TreeSize,
    proof: &[Hash],
) -> Result<Hash, BadProof> {
    if !index.lies_in(size) {
        return Err(BadProof::OutOfRange);
    }
    let mut climb = Climb::new(index.get(), size)?;
    let mut hash = *leaf;
    for sibling in proof {
        hash = match climb.step()? {
            Side::Left => Hash::of_node(sibling, &hash),
            Side::Right => Hash::of_node(&hash, sibling),
        };
    }
    climb.finish()?;
    Ok(hash)
}

/// The old and the new root that a consistency proof leads to; whoever calls compares them (RFC 9162 §2.1.4.2).
///
/// The old root that is given is used only where the proof leaves it out: where the old size is a power of two, or
/// equal to the new. From the empty tree no proof leads anywhere: [`BadProof::OutOfRange`].
pub fn fold_consistency(
    old: TreeSize,
    new: TreeSize,
    old_root: &Hash,
    proof: &[Hash],
) -> Result<(Hash, Hash), BadProof> {
    if old == TreeSize::ZERO || old > new {
        return Err(BadProof::OutOfRange);
    }
    if old == new {
        return if proof.is_empty() {
            Ok((*old_root, *old_root))
        } else {
            Err(BadProof::TooLong)
        };
    }
    let (first, rest) = if old.get().is_power_of_two() {
        (old_root, proof)
    } else {
        proof.split_first().ok_or(BadProof::TooShort)?
    };
    let mut climb = Climb::new(old.get().saturating_sub(1), new)?;
    climb.skip_right_turns();
    let (mut old_hash, mut new_hash) = (*first, *first);
    for sibling in rest {
        match climb.step()? {
            Side::Left => {
                old_hash = Hash::of_node(sibling, &old_hash);
                new_hash = Hash::of_node(sibling, &new_hash);
            }
            Side::Right => new_hash = Hash::of_node(&new_hash, sibling),
        }
    }
    climb.finish()?;
    Ok((old_hash, new_hash))
}

/// Why a proof does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadProof {
    /// The index lies outside the tree, the old tree is larger than the new one, or there is nothing to fold from.
    OutOfRange,
    /// Hashes are missing.
    TooShort,
    /// There are more hashes than the proof has.
    TooLong,
    /// The proof leads to another (new) root.
    WrongRoot,
    /// The proof leads to another old root.
    WrongOldRoot,
}

impl fmt::Display for BadProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OutOfRange => "the tree is too small for this proof: compare index and sizes",
            Self::TooShort => "the proof has too few hashes",
            Self::TooLong => "the proof has too many hashes",
            Self::WrongRoot => "the proof does not lead to this root",
            Self::WrongOldRoot => "the proof does not lead from the old root",
        })
    }
}

impl core::error::Error for BadProof {}

/// Why a proof could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProofError<E> {
    /// There is no such proof.
    OutOfRange,
    /// The reader could not read.
    Read(E),
    /// The reader gave more or fewer hashes than it was asked for.
    WrongCount,
}

impl<E> From<OutOfRange> for ProofError<E> {
    fn from(_: OutOfRange) -> Self {
        Self::OutOfRange
    }
}

impl<E: fmt::Display> fmt::Display for ProofError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfRange => OutOfRange.fmt(f),
            Self::Read(error) => write!(f, "the hashes for the proof could not be read: {error}"),
            Self::WrongCount => {
                f.write_str("the store gave another number of hashes than it was asked for")
            }
        }
    }
}

impl<E: core::error::Error> core::error::Error for ProofError<E> {}

fn read<R: HashReader>(reader: &R, nodes: &[NodeId]) -> Result<Vec<Hash>, ProofError<R::Error>> {
    let hashes = reader.read_hashes(nodes).map_err(ProofError::Read)?;
    if hashes.len() == nodes.len() {
        Ok(hashes)
    } else {
        Err(ProofError::WrongCount)
    }
}

enum Side {
    Left,
    Right,
}

/// The way from a leaf up to the root: `node` and `last` are the `fn` and `sn` of RFC 9162 §2.1.3.2.
struct Climb {
    node: u64,
    last: u64,
}

impl Climb {
    fn new(index: u64, size: TreeSize) -> Result<Self, BadProof> {
        let last = size.get().checked_sub(1).ok_or(BadProof::OutOfRange)?;
        Ok(Self { node: index, last })
    }

    /// On which side the next hash of the proof stands; step 4.
    fn step(&mut self) -> Result<Side, BadProof> {
        if self.last == 0 {
            return Err(BadProof::TooLong);
        }
        let side = if self.node & 1 == 1 || self.node == self.last {
            while self.node & 1 == 0 && self.node != 0 {
                self.up();
            }
            Side::Left
        } else {
            Side::Right
        };
        self.up();
        Ok(side)
    }

    /// RFC 9162 §2.1.4.2, step 4: up to the smallest perfect subtree that ends with this leaf.
    fn skip_right_turns(&mut self) {
        while self.node & 1 == 1 {
            self.up();
        }
    }

    fn finish(&self) -> Result<(), BadProof> {
        if self.last == 0 {
            Ok(())
        } else {
            Err(BadProof::TooShort)
        }
    }

    fn up(&mut self) {
        self.node >>= 1;
        self.last >>= 1;
    }
}
