//! Positions and sizes: index, size and count are different types.

use core::fmt;

/// The position of a leaf, from 0. `LeafIndex(7)` lies in `TreeSize(8)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeafIndex(u64);

impl LeafIndex {
    /// The leaf at this position.
    pub const fn new(index: u64) -> Self {
        Self(index)
    }

    /// The position.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Whether a tree of this size has this leaf.
    pub const fn lies_in(self, size: TreeSize) -> bool {
        self.0 < size.0
    }

    /// Reads a canonical decimal: no sign, no leading zero.
    pub fn from_decimal(text: &str) -> Result<Self, MalformedSize> {
        decimal(text).map(Self)
    }
}

impl fmt::Display for LeafIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How many leaves a tree has: at most 2^63 − 1, so that every sum of two sizes fits 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TreeSize(u64);

impl TreeSize {
    /// The empty tree.
    pub const ZERO: Self = Self(0);
    /// The largest tree: 2^63 − 1 leaves.
    pub const MAX: Self = Self((1 << 63) - 1);

    /// A tree of so many leaves.
    pub const fn new(size: u64) -> Result<Self, MalformedSize> {
        if size > Self::MAX.0 {
            Err(MalformedSize)
        } else {
            Ok(Self(size))
        }
    }

    /// The number of leaves.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The size with so many more leaves; `None` if no tree is that large.
    pub const fn plus(self, leaves: u64) -> Option<Self> {
        match self.0.checked_add(leaves) {
            Some(size) if size <= Self::MAX.0 => Some(Self(size)),
            _ => None,
        }
    }

    /// Reads a canonical decimal: no sign, no leading zero (c2sp.org/tlog-checkpoint, tree size).
    pub fn from_decimal(text: &str) -> Result<Self, MalformedSize> {
        decimal(text).and_then(Self::new)
    }
}

impl fmt::Display for TreeSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Not a canonical decimal below 2^63 (an index: below 2^64).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MalformedSize;

impl fmt::Display for MalformedSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a size or an index is a decimal below 2^63, without sign and without leading zeroes",
        )
    }
}

impl core::error::Error for MalformedSize {}

fn decimal(text: &str) -> Result<u64, MalformedSize> {
    let digits = text.as_bytes();
    let canonical = digits.iter().all(u8::is_ascii_digit)
        && (digits.len() == 1 || digits.first() != Some(&b'0'));
    if canonical {
        text.parse().map_err(|_| MalformedSize)
    } else {
        Err(MalformedSize)
    }
}
