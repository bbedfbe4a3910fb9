//! Forked logs: every pair of heads that contradict each other is proven, in every way that the heads allow.

use crate::keys::{TIME, TOWN, TestKey};
use crate::stored::{Stored, at, leaf, leaves, size};
use std::cell::RefCell;
use std::collections::HashMap;
use tlog::{
    Checkpoint, Hash, KeyKind, MISBEHAVIOR_BYTES_MAX, MisbehaviorKind, MisbehaviorProof, Note,
    Origin, PureRust, SignatureChecks, TwoHeads, consistency_proof, inclusion_proof, root,
};

/// The largest tree: with every smaller one and every fork point, 85,320 forks.
const SIZE: u64 = 80;

#[test]
fn every_fork_of_small_trees_is_proven_by_the_tiles_of_the_larger() {
    let (key, checks) = (TestKey::new(TOWN, KeyKind::Ed25519), Remembered::default());
    let honest = Branch::honest(&key);
    let (mut forks, mut by_consistency, mut by_inclusion) = (0, 0, 0);
    for fork in 0..SIZE {
        let evil = Branch::forked(&key, fork);
        for n in fork + 1..=SIZE {
            assert_same_size(&honest, &evil, n, &checks);
            for m in fork + 1..n {
                let heads =
                    TwoHeads::of(&key.vkey, [honest.head(m), evil.head(n)], &checks).unwrap();
                let proof = heads.by_reader(&evil.tree).unwrap().unwrap();
                assert_eq!(proof.kind(), MisbehaviorKind::Prefix);
                assert_convicts(&proof, &checks);
                let failing = consistency_proof(&evil.tree, size(m), size(n)).unwrap();
                if m.is_power_of_two() {
                    assert_eq!(heads.by_consistency(&failing), None);
                    let path = inclusion_proof(&evil.tree, at(fork), size(n)).unwrap();
                    let made = heads.by_inclusion(
                        &evil.leaves[usize::try_from(fork).unwrap()],
                        at(fork),
                        &path,
                    );
                    assert_eq!(made.as_ref(), Some(&proof));
                    by_inclusion += 1;
                } else {
                    assert_eq!(heads.by_consistency(&failing).as_ref(), Some(&proof));
                    by_consistency += 1;
                }
                forks += 1;
            }
        }
    }
    println!(
        "{forks} forks, {by_consistency} by a failing proof, {by_inclusion} by an inclusion proof"
    );
    assert_eq!(forks, 85_320);
    assert_eq!(forks, by_consistency + by_inclusion);
}

#[test]
fn the_entry_that_differs_is_shown_at_every_fork() {
    let (key, checks) = (TestKey::new(TOWN, KeyKind::Ed25519), Remembered::default());
    let honest = Branch::honest(&key);
    for fork in [0, 1, 6, 7, 31, 32, 40] {
        let evil = Branch::forked(&key, fork);
        for (m, n) in [(fork + 1, fork + 1), (fork + 1, SIZE), (50, 70), (64, 65)] {
            let heads = TwoHeads::of(&key.vkey, [honest.head(m), evil.head(n)], &checks).unwrap();
            let path =
                |branch: &Branch, n| inclusion_proof(&branch.tree, at(fork), size(n)).unwrap();
            let place = usize::try_from(fork).unwrap();
            let differ = [honest.leaves[place], evil.leaves[place]];
            let paths = [path(&honest, m), path(&evil, n)];
            let proof = heads.by_leaf(at(fork), differ, paths.clone()).unwrap();
            assert_eq!(
                (proof.kind(), proof.index()),
                (MisbehaviorKind::Leaf, Some(at(fork)))
            );
            assert_convicts(&proof, &checks);
            assert_eq!(heads.by_leaf(at(fork), [differ[0]; 2], paths), None);
        }
    }
}

#[test]
fn a_witness_that_signs_both_sides_is_convicted_by_either_of_its_keys() {
    for kind in [KeyKind::Cosignature, KeyKind::MlDsa44] {
        let key = TestKey::new("witness.example/a", kind);
        let (honest, evil) = (Branch::honest(&key), Branch::forked(&key, 3));
        let heads = TwoHeads::of(&key.vkey, [evil.head(9), honest.head(6)], &PureRust).unwrap();
        assert_convicts(&heads.by_reader(&evil.tree).unwrap().unwrap(), &PureRust);
        let same = TwoHeads::of(&key.vkey, [evil.head(9), honest.head(9)], &PureRust).unwrap();
        assert_convicts(&same.alone().unwrap(), &PureRust);
    }
}

#[test]
fn a_tree_that_shrank_is_a_rollback() {
    let key = TestKey::new("witness.example/a", KeyKind::MlDsa44);
    let tree = Stored::of_size(9);
    let head = |n, time| signed(&key, &tree, n, time);
    let rolled = [head(9, TIME), head(6, TIME + 1)];
    let heads = TwoHeads::of(&key.vkey, [&rolled[1], &rolled[0]], &PureRust).unwrap();
    let proof = heads.alone().unwrap();
    assert_eq!(proof.kind(), MisbehaviorKind::Rollback);
    assert_eq!(proof.first().checkpoint().size(), size(9));
    assert_convicts(&proof, &PureRust);
    for times in [(TIME, TIME), (TIME + 1, TIME), (0, TIME), (TIME, 0), (0, 0)] {
        let heads = [head(9, times.0), head(6, times.1)];
        let heads = TwoHeads::of(&key.vkey, [&heads[0], &heads[1]], &PureRust).unwrap();
        assert_eq!(heads.alone(), None, "{times:?}");
    }
}

#[test]
fn an_empty_tree_with_another_root_convicts_alone() {
    let key = TestKey::new(TOWN, KeyKind::MlDsa44);
    let (evil, honest) = (empty(&key, Hash::of(b"x")), empty(&key, Hash::EMPTY_ROOT));
    let proof = MisbehaviorProof::of_empty(&key.vkey, &evil, &PureRust);
    let proof = proof.unwrap().unwrap();
    assert_eq!(proof.kind(), MisbehaviorKind::Empty);
    assert_eq!(proof.second(), None);
    assert_convicts(&proof, &PureRust);
    assert_eq!(
        MisbehaviorProof::of_empty(&key.vkey, &honest, &PureRust),
        Ok(None)
    );
}

#[test]
fn what_an_ml_dsa_line_does_not_sign_is_left_out_of_the_file() {
    let key = TestKey::new(TOWN, KeyKind::MlDsa44);
    let with_extension = |tree: &Stored| {
        let head = checkpoint(tree, 5);
        let line = key.line(&head, TIME);
        Note::new(format!("{}unsigned words\n", head.text()), vec![line]).unwrap()
    };
    let [a, b] =
        [Stored::of_size(5), Branch::forked(&key, 2).tree].map(|tree| with_extension(&tree));
    let proof = TwoHeads::of(&key.vkey, [&a, &b], &PureRust)
        .unwrap()
        .alone()
        .unwrap();
    assert!(!proof.to_string().contains("unsigned words"));
    assert_convicts(&proof, &PureRust);
}

#[test]
fn the_largest_proofs_stay_small() {
    for (kind, most) in [(KeyKind::Ed25519, 4_000), (KeyKind::MlDsa44, 12_000)] {
        let key = TestKey::new(TOWN, kind);
        let note = empty(&key, Hash::of(b"x")).to_string().len();
        // 30 hashes open a tree of 10^9 entries; sizes of ten digits, not one.
        let length = 2 * (note + 9) + 30 * 45 + key.vkey.to_string().len() + 150;
        assert!(length < most, "{length}");
        assert!(length < MISBEHAVIOR_BYTES_MAX);
    }
}

/// A log's history, each of its heads signed.
pub struct Branch {
    pub leaves: Vec<Hash>,
    pub tree: Stored,
    heads: Vec<Note>,
}

impl Branch {
    /// The history without a fault.
    pub fn honest(key: &TestKey) -> Self {
        Self::of(key, leaves(SIZE))
    }

    /// Another history from this entry on: entry and those behind it differ.
    pub fn forked(key: &TestKey, fork: u64) -> Self {
        let leaves = (0..SIZE).map(|index| {
            if index < fork {
                leaf(index)
            } else {
                Hash::of_leaf(format!("forged {index}").as_bytes())
            }
        });
        Self::of(key, leaves.collect())
    }

    /// The signed head of the tree of this size.
    pub fn head(&self, n: u64) -> &Note {
        &self.heads[usize::try_from(n).unwrap()]
    }

    fn of(key: &TestKey, leaves: Vec<Hash>) -> Self {
        let tree = Stored::of(leaves.clone());
        let heads = (0..=SIZE)
            .map(|n| signed(key, &tree, n, TIME + n))
            .collect();
        Self {
            leaves,
            tree,
            heads,
        }
    }
}

/// Signature checks that ask each question once: many pairs are made of few heads.
#[derive(Default)]
pub struct Remembered(RefCell<HashMap<Hash, bool>>);

impl Remembered {
    fn ask(&self, question: [&[u8]; 3], check: impl FnOnce() -> bool) -> bool {
        let key = Hash::of(&question.concat());
        *self.0.borrow_mut().entry(key).or_insert_with(check)
    }
}

impl SignatureChecks for Remembered {
    fn ed25519(&self, key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
        self.ask([key, message, signature], || {
            PureRust.ed25519(key, message, signature)
        })
    }

    fn p256(&self, key: &[u8], message: &[u8], signature: &[u8; 64]) -> bool {
        PureRust.p256(key, message, signature)
    }

    fn ml_dsa_44(&self, key: &[u8; 1312], message: &[u8], signature: &[u8; 2420]) -> bool {
        self.ask([key, message, signature], || {
            PureRust.ml_dsa_44(key, message, signature)
        })
    }
}

fn assert_same_size(honest: &Branch, evil: &Branch, n: u64, checks: &Remembered) {
    let key = TestKey::new(TOWN, KeyKind::Ed25519);
    let heads = TwoHeads::of(&key.vkey, [honest.head(n), evil.head(n)], checks).unwrap();
    let proof = heads.alone().unwrap();
    assert_eq!(proof.kind(), MisbehaviorKind::SameSize);
    assert_convicts(&proof, checks);
}

/// Convicts as a file does: read again, by a stranger.
fn assert_convicts(proof: &MisbehaviorProof, checks: &dyn SignatureChecks) {
    let read = MisbehaviorProof::parse(proof.to_string().as_bytes()).unwrap();
    assert_eq!(&read, proof);
    assert_eq!(read.verify(checks), Ok(()));
}

fn signed(key: &TestKey, tree: &Stored, n: u64, time: u64) -> Note {
    let head = checkpoint(tree, n);
    Note::new(head.text(), vec![key.line(&head, time)]).unwrap()
}

fn checkpoint(tree: &Stored, n: u64) -> Checkpoint {
    Checkpoint::new(
        &Origin::new(TOWN).unwrap(),
        size(n),
        root(tree, size(n)).unwrap(),
    )
}

fn empty(key: &TestKey, root: Hash) -> Note {
    let head = Checkpoint::new(&Origin::new(TOWN).unwrap(), size(0), root);
    Note::new(head.text(), vec![key.line(&head, TIME)]).unwrap()
}
