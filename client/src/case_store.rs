//! The case file and its list of open items: which numbers are given out, and which items have no proof yet.
//!
//! `case.json` ([`CaseFile`]) has the secret handle and the next number. `case.json.open` beside it lists the items that
//! got a number and have no proof yet, oldest first:
//!
//! ```json
//! {"open":[{"evidence":"b.jpg.evidence","number":1}],"v":1}
//! ```
//!
//! Both are private: mode 0600. `case.json.lock` is what a running program holds.

use crate::durable_file::{self, Readers};
use evidence::{BureauId, CASE_FILE_LEN_MAX, CaseFile, Handle, Line, MalformedCaseFile, Tag};
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Items without a proof at one time: four full batches. More means that the log is down and somebody should look.
pub const OPEN_MAX: usize = 4_096;
/// [`OPEN_MAX`] paths of the longest length that Linux has.
const OPEN_BYTES_MAX: u64 = 17 << 20;

/// An item that has its number and not yet its proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenItem {
    /// Its number in the case, from 0.
    pub number: u64,
    /// Where its evidence file is, or was about to be written.
    pub evidence: PathBuf,
}

/// A case that this process alone works on. The lock falls when it is dropped, or with the process.
#[derive(Debug)]
pub struct CaseStore {
    path: PathBuf,
    case: CaseFile,
    open: Vec<OpenItem>,
    _lock: File,
}

impl CaseStore {
    /// Writes the file of a new case. `handle` is 32 secret random bytes.
    pub fn create(
        path: &Path,
        number: &str,
        bureau: Option<BureauId>,
        handle: Handle,
    ) -> Result<(), CaseError> {
        let case = CaseFile {
            number: Line::new(number.trim()).map_err(|_| CaseError::Number)?,
            bureau,
            handle,
            next: 0,
        };
        durable_file::create(path, &case.to_bytes(), Readers::Owner).map_err(|error| {
            match error.kind() {
                io::ErrorKind::AlreadyExists => CaseError::Taken,
                _ => CaseError::File(error),
            }
        })
    }

    /// Waits for the lock, reads the case, and puts right what a killed run left half done.
    pub fn open(path: &Path) -> Result<Self, CaseError> {
        Self::open_after(path, || {})
    }

    /// As [`open`](Self::open); `waiting` hears if another run holds the lock.
    pub fn open_after(path: &Path, waiting: impl FnOnce()) -> Result<Self, CaseError> {
        let case = || read_case(path);
        // Before the lock file is made: a mistyped path should leave nothing behind.
        case()?;
        // The lock is a file of its own: the case file is replaced at each step, and a lock on it would stay with
        // the replaced one.
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(durable_file::beside(path, "lock"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                waiting();
                lock.lock()?;
            }
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        let mut store = Self {
            path: path.to_owned(),
            case: case()?,
            open: read_open(path)?,
            _lock: lock,
        };
        store.put_right()?;
        Ok(store)
    }

    /// The case number as printed.
    pub const fn case_number(&self) -> &Line {
        &self.case.number
    }

    /// The number that the next item gets.
    pub const fn next(&self) -> u64 {
        self.case.next
    }

    /// The tag of item `number`.
    pub fn tag(&self, number: u64) -> Tag {
        self.case.handle.tag(number)
    }

    /// Items without a proof, in the order of their numbers.
    pub fn open_items(&self) -> &[OpenItem] {
        &self.open
    }

    /// Gives out the next number, for an item whose evidence file will be `evidence`.
    ///
    /// Order of durability, for each item:
    /// 1. **List**: the list of open items has the number and where the evidence will be. After a kill the number is
    ///    not below `next`: no claim was made, and the next run strikes it out.
    /// 2. **Claim**: `next` in the case file goes up. A kill after this leaves a claim without evidence: nothing was
    ///    sent, and the next run takes the number back, so that there is no hole.
    /// 3. **Evidence**: the evidence file has the record, the openers and the signed entry. A kill after this leaves
    ///    an open item: the next run, for whichever file, sends these bytes before its own.
    /// 4. **Send**, as often as needed: always the bytes of step 3.
    /// 5. **Proof**: the proof file is written. A kill after this costs one look at the proof.
    /// 6. **Close**: the list forgets the item.
    ///
    /// So no number is ever given to two contents, and no later item overtakes an earlier one. After an error here the
    /// disk may be a step ahead of this store: it is dropped, and the next run reads afresh.
    pub fn claim(&mut self, evidence: &Path) -> Result<u64, CaseError> {
        if self.open.len() >= OPEN_MAX {
            return Err(CaseError::TooManyOpen);
        }
        let number = self.case.next;
        self.open.push(OpenItem {
            number,
            evidence: std::path::absolute(evidence)?,
        });
        self.write_open()?;
        self.advance_to(number.saturating_add(1))?;
        Ok(number)
    }

    /// Learns of an item that the case file does not know, since it was restored from a backup or copied: its number
    /// is never given out again.
    pub fn adopt(&mut self, number: u64) -> Result<(), CaseError> {
        if number < self.case.next {
            return Ok(());
        }
        self.advance_to(number.saturating_add(1))
    }

    /// Forgets an item whose proof is on the disk.
    pub fn close(&mut self, number: u64) -> Result<(), CaseError> {
        let before = self.open.len();
        self.open.retain(|item| item.number != number);
        if self.open.len() == before {
            return Ok(());
        }
        self.write_open()
    }

    fn put_right(&mut self) -> Result<(), CaseError> {
        // Claims are made one at a time, each after the evidence of the one before: so only the last can lack its
        // file, and only the last can be taken back.
        let Some(last) = self.open.last().cloned() else {
            return Ok(());
        };
        let sealed = last.evidence.try_exists()?;
        if sealed {
            // Only a restored case file can lie behind sealed evidence.
            return self.adopt(last.number);
        }
        if last.number.saturating_add(1) < self.case.next {
            // Its evidence was there once, since a later number was given out: its owner must find it.
            return Ok(());
        }
        // First the number, then the list: a kill between the two leaves what step 1 leaves.
        self.advance_to(self.case.next.min(last.number))?;
        self.open.pop();
        self.write_open()
    }

    fn advance_to(&mut self, next: u64) -> Result<(), CaseError> {
        if self.case.next == next {
            return Ok(());
        }
        self.case.next = next;
        durable_file::replace(&self.path, &self.case.to_bytes(), Readers::Owner)?;
        Ok(())
    }

    fn write_open(&self) -> Result<(), CaseError> {
        let folder = folder_of(&self.path)?;
        let open = self.open.iter().map(|item| {
            // Beneath the case's folder relative, so that the folder can be moved as a whole.
            let path = item.evidence.strip_prefix(&folder);
            let path = path.unwrap_or(&item.evidence).to_str();
            Ok(OpenJson {
                evidence: path.ok_or(CaseError::PathNotText)?.to_owned(),
                number: item.number,
            })
        });
        let list = ListJson {
            open: open.collect::<Result<_, CaseError>>()?,
            v: 1,
        };
        let bytes = serde_json::to_vec(&list).map_err(|_| CaseError::MalformedList)?;
        durable_file::replace(&open_path(&self.path), &bytes, Readers::Owner)?;
        Ok(())
    }
}

fn read_case(path: &Path) -> Result<CaseFile, CaseError> {
    let bytes = durable_file::read_at_most(path, CASE_FILE_LEN_MAX as u64);
    let bytes = bytes
        .map(Zeroizing::new)
        .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => CaseError::Missing,
            _ => CaseError::File(error),
        })?;
    Ok(CaseFile::parse(&bytes)?)
}

fn read_open(case: &Path) -> Result<Vec<OpenItem>, CaseError> {
    let bytes = match durable_file::read_at_most(&open_path(case), OPEN_BYTES_MAX) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        read => read?,
    };
    let list: ListJson = serde_json::from_slice(&bytes).map_err(|_| CaseError::MalformedList)?;
    let ascending = list.open.is_sorted_by(|one, next| one.number < next.number);
    if list.v != 1 || !ascending {
        return Err(CaseError::MalformedList);
    }
    let folder = folder_of(case)?;
    let item = |item: OpenJson| OpenItem {
        number: item.number,
        evidence: folder.join(item.evidence),
    };
    Ok(list.open.into_iter().map(item).collect())
}

fn open_path(case: &Path) -> PathBuf {
    durable_file::beside(case, "open")
}

fn folder_of(path: &Path) -> Result<PathBuf, CaseError> {
    Ok(std::path::absolute(path)?
        .parent()
        .map_or_else(|| PathBuf::from("/"), Path::to_owned))
}

/// Why a case file could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CaseError {
    /// No file there.
    #[error("there is no such case file; make one with `notary case new --number NO --out FILE`")]
    Missing,
    /// A file is there already.
    #[error(
        "this file exists already; a case file is never overwritten, since its handle would be lost"
    )]
    Taken,
    /// Not a case file.
    #[error("{0}; restore it from a backup")]
    Malformed(#[from] MalformedCaseFile),
    /// The list of open items beside it.
    #[error(
        "the list of open items beside the case file (.open) is damaged; restore it from a backup"
    )]
    MalformedList,
    /// Empty, too long, or with control characters.
    #[error("a case number is one line of 1 to {} bytes", Line::LEN_MAX)]
    Number,
    /// The log has been away for long.
    #[error("{OPEN_MAX} items of this case have no proof yet; wait until the log answers again")]
    TooManyOpen,
    /// The list is JSON text.
    #[error("the path of the file is not UTF-8 text; rename it")]
    PathNotText,
    /// The disk or the permissions.
    #[error("the case file cannot be read or written: {0}")]
    File(#[from] io::Error),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ListJson {
    open: Vec<OpenJson>,
    v: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OpenJson {
    evidence: String,
    number: u64,
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may fail loudly")]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    fn new_case(folder: &Path) -> PathBuf {
        let path = folder.join("case.json");
        CaseStore::create(&path, "17", None, Handle::new([7; 32])).unwrap();
        path
    }

    #[test]
    fn a_new_case_is_private_and_begins_at_zero() {
        let folder = tempfile::tempdir().unwrap();
        let path = new_case(folder.path());
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let store = CaseStore::open(&path).unwrap();
        assert_eq!((store.next(), store.case_number().as_str()), (0, "17"));
        assert_eq!(store.tag(3), Handle::new([7; 32]).tag(3));
    }

    #[test]
    fn a_case_file_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = new_case(folder.path());
        let again = CaseStore::create(&path, "18", None, Handle::new([8; 32]));
        assert!(matches!(again, Err(CaseError::Taken)));
    }

    #[test]
    fn a_claim_without_evidence_is_taken_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = new_case(folder.path());
        let claimed = CaseStore::open(&path)
            .unwrap()
            .claim(&folder.path().join("a.evidence"));
        assert_eq!(claimed.unwrap(), 0);
        // Killed here: nothing was written, nothing was sent.
        let store = CaseStore::open(&path).unwrap();
        assert_eq!(store.next(), 0);
        assert!(store.open_items().is_empty());
    }

    #[test]
    fn a_number_that_was_listed_and_not_claimed_is_struck_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = new_case(folder.path());
        let before = fs::read(&path).unwrap();
        CaseStore::open(&path)
            .unwrap()
            .claim(&folder.path().join("a"))
            .unwrap();
        // Killed between the list and the case file.
        fs::write(&path, before).unwrap();
        let store = CaseStore::open(&path).unwrap();
        assert_eq!(store.next(), 0);
        assert!(store.open_items().is_empty());
    }

    #[test]
    fn a_restored_case_file_is_put_right_by_its_open_items() {
        let folder = tempfile::tempdir().unwrap();
        let path = new_case(folder.path());
        let backup = fs::read(&path).unwrap();
        let evidence = folder.path().join("a.evidence");
        CaseStore::open(&path).unwrap().claim(&evidence).unwrap();
        fs::write(&evidence, b"signed").unwrap();
        fs::write(&path, backup).unwrap();
        let store = CaseStore::open(&path).unwrap();
        assert_eq!(store.next(), 1);
        assert_eq!(store.open_items().len(), 1);
    }

    #[test]
    fn a_claim_with_evidence_stays_open_until_it_is_proved() {
        let folder = tempfile::tempdir().unwrap();
        let path = new_case(folder.path());
        let evidence = folder.path().join("a.evidence");
        CaseStore::open(&path).unwrap().claim(&evidence).unwrap();
        fs::write(&evidence, b"signed").unwrap();
        // Killed here: the item may have been sent.
        let mut store = CaseStore::open(&path).unwrap();
        assert_eq!(store.next(), 1);
        assert_eq!(
            store.open_items(),
            [OpenItem {
                number: 0,
                evidence
            }]
        );
        store.close(0).unwrap();
        drop(store);
        let store = CaseStore::open(&path).unwrap();
        assert_eq!(store.next(), 1);
        assert!(store.open_items().is_empty());
    }

    #[test]
    fn an_earlier_claim_is_never_taken_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = new_case(folder.path());
        let mut store = CaseStore::open(&path).unwrap();
        let (one, two) = (folder.path().join("a"), folder.path().join("b"));
        store.claim(&one).unwrap();
        fs::write(&one, b"").unwrap();
        store.claim(&two).unwrap();
        fs::write(&two, b"").unwrap();
        drop(store);
        // Somebody removed the evidence of item 0: its number was sent and stays used.
        fs::remove_file(&one).unwrap();
        let store = CaseStore::open(&path).unwrap();
        assert_eq!(store.next(), 2);
        assert_eq!(store.open_items().len(), 2);
    }

    #[test]
    fn evidence_beneath_the_case_moves_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let old = folder.path().join("old");
        fs::create_dir(&old).unwrap();
        let path = new_case(&old);
        CaseStore::open(&path)
            .unwrap()
            .claim(&old.join("a.evidence"))
            .unwrap();
        fs::write(old.join("a.evidence"), b"").unwrap();
        let new = folder.path().join("new");
        fs::rename(&old, &new).unwrap();
        let store = CaseStore::open(&new.join("case.json")).unwrap();
        assert_eq!(store.open_items()[0].evidence, new.join("a.evidence"));
    }

    #[test]
    fn a_restored_case_file_never_gives_a_used_number_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = new_case(folder.path());
        let mut store = CaseStore::open(&path).unwrap();
        store.adopt(4).unwrap();
        store.adopt(2).unwrap();
        assert_eq!(store.claim(&folder.path().join("a")).unwrap(), 5);
    }

    #[test]
    fn an_edited_case_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = new_case(folder.path());
        let good = fs::read_to_string(&path).unwrap();
        for bad in [
            good.replace("\"v\": 1", "\"v\": 2"),
            good.replace("\"next\": 0", "\"next\": -1"),
            good.replace("0707", "07"),
            good.replace("null", "\"x\""),
            "{}".to_owned(),
        ] {
            fs::write(&path, bad).unwrap();
            assert!(matches!(
                CaseStore::open(&path),
                Err(CaseError::Malformed(_))
            ));
        }
        fs::write(&path, good).unwrap();
        fs::write(open_path(&path), b"{}").unwrap();
        assert!(matches!(
            CaseStore::open(&path),
            Err(CaseError::MalformedList)
        ));
    }

    #[test]
    fn two_runs_never_work_on_one_case_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = new_case(folder.path());
        let numbers: Vec<u64> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|thread| {
                    let (path, folder) = (&path, folder.path());
                    scope.spawn(move || {
                        (0..5)
                            .map(|i| {
                                let evidence = folder.join(format!("{thread}-{i}"));
                                let mut store = CaseStore::open(path).unwrap();
                                let number = store.claim(&evidence).unwrap();
                                fs::write(evidence, b"").unwrap();
                                number
                            })
                            .collect::<Vec<_>>()
                    })
                })
                .collect();
            threads
                .into_iter()
                .flat_map(|thread| thread.join().unwrap())
                .collect()
        });
        let mut sorted = numbers;
        sorted.sort_unstable();
        assert_eq!(sorted, (0..20).collect::<Vec<_>>());
    }
}
