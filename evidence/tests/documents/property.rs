//! What holds for any bytes: a parser refuses them or gives them back, and never falls over.

use crate::{log, sample};
use evidence::{
    CaseFile, CaseNumber, Disclosure, ENTRY_LEN, Entry, EvidenceFile, FileHasher, Half, Notice,
    Record, commit_half,
};
use proptest::collection::vec;
use proptest::prelude::*;

/// A document with a few bytes exchanged, taken out or put in.
fn mangled(document: Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
    let edits = vec((any::<prop::sample::Index>(), 0..3_u8, any::<u8>()), 0..4);
    edits.prop_map(move |edits| {
        let mut document = document.clone();
        for (at, edit, byte) in edits {
            let at = at.index(document.len());
            match edit {
                0 => document[at] = byte,
                1 => document.insert(at, byte),
                _ => drop(document.remove(at)),
            }
        }
        document
    })
}

proptest! {
    #[test]
    fn any_162_bytes_are_refused_or_given_back(bytes in vec(any::<u8>(), ENTRY_LEN)) {
        let mut bytes = bytes;
        bytes[0] = 1;
        bytes[1] = 1 + bytes[1] % 3;
        if let Ok(entry) = Entry::parse(&bytes) {
            prop_assert_eq!(&entry.to_bytes()[..], &bytes[..]);
        }
        if let Ok(entry) = Entry::parse_submitted(&bytes) {
            prop_assert_eq!(&entry.to_bytes()[..130], &bytes[..130]);
            prop_assert_eq!(Entry::parse(&entry.to_bytes()), Ok(entry));
        }
    }

    #[test]
    fn any_bytes_at_all_are_no_reason_to_fall_over(bytes in vec(any::<u8>(), 0..400)) {
        let _ = Entry::parse(&bytes);
        let _ = Notice::parse(&bytes);
        let _ = Record::parse(&bytes);
        let _ = Disclosure::parse(&bytes);
        let _ = CaseFile::parse(&bytes);
        let _ = EvidenceFile::parse(&bytes);
        let _ = CaseNumber::new(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn a_mangled_notice_is_refused_or_given_back(bytes in mangled(log::genesis().to_bytes())) {
        if let Ok(notice) = Notice::parse(&bytes) {
            prop_assert_eq!(notice.to_bytes(), bytes);
        }
    }

    #[test]
    fn a_mangled_record_is_refused_or_given_back(bytes in mangled(sample::recording().to_canonical())) {
        if let Ok(record) = Record::parse(&bytes) {
            prop_assert_eq!(record.to_canonical(), bytes);
        }
    }

    #[test]
    fn a_file_has_the_same_fingerprints_however_it_is_read(
        file in vec(any::<u8>(), 0..5000),
        cuts in vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(file.len() + 1)).collect();
        cuts.sort_unstable();
        let mut hasher = FileHasher::new();
        let mut from = 0;
        for to in cuts.into_iter().chain([file.len()]) {
            hasher.update(&file[from..to]);
            from = to;
        }
        let mut whole = FileHasher::new();
        whole.update(&file);
        prop_assert_eq!(hasher.finish(), whole.finish());
    }

    #[test]
    fn every_field_of_any_half_can_be_shown(names in vec("[a-z~/é]{0,3}", 1..40)) {
        let value = names.iter().map(|name| (name.clone(), serde_json::json!(name))).collect();
        let opener = sample::openers().hdr;
        let tree = commit_half(Half::Body, &serde_json::Value::Object(value), &opener).unwrap();
        for path in tree.paths() {
            let shown = tree.disclose(path).unwrap();
            prop_assert_eq!(shown.verify(&tree.commit()), Ok(()));
        }
    }
}
