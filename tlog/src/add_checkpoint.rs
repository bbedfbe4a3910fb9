//! What a log asks a witness: a checkpoint, and the proof that it extends the one before.
//! <https://c2sp.org/tlog-witness#add-checkpoint>

use crate::receipt::PROOF_LINES_MAX;
use crate::{Checkpoint, Hash, MalformedCheckpoint, MalformedNote, Note, TreeSize};
use alloc::vec::Vec;
use core::fmt;

/// The largest request in bytes: 63 hashes, and a checkpoint with sixteen ML-DSA-44 lines (which a witness must be able
/// to read, c2sp.org/signed-note) take less than half of it.
pub const ADD_CHECKPOINT_BYTES_MAX: usize = 128 * 1024;

/// The size that the witness is believed to have recorded, a consistency proof from there, and the new checkpoint;
/// nothing verified yet.
///
/// `Display` writes the very bytes that were read.
///
/// ```
/// # use tlog::AddCheckpoint;
/// let bytes = "\
/// old 20852014
/// PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
/// jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
/// 5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/// /6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=
///
/// example.com/behind-the-sofa
/// 20852163
/// CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
///
/// — example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
/// — example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=
/// ";
/// let request = AddCheckpoint::parse(bytes.as_bytes())?;
/// assert_eq!(request.old().get(), 20_852_014);
/// assert_eq!(request.proof().len(), 4);
/// assert_eq!(request.checkpoint().size().get(), 20_852_163);
/// assert_eq!(request.note().lines().len(), 2);
/// assert_eq!(request.to_string(), bytes);
/// # Ok::<(), tlog::MalformedAddCheckpoint>(())
/// ```
///
/// What is no fault of form is read: an old size above the checkpoint's, a proof from size 0, a wrong proof. A witness
/// answers each with its own status, and only after it knows the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddCheckpoint {
    old: TreeSize,
    proof: Vec<Hash>,
    checkpoint: Checkpoint,
    note: Note,
}

impl AddCheckpoint {
    /// Reads a request: canonical decimals and base64 only, at most [`PROOF_LINES_MAX`] hashes, no unknown line, nothing
    /// after the last signature line, at most [`ADD_CHECKPOINT_BYTES_MAX`] bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, MalformedAddCheckpoint> {
        if bytes.len() > ADD_CHECKPOINT_BYTES_MAX {
            return Err(MalformedAddCheckpoint::TooLarge);
        }
        let text = core::str::from_utf8(bytes).map_err(|_| MalformedAddCheckpoint::NotUtf8)?;
        // No line of the head and none of a checkpoint is empty, so the first empty line parts them.
        let (head, note) = text
            .split_once("\n\n")
            .ok_or(MalformedAddCheckpoint::NoEmptyLine)?;
        let mut lines = head.split('\n');
        let old = lines
            .next()
            .and_then(|line| line.strip_prefix("old "))
            .and_then(|old| TreeSize::from_decimal(old).ok())
            .ok_or(MalformedAddCheckpoint::OldSize)?;
        // Counted before anything is decoded: refusing must cost less than accepting.
        if lines.clone().count() > PROOF_LINES_MAX {
            return Err(MalformedAddCheckpoint::TooManyHashes);
        }
        let proof = lines
            .map(|line| Hash::from_base64(line).map_err(|_| MalformedAddCheckpoint::Hash))
            .collect::<Result<_, _>>()?;
        let note = Note::parse(note.as_bytes()).map_err(MalformedAddCheckpoint::Note)?;
        Self::new(old, proof, note)
    }

    /// A request of these parts: a consistency proof from `old` (none from size 0, none to the same size), and the
    /// checkpoint with the log's own signature lines.
    pub fn new(
        old: TreeSize,
        proof: Vec<Hash>,
        note: Note,
    ) -> Result<Self, MalformedAddCheckpoint> {
        if proof.len() > PROOF_LINES_MAX {
            return Err(MalformedAddCheckpoint::TooManyHashes);
        }
        let checkpoint =
            Checkpoint::parse(note.text()).map_err(MalformedAddCheckpoint::Checkpoint)?;
        Ok(Self {
            old,
            proof,
            checkpoint,
            note,
        })
    }

    /// The size that the witness is believed to have recorded.
    pub const fn old(&self) -> TreeSize {
        self.old
    }

    /// The consistency proof from the old size to the checkpoint's.
    pub fn proof(&self) -> &[Hash] {
        &self.proof
    }

    /// The new checkpoint, not verified.
    pub const fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The note that has the checkpoint, not verified.
    pub const fn note(&self) -> &Note {
        &self.note
    }
}

impl fmt::Display for AddCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old)?;
        self.proof
            .iter()
            .try_for_each(|hash| writeln!(f, "{hash}"))?;
        write!(f, "\n{}", self.note)
    }
}

/// Why bytes are not an add-checkpoint request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MalformedAddCheckpoint {
    /// More than [`ADD_CHECKPOINT_BYTES_MAX`] bytes.
    TooLarge,
    /// Not UTF-8.
    NotUtf8,
    /// No empty line above the checkpoint.
    NoEmptyLine,
    /// The first line is not `old`, one space and a canonical decimal below 2^63.
    OldSize,
    /// More than [`PROOF_LINES_MAX`] hashes.
    TooManyHashes,
    /// A line of the proof is not 32 bytes in canonical base64.
    Hash,
    /// What stands below the empty line is no note.
    Note(MalformedNote),
    /// The note is no checkpoint.
    Checkpoint(MalformedCheckpoint),
}

impl fmt::Display for MalformedAddCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLarge => {
                "the request is larger than 128 KiB: send the log's own signature lines alone"
            }
            Self::NotUtf8 => "the request is not UTF-8",
            Self::NoEmptyLine => "no empty line stands between the proof and the checkpoint",
            Self::OldSize => {
                "the first line is the word old, a space and a decimal without sign and leading zeroes"
            }
            Self::TooManyHashes => "a consistency proof has at most 63 hashes",
            Self::Hash => "a line of the consistency proof is not 32 bytes in standard base64",
            Self::Note(note) => return write!(f, "the checkpoint is malformed: {note}"),
            Self::Checkpoint(checkpoint) => {
                return write!(f, "the checkpoint is malformed: {checkpoint}");
            }
        })
    }
}

impl core::error::Error for MalformedAddCheckpoint {}
