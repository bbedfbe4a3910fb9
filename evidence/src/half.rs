//! The two halves of a record, and what commits to one.

use crate::hex32::hex32;
use crate::word::words;
use sha2::{Digest as _, Sha256};

words! {
    /// A half of a record.
    pub enum Half {
        /// Facts for the rules, without names.
        Hdr = "hdr",
        /// Personal and confidential.
        Body = "body",
    }
}

impl Half {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Hdr => b"notarylog/hdr/v1\0",
            Self::Body => b"notarylog/body/v1\0",
        }
    }
}

/// What commits to one half: SHA-256("notarylog/hdr/v1\0" || be32(leaf count) || root), for the body with
/// "notarylog/body/v1\0".
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HalfCommit([u8; 32]);

hex32!(HalfCommit);

impl HalfCommit {
    /// The commitment to the half with so many leaves under this root.
    pub fn of(half: Half, leaf_count: u32, root: &tlog::Hash) -> Self {
        let commit = Sha256::new()
            .chain_update(half.label())
            .chain_update(leaf_count.to_be_bytes())
            .chain_update(root.as_bytes());
        Self(commit.finalize().into())
    }
}
