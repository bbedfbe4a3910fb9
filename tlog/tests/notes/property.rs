//! Properties: no parser panics on a stranger's bytes, and what is read is written back byte for byte.

use crate::keys::{TOWN, checkpoint, log, witness};
use proptest::prelude::*;
use std::sync::LazyLock;
use tlog::{
    AddCheckpoint, Checkpoint, Hash, KeyName, LeafIndex, Note, P256Spki, Policy, Receipt,
    SignatureLine, TreeSize, Vkey, p256_signature_from_der, p256_signature_to_der, p256_to_low_s,
};

/// Every parser of a stranger's bytes.
fn read_all(bytes: &[u8]) {
    if let Ok(note) = Note::parse(bytes) {
        assert_eq!(note.to_string().as_bytes(), bytes);
        assert_eq!(Note::new(note.text(), note.lines().to_vec()), Ok(note));
    }
    if let Ok(lines) = SignatureLine::parse_all(bytes) {
        let written: String = lines.iter().map(ToString::to_string).collect();
        assert_eq!(written.as_bytes(), bytes);
    }
    if let Ok(policy) = Policy::parse(bytes) {
        assert_eq!(policy.text(), bytes);
    }
    if let Ok(receipt) = Receipt::parse(bytes) {
        assert_eq!(receipt.to_string().as_bytes(), bytes);
    }
    if let Ok(request) = AddCheckpoint::parse(bytes) {
        assert_eq!(request.to_string().as_bytes(), bytes);
    }
    if let Some(signature) = p256_signature_from_der(bytes) {
        assert_eq!(p256_signature_to_der(&signature).as_deref(), Some(bytes));
        assert!(p256_to_low_s(&signature).is_some());
    }
    if let Ok(spki) = P256Spki::from_der(bytes) {
        assert_eq!(spki.as_bytes().as_slice(), bytes);
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        if let Ok(vkey) = Vkey::parse(text) {
            assert_eq!(vkey.to_string(), text);
        }
        if let Ok(checkpoint) = Checkpoint::parse(text) {
            assert_eq!(checkpoint.text(), text);
        }
    }
}

/// One good text of each kind, to begin from.
static GOOD: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let town = log(TOWN);
    let note = town.note(&checkpoint(), &[witness('a').line(&checkpoint(), 1)]);
    let proof = vec![Hash::EMPTY_ROOT; 3];
    let receipt = Receipt::new(Some(vec![1, 2]), LeafIndex::new(9), proof, note.clone());
    let policy = format!(
        "# p\nlog {} url\nwitness A {}\nwitness B {} url\ngroup g 1 A B\nquorum g\n",
        town.ed25519.vkey,
        witness('a').vkey,
        witness('b').vkey
    );
    let old = TreeSize::new(3).unwrap();
    let request = AddCheckpoint::new(old, vec![Hash::EMPTY_ROOT; 2], note.clone());
    vec![
        request.unwrap().to_string().into_bytes(),
        note.to_string().into_bytes(),
        receipt.unwrap().to_string().into_bytes(),
        policy.into_bytes(),
        checkpoint().text().into_bytes(),
        witness('a').line(&checkpoint(), 1).to_string().into_bytes(),
        town.ed25519.vkey.to_string().into_bytes(),
        town.tree_head.vkey.to_string().into_bytes(),
        town.tree_head.vkey.material().to_vec(),
        town.tree_head.sign(b"x"),
    ]
});

/// Pieces of which our texts are made, and some that they must not have.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let pieces = [
        "\n",
        "\n\n",
        " ",
        "\t",
        "\r",
        "+",
        "—",
        "— ",
        "=",
        "0",
        "07",
        "log ",
        "witness ",
        "group ",
        "quorum ",
        "none",
        "all",
        "any",
        "#",
        "extra ",
        "index ",
        "c2sp.org/tlog-proof@v1\n",
        "\u{2003}",
        "\u{7f}",
        "\0",
        "AAAA",
        "/",
    ];
    prop_oneof![
        prop::sample::select(pieces.to_vec()).prop_map(|piece| piece.as_bytes().to_vec()),
        prop::collection::vec(any::<u8>(), 0..4),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_parser_panics_on_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        read_all(&bytes);
    }

    #[test]
    fn no_parser_panics_on_pieces_of_our_texts(pieces in prop::collection::vec(piece(), 0..40)) {
        read_all(&pieces.concat());
    }

    #[test]
    fn no_parser_panics_on_a_damaged_text(
        text in 0..GOOD.len(),
        at in any::<prop::sample::Index>(),
        removed in 0_usize..6,
        inserted in piece(),
    ) {
        let mut bytes = GOOD[text].clone();
        let from = at.index(bytes.len());
        let to = bytes.len().min(from + removed);
        bytes.splice(from..to, inserted);
        read_all(&bytes);
    }

    #[test]
    fn what_is_written_is_read_back(
        text in "[^\u{0}-\u{1f}]{0,40}(\n[^\u{0}-\u{1f}]{0,9}){0,4}",
        lines in prop::collection::vec(("[^\u{0}-\u{20}+\\s]{1,9}", any::<[u8; 4]>(), prop::collection::vec(any::<u8>(), 1..90)), 1..9),
        extra in prop::option::of(prop::collection::vec(any::<u8>(), 1..50)),
        index in any::<u64>(),
        size in 0_u64..1 << 63,
        hashes in prop::collection::vec(any::<[u8; 32]>(), 0..63),
    ) {
        let lines: Vec<SignatureLine> = lines
            .into_iter()
            .filter_map(|(name, id, body)| {
                SignatureLine::new(KeyName::new(name).ok()?, tlog::KeyId::new(id), body).ok()
            })
            .collect();
        prop_assume!(!lines.is_empty());
        let note = Note::new(format!("{text}\n"), lines.clone()).unwrap();
        prop_assert_eq!(Note::parse(note.to_string().as_bytes()), Ok(note));
        let head = format!("log.example\n{size}\n{}\n", Hash::EMPTY_ROOT);
        prop_assert_eq!(Checkpoint::parse(&head).unwrap().text(), head.clone());
        let hashes = hashes.into_iter().map(Hash::new).collect();
        let note = Note::new(head, lines).unwrap();
        let receipt = Receipt::new(extra, LeafIndex::new(index), hashes, note).unwrap();
        prop_assert_eq!(Receipt::parse(receipt.to_string().as_bytes()), Ok(receipt));
    }
}
