//! Vectors of proofs of misbehaviour: whether they convict.

use crate::aws_lc::Both;
use crate::forge::{Case, case, file};
use crate::keys::{TIME, TOWN, TestKey};
use crate::misbehaved::*;
use crate::stored::{Stored, at, size};
use crate::vectors;
use tlog::{Checkpoint, Hash, KeyKind, MisbehaviorProof, consistency_proof, inclusion_proof, root};

#[test]
fn a_proof_of_misbehaviour_convicts_or_does_not() {
    let about = "`file`, a proof of misbehaviour, convicts the key that it names.";
    file(
        "misbehavior/verdict",
        about,
        &["ARCHITECTURE.md, Proof of misbehaviour"],
        &verdict_cases(),
    );
    vectors::check("misbehavior/verdict", |case| {
        let proof = MisbehaviorProof::parse(case.text("file").as_bytes()).unwrap();
        Ok(proof.verify(&Both)?)
    });
}

fn verdict_cases() -> Vec<Case> {
    let [a, b] = histories();
    let (log, log_pq, witness, witness_pq) = (log(), log_pq(), witness(), witness_pq());
    let good = |name: &str, file: String| case(name).with("file", file).ok();
    let bad = |name: &str, file: String, why: &str| case(name).with("file", file).refused(why);
    let twice =
        |kind, key: &TestKey, notes: [String; 2]| made(kind, key, "", &[&notes[0], &notes[1]]);
    let own = |m, n| {
        let proof = consistency_proof(&a, size(m), size(n)).unwrap();
        format!(
            "prefix-root {}\n{}",
            root(&a, size(m)).unwrap(),
            hashes(&proof)
        )
    };
    let honest_pair = |m, n| [head(&log, &a, m, TIME), head(&log, &a, n, TIME)];
    let foreign = |n, history| {
        note(
            &log,
            "log.example/elsewhere",
            n,
            root(history, size(n)).unwrap(),
            TIME,
        )
    };
    let other = TestKey::new("log.example/other", KeyKind::Ed25519);
    let extended = |history: &Stored| {
        let text = format!(
            "log.example/town\n9\n{}\nan extension\n",
            root(history, size(9)).unwrap()
        );
        note_of(&witness, &Checkpoint::parse(&text).unwrap(), &text, TIME)
    };
    let random = "prefix-root 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";
    let swapped = |file: &str, from: &str, to: &str| {
        assert!(file.contains(from));
        file.replacen(from, to, 1)
    };
    let leaf_lines = |index: u64, m: u64, n: u64, leaves: [Hash; 2]| {
        let path = |n| hashes(&inclusion_proof(&a, at(index), size(n)).unwrap());
        format!(
            "index {index}\nleaf {}\nleaf {}\n{}{}",
            leaves[0],
            leaves[1],
            path(m),
            path(n)
        )
    };
    let leaf_of = |lines: &str, m, n| {
        made(
            "leaf",
            &log,
            lines,
            &[&head(&log, &a, m, TIME), &head(&log, &a, n, TIME)],
        )
    };
    let place = |index: usize| a.level(0)[index];
    vec![
        good("same-size by a log's Ed25519 key", same_size(&log)),
        good("same-size by a log's ML-DSA-44 key", same_size(&log_pq)),
        good(
            "same-size by a witness's Ed25519 key: equivocation",
            same_size(&witness),
        ),
        good(
            "same-size by a witness's ML-DSA-44 key: equivocation",
            same_size(&witness_pq),
        ),
        good(
            "same-size of two empty trees",
            twice(
                "same-size",
                &log,
                [
                    note(&log, TOWN, 0, Hash::EMPTY_ROOT, TIME),
                    note(&log, TOWN, 0, Hash::of(b"x"), TIME),
                ],
            ),
        ),
        good(
            "same-size by lines that state no time: both trees are said to be consistent with all that was seen",
            twice(
                "same-size",
                &witness_pq,
                [head(&witness_pq, &a, 9, 0), head(&witness_pq, &b, 9, 0)],
            ),
        ),
        good(
            "same-size under an extension line that a cosignature signs",
            twice("same-size", &witness, [extended(&a), extended(&b)]),
        ),
        good(
            "an empty tree with another root, by a log's Ed25519 key",
            empty(&log),
        ),
        good(
            "an empty tree with another root, by a log's ML-DSA-44 key",
            empty(&log_pq),
        ),
        good(
            "an empty tree with another root, by a witness",
            empty(&witness),
        ),
        good(
            "prefix, one entry behind the fork",
            prefix(&log, FORK + 1, FORK + 2),
        ),
        good(
            "prefix, the smaller size a power of two",
            prefix(&log, 8, 20),
        ),
        good("prefix, both sizes powers of two", prefix(&log, 8, 16)),
        good(
            "prefix, the larger size a power of two",
            prefix(&log, 7, 16),
        ),
        good("prefix by a log's ML-DSA-44 key", prefix(&log_pq, 9, 20)),
        good("prefix by a witness", prefix(&witness, 9, 20)),
        good(
            "leaf: the first entry that differs",
            leaf_file(&log, FORK, 9, 20),
        ),
        good(
            "leaf: the last entry of both trees",
            leaf_file(&log, 19, 20, 20),
        ),
        good("leaf: trees of one size", leaf_file(&log, 6, 13, 13)),
        good(
            "leaf by a witness's ML-DSA-44 key",
            leaf_file(&witness_pq, 7, 8, 9),
        ),
        good(
            "rollback by a witness's Ed25519 key",
            rollback(&witness, [TIME, TIME + 1]),
        ),
        good(
            "rollback by a witness's ML-DSA-44 key",
            rollback(&witness_pq, [TIME, TIME + 1]),
        ),
        good(
            "rollback by a log's ML-DSA-44 key",
            rollback(&log_pq, [1, TIME]),
        ),
        good(
            "rollback to the empty tree",
            twice(
                "rollback",
                &witness,
                [
                    head(&witness, &a, 3, TIME),
                    note(&witness, TOWN, 0, Hash::EMPTY_ROOT, TIME + 9),
                ],
            ),
        ),
        good(
            "rollback that is also a fork",
            twice(
                "rollback",
                &witness,
                [
                    head(&witness, &a, 12, TIME),
                    head(&witness, &b, 9, TIME + 1),
                ],
            ),
        ),
        bad(
            "framing: one head twice",
            twice("same-size", &log, honest_pair(9, 9)),
            "SameRoot",
        ),
        bad(
            "framing: two sizes called one",
            twice("same-size", &log, honest_pair(8, 9)),
            "Sizes",
        ),
        bad(
            "framing: the empty tree as it is",
            made(
                "empty",
                &log,
                "",
                &[&note(&log, TOWN, 0, Hash::EMPTY_ROOT, TIME)],
            ),
            "EmptyRoot",
        ),
        bad(
            "framing: a tree that is not empty",
            made("empty", &log, "", &[&head(&log, &a, 1, TIME)]),
            "Sizes",
        ),
        bad(
            "framing: from the empty tree, which opens nothing",
            made(
                "prefix",
                &log,
                &format!("{random}proof 0\n"),
                &[
                    &note(&log, TOWN, 0, Hash::EMPTY_ROOT, TIME),
                    &head(&log, &a, 9, TIME),
                ],
            ),
            "Sizes",
        ),
        bad(
            "framing: from the empty tree with another root than the proof's",
            made(
                "prefix",
                &log,
                &format!("prefix-root {}\nproof 0\n", Hash::of(b"x")),
                &[
                    &note(&log, TOWN, 0, Hash::EMPTY_ROOT, TIME),
                    &head(&log, &a, 9, TIME),
                ],
            ),
            "Sizes",
        ),
        bad(
            "framing: a proof of random hashes",
            made(
                "prefix",
                &log,
                &format!(
                    "{random}{}",
                    hashes(&vec![
                        Hash::of(b"1");
                        consistency_proof(&a, size(7), size(9)).unwrap().len()
                    ])
                ),
                &[&head(&log, &a, 7, TIME), &head(&log, &a, 9, TIME)],
            ),
            "Proof(WrongOldRoot)",
        ),
        bad(
            "framing: a random prefix before a power of two",
            made(
                "prefix",
                &log,
                &format!(
                    "{random}{}",
                    hashes(&consistency_proof(&a, size(8), size(16)).unwrap())
                ),
                &[&head(&log, &a, 8, TIME), &head(&log, &a, 16, TIME)],
            ),
            "Proof(WrongRoot)",
        ),
        bad(
            "framing: an honest consistency proof",
            made(
                "prefix",
                &log,
                &own(9, 20),
                &[&head(&log, &a, 9, TIME), &head(&log, &a, 20, TIME)],
            ),
            "SameRoot",
        ),
        bad(
            "framing: the prefix of another size",
            made(
                "prefix",
                &log,
                &own(11, 20),
                &[&head(&log, &a, 9, TIME), &head(&log, &a, 20, TIME)],
            ),
            "Proof(WrongOldRoot)",
        ),
        bad(
            "framing: the larger tree first",
            made(
                "prefix",
                &log,
                &own(9, 20),
                &[&head(&log, &a, 20, TIME), &head(&log, &a, 9, TIME)],
            ),
            "Order",
        ),
        bad(
            "framing: a prefix of the same size",
            made(
                "prefix",
                &log,
                &own(9, 9),
                &[&head(&log, &a, 9, TIME), &head(&log, &b, 9, TIME)],
            ),
            "Sizes",
        ),
        bad(
            "framing: a hash too much",
            swapped(
                &prefix(&log, 9, 20),
                "proof 6\n",
                &format!("proof 7\n{}\n", Hash::EMPTY_ROOT),
            ),
            "Proof(TooLong)",
        ),
        bad(
            "framing: crossed signing, the second note by another key",
            twice(
                "same-size",
                &log,
                [
                    head(&log, &a, 9, TIME),
                    note(&other, TOWN, 9, root(&b, size(9)).unwrap(), TIME),
                ],
            ),
            "Signature(OtherKey)",
        ),
        bad(
            "framing: crossed signing, another key's signature under the accused's name",
            twice(
                "same-size",
                &log,
                [
                    head(&log, &a, 9, TIME),
                    note_of(
                        &log,
                        &Checkpoint::parse(&format!("{TOWN}\n8\n{}\n", root(&b, size(8)).unwrap()))
                            .unwrap(),
                        &format!("{TOWN}\n9\n{}\n", root(&b, size(9)).unwrap()),
                        TIME,
                    ),
                ],
            ),
            "Signature(Signature)",
        ),
        bad(
            "framing: two logs with one key",
            twice("same-size", &log, [head(&log, &a, 9, TIME), foreign(9, &b)]),
            "Origins",
        ),
        bad(
            "framing: a log's key under another log's head",
            twice("same-size", &log, [foreign(9, &a), foreign(9, &b)]),
            "NotItsLog",
        ),
        bad(
            "framing: a witness's head of two logs",
            twice(
                "rollback",
                &witness,
                [
                    note(
                        &witness,
                        "log.example/elsewhere",
                        12,
                        root(&a, size(12)).unwrap(),
                        TIME,
                    ),
                    head(&witness, &a, 7, TIME + 1),
                ],
            ),
            "Origins",
        ),
        bad(
            "framing: one leaf called two",
            leaf_of(&leaf_lines(3, 9, 20, [place(3); 2]), 9, 20),
            "SameLeaf",
        ),
        bad(
            "framing: a leaf that is in neither tree",
            leaf_of(&leaf_lines(3, 9, 20, [place(3), Hash::of(b"x")]), 9, 20),
            "Proof(WrongRoot)",
        ),
        bad(
            "framing: an index outside the smaller tree",
            leaf_of(
                &swapped(
                    &leaf_lines(8, 9, 20, [place(8), Hash::of(b"x")]),
                    "index 8",
                    "index 9",
                ),
                9,
                20,
            ),
            "Proof(OutOfRange)",
        ),
        bad(
            "framing: leaves of the larger tree first",
            leaf_of(&leaf_lines(3, 20, 9, [place(3), Hash::of(b"x")]), 20, 9),
            "Order",
        ),
        bad(
            "framing: a later line that states no time, as for any subtree",
            rollback(&witness_pq, [TIME, 0]),
            "NoTime",
        ),
        bad(
            "framing: an earlier line that states no time",
            rollback(&witness_pq, [0, TIME]),
            "NoTime",
        ),
        bad(
            "framing: a cosignature of time zero",
            rollback(&witness, [0, TIME]),
            "NoTime",
        ),
        bad(
            "framing: a log's Ed25519 key, which states no time",
            rollback(&log, [TIME, TIME + 1]),
            "NoTime",
        ),
        bad(
            "framing: both heads in one second",
            rollback(&witness, [TIME, TIME]),
            "Order",
        ),
        bad(
            "framing: the later head first",
            rollback(&witness, [TIME + 1, TIME]),
            "Order",
        ),
        bad(
            "framing: a tree that grew",
            twice(
                "rollback",
                &witness,
                [
                    head(&witness, &a, 7, TIME),
                    head(&witness, &a, 12, TIME + 1),
                ],
            ),
            "Forward",
        ),
        bad(
            "framing: a tree that stood still",
            twice(
                "rollback",
                &witness,
                [head(&witness, &a, 7, TIME), head(&witness, &a, 7, TIME + 1)],
            ),
            "Forward",
        ),
    ]
}
