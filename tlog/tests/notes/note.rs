//! Vectors of notes, and the limits that no vector shows.

use crate::aws_lc::Both;
use crate::forge::{Case, case, file};
use crate::judgement::Because;
use crate::keys::{TOWN, TestKey, checkpoint, witness, witness_pq};
use crate::vectors::{self, Refused};
use tlog::{
    KeyKind, KeyName, MalformedNote, NOTE_BYTES_MAX, Note, SIGNATURES_MAX, SignatureLine, Vkey,
    verify_text_line,
};

/// The verifier key that c2sp.org/signed-note prints.
pub const EXAMPLE_VKEY: &str =
    "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
/// The note that it verifies.
const EXAMPLE_NOTE: &str = "\
This is an example message.

— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=
";
const SPECIAL_VKEY: &str =
    "example.com/special+8b9a002e+AfglvBdp+4pKMM7KrQr30JIYIDXWEt7CAfTDcDXiID2v";
const EXAMPLE_LINE: &str = "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
/// The other note that it prints; its key is not published.
const POEM: &str = "\
Ognuno sta solo sul cuor della terra
trafitto da un raggio di sole:

ed è subito sera.

— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=
";

#[test]
fn a_note_is_a_text_and_its_signature_lines() {
    let about =
        "`note` (or the bytes `note_hex`) is a note with this `text` and lines by these `signers`.";
    let spec = ["https://c2sp.org/signed-note#format"];
    file("note/note", about, &spec, &note_cases());
    vectors::check("note/note", |case| {
        let bytes = case
            .optional("note")
            .map_or_else(|| case.bytes("note_hex"), |note| note.as_bytes().to_vec());
        let note = Note::parse(&bytes)?;
        assert_eq!(note.to_string().as_bytes(), bytes);
        let signers: Vec<String> = note
            .lines()
            .iter()
            .map(|line| format!("{}+{}", line.name(), line.id()))
            .collect();
        Refused::unless_equal(&note.text(), &case.text("text"))?;
        Refused::unless_equal(
            &signers,
            &case
                .texts("signers")
                .iter()
                .map(ToString::to_string)
                .collect(),
        )
    });
}

#[test]
fn a_line_over_any_text_is_an_ed25519_signature_of_it() {
    let about =
        "`note`, which need not be a checkpoint, has lines by `vkey`, and all of them verify.";
    let spec = ["https://c2sp.org/signed-note#signatures"];
    file("note/text_signature", about, &spec, &text_signature_cases());
    vectors::check("note/text_signature", |case| {
        let vkey = Vkey::parse(case.text("vkey"))?;
        let note = Note::parse(case.text("note").as_bytes())?;
        let by_key = |line: &&SignatureLine| line.name() == vkey.name() && line.id() == vkey.id();
        if !note.lines().iter().any(|line| by_key(&line)) {
            return Err(Because::new("OtherKey").into());
        }
        for line in note.lines().iter().filter(by_key) {
            verify_text_line(&vkey, note.text(), line, &Both)?;
        }
        Ok(())
    });
}

#[test]
fn a_hundred_signature_lines_are_read_and_one_more_is_refused() {
    let line = SignatureLine::new(
        KeyName::new("a.example").unwrap(),
        witness('a').vkey.id(),
        vec![1],
    );
    let line = line.unwrap();
    let full = Note::new("text\n", vec![line.clone(); SIGNATURES_MAX]).unwrap();
    assert_eq!(Note::parse(full.to_string().as_bytes()).as_ref(), Ok(&full));
    let over = format!("{full}{line}");
    assert_eq!(
        Note::parse(over.as_bytes()),
        Err(MalformedNote::TooManySignatures)
    );
    assert_eq!(full.with_line(line), Err(MalformedNote::TooManySignatures));
}

#[test]
fn a_note_larger_than_its_limit_is_refused() {
    let head = NOTE_BYTES_MAX - EXAMPLE_LINE.len() - 2;
    let fits = format!("{}\n\n{EXAMPLE_LINE}", "x".repeat(head));
    assert_eq!(fits.len(), NOTE_BYTES_MAX);
    let note = Note::parse(fits.as_bytes()).unwrap();
    assert_eq!(note.to_string(), fits);
    let line = note.lines()[0].clone();
    assert_eq!(note.with_line(line), Err(MalformedNote::TooLarge));
    assert_eq!(
        Note::parse(format!("x{fits}").as_bytes()),
        Err(MalformedNote::TooLarge)
    );
}

#[test]
fn a_witness_answer_is_read_without_a_note_around_it() {
    let lines = [
        witness('a').line(&checkpoint(), 7),
        witness_pq('a').line(&checkpoint(), 7),
    ];
    let answer = format!("{}{}", lines[0], lines[1]);
    assert_eq!(SignatureLine::parse_all(answer.as_bytes()).unwrap(), lines);
    for bad in ["", "\n", "x\n", answer.trim_end()] {
        assert!(SignatureLine::parse_all(bad.as_bytes()).is_err(), "{bad:?}");
    }
    let blank_line_inside = format!("{}\n{}", lines[0], lines[1]);
    assert!(SignatureLine::parse_all(blank_line_inside.as_bytes()).is_err());
}

#[test]
fn no_other_kind_signs_a_text_that_is_no_checkpoint() {
    for kind in [KeyKind::Cosignature, KeyKind::TreeHead, KeyKind::MlDsa44] {
        let key = TestKey::new(TOWN, kind);
        let line = key.line(&checkpoint(), 1);
        let text = checkpoint().text();
        assert!(verify_text_line(&key.vkey, &text, &line, &Both).is_err());
    }
}

fn note_cases() -> Vec<Case> {
    let signer = ["example.com/foo+530d903a"];
    let good = |name: &str, note: &str, text: &str, signers: &[&str]| {
        case(name)
            .with("note", note)
            .with("text", text)
            .with("signers", signers.to_vec())
            .ok()
    };
    let bad = |name: &str, note: &str, why: &str| case(name).with("note", note).refused(why);
    let line = |why: &str| format!("SignatureLine({why})");
    let with_line = |signature: &str| format!("text\n\n{signature}\n");
    let poem = POEM.rsplit_once("\n\n").unwrap().0;
    let sixteen = format!("text\n\n{}", EXAMPLE_LINE.repeat(16));
    vec![
        good(
            "c2sp.org/signed-note: the example",
            EXAMPLE_NOTE,
            "This is an example message.\n",
            &signer,
        ),
        good(
            "c2sp.org/signed-note: the poem, split at the last empty line",
            POEM,
            &format!("{poem}\n"),
            &["quasimodo.example/salvatore+367ba04b"],
        ),
        good(
            "an empty line as text",
            &format!("\n\n{EXAMPLE_LINE}"),
            "\n",
            &signer,
        ),
        good(
            "a text that ends in empty lines",
            &format!("a\n\n\n{EXAMPLE_LINE}"),
            "a\n\n",
            &signer,
        ),
        good(
            "a signature line inside the text",
            &format!("{EXAMPLE_LINE}\n{EXAMPLE_LINE}"),
            EXAMPLE_LINE,
            &signer,
        ),
        good(
            "sixteen signature lines",
            &sixteen,
            "text\n",
            &[signer[0]; 16],
        ),
        good(
            "a line of one byte after the key id",
            &with_line("— a AAAAAAA="),
            "text\n",
            &["a+00000000"],
        ),
        good(
            "U+007F in the text",
            &format!("a\u{7f}\n\n{EXAMPLE_LINE}"),
            "a\u{7f}\n",
            &signer,
        ),
        bad("no bytes", "", "NoBlankLine"),
        bad("a text alone", "text\n", "NoBlankLine"),
        bad("no signature line", "text\n\n", "NoSignature"),
        bad("no text", &format!("\n{EXAMPLE_LINE}"), "NoBlankLine"),
        bad(
            "no empty line",
            &format!("text\n{EXAMPLE_LINE}"),
            "NoBlankLine",
        ),
        bad(
            "no final newline",
            EXAMPLE_NOTE.trim_end(),
            "NoFinalNewline",
        ),
        bad(
            "an empty line at the end",
            &format!("{EXAMPLE_NOTE}\n"),
            "NoSignature",
        ),
        bad(
            "a line that is no signature among them",
            &format!("{EXAMPLE_NOTE}x\n"),
            &line("Dash"),
        ),
        bad(
            "carriage returns",
            &EXAMPLE_NOTE.replace('\n', "\r\n"),
            "ControlCharacter",
        ),
        bad(
            "a tab in the text",
            &EXAMPLE_NOTE.replace("an example", "an\texample"),
            "ControlCharacter",
        ),
        bad(
            "a zero byte",
            &EXAMPLE_NOTE.replace("an example", "an\0example"),
            "ControlCharacter",
        ),
        bad(
            "a hyphen in place of the em dash",
            &EXAMPLE_NOTE.replace('—', "-"),
            &line("Dash"),
        ),
        bad(
            "an en dash in place of the em dash",
            &EXAMPLE_NOTE.replace('—', "–"),
            &line("Dash"),
        ),
        bad(
            "no space after the em dash",
            &EXAMPLE_NOTE.replace("— ", "—"),
            &line("Dash"),
        ),
        bad(
            "two spaces after the em dash",
            &EXAMPLE_NOTE.replace("— ", "—  "),
            &line("Name(Empty)"),
        ),
        bad(
            "a no-break space after the em dash",
            &EXAMPLE_NOTE.replace("— ", "—\u{a0}"),
            &line("Dash"),
        ),
        bad(
            "a plus in the name",
            &EXAMPLE_NOTE.replace("com/foo", "com+foo"),
            &line("Name(Character)"),
        ),
        bad(
            "U+3000 in the name",
            &EXAMPLE_NOTE.replace("com/foo", "com\u{3000}foo"),
            &line("Name(Character)"),
        ),
        bad(
            "no signature after the name",
            &with_line("— example.com/foo"),
            &line("Parts"),
        ),
        bad(
            "an empty signature",
            &with_line("— example.com/foo "),
            &line("Short"),
        ),
        bad(
            "a key id and nothing after it",
            &with_line("— example.com/foo Uw2QOg=="),
            &line("Short"),
        ),
        bad(
            "base64 with stray final bits",
            &with_line("— a AAAAAAB="),
            &line("Base64"),
        ),
        bad(
            "base64 without its padding",
            &with_line("— a AAAAAAA"),
            &line("Base64"),
        ),
        bad(
            "base64 of URLs",
            &EXAMPLE_NOTE.replace("HjG1", "HjG_"),
            &line("Base64"),
        ),
        bad(
            "a space after the signature",
            &EXAMPLE_NOTE.replace("aQM=", "aQM= "),
            &line("Base64"),
        ),
        bad(
            "two spaces before the signature",
            &EXAMPLE_NOTE.replace(" Uw2Q", "  Uw2Q"),
            &line("Base64"),
        ),
        case("a text that is not UTF-8")
            .with_bytes(
                "note_hex",
                [b"\xff\n\n".as_slice(), EXAMPLE_LINE.as_bytes()].concat(),
            )
            .refused("NotUtf8"),
        case("a surrogate in the text")
            .with_bytes(
                "note_hex",
                [b"\xed\xa0\x80\n\n".as_slice(), EXAMPLE_LINE.as_bytes()].concat(),
            )
            .refused("NotUtf8"),
        case("an overlong slash in the name")
            .with_bytes("note_hex", b"text\n\n\xe2\x80\x94 a\xc0\xaf AAAAAAA=\n")
            .refused("NotUtf8"),
    ]
}

fn text_signature_cases() -> Vec<Case> {
    let vector = |name: &str, note: &str| case(name).with("vkey", EXAMPLE_VKEY).with("note", note);
    let example = Vkey::parse(EXAMPLE_VKEY).unwrap();
    let other = TestKey::new("example.com/foo", KeyKind::Ed25519);
    // The right name and id, and a signature by another key.
    let forged = |body: &[u8]| {
        SignatureLine::new(example.name().clone(), example.id(), body.to_vec()).unwrap()
    };
    let forged_line = forged(&other.sign(b"This is an example message.\n"));
    let good_body = Note::parse(EXAMPLE_NOTE.as_bytes()).unwrap().lines()[0]
        .body()
        .to_vec();
    let mut flipped = good_body.clone();
    flipped[63] ^= 0x20;
    let text = "This is an example message.\n\n";
    let unknown_id =
        SignatureLine::new(example.name().clone(), other.vkey.id(), vec![9; 64]).unwrap();
    let unknown_name = KeyName::new("example.com/bar").unwrap();
    let unknown_name = SignatureLine::new(unknown_name, example.id(), vec![9; 64]).unwrap();
    // Made with the secret scalar of a test key: S = k × a, so the equation holds with R the neutral element.
    let special = Vkey::parse(SPECIAL_VKEY).unwrap();
    let body = hex::decode(concat!(
        "0100000000000000000000000000000000000000000000000000000000000000",
        "131a81cf893cda9639fd0f08ca9b816ee2c7da76126eb44402aedab105c59d07"
    ));
    let special = SignatureLine::new(special.name().clone(), special.id(), body.unwrap()).unwrap();
    vec![
        vector("c2sp.org/signed-note: the example verifies", EXAMPLE_NOTE).ok(),
        vector(
            "the same line twice",
            &format!("{EXAMPLE_NOTE}{EXAMPLE_LINE}"),
        )
        .ok(),
        vector(
            "a line by an unknown key of the same name is ignored",
            &format!("{EXAMPLE_NOTE}{unknown_id}"),
        )
        .ok(),
        vector(
            "a line by an unknown key of the same id is ignored",
            &format!("{EXAMPLE_NOTE}{unknown_name}"),
        )
        .ok(),
        vector(
            "another text",
            &EXAMPLE_NOTE.replace("example message", "example massage"),
        )
        .refused("Signature"),
        vector(
            "one more newline in the text",
            &EXAMPLE_NOTE.replace("\n\n", "\n\n\n"),
        )
        .refused("Signature"),
        vector("a forged line alone", &format!("{text}{forged_line}")).refused("Signature"),
        vector(
            "a forged line after the good one",
            &format!("{EXAMPLE_NOTE}{forged_line}"),
        )
        .refused("Signature"),
        vector(
            "a forged line before the good one",
            &format!("{text}{forged_line}{EXAMPLE_LINE}"),
        )
        .refused("Signature"),
        vector(
            "one bit of S flipped",
            &format!("{text}{}", forged(&flipped)),
        )
        .refused("Signature"),
        vector("63 bytes", &format!("{text}{}", forged(&good_body[1..]))).refused("Form"),
        vector(
            "65 bytes",
            &format!("{text}{}", forged(&[good_body.clone(), vec![0]].concat())),
        )
        .refused("Form"),
        vector("no line by the key", &format!("{text}{unknown_id}")).refused("OtherKey"),
        case("R is the neutral element: one library would accept it")
            .with("vkey", SPECIAL_VKEY)
            .with("note", format!("{text}{special}"))
            .refused("Signature"),
    ]
}
