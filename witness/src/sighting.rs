//! A sighting: a head of a known log that somebody was shown. It bears the log's signature, whoever brought it.

use crate::known_log::{KnownLog, NotSigned};
use service::AwsLc;
use std::fmt;
use std::sync::Arc;
use tlog::{
    Checkpoint, Hash, MalformedCheckpoint, Note, SignatureLine, TreeSize, Vkey, verify_line,
};

/// The largest note that is looked at, in bytes: a `/checkpoint` of sixteen lines, half of them ML-DSA-44's, is half as
/// long. What is kept of it is less.
pub const SIGHTING_BYTES_MAX: usize = 64 * 1024;

/// A head that the log signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// The checkpoint.
    pub checkpoint: Checkpoint,
    /// The checkpoint with the log's verified lines alone.
    pub note: Arc<Note>,
}

impl Sighting {
    /// Reads a note that this log must have signed. A stranger's lines are left out.
    pub fn of(log: &KnownLog, note: &Note) -> Result<Self, NotSeen> {
        let checkpoint = Checkpoint::parse(note.text()).map_err(NotSeen::Malformed)?;
        if checkpoint.origin() != log.enrolled.origin {
            return Err(NotSeen::OtherLog);
        }
        let lines = log
            .verify_note(note, &checkpoint)
            .map_err(NotSeen::NotSigned)?;
        let note = Note::new(note.text(), lines.lines)
            .map_err(|note| NotSeen::Malformed(MalformedCheckpoint::Note(note)))?;
        Ok(Self {
            checkpoint,
            note: Arc::new(note),
        })
    }

    /// The size of the tree.
    pub const fn size(&self) -> TreeSize {
        self.checkpoint.size()
    }

    /// The root of the tree.
    pub const fn root(&self) -> Hash {
        self.checkpoint.root()
    }

    /// The newest line of this key in the note from which the sighting was read, if it verifies, and its time in seconds
    /// since 1970.
    pub fn line_of<'n>(&self, vkey: &Vkey, note: &'n Note) -> Option<(&'n SignatureLine, u64)> {
        let verified = note.lines().iter().filter_map(|line| {
            let verified = verify_line(vkey, &self.checkpoint, note.text(), line, &AwsLc).ok()?;
            Some((line, verified.time.seconds()?))
        });
        verified.max_by_key(|(_, time_s)| *time_s)
    }
}

/// Why a note is no head of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotSeen {
    /// It is no checkpoint.
    Malformed(MalformedCheckpoint),
    /// It is another log's.
    OtherLog,
    /// The log did not sign it.
    NotSigned(NotSigned),
}

impl fmt::Display for NotSeen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(why) => why.fmt(f),
            Self::OtherLog => f.write_str("the checkpoint is another log's"),
            Self::NotSigned(why) => why.fmt(f),
        }
    }
}

impl std::error::Error for NotSeen {}
