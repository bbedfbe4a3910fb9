//! A submitter who writes entries by hand, byte for byte as the specification of the entry says, and shares no code with
//! the crates that it tests. It can also write what no honest submitter would.

use demo::http::{self, Answer};
use demo::town::Home;
use libtest_mimic::Failed;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::{DecodePrivateKey as _, EncodePublicKey as _};
use sha2::{Digest as _, Sha256};

/// The length of an entry in bytes.
pub const ENTRY_LEN: usize = 162;

/// Where the signature begins; what stands before it identifies the entry.
pub const SIGNATURE_AT: usize = 98;

/// A key, and the log for which it signs.
#[derive(Clone)]
pub struct Submitter {
    key: SigningKey,
    key_id: [u8; 32],
    origin: String,
}

impl Submitter {
    /// The submitter with the key `bureau.pem` of this home.
    pub fn of(home: &Home) -> Result<Self, Failed> {
        Self::with_key(home, "bureau.pem")
    }

    /// The submitter with this key of this home.
    pub fn with_key(home: &Home, file: &str) -> Result<Self, Failed> {
        let pem = String::from_utf8(home.read(file)?)?;
        let key = SigningKey::from(p256::SecretKey::from_pkcs8_pem(&pem)?);
        let spki = key.verifying_key().to_public_key_der()?;
        Ok(Self {
            key,
            key_id: Sha256::digest(spki.as_bytes()).into(),
            origin: demo::town::ORIGIN.to_owned(),
        })
    }

    /// The same key, signing for another log.
    pub fn for_origin(&self, origin: &str) -> Self {
        Self {
            origin: origin.to_owned(),
            ..self.clone()
        }
    }

    /// SHA-256 of the key's SPKI.
    pub fn key_id(&self) -> &[u8; 32] {
        &self.key_id
    }

    /// A record's entry: version 1, kind 1, key id, tag, commitment, signature.
    pub fn entry(&self, tag: [u8; 32], commitment: [u8; 32]) -> Vec<u8> {
        self.signed(&self.content(1, 1, tag, commitment))
    }

    /// Everything of an entry but the signature.
    pub fn content(&self, version: u8, kind: u8, tag: [u8; 32], commitment: [u8; 32]) -> Vec<u8> {
        let mut content = vec![version, kind];
        content.extend(self.key_id);
        content.extend(tag);
        content.extend(commitment);
        content
    }

    /// Signs any content: "notarylog/entry/v1\0" || SHA-256(origin) || content. Low S.
    pub fn signed(&self, content: &[u8]) -> Vec<u8> {
        let mut message = b"notarylog/entry/v1\0".to_vec();
        message.extend(Sha256::digest(self.origin.as_bytes()));
        message.extend(content);
        let signature: Signature = self.key.sign(&message);
        [content, &signature.normalize_s().to_bytes()].concat()
    }
}

/// The same entry with the other of the two valid S: identity leaves the signature out, and the log stores low S.
pub fn with_high_s(entry: &[u8]) -> Result<Vec<u8>, Failed> {
    let (content, signature) = entry.split_at(SIGNATURE_AT);
    let signature = Signature::from_slice(signature)?;
    let (r, s) = signature.split_scalars();
    let high = Signature::from_scalars(r, -*s)?;
    Ok([content, high.to_bytes().as_slice()].concat())
}

/// 32 bytes that differ for each name and number.
pub fn bytes(name: &str, number: u64) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(name);
    hash.update(number.to_be_bytes());
    hash.finalize().into()
}

/// Posts entries to the log at `url` as they are, one after the other.
pub fn post(url: &str, body: &[u8]) -> Result<Answer, Failed> {
    let answer = http::post(url, "/v1/entries", "application/octet-stream", body)?;
    Ok(answer)
}
