//! The key that signs the load: a bureau's P-256 key, enrolled with the role `submit`.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use evidence::KeyHash;
use p256::SecretKey;
use p256::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, EncodePublicKey as _};

/// A submitter. Signing is aws-lc-rs': six times as fast as the pure-Rust one, and a run needs a million signatures.
pub struct Submitter {
    key: EcdsaKeyPair,
    key_id: KeyHash,
    random: SystemRandom,
}

impl Submitter {
    /// Reads a PKCS#8 PEM file, as `notary key new` makes it:
    ///
    /// ```text
    /// -----BEGIN PRIVATE KEY-----
    /// MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg…
    /// -----END PRIVATE KEY-----
    /// ```
    pub fn from_pem(pem: &[u8]) -> Result<Self, NotAKey> {
        let pem = str::from_utf8(pem).map_err(|_| NotAKey)?;
        let secret = SecretKey::from_pkcs8_pem(pem).map_err(|_| NotAKey)?;
        // Written again, so that the public key stands beside the secret one: aws-lc-rs asks for it.
        let pkcs8 = secret.to_pkcs8_der().map_err(|_| NotAKey)?;
        let spki = secret.public_key().to_public_key_der();
        Ok(Self {
            key: EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_bytes())
                .map_err(|_| NotAKey)?,
            key_id: KeyHash::of_spki(spki.map_err(|_| NotAKey)?.as_bytes()),
            random: SystemRandom::new(),
        })
    }

    /// The SHA-256 of the key's SPKI: what an entry names.
    pub const fn key_id(&self) -> &KeyHash {
        &self.key_id
    }

    /// Signs: r || s, with a high S half of the time, as most signers do.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        let signature = self.key.sign(&self.random, message);
        let signature = signature.expect("a parsed key signs whatever it is given");
        signature
            .as_ref()
            .try_into()
            .expect("a P-256 signature of fixed form has 64 bytes")
    }
}

/// The file is no P-256 key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the key file holds no P-256 key in PKCS#8 PEM (\"BEGIN PRIVATE KEY\"). From openssl's older form: \
     openssl pkcs8 -topk8 -nocrypt -in OLD.pem -out KEY.pem"
)]
pub struct NotAKey;
