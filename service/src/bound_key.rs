//! A private key in a file, readable by its owner alone and bound to a name: a key serves one log, or one witness, only.
//!
//! ```text
//! origin: log.example.org/suzhou-2026
//! -----BEGIN PRIVATE KEY-----
//! (PKCS#8, PEM)
//! -----END PRIVATE KEY-----
//! ```

use std::fmt;
use std::path::{Path, PathBuf};

use p256::pkcs8::der::pem::{LineEnding, PemLabel as _};
use p256::pkcs8::{PrivateKeyInfoRef, SecretDocument};

use crate::{KeyFile, KeyFileError};

/// What the keys of a daemon are bound to: the word that their files begin with, and the program that makes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BoundKey {
    word: &'static str,
    program: &'static str,
}

impl BoundKey {
    /// Keys that are bound to an `origin`, or to a `witness`, by the `init` of this program.
    pub const fn new(word: &'static str, program: &'static str) -> Self {
        Self { word, program }
    }

    /// Writes a new key file with mode 0600; none is overwritten.
    ///
    /// # Errors
    /// [`BoundKeyError`].
    pub fn create(self, path: &Path, name: &str, pkcs8: &[u8]) -> Result<(), BoundKeyError> {
        let pem = SecretDocument::try_from(pkcs8)
            .and_then(|key| key.to_pem(PrivateKeyInfoRef::PEM_LABEL, LineEnding::LF))
            .map_err(|_| self.unusable(path))?;
        let text = format!("{}: {name}\n{}", self.word, pem.as_str());
        KeyFile::create(path, text.as_bytes()).map_err(BoundKeyError::File)
    }

    /// Reads a key that must be bound to this name.
    ///
    /// # Errors
    /// [`BoundKeyError`].
    pub fn read(self, path: &Path, name: &str) -> Result<SecretDocument, BoundKeyError> {
        let bytes = KeyFile::read(path).map_err(BoundKeyError::File)?;
        let (found, pem) = std::str::from_utf8(&bytes)
            .ok()
            .and_then(|text| text.split_once('\n'))
            .and_then(|(binding, pem)| Some((self.bound_to(binding)?, pem)))
            .ok_or_else(|| self.unusable(path))?;
        if found != name {
            return Err(BoundKeyError::OtherName {
                path: path.to_owned(),
                found: found.to_owned(),
                wanted: name.to_owned(),
                by: self,
            });
        }
        let (_, key) = SecretDocument::from_pem(pem).map_err(|_| self.unusable(path))?;
        Ok(key)
    }

    fn bound_to(self, binding: &str) -> Option<&str> {
        binding.strip_prefix(self.word)?.strip_prefix(": ")
    }

    fn unusable(self, path: &Path) -> BoundKeyError {
        BoundKeyError::Unusable {
            path: path.to_owned(),
            by: self,
        }
    }
}

/// Why a key file cannot be used.
#[derive(Debug)]
pub enum BoundKeyError {
    /// It is missing, others can read it, or one is there already.
    File(KeyFileError),
    /// It is no key file of ours.
    Unusable {
        /// The file.
        path: PathBuf,
        /// What it should be bound to.
        by: BoundKey,
    },
    /// The key was made for another name.
    OtherName {
        /// The file.
        path: PathBuf,
        /// The name that it is bound to.
        found: String,
        /// The name that it should be bound to.
        wanted: String,
        /// What it is bound to.
        by: BoundKey,
    },
}

impl fmt::Display for BoundKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(error) => error.fmt(f),
            Self::Unusable { path, by } => write!(
                f,
                "{} is no key file: a line `{}: NAME` and a PKCS#8 key in PEM are expected",
                path.display(),
                by.word
            ),
            Self::OtherName {
                path,
                found,
                wanted,
                by: BoundKey { word, program },
            } => write!(
                f,
                "{} was made for the {word} {found}, not for {wanted}; a key serves one {word} only: use the keys that \
                 `{program} init` made for this {word}",
                path.display()
            ),
        }
    }
}

impl std::error::Error for BoundKeyError {}

#[cfg(test)]
mod tests {
    use super::{BoundKey, BoundKeyError};
    use aws_lc_rs::signature::Ed25519KeyPair;

    const OF_LOG: BoundKey = BoundKey::new("origin", "notarylog");
    const OF_WITNESS: BoundKey = BoundKey::new("witness", "notarylog-witness");

    #[test]
    fn a_key_is_read_for_the_name_that_it_was_made_for_and_for_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.pem");
        let pkcs8 = Ed25519KeyPair::generate().unwrap().to_pkcs8v1().unwrap();
        OF_LOG
            .create(&path, "log.example/a", pkcs8.as_ref())
            .unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("origin: log.example/a\n-----BEGIN PRIVATE KEY-----\n"));
        let read = OF_LOG.read(&path, "log.example/a").unwrap();
        assert_eq!(read.as_bytes(), pkcs8.as_ref());
        let other = OF_LOG.read(&path, "log.example/b").unwrap_err();
        assert!(matches!(other, BoundKeyError::OtherName { .. }), "{other}");
        let other = OF_WITNESS.read(&path, "log.example/a").unwrap_err();
        assert!(matches!(other, BoundKeyError::Unusable { .. }), "{other}");
        let again = OF_LOG.create(&path, "log.example/a", pkcs8.as_ref());
        assert!(matches!(again, Err(BoundKeyError::File(_))));
    }
}
