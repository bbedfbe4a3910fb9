//! The bytes of a proof of misbehaviour.

use super::accused_note::MalformedAccusedNote;
use super::{AccusedNote, Contradiction, MisbehaviorKind, MisbehaviorProof, can_be_accused};
use crate::receipt::PROOF_LINES_MAX;
use crate::{Hash, KeyKind, LeafIndex, MalformedCheckpoint, MalformedVkey, Vkey};
use alloc::vec::Vec;
use core::fmt;

/// The largest file in bytes. Two notes with one ML-DSA-44 line each, and two inclusion proofs of 63 hashes, take less
/// than a quarter; what is left is for the extension lines of foreign logs.
pub const MISBEHAVIOR_BYTES_MAX: usize = 64 * 1024;

impl MisbehaviorProof {
    /// Reads a file: canonical decimals and base64 only, no unknown or missing line, nothing after the last byte, at
    /// most [`MISBEHAVIOR_BYTES_MAX`] bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, MalformedMisbehavior> {
        if bytes.len() > MISBEHAVIOR_BYTES_MAX {
            return Err(MalformedMisbehavior::TooLarge);
        }
        let text = core::str::from_utf8(bytes).map_err(|_| MalformedMisbehavior::NotUtf8)?;
        // No line of the head is empty, so the first empty line parts it from the notes.
        let (head, notes) = text
            .split_once("\n\n")
            .ok_or(MalformedMisbehavior::NoEmptyLine)?;
        let mut head = Head(head.split('\n'));
        if head.0.next() != Some(VERSION_LINE) {
            return Err(MalformedMisbehavior::Version);
        }
        let kind =
            MisbehaviorKind::from_word(head.value("kind")?).ok_or(MalformedMisbehavior::Kind)?;
        let accused = Vkey::parse(head.value("accused")?).map_err(MalformedMisbehavior::Accused)?;
        if !can_be_accused(accused.kind()) {
            return Err(MalformedMisbehavior::AccusedKind);
        }
        let contradiction = match kind {
            MisbehaviorKind::Empty => {
                let len = head.note_len()?;
                head.end()?;
                let (a, rest) = note(notes, len, &accused)?;
                nothing_after(rest)?;
                Contradiction::Empty(a)
            }
            MisbehaviorKind::SameSize => {
                let (a, b) = head.two_notes(notes, &accused)?;
                Contradiction::SameSize(a, b)
            }
            MisbehaviorKind::Rollback => {
                let (a, b) = head.two_notes(notes, &accused)?;
                Contradiction::Rollback(a, b)
            }
            MisbehaviorKind::Prefix => {
                let prefix_root = hash(head.value("prefix-root")?)?;
                let proof = head.proof()?;
                let (first, second) = head.two_notes(notes, &accused)?;
                Contradiction::Prefix {
                    first,
                    second,
                    prefix_root,
                    proof,
                }
            }
            MisbehaviorKind::Leaf => {
                let index = LeafIndex::from_decimal(head.value("index")?)
                    .map_err(|_| MalformedMisbehavior::Number)?;
                let leaves = [hash(head.value("leaf")?)?, hash(head.value("leaf")?)?];
                let proofs = [head.proof()?, head.proof()?];
                let (first, second) = head.two_notes(notes, &accused)?;
                Contradiction::Leaf {
                    first,
                    second,
                    index,
                    leaves,
                    proofs,
                }
            }
        };
        Ok(Self {
            accused,
            contradiction,
        })
    }
}

impl fmt::Display for MisbehaviorProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{VERSION_LINE}")?;
        writeln!(f, "kind {}", self.kind())?;
        writeln!(f, "accused {}", self.accused)?;
        match &self.contradiction {
            Contradiction::Prefix {
                prefix_root, proof, ..
            } => {
                writeln!(f, "prefix-root {prefix_root}")?;
                write_proof(f, proof)?;
            }
            Contradiction::Leaf {
                index,
                leaves,
                proofs,
                ..
            } => {
                writeln!(f, "index {index}")?;
                for leaf in leaves {
                    writeln!(f, "leaf {leaf}")?;
                }
                for proof in proofs {
                    write_proof(f, proof)?;
                }
            }
            Contradiction::SameSize(..) | Contradiction::Empty(_) | Contradiction::Rollback(..) => {
            }
        }
        let notes = [Some(self.first()), self.second()];
        for note in notes.into_iter().flatten() {
            let written = alloc::format!("{note}");
            writeln!(f, "note {}", written.len())?;
        }
        f.write_str("\n")?;
        notes.into_iter().flatten().try_for_each(|note| note.fmt(f))
    }
}

/// Why bytes are not a proof of misbehaviour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MalformedMisbehavior {
    /// More than [`MISBEHAVIOR_BYTES_MAX`] bytes.
    TooLarge,
    /// Not UTF-8.
    NotUtf8,
    /// No empty line above the notes.
    NoEmptyLine,
    /// The first line is another.
    Version,
    /// A line is missing, stands in another place, or has another word before its value.
    Line,
    /// A kind that is unknown here.
    Kind,
    /// The accused key.
    Accused(MalformedVkey),
    /// An RFC 6962 tree head key (0x05), which signs no origin.
    AccusedKind,
    /// A number that is no canonical decimal.
    Number,
    /// More than 63 hashes in a proof.
    TooManyHashes,
    /// A hash that is not 32 bytes in canonical base64.
    Hash,
    /// A note has not the length that is stated.
    NoteLength,
    /// What stands there is no note with a checkpoint.
    Note(MalformedCheckpoint),
    /// A note has more than the one signature line.
    NoteLines,
    /// Extension lines in a note whose line (0x06) does not sign them.
    Extensions,
    /// Bytes after the last note.
    Trailing,
}

impl fmt::Display for MalformedMisbehavior {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLarge => "the file is larger than 64 KiB",
            Self::NotUtf8 => "the file is not UTF-8",
            Self::NoEmptyLine => "no empty line stands above the notes",
            Self::Version => {
                "a proof of misbehaviour begins with the line notarylog/misbehavior-proof@v1"
            }
            Self::Line => "a line is missing, stands in the wrong place or is unknown",
            Self::Kind => "this kind of misbehaviour is unknown here",
            Self::Accused(vkey) => return write!(f, "the accused key is malformed: {vkey}"),
            Self::AccusedKind => {
                "an RFC 6962 tree head key (0x05) cannot be accused: its signatures name no log"
            }
            Self::Number => "a number is a decimal without sign and without leading zeroes",
            Self::TooManyHashes => "a proof has at most 63 hashes",
            Self::Hash => "a hash is 32 bytes in standard base64",
            Self::NoteLength => "a note has not the length that is stated",
            Self::Note(checkpoint) => return write!(f, "a note is malformed: {checkpoint}"),
            Self::NoteLines => "a note holds the signature line of the accused alone",
            Self::Extensions => "an ML-DSA-44 line does not sign the extension lines above it",
            Self::Trailing => "bytes stand behind the last note",
        })
    }
}

impl core::error::Error for MalformedMisbehavior {}

const VERSION_LINE: &str = "notarylog/misbehavior-proof@v1";

/// The lines above the notes, not read yet.
struct Head<'t>(core::str::Split<'t, char>);

impl<'t> Head<'t> {
    /// The value of the next line, which must begin with this word and a space.
    fn value(&mut self, word: &str) -> Result<&'t str, MalformedMisbehavior> {
        self.0
            .next()
            .and_then(|line| line.strip_prefix(word)?.strip_prefix(' '))
            .ok_or(MalformedMisbehavior::Line)
    }

    /// A `proof <k>` line, and the k hashes below it.
    fn proof(&mut self) -> Result<Vec<Hash>, MalformedMisbehavior> {
        let count = number(self.value("proof")?)?;
        if count > PROOF_LINES_MAX {
            return Err(MalformedMisbehavior::TooManyHashes);
        }
        (0..count)
            .map(|_| hash(self.0.next().ok_or(MalformedMisbehavior::Line)?))
            .collect()
    }

    fn note_len(&mut self) -> Result<usize, MalformedMisbehavior> {
        number(self.value("note")?)
    }

    fn end(&mut self) -> Result<(), MalformedMisbehavior> {
        match self.0.next() {
            None => Ok(()),
            Some(_) => Err(MalformedMisbehavior::Line),
        }
    }

    fn two_notes(
        &mut self,
        notes: &str,
        accused: &Vkey,
    ) -> Result<(AccusedNote, AccusedNote), MalformedMisbehavior> {
        let lens = [self.note_len()?, self.note_len()?];
        self.end()?;
        let (a, rest) = note(notes, lens[0], accused)?;
        let (b, rest) = note(rest, lens[1], accused)?;
        nothing_after(rest)?;
        Ok((a, b))
    }
}

fn note<'t>(
    notes: &'t str,
    len: usize,
    accused: &Vkey,
) -> Result<(AccusedNote, &'t str), MalformedMisbehavior> {
    let (bytes, rest) = notes
        .split_at_checked(len)
        .ok_or(MalformedMisbehavior::NoteLength)?;
    let note = AccusedNote::parse(bytes.as_bytes()).map_err(|malformed| match malformed {
        MalformedAccusedNote::Checkpoint(checkpoint) => MalformedMisbehavior::Note(checkpoint),
        MalformedAccusedNote::Lines => MalformedMisbehavior::NoteLines,
    })?;
    if accused.kind() == KeyKind::MlDsa44 && !note.checkpoint().extensions().is_empty() {
        return Err(MalformedMisbehavior::Extensions);
    }
    Ok((note, rest))
}

fn nothing_after(rest: &str) -> Result<(), MalformedMisbehavior> {
    if rest.is_empty() {
        Ok(())
    } else {
        Err(MalformedMisbehavior::Trailing)
    }
}

/// A canonical decimal; what does not fit the machine is larger than any file.
fn number(text: &str) -> Result<usize, MalformedMisbehavior> {
    LeafIndex::from_decimal(text)
        .ok()
        .and_then(|number| usize::try_from(number.get()).ok())
        .ok_or(MalformedMisbehavior::Number)
}

fn hash(base64: &str) -> Result<Hash, MalformedMisbehavior> {
    Hash::from_base64(base64).map_err(|_| MalformedMisbehavior::Hash)
}

fn write_proof(f: &mut fmt::Formatter<'_>, proof: &[Hash]) -> fmt::Result {
    writeln!(f, "proof {}", proof.len())?;
    proof.iter().try_for_each(|hash| writeln!(f, "{hash}"))
}
