//! Receipts: an offline-verifiable proof that an entry is in a log. <https://c2sp.org/tlog-proof>

use crate::note::NOTE_BYTES_MAX;
use crate::{
    Checkpoint, CosignedCheckpoint, Hash, LeafIndex, MalformedCheckpoint, MalformedNote, Note,
    Policy, Refusal, SignatureChecks, Vkey, verify_inclusion,
};
use alloc::vec::Vec;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use core::fmt;

/// The most hashes of an inclusion proof: a tree has fewer than 2^63 leaves (c2sp.org/tlog-witness allows no more).
pub const PROOF_LINES_MAX: usize = 63;

/// The largest receipt in bytes: a note, and as much again for extra data.
pub const RECEIPT_BYTES_MAX: usize = 2 * NOTE_BYTES_MAX;

/// Where an entry stands, the hashes from it to a root, and the checkpoint that has the root; nothing verified yet.
///
/// `Display` writes the very bytes that were read.
///
/// ```
/// # use tlog::Receipt;
/// let bytes = "\
/// c2sp.org/tlog-proof@v1
/// extra YWdlLXYxLjMuMQ==
/// index 2
/// gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=
/// B95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=
///
/// example.com/fancylog
/// 4
/// sFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=
///
/// — example.com/fancylog Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
/// ";
/// let receipt = Receipt::parse(bytes.as_bytes())?;
/// assert_eq!(receipt.extra(), Some(&b"age-v1.3.1"[..]));
/// assert_eq!(receipt.index().get(), 2);
/// assert_eq!(receipt.proof().len(), 2);
/// assert_eq!(receipt.checkpoint().size().get(), 4);
/// assert_eq!(receipt.to_string(), bytes);
/// # Ok::<(), tlog::MalformedReceipt>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    extra: Option<Vec<u8>>,
    index: LeafIndex,
    proof: Vec<Hash>,
    checkpoint: Checkpoint,
    note: Note,
}

impl Receipt {
    /// Reads a proof of the format `c2sp.org/tlog-proof@v1`: canonical decimals and base64 only, at most
    /// [`PROOF_LINES_MAX`] hashes, no unknown lines, at most [`RECEIPT_BYTES_MAX`] bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, MalformedReceipt> {
        if bytes.len() > RECEIPT_BYTES_MAX {
            return Err(MalformedReceipt::TooLarge);
        }
        let text = core::str::from_utf8(bytes).map_err(|_| MalformedReceipt::NotUtf8)?;
        let (head, note) = text
            .split_once("\n\n")
            .ok_or(MalformedReceipt::NoEmptyLine)?;
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(VERSION_LINE) {
            return Err(MalformedReceipt::Version);
        }
        let extra = lines
            .next_if(|line| line.starts_with("extra "))
            .map(|line| decode_extra(line.strip_prefix("extra ").unwrap_or_default()))
            .transpose()?;
        let index = lines
            .next()
            .and_then(|line| line.strip_prefix("index "))
            .and_then(|index| LeafIndex::from_decimal(index).ok())
            .ok_or(MalformedReceipt::Index)?;
        let proof = lines
            .map(|line| Hash::from_base64(line).map_err(|_| MalformedReceipt::Hash))
            .collect::<Result<_, _>>()?;
        let note = Note::parse(note.as_bytes()).map_err(MalformedReceipt::Note)?;
        Self::new(extra, index, proof, note)
    }

    /// A receipt of these parts. Extra data is absent or not empty; the note's text is a checkpoint.
    pub fn new(
        extra: Option<Vec<u8>>,
        index: LeafIndex,
        proof: Vec<Hash>,
        note: Note,
    ) -> Result<Self, MalformedReceipt> {
        if extra.as_ref().is_some_and(Vec::is_empty) {
            return Err(MalformedReceipt::Extra);
        }
        if extra.as_ref().is_some_and(|extra| extra.len() > EXTRA_MAX) {
            return Err(MalformedReceipt::TooLarge);
        }
        if proof.len() > PROOF_LINES_MAX {
            return Err(MalformedReceipt::TooManyHashes);
        }
        let checkpoint = Checkpoint::parse(note.text()).map_err(MalformedReceipt::Checkpoint)?;
        Ok(Self {
            extra,
            index,
            proof,
            checkpoint,
            note,
        })
    }

    /// Application data that nothing signs; ours is the entry.
    pub fn extra(&self) -> Option<&[u8]> {
        self.extra.as_deref()
    }

    /// Where the entry is said to stand.
    pub const fn index(&self) -> LeafIndex {
        self.index
    }

    /// The hashes from the leaf's sibling up.
    pub fn proof(&self) -> &[Hash] {
        &self.proof
    }

    /// The checkpoint, not verified.
    pub const fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The note that has the checkpoint, not verified.
    pub const fn note(&self) -> &Note {
        &self.note
    }

    /// Verifies that the leaf of this hash stands in a log as the policy wants it. The caller computes the hash from
    /// what it knows of the entry ([`Hash::of_leaf`]), and trusts nothing else in the receipt.
    pub fn verify(
        &self,
        policy: &Policy,
        leaf: &Hash,
        checks: &dyn SignatureChecks,
    ) -> Result<CosignedCheckpoint, Refusal> {
        self.verify_with(policy, leaf, &[], checks)
    }

    /// As [`verify`](Self::verify), and knows more keys of the same log: see [`Policy::judge_with`].
    pub fn verify_with(
        &self,
        policy: &Policy,
        leaf: &Hash,
        also: &[Vkey],
        checks: &dyn SignatureChecks,
    ) -> Result<CosignedCheckpoint, Refusal> {
        let cosigned = policy.judge_with(&self.note, also, checks)?;
        verify_inclusion(
            leaf,
            self.index,
            self.checkpoint.size(),
            &self.checkpoint.root(),
            &self.proof,
        )?;
        Ok(cosigned)
    }
}

impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{VERSION_LINE}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", STANDARD.encode(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        self.proof
            .iter()
            .try_for_each(|hash| writeln!(f, "{hash}"))?;
        write!(f, "\n{}", self.note)
    }
}

/// Why bytes are not a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MalformedReceipt {
    /// More than [`RECEIPT_BYTES_MAX`] bytes.
    TooLarge,
    /// Not UTF-8.
    NotUtf8,
    /// No empty line above the checkpoint.
    NoEmptyLine,
    /// The first line is another.
    Version,
    /// The extra data are not canonical base64, or there are none on the line.
    Extra,
    /// No index line where one must be, or no canonical decimal on it.
    Index,
    /// More than [`PROOF_LINES_MAX`] hashes.
    TooManyHashes,
    /// A line of the proof is not 32 bytes in canonical base64.
    Hash,
    /// What stands below the empty line is no note.
    Note(MalformedNote),
    /// The note is no checkpoint.
    Checkpoint(MalformedCheckpoint),
}

impl fmt::Display for MalformedReceipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLarge => "the receipt is larger than 2 MiB",
            Self::NotUtf8 => "the receipt is not UTF-8",
            Self::NoEmptyLine => "no empty line stands above the receipt's checkpoint",
            Self::Version => "a receipt begins with the line c2sp.org/tlog-proof@v1",
            Self::Extra => "the extra line is the word extra, a space and canonical base64",
            Self::Index => {
                "the index line is the word index, a space and a decimal without leading zeroes"
            }
            Self::TooManyHashes => "an inclusion proof has at most 63 hashes",
            Self::Hash => "a line of the inclusion proof is not 32 bytes in standard base64",
            Self::Note(note) => return write!(f, "the receipt's checkpoint is malformed: {note}"),
            Self::Checkpoint(checkpoint) => {
                return write!(f, "the receipt's checkpoint is malformed: {checkpoint}");
            }
        })
    }
}

impl core::error::Error for MalformedReceipt {}

const VERSION_LINE: &str = "c2sp.org/tlog-proof@v1";

/// The most extra data in bytes: what fits, as base64, into a receipt beside the largest note and proof.
const EXTRA_MAX: usize = (RECEIPT_BYTES_MAX - NOTE_BYTES_MAX - 4096) / 4 * 3;

fn decode_extra(base64: &str) -> Result<Vec<u8>, MalformedReceipt> {
    STANDARD.decode(base64).map_err(|_| MalformedReceipt::Extra)
}
