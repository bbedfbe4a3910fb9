//! The log's private keys in their files: bound to an origin, since a key serves one log only.

use p256::pkcs8::{DecodePrivateKey as _, EncodePublicKey as _, SecretDocument};
use service::{BoundKey, BoundKeyError};
use std::path::Path;
use tlog::Origin;

/// Writes a new key file with mode 0600; none is overwritten.
pub fn create(path: &Path, origin: &Origin, pkcs8: &[u8]) -> Result<(), BoundKeyError> {
    OF_LOG.create(path, origin.as_str(), pkcs8)
}

/// Reads a key that must be bound to this origin.
pub fn read(path: &Path, origin: &Origin) -> Result<SecretDocument, BoundKeyError> {
    let key = OF_LOG.read(path, origin.as_str());
    #[cfg(test)]
    if crate::log::historical_bug::HistoricalBug::AnyKeyIsTaken.is_active()
        && let Err(BoundKeyError::OtherName { found, .. }) = &key
    {
        return OF_LOG.read(path, found);
    }
    key
}

/// The DER `SubjectPublicKeyInfo` of a P-256 key; none for a key of another kind.
pub fn spki(document: &SecretDocument) -> Option<Vec<u8>> {
    let key = p256::SecretKey::from_pkcs8_der(document.as_bytes()).ok()?;
    Some(
        key.public_key()
            .to_public_key_der()
            .ok()?
            .as_bytes()
            .to_vec(),
    )
}

const OF_LOG: BoundKey = BoundKey::new("origin", "notarylog");
