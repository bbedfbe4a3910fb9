//! Vectors of proofs of misbehaviour: the text.

use crate::forge::{Case, case, file};
use crate::keys::{TIME, TOWN, TestKey};
use crate::misbehaved::*;
use crate::stored::size;
use crate::vectors::{self, Refused};
use tlog::{
    Checkpoint, Hash, KeyKind, MISBEHAVIOR_BYTES_MAX, MalformedMisbehavior, MisbehaviorProof,
    Origin, root,
};

#[test]
fn a_proof_of_misbehaviour_is_one_text() {
    let about = "`file` is a proof of misbehaviour of this `kind` that accuses the key `accused`, whether it convicts or not.";
    file(
        "misbehavior/text",
        about,
        &["ARCHITECTURE.md, Proof of misbehaviour"],
        &text_cases(),
    );
    vectors::check("misbehavior/text", |case| {
        let proof = MisbehaviorProof::parse(case.text("file").as_bytes())?;
        assert_eq!(proof.to_string(), case.text("file"));
        Refused::unless_equal(&proof.kind().word(), &case.text("kind"))?;
        Refused::unless_equal(&proof.accused().to_string().as_str(), &case.text("accused"))
    });
}

#[test]
fn a_file_larger_than_its_limit_is_refused() {
    let mut bytes = same_size(&log()).into_bytes();
    bytes.resize(MISBEHAVIOR_BYTES_MAX, b'x');
    assert_ne!(
        MisbehaviorProof::parse(&bytes),
        Err(MalformedMisbehavior::TooLarge)
    );
    bytes.push(b'x');
    assert_eq!(
        MisbehaviorProof::parse(&bytes),
        Err(MalformedMisbehavior::TooLarge)
    );
    let mut latin = same_size(&log()).into_bytes();
    latin.push(0xff);
    assert_eq!(
        MisbehaviorProof::parse(&latin),
        Err(MalformedMisbehavior::NotUtf8)
    );
}

fn text_cases() -> Vec<Case> {
    let (log, log_pq, witness) = (log(), log_pq(), witness());
    let [a, b] = histories();
    let good = |name: &str, kind: &str, key: &TestKey, file: String| {
        case(name)
            .with("file", file)
            .with("kind", kind)
            .with("accused", key.vkey.to_string())
            .ok()
    };
    let bad = |name: &str, file: String, why: &str| case(name).with("file", file).refused(why);
    let base = same_size(&log);
    let change = |from: &str, to: &str| {
        assert!(base.contains(from), "{from}");
        base.replacen(from, to, 1)
    };
    let opened = prefix(&log, 9, 20);
    let change_opened = |from: &str, to: &str| {
        assert!(opened.contains(from), "{from}");
        opened.replacen(from, to, 1)
    };
    let shown = leaf_file(&log, 6, 9, 20);
    let tree_head = TestKey::new(TOWN, KeyKind::TreeHead);
    let length = |file: &str| {
        let start = file.find("note ").unwrap();
        String::from(&file[start..start + file[start..].find('\n').unwrap()])
    };
    let note_line = length(&base);
    let one_less = format!("note {}", note_line[5..].parse::<u64>().unwrap() - 1);
    let two_lines = {
        let head = head(&log, &a, 9, TIME);
        let twice = format!("{head}{}", &head[head.rfind('\u{2014}').unwrap()..]);
        made("same-size", &log, "", &[&twice, &head])
    };
    let extended = {
        let root = root(&a, size(9)).unwrap();
        let signed = Checkpoint::new(&Origin::new(TOWN).unwrap(), size(9), root);
        let text = format!("{}an extension\n", signed.text());
        let note = note_of(&log_pq, &signed, &text, TIME);
        made(
            "same-size",
            &log_pq,
            "",
            &[&note, &head(&log_pq, &b, 9, TIME)],
        )
    };
    vec![
        good("same-size", "same-size", &log, base.clone()),
        good(
            "same-size by ML-DSA-44",
            "same-size",
            &log_pq,
            same_size(&log_pq),
        ),
        good("empty", "empty", &log, empty(&log)),
        good("prefix", "prefix", &log, opened.clone()),
        good(
            "prefix with no hash is read",
            "prefix",
            &log,
            made(
                "prefix",
                &log,
                &format!("prefix-root {}\nproof 0\n", Hash::EMPTY_ROOT),
                &[&head(&log, &a, 9, TIME), &head(&log, &b, 9, TIME)],
            ),
        ),
        good("leaf", "leaf", &log, shown.clone()),
        good(
            "leaf with the largest index is read",
            "leaf",
            &log,
            shown.replacen("index 6", "index 18446744073709551615", 1),
        ),
        good(
            "rollback",
            "rollback",
            &witness,
            rollback(&witness, [TIME, TIME + 1]),
        ),
        bad("no bytes", String::new(), "NoEmptyLine"),
        bad("another version", change("@v1", "@v2"), "Version"),
        bad("a byte order mark", format!("\u{feff}{base}"), "Version"),
        bad(
            "carriage returns",
            base.replace('\n', "\r\n"),
            "NoEmptyLine",
        ),
        bad(
            "a kind that nobody knows",
            change("kind same-size", "kind sameness"),
            "Kind",
        ),
        bad(
            "framing: a foreign index entry, a kind that is reserved",
            change("kind same-size", "kind index-omission"),
            "Kind",
        ),
        bad(
            "a kind in capitals",
            change("kind same-size", "kind Same-Size"),
            "Kind",
        ),
        bad("no kind", change("kind same-size\n", ""), "Line"),
        bad(
            "the accused before the kind",
            base.replacen(
                &format!("kind same-size\naccused {}\n", log.vkey),
                &format!("accused {}\nkind same-size\n", log.vkey),
                1,
            ),
            "Line",
        ),
        bad(
            "an unknown line",
            change("\nnote ", "\nseen 2026-11-24\nnote "),
            "Line",
        ),
        bad(
            "an unknown line behind the notes' lengths",
            base.replacen("\n\n", "\nseen 2026-11-24\n\n", 1),
            "Line",
        ),
        bad(
            "an accused that is no vkey",
            base.replacen(&log.vkey.to_string(), TOWN, 1),
            "Accused(Parts)",
        ),
        bad(
            "framing: an RFC 6962 key, whose heads name no log",
            made(
                "same-size",
                &tree_head,
                "",
                &[
                    &head(&tree_head, &a, 9, TIME),
                    &head(&tree_head, &b, 9, TIME),
                ],
            ),
            "AccusedKind",
        ),
        bad(
            "same-size with one note",
            made("same-size", &log, "", &[&head(&log, &a, 9, TIME)]),
            "Line",
        ),
        bad(
            "empty with two notes",
            change("kind same-size", "kind empty"),
            "Line",
        ),
        bad(
            "prefix without hashes",
            change("kind same-size", "kind prefix"),
            "Line",
        ),
        bad(
            "same-size with hashes",
            change_opened("kind prefix", "kind same-size"),
            "Line",
        ),
        bad(
            "one hash fewer than stated",
            change_opened("proof 6\n", "proof 7\n"),
            "Hash",
        ),
        bad(
            "one hash more than stated",
            change_opened("proof 6\n", "proof 5\n"),
            "Line",
        ),
        bad(
            "64 hashes",
            made(
                "prefix",
                &log,
                &format!(
                    "prefix-root {}\n{}",
                    Hash::EMPTY_ROOT,
                    hashes(&[Hash::EMPTY_ROOT; 64])
                ),
                &[&head(&log, &a, 9, TIME), &head(&log, &b, 9, TIME)],
            ),
            "TooManyHashes",
        ),
        bad(
            "a number with a leading zero",
            change_opened("proof 6", "proof 06"),
            "Number",
        ),
        bad(
            "a number with a sign",
            change_opened("proof 6", "proof +6"),
            "Number",
        ),
        bad("two spaces", change_opened("proof 6", "proof  6"), "Number"),
        bad(
            "a space at the end",
            change_opened("proof 6\n", "proof 6 \n"),
            "Number",
        ),
        bad(
            "an index above 2^64",
            shown.replacen("index 6", "index 18446744073709551616", 1),
            "Number",
        ),
        bad(
            "a hash without padding",
            change_opened("=\nproof", "\nproof"),
            "Hash",
        ),
        bad(
            "a leaf missing",
            shown.replacen("leaf ", "hash ", 1),
            "Line",
        ),
        bad(
            "a note longer than stated",
            change(&note_line, &one_less),
            "Note(Note(NoFinalNewline))",
        ),
        bad(
            "notes shorter than stated",
            base.replace(&note_line, "note 9000"),
            "NoteLength",
        ),
        bad(
            "a length with a leading zero",
            change(&note_line, &note_line.replace("note ", "note 0")),
            "Number",
        ),
        bad(
            "a byte behind the last note",
            format!("{base}x"),
            "Trailing",
        ),
        bad(
            "a newline behind the last note",
            format!("{base}\n"),
            "Trailing",
        ),
        bad(
            "no note where one should be",
            made("empty", &log, "", &["no note\n"]),
            "Note(Note(NoBlankLine))",
        ),
        bad(
            "a note that is no checkpoint",
            made(
                "empty",
                &log,
                "",
                &[&head(&log, &a, 9, TIME).replacen("\n9\n", "\n09\n", 1)],
            ),
            "Note(Size)",
        ),
        bad("two lines in a note", two_lines, "NoteLines"),
        bad(
            "extension lines that an ML-DSA-44 line does not sign",
            extended,
            "Extensions",
        ),
    ]
}
