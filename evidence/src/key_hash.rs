//! The name of a key: the hash of its public key, as a `LogID` in RFC 6962 §3.2.

use crate::hex32::hex32;
use sha2::{Digest as _, Sha256};

/// SHA-256 of a key's DER `SubjectPublicKeyInfo`: the `key_id` of an entry. Written as 64 hexadecimal characters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyHash([u8; 32]);

hex32!(KeyHash);

impl KeyHash {
    /// The name of the key with this DER `SubjectPublicKeyInfo`.
    pub fn of_spki(spki_der: &[u8]) -> Self {
        Self(Sha256::digest(spki_der).into())
    }
}
