//! Vectors of what a log's signatures verify.

use crate::aws_lc::Both;
use crate::forge::{Case, case, file};
use crate::judgement::{Because, written};
use crate::keys::{
    Log, TIME, TOWN, TestKey, checkpoint, foreign, log, note, other_s, witness, witness_pq,
};
use crate::vectors::{self, Refused};
use tlog::{
    Checkpoint, Hash, KeyKind, Note, Origin, Refusal, SignatureLine, SignedCheckpoint, TreeSize,
    Vkey, digitally_signed, p256_signature_from_der, p256_signature_to_der, tree_head_line,
    tree_head_message,
};

#[test]
fn a_checkpoint_is_signed_by_the_keys_of_its_log() {
    let about = "`note` is signed by one of the log keys `vkeys`, no line by any of them is bad, and `verified` are the lines of its log.";
    let spec = [
        "https://c2sp.org/tlog-checkpoint#signatures",
        "https://c2sp.org/static-ct-api#checkpoints",
        "https://c2sp.org/tlog-cosignature",
    ];
    file("checkpoint/signed", about, &spec, &signed_cases());
    vectors::check("checkpoint/signed", |case| {
        let vkeys: Vec<Vkey> = case
            .texts("vkeys")
            .iter()
            .map(|vkey| Vkey::parse(vkey).unwrap())
            .collect();
        let note = Note::parse(case.text("note").as_bytes())?;
        let signed = SignedCheckpoint::open(&note, &vkeys, &Both).map_err(Because::from)?;
        let verified: Vec<String> = signed.verified().iter().map(written).collect();
        let stated: Vec<String> = case
            .texts("verified")
            .iter()
            .map(ToString::to_string)
            .collect();
        Refused::unless_equal(&verified, &stated)
    });
}

#[test]
fn a_caller_may_require_a_kind_of_log_signature() {
    let town = log(TOWN);
    let vkeys = [town.ed25519.vkey.clone(), town.ml_dsa.vkey.clone()];
    let note = note(checkpoint().text(), &[town.ed25519.line(&checkpoint(), 0)]);
    let signed = SignedCheckpoint::open(&note, &vkeys, &Both).unwrap();
    assert_eq!(signed.log_kinds().collect::<Vec<_>>(), [KeyKind::Ed25519]);
    assert!(signed.require_log_kind(KeyKind::Ed25519).is_ok());
    assert_eq!(
        signed.require_log_kind(KeyKind::MlDsa44),
        Err(Refusal::MissingLogKind(KeyKind::MlDsa44))
    );
}

fn signed_cases() -> Vec<Case> {
    let (town, other) = (log(TOWN), log("log.example/other"));
    let head = checkpoint();
    let all = [&town.ed25519, &town.tree_head, &town.ml_dsa];
    let vector = |name: &str, keys: &[&TestKey], note: &Note| {
        let vkeys: Vec<String> = keys.iter().map(|key| key.vkey.to_string()).collect();
        case(name)
            .with("vkeys", vkeys)
            .with("note", note.to_string())
    };
    let good = |name: &str, keys: &[&TestKey], note: &Note, verified: &[(&TestKey, &str)]| {
        let verified: Vec<String> = verified
            .iter()
            .map(|(TestKey { vkey, .. }, time)| {
                format!(
                    "{}+{} {:02x} {time}",
                    vkey.name(),
                    vkey.id(),
                    vkey.kind().byte()
                )
            })
            .collect();
        vector(name, keys, note).with("verified", verified).ok()
    };
    let one = |line: SignatureLine| note(head.text(), &[line]);
    let with_extension = foreign(&format!("{}an extension line\n", head.text()));
    let on = |checkpoint: &Checkpoint, line: SignatureLine| note(checkpoint.text(), &[line]);
    let (ed, th, pq) = (&town.ed25519, &town.tree_head, &town.ml_dsa);
    let ms = TIME * 1000 + 250;
    let (seconds, milliseconds) = (format!("{TIME} s"), format!("{ms} ms"));
    let two_times = note(
        head.text(),
        &[
            pq.line(&head, TIME),
            pq.line(&head, TIME + 60),
            pq.line(&head, 5),
        ],
    );
    let other_head = Checkpoint::new(
        &Origin::new(TOWN).unwrap(),
        head.size(),
        Hash::of(b"another root"),
    );
    let larger = Checkpoint::new(
        &Origin::new(TOWN).unwrap(),
        TreeSize::new(1235).unwrap(),
        head.root(),
    );
    let zero = pq.line(&head, 0);
    let too_late = pq.line(&head, 1 << 63);
    let long_name = "o".repeat(256);
    let long = foreign(&format!("{long_name}\n7\n{}\n", head.root()));
    // The line of the log beside one by a key of another log, which is known as well.
    let beside = |line: SignatureLine| note(head.text(), &[ed.line(&head, 0), line]);
    let name = other.ed25519.vkey.name().clone();
    let named_otherwise = SignatureLine::new(name, ed.vkey.id(), vec![9; 64]).unwrap();
    let name = ed.vkey.name().clone();
    let other_id = SignatureLine::new(name, other.ed25519.vkey.id(), vec![9; 64]).unwrap();
    let mut cases = vec![
        good(
            "all three kinds",
            &all,
            &town.note(&head, &[]),
            &[(ed, "-"), (th, &milliseconds), (pq, &seconds)],
        ),
        good("Ed25519 alone", &[ed], &town.note(&head, &[]), &[(ed, "-")]),
        good(
            "RFC 6962 alone",
            &[th],
            &town.note(&head, &[]),
            &[(th, &milliseconds)],
        ),
        good(
            "ML-DSA-44 alone",
            &[pq],
            &town.note(&head, &[]),
            &[(pq, &seconds)],
        ),
        good(
            "ML-DSA-44 with time zero states no time",
            &[pq],
            &one(zero),
            &[(pq, "-")],
        ),
        good(
            "a key that signed three times counts once, with the latest time",
            &[pq],
            &two_times,
            &[(pq, &format!("{} s", TIME + 60))],
        ),
        good(
            "unknown lines are ignored",
            &[ed],
            &town.note(&head, &[witness('a').line(&head, 1)]),
            &[(ed, "-")],
        ),
        good(
            "a line with a known key's id and another name is ignored",
            &[ed],
            &beside(named_otherwise),
            &[(ed, "-")],
        ),
        good(
            "a line with a known key's name and another id is ignored",
            &[ed],
            &beside(other_id),
            &[(ed, "-")],
        ),
        good(
            "extension lines, by Ed25519",
            &[ed],
            &on(&with_extension, ed.line(&with_extension, 0)),
            &[(ed, "-")],
        ),
        good(
            "extension lines, by ML-DSA-44, which does not sign them",
            &[pq],
            &on(&with_extension, pq.line(&head, TIME)),
            &[(pq, &seconds)],
        ),
        good(
            "a cosigning line by another log's key does not count and does no harm",
            &[ed, &other.ed25519],
            &beside(other.ed25519.line(&head, 0)),
            &[(ed, "-")],
        ),
        good(
            "the time of a tree head may pass 2^63",
            &[th],
            &one(th.line(&head, u64::MAX)),
            &[(th, "18446744073709551615 ms")],
        ),
        vector(
            "no known log has this origin",
            &[&other.ed25519],
            &town.note(&head, &[]),
        )
        .refused("UnknownLog"),
        vector("no log is known", &[], &town.note(&head, &[])).refused("UnknownLog"),
        vector(
            "another log signed",
            &[ed, &other.ed25519],
            &one(other.ed25519.line(&head, 0)),
        )
        .refused("NoLogSignature"),
        vector(
            "a witness signed, the log did not",
            &[ed],
            &one(witness('a').line(&head, 1)),
        )
        .refused("NoLogSignature"),
        vector("another root", &[ed], &on(&other_head, ed.line(&head, 0)))
            .refused("BadSignature(Signature)"),
        vector(
            "another root, by RFC 6962",
            &[th],
            &on(&other_head, th.line(&head, ms)),
        )
        .refused("BadSignature(Signature)"),
        vector(
            "another root, by ML-DSA-44",
            &[pq],
            &on(&other_head, pq.line(&head, TIME)),
        )
        .refused("BadSignature(Signature)"),
        vector(
            "another size, by ML-DSA-44",
            &[pq],
            &on(&larger, pq.line(&head, TIME)),
        )
        .refused("BadSignature(Signature)"),
        vector(
            "another size, by RFC 6962",
            &[th],
            &on(&larger, th.line(&head, ms)),
        )
        .refused("BadSignature(Signature)"),
        vector(
            "a good line and a bad one by the same key",
            &[pq],
            &note(
                head.text(),
                &[pq.line(&head, TIME), pq.line(&other_head, TIME)],
            ),
        )
        .refused("BadSignature(Signature)"),
        vector(
            "a good line by one key and a bad one by another of the log",
            &all,
            &note(
                head.text(),
                &[ed.line(&head, 0), pq.line(&other_head, TIME)],
            ),
        )
        .refused("BadSignature(Signature)"),
        vector(
            "a bad line by a known key of another log",
            &[ed, &other.ed25519],
            &beside(other.ed25519.line(&other_head, 0)),
        )
        .refused("BadSignature(Signature)"),
        vector(
            "a line by another log's tree head key, which signs no origin",
            &[ed, &other.tree_head],
            &beside(other.tree_head.line(&head, ms)),
        )
        .refused("BadSignature(OtherOrigin)"),
        vector(
            "extension lines, by RFC 6962",
            &[th],
            &on(&with_extension, th.line(&head, ms)),
        )
        .refused("BadSignature(Extensions)"),
        vector("ML-DSA-44 with a time of 2^63", &[pq], &one(too_late))
            .refused("BadSignature(Time)"),
        vector(
            "the text is no checkpoint",
            &[ed],
            &note("text\n", &[ed.line_of(&ed.sign(b"text\n"))]),
        )
        .refused("Malformed(Lines)"),
    ];
    cases.extend(form_cases(&head, &town));
    // Only the log's own Ed25519 line can stand below an origin this long; the vkey of ML-DSA-44 has a shorter name.
    let long_ed = TestKey::new(&long_name, KeyKind::Ed25519);
    cases.push(good(
        "an origin of 256 bytes, by Ed25519",
        &[&long_ed],
        &on(&long, long_ed.line(&long, 0)),
        &[(&long_ed, "-")],
    ));
    let cosigner = witness_pq('a');
    let lines = [long_ed.line(&long, 0), cosigner.line_of(&[1; 2428])];
    cases.push(
        vector(
            "an origin of 256 bytes, by ML-DSA-44",
            &[&long_ed, &cosigner],
            &note(long.text(), &lines),
        )
        .refused("BadSignature(OriginTooLong)"),
    );
    cases
}

/// Bodies that have not the form of their kind.
fn form_cases(head: &Checkpoint, town: &Log) -> Vec<Case> {
    let vector = |name: &str, key: &TestKey, body: &[u8]| {
        case(name)
            .with("vkeys", vec![key.vkey.to_string()])
            .with("note", note(head.text(), &[key.line_of(body)]).to_string())
    };
    let bad = |name: &str, key: &TestKey, body: &[u8]| {
        vector(name, key, body).refused("BadSignature(Form)")
    };
    let (ed, th, pq) = (&town.ed25519, &town.tree_head, &town.ml_dsa);
    let ms = TIME * 1000 + 250;
    let time = ms.to_be_bytes();
    let der = th.sign(&tree_head_message(ms, head.size(), &head.root()));
    let signed = digitally_signed(&der);
    let body = |signed: &[u8]| [time.as_slice(), signed].concat();
    let with = |at: usize, value: u8| {
        let mut signed = signed.clone();
        signed[at] = value;
        body(&signed)
    };
    let rs = p256_signature_from_der(&der).unwrap();
    let other = p256_signature_to_der(&other_s(&rs)).unwrap();
    let other = tree_head_line(th.vkey.name(), th.vkey.material(), ms, &other);
    let longer = digitally_signed(&[der.clone(), vec![0]].concat());
    vec![
        vector(
            "a tree head with the other S, high or low",
            th,
            other.body(),
        )
        .with(
            "verified",
            vec![format!("{TOWN}+{} 05 {ms} ms", th.vkey.id())],
        )
        .ok(),
        bad(
            "a tree head with hash algorithm 5 (SHA-384)",
            th,
            &with(0, 5),
        ),
        bad(
            "a tree head with signature algorithm 1 (RSA)",
            th,
            &with(1, 1),
        ),
        bad(
            "a tree head whose length is one too large",
            th,
            &with(3, signed[3] + 1),
        ),
        bad(
            "a tree head whose length is one too small",
            th,
            &with(3, signed[3] - 1),
        ),
        bad(
            "a tree head with a byte after the signature",
            th,
            &body(&[signed.clone(), vec![0]].concat()),
        ),
        bad(
            "a tree head with a byte after the DER, inside the length",
            th,
            &body(&longer),
        ),
        bad(
            "a tree head with r and s in place of DER",
            th,
            &body(&digitally_signed(&rs)),
        ),
        bad(
            "a tree head without digitally-signed struct",
            th,
            &body(&der),
        ),
        bad("a tree head without time", th, &signed),
        bad("a tree head's time alone", th, &time),
        bad(
            "Ed25519 with a time before it",
            ed,
            &[time.as_slice(), &ed.sign(head.text().as_bytes())].concat(),
        ),
        bad(
            "ML-DSA-44 without time",
            pq,
            &pq.line(head, TIME).body()[8..],
        ),
        bad(
            "ML-DSA-44 with a byte after it",
            pq,
            &[pq.line(head, TIME).body(), &[0]].concat(),
        ),
    ]
}
