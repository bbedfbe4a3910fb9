//! Whenever a run is killed, the next one sends the same bytes again and gives no number twice.

use crate::log::{ORIGIN, TestKey, digest};
use evidence::{Entry, Handle, UtcTime};
use notarylog_client::{
    CaseStore, FileToRecord, FileType, ItemFiles, RecordDraft, SealError, Sealed, seal,
};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use tlog::Origin;

/// A case folder with two originals.
struct Desk {
    folder: TempDir,
}

impl Desk {
    fn new() -> Self {
        let desk = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        CaseStore::create(&desk.path("case.json"), "17", None, Handle::new([7; 32])).unwrap();
        fs::write(desk.path("a.txt"), "first").unwrap();
        fs::write(desk.path("b.txt"), "second").unwrap();
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn files(&self, name: &str) -> ItemFiles {
        ItemFiles::of_original(self.path(name))
    }

    fn store(&self) -> CaseStore {
        CaseStore::open(&self.path("case.json")).unwrap()
    }

    fn seal_in(&self, store: &mut CaseStore, name: &str) -> Result<Sealed, SealError> {
        let original = fs::read(self.path(name)).unwrap();
        let digest = digest(&original);
        let facts = FileToRecord {
            name,
            file_type: FileType::of(Path::new(name), &original),
            digest: &digest,
            received: UtcTime::from_unix_ms(1_781_141_524_120).unwrap(),
        };
        seal(
            store,
            &TestKey::new("bureau").pair(),
            &Origin::new(ORIGIN).unwrap(),
            &self.files(name),
            &digest,
            || RecordDraft::default().record(&facts),
        )
    }

    /// A run of its own: the lock is taken and given back.
    fn seal(&self, name: &str) -> Sealed {
        self.seal_in(&mut self.store(), name).unwrap()
    }

    fn open_numbers(&self) -> Vec<u64> {
        let store = self.store();
        store.open_items().iter().map(|item| item.number).collect()
    }
}

fn same_bytes(one: &Entry, other: &Entry) -> bool {
    one.to_bytes() == other.to_bytes()
}

#[test]
fn killed_after_the_claim_the_number_goes_to_the_next_file_and_there_is_no_hole() {
    let desk = Desk::new();
    desk.store().claim(&desk.files("a.txt").evidence()).unwrap();
    let second = desk.seal("b.txt");
    let first = desk.seal("a.txt");
    assert_eq!(second.evidence.handle_index, 0);
    assert_eq!(first.evidence.handle_index, 1);
    assert!(!first.resumed && !second.resumed);
}

#[test]
fn killed_after_the_evidence_the_same_bytes_are_sent_again() {
    let desk = Desk::new();
    let killed = desk.seal("a.txt");
    let again = desk.seal("a.txt");
    assert!(again.resumed);
    assert!(same_bytes(&killed.evidence.entry, &again.evidence.entry));
    assert_eq!(desk.open_numbers(), [0]);
}

#[test]
fn killed_after_the_evidence_another_file_gets_another_number_and_the_first_stays_open() {
    let desk = Desk::new();
    let killed = desk.seal("a.txt");
    let other = desk.seal("b.txt");
    assert_eq!(killed.evidence.handle_index, 0);
    assert_eq!(other.evidence.handle_index, 1);
    assert_ne!(killed.evidence.entry.tag(), other.evidence.entry.tag());
    // The run for b.txt finds a.txt open, before its own: it will be sent first.
    assert_eq!(desk.open_numbers(), [0, 1]);
}

#[test]
fn killed_after_the_proof_nothing_is_sealed_anew() {
    let desk = Desk::new();
    let sealed = desk.seal("a.txt");
    fs::write(desk.files("a.txt").receipt(), "a proof").unwrap();
    let again = desk.seal("a.txt");
    assert!(again.resumed);
    assert!(same_bytes(&sealed.evidence.entry, &again.evidence.entry));
    desk.store().close(0).unwrap();
    assert!(desk.open_numbers().is_empty());
    assert_eq!(desk.store().next(), 1);
}

#[test]
fn half_an_evidence_file_is_never_seen() {
    let desk = Desk::new();
    // Killed while the evidence was written beside its place.
    desk.store().claim(&desk.files("a.txt").evidence()).unwrap();
    fs::write(desk.path("a.txt.evidence.tmp"), "{\"entry\":").unwrap();
    let sealed = desk.seal("a.txt");
    assert_eq!(sealed.evidence.handle_index, 0);
    assert!(!desk.path("a.txt.evidence.tmp").exists());
}

#[test]
fn a_file_that_changed_after_it_was_sealed_is_not_sent() {
    let desk = Desk::new();
    desk.seal("a.txt");
    fs::write(desk.path("a.txt"), "changed").unwrap();
    let refused = desk.seal_in(&mut desk.store(), "a.txt");
    assert!(matches!(refused, Err(SealError::FileChanged)));
    assert_eq!(desk.store().next(), 1);
}

#[test]
fn evidence_of_another_case_is_not_taken_for_this_one() {
    let desk = Desk::new();
    let other = Desk::new();
    fs::remove_file(other.path("case.json")).unwrap();
    CaseStore::create(&other.path("case.json"), "18", None, Handle::new([8; 32])).unwrap();
    other.seal("a.txt");
    fs::copy(other.path("a.txt.evidence"), desk.path("a.txt.evidence")).unwrap();
    let refused = desk.seal_in(&mut desk.store(), "a.txt");
    assert!(matches!(refused, Err(SealError::OtherCase)));
}

#[test]
fn a_case_file_from_a_backup_gives_no_used_number_again() {
    let desk = Desk::new();
    let backup = fs::read(desk.path("case.json")).unwrap();
    desk.seal("a.txt");
    desk.store().close(0).unwrap();
    fs::write(desk.path("case.json"), backup).unwrap();
    // The file that has number 0 is named again: its number is learnt before another is given out.
    let mut store = desk.store();
    assert!(desk.seal_in(&mut store, "a.txt").unwrap().resumed);
    let other = desk.seal_in(&mut store, "b.txt").unwrap();
    assert_eq!(other.evidence.handle_index, 1);
}

#[test]
fn a_proof_without_its_evidence_is_not_overwritten() {
    let desk = Desk::new();
    fs::write(desk.files("a.txt").receipt(), "somebody's proof").unwrap();
    let refused = desk.seal_in(&mut desk.store(), "a.txt");
    assert!(matches!(refused, Err(SealError::ProofWithoutEvidence)));
    assert_eq!(desk.store().next(), 0);
}

#[test]
fn a_record_that_cannot_be_made_uses_no_number() {
    let desk = Desk::new();
    let long = "x".repeat(300);
    let digest = digest(b"first");
    let facts = FileToRecord {
        name: &long,
        file_type: FileType::of(Path::new("a.txt"), b"first"),
        digest: &digest,
        received: UtcTime::from_unix_ms(0).unwrap(),
    };
    let refused = seal(
        &mut desk.store(),
        &TestKey::new("bureau").pair(),
        &Origin::new(ORIGIN).unwrap(),
        &desk.files("a.txt"),
        &digest,
        || RecordDraft::default().record(&facts),
    );
    assert!(matches!(refused, Err(SealError::Record(_))));
    assert_eq!(desk.store().next(), 0);
    assert!(!desk.files("a.txt").evidence().exists());
}
