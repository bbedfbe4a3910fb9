//! Trees too large to build: all leaves alike, so that a node depends on its level alone.

use crate::mutation::spoilt;
use crate::stored::{at, leaf, size};
use proptest::prelude::*;
use std::convert::Infallible;
use tlog::{
    Frontier, Growth, Hash, HashReader, NodeId, RootPlan, Tile, TreeSize, consistency_proof,
    inclusion_proof, root, verify_consistency, verify_inclusion,
};

const MAX: u64 = TreeSize::MAX.get();

struct Alike(Vec<Hash>);

impl Alike {
    fn new() -> Self {
        let above = |below: &Hash| Some(Hash::of_node(below, below));
        Self(
            std::iter::successors(Some(leaf(0)), above)
                .take(63)
                .collect(),
        )
    }

    fn frontier(&self, n: u64) -> Frontier {
        let hashes = self.read_hashes(RootPlan::new(size(n)).nodes()).unwrap();
        Frontier::from_parts(size(n), hashes).unwrap()
    }
}

impl HashReader for Alike {
    type Error = Infallible;

    fn read_hashes(&self, nodes: &[NodeId]) -> Result<Vec<Hash>, Infallible> {
        let hash = |node: &NodeId| self.0[usize::from(node.level())];
        Ok(nodes.iter().map(hash).collect())
    }
}

#[test]
fn proofs_of_the_largest_tree_hold_and_have_63_hashes() {
    let alike = Alike::new();
    let root = root(&alike, TreeSize::MAX).unwrap();
    let mut longest = 0;
    for index in [0, 1, 1 << 32, MAX / 2, MAX - 2, MAX - 1] {
        let proof = inclusion_proof(&alike, at(index), TreeSize::MAX).unwrap();
        let verdict = verify_inclusion(&leaf(0), at(index), TreeSize::MAX, &root, &proof);
        assert_eq!(verdict, Ok(()), "{index}");
        longest = longest.max(proof.len());
    }
    assert_eq!(longest, 63);
}

#[test]
fn a_batch_may_fill_the_largest_tree() {
    let alike = Alike::new();
    let growth = Growth::new(&alike.frontier(MAX - 5), vec![leaf(0); 5]);
    assert_eq!(growth.root(), root(&alike, TreeSize::MAX).unwrap());
    let expected = inclusion_proof(&alike, at(MAX - 3), TreeSize::MAX).unwrap();
    assert_eq!(growth.inclusion_proof(at(MAX - 3)), Ok(expected));
    assert_eq!(growth.frontier(), alike.frontier(MAX));
}

#[test]
#[should_panic(expected = "no tree grows to 2^63 leaves")]
fn no_batch_goes_beyond_the_largest_tree() {
    Growth::new(&Alike::new().frontier(MAX - 5), vec![leaf(0); 6]);
}

proptest! {
    // A proof of 63 hashes has some 2,000 spoilt copies of 63 hashes each: few cases are many hashes.
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn proofs_of_large_trees_hold_and_their_spoilt_copies_do_not(
        (n, index, old) in (1..=MAX).prop_flat_map(|n| (Just(n), 0..n, 1..=n))
    ) {
        let alike = Alike::new();
        let new_root = root(&alike, size(n)).unwrap();
        let proof = inclusion_proof(&alike, at(index), size(n)).unwrap();
        let verdict = |proof: &[Hash]| verify_inclusion(&leaf(0), at(index), size(n), &new_root, proof);
        prop_assert_eq!(verdict(&proof), Ok(()));
        for (what, spoilt) in spoilt(&proof) {
            prop_assert!(verdict(&spoilt).is_err(), "{}", what);
        }

        let old_root = root(&alike, size(old)).unwrap();
        let proof = consistency_proof(&alike, size(old), size(n)).unwrap();
        let verdict = |proof: &[Hash]| verify_consistency(size(old), size(n), &old_root, &new_root, proof);
        prop_assert_eq!(verdict(&proof), Ok(()));
        for (what, spoilt) in spoilt(&proof) {
            prop_assert!(verdict(&spoilt).is_err(), "{}", what);
        }
    }
}

proptest! {
    #[test]
    fn no_strangers_input_panics_a_verifier(
        index: u64, old in 0..=MAX, new in 0..=MAX, count in 0..70_usize, path in "\\PC{0,40}"
    ) {
        let proof = vec![leaf(1); count];
        let _ = verify_inclusion(&leaf(0), at(index), size(new), &leaf(2), &proof);
        let _ = verify_consistency(size(old), size(new), &leaf(0), &leaf(2), &proof);
        let _ = Tile::parse_path(&path);
        let _ = Tile::parse_path(&format!("tile/{path}"));
        let _ = Tile::parse_path(&format!("tile/0/{path}"));
    }
}
