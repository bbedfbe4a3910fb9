//! What a peer showed of a log, the newest of it.

use crate::known_log::LogId;
use tlog::{Hash, TreeSize};

/// The newest head of a log that a peer showed, under its own line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The peer, by the hash of its key.
    pub peer: String,
    /// The log.
    pub log: LogId,
    /// The head.
    pub head: SeenHead,
}

/// A head that a peer signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeenHead {
    /// The size of the tree.
    pub size: TreeSize,
    /// Its root.
    pub root: Hash,
    /// What the peer's line states, in seconds since 1970.
    pub time_s: u64,
}

impl SeenHead {
    /// Whether no honest witness signs both: two roots of one size, or a tree that shrank while time went on.
    pub fn contradicts(&self, other: &Self) -> bool {
        let went_back = |earlier: &Self, later: &Self| {
            earlier.time_s < later.time_s && earlier.size > later.size
        };
        (self.size == other.size && self.root != other.root)
            || went_back(self, other)
            || went_back(other, self)
    }

    /// Whether it is newer than another.
    pub fn is_newer_than(&self, other: &Self) -> bool {
        (self.size, self.time_s) > (other.size, other.time_s)
    }
}
