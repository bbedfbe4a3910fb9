//! The name of a bureau in the log.

use crate::{KeyHash, MalformedHex, hex32::serde_hex};
use core::fmt;

/// The `key_id` of the first key that was enrolled for a bureau. Later keys of the bureau carry it on, so what the
/// bureau may set once ([`Slot`](crate::Slot)) stays set after a rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BureauId(KeyHash);

serde_hex!(BureauId);

impl BureauId {
    /// The bureau whose first key this is.
    pub const fn new(first_key: KeyHash) -> Self {
        Self(first_key)
    }

    /// The first key of the bureau.
    pub const fn first_key(&self) -> &KeyHash {
        &self.0
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// Reads 64 lower-case hexadecimal characters.
    pub fn from_hex(text: &str) -> Result<Self, MalformedHex> {
        KeyHash::from_hex(text).map(Self)
    }
}

impl fmt::Display for BureauId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
