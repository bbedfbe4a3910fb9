//! The cosigner: our two keys. It signs what is on disk, never a caller's bytes.
//! <https://c2sp.org/tlog-cosignature>

use crate::committed::Committed;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _, ML_DSA_44_SIGNING, PqdsaKeyPair};
use service::{BoundKey, BoundKeyError};
use std::fmt;
use std::path::{Path, PathBuf};
use tlog::{
    KeyKind, KeyName, SignatureLine, Vkey, cosignature_line, cosignature_message, cosigned_message,
};

const ED25519: &str = "ed25519";
const ML_DSA: &str = "mldsa44";

/// Keys are bound to the name: one of another witness is never read.
const OF_WITNESS: BoundKey = BoundKey::new("witness", "notarylog-witness");

/// An Ed25519 key (0x04) and an ML-DSA-44 key (0x06) under one name.
pub struct Cosigner {
    vkeys: [Vkey; 2],
    ed25519: Ed25519KeyPair,
    ml_dsa: PqdsaKeyPair,
}

impl Cosigner {
    /// Makes two new keys in this folder and binds them to the name. No file is overwritten.
    pub fn create(folder: &Path, name: &KeyName) -> Result<(), KeyError> {
        let ed25519 = Ed25519KeyPair::generate()
            .and_then(|key| key.to_pkcs8v1())
            .map_err(|_| KeyError::Unusable(ED25519))?;
        let ml_dsa = PqdsaKeyPair::generate(&ML_DSA_44_SIGNING)
            .and_then(|key| key.to_pkcs8v1())
            .map_err(|_| KeyError::Unusable(ML_DSA))?;
        OF_WITNESS.create(&path(folder, ED25519), name.as_str(), ed25519.as_ref())?;
        Ok(OF_WITNESS.create(&path(folder, ML_DSA), name.as_str(), ml_dsa.as_ref())?)
    }

    /// Reads the two keys, which must be bound to this name and readable by their owner alone.
    pub fn load(folder: &Path, name: &KeyName) -> Result<Self, KeyError> {
        let document = OF_WITNESS.read(&path(folder, ED25519), name.as_str())?;
        let ed25519 = Ed25519KeyPair::from_pkcs8(document.as_bytes())
            .map_err(|_| KeyError::Unusable(ED25519))?;
        let document = OF_WITNESS.read(&path(folder, ML_DSA), name.as_str())?;
        let ml_dsa = PqdsaKeyPair::from_pkcs8(&ML_DSA_44_SIGNING, document.as_bytes())
            .map_err(|_| KeyError::Unusable(ML_DSA))?;
        let vkey = |kind, material: &[u8], which| {
            Vkey::new(name.clone(), kind, material).map_err(|_| KeyError::Unusable(which))
        };
        let vkeys = [
            vkey(KeyKind::Cosignature, ed25519.public_key().as_ref(), ED25519)?,
            vkey(KeyKind::MlDsa44, ml_dsa.public_key().as_ref(), ML_DSA)?,
        ];
        Ok(Self {
            vkeys,
            ed25519,
            ml_dsa,
        })
    }

    /// The name that both keys bear.
    pub const fn name(&self) -> &KeyName {
        self.vkeys[0].name()
    }

    /// The verifier keys: Ed25519 (0x04), ML-DSA-44 (0x06).
    pub const fn vkeys(&self) -> &[Vkey; 2] {
        &self.vkeys
    }

    /// Signs a committed head with its stored time: one line a key. Extension lines are under the Ed25519 signature
    /// alone, so a checkpoint that has some gets no ML-DSA line: it would seem to vouch for them.
    pub fn sign(&self, committed: &Committed) -> Result<Vec<SignatureLine>, SignError> {
        let (checkpoint, time_s) = (committed.checkpoint(), committed.head().time_s);
        let [ed25519_key, ml_dsa_key] = &self.vkeys;
        let message = cosignature_message(time_s, committed.text());
        let signature = self.ed25519.sign(&message);
        let mut lines = vec![cosignature_line(ed25519_key, time_s, signature.as_ref())];
        if checkpoint.extensions().is_empty() {
            let message = cosigned_message(
                self.name(),
                time_s,
                checkpoint.origin(),
                0,
                checkpoint.size().get(),
                &checkpoint.root(),
            )
            .map_err(|_| SignError(ML_DSA))?;
            let mut signature = vec![0; ML_DSA_44_SIGNING.signature_len()];
            self.ml_dsa
                .sign(&message, &mut signature)
                .map_err(|_| SignError(ML_DSA))?;
            lines.push(cosignature_line(ml_dsa_key, time_s, &signature));
        }
        Ok(lines)
    }
}

impl fmt::Debug for Cosigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cosigner({:?})", self.vkeys)
    }
}

/// A key could not sign.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the {0} key could not sign")]
pub struct SignError(&'static str);

/// Why the witness's keys cannot be used.
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
