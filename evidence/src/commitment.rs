//! Commitments: what an entry binds without showing it.

use crate::{HalfCommit, hex32::hex32};
use sha2::{Digest as _, Sha256};

/// Of a record: SHA-256("notarylog/commit/v1\0" || `hdr_commit` || `body_commit`). Of a notice: SHA-256 of the whole
/// canonical document.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Commitment([u8; 32]);

hex32!(Commitment);

impl Commitment {
    /// The commitment to a record: SHA-256("notarylog/commit/v1\0" || `hdr_commit` || `body_commit`).
    pub fn of_halves(hdr: &HalfCommit, body: &HalfCommit) -> Self {
        let commitment = Sha256::new()
            .chain_update(b"notarylog/commit/v1\0")
            .chain_update(hdr.as_bytes())
            .chain_update(body.as_bytes());
        Self(commitment.finalize().into())
    }

    /// The commitment to a public document: its plain SHA-256.
    pub fn of_document(document: &[u8]) -> Self {
        Self(Sha256::digest(document).into())
    }
}
