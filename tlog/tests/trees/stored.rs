//! A tree kept whole in memory, for the tests: its nodes by level, read as a store is read.

use std::cell::Cell;
use std::convert::Infallible;
use tlog::{Hash, HashReader, LeafIndex, NodeId, TreeSize};

/// All complete nodes of a tree. Every smaller tree can be read from it too.
pub struct Stored {
    levels: Vec<Vec<Hash>>,
    asked: Cell<usize>,
}

impl Stored {
    pub fn of(leaves: Vec<Hash>) -> Self {
        let mut levels = vec![leaves];
        while let Some(below) = levels.last().filter(|below| below.len() > 1) {
            levels.push(
                below
                    .chunks_exact(2)
                    .map(|pair| Hash::of_node(&pair[0], &pair[1]))
                    .collect(),
            );
        }
        Self {
            levels,
            asked: Cell::new(0),
        }
    }

    pub fn of_size(n: u64) -> Self {
        Self::of(leaves(n))
    }

    pub fn level(&self, level: u8) -> &[Hash] {
        self.levels
            .get(usize::from(level))
            .map_or(&[], Vec::as_slice)
    }

    pub fn node(&self, node: NodeId) -> Option<Hash> {
        let index = usize::try_from(node.index()).unwrap();
        self.level(node.level()).get(index).copied()
    }

    /// How often it was asked since this was last called.
    pub fn asked(&self) -> usize {
        self.asked.take()
    }
}

impl HashReader for Stored {
    type Error = Infallible;

    fn read_hashes(&self, nodes: &[NodeId]) -> Result<Vec<Hash>, Infallible> {
        self.asked.set(self.asked.get() + 1);
        Ok(nodes.iter().map(|node| self.node(*node).unwrap()).collect())
    }
}

/// Leaves that all differ.
pub fn leaves(n: u64) -> Vec<Hash> {
    (0..n).map(leaf).collect()
}

pub fn entry(index: u64) -> [u8; 8] {
    index.to_be_bytes()
}

pub fn leaf(index: u64) -> Hash {
    Hash::of_leaf(&entry(index))
}

pub fn size(n: u64) -> TreeSize {
    TreeSize::new(n).unwrap()
}

pub fn at(index: u64) -> LeafIndex {
    LeafIndex::new(index)
}

/// RFC 6962 §2.1, MTH, word for word: the third opinion on every root.
pub fn mth(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Hash::EMPTY_ROOT,
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            Hash::of_node(&mth(left), &mth(right))
        }
    }
}
