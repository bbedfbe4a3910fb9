//! What tests say to a witness: a tree that grows, a log that signs it, and a store that fails when it is told to.

pub mod bench;
pub mod failing_ledger;
pub mod test_log;
pub mod test_peer;
pub mod told_outside;

use tlog::{
    AddCheckpoint, Checkpoint, Hash, HashReader, KeyId, KeyName, Latest, NodeId, Note, Origin,
    SignatureLine, TreeSize, consistency_proof, root,
};

/// A tree of some leaves.
pub struct Tree {
    leaves: Vec<Hash>,
}

impl Tree {
    /// A tree of so many leaves.
    pub fn grown(leaves: u64) -> Self {
        let leaves = (0..leaves).map(|n| Hash::of_leaf(&n.to_be_bytes()));
        Self {
            leaves: leaves.collect(),
        }
    }

    /// The same, with other leaves from this one on.
    pub fn forked(leaves: u64, from: u64) -> Self {
        let leaf = |n: u64| {
            let other = if n < from { "" } else { "another " };
            Hash::of_leaf(&[other.as_bytes(), &n.to_be_bytes()].concat())
        };
        Self {
            leaves: (0..leaves).map(leaf).collect(),
        }
    }

    /// The root at a size.
    pub fn root(&self, at: u64) -> Hash {
        root(self, size(at)).unwrap()
    }

    /// The head at a size.
    pub fn latest(&self, at: u64) -> Latest {
        Latest::new(size(at), self.root(at))
    }

    /// The proof from one size to another, as a witness wants it.
    pub fn proof(&self, from: u64, to: u64) -> Vec<Hash> {
        if from == 0 {
            return Vec::new();
        }
        consistency_proof(self, size(from), size(to)).unwrap()
    }

    fn node(&self, level: u8, index: u64) -> Hash {
        if level == 0 {
            return self.leaves[usize::try_from(index).unwrap()];
        }
        let below = |index| self.node(level - 1, index);
        Hash::of_node(&below(index * 2), &below(index * 2 + 1))
    }
}

impl HashReader for Tree {
    type Error = std::convert::Infallible;

    fn read_hashes(&self, nodes: &[NodeId]) -> Result<Vec<Hash>, Self::Error> {
        let hash = |node: &NodeId| self.node(node.level(), node.index());
        Ok(nodes.iter().map(hash).collect())
    }
}

/// A size.
pub fn size(n: u64) -> TreeSize {
    TreeSize::new(n).unwrap()
}

/// A request that nobody signed: for the judgement, which does not look.
pub fn request(old: u64, proof: Vec<Hash>, at: u64, root: Hash) -> AddCheckpoint {
    let origin = Origin::new("log.example/test").unwrap();
    let name = KeyName::new("log.example/test").unwrap();
    let line = SignatureLine::new(name, KeyId::new([0; 4]), vec![1]).unwrap();
    let text = Checkpoint::new(&origin, size(at), root).text();
    AddCheckpoint::new(size(old), proof, Note::new(text, vec![line]).unwrap()).unwrap()
}
