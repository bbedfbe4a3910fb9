//! The origin under every signature.

use crate::hex32::hex32;
use sha2::{Digest as _, Sha256};

/// SHA-256 of a log's origin. It stands under the signatures of entries and notices, so that what was signed for a
/// training log is nothing in a real one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OriginHash([u8; 32]);

hex32!(OriginHash);

impl OriginHash {
    /// The hash of this origin, the first line of the log's checkpoints.
    pub fn of(origin: &str) -> Self {
        Self(Sha256::digest(origin.as_bytes()).into())
    }
}
