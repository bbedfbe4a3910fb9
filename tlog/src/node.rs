//! Stored nodes of a tree, and the one question that a proof asks for them.

use crate::Hash;
use alloc::vec::Vec;

/// The root of a perfect subtree: of the 2^level leaves from `index` × 2^level on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId {
    level: u8,
    index: u64,
}

impl NodeId {
    /// The `index`-th node, from the left, of this level; level 0 are the leaves.
    pub const fn new(level: u8, index: u64) -> Self {
        Self { level, index }
    }

    /// The height of the subtree: 0 for a leaf, at most 62.
    pub const fn level(self) -> u8 {
        self.level
    }

    /// The position within its level, from the left, from 0.
    pub const fn index(self) -> u64 {
        self.index
    }
}

/// Where stored hashes come from. It is asked once a proof, for all the nodes that the proof needs.
pub trait HashReader {
    /// Why a hash could not be read.
    type Error;

    /// The hashes of these nodes, in their order.
    fn read_hashes(&self, nodes: &[NodeId]) -> Result<Vec<Hash>, Self::Error>;
}
