//! Hashes of a Merkle tree: SHA-256 with the prefixes of RFC 6962 §2.1.

use alloc::string::String;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use core::fmt;
use sha2::{Digest as _, Sha256};

/// A SHA-256 hash: of a leaf, of a node, or the root of a tree.
///
/// `Display` writes base64 (as in checkpoints), `Debug` writes hex.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash([u8; 32]);

impl Hash {
    /// The length of a hash in bytes.
    pub const LEN: usize = 32;

    /// The root of the empty tree: SHA-256 of the empty string (RFC 6962 §2.1).
    pub const EMPTY_ROOT: Self = Self([
        0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9,
        0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52,
        0xb8, 0x55,
    ]);

    /// Takes 32 bytes for a hash.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Takes exactly 32 bytes for a hash.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, MalformedHash> {
        bytes.try_into().map(Self).map_err(|_| MalformedHash)
    }

    /// Reads the 44 characters of standard, padded, canonical base64 (RFC 4648 §4).
    pub fn from_base64(text: &str) -> Result<Self, MalformedHash> {
        let mut bytes = [0; 33];
        match STANDARD.decode_slice(text, &mut bytes) {
            Ok(Self::LEN) => Self::from_slice(bytes.get(..Self::LEN).ok_or(MalformedHash)?),
            _ => Err(MalformedHash),
        }
    }

    /// Standard, padded base64 (RFC 4648 §4): 44 characters.
    pub fn to_base64(&self) -> String {
        STANDARD.encode(self.0)
    }

    /// Plain SHA-256 of the data.
    pub fn of(data: &[u8]) -> Self {
        Self(Sha256::digest(data).into())
    }

    /// The hash of a leaf: SHA-256(0x00 || entry) (RFC 6962 §2.1).
    pub fn of_leaf(entry: &[u8]) -> Self {
        Self(
            Sha256::new()
                .chain_update([0x00])
                .chain_update(entry)
                .finalize()
                .into(),
        )
    }

    /// The hash of a node: SHA-256(0x01 || left || right) (RFC 6962 §2.1).
    pub fn of_node(left: &Self, right: &Self) -> Self {
        let mut data = [0x01; 65];
        data[1..33].copy_from_slice(&left.0);
        data[33..].copy_from_slice(&right.0);
        Self(Sha256::digest(data).into())
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_base64())
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A hash is 32 bytes, or 44 characters of canonical base64; this was neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MalformedHash;

impl fmt::Display for MalformedHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a hash is 32 bytes, written as 44 characters of standard base64")
    }
}

impl core::error::Error for MalformedHash {}
