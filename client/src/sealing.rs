//! Sealing: a file becomes a record, a commitment and a signed entry, all on the disk before anything is sent.

use crate::case_store::{CaseError, CaseStore};
use crate::evidence_store::{EvidenceStoreError, ItemFiles};
use crate::keypair::Keypair;
use crate::record_draft::RecordDraftError;
use evidence::{
    EvidenceFile, FileDigest, Kind, MalformedEntry, Opener, Openers, OriginHash, Record,
    UnsignedEntry,
};
use std::io;
use tlog::Origin;

/// A file's item: what is sent for it, and whether this run made it.
#[derive(Clone, Debug)]
pub struct Sealed {
    /// The evidence, as it is on the disk.
    pub evidence: EvidenceFile,
    /// True if an earlier run sealed it: the same bytes may have been sent.
    pub resumed: bool,
}

/// Seals a file, or finds that an earlier run did so: then its bytes are taken as they are.
///
/// The order of durability stands at [`CaseStore::claim`]. A failure of the disk after the claim ends the run: the
/// next one reads from the disk how far this one came.
pub fn seal(
    store: &mut CaseStore,
    key: &Keypair,
    origin: &Origin,
    files: &ItemFiles,
    digest: &FileDigest,
    record: impl FnOnce() -> Result<Record, RecordDraftError>,
) -> Result<Sealed, SealError> {
    if let Some(evidence) = resume(store, origin, files, digest)? {
        return Ok(Sealed {
            evidence,
            resumed: true,
        });
    }
    if files.receipt().try_exists().map_err(SealError::Disk)? {
        return Err(SealError::ProofWithoutEvidence);
    }
    // All that can fail without the disk comes before the claim.
    let record = record()?;
    let openers = random_openers()?;
    let number = store.next();
    let entry = UnsignedEntry {
        kind: Kind::Record,
        key_id: *key.key_id(),
        tag: store.tag(number),
        commitment: record.seal(&openers).commitment(),
    };
    let evidence = EvidenceFile {
        origin: origin.clone(),
        entry: key.sign(&entry, &OriginHash::of(origin.as_str()))?,
        record,
        openers,
        handle_index: number,
        spki: *key.spki(),
        notices: Vec::new(),
    };
    // Steps 1 and 2: the number is taken. Step 3: the evidence is whole. Nothing was sent yet.
    store.claim(&files.evidence())?;
    files.write_evidence(&evidence)?;
    Ok(Sealed {
        evidence,
        resumed: false,
    })
}

fn resume(
    store: &mut CaseStore,
    origin: &Origin,
    files: &ItemFiles,
    digest: &FileDigest,
) -> Result<Option<EvidenceFile>, SealError> {
    let Some(bytes) = files.read_evidence().map_err(SealError::Disk)? else {
        return Ok(None);
    };
    let evidence = EvidenceFile::parse(&bytes).map_err(EvidenceStoreError::from)?;
    if evidence.entry.tag() != &store.tag(evidence.handle_index) {
        return Err(SealError::OtherCase);
    }
    if evidence.origin != *origin {
        return Err(SealError::OtherLog(evidence.origin));
    }
    if !evidence.record.body().file.is(digest) {
        return Err(SealError::FileChanged);
    }
    store.adopt(evidence.handle_index)?;
    Ok(Some(evidence))
}

fn random_openers() -> Result<Openers, SealError> {
    let opener = || {
        let mut bytes = zeroize::Zeroizing::new([0; 32]);
        getrandom::fill(bytes.as_mut()).map_err(|_| SealError::NoRandomness)?;
        Ok::<_, SealError>(Opener::new(*bytes))
    };
    Ok(Openers {
        hdr: opener()?,
        body: opener()?,
    })
}

/// Why a file was not sealed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// The case file.
    #[error(transparent)]
    Case(#[from] CaseError),
    /// The evidence file.
    #[error(transparent)]
    Evidence(#[from] EvidenceStoreError),
    /// The original or its folder.
    #[error("the file cannot be read: {0}")]
    Disk(#[source] io::Error),
    /// The file is not the one that its evidence records.
    #[error(
        "the file was changed after it was sealed; seal the changed one under another name, and keep both"
    )]
    FileChanged,
    /// The evidence beside the file was sealed in another case.
    #[error(
        "the evidence beside the file belongs to another case; give that case's file with --case"
    )]
    OtherCase,
    /// The evidence beside the file was sealed for another log.
    #[error(
        "the evidence beside the file was sealed for the log {0}; give that log's address with --log"
    )]
    OtherLog(Origin),
    /// A proof without the evidence that it proves.
    #[error(
        "a proof stands beside the file without its evidence; move it away if the file is to be logged anew"
    )]
    ProofWithoutEvidence,
    /// The record that the defaults make breaks the schema.
    #[error("the record cannot be made: {0}")]
    Record(#[from] RecordDraftError),
    /// The entry could not be signed.
    #[error("the entry cannot be signed: {0}")]
    Entry(#[from] MalformedEntry),
    /// The operating system gave no random numbers.
    #[error("the operating system gave no random numbers")]
    NoRandomness,
}
