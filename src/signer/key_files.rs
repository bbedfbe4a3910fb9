//! The log's keys in files.

use super::bound_key;
use super::{SignError, Signer};
use crate::log::second_path::CheckedHead;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair as _, ML_DSA_44_SIGNING, PqdsaKeyPair,
};
use evidence::{Entry, OriginHash, UnsignedEntry};
use service::BoundKeyError;
use std::path::{Path, PathBuf};
use tlog::{
    Checkpoint, KeyKind, Note, Origin, Vkey, cosignature_line, cosigned_message, ed25519_line,
    tree_head_line, tree_head_message,
};

const ED25519: &str = "ed25519";
const P256: &str = "p256";
const ML_DSA: &str = "mldsa44";
const ENTRY: &str = "entry";

/// The four keys of a log, read from files.
pub struct KeyFiles {
    origin: Origin,
    origin_hash: OriginHash,
    vkeys: [Vkey; 3],
    ed25519: Ed25519KeyPair,
    tree_head: EcdsaKeyPair,
    tree_head_spki: Vec<u8>,
    ml_dsa: PqdsaKeyPair,
    entry: EcdsaKeyPair,
    entry_spki: Vec<u8>,
    random: SystemRandom,
}

impl KeyFiles {
    /// Makes four new keys in this folder and binds them to the origin. No file is overwritten.
    pub fn create(folder: &Path, origin: &Origin) -> Result<(), KeyError> {
        let made = |name| move |_| KeyError::Unusable(name);
        let ed25519 = Ed25519KeyPair::generate()
            .and_then(|key| key.to_pkcs8v1())
            .map_err(made(ED25519))?;
        let ml_dsa = PqdsaKeyPair::generate(&ML_DSA_44_SIGNING)
            .and_then(|key| key.to_pkcs8v1())
            .map_err(made(ML_DSA))?;
        let p256 = |name| {
            EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING)
                .and_then(|key| key.to_pkcs8v1())
                .map_err(made(name))
        };
        bound_key::create(&path(folder, ED25519), origin, ed25519.as_ref())?;
        bound_key::create(&path(folder, P256), origin, p256(P256)?.as_ref())?;
        bound_key::create(&path(folder, ML_DSA), origin, ml_dsa.as_ref())?;
        Ok(bound_key::create(
            &path(folder, ENTRY),
            origin,
            p256(ENTRY)?.as_ref(),
        )?)
    }

    /// Reads the four keys, which must be bound to this origin and readable by their owner alone.
    pub fn load(folder: &Path, origin: &Origin) -> Result<Self, KeyError> {
        let unusable = |name| move |_| KeyError::Unusable(name);
        let ed25519 = bound_key::read(&path(folder, ED25519), origin)?;
        let ed25519 = Ed25519KeyPair::from_pkcs8(ed25519.as_bytes()).map_err(unusable(ED25519))?;
        let tree_head = bound_key::read(&path(folder, P256), origin)?;
        let tree_head_spki = bound_key::spki(&tree_head).ok_or(KeyError::Unusable(P256))?;
        let tree_head =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, tree_head.as_bytes())
                .map_err(unusable(P256))?;
        let ml_dsa = bound_key::read(&path(folder, ML_DSA), origin)?;
        let ml_dsa = PqdsaKeyPair::from_pkcs8(&ML_DSA_44_SIGNING, ml_dsa.as_bytes())
            .map_err(unusable(ML_DSA))?;
        let entry = bound_key::read(&path(folder, ENTRY), origin)?;
        let entry_spki = bound_key::spki(&entry).ok_or(KeyError::Unusable(ENTRY))?;
        let entry = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, entry.as_bytes())
            .map_err(unusable(ENTRY))?;
        let vkey = |kind, material: &[u8], name| {
            Vkey::new(origin.key_name(), kind, material).map_err(|_| KeyError::Unusable(name))
        };
        let vkeys = [
            vkey(KeyKind::Ed25519, ed25519.public_key().as_ref(), ED25519)?,
            vkey(KeyKind::TreeHead, &tree_head_spki, P256)?,
            vkey(KeyKind::MlDsa44, ml_dsa.public_key().as_ref(), ML_DSA)?,
        ];
        Ok(Self {
            origin: origin.clone(),
            origin_hash: OriginHash::of(origin.as_str()),
            vkeys,
            ed25519,
            tree_head,
            tree_head_spki,
            ml_dsa,
            entry,
            entry_spki,
            random: SystemRandom::new(),
        })
    }
}

impl Signer for KeyFiles {
    fn origin(&self) -> &Origin {
        &self.origin
    }

    fn vkeys(&self) -> &[Vkey; 3] {
        &self.vkeys
    }

    fn entry_spki(&self) -> &[u8] {
        &self.entry_spki
    }

    fn sign_head(&self, head: &CheckedHead) -> Result<Note, SignError> {
        let head = head.head();
        let text = Checkpoint::new(&self.origin, head.size, head.root).text();
        let [ed25519_key, _, ml_dsa_key] = &self.vkeys;
        let name = self.origin.key_name();

        let signature = self.ed25519.sign(text.as_bytes());
        let signature = signature
            .as_ref()
            .try_into()
            .map_err(|_| SignError::Failed(ED25519))?;
        let ed25519 = ed25519_line(ed25519_key, signature);

        let message = tree_head_message(head.time_ms, head.size, &head.root);
        let signature = self
            .tree_head
            .sign(&self.random, &message)
            .map_err(|_| SignError::Failed(P256))?;
        let tree_head = tree_head_line(
            &name,
            &self.tree_head_spki,
            head.time_ms,
            signature.as_ref(),
        );

        let seconds = head.time_ms / 1000;
        let message = cosigned_message(
            &name,
            seconds,
            self.origin.as_str(),
            0,
            head.size.get(),
            &head.root,
        )
        .map_err(|_| SignError::Failed(ML_DSA))?;
        let mut signature = vec![0; ML_DSA_44_SIGNING.signature_len()];
        self.ml_dsa
            .sign(&message, &mut signature)
            .map_err(|_| SignError::Failed(ML_DSA))?;
        let ml_dsa = cosignature_line(ml_dsa_key, seconds, &signature);

        Note::new(text, vec![ed25519, tree_head, ml_dsa]).map_err(|_| SignError::Failed("note"))
    }

    fn sign_entry(&self, entry: &UnsignedEntry) -> Result<Entry, SignError> {
        let message = entry.signed_message(&self.origin_hash);
        let signature = self
            .entry
            .sign(&self.random, &message)
            .map_err(|_| SignError::Failed(ENTRY))?;
        let signature = signature
            .as_ref()
            .try_into()
            .map_err(|_| SignError::Failed(ENTRY))?;
        entry
            .with_signature(signature)
            .map_err(|_| SignError::Failed(ENTRY))
    }
}

/// Why the log's keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file.
    #[error(transparent)]
    File(#[from] BoundKeyError),
    /// The key is not of the right kind.
    #[error("keys/{0}.pem holds no usable private key of its kind")]
    Unusable(&'static str),
}

fn path(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.pem"))
}
