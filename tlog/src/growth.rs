//! What a batch of leaves adds to a tree: every new node, and the proofs for the new leaves. RFC 6962 §2.1.

use crate::plan::{Sibling, bits, edge_nodes, siblings};
use crate::{Frontier, Hash, LeafIndex, NodeId, OutOfRange, ProofPlan, TreeSize};
use alloc::vec::Vec;

/// A tree before and after a batch of leaves, with every node that the batch completed.
///
/// The frontier before and the leaves are enough for all the proofs of the batch: no stored tree is read. Everything
/// is hashed once, in [`Growth::new`]; a proof only copies.
///
/// ```
/// # use tlog::{Frontier, Growth, Hash, LeafIndex, verify_inclusion};
/// let leaves = [b"d0", b"d1", b"d2"].map(|entry| Hash::of_leaf(entry));
/// let growth = Growth::new(&Frontier::empty(), leaves.to_vec());
/// let (size, root) = (growth.after(), growth.root());
/// let proof = growth.inclusion_proof(LeafIndex::new(2))?;
/// assert_eq!(verify_inclusion(&leaves[2], LeafIndex::new(2), size, &root, &proof), Ok(()));
/// # Ok::<(), tlog::OutOfRange>(())
/// ```
#[derive(Clone, Debug)]
pub struct Growth {
    before: TreeSize,
    after: TreeSize,
    /// For each level in turn: the node of the old frontier, if there is one, then the nodes that the batch completed.
    nodes: Vec<Hash>,
    /// Where each level starts in `nodes`, and where the last one ends.
    starts: Vec<usize>,
    /// For each level: the root of everything right of its last complete node. Only meaningful where there is any.
    edges: Vec<Hash>,
    root: Hash,
}

impl Growth {
    /// Appends the leaves, in order. About two hashes are computed for each.
    ///
    /// # Panics
    /// If the tree would grow to 2^63 leaves or more.
    pub fn new(before: &Frontier, leaves: Vec<Hash>) -> Self {
        let added = u64::try_from(leaves.len()).expect("a length in memory fits 64 bits");
        let after = before
            .size()
            .plus(added)
            .expect("no tree grows to 2^63 leaves: that takes a million years at 250,000 a second");
        let mut growth = Self {
            before: before.size(),
            after,
            nodes: leaves,
            starts: Vec::new(),
            edges: Vec::new(),
            root: Hash::EMPTY_ROOT,
        };
        growth.complete_nodes(before);
        growth.fold_edges();
        growth
    }

    /// The size before the batch.
    pub const fn before(&self) -> TreeSize {
        self.before
    }

    /// The size with the batch.
    pub const fn after(&self) -> TreeSize {
        self.after
    }

    /// The root with the batch.
    pub const fn root(&self) -> Hash {
        self.root
    }

    /// The frontier with the batch.
    pub fn frontier(&self) -> Frontier {
        let hashes = edge_nodes(self.after, bits(self.after)).map(|node| self.expect(node));
        Frontier::of(self.after, hashes.collect())
    }

    /// The inclusion proof of a leaf of this batch in the tree with the batch. It hashes nothing.
    pub fn inclusion_proof(&self, index: LeafIndex) -> Result<Vec<Hash>, OutOfRange> {
        if index.lies_in(self.before) || !index.lies_in(self.after) {
            return Err(OutOfRange);
        }
        let mut proof = Vec::with_capacity(self.edges.len());
        proof.extend(siblings(NodeId::new(0, index.get()), self.after).map(
            |sibling| match sibling {
                Sibling::Node(node) => self.expect(node),
                Sibling::Edge(level) => self.edges[usize::from(level)],
            },
        ));
        Ok(proof)
    }

    /// The proof that the tree with the batch extends the tree before it.
    #[expect(
        clippy::missing_panics_doc,
        reason = "only our own mistake can panic here"
    )]
    pub fn consistency_proof(&self) -> Vec<Hash> {
        let plan = ProofPlan::consistency(self.before, self.after)
            .expect("a tree with a batch is at least as large as before");
        let hashes: Vec<Hash> = plan.nodes().iter().map(|node| self.expect(*node)).collect();
        plan.assemble(&hashes)
    }

    /// A node that the batch completed, or one of the frontier before it; `None` for all others.
    pub fn node(&self, node: NodeId) -> Option<Hash> {
        let level = self.level(node.level());
        let first = self.first_at(node.level());
        let place = node.index().checked_sub(first)?;
        level.get(usize::try_from(place).ok()?).copied()
    }

    /// The nodes of a level that the batch completed, in order, and the index of the first. Level 0 are the leaves;
    /// levels 0, 8, 16 and so on are what tiles hold.
    pub fn new_nodes_at(&self, level: u8) -> (u64, &[Hash]) {
        let first_new = self.before.get().checked_shr(level.into()).unwrap_or(0);
        let nodes = self.level(level);
        let old = usize::from(first_new != self.first_at(level));
        (first_new, nodes.get(old..).unwrap_or_default())
    }

    /// Puts in front of each level the node of the old frontier, and hashes the pairs of each level into the next.
    fn complete_nodes(&mut self, before: &Frontier) {
        let levels = bits(self.after);
        let leaves = core::mem::take(&mut self.nodes);
        // Each level has half the nodes of the one below and at most one old node more.
        self.nodes = Vec::with_capacity(2 * leaves.len() + 2 * usize::from(levels));
        self.starts.reserve_exact(usize::from(levels) + 1);
        self.starts.push(0);
        let mut old = before.hashes().iter().rev();
        let mut below = 0;
        for level in 0..levels {
            let start = self.nodes.len();
            if self.before.get() >> level & 1 == 1 {
                let hash = old
                    .next()
                    .expect("a frontier holds one hash per set bit of the size");
                self.nodes.push(*hash);
            }
            if level == 0 {
                self.nodes.extend_from_slice(&leaves);
            } else {
                // The first node that a level holds here is a left child, so pairs are siblings.
                for left in (below..start.saturating_sub(1)).step_by(2) {
                    let parent = Hash::of_node(&self.nodes[left], &self.nodes[left + 1]);
                    self.nodes.push(parent);
                }
            }
            self.starts.push(self.nodes.len());
            below = start;
        }
    }

    /// Mixes the right edge once, lowest level first: every proof that needs it copies it.
    fn fold_edges(&mut self) {
        let mut edge = None;
        for level in 0..bits(self.after) {
            self.edges.push(edge.unwrap_or(Hash::EMPTY_ROOT));
            let complete = self.after.get() >> level;
            if complete & 1 == 1 {
                let last = self.expect(NodeId::new(level, complete - 1));
                edge = Some(edge.map_or(last, |right| Hash::of_node(&last, &right)));
            }
        }
        self.root = edge.unwrap_or(Hash::EMPTY_ROOT);
    }

    /// All nodes held of a level, and none of a level that the tree does not reach.
    fn level(&self, level: u8) -> &[Hash] {
        let level = usize::from(level);
        match (self.starts.get(level), self.starts.get(level + 1)) {
            (Some(start), Some(end)) => &self.nodes[*start..*end],
            _ => &[],
        }
    }

    /// The index of the first node held of a level: the old frontier's where it has one, and always even.
    fn first_at(&self, level: u8) -> u64 {
        self.before.get().checked_shr(level.into()).unwrap_or(0) & !1
    }

    fn expect(&self, node: NodeId) -> Hash {
        self.node(node)
            .expect("a path from a new leaf meets only new nodes and the old frontier")
    }
}
