//! The one rule of everybody who follows a log: only forward, and only by proof.

use crate::{BadProof, Hash, TreeSize, verify_consistency};
use core::fmt;

/// The newest tree head that somebody believes: a citizen, a witness, an auditor.
///
/// ```
/// # use tlog::{Hash, Latest, NotForward, TreeSize};
/// let [d0, d1] = [Hash::of_leaf(b"d0"), Hash::of_leaf(b"d1")];
/// let [one, two] = [TreeSize::new(1)?, TreeSize::new(2)?];
/// let latest = Latest::new(one, d0).advance(two, Hash::of_node(&d0, &d1), &[d1]).unwrap();
/// assert_eq!(latest.size(), two);
/// assert_eq!(latest.advance(one, d0, &[]), Err(NotForward::Behind));
/// assert_eq!(latest.advance(two, d0, &[]), Err(NotForward::Forked));
/// # Ok::<(), tlog::MalformedSize>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Latest {
    size: TreeSize,
    root: Hash,
}

impl Latest {
    /// Where everybody begins: the empty tree, which every tree extends.
    pub const EMPTY: Self = Self {
        size: TreeSize::ZERO,
        root: Hash::EMPTY_ROOT,
    };

    /// A head that is believed for another reason: it was stored, or a policy was satisfied.
    pub const fn new(size: TreeSize, root: Hash) -> Self {
        Self { size, root }
    }

    /// The size of the tree.
    pub const fn size(&self) -> TreeSize {
        self.size
    }

    /// The root of the tree.
    pub const fn root(&self) -> Hash {
        self.root
    }

    /// Goes forward to a newer head by a consistency proof (RFC 9162 §2.1.4), which is empty for the same head.
    pub fn advance(&self, size: TreeSize, root: Hash, proof: &[Hash]) -> Result<Self, NotForward> {
        if size < self.size {
            return Err(NotForward::Behind);
        }
        if size == self.size && root != self.root {
            return Err(NotForward::Forked);
        }
        verify_consistency(self.size, size, &self.root, &root, proof)
            .map_err(NotForward::BadProof)?;
        Ok(Self { size, root })
    }
}

/// Why a head is not a step forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotForward {
    /// Its tree is smaller than the latest.
    Behind,
    /// Its tree has the size of the latest and another root: if both heads are signed, they prove a fork.
    Forked,
    /// The consistency proof does not hold. That proves nothing yet: whoever handed it over may be at fault.
    BadProof(BadProof),
}

impl fmt::Display for NotForward {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Behind => f.write_str("the tree is smaller than the one already seen"),
            Self::Forked => f.write_str(
                "two trees of one size have different roots: keep both heads, they prove a fork",
            ),
            Self::BadProof(bad) => write!(
                f,
                "the tree does not provably extend the one already seen: {bad}"
            ),
        }
    }
}

impl core::error::Error for NotForward {}
