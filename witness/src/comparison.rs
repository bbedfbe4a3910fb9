//! The comparison of two heads that one log signed: what follows from them, and from hashes that are said to open the
//! larger tree. Pure: it reads nothing and believes nobody but the log's own signatures.

use service::AwsLc;
use std::collections::BTreeMap;
use tlog::{
    Hash, HashReader, Latest, MisbehaviorProof, NodeId, Note, ProofPlan, RootPlan, TreeSize,
    TwoHeads, Vkey,
};

use crate::sighting::Sighting;

/// What two heads come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// The larger continues the smaller.
    Follows,
    /// The log contradicted itself.
    Proven(Box<MisbehaviorProof>),
    /// Nothing is shown either way.
    Apart,
}

/// What the two heads show alone: one size with two roots, a wrong empty tree, a tree that shrank.
pub fn alone(log_keys: &[Vkey], a: &Sighting, b: &Sighting) -> Comparison {
    if let Some(proof) = by_any(log_keys, [&a.note, &b.note], of_both) {
        return Comparison::Proven(Box::new(proof));
    }
    let is_one = a.size() == b.size() && a.root() == b.root();
    let from_nothing =
        |head: &Sighting| head.size() == TreeSize::ZERO && head.root() == Hash::EMPTY_ROOT;
    if is_one || from_nothing(a) || from_nothing(b) {
        Comparison::Follows
    } else {
        Comparison::Apart
    }
}

fn of_both(heads: &TwoHeads<'_>) -> Option<MisbehaviorProof> {
    heads.alone()
}

/// What a consistency proof shows that came with one of them.
pub fn by_consistency(log_keys: &[Vkey], a: &Sighting, b: &Sighting, proof: &[Hash]) -> Comparison {
    let (smaller, larger) = in_order(a, b);
    let from = Latest::new(smaller.size(), smaller.root());
    if from.advance(larger.size(), larger.root(), proof).is_ok() {
        return Comparison::Follows;
    }
    by_any(log_keys, [&a.note, &b.note], |heads| {
        heads.by_consistency(proof)
    })
    .map_or(Comparison::Apart, |proof| {
        Comparison::Proven(Box::new(proof))
    })
}

/// The nodes of the larger tree that decide between two heads.
pub fn nodes(a: &Sighting, b: &Sighting) -> Vec<NodeId> {
    let (smaller, larger) = in_order(a, b);
    let (old, new) = (smaller.size(), larger.size());
    let mut nodes = RootPlan::new(old).nodes().to_vec();
    if let Ok(plan) = ProofPlan::consistency(old, new) {
        nodes.extend_from_slice(plan.nodes());
    }
    nodes
}

/// What hashes show that somebody served for [`nodes`]: they count only as far as they lead to a signed root.
pub fn opened(
    log_keys: &[Vkey],
    a: &Sighting,
    b: &Sighting,
    hashes: &BTreeMap<NodeId, Hash>,
) -> Comparison {
    let (smaller, larger) = in_order(a, b);
    let (old, new) = (smaller.size(), larger.size());
    let served = Served(hashes);
    let proof = ProofPlan::consistency(old, new)
        .ok()
        .and_then(|plan| Some(plan.assemble(&served.read_hashes(plan.nodes()).ok()?)));
    let follows = proof.is_some_and(|proof| {
        let from = Latest::new(old, smaller.root());
        from.advance(new, larger.root(), &proof).is_ok()
    });
    if follows {
        return Comparison::Follows;
    }
    by_any(log_keys, [&a.note, &b.note], |heads| {
        heads.by_reader(&served).ok().flatten()
    })
    .map_or(Comparison::Apart, |proof| {
        Comparison::Proven(Box::new(proof))
    })
}

/// A proof by any key that signed both; the log's keys are tried in their order.
fn by_any(
    keys: &[Vkey],
    notes: [&Note; 2],
    way: impl Fn(&TwoHeads<'_>) -> Option<MisbehaviorProof>,
) -> Option<MisbehaviorProof> {
    keys.iter()
        .filter_map(|key| TwoHeads::of(key, notes, &AwsLc).ok())
        .find_map(|heads| way(&heads))
}

fn in_order<'s>(a: &'s Sighting, b: &'s Sighting) -> (&'s Sighting, &'s Sighting) {
    if a.size() <= b.size() { (a, b) } else { (b, a) }
}

struct Served<'h>(&'h BTreeMap<NodeId, Hash>);

impl HashReader for Served<'_> {
    type Error = Missing;

    fn read_hashes(&self, nodes: &[NodeId]) -> Result<Vec<Hash>, Missing> {
        nodes
            .iter()
            .map(|node| self.0.get(node).copied().ok_or(Missing))
            .collect()
    }
}

/// Nobody served the node.
#[derive(Debug)]
struct Missing;
