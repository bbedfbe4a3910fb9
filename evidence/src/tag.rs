//! Tags: what an entry shows in place of a case.

use crate::{Commitment, hex32::hex32};
use sha2::{Digest as _, Sha256};

/// 32 bytes that strangers can neither link nor count, from a secret [`Handle`](crate::Handle) and a dense number; for
/// a notice, from its public commitment.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag([u8; 32]);

hex32!(Tag);

impl Tag {
    /// The tag of a notice: SHA-256("notarylog/tag/notice/v1\0" || commitment).
    pub fn of_notice(commitment: &Commitment) -> Self {
        let tag = Sha256::new()
            .chain_update(b"notarylog/tag/notice/v1\0")
            .chain_update(commitment.as_bytes());
        Self(tag.finalize().into())
    }
}
