//! Inclusion proofs of all trees of up to 130 leaves.

use crate::mutation::{flip, spoilt};
use crate::stored::{Stored, at, leaf, leaves, mth, size};
use rs_merkle::{Hasher, MerkleTree};
use tlog::{
    BadProof, Hash, HashReader, NodeId, ProofError, fold_inclusion, inclusion_proof, root,
    verify_inclusion,
};

const SIZES: u64 = 130;

#[test]
fn roots_and_proofs_are_those_of_another_implementation() {
    let stored = Stored::of_size(SIZES);
    for n in 0..=SIZES {
        let oracle = oracle(n);
        let root = root(&stored, size(n)).unwrap();
        assert_eq!(root, mth(&leaves(n)), "root of {n}");
        if n > 0 {
            assert_eq!(root.as_bytes(), &oracle.root().unwrap(), "root of {n}");
        }
        stored.asked();
        for i in 0..n {
            let proof = inclusion_proof(&stored, at(i), size(n)).unwrap();
            assert_eq!(stored.asked(), 1, "a proof asks its store once");
            assert_eq!(proof, oracle_proof(&oracle, i), "leaf {i} of {n}");
            assert_eq!(
                verify_inclusion(&leaf(i), at(i), size(n), &root, &proof),
                Ok(())
            );
        }
    }
}

#[test]
fn every_spoilt_proof_is_refused() {
    let stored = Stored::of_size(SIZES);
    for n in 1..=SIZES {
        let root = root(&stored, size(n)).unwrap();
        for i in 0..n {
            let proof = inclusion_proof(&stored, at(i), size(n)).unwrap();
            for (what, spoilt) in spoilt(&proof) {
                let verdict = verify_inclusion(&leaf(i), at(i), size(n), &root, &spoilt);
                let expected = match spoilt.len().cmp(&proof.len()) {
                    std::cmp::Ordering::Less => BadProof::TooShort,
                    std::cmp::Ordering::Equal => BadProof::WrongRoot,
                    std::cmp::Ordering::Greater => BadProof::TooLong,
                };
                assert_eq!(verdict, Err(expected), "leaf {i} of {n}: {what}");
            }
        }
    }
}

#[test]
fn a_proof_holds_for_its_own_leaf_index_and_root_alone() {
    let stored = Stored::of_size(SIZES);
    for n in 1..=SIZES {
        let root = root(&stored, size(n)).unwrap();
        for i in 0..n {
            let proof = inclusion_proof(&stored, at(i), size(n)).unwrap();
            let verdict = |leaf: &Hash, index, root| {
                verify_inclusion(leaf, at(index), size(n), root, &proof).is_ok()
            };
            for other in (0..n).filter(|other| *other != i) {
                assert!(!verdict(&leaf(i), other, &root), "{i} as {other} of {n}");
            }
            assert!(!verdict(&flip(&leaf(i), 3), i, &root), "{i} of {n}");
            assert!(!verdict(&leaf(i), i, &flip(&root, 7)), "{i} of {n}");
        }
    }
}

#[test]
fn an_index_outside_the_tree_has_no_proof() {
    let stored = Stored::of_size(SIZES);
    for n in 0..=SIZES {
        let root = root(&stored, size(n)).unwrap();
        let last = inclusion_proof(&stored, at(n.saturating_sub(1)), size(n)).unwrap_or_default();
        for outside in [n, n + 1, 2 * n + 1, n | 1 << 32, u64::MAX] {
            assert_eq!(
                inclusion_proof(&stored, at(outside), size(n)),
                Err(ProofError::OutOfRange)
            );
            for proof in [&last[..], &[]] {
                let index = at(outside);
                let verdict = verify_inclusion(&leaf(outside), index, size(n), &root, proof);
                assert_eq!(verdict, Err(BadProof::OutOfRange), "{outside} of {n}");
            }
        }
    }
}

#[test]
fn a_folded_proof_gives_the_root_that_it_leads_to() {
    let stored = Stored::of_size(7);
    let proof = inclusion_proof(&stored, at(4), size(7)).unwrap();
    let root = root(&stored, size(7)).unwrap();
    assert_eq!(fold_inclusion(&leaf(4), at(4), size(7), &proof), Ok(root));
    let other = fold_inclusion(&leaf(5), at(4), size(7), &proof).unwrap();
    assert_ne!(other, root);
}

#[test]
fn a_store_that_fails_or_miscounts_makes_no_proof() {
    struct Broken(Result<usize, &'static str>);
    impl HashReader for Broken {
        type Error = &'static str;
        fn read_hashes(&self, _: &[NodeId]) -> Result<Vec<Hash>, &'static str> {
            self.0.map(|count| vec![Hash::EMPTY_ROOT; count])
        }
    }
    let ask = |broken| inclusion_proof(&broken, at(3), size(7));
    assert_eq!(ask(Broken(Err("disk"))), Err(ProofError::Read("disk")));
    for count in [0, 3, 5] {
        assert_eq!(ask(Broken(Ok(count))), Err(ProofError::WrongCount));
    }
    assert!(ask(Broken(Ok(4))).is_ok());
}

/// The tree of `rs_merkle`, with the prefix of RFC 6962 §2.1 before two children.
#[derive(Clone)]
pub struct Rfc6962;

impl Hasher for Rfc6962 {
    type Hash = [u8; 32];

    fn hash(data: &[u8]) -> [u8; 32] {
        *Hash::of(data).as_bytes()
    }

    fn concat_and_hash(left: &[u8; 32], right: Option<&[u8; 32]>) -> [u8; 32] {
        match right {
            Some(right) => Self::hash(&[&[1], &left[..], &right[..]].concat()),
            None => *left,
        }
    }
}

pub fn oracle(n: u64) -> MerkleTree<Rfc6962> {
    let leaves: Vec<[u8; 32]> = leaves(n).iter().map(|leaf| *leaf.as_bytes()).collect();
    MerkleTree::from_leaves(&leaves)
}

pub fn oracle_proof(oracle: &MerkleTree<Rfc6962>, index: u64) -> Vec<Hash> {
    let proof = oracle.proof(&[usize::try_from(index).unwrap()]);
    proof
        .proof_hashes()
        .iter()
        .copied()
        .map(Hash::new)
        .collect()
}
