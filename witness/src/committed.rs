//! A head that is on disk, with its time: the only thing that our keys sign.

use crate::head::Head;
use std::sync::Arc;
use tlog::{Checkpoint, MalformedNote, Note, SignatureLine};

/// A checkpoint whose size, root and time are on disk. Only the desk makes one, and hands it out after the commit; and the
/// start, from a stored row.
#[derive(Clone, Debug)]
pub struct Committed {
    head: Head,
    checkpoint: Checkpoint,
    note: Arc<Note>,
}

impl Committed {
    /// Of a row that was committed: the note holds the checkpoint and the log's verified lines alone.
    pub(crate) const fn of_row(head: Head, checkpoint: Checkpoint, note: Arc<Note>) -> Self {
        Self {
            head,
            checkpoint,
            note,
        }
    }

    /// What is on disk.
    pub const fn head(&self) -> Head {
        self.head
    }

    /// The checkpoint.
    pub const fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The text of the checkpoint.
    pub fn text(&self) -> &str {
        self.note.text()
    }

    /// The note for monitors: the text, the log's verified lines, and our own.
    pub fn shown_with(&self, ours: &[SignatureLine]) -> Result<Note, MalformedNote> {
        let lines = self.note.lines().iter().chain(ours).cloned().collect();
        Note::new(self.note.text(), lines)
    }
}
