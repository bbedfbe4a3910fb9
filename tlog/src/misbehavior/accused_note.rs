//! A note as it stands in a proof of misbehaviour: a checkpoint's text, and one line by the accused.

use crate::{
    BadLine, Checkpoint, KeyKind, LineTime, MalformedCheckpoint, Note, SignatureChecks,
    SignatureLine, Vkey, verify_line,
};
use core::fmt;

/// A checkpoint with one signature line. In an ML-DSA-44 line's note (0x06) there are no extension lines: that line does
/// not sign them, and nothing unsigned has a place in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccusedNote {
    checkpoint: Checkpoint,
    note: Note,
}

impl AccusedNote {
    /// Reads a note of exactly one line.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, MalformedAccusedNote> {
        let note = Note::parse(bytes)
            .map_err(|note| MalformedAccusedNote::Checkpoint(MalformedCheckpoint::Note(note)))?;
        let checkpoint =
            Checkpoint::parse(note.text()).map_err(MalformedAccusedNote::Checkpoint)?;
        if note.lines().len() == 1 {
            Ok(Self { checkpoint, note })
        } else {
            Err(MalformedAccusedNote::Lines)
        }
    }

    /// Takes from a note the accused's newest line that verifies, and the text that it signs.
    pub(super) fn of(
        note: &Note,
        accused: &Vkey,
        checks: &dyn SignatureChecks,
    ) -> Result<Self, NotSigned> {
        let checkpoint = Checkpoint::parse(note.text()).map_err(NotSigned::Checkpoint)?;
        let mut newest: Option<(LineTime, &SignatureLine)> = None;
        let mut why = BadLine::OtherKey;
        for line in note.lines() {
            match verify_line(accused, &checkpoint, note.text(), line, checks) {
                Ok(verified) if newest.is_none_or(|(time, _)| time < verified.time) => {
                    newest = Some((verified.time, line));
                }
                Ok(_) | Err(BadLine::OtherKey) => {}
                Err(bad) => why = bad,
            }
        }
        let (_, line) = newest.ok_or(NotSigned::Line(why))?;
        let checkpoint = if accused.kind() == KeyKind::MlDsa44 {
            checkpoint.without_extensions()
        } else {
            checkpoint
        };
        let note = Note::new(checkpoint.text(), alloc::vec![line.clone()])
            .map_err(|note| NotSigned::Checkpoint(MalformedCheckpoint::Note(note)))?;
        Ok(Self { checkpoint, note })
    }

    /// The checkpoint.
    pub const fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The note with its one line.
    pub const fn note(&self) -> &Note {
        &self.note
    }

    /// The time that the line states, if the accused validly signed it.
    pub(super) fn signed_at(
        &self,
        accused: &Vkey,
        checks: &dyn SignatureChecks,
    ) -> Result<LineTime, BadLine> {
        let line = self.note.lines().first().ok_or(BadLine::Form)?;
        verify_line(accused, &self.checkpoint, self.note.text(), line, checks)
            .map(|verified| verified.time)
    }
}

impl fmt::Display for AccusedNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.note.fmt(f)
    }
}

/// Why bytes are not such a note.
pub(super) enum MalformedAccusedNote {
    Checkpoint(MalformedCheckpoint),
    Lines,
}

/// Why a note is none that the accused signed.
pub(super) enum NotSigned {
    Checkpoint(MalformedCheckpoint),
    Line(BadLine),
}
