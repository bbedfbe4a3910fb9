//! Attempts to frame an honest signer: none convicts.

use crate::keys::{TIME, TOWN, TestKey};
use crate::misbehavior_forks::{Branch, Remembered};
use crate::stored::{Stored, at, size};
use std::env;
use std::fmt::Write as _;
use tlog::{
    Checkpoint, Hash, KeyKind, MisbehaviorProof, Note, Origin, TwoHeads, consistency_proof,
    inclusion_proof, root,
};

/// The largest tree.
const SIZE: u64 = 80;

/// Files that are tried, unless `MISBEHAVIOR_FILES` says another number.
const FILES: u64 = 100_000;

#[test]
fn no_pair_of_honest_heads_proves_anything() {
    let (key, checks) = (TestKey::new(TOWN, KeyKind::Ed25519), Remembered::default());
    let log = Branch::honest(&key);
    for n in 0..=SIZE {
        for m in 0..=n {
            let heads = TwoHeads::of(&key.vkey, [log.head(m), log.head(n)], &checks).unwrap();
            assert_eq!(heads.alone(), None);
            assert_eq!(heads.by_reader(&log.tree).unwrap(), None);
            if m == 0 {
                continue;
            }
            let consistency = consistency_proof(&log.tree, size(m), size(n)).unwrap();
            assert_eq!(heads.by_consistency(&consistency), None);
            let index = m / 2;
            let path = inclusion_proof(&log.tree, at(index), size(n)).unwrap();
            let leaf = log.leaves[usize::try_from(index).unwrap()];
            assert_eq!(heads.by_inclusion(&leaf, at(index), &path), None);
        }
    }
}

#[test]
fn the_tiles_of_another_log_prove_nothing() {
    let (key, checks) = (TestKey::new(TOWN, KeyKind::Ed25519), Remembered::default());
    let log = Branch::honest(&key);
    let other = Branch::forked(&key, 2);
    for m in 1..SIZE {
        let heads = TwoHeads::of(&key.vkey, [log.head(m), log.head(SIZE)], &checks).unwrap();
        assert_eq!(heads.by_reader(&other.tree).unwrap(), None);
        let failing = consistency_proof(&other.tree, size(m), size(SIZE)).unwrap();
        assert_eq!(heads.by_consistency(&failing), None);
    }
}

#[test]
fn no_file_made_of_an_honest_signers_heads_convicts_it() {
    let files = env::var("MISBEHAVIOR_FILES").map_or(FILES, |files| files.parse().unwrap());
    let log = TestKey::new(TOWN, KeyKind::Ed25519);
    let witness = TestKey::new("witness.example/a", KeyKind::Cosignature);
    let modern = TestKey::new("witness.example/a", KeyKind::MlDsa44);
    let framed = [&log, &witness, &modern].map(Framed::of);
    let checks = Remembered::default();
    let (mut read, mut chance) = (0_u64, Chance(0x6e6f_7461_7279_6c6f));
    for number in 0..files {
        let signer = &framed[usize::try_from(number % 3).unwrap()];
        let mut file = signer.file(&mut chance).into_bytes();
        if chance.below(4) == 0 {
            let place = usize::try_from(chance.below(file.len() as u64)).unwrap();
            file[place] ^= 1 << chance.below(7);
        }
        let Ok(proof) = MisbehaviorProof::parse(&file) else {
            continue;
        };
        read += 1;
        assert!(
            proof.verify(&checks).is_err(),
            "file {number} convicts {}:\n{proof}",
            proof.accused()
        );
    }
    println!("{files} files, {read} of them well formed, none convicts");
    assert!(read > files / 4, "only {read} of {files} could be read");
}

/// An honest signer, and all that it ever signed.
struct Framed<'k> {
    key: &'k TestKey,
    tree: Stored,
    leaves: Vec<Hash>,
    heads: Vec<String>,
    /// Lines that state no time, about trees that are not the newest: only ML-DSA-44 has them.
    timeless: Vec<String>,
    /// Heads of another log under the same key.
    elsewhere: Vec<String>,
}

impl<'k> Framed<'k> {
    fn of(key: &'k TestKey) -> Self {
        let Branch { leaves, tree, .. } = Branch::honest(key);
        let signed = |origin: &str, n: u64, time: u64| {
            let root = root(&tree, size(n)).unwrap();
            let head = Checkpoint::new(&Origin::new(origin).unwrap(), size(n), root);
            let note = Note::new(head.text(), vec![key.line(&head, time)]);
            note.unwrap().to_string()
        };
        let sizes = || 0..=SIZE;
        let timeless = match key.vkey.kind() {
            KeyKind::MlDsa44 => sizes().map(|n| signed(TOWN, n, 0)).collect(),
            _ => Vec::new(),
        };
        Self {
            key,
            heads: sizes().map(|n| signed(TOWN, n, TIME + n)).collect(),
            timeless,
            elsewhere: sizes()
                .map(|n| signed("log.example/elsewhere", n, TIME + 7 * n))
                .collect(),
            tree,
            leaves,
        }
    }

    /// A file of some kind, as a liar would make it.
    fn file(&self, chance: &mut Chance) -> String {
        let [m, n] = [chance.below(SIZE + 1), chance.below(SIZE + 1)];
        let notes = [self.note(m, chance), self.note(n, chance)];
        let (kind, lines) = match chance.below(6) {
            0 => ("same-size", String::new()),
            1 => ("empty", String::new()),
            2 => ("rollback", String::new()),
            3 => ("leaf", self.leaf(m, n, chance)),
            4 => ("index-omission", String::new()),
            _ => ("prefix", self.prefix(m, n, chance)),
        };
        let notes = if kind == "empty" { &notes[..1] } else { &notes };
        let mut lengths = String::new();
        for note in notes {
            writeln!(lengths, "note {}", note.len()).unwrap();
        }
        format!(
            "notarylog/misbehavior-proof@v1\nkind {kind}\naccused {}\n{lines}{lengths}\n{}",
            self.key.vkey,
            notes.concat()
        )
    }

    fn note(&self, n: u64, chance: &mut Chance) -> String {
        let place = usize::try_from(n).unwrap();
        match chance.below(8) {
            0 => self.elsewhere[place].clone(),
            1 if !self.timeless.is_empty() => self.timeless[place].clone(),
            _ => self.heads[place].clone(),
        }
    }

    fn prefix(&self, m: u64, n: u64, chance: &mut Chance) -> String {
        let (old, new) = (m.min(n), m.max(n));
        let proof = consistency_proof(&self.tree, size(old), size(new)).unwrap_or_default();
        let root = if chance.below(2) == 0 {
            root(&self.tree, size(old)).unwrap()
        } else {
            self.any_hash(chance)
        };
        format!("prefix-root {root}\n{}", self.hashes(proof, chance))
    }

    fn leaf(&self, m: u64, n: u64, chance: &mut Chance) -> String {
        let (smaller, larger) = (m.min(n).max(1), m.max(n).max(1));
        let index = chance.below(smaller);
        let mut leaf = || {
            let own = self.leaves[usize::try_from(index).unwrap()];
            if chance.below(2) == 0 {
                own
            } else {
                self.any_hash(chance)
            }
        };
        let leaves = [leaf(), leaf()];
        let mut path = |n| {
            let path = inclusion_proof(&self.tree, at(index), size(n)).unwrap();
            self.hashes(path, chance)
        };
        let paths = [path(smaller), path(larger)].concat();
        format!(
            "index {index}\nleaf {}\nleaf {}\n{paths}",
            leaves[0], leaves[1]
        )
    }

    /// A proof, one hash of it perhaps another, left out, or too much.
    fn hashes(&self, mut proof: Vec<Hash>, chance: &mut Chance) -> String {
        let place = usize::try_from(chance.below(proof.len() as u64 + 1)).unwrap();
        match chance.below(4) {
            0 if place < proof.len() => proof[place] = self.any_hash(chance),
            1 if place < proof.len() => drop(proof.remove(place)),
            2 => proof.insert(place, self.any_hash(chance)),
            _ => {}
        }
        let mut lines = format!("proof {}\n", proof.len());
        for hash in proof {
            writeln!(lines, "{hash}").unwrap();
        }
        lines
    }

    /// A hash of this log's, or of nothing.
    fn any_hash(&self, chance: &mut Chance) -> Hash {
        let n = chance.below(SIZE);
        match chance.below(3) {
            0 => self.leaves[usize::try_from(n).unwrap()],
            1 => root(&self.tree, size(n)).unwrap(),
            _ => Hash::of(&n.to_be_bytes()),
        }
    }
}

/// Numbers that look random and are the same in every run.
struct Chance(u64);

impl Chance {
    /// A number below this one; splitmix64.
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}
