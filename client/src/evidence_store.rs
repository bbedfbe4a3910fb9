//! Where evidence and proofs lie: beside the original, `FILE.evidence` (private) and `FILE.tlog-proof` (public).

use crate::durable_file::{self, Readers};
use evidence::{EVIDENCE_FILE_LEN_MAX, EvidenceFile, MalformedEvidence};
use std::io;
use std::path::{Path, PathBuf};
use tlog::{RECEIPT_BYTES_MAX, Receipt};
use zeroize::Zeroizing;

const EVIDENCE_SUFFIX: &str = "evidence";
const RECEIPT_SUFFIX: &str = "tlog-proof";

/// The three files of one item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemFiles {
    original: PathBuf,
}

/// Which of the three files a path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileRole {
    /// The original.
    Original,
    /// `FILE.evidence`.
    Evidence,
    /// `FILE.tlog-proof`.
    Receipt,
}

impl ItemFiles {
    /// The files of an original.
    pub const fn of_original(original: PathBuf) -> Self {
        Self { original }
    }

    /// The files among which this path is one, told by its suffix.
    pub fn of_any(path: &Path) -> (Self, FileRole) {
        let role = match path.extension().and_then(|extension| extension.to_str()) {
            Some(EVIDENCE_SUFFIX) => FileRole::Evidence,
            Some(RECEIPT_SUFFIX) => FileRole::Receipt,
            _ => return (Self::of_original(path.to_owned()), FileRole::Original),
        };
        (Self::of_original(path.with_extension("")), role)
    }

    /// The original.
    pub fn original(&self) -> &Path {
        &self.original
    }

    /// `FILE.evidence`
    pub fn evidence(&self) -> PathBuf {
        durable_file::beside(&self.original, EVIDENCE_SUFFIX)
    }

    /// `FILE.tlog-proof`
    pub fn receipt(&self) -> PathBuf {
        durable_file::beside(&self.original, RECEIPT_SUFFIX)
    }

    /// The bytes of the evidence file; `None` if there is none.
    pub fn read_evidence(&self) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
        if_there(durable_file::read_at_most(
            &self.evidence(),
            EVIDENCE_FILE_LEN_MAX as u64,
        ))
        .map(|bytes| bytes.map(Zeroizing::new))
    }

    /// The bytes of the proof file; `None` if there is none.
    pub fn read_receipt(&self) -> io::Result<Option<Vec<u8>>> {
        if_there(durable_file::read_at_most(
            &self.receipt(),
            RECEIPT_BYTES_MAX as u64,
        ))
    }

    /// Writes the evidence file, for its owner alone. It is on the disk when this returns.
    pub fn write_evidence(&self, evidence: &EvidenceFile) -> Result<(), EvidenceStoreError> {
        let bytes = evidence.to_bytes();
        durable_file::replace(&self.evidence(), &bytes, Readers::Owner)?;
        Ok(())
    }

    /// Writes the proof file, for all to read. It is on the disk when this returns.
    pub fn write_receipt(&self, receipt: &Receipt) -> Result<(), EvidenceStoreError> {
        let text = receipt.to_string();
        durable_file::replace(&self.receipt(), text.as_bytes(), Readers::All)?;
        Ok(())
    }
}

/// Why an evidence file could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EvidenceStoreError {
    /// It is no evidence file.
    #[error(transparent)]
    Malformed(#[from] MalformedEvidence),
    /// The disk or the permissions.
    #[error("the file cannot be read or written: {0}")]
    File(#[from] io::Error),
}

fn if_there<T>(read: io::Result<T>) -> io::Result<Option<T>> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_files_of_an_item_name_each_other() {
        let of = |path: &str| ItemFiles::of_any(Path::new(path));
        let item = ItemFiles::of_original("d/a.jpg".into());
        assert_eq!(of("d/a.jpg"), (item.clone(), FileRole::Original));
        assert_eq!(of("d/a.jpg.evidence"), (item.clone(), FileRole::Evidence));
        assert_eq!(of("d/a.jpg.tlog-proof"), (item.clone(), FileRole::Receipt));
        assert_eq!(item.evidence(), Path::new("d/a.jpg.evidence"));
        assert_eq!(item.receipt(), Path::new("d/a.jpg.tlog-proof"));
    }
}
