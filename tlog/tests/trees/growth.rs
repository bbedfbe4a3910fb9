//! Growth and frontier: every tree of up to 70 leaves with a batch of up to 70, against trees made from scratch.

use crate::inclusion::{oracle, oracle_proof};
use crate::stored::{Stored, at, leaf, leaves, size};
use tlog::{
    Frontier, Growth, Hash, NodeId, OutOfRange, RootPlan, WrongFrontier, consistency_proof, root,
};

const BEFORE: u64 = 70;
const ADDED: u64 = 70;

#[test]
fn a_growth_proves_each_new_leaf_as_the_whole_tree_does() {
    let proofs: Vec<Vec<Vec<Hash>>> = (0..=BEFORE + ADDED)
        .map(|n| {
            let oracle = oracle(n);
            (0..n).map(|i| oracle_proof(&oracle, i)).collect()
        })
        .collect();
    each(|stored, growth, before, after| {
        assert_eq!(growth.before(), size(before));
        assert_eq!(growth.after(), size(after));
        assert_eq!(growth.root(), root(stored, size(after)).unwrap());
        let expected = &proofs[usize::try_from(after).unwrap()];
        for i in before..after {
            assert_eq!(
                growth.inclusion_proof(at(i)).as_ref(),
                Ok(&expected[usize::try_from(i).unwrap()]),
                "leaf {i}, {before} to {after}"
            );
        }
        for outside in [before.wrapping_sub(1), after, after + 1, u64::MAX] {
            assert_eq!(growth.inclusion_proof(at(outside)), Err(OutOfRange));
        }
    });
}

#[test]
fn a_growth_proves_that_it_extends_the_tree_before() {
    each(|stored, growth, before, after| {
        let expected = consistency_proof(stored, size(before), size(after)).unwrap();
        assert_eq!(growth.consistency_proof(), expected, "{before} to {after}");
    });
}

#[test]
fn a_growth_leaves_the_frontier_that_single_appends_leave() {
    let mut frontiers = vec![Frontier::empty()];
    for i in 0..BEFORE + ADDED {
        let mut frontier = frontiers[usize::try_from(i).unwrap()].clone();
        frontier.append(leaf(i));
        frontiers.push(frontier);
    }
    each(|stored, growth, before, after| {
        let frontier = growth.frontier();
        assert_eq!(frontier, frontiers[usize::try_from(after).unwrap()]);
        assert_eq!(frontier.root(), growth.root(), "{before} to {after}");
        assert_eq!(frontier.hashes(), nodes_of_root(stored, after));
        let from_parts = Frontier::from_parts(size(after), frontier.hashes().to_vec());
        assert_eq!(from_parts, Ok(frontier));
    });
}

#[test]
fn a_growth_holds_what_the_batch_completed_and_the_frontier_before() {
    each(|stored, growth, before, after| {
        for level in 0..=9 {
            let (first, new) = growth.new_nodes_at(level);
            let (old_count, new_count) = (before >> level, after >> level);
            assert_eq!(first, old_count, "level {level}, {before} to {after}");
            let expected = &stored.level(level).get(index(old_count)..index(new_count));
            assert_eq!(new, expected.unwrap_or_default());
            for i in 0..new_count + 2 {
                let node = NodeId::new(level, i);
                let on_frontier = i + 1 == old_count && old_count % 2 == 1;
                let held = on_frontier || (i >= old_count && i < new_count);
                let expected = if held { stored.node(node) } else { None };
                assert_eq!(growth.node(node), expected, "{node:?}, {before} to {after}");
            }
        }
        for level in [63, 64, 255] {
            assert_eq!(growth.node(NodeId::new(level, 0)), None);
            assert_eq!(growth.new_nodes_at(level), (0, &[][..]));
        }
    });
}

#[test]
fn growths_in_any_steps_make_the_same_tree() {
    let stored = Stored::of_size(3000);
    for step in [1, 2, 3, 255, 256, 257, 1024] {
        let mut frontier = Frontier::empty();
        let mut levels: Vec<Vec<Hash>> = vec![Vec::new(); 3];
        while frontier.size() < size(3000) {
            let start = index(frontier.size().get());
            let batch = &stored.level(0)[start..(start + step).min(3000)];
            let growth = Growth::new(&frontier, batch.to_vec());
            for (tile_level, kept) in levels.iter_mut().enumerate() {
                let (first, new) = growth.new_nodes_at(u8::try_from(tile_level * 8).unwrap());
                assert_eq!(index(first), kept.len(), "new nodes follow the kept ones");
                kept.extend_from_slice(new);
            }
            frontier = growth.frontier();
        }
        assert_eq!(frontier.root(), root(&stored, size(3000)).unwrap());
        for (tile_level, kept) in levels.iter().enumerate() {
            let level = stored.level(u8::try_from(tile_level * 8).unwrap());
            assert_eq!(kept, level, "steps of {step}");
        }
    }
}

#[test]
fn a_frontier_with_another_number_of_hashes_is_refused() {
    for n in 0..=BEFORE {
        let hashes = nodes_of_root(&Stored::of_size(BEFORE), n);
        let mut longer = hashes.clone();
        longer.push(leaf(0));
        assert_eq!(Frontier::from_parts(size(n), longer), Err(WrongFrontier));
        if let Some((_, shorter)) = hashes.split_last() {
            let shorter = shorter.to_vec();
            assert_eq!(Frontier::from_parts(size(n), shorter), Err(WrongFrontier));
        }
    }
}

fn each(check: impl Fn(&Stored, &Growth, u64, u64)) {
    let stored = Stored::of_size(BEFORE + ADDED);
    let all = leaves(BEFORE + ADDED);
    for before in 0..=BEFORE {
        let frontier = Frontier::from_parts(size(before), nodes_of_root(&stored, before)).unwrap();
        for added in 0..=ADDED {
            let after = before + added;
            let batch = all[index(before)..index(after)].to_vec();
            check(&stored, &Growth::new(&frontier, batch), before, after);
        }
    }
}

fn nodes_of_root(stored: &Stored, n: u64) -> Vec<Hash> {
    let plan = RootPlan::new(size(n));
    plan.nodes()
        .iter()
        .map(|node| stored.node(*node).unwrap())
        .collect()
}

fn index(n: u64) -> usize {
    usize::try_from(n).unwrap()
}
