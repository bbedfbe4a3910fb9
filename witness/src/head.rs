//! The newest head of a log that we signed, or are about to: size, root and the time of our signature.

use tlog::{Hash, Latest, TreeSize};

/// What a witness remembers of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The tree that we vouched for.
    pub latest: Latest,
    /// The time of our newest cosignature, in seconds since 1970; 0 before the first.
    pub time_s: u64,
}

impl Head {
    /// Of a log that we never cosigned: the empty tree, which every tree extends.
    pub const NEVER: Self = Self {
        latest: Latest::EMPTY,
        time_s: 0,
    };

    /// Whether we have cosigned this log at all. The empty tree, cosigned, has a time.
    pub const fn is_signed(&self) -> bool {
        self.time_s != 0
    }

    /// The size of the tree.
    pub const fn size(&self) -> TreeSize {
        self.latest.size()
    }

    /// The root of the tree.
    pub const fn root(&self) -> Hash {
        self.latest.root()
    }
}
