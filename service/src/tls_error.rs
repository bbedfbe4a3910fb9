//! Why a certificate and its key cannot be used: each says which file, and what to do.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::KeyFileError;

/// A certificate and a key that cannot be used.
#[derive(Debug)]
pub enum TlsError {
    /// One of the two options alone.
    Half {
        /// The option that is set.
        given: &'static str,
        /// The one that is not.
        missing: &'static str,
    },
    /// The certificate's file cannot be read.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The file holds no certificate in PEM, a broken one, or far more than a chain.
    NoCertificate(PathBuf),
    /// The key's file cannot be read, or others can open it.
    Key(KeyFileError),
    /// The file holds no private key in PEM.
    NoKey(PathBuf),
    /// The key is not the certificate's.
    NotAPair {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
    },
    /// The certificate is malformed, or the key is of a kind that TLS does not use.
    Unusable {
        /// The certificate's file.
        certificate: PathBuf,
        /// What is wrong.
        error: rustls::Error,
    },
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TlsError::Half { given, missing } => write!(
                f,
                "the option `{given}` is set and `{missing}` is not: set both to speak TLS, or neither"
            ),
            TlsError::Unreadable { path, error } => {
                write!(f, "cannot read the certificate {}: {error}", path.display())
            }
            TlsError::NoCertificate(path) => write!(
                f,
                "{} is no certificate chain in PEM: name the file with the full chain, the server's own first",
                path.display()
            ),
            TlsError::Key(error) => error.fmt(f),
            TlsError::NoKey(path) => {
                write!(f, "{} holds no private key in PEM", path.display())
            }
            TlsError::NotAPair { certificate, key } => write!(
                f,
                "the key {} is not that of the first certificate in {}: name the two files that were issued together",
                key.display(),
                certificate.display()
            ),
            TlsError::Unusable { certificate, error } => write!(
                f,
                "the certificate {} or its key cannot be used for TLS: {error}",
                certificate.display()
            ),
        }
    }
}

impl std::error::Error for TlsError {}
