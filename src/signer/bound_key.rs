//! A private key in a file, readable by its owner alone and bound to an origin: a key serves one log only.
//!
//! ```text
//! origin: log.example.org/suzhou-2026
//! -----BEGIN PRIVATE KEY-----
//! (PKCS#8, PEM)
//! -----END PRIVATE KEY-----
//! ```

use p256::pkcs8::der::pem::{LineEnding, PemLabel as _};
use p256::pkcs8::{DecodePrivateKey as _, EncodePublicKey as _, PrivateKeyInfoRef, SecretDocument};
use service::{KeyFile, KeyFileError};
use std::path::{Path, PathBuf};
use tlog::Origin;

/// Writes a new key file with mode 0600; none is overwritten.
pub fn create(path: &Path, origin: &Origin, pkcs8: &[u8]) -> Result<(), BoundKeyError> {
    let unusable = || BoundKeyError::Unusable(path.to_owned());
    let document = SecretDocument::try_from(pkcs8).map_err(|_| unusable())?;
    let pem = document
        .to_pem(PrivateKeyInfoRef::PEM_LABEL, LineEnding::LF)
        .map_err(|_| unusable())?;
    let text = format!("{BINDING}{}\n{}", origin.as_str(), pem.as_str());
    Ok(KeyFile::create(path, text.as_bytes())?)
}

/// Reads a key that must be bound to this origin.
pub fn read(path: &Path, origin: &Origin) -> Result<SecretDocument, BoundKeyError> {
    let unusable = || BoundKeyError::Unusable(path.to_owned());
    let bytes = KeyFile::read(path)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| unusable())?;
    let (binding, pem) = text.split_once('\n').ok_or_else(unusable)?;
    let found = binding.strip_prefix(BINDING).ok_or_else(unusable)?;
    if found != origin.as_str() {
        let (path, found, wanted) = (
            path.to_owned(),
            found.to_owned(),
            origin.as_str().to_owned(),
        );
        return Err(BoundKeyError::OtherOrigin {
            path,
            found,
            wanted,
        });
    }
    let (_, document) = SecretDocument::from_pem(pem).map_err(|_| unusable())?;
    Ok(document)
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

/// How the first line of a key file begins.
const BINDING: &str = "origin: ";

/// Why a key file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BoundKeyError {
    /// It is missing, others can read it, or one is there already.
    #[error(transparent)]
    File(#[from] KeyFileError),
    /// It is no key file of ours.
    #[error("{} is no key file: a line with the origin and a PKCS#8 key in PEM are expected", .0.display())]
    Unusable(PathBuf),
    /// The key was made for another log.
    #[error(
        "{} was made for the origin {found}, not for {wanted}; a key serves one log only: use the keys that \
         `notarylog init` made for this origin", .path.display()
    )]
    OtherOrigin {
        /// The file.
        path: PathBuf,
        /// The origin that it is bound to.
        found: String,
        /// The origin of this log.
        wanted: String,
    },
}
