//! Consistency proofs between all trees of up to 130 leaves, and the rule of [`Latest`] that stands on them.

use crate::mutation::{flip, spoilt};
use crate::stored::{Stored, at, entry, leaf, size};
use ct_merkle::mem_backed_tree::MemoryBackedTree;
use sha2::Sha256;
use tlog::{
    BadProof, Hash, Latest, NotForward, ProofError, TreeSize, consistency_proof, fold_consistency,
    inclusion_proof, root, verify_consistency,
};

const SIZES: u64 = 130;

#[test]
fn proofs_are_those_of_another_implementation() {
    let stored = Stored::of_size(SIZES);
    let mut oracle = MemoryBackedTree::<Sha256, [u8; 8]>::new();
    for n in 0..=SIZES {
        if n > 0 {
            oracle.push(entry(n - 1));
        }
        let new_root = root(&stored, size(n)).unwrap();
        for m in 0..=n {
            let old_root = root(&stored, size(m)).unwrap();
            stored.asked();
            let proof = consistency_proof(&stored, size(m), size(n)).unwrap();
            assert_eq!(stored.asked(), 1, "a proof asks its store once");
            assert_eq!(
                verify_consistency(size(m), size(n), &old_root, &new_root, &proof),
                Ok(())
            );
            if m == 0 || m == n {
                assert!(proof.is_empty(), "{m} to {n}");
            } else {
                let added = usize::try_from(n - m).unwrap();
                let expected = oracle.prove_consistency(added).as_bytes().to_vec();
                assert_eq!(bytes(&proof), expected, "{m} to {n}");
            }
        }
    }
}

#[test]
fn every_spoilt_proof_is_refused() {
    let stored = Stored::of_size(SIZES);
    for (m, n) in pairs() {
        let (old_root, new_root, proof) = honest(&stored, m, n);
        for (what, spoilt) in spoilt(&proof) {
            let verdict = verify_consistency(size(m), size(n), &old_root, &new_root, &spoilt);
            match spoilt.len().cmp(&proof.len()) {
                std::cmp::Ordering::Less => {
                    assert_eq!(verdict, Err(BadProof::TooShort), "{m} to {n}: {what}");
                }
                std::cmp::Ordering::Equal => assert!(
                    matches!(verdict, Err(BadProof::WrongRoot | BadProof::WrongOldRoot)),
                    "{m} to {n}: {what}"
                ),
                std::cmp::Ordering::Greater => {
                    assert_eq!(verdict, Err(BadProof::TooLong), "{m} to {n}: {what}");
                }
            }
        }
    }
}

#[test]
fn a_proof_holds_for_its_own_roots_and_no_other_old_size() {
    let stored = Stored::of_size(SIZES);
    for (m, n) in pairs() {
        let (old_root, new_root, proof) = honest(&stored, m, n);
        let verdict =
            |old: &Hash, new: &Hash| verify_consistency(size(m), size(n), old, new, &proof).is_ok();
        assert!(!verdict(&flip(&old_root, 1), &new_root), "{m} to {n}");
        assert!(!verdict(&flip(&old_root, 1), &flip(&old_root, 1)) || m == n);
        if m > 0 {
            assert!(!verdict(&old_root, &flip(&new_root, 2)), "{m} to {n}");
        }
        if m < n && m > 0 {
            assert!(!verdict(&new_root, &old_root), "{m} to {n}: roots swapped");
            // Sizes that stand on the same path may share a proof, never with another tree's root.
            for other in (1..=n).filter(|other| *other != m) {
                let root = root(&stored, size(other)).unwrap();
                let verdict = verify_consistency(size(m), size(n), &root, &new_root, &proof);
                assert!(verdict.is_err(), "{m} to {n} with the root of {other}");
            }
        }
    }
}

#[test]
fn a_smaller_tree_extends_nothing_larger() {
    let stored = Stored::of_size(20);
    for (n, m) in pairs().filter(|(m, n)| m < n && *n <= 20) {
        let backwards = consistency_proof(&stored, size(m), size(n));
        assert_eq!(backwards, Err(ProofError::OutOfRange));
        let (small, large, proof) = honest(&stored, n, m);
        let verdict = verify_consistency(size(m), size(n), &large, &small, &proof);
        assert_eq!(verdict, Err(BadProof::OutOfRange), "{m} to {n}");
    }
}

#[test]
fn every_tree_extends_the_empty_one_by_the_empty_proof_alone() {
    let some = Hash::of_leaf(b"some");
    let verdict = |n, old: &Hash, new: &Hash, proof: &[Hash]| {
        verify_consistency(TreeSize::ZERO, size(n), old, new, proof)
    };
    let empty = Hash::EMPTY_ROOT;
    assert_eq!(verdict(0, &empty, &empty, &[]), Ok(()));
    assert_eq!(verdict(5, &empty, &some, &[]), Ok(()));
    assert_eq!(verdict(5, &some, &some, &[]), Err(BadProof::WrongOldRoot));
    assert_eq!(verdict(5, &empty, &some, &[some]), Err(BadProof::TooLong));
    assert_eq!(verdict(0, &some, &some, &[]), Err(BadProof::WrongOldRoot));
    assert_eq!(verdict(0, &empty, &some, &[]), Err(BadProof::WrongRoot));
    assert_eq!(
        fold_consistency(TreeSize::ZERO, size(5), &empty, &[]),
        Err(BadProof::OutOfRange)
    );
}

#[test]
fn a_folded_proof_gives_both_roots_that_it_leads_to() {
    let stored = Stored::of_size(40);
    for (m, n) in pairs().filter(|(m, n)| *m > 0 && *n <= 40) {
        let (old_root, new_root, proof) = honest(&stored, m, n);
        let folded = fold_consistency(size(m), size(n), &old_root, &proof);
        assert_eq!(folded, Ok((old_root, new_root)), "{m} to {n}");
        if m < n && !m.is_power_of_two() {
            let lie = Hash::of_leaf(b"a lie");
            let folded = fold_consistency(size(m), size(n), &lie, &proof);
            assert_eq!(folded, Ok((old_root, new_root)), "the proof alone tells");
        }
    }
}

#[test]
fn the_latest_head_only_goes_forward_by_proof() {
    let stored = Stored::of_size(SIZES);
    let mut latest = Latest::EMPTY;
    for n in [0, 1, 1, 2, 7, 8, 100, 130] {
        let (_, new_root, proof) = honest(&stored, latest.size().get(), n);
        latest = latest.advance(size(n), new_root, &proof).unwrap();
        assert_eq!((latest.size(), latest.root()), (size(n), new_root));
    }
    let (old_root, _, proof) = honest(&stored, 100, 130);
    let behind = latest.advance(size(100), old_root, &proof);
    assert_eq!(behind, Err(NotForward::Behind));
    let forked = latest.advance(size(130), old_root, &[]);
    assert_eq!(forked, Err(NotForward::Forked));
    let bad = latest.advance(size(131), leaf(131), &proof);
    assert!(matches!(bad, Err(NotForward::BadProof(_))));
    let with_an_extra_hash = latest.advance(size(130), latest.root(), &[old_root]);
    assert_eq!(
        with_an_extra_hash,
        Err(NotForward::BadProof(BadProof::TooLong))
    );
}

#[test]
fn a_leaf_proven_in_an_old_tree_is_not_thereby_in_a_forked_one() {
    // The new tree replaces one leaf of the old: no proof, taken from either, makes it an extension.
    let mut other_leaves = crate::stored::leaves(20);
    other_leaves[3] = Hash::of_leaf(b"replaced");
    let (stored, forked) = (Stored::of_size(20), Stored::of(other_leaves));
    for (m, n) in pairs().filter(|(m, n)| *m > 3 && m < n && *n <= 20) {
        let (old_root, _, honest_proof) = honest(&stored, m, n);
        let (_, forked_root, forked_proof) = honest(&forked, m, n);
        for proof in [honest_proof, forked_proof] {
            let verdict = verify_consistency(size(m), size(n), &old_root, &forked_root, &proof);
            assert!(verdict.is_err(), "{m} to {n}");
        }
    }
    let path = inclusion_proof(&stored, at(3), size(20)).unwrap();
    let forked_root = root(&forked, size(20)).unwrap();
    let verdict = tlog::verify_inclusion(&leaf(3), at(3), size(20), &forked_root, &path);
    assert_eq!(verdict, Err(BadProof::WrongRoot));
}

fn pairs() -> impl Iterator<Item = (u64, u64)> {
    (0..=SIZES).flat_map(|n| (0..=n).map(move |m| (m, n)))
}

fn honest(stored: &Stored, m: u64, n: u64) -> (Hash, Hash, Vec<Hash>) {
    (
        root(stored, size(m)).unwrap(),
        root(stored, size(n)).unwrap(),
        consistency_proof(stored, size(m), size(n)).unwrap(),
    )
}

fn bytes(proof: &[Hash]) -> Vec<u8> {
    proof.iter().flat_map(|hash| *hash.as_bytes()).collect()
}
