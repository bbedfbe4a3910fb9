//! Entries, where a vector cannot say it: the verifier that is handed in decides nothing but the equation.

use crate::log::{self, TestKey};
use evidence::{
    BadEntry, Commitment, ENTRY_LEN, Entry, Kind, MalformedEntry, OriginHash, Tag, UnsignedEntry,
};
use tlog::{PureRust, SignatureChecks};

/// Says yes to everything.
struct Gullible;

impl SignatureChecks for Gullible {
    fn ed25519(&self, _: &[u8; 32], _: &[u8], _: &[u8; 64]) -> bool {
        true
    }

    fn p256(&self, _: &[u8], _: &[u8], _: &[u8; 64]) -> bool {
        true
    }

    fn ml_dsa_44(&self, _: &[u8; 1312], _: &[u8], _: &[u8; 2420]) -> bool {
        true
    }
}

fn signed(key: &TestKey) -> Entry {
    let unsigned = UnsignedEntry {
        kind: Kind::Record,
        key_id: key.id(),
        tag: Tag::new([1; 32]),
        commitment: Commitment::new([2; 32]),
    };
    let message = unsigned.signed_message(&OriginHash::of(log::ORIGIN));
    unsigned.with_signature(key.sign(&message)).unwrap()
}

/// The same signature with order − s.
fn other_s(entry: &Entry) -> [u8; ENTRY_LEN] {
    const ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
    let mut bytes = entry.to_bytes();
    let order = hex::decode(ORDER).unwrap();
    let mut borrow = 0;
    for (s, n) in bytes[130..].iter_mut().rev().zip(order.iter().rev()) {
        let difference = i16::from(*n) - i16::from(*s) - borrow;
        borrow = i16::from(difference < 0);
        *s = u8::try_from(difference.rem_euclid(256)).unwrap();
    }
    bytes
}

#[test]
fn a_stored_entry_with_a_high_s_is_refused_whichever_verifier_is_handed_in() {
    let key = TestKey::new(10);
    let entry = signed(&key);
    let origin = OriginHash::of(log::ORIGIN);
    let spki = key.spki();
    assert_eq!(entry.verify(&origin, spki.as_der(), &PureRust), Ok(()));

    let high = other_s(&entry);
    let signature: &[u8; 64] = high.last_chunk().unwrap();
    let message = entry.signed_message(&origin);
    assert!(
        PureRust.p256(spki.as_der(), &message, signature),
        "the other S verifies as well"
    );
    // There is no entry that a verifier could be asked about.
    assert_eq!(Entry::parse(&high), Err(MalformedEntry::HighS));
    assert_eq!(Entry::parse_submitted(&high), Ok(entry));
}

#[test]
fn a_verifier_is_not_asked_about_another_key() {
    let entry = signed(&TestKey::new(10));
    let origin = OriginHash::of(log::ORIGIN);
    let other = TestKey::new(11).spki();
    assert_eq!(
        entry.verify(&origin, other.as_der(), &Gullible),
        Err(BadEntry::OtherKey)
    );
}

#[test]
fn an_entry_says_nothing_in_a_diary() {
    let entry = signed(&TestKey::new(10));
    let text = format!("{entry:?} {:?}", entry.unsigned());
    assert!(!text.contains(&entry.tag().to_string()));
    assert!(!text.contains(&entry.commitment().to_string()));
}
