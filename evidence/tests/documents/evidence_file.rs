//! FILE.evidence: all or nothing.

use crate::log::{self, TestKey};
use crate::sample;
use evidence::{
    Entry, EvidenceFile, Handle, Kind, LoggedNotice, MalformedEvidence, MalformedJson,
    MalformedRecord, OriginHash, UnsignedEntry,
};
use serde_json::{Value, json};
use tlog::{Checkpoint, Hash, KeyId, LeafIndex, Note, Origin, Receipt, SignatureLine, TreeSize};

fn evidence_file() -> EvidenceFile {
    let key = TestKey::new(10);
    let record = sample::note();
    let unsigned = UnsignedEntry {
        kind: Kind::Record,
        key_id: key.id(),
        tag: Handle::new([7; 32]).tag(3),
        commitment: record.seal(&sample::openers()).commitment(),
    };
    let message = unsigned.signed_message(&OriginHash::of(log::ORIGIN));
    EvidenceFile {
        origin: Origin::new(log::ORIGIN).unwrap(),
        record,
        openers: sample::openers(),
        handle_index: 3,
        entry: unsigned.with_signature(key.sign(&message)).unwrap(),
        spki: key.spki(),
        notices: vec![LoggedNotice {
            notice: log::genesis(),
            receipt: receipt(),
        }],
    }
}

/// Well formed; nobody signed it.
fn receipt() -> Receipt {
    let origin = Origin::new(log::ORIGIN).unwrap();
    let checkpoint = Checkpoint::new(&origin, TreeSize::new(1).unwrap(), Hash::EMPTY_ROOT);
    let line = SignatureLine::new(origin.key_name(), KeyId::new([1; 4]), vec![1; 64]).unwrap();
    let note = Note::new(checkpoint.text(), vec![line]).unwrap();
    Receipt::new(None, LeafIndex::new(0), vec![], note).unwrap()
}

fn value() -> Value {
    serde_json::from_slice(&evidence_file().to_bytes()).unwrap()
}

fn refusal(pointer: &str, bad: Value) -> Option<MalformedEvidence> {
    let mut value = value();
    *value.pointer_mut(pointer).unwrap() = bad;
    EvidenceFile::parse(&serde_json::to_vec(&value).unwrap()).err()
}

#[test]
fn it_survives_its_text_and_still_opens_the_commitment() {
    let file = evidence_file();
    let again = EvidenceFile::parse(&file.to_bytes()).unwrap();
    assert_eq!(again.to_bytes(), file.to_bytes());
    let commitment = again.record.seal(&again.openers).commitment();
    assert_eq!(again.entry.commitment(), &commitment);
    assert_eq!(again.spki.key_hash(), *again.entry.key_id());
    assert_eq!(again.notices[0].notice, log::genesis());
    assert_eq!(again.notices[0].receipt, receipt());
}

#[test]
fn the_schema_accepts_it() {
    let (_, schema) = evidence::schemas()
        .into_iter()
        .find(|(name, _)| *name == "evidence-file.schema.json")
        .unwrap();
    let schema = jsonschema::draft202012::new(&schema).unwrap();
    assert!(schema.is_valid(&value()));
    let mut unknown = value();
    unknown["handle"] = json!("07".repeat(32));
    assert!(!schema.is_valid(&unknown), "a handle has no place in it");
}

#[test]
fn no_part_is_malformed() {
    let entry = evidence_file().entry.to_bytes();
    let hex = "00".repeat(32);
    let shape = Some(MalformedEvidence::Shape);
    assert_eq!(refusal("/v", json!(2)), Some(MalformedEvidence::Version));
    assert_eq!(refusal("/schema", json!("notarylog/evidence/2")), shape);
    assert_eq!(
        refusal("/origin", json!("a b")),
        Some(MalformedEvidence::Origin)
    );
    assert_eq!(
        refusal("/entry", json!("AA")),
        Some(MalformedEvidence::Base64)
    );
    assert!(matches!(
        refusal("/entry", json!("AAAA")),
        Some(MalformedEvidence::Entry(_))
    ));
    assert!(Entry::parse(&entry).is_ok());
    assert_eq!(refusal("/spki", json!("AAAA")), shape);
    assert_eq!(
        refusal("/openers/hdr", json!(&hex[1..])),
        Some(MalformedEvidence::Openers)
    );
    assert_eq!(refusal("/openers", json!({ "hdr": hex })), shape);
    assert_eq!(refusal("/record/hdr/kind", json!("seal")), shape);
    assert_eq!(
        refusal("/record/hdr/interest", json!([])),
        Some(MalformedEvidence::Record(MalformedRecord::Interest))
    );
    assert!(matches!(
        refusal("/notices/0/document", json!("e30=")),
        Some(MalformedEvidence::Notice(_))
    ));
    assert!(matches!(
        refusal("/notices/0/receipt", json!("")),
        Some(MalformedEvidence::Receipt(_))
    ));
    let notice = value()["notices"][0].clone();
    assert_eq!(
        refusal("/notices", json!(vec![notice; 65])),
        Some(MalformedEvidence::TooManyNotices)
    );
    assert_eq!(
        EvidenceFile::parse(b"{\"v\":1,\"v\":1}").err(),
        Some(MalformedEvidence::Json(MalformedJson::DuplicateMember))
    );
}

#[test]
fn it_says_nothing_in_a_diary() {
    let file = evidence_file();
    let text = format!("{file:?}");
    for secret in [
        file.openers.hdr.to_hex().as_str(),
        file.entry.tag().to_string().as_str(),
        "note.txt",
    ] {
        assert!(!text.contains(secret), "{text}");
    }
}
