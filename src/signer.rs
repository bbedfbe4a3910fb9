//! The port `Signer`: the log's own keys.
//!
//! A signer takes a head that the second path vouched for, never bytes of a caller's choosing, and an entry that
//! carries one of the log's own notices.

pub mod bound_key;
pub mod key_files;
#[cfg(test)]
pub(crate) mod simulated;

use crate::log::second_path::CheckedHead;
use evidence::{Entry, UnsignedEntry};
use tlog::{Note, Origin, Vkey};

/// The log's keys: three for tree heads, one for entries.
pub trait Signer: Send + Sync {
    /// The origin that the keys are bound to.
    fn origin(&self) -> &Origin;

    /// The verifier keys of the tree heads: Ed25519 (0x01), RFC 6962 P-256 (0x05), ML-DSA-44 (0x06).
    fn vkeys(&self) -> &[Vkey; 3];

    /// The `SubjectPublicKeyInfo` (DER, 91 bytes) of the log's entry key.
    fn entry_spki(&self) -> &[u8];

    /// Signs a head with all three keys, with the time that is stored with it.
    fn sign_head(&self, head: &CheckedHead) -> Result<Note, SignError>;

    /// Signs the entry of one of the log's own notices.
    fn sign_entry(&self, entry: &UnsignedEntry) -> Result<Entry, SignError>;
}

/// A key that could not sign.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The key or the device behind it failed.
    #[error("the {0} key could not sign")]
    Failed(&'static str),
}
