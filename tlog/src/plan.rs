//! Proofs to be made: which stored nodes a proof needs, and how they fold into it. RFC 6962 §2.1.1, §2.1.2.
//!
//! A plan reads nothing itself. Ask for [`ProofPlan::nodes`] all at once, from wherever they are kept, with or without
//! `await`, and hand the hashes to [`ProofPlan::assemble`].

use crate::{Hash, LeafIndex, NodeId, TreeSize};
use alloc::vec::Vec;
use core::{fmt, ops::Range};

/// A proof to be made: the stored nodes that it needs, and how they fold into the proof.
///
/// ```
/// # use tlog::{LeafIndex, NodeId, ProofPlan, TreeSize};
/// // RFC 6962 §2.1.3, seven leaves: the audit path for d3 is [c, g, l]; l = HASH(i, j) is not stored.
/// let plan = ProofPlan::inclusion(LeafIndex::new(3), TreeSize::new(7)?)?;
/// let [c, g, i, j] = [NodeId::new(0, 2), NodeId::new(1, 0), NodeId::new(1, 2), NodeId::new(0, 6)];
/// assert_eq!(plan.nodes(), [c, g, i, j]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProofPlan {
    nodes: Vec<NodeId>,
    /// Which of the nodes are the right edge of the tree: together they fold into one hash of the proof.
    edge: Range<usize>,
}

impl ProofPlan {
    /// The proof that a leaf is in a tree: RFC 6962 §2.1.1, PATH(index, D\[size\]).
    pub fn inclusion(index: LeafIndex, size: TreeSize) -> Result<Self, OutOfRange> {
        if index.lies_in(size) {
            Ok(Self::along(None, NodeId::new(0, index.get()), size))
        } else {
            Err(OutOfRange)
        }
    }

    /// The proof that the tree of size `new` extends the one of size `old`: RFC 6962 §2.1.2, PROOF(old, D\[new\]).
    /// Empty where there is nothing to prove: from the empty tree, and from a tree to itself.
    ///
    /// ```
    /// # use tlog::{NodeId, ProofPlan, TreeSize};
    /// // RFC 6962 §2.1.3: from hash0, the tree of three leaves, to the tree of seven: [c, d, g, l].
    /// let plan = ProofPlan::consistency(TreeSize::new(3)?, TreeSize::new(7)?)?;
    /// let [c, d, g] = [NodeId::new(0, 2), NodeId::new(0, 3), NodeId::new(1, 0)];
    /// let [i, j] = [NodeId::new(1, 2), NodeId::new(0, 6)];
    /// assert_eq!(plan.nodes(), [c, d, g, i, j]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn consistency(old: TreeSize, new: TreeSize) -> Result<Self, OutOfRange> {
        if old > new {
            return Err(OutOfRange);
        }
        let Some(last) = consistency_start(old).filter(|_| old < new) else {
            return Ok(Self {
                nodes: Vec::new(),
                edge: 0..0,
            });
        };
        // An old tree that is one perfect subtree is known to the verifier: its root is left out.
        let stated = (last.index() > 0).then_some(last);
        Ok(Self::along(stated, last, new))
    }

    /// The stored nodes that the proof needs, each the root of a perfect subtree that is complete in the (new) tree.
    pub fn nodes(&self) -> &[NodeId] {
        &self.nodes
    }

    /// Makes the proof from the hashes of [`Self::nodes`], in their order.
    ///
    /// # Panics
    /// If there are more or fewer hashes than nodes: what read them is at fault.
    pub fn assemble(&self, hashes: &[Hash]) -> Vec<Hash> {
        assert_eq!(hashes.len(), self.nodes.len(), "one hash for each node");
        let (start, end) = (self.edge.start, self.edge.end);
        let mut proof = Vec::with_capacity(hashes.len());
        proof.extend_from_slice(&hashes[..start]);
        proof.extend(fold_edge(&hashes[start..end]));
        proof.extend_from_slice(&hashes[end..]);
        proof
    }

    fn along(stated: Option<NodeId>, from: NodeId, size: TreeSize) -> Self {
        let mut nodes = Vec::from_iter(stated);
        let mut edge = 0..0;
        for sibling in siblings(from, size) {
            match sibling {
                Sibling::Node(node) => nodes.push(node),
                Sibling::Edge(below) => {
                    let start = nodes.len();
                    nodes.extend(edge_nodes(size, below));
                    edge = start..nodes.len();
                }
            }
        }
        Self { nodes, edge }
    }
}

/// A root to be computed: the stored nodes that it needs, largest subtree first. They are the tree's frontier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootPlan {
    nodes: Vec<NodeId>,
}

impl RootPlan {
    /// The root of a tree of this size: RFC 6962 §2.1, MTH(D\[size\]).
    pub fn new(size: TreeSize) -> Self {
        Self {
            nodes: edge_nodes(size, bits(size)).collect(),
        }
    }

    /// The stored nodes that the root needs: one for each set bit of the size, none for the empty tree.
    pub fn nodes(&self) -> &[NodeId] {
        &self.nodes
    }

    /// The root, from the hashes of [`Self::nodes`], in their order.
    ///
    /// # Panics
    /// If there are more or fewer hashes than nodes: what read them is at fault.
    pub fn assemble(&self, hashes: &[Hash]) -> Hash {
        assert_eq!(hashes.len(), self.nodes.len(), "one hash for each node");
        fold_edge(hashes).unwrap_or(Hash::EMPTY_ROOT)
    }
}

/// There is no such proof: the index lies outside the tree, or the old tree is larger than the new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfRange;

impl fmt::Display for OutOfRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the tree is too small: it has no such leaf, or no such older tree")
    }
}

impl core::error::Error for OutOfRange {}

/// What stands beside the path from a node up to the root: a stored node, or the incomplete subtree at the right edge.
#[derive(Clone, Copy)]
pub(crate) enum Sibling {
    Node(NodeId),
    /// Everything right of the last complete node of this level; it folds from the edge's nodes below the level.
    Edge(u8),
}

/// The siblings on the path from a node of the tree up to its root, lowest first. At most one is an edge.
pub(crate) fn siblings(from: NodeId, size: TreeSize) -> impl Iterator<Item = Sibling> {
    let size = size.get();
    (from.level()..bit_length(size)).filter_map(move |level| {
        let sibling = (from.index() >> (level - from.level())) ^ 1;
        let complete = size >> level;
        if sibling < complete {
            Some(Sibling::Node(NodeId::new(level, sibling)))
        } else if sibling == complete && complete << level != size {
            Some(Sibling::Edge(level))
        } else {
            None // the path's own node is the last of its level: it moves up unpaired
        }
    })
}

/// Where a consistency proof begins: the smallest of the perfect subtrees that make up the old tree.
pub(crate) fn consistency_start(old: TreeSize) -> Option<NodeId> {
    edge_nodes(old, bits(old)).last()
}

/// The perfect subtrees at the right edge of a tree, below a level, largest first: one for each set bit.
pub(crate) fn edge_nodes(size: TreeSize, below: u8) -> impl Iterator<Item = NodeId> {
    let size = size.get();
    (0..below)
        .rev()
        .filter(move |level| size >> level & 1 == 1)
        .map(move |level| NodeId::new(level, (size >> level) - 1))
}

/// How many levels of perfect subtrees a tree has: the bit length of its size.
pub(crate) fn bits(size: TreeSize) -> u8 {
    bit_length(size.get())
}

/// The root above adjacent perfect subtrees of falling size; nothing above none.
pub(crate) fn fold_edge(hashes: &[Hash]) -> Option<Hash> {
    hashes
        .iter()
        .copied()
        .rev()
        .reduce(|right, left| Hash::of_node(&left, &right))
}

#[expect(clippy::cast_possible_truncation, reason = "at most 64")]
const fn bit_length(n: u64) -> u8 {
    (u64::BITS - n.leading_zeros()) as u8
}
