//! A private key in a file, readable by its owner alone and bound to a witness's name.
//!
//! ```text
//! witness: witness.example.org/w1
//! -----BEGIN PRIVATE KEY-----
//! (PKCS#8, PEM)
//! -----END PRIVATE KEY-----
//! ```

use p256::pkcs8::der::pem::{LineEnding, PemLabel as _};
use p256::pkcs8::{PrivateKeyInfoRef, SecretDocument};
use service::{KeyFile, KeyFileError};
use std::path::{Path, PathBuf};
use tlog::KeyName;

/// Writes a new key file with mode 0600; none is overwritten.
pub fn create(path: &Path, name: &KeyName, pkcs8: &[u8]) -> Result<(), BoundKeyError> {
    let unusable = || BoundKeyError::Unusable(path.to_owned());
    let pem = SecretDocument::try_from(pkcs8)
        .map_err(|_| unusable())?
        .to_pem(PrivateKeyInfoRef::PEM_LABEL, LineEnding::LF)
        .map_err(|_| unusable())?;
    let text = format!("{BINDING}{name}\n{}", pem.as_str());
    Ok(KeyFile::create(path, text.as_bytes())?)
}

/// Reads a key that must be bound to this name.
pub fn read(path: &Path, name: &KeyName) -> Result<SecretDocument, BoundKeyError> {
    let unusable = || BoundKeyError::Unusable(path.to_owned());
    let bytes = KeyFile::read(path)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| unusable())?;
    let (binding, pem) = text.split_once('\n').ok_or_else(unusable)?;
    let found = binding.strip_prefix(BINDING).ok_or_else(unusable)?;
    if found != name.as_str() {
        return Err(BoundKeyError::OtherName {
            path: path.to_owned(),
            found: found.to_owned(),
            wanted: name.to_string(),
        });
    }
    let (_, document) = SecretDocument::from_pem(pem).map_err(|_| unusable())?;
    Ok(document)
}

/// How the first line of a key file begins.
const BINDING: &str = "witness: ";

/// Why a key file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BoundKeyError {
    /// It is missing, others can read it, or one is there already.
    #[error(transparent)]
    File(#[from] KeyFileError),
    /// It is no key file of ours.
    #[error("{} is no key file: a line with the witness's name and a PKCS#8 key in PEM are expected", .0.display())]
    Unusable(PathBuf),
    /// The key was made for another name.
    #[error(
        "{} was made for the witness {found}, not for {wanted}; a key serves one name only: use the keys that \
         `notarylog-witness init` made for this name", .path.display()
    )]
    OtherName {
        /// The file.
        path: PathBuf,
        /// The name that it is bound to.
        found: String,
        /// The name of this witness.
        wanted: String,
    },
}
