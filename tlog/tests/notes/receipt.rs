//! Vectors of receipts: the text, and what it proves; and the limits that no vector shows.

use crate::aws_lc::Both;
use crate::forge::{Case, case, file};
use crate::judgement::Because;
use crate::keys::{TIME, TOWN, TestKey, checkpoint, log, note, witness};
use crate::vectors::{self, Refused};
use tlog::{
    Checkpoint, Frontier, Growth, Hash, KeyKind, LeafIndex, MalformedReceipt, Note, Origin,
    PROOF_LINES_MAX, Policy, RECEIPT_BYTES_MAX, Receipt, Refusal,
};

#[test]
fn a_receipt_is_one_text() {
    let about = "`proof` (or the bytes `proof_hex`) is a tlog-proof with this `index`, these `hashes` and, as hex, this `extra` data, if any.";
    let spec = ["https://c2sp.org/tlog-proof#format"];
    file("proof/proof", about, &spec, &text_cases());
    vectors::check("proof/proof", |case| {
        let bytes = case.optional("proof").map_or_else(
            || case.bytes("proof_hex"),
            |proof| proof.as_bytes().to_vec(),
        );
        let receipt = Receipt::parse(&bytes)?;
        assert_eq!(receipt.to_string().as_bytes(), bytes);
        let extra = receipt.extra().map(hex::encode);
        Refused::unless_equal(&extra.as_deref(), &case.optional("extra"))?;
        Refused::unless_equal(&receipt.index(), &case.index("index")?)?;
        Refused::unless_equal(&receipt.proof(), &case.hashes("hashes")?.as_slice())
    });
}

#[test]
fn a_receipt_proves_an_entry_under_a_policy() {
    let about = "`proof` proves, under `policy`, that the bytes `entry` are in the log.";
    let spec = ["https://c2sp.org/tlog-proof#verifying-a-tlog-proof"];
    file("proof/verify", about, &spec, &verify_cases());
    vectors::check("proof/verify", |case| {
        let policy = Policy::parse(case.text("policy").as_bytes())?;
        let receipt = Receipt::parse(case.text("proof").as_bytes())?;
        let leaf = Hash::of_leaf(&case.bytes("entry"));
        let verdict = receipt
            .verify(&policy, &leaf, &Both)
            .map_err(Because::from)?;
        assert_eq!(verdict.checkpoint(), receipt.checkpoint());
        Ok(())
    });
}

#[test]
fn sixty_three_hashes_are_read_and_one_more_is_refused() {
    let note = log(TOWN).note(&checkpoint(), &[]);
    let made = |hashes| {
        Receipt::new(
            None,
            LeafIndex::new(0),
            vec![Hash::EMPTY_ROOT; hashes],
            note.clone(),
        )
    };
    let full = made(PROOF_LINES_MAX).unwrap();
    assert_eq!(
        Receipt::parse(full.to_string().as_bytes()),
        Ok(full.clone())
    );
    assert_eq!(
        made(PROOF_LINES_MAX + 1),
        Err(MalformedReceipt::TooManyHashes)
    );
    let over =
        full.to_string()
            .replacen("index 0\n", &format!("index 0\n{}\n", Hash::EMPTY_ROOT), 1);
    assert_eq!(
        Receipt::parse(over.as_bytes()),
        Err(MalformedReceipt::TooManyHashes)
    );
}

#[test]
fn a_receipt_larger_than_its_limit_is_refused() {
    let note = log(TOWN).note(&checkpoint(), &[]);
    let made = |len| Receipt::new(Some(vec![7; len]), LeafIndex::new(0), vec![], note.clone());
    let large = made(700_000).unwrap();
    assert_eq!(Receipt::parse(large.to_string().as_bytes()), Ok(large));
    assert_eq!(made(RECEIPT_BYTES_MAX), Err(MalformedReceipt::TooLarge));
    assert_eq!(
        Receipt::parse(&vec![b'x'; RECEIPT_BYTES_MAX + 1]),
        Err(MalformedReceipt::TooLarge)
    );
}

#[test]
fn a_verdict_on_a_receipt_lists_the_log_keys_that_the_caller_knows() {
    let (town, tree) = (log(TOWN), Tree::new(5));
    let policy = Policy::unwitnessed(&town.ml_dsa.vkey, None).unwrap();
    let receipt = tree.receipt(3, town.note(&tree.head, &[]));
    let also = [town.tree_head.vkey.clone()];
    let leaf = Hash::of_leaf(&Tree::entry(3));
    let verdict = receipt.verify_with(&policy, &leaf, &also, &Both).unwrap();
    assert!(verdict.require_log_kind(KeyKind::TreeHead).is_ok());
    let other = Hash::of_leaf(&Tree::entry(2));
    assert!(matches!(
        receipt.verify_with(&policy, &other, &also, &Both),
        Err(Refusal::Inclusion(_))
    ));
}

/// A small tree of the log, its head and its proofs.
struct Tree {
    growth: Growth,
    head: Checkpoint,
}

impl Tree {
    fn new(size: u64) -> Self {
        let leaves = (0..size)
            .map(|index| Hash::of_leaf(&Self::entry(index)))
            .collect();
        let growth = Growth::new(&Frontier::empty(), leaves);
        let head = Checkpoint::new(&Origin::new(TOWN).unwrap(), growth.after(), growth.root());
        Self { growth, head }
    }

    fn entry(index: u64) -> Vec<u8> {
        format!("entry {index}").into_bytes()
    }

    fn receipt(&self, index: u64, note: Note) -> Receipt {
        let index = LeafIndex::new(index);
        let proof = self.growth.inclusion_proof(index).unwrap();
        Receipt::new(None, index, proof, note).unwrap()
    }
}

fn text_cases() -> Vec<Case> {
    // The proof that c2sp.org/tlog-proof prints. It leaves out its signatures and cuts its extra data; the note below is
    // by a test key.
    let fancy = TestKey::new("example.com/fancylog", KeyKind::Ed25519);
    let head = "example.com/fancylog\n109482\nsFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=\n";
    let head = Checkpoint::parse(head).unwrap();
    let note = note(head.text(), &[fancy.line(&head, 0)]).to_string();
    let hashes = [
        "gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=",
        "B95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=",
        "EKNzoDWG8LGC0Yp9o+sv3qllpMP9uHQ9B20KNL+Q1zs=",
        "RoopEkOdqkYqMB4MJXrbt/hMjOxsVn0IrWjpz1ZMMes=",
        "AHCioX9nLjsrse6YhjRRmk1WUEirVOLLRoOQ6vfO5vk=",
    ];
    let five = format!("{}\n", hashes.join("\n"));
    let hex_of = |text: &&str| hex::encode(Hash::from_base64(text).unwrap().as_bytes());
    let good = |name: &str, text: &str, index: &str, hashes: &[&str]| {
        case(name)
            .with("proof", text)
            .with("index", index)
            .with("hashes", hashes.iter().map(hex_of).collect::<Vec<_>>())
    };
    let bad = |name: &str, text: &str, why: &str| case(name).with("proof", text).refused(why);
    let first = "c2sp.org/tlog-proof@v1";
    let extra = "extra YWdlLXYxLjIuMS1kYXJ3aW4tYXJtNjQudGFyLmd6";
    let whole = format!("{first}\n{extra}\nindex 73894\n{five}\n{note}");
    let plain = |index: &str| format!("{first}\nindex {index}\n\n{note}");
    let index = |name: &str, index: &str| bad(name, &plain(index), "Index");
    let with_extra =
        |name: &str, line: &str, why: &str| bad(name, &whole.replace(extra, line), why);
    vec![
        good(
            "c2sp.org/tlog-proof: the example, with extra data and note of our own",
            &whole,
            "73894",
            &hashes,
        )
        .with_bytes("extra", b"age-v1.2.1-darwin-arm64.tar.gz")
        .ok(),
        good(
            "no extra data",
            &whole.replace(&format!("{extra}\n"), ""),
            "73894",
            &hashes,
        )
        .ok(),
        good("no hashes: a tree of one entry", &plain("0"), "0", &[]).ok(),
        good(
            "an index of 2^64 - 1 is read, and lies in no tree",
            &plain("18446744073709551615"),
            "18446744073709551615",
            &[],
        )
        .ok(),
        bad("no bytes", "", "NoEmptyLine"),
        bad("another version", &whole.replace("@v1", "@v2"), "Version"),
        bad("a line before the first", &format!("x\n{whole}"), "Version"),
        bad(
            "an empty line before the first",
            &format!("\n{whole}"),
            "Version",
        ),
        bad("a byte order mark", &format!("\u{feff}{whole}"), "Version"),
        bad(
            "carriage returns",
            &whole.replace('\n', "\r\n"),
            "NoEmptyLine",
        ),
        with_extra("an empty extra line", "extra ", "Extra"),
        with_extra("the word extra alone", "extra", "Index"),
        with_extra("two spaces after extra", "extra  YQ==", "Extra"),
        with_extra("extra data with stray final bits", "extra YR==", "Extra"),
        with_extra("extra data without padding", "extra YQ", "Extra"),
        with_extra("extra data in base64 of URLs", "extra _w==", "Extra"),
        with_extra("two extra lines", &format!("{extra}\n{extra}"), "Index"),
        with_extra("an unknown line before the index", "note x", "Index"),
        bad(
            "extra after the index",
            &format!("{first}\nindex 1\n{extra}\n\n{note}"),
            "Hash",
        ),
        bad(
            "no index",
            &format!("{first}\n{extra}\n{five}\n{note}"),
            "Index",
        ),
        bad(
            "nothing between version and checkpoint",
            &format!("{first}\n\n{note}"),
            "Index",
        ),
        index("an index with a leading zero", "07"),
        index("an index with a plus", "+7"),
        index("a negative index", "-7"),
        index("an index with a space after it", "7 "),
        index("two spaces before the index", " 7"),
        index("an empty index", ""),
        index("an index of 2^64", "18446744073709551616"),
        bad(
            "a hash of 31 bytes",
            &whole.replace(hashes[0], "gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPg=="),
            "Hash",
        ),
        bad(
            "a hash with stray final bits",
            &whole.replace(hashes[0], "gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlR="),
            "Hash",
        ),
        bad(
            "a hash with a space after it",
            &whole.replace(hashes[0], &format!("{} ", hashes[0])),
            "Hash",
        ),
        bad(
            "an unknown line among the hashes",
            &whole.replace(hashes[4], "x"),
            "Hash",
        ),
        bad(
            "no empty line above the checkpoint",
            &format!("{first}\nindex 73894\n{five}{note}"),
            "Hash",
        ),
        bad(
            "two empty lines above the checkpoint",
            &format!("{first}\nindex 7\n\n\n{note}"),
            "Checkpoint(EmptyLine)",
        ),
        bad(
            "no checkpoint",
            &format!("{first}\nindex 7\n\n"),
            "Note(NoBlankLine)",
        ),
        bad(
            "a checkpoint without signatures",
            &format!("{first}\nindex 7\n\n{}", head.text()),
            "Note(NoBlankLine)",
        ),
        bad(
            "a note that is no checkpoint",
            &format!("{first}\nindex 7\n\ntext\n\n{}", fancy.line(&head, 0)),
            "Checkpoint(Lines)",
        ),
        bad("no final newline", whole.trim_end(), "Note(NoFinalNewline)"),
        bad(
            "a line after the last signature",
            &format!("{whole}x\n"),
            "Note(SignatureLine(Dash))",
        ),
        case("extra data that are not UTF-8")
            .with_bytes(
                "proof_hex",
                [first.as_bytes(), b"\nextra \xff\n", plain("1").as_bytes()].concat(),
            )
            .refused("NotUtf8"),
    ]
}

fn verify_cases() -> Vec<Case> {
    let (town, a, b) = (log(TOWN), witness('a'), witness('b'));
    let policy = format!(
        "log {}\nwitness A {}\nwitness B {}\ngroup q all A B\nquorum q\n",
        town.ml_dsa.vkey, a.vkey, b.vkey
    );
    let cosigned = |head: &Checkpoint, witnesses: &[&TestKey]| {
        let mut lines = vec![town.ml_dsa.line(head, TIME)];
        lines.extend(witnesses.iter().map(|witness| witness.line(head, TIME)));
        note(head.text(), &lines)
    };
    let vector = |name: &str, index: u64, proof: &str| {
        case(name)
            .with("policy", policy.as_str())
            .with_bytes("entry", Tree::entry(index))
            .with("proof", proof)
    };
    let mut cases: Vec<Case> = [(1, 0), (2, 1), (5, 4), (7, 2), (300, 299)]
        .iter()
        .map(|&(size, index)| {
            let tree = Tree::new(size);
            let receipt = tree.receipt(index, cosigned(&tree.head, &[&a, &b]));
            vector(
                &format!("entry {index} of {size}"),
                index,
                &receipt.to_string(),
            )
            .ok()
        })
        .collect();
    let tree = Tree::new(7);
    let good = tree.receipt(2, cosigned(&tree.head, &[&a, &b]));
    let text = good.to_string();
    let with = |index: u64, proof: &[Hash]| {
        let index = LeafIndex::new(index);
        Receipt::new(None, index, proof.to_vec(), good.note().clone())
            .unwrap()
            .to_string()
    };
    let (proof, lone) = (good.proof(), tree.receipt(2, cosigned(&tree.head, &[&a])));
    let extra = Receipt::new(
        Some(b"anything".to_vec()),
        good.index(),
        proof.to_vec(),
        good.note().clone(),
    );
    let swapped = [proof[1], proof[0], proof[2]];
    let longer = [proof, &[Hash::EMPTY_ROOT]].concat();
    let later = Tree::new(8);
    let moved = Receipt::new(
        None,
        good.index(),
        proof.to_vec(),
        cosigned(&later.head, &[&a, &b]),
    );
    let lied = text.replacen(
        &tree.head.root().to_base64(),
        &later.head.root().to_base64(),
        1,
    );
    cases.extend([
        vector(
            "extra data prove nothing and do no harm",
            2,
            &extra.unwrap().to_string(),
        )
        .ok(),
        vector("another entry", 3, &text).refused("Inclusion(WrongRoot)"),
        vector("another index", 2, &with(3, proof)).refused("Inclusion(WrongRoot)"),
        vector("an index beyond the tree", 2, &with(7, proof)).refused("Inclusion(OutOfRange)"),
        vector("a hash missing", 2, &with(2, &proof[..2])).refused("Inclusion(TooShort)"),
        vector("a hash more", 2, &with(2, &longer)).refused("Inclusion(TooLong)"),
        vector("two hashes exchanged", 2, &with(2, &swapped)).refused("Inclusion(WrongRoot)"),
        vector(
            "the checkpoint of a later tree",
            2,
            &moved.unwrap().to_string(),
        )
        .refused("Inclusion(WrongRoot)"),
        vector("one witness of two", 2, &lone.to_string()).refused("Quorum(1 of 2, needs 2)"),
        vector("another root than was signed", 2, &lied).refused("BadSignature(Signature)"),
    ]);
    cases
}
