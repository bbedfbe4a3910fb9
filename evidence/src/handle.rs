//! Handles: the secret that makes the tags of one case.

use crate::{MalformedHex, Tag, hex32};
use core::fmt;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

/// 32 secret bytes. Whoever holds them sees every item of the case and every hole between two; nobody else can link
/// two entries of it. Wiped when dropped; `Debug` hides it.
#[derive(Clone)]
pub struct Handle(Zeroizing<[u8; 32]>);

impl Handle {
    /// A handle from 32 bytes of the caller's randomness.
    pub fn new(secret: [u8; 32]) -> Self {
        Self(Zeroizing::new(secret))
    }

    /// The handle of a case: SHA-256("notarylog/handle/v1\0" || beta), beta being the output of the bureau's VRF for
    /// the case number (64 bytes, c2sp.org/vrf-r255).
    pub fn from_beta(beta: &[u8]) -> Self {
        Self::digest(&[b"notarylog/handle/v1\0", beta])
    }

    /// A handle for what must not use up the dense numbers of the case (`challenge`, `custody`):
    /// SHA-256("notarylog/handle/" || name || "/v1\0" || handle).
    #[must_use]
    pub fn derived(&self, name: &str) -> Self {
        Self::digest(&[
            b"notarylog/handle/",
            name.as_bytes(),
            b"/v1\0",
            self.0.as_slice(),
        ])
    }

    /// The tag of the item with this number: SHA-256("notarylog/tag/v1\0" || handle || be64(i)). The numbers of a case
    /// are dense: 0, 1, 2, … in the order of the log.
    pub fn tag(&self, number: u64) -> Tag {
        let tag = Sha256::new()
            .chain_update(b"notarylog/tag/v1\0")
            .chain_update(self.0.as_slice())
            .chain_update(number.to_be_bytes());
        Tag::new(tag.finalize().into())
    }

    /// The secret, to be stored where only its holder reads.
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        self.0.clone()
    }

    /// The secret as 64 hexadecimal characters, as case.json keeps it.
    pub fn to_hex(&self) -> Zeroizing<String> {
        Zeroizing::new(hex::encode(self.0.as_slice()))
    }

    /// Reads 64 lower-case hexadecimal characters.
    pub fn from_hex(text: &str) -> Result<Self, MalformedHex> {
        hex32::parse(text).map(Self::new)
    }

    fn digest(parts: &[&[u8]]) -> Self {
        let hash = parts.iter().fold(Sha256::new(), Sha256::chain_update);
        Self::new(hash.finalize().into())
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Handle(secret)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_never_shows_itself_in_a_log_line() {
        assert_eq!(format!("{:?}", Handle::new([0xab; 32])), "Handle(secret)");
    }

    #[test]
    fn numbers_names_and_handles_make_different_tags() {
        let case = Handle::new([1; 32]);
        let mut tags = vec![
            case.tag(0),
            case.tag(1),
            case.tag(1 << 32),
            case.derived("challenge").tag(0),
            case.derived("custody").tag(0),
            case.derived("challenge").derived("challenge").tag(0),
            Handle::new([2; 32]).tag(0),
            Handle::from_beta(&[1; 32]).tag(0),
            Handle::from_beta(&[1; 64]).tag(0),
        ];
        let count = tags.len();
        tags.sort();
        tags.dedup();
        assert_eq!(tags.len(), count);
    }

    #[test]
    fn a_handle_survives_its_text() {
        let handle = Handle::new([7; 32]);
        let again = Handle::from_hex(&handle.to_hex()).map(|handle| handle.tag(3));
        assert_eq!(again, Ok(handle.tag(3)));
    }
}
