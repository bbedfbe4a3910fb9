//! The right edge of a tree: all that is needed to append to it. RFC 6962 §2.1.

use crate::plan::fold_edge;
use crate::{Hash, TreeSize};
use alloc::vec::Vec;
use core::fmt;

/// The perfect subtrees that make up a tree, one hash for each set bit of its size, largest first.
///
/// ```
/// # use tlog::{Frontier, Hash, TreeSize};
/// let mut frontier = Frontier::empty();
/// assert_eq!(frontier.root(), Hash::EMPTY_ROOT);
/// for entry in [b"d0", b"d1", b"d2"] {
///     frontier.append(Hash::of_leaf(entry));
/// }
/// let [d0, d1, d2] = [b"d0", b"d1", b"d2"].map(|entry| Hash::of_leaf(entry));
/// assert_eq!(frontier.hashes(), [Hash::of_node(&d0, &d1), d2]);
/// assert_eq!(frontier.root(), Hash::of_node(&Hash::of_node(&d0, &d1), &d2));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frontier {
    size: TreeSize,
    hashes: Vec<Hash>,
}

impl Frontier {
    /// The frontier of the empty tree.
    pub const fn empty() -> Self {
        Self {
            size: TreeSize::ZERO,
            hashes: Vec::new(),
        }
    }

    /// Takes stored hashes for the frontier of a tree of this size: those of [`crate::RootPlan::nodes`], largest
    /// subtree first. Only their number can be checked here; compare [`Self::root`] with a known root.
    pub fn from_parts(size: TreeSize, hashes: Vec<Hash>) -> Result<Self, WrongFrontier> {
        if usize::try_from(size.get().count_ones()) == Ok(hashes.len()) {
            Ok(Self { size, hashes })
        } else {
            Err(WrongFrontier)
        }
    }

    /// From hashes that were computed here.
    pub(crate) fn of(size: TreeSize, hashes: Vec<Hash>) -> Self {
        Self::from_parts(size, hashes).expect("a frontier holds one hash per set bit of the size")
    }

    /// The size of the tree.
    pub const fn size(&self) -> TreeSize {
        self.size
    }

    /// The hashes, largest subtree first: at most 63.
    pub fn hashes(&self) -> &[Hash] {
        &self.hashes
    }

    /// The root of the tree.
    pub fn root(&self) -> Hash {
        fold_edge(&self.hashes).unwrap_or(Hash::EMPTY_ROOT)
    }

    /// Appends one leaf.
    ///
    /// # Panics
    /// If the tree has 2^63 − 1 leaves already.
    pub fn append(&mut self, leaf: Hash) {
        let mut hash = leaf;
        // Each trailing set bit of the size is a subtree as large as the one on the right of it by now.
        for _ in 0..self.size.get().trailing_ones() {
            let left = self
                .hashes
                .pop()
                .expect("a frontier holds one hash per set bit of the size");
            hash = Hash::of_node(&left, &hash);
        }
        self.hashes.push(hash);
        self.size = self
            .size
            .plus(1)
            .expect("no tree grows to 2^63 leaves: that takes a million years at 250,000 a second");
    }
}

impl Default for Frontier {
    fn default() -> Self {
        Self::empty()
    }
}

/// A frontier has one hash for each set bit of the tree's size; here there were more or fewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrongFrontier;

impl fmt::Display for WrongFrontier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a frontier has one hash for each set bit of the tree size")
    }
}

impl core::error::Error for WrongFrontier {}
