//! One function for each parser of the pure crates that reads a stranger's bytes. It may refuse them; it may not panic, and
//! what it takes it must write again as it was.
//!
//! Called by proptest in `tests/fuzz.rs`, and by libFuzzer in `fuzz/src/main.rs`. Who writes a parser adds it here, or to
//! `daemon_targets.rs` if it stands on sockets and databases, which take long to compile for a fuzzer.

use evidence::{CaseFile, Disclosure, Entry, EvidenceFile, Notice, Record, Spki, UtcDate, UtcTime};
use tlog::{
    AddCheckpoint, Bundle, Checkpoint, Hash, KeyName, LeafIndex, Note, Origin, Policy, PureRust,
    Receipt, SignatureLine, SignedCheckpoint, Tile, TreeSize, Vkey, fold_consistency,
    fold_inclusion, verify_line,
};

/// A parser: any bytes go in.
pub type Target = fn(&[u8]);

/// Every target by its name.
pub const TARGETS: &[(&str, Target)] = &[
    ("note", note),
    ("signature_lines", signature_lines),
    ("checkpoint", checkpoint),
    ("signed_checkpoint", signed_checkpoint),
    ("cosignature", cosignature),
    ("vkey", vkey),
    ("policy", policy),
    ("receipt", receipt),
    ("add_checkpoint", add_checkpoint),
    ("tile_path", tile_path),
    ("number", number),
    ("proof", proof),
    ("entry", entry),
    ("notice", notice),
    ("record", record),
    ("disclosure", disclosure),
    ("evidence_file", evidence_file),
    ("case_file", case_file),
    ("time", time),
    ("spki", spki),
];

/// A key of which the private half is nowhere: what names it can be parsed, and never verifies.
pub const VKEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

/// The key of a witness, of the vectors.
const WITNESS: &str = "witness.example/a+4c2c5ab7+BHeJ9JEDR8YpTXJrQW1BKBOu8ZAotdCgXxr1V7gdbkdq";

fn note(bytes: &[u8]) {
    if let Ok(note) = Note::parse(bytes) {
        assert_eq!(note.to_string().as_bytes(), bytes);
    }
}

fn signature_lines(bytes: &[u8]) {
    if let Ok(lines) = SignatureLine::parse_all(bytes) {
        let again: String = lines.iter().map(ToString::to_string).collect();
        assert_eq!(again.as_bytes(), bytes);
    }
}

fn checkpoint(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else {
        return;
    };
    if let Ok(checkpoint) = Checkpoint::parse(text) {
        assert_eq!(checkpoint.text(), text);
    }
}

fn signed_checkpoint(bytes: &[u8]) {
    if let (Ok(note), Ok(vkey)) = (Note::parse(bytes), Vkey::parse(VKEY)) {
        // Whether it verifies is for the vectors to say; the origin is the key's name.
        if let Ok(signed) = SignedCheckpoint::open(&note, &[vkey], &PureRust) {
            assert_eq!(signed.checkpoint().origin(), "example.com/foo");
        }
    }
}

fn cosignature(bytes: &[u8]) {
    let (Ok(note), Ok(vkey)) = (Note::parse(bytes), Vkey::parse(WITNESS)) else {
        return;
    };
    let Ok(checkpoint) = Checkpoint::parse(note.text()) else {
        return;
    };
    for line in note.lines() {
        let verified = verify_line(&vkey, &checkpoint, note.text(), line, &PureRust);
        assert!(verified.is_err() || line.id() == vkey.id());
    }
}

fn vkey(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else {
        return;
    };
    if let Ok(vkey) = Vkey::parse(text) {
        assert_eq!(vkey.to_string(), text);
    }
    if let Ok(name) = KeyName::new(text) {
        assert_eq!(name.as_str(), text);
    }
    if let Ok(origin) = Origin::new(text) {
        assert_eq!(origin.as_str(), text);
    }
}

fn policy(bytes: &[u8]) {
    if let Ok(policy) = Policy::parse(bytes) {
        assert_eq!(policy.text(), bytes);
        let _sentence = policy.to_string();
    }
}

fn receipt(bytes: &[u8]) {
    if let Ok(receipt) = Receipt::parse(bytes) {
        let text = receipt.to_string();
        let again = Receipt::parse(text.as_bytes()).map(|again| again.to_string());
        assert_eq!(again.as_deref(), Ok(text.as_str()));
    }
}

fn add_checkpoint(bytes: &[u8]) {
    if let Ok(request) = AddCheckpoint::parse(bytes) {
        assert_eq!(request.to_string().as_bytes(), bytes);
    }
}

fn tile_path(bytes: &[u8]) {
    let Ok(path) = str::from_utf8(bytes) else {
        return;
    };
    if let Ok(tile) = Tile::parse_path(path) {
        assert_eq!(tile.path(), path);
    }
    if let Ok(bundle) = Bundle::parse_path(path) {
        assert_eq!(bundle.path(), path);
    }
}

fn number(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else {
        return;
    };
    if let Ok(size) = TreeSize::from_decimal(text) {
        assert_eq!(size.to_string(), text);
        assert!(size.get() < 1 << 63);
    }
    if let Ok(index) = LeafIndex::from_decimal(text) {
        assert_eq!(index.to_string(), text);
    }
    if let Ok(hash) = Hash::from_base64(text) {
        assert_eq!(hash.to_base64(), text);
    }
}

/// Two numbers, then hashes: whatever is asked, the answer is a root or a refusal.
fn proof(bytes: &[u8]) {
    let Some((numbers, rest)) = bytes.split_first_chunk::<16>() else {
        return;
    };
    let number = |at: usize| {
        let bytes = numbers[at..at + 8].try_into().expect("eight bytes");
        u64::from_be_bytes(bytes)
    };
    let (first, second) = (number(0), number(8));
    let hashes: Vec<Hash> = rest
        .chunks_exact(32)
        .filter_map(|hash| Hash::from_slice(hash).ok())
        .collect();
    let Some((leaf, path)) = hashes.split_first() else {
        return;
    };
    if let Ok(size) = TreeSize::new(second) {
        let folded = fold_inclusion(leaf, LeafIndex::new(first), size, path);
        // RFC 9162 §2.1.3: an index lies within the size, and no path is longer than the tree is high.
        assert!(folded.is_err() || (first < second && path.len() <= 63));
        if let Ok(old) = TreeSize::new(first) {
            let folded = fold_consistency(old, size, leaf, path);
            assert!(folded.is_err() || first <= second);
        }
    }
}

fn entry(bytes: &[u8]) {
    if let Ok(entry) = Entry::parse(bytes) {
        assert_eq!(entry.to_bytes(), bytes);
    }
    if let Ok(entry) = Entry::parse_submitted(bytes) {
        // A high S was made the low one: what is stored is parsed as what is stored.
        let stored = entry.to_bytes();
        assert_eq!(stored[..130], bytes[..130]);
        assert_eq!(
            Entry::parse(&stored).map(|entry| entry.to_bytes()),
            Ok(stored)
        );
    }
}

fn notice(bytes: &[u8]) {
    if let Ok(notice) = Notice::parse(bytes) {
        assert_eq!(notice.to_bytes(), bytes);
    }
}

fn record(bytes: &[u8]) {
    if let Ok(record) = Record::parse(bytes) {
        let canonical = record.to_canonical();
        let again = Record::parse(&canonical).map(|again| again.to_canonical());
        assert_eq!(again.ok(), Some(canonical));
    }
}

fn disclosure(bytes: &[u8]) {
    if let Ok(disclosure) = Disclosure::parse(bytes) {
        let canonical = disclosure.to_bytes();
        let again = Disclosure::parse(&canonical).map(|again| again.to_bytes());
        assert_eq!(again.ok(), Some(canonical));
    }
}

fn evidence_file(bytes: &[u8]) {
    if let Ok(file) = EvidenceFile::parse(bytes) {
        let written = file.to_bytes();
        let again = EvidenceFile::parse(&written).map(|again| again.to_bytes());
        assert_eq!(again.ok(), Some(written));
    }
}

fn case_file(bytes: &[u8]) {
    if let Ok(file) = CaseFile::parse(bytes) {
        let written = file.to_bytes();
        let again = CaseFile::parse(&written).map(|again| again.to_bytes());
        assert_eq!(again.ok(), Some(written));
    }
}

fn time(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else {
        return;
    };
    if let Ok(date) = UtcDate::parse(text) {
        assert_eq!(date.to_string(), text);
    }
    if let Ok(time) = UtcTime::parse(text) {
        assert_eq!(time.to_string(), text);
    }
}

fn spki(bytes: &[u8]) {
    if let Ok(spki) = Spki::parse(bytes) {
        assert_eq!(spki.as_der(), bytes);
        let _point = tlog::p256_spki_from_der(bytes);
    }
    if let Ok(text) = str::from_utf8(bytes)
        && let Ok(spki) = Spki::from_base64(text)
    {
        assert_eq!(spki.to_string(), text);
    }
}
