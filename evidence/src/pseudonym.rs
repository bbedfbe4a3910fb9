//! Pseudonyms: what a rule must compare and nobody else may recognise.

use crate::hex32::hex32;
use crate::word::words;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// HMAC-SHA-256 under a key that the supervisor gives to its bureaus, over "notarylog/pseudonym/v1\0" || what || 0x00 ||
/// value.
///
/// The supervisor's rules see that two records name one device, one recording or one number; a reader of the header
/// without the key sees nothing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pseudonym([u8; 32]);

hex32!(Pseudonym);

words! {
    /// What a pseudonym stands for. Each has a space of its own.
    pub enum PseudonymOf {
        /// A recording device, by its id.
        Device = "device",
        /// A file, by its SHA-256.
        File = "file",
        /// The decoded frames of a recording, by their SHA-256.
        Frames = "frames",
        /// A number that a bureau gives in series, by its text.
        Number = "number",
    }
}

impl Pseudonym {
    /// The pseudonym of this value under the supervisor's key.
    ///
    /// # Panics
    /// Never: HMAC takes keys of every length.
    pub fn of(supervisor_key: &[u8; 32], what: PseudonymOf, value: &[u8]) -> Self {
        let mut mac = Hmac::<Sha256>::new_from_slice(supervisor_key)
            .expect("HMAC takes keys of every length (RFC 2104 §2)");
        mac.update(b"notarylog/pseudonym/v1\0");
        mac.update(what.as_str().as_bytes());
        mac.update(&[0]);
        mac.update(value);
        Self(mac.finalize().into_bytes().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pseudonym_is_the_same_for_the_same_and_for_nothing_else() {
        let of = |key: u8, what, value: &[u8]| Pseudonym::of(&[key; 32], what, value);
        let device = of(1, PseudonymOf::Device, b"bwc-1");
        assert_eq!(device, of(1, PseudonymOf::Device, b"bwc-1"));
        assert_ne!(device, of(2, PseudonymOf::Device, b"bwc-1"));
        assert_ne!(device, of(1, PseudonymOf::Number, b"bwc-1"));
        assert_ne!(device, of(1, PseudonymOf::Device, b"bwc-2"));
    }
}
