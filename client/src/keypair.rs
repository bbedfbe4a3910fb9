//! A submitter's signing key: P-256 in PKCS#8 PEM, mode 0600.

use evidence::{Entry, KeyHash, MalformedEntry, OriginHash, Spki, UnsignedEntry};
use p256::SecretKey;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, EncodePublicKey as _, LineEnding};
use service::KeyFile;
use std::fmt;
use std::path::Path;
use zeroize::Zeroizing;

/// A key that signs entries. `Debug` shows its id alone.
#[derive(Clone)]
pub struct Keypair {
    secret: SigningKey,
    spki: Spki,
    id: KeyHash,
}

impl Keypair {
    /// Makes a key from the operating system's randomness.
    pub fn generate() -> Result<Self, KeyError> {
        loop {
            let mut bytes = Zeroizing::new([0; 32]);
            getrandom::fill(bytes.as_mut()).map_err(|_| KeyError::NoRandomness)?;
            // Zero and numbers from the order of the curve up are no keys: once in 2^32 draws.
            if let Ok(key) = SecretKey::from_slice(bytes.as_ref()) {
                return Self::from_secret(&key);
            }
        }
    }

    /// Makes a key and keeps it in a file that is not there yet.
    pub fn create(path: &Path) -> Result<Self, KeyError> {
        let key = Self::generate()?;
        let pem = SecretKey::from(key.secret.as_nonzero_scalar())
            .to_pkcs8_pem(LineEnding::LF)
            .map_err(|_| KeyError::NotP256)?;
        KeyFile::create(path, pem.as_bytes()).map_err(KeyError::File)?;
        Ok(key)
    }

    /// Reads a key from a file that its owner alone may read.
    pub fn load(path: &Path) -> Result<Self, KeyError> {
        let bytes = KeyFile::read(path).map_err(KeyError::File)?;
        let pem = str::from_utf8(&bytes).map_err(|_| KeyError::NotP256)?;
        Self::from_pem(pem)
    }

    /// Reads the PEM text `-----BEGIN PRIVATE KEY-----` (PKCS#8) of a P-256 key.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        let secret = SecretKey::from_pkcs8_pem(pem.trim()).map_err(|_| KeyError::NotP256)?;
        Self::from_secret(&secret)
    }

    /// The key's id in entries: SHA-256 of its SPKI.
    pub const fn key_id(&self) -> &KeyHash {
        &self.id
    }

    /// The public key.
    pub const fn spki(&self) -> &Spki {
        &self.spki
    }

    /// The public key as DER `SubjectPublicKeyInfo`, 91 bytes.
    pub const fn spki_der(&self) -> &[u8] {
        self.spki.as_der()
    }

    /// Signs an entry of one log (RFC 6979: the same entry gives the same bytes).
    pub fn sign(
        &self,
        entry: &UnsignedEntry,
        origin: &OriginHash,
    ) -> Result<Entry, MalformedEntry> {
        let signature: Signature = self.secret.sign(&entry.signed_message(origin));
        entry.with_signature(signature.to_bytes().into())
    }

    fn from_secret(secret: &SecretKey) -> Result<Self, KeyError> {
        let spki = secret
            .public_key()
            .to_public_key_der()
            .map_err(|_| KeyError::NotP256)?;
        let spki = Spki::parse(spki.as_bytes()).map_err(|_| KeyError::NotP256)?;
        Ok(Self {
            secret: SigningKey::from(secret),
            id: spki.key_hash(),
            spki,
        })
    }
}

impl fmt::Debug for Keypair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Keypair").field(&self.id).finish()
    }
}

/// Why a key could not be made or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The file is missing, taken, readable by others, or the disk failed.
    #[error(transparent)]
    File(service::KeyFileError),
    /// It holds something else.
    #[error(
        "this is no P-256 private key in PKCS#8 PEM (BEGIN PRIVATE KEY); make one with `notary key new FILE`"
    )]
    NotP256,
    /// The operating system gave no random numbers.
    #[error("the operating system gave no random numbers")]
    NoRandomness,
}
