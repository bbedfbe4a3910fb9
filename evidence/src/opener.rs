//! Openers: the secret that salts one half of a record.

use crate::{MalformedHex, hex32};
use core::fmt;
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

/// The length of a leaf's salt in bytes. 128 bits: nobody tries them all to find a field of few values.
pub const SALT_LEN: usize = 16;

/// 32 random bytes that salt every leaf of one half of a record. Whoever has them reads nothing, but can test guesses at
/// every field: an opener is given only to a reader of the whole half, and enters no hash. Wiped when dropped; `Debug`
/// hides it.
#[derive(Clone)]
pub struct Opener(Zeroizing<[u8; 32]>);

impl Opener {
    /// An opener from 32 bytes of the caller's randomness.
    pub fn new(secret: [u8; 32]) -> Self {
        Self(Zeroizing::new(secret))
    }

    /// Reads 64 lower-case hexadecimal characters.
    pub fn from_hex(text: &str) -> Result<Self, MalformedHex> {
        hex32::parse(text).map(Self::new)
    }

    /// The secret as 64 hexadecimal characters.
    pub fn to_hex(&self) -> Zeroizing<String> {
        Zeroizing::new(hex::encode(self.0.as_slice()))
    }

    /// The salt of the leaf at this path: the first 16 bytes of HKDF-SHA-256 (RFC 5869) with the opener as key, no salt
    /// and the info "notarylog/salt/v1\0" || path.
    ///
    /// # Panics
    /// Never: HKDF refuses lengths over 8160 bytes only.
    pub fn salt(&self, path: &str) -> Salt {
        let mut salt = [0; SALT_LEN];
        Hkdf::<Sha256>::new(None, self.0.as_slice())
            .expand_multi_info(&[b"notarylog/salt/v1\0", path.as_bytes()], &mut salt)
            .expect("16 bytes are less than 255 hashes (RFC 5869 §2.3)");
        Salt(salt)
    }
}

impl fmt::Debug for Opener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Opener(secret)")
    }
}

/// The openers of a record's two halves. They are independent: whoever reads the header learns nothing of the body.
#[derive(Clone, Debug)]
pub struct Openers {
    /// Of the header.
    pub hdr: Opener,
    /// Of the body.
    pub body: Opener,
}

/// The salt of one leaf. It is shown with its field, and opens no other.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Salt([u8; SALT_LEN]);

impl Salt {
    /// Takes 16 bytes.
    pub const fn new(bytes: [u8; SALT_LEN]) -> Self {
        Self(bytes)
    }

    /// The 16 bytes.
    pub const fn as_bytes(&self) -> &[u8; SALT_LEN] {
        &self.0
    }

    /// Reads 32 lower-case hexadecimal characters.
    pub fn from_hex(text: &str) -> Option<Self> {
        let mut bytes = [0; SALT_LEN];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        (hex::encode(bytes) == text).then_some(Self(bytes))
    }
}

impl fmt::Display for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt(secret)")
    }
}
