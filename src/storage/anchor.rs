//! The port `Anchor`: the second failure domain, which shows a database that went back.

use super::coord::Head;
use tlog::TreeSize;

/// What one step forward leaves in the anchor: the entries, the notice documents and the head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnchorRecord {
    /// The size before the step: the index of the first entry.
    pub first: TreeSize,
    /// The entries' final bytes, packed (162 bytes each); empty for an idle head.
    pub entries: Vec<u8>,
    /// The canonical documents of the notices among the entries, in the order of their entries.
    pub notices: Vec<Vec<u8>>,
    /// The head after the step.
    pub head: Head,
}

/// An append-only journal on another path or volume.
///
/// Contract: a record is durable when `append` answers (one fdatasync). A record that does not extend the last one
/// (first ≠ last size, time not later, other root at the same size) is refused. After a failed fsync the page cache
/// is not trusted any more: the error is fatal.
pub trait Anchor: Send + Sync {
    /// The head of the newest record; `None` in an empty anchor.
    fn last(&self) -> Option<Head>;

    /// Appends one record.
    fn append(&mut self, record: &AnchorRecord) -> Result<(), AnchorError>;

    /// Every record whose head is larger than `after`, in order, each verified against its checksum. `visit` answers `false` to stop.
    fn replay(
        &self,
        after: TreeSize,
        visit: &mut dyn FnMut(AnchorRecord) -> bool,
    ) -> Result<(), AnchorError>;

    /// Drops whole segments all of whose entries lie below `stored` and whose newest record is older than
    /// `before_ms`. The newest segment stays.
    fn trim(&mut self, stored: TreeSize, before_ms: u64) -> Result<(), AnchorError>;
}

/// What can happen to the anchor.
#[derive(Debug, thiserror::Error)]
pub enum AnchorError {
    /// The record does not follow the last one: the database and the anchor disagree.
    #[error(
        "the journal ends at size {have} and time {have_ms}, and the step begins at size {got} and leads to time {got_ms}"
    )]
    DoesNotExtend {
        /// The last anchored size.
        have: TreeSize,
        /// The last anchored time, in milliseconds.
        have_ms: u64,
        /// The first size of the refused record.
        got: TreeSize,
        /// The time of the refused record's head, in milliseconds.
        got_ms: u64,
    },
    /// The record has another root than the last one at the same size: there are two histories.
    #[error("the journal holds another root at size {size}")]
    Forked {
        /// The size that has two roots.
        size: TreeSize,
    },
    /// The record is no step forward: its entries are not as many as the head grew by, or it is longer than 4 GiB.
    #[error("the step does not hold the entries that its head grew by")]
    NotAStep,
    /// A record's checksum is wrong and more follow after it: this is damage, not a torn tail.
    #[error("the journal is damaged in {segment} at byte {offset}")]
    Damaged {
        /// The segment's file name.
        segment: String,
        /// Where the damaged record begins.
        offset: u64,
    },
    /// The journal belongs to another log.
    #[error("the journal belongs to a log of another origin: name the journal folder of this log")]
    ForeignOrigin,
    /// Another process has the journal open for writing.
    #[error("another process has the journal open for writing: stop it first")]
    InUse,
    /// It was opened to be read only.
    #[error("the journal was opened to be read only")]
    ReadOnly,
    /// The disk is full: nothing was appended.
    #[error("the disk of the journal is full")]
    DiskFull,
    /// Writing or syncing failed: what is on disk is not known any more. Fatal: stop, and read again at start.
    #[error("the journal could not be written or synced: {0}")]
    Fatal(std::io::Error),
    /// It could not be copied; the journal itself is as it was.
    #[error("the journal could not be copied: {0}")]
    Copy(std::io::Error),
    /// Reading failed.
    #[error("the journal could not be read: {0}")]
    Unreadable(std::io::Error),
}
