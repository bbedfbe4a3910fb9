//! Vectors of cosignatures: the bytes that they sign, and the lines.

use crate::aws_lc::Both;
use crate::forge::{Case, case, file};
use crate::judgement::{Because, written};
use crate::keys::{TIME, TestKey, checkpoint, foreign, note, witness, witness_pq};
use crate::vectors::{self, Refused};
use tlog::{
    Checkpoint, Hash, KeyKind, KeyName, Note, SignatureLine, TreeSize, Vkey, cosignature_line,
    cosignature_message, cosigned_message, verify_line,
};

/// The cosigned message of an Ed25519 cosigner that c2sp.org/tlog-cosignature prints.
const EXAMPLE: &str = "\
cosignature/v1
time 1679315147
example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
";

#[test]
fn an_ed25519_cosignature_signs_two_lines_and_the_checkpoint() {
    let about =
        "`message` is what an Ed25519 cosignature (0x04) of the checkpoint `text` signs at `time`.";
    let spec = ["https://c2sp.org/tlog-cosignature#ed25519-signed-message"];
    file(
        "cosignature/ed25519_message",
        about,
        &spec,
        &ed25519_message_cases(),
    );
    vectors::check("cosignature/ed25519_message", |case| {
        let message = cosignature_message(case.number("time"), case.text("text"));
        Refused::unless_equal(&message.as_slice(), &case.text("message").as_bytes())
    });
}

#[test]
fn an_ml_dsa_44_cosignature_signs_the_cosigned_message() {
    let about = "`message` is what an ML-DSA-44 cosignature (0x06) by `cosigner` signs at `time`: the leaves `start` to `end` of the log `origin` have the root `hash`.";
    let spec = ["https://c2sp.org/tlog-cosignature#ml-dsa-44-signed-message"];
    file(
        "cosignature/ml_dsa_message",
        about,
        &spec,
        &ml_dsa_message_cases(),
    );
    vectors::check("cosignature/ml_dsa_message", |case| {
        let cosigner = KeyName::new(case.text("cosigner")).unwrap();
        let message = cosigned_message(
            &cosigner,
            case.number("time"),
            case.text("origin"),
            case.number("start"),
            case.number("end"),
            &case.hash("hash")?,
        )?;
        Refused::unless_equal(&message, &case.bytes("message"))
    });
}

#[test]
fn a_cosignature_is_of_one_checkpoint_by_one_cosigner() {
    let about =
        "`note` has lines by the cosigner `vkey`, all of them verify, and they are `verified`.";
    let spec = ["https://c2sp.org/tlog-cosignature#format"];
    file("cosignature/line", about, &spec, &line_cases());
    vectors::check("cosignature/line", |case| {
        let vkey = Vkey::parse(case.text("vkey"))?;
        let note = Note::parse(case.text("note").as_bytes())?;
        let checkpoint = Checkpoint::parse(note.text())?;
        let mut verified = Vec::new();
        for line in note.lines() {
            match verify_line(&vkey, &checkpoint, note.text(), line, &Both) {
                Ok(line) => verified.push(written(&line)),
                Err(tlog::BadLine::OtherKey) => {}
                Err(bad) => return Err(bad.into()),
            }
        }
        if verified.is_empty() {
            return Err(Because::new("OtherKey").into());
        }
        let stated: Vec<String> = case
            .texts("verified")
            .iter()
            .map(ToString::to_string)
            .collect();
        Refused::unless_equal(&verified, &stated)
    });
}

fn ed25519_message_cases() -> Vec<Case> {
    let (_, text) = EXAMPLE.split_once("1679315147\n").unwrap();
    let vector = |name: &str, time: &str, text: &str, message: &str| {
        case(name)
            .with("time", time)
            .with("text", text)
            .with("message", message)
    };
    let head = "cosignature/v1\ntime ";
    vec![
        vector(
            "c2sp.org/tlog-cosignature: the example",
            "1679315147",
            text,
            EXAMPLE,
        )
        .ok(),
        vector(
            "the extension lines are signed",
            "1",
            &format!("{text}x\n"),
            &format!("{head}1\n{text}x\n"),
        )
        .ok(),
        vector("time zero", "0", text, &format!("{head}0\n{text}")).ok(),
        vector(
            "the latest time",
            "9223372036854775807",
            text,
            &format!("{head}9223372036854775807\n{text}"),
        )
        .ok(),
        vector(
            "without extension lines",
            "1",
            &format!("{text}x\n"),
            &format!("{head}1\n{text}"),
        )
        .refused("Differs"),
        vector(
            "without the final newline",
            "1",
            text,
            &format!("{head}1\n{}", text.trim_end()),
        )
        .refused("Differs"),
        vector(
            "a time with a leading zero",
            "1",
            text,
            &format!("{head}01\n{text}"),
        )
        .refused("Differs"),
        vector(
            "another header",
            "1",
            text,
            &format!("cosignature/v2\ntime 1\n{text}"),
        )
        .refused("Differs"),
    ]
}

fn ml_dsa_message_cases() -> Vec<Case> {
    let vector = |name: &str, cosigner: &str, origin: &str, start: u64, message: &[u8]| {
        case(name)
            .with("cosigner", cosigner)
            .with("time", "72623859790382856")
            .with("origin", origin)
            .with("start", start.to_string())
            .with("end", "4660")
            .with_bytes("hash", [7; 32])
            .with_bytes("message", message)
    };
    let made = |label: &[u8], cosigner: &str, origin: &str, start: u8| {
        let len = |name: &str| [u8::try_from(name.len()).unwrap()];
        [
            label,
            &len(cosigner),
            cosigner.as_bytes(),
            &[1, 2, 3, 4, 5, 6, 7, 8],
            &len(origin),
            origin.as_bytes(),
            &[0, 0, 0, 0, 0, 0, 0, start],
            &[0, 0, 0, 0, 0, 0, 0x12, 0x34],
            &[7; 32],
        ]
        .concat()
    };
    let label = b"subtree/v1\n\0";
    let (w, o) = ("witness.example", "log.example");
    let good = made(label, w, o, 0);
    let long = "n".repeat(255);
    vec![
        vector("of a checkpoint: start 0", w, o, 0, &good).ok(),
        vector("of a subtree: start 8", w, o, 8, &made(label, w, o, 8)).ok(),
        vector(
            "names of 255 bytes",
            &long,
            &long,
            0,
            &made(label, &long, &long, 0),
        )
        .ok(),
        vector(
            "lengths are of bytes: no ASCII",
            "日本",
            "ログ",
            0,
            &made(label, "日本", "ログ", 0),
        )
        .ok(),
        vector("a cosigner of 256 bytes", &format!("{long}n"), o, 0, &good).refused("NameTooLong"),
        vector("an origin of 256 bytes", w, &format!("{long}n"), 0, &good).refused("NameTooLong"),
        vector("an empty origin", w, "", 0, &good).refused("NameTooLong"),
        vector(
            "a label without its zero byte",
            w,
            o,
            0,
            &made(b"subtree/v1\n", w, o, 0),
        )
        .refused("Differs"),
        vector(
            "cosigner and origin exchanged",
            w,
            o,
            0,
            &made(label, o, w, 0),
        )
        .refused("Differs"),
        vector("another start", w, o, 0, &made(label, w, o, 1)).refused("Differs"),
        vector(
            "a byte after the end",
            w,
            o,
            0,
            &[good.clone(), vec![0]].concat(),
        )
        .refused("Differs"),
    ]
}

fn line_cases() -> Vec<Case> {
    let (a, pq) = (witness('a'), witness_pq('a'));
    let head = checkpoint();
    let vector = |name: &str, key: &TestKey, text: &str, lines: &[SignatureLine]| {
        case(name)
            .with("vkey", key.vkey.to_string())
            .with("note", note(text, lines).to_string())
    };
    let good = |name: &str, key: &TestKey, text: &str, lines: &[SignatureLine], times: &[&str]| {
        let (vkey, kind) = (&key.vkey, key.vkey.kind().byte());
        let verified: Vec<String> = times
            .iter()
            .map(|time| format!("{}+{} {kind:02x} {time}", vkey.name(), vkey.id()))
            .collect();
        vector(name, key, text, lines)
            .with("verified", verified)
            .ok()
    };
    let text = head.text();
    let extended = foreign(&format!("{text}an extension line\n"));
    let other_origin = foreign(&text.replacen("town", "city", 1));
    let now = format!("{TIME} s");
    // Signed by the cosigner, but something else than the line says.
    let at = |key: &TestKey, signed: u64, stated: u64| {
        let line = key.line(&head, signed);
        cosignature_line(&key.vkey, stated, &line.body()[8..])
    };
    // Another witness' ML-DSA-44 key that signs with the name of this one.
    let renamed = {
        let b = witness_pq('b');
        let message = cosigned_message(
            b.vkey.name(),
            TIME,
            head.origin(),
            0,
            head.size().get(),
            &head.root(),
        );
        let vkey = Vkey::new(
            KeyName::new("witness.example/z").unwrap(),
            KeyKind::MlDsa44,
            b.vkey.material(),
        )
        .unwrap();
        (
            cosignature_line(&vkey, TIME, &b.sign(&message.unwrap())),
            vkey,
        )
    };
    let subtree = {
        let message = cosigned_message(
            pq.vkey.name(),
            0,
            head.origin(),
            8,
            head.size().get(),
            &head.root(),
        );
        cosignature_line(&pq.vkey, 0, &pq.sign(&message.unwrap()))
    };
    let prefix = foreign(&format!(
        "{}\n1233\n{}\n",
        head.origin(),
        Hash::of(b"a root")
    ));
    assert_eq!(TreeSize::new(1233), Ok(prefix.size()));
    // Made with the secret scalar of a test key: S = k × a, so the equation holds with R the neutral element.
    let special = "witness.example/special+665cc374+BPglvBdp+4pKMM7KrQr30JIYIDXWEt7CAfTDcDXiID2v";
    let special = Vkey::parse(special).unwrap();
    let neutral = hex::decode(concat!(
        "0100000000000000000000000000000000000000000000000000000000000000",
        "27a26df94d2acc79958b0978f907b86e42f9a4fb9d1eff4feacf7b7004014909"
    ));
    let neutral = cosignature_line(&special, TIME, &neutral.unwrap());
    let bare = a.line_of(&a.sign(text.as_bytes()));
    vec![
        good("Ed25519", &a, &text, &[a.line(&head, TIME)], &[&now]),
        good("ML-DSA-44", &pq, &text, &[pq.line(&head, TIME)], &[&now]),
        good(
            "Ed25519, time zero",
            &a,
            &text,
            &[a.line(&head, 0)],
            &["0 s"],
        ),
        good(
            "ML-DSA-44, time zero: no time is stated",
            &pq,
            &text,
            &[pq.line(&head, 0)],
            &["-"],
        ),
        good(
            "the latest time",
            &a,
            &text,
            &[a.line(&head, (1 << 63) - 1)],
            &["9223372036854775807 s"],
        ),
        good(
            "Ed25519 signs extension lines",
            &a,
            &extended.text(),
            &[a.line(&extended, TIME)],
            &[&now],
        ),
        good(
            "ML-DSA-44 says nothing of extension lines",
            &pq,
            &extended.text(),
            &[pq.line(&head, TIME)],
            &[&now],
        ),
        good(
            "two lines by one cosigner",
            &a,
            &text,
            &[
                a.line(&head, TIME),
                witness('b').line(&head, 1),
                a.line(&head, 9),
            ],
            &[&now, "9 s"],
        ),
        vector("Ed25519, time 2^63", &a, &text, &[a.line(&head, 1 << 63)]).refused("Time"),
        vector(
            "ML-DSA-44, time 2^63",
            &pq,
            &text,
            &[pq.line(&head, 1 << 63)],
        )
        .refused("Time"),
        vector(
            "Ed25519, another time than was signed",
            &a,
            &text,
            &[at(&a, TIME, TIME + 1)],
        )
        .refused("Signature"),
        vector(
            "ML-DSA-44, another time than was signed",
            &pq,
            &text,
            &[at(&pq, TIME, TIME + 1)],
        )
        .refused("Signature"),
        vector(
            "ML-DSA-44, time zero over a time that was signed",
            &pq,
            &text,
            &[at(&pq, TIME, 0)],
        )
        .refused("Signature"),
        vector(
            "Ed25519, without the extension line",
            &a,
            &extended.text(),
            &[a.line(&head, TIME)],
        )
        .refused("Signature"),
        vector(
            "Ed25519, another origin",
            &a,
            &other_origin.text(),
            &[a.line(&head, TIME)],
        )
        .refused("Signature"),
        vector(
            "ML-DSA-44, another origin",
            &pq,
            &other_origin.text(),
            &[pq.line(&head, TIME)],
        )
        .refused("Signature"),
        vector(
            "ML-DSA-44, another size",
            &pq,
            &prefix.text(),
            &[pq.line(&head, TIME)],
        )
        .refused("Signature"),
        vector(
            "ML-DSA-44 of a subtree that does not begin at 0",
            &pq,
            &text,
            &[subtree],
        )
        .refused("Signature"),
        case("ML-DSA-44 signs the cosigner's name: the same key under another name")
            .with("vkey", renamed.1.to_string())
            .with("note", note(text.as_str(), &[renamed.0]).to_string())
            .refused("Signature"),
        vector(
            "an Ed25519 note signature in a cosigner's line",
            &a,
            &text,
            &[bare],
        )
        .refused("Form"),
        vector(
            "a good line and a bad one by one cosigner",
            &a,
            &text,
            &[a.line(&head, TIME), at(&a, TIME, 1)],
        )
        .refused("Signature"),
        case("R is the neutral element: one library would accept it")
            .with("vkey", special.to_string())
            .with("note", note(text.as_str(), &[neutral]).to_string())
            .refused("Signature"),
        vector(
            "no line by the cosigner",
            &a,
            &text,
            &[witness('b').line(&head, TIME)],
        )
        .refused("OtherKey"),
    ]
}
