//! Proofs of misbehaviour as texts, part by part: of a log whose two histories part, and of an honest one.

use crate::keys::{TIME, TOWN, TestKey};
use crate::stored::{Stored, at, leaf, leaves, size};
use std::fmt::Write as _;
use tlog::{Checkpoint, Hash, KeyKind, Note, Origin, consistency_proof, inclusion_proof, root};

/// How many entries both histories share.
pub const FORK: u64 = 5;

/// Two histories of 20 entries that part at the sixth.
pub fn histories() -> [Stored; 2] {
    let forged = |index| {
        if index < FORK {
            leaf(index)
        } else {
            Hash::of_leaf(format!("forged {index}").as_bytes())
        }
    };
    [
        Stored::of(leaves(20)),
        Stored::of((0..20).map(forged).collect()),
    ]
}

pub fn log() -> TestKey {
    TestKey::new(TOWN, KeyKind::Ed25519)
}

pub fn log_pq() -> TestKey {
    TestKey::new(TOWN, KeyKind::MlDsa44)
}

pub fn witness() -> TestKey {
    TestKey::new("witness.example/a", KeyKind::Cosignature)
}

pub fn witness_pq() -> TestKey {
    TestKey::new("witness.example/a", KeyKind::MlDsa44)
}

/// A head of a history, signed by the key at a time.
pub fn head(key: &TestKey, tree: &Stored, n: u64, time: u64) -> String {
    note(key, TOWN, n, root(tree, size(n)).unwrap(), time)
}

pub fn note(key: &TestKey, origin: &str, n: u64, root: Hash, time: u64) -> String {
    let head = Checkpoint::new(&Origin::new(origin).unwrap(), size(n), root);
    note_of(key, &head, &head.text(), time)
}

pub fn note_of(key: &TestKey, signed: &Checkpoint, text: &str, time: u64) -> String {
    let note = Note::new(text, vec![key.line(signed, time)]);
    note.unwrap().to_string()
}

/// A file of these parts.
pub fn made(kind: &str, accused: &TestKey, lines: &str, notes: &[&str]) -> String {
    let mut lengths = String::new();
    for note in notes {
        writeln!(lengths, "note {}", note.len()).unwrap();
    }
    format!(
        "notarylog/misbehavior-proof@v1\nkind {kind}\naccused {}\n{lines}{lengths}\n{}",
        accused.vkey,
        notes.concat()
    )
}

pub fn hashes(proof: &[Hash]) -> String {
    let mut lines = format!("proof {}\n", proof.len());
    for hash in proof {
        writeln!(lines, "{hash}").unwrap();
    }
    lines
}

pub fn same_size(key: &TestKey) -> String {
    let [a, b] = histories();
    made(
        "same-size",
        key,
        "",
        &[&head(key, &a, 9, TIME), &head(key, &b, 9, TIME)],
    )
}

pub fn empty(key: &TestKey) -> String {
    made(
        "empty",
        key,
        "",
        &[&note(key, TOWN, 0, Hash::of(b"x"), TIME)],
    )
}

/// The heads of the first history at m and of the second at n, with the second's prefix.
pub fn prefix(key: &TestKey, m: u64, n: u64) -> String {
    let [a, b] = histories();
    let opened = root(&b, size(m)).unwrap();
    let proof = consistency_proof(&b, size(m), size(n)).unwrap();
    let lines = format!("prefix-root {opened}\n{}", hashes(&proof));
    made(
        "prefix",
        key,
        &lines,
        &[&head(key, &a, m, TIME), &head(key, &b, n, TIME + 1)],
    )
}

pub fn leaf_file(key: &TestKey, index: u64, m: u64, n: u64) -> String {
    let [a, b] = histories();
    let path = |tree, n| inclusion_proof(tree, at(index), size(n)).unwrap();
    let own = [&a, &b].map(|tree| tree.level(0)[usize::try_from(index).unwrap()]);
    let lines = format!(
        "index {index}\nleaf {}\nleaf {}\n{}{}",
        own[0],
        own[1],
        hashes(&path(&a, m)),
        hashes(&path(&b, n))
    );
    made(
        "leaf",
        key,
        &lines,
        &[&head(key, &a, m, TIME), &head(key, &b, n, TIME + 1)],
    )
}

/// The honest history at 12, then at 7, at these times.
pub fn rollback(key: &TestKey, times: [u64; 2]) -> String {
    let [a, _] = histories();
    let notes = [head(key, &a, 12, times[0]), head(key, &a, 7, times[1])];
    made("rollback", key, "", &[&notes[0], &notes[1]])
}
