//! A log that signs whatever a test wants.

use super::{Tree, size};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _, ML_DSA_44_SIGNING, PqdsaKeyPair};
use tlog::{
    AddCheckpoint, Checkpoint, Hash, KeyKind, KeyName, Note, SignatureLine, Vkey, cosignature_line,
    cosigned_message, ed25519_line,
};

/// A log with an Ed25519 key (0x01) and an ML-DSA-44 key (0x06), and a tree of a hundred leaves to show.
pub struct TestLog {
    pub origin: String,
    pub ed25519: Vkey,
    pub ml_dsa: Vkey,
    pub tree: Tree,
    ed25519_key: Ed25519KeyPair,
    ml_dsa_key: PqdsaKeyPair,
}

impl TestLog {
    pub fn new(origin: &str) -> Self {
        let ed25519_key = Ed25519KeyPair::generate().unwrap();
        let ml_dsa_key = PqdsaKeyPair::generate(&ML_DSA_44_SIGNING).unwrap();
        let name = KeyName::new(origin).unwrap();
        let vkey = |kind, material: &[u8]| Vkey::new(name.clone(), kind, material).unwrap();
        Self {
            origin: origin.to_owned(),
            ed25519: vkey(KeyKind::Ed25519, ed25519_key.public_key().as_ref()),
            ml_dsa: vkey(KeyKind::MlDsa44, ml_dsa_key.public_key().as_ref()),
            tree: Tree::grown(100),
            ed25519_key,
            ml_dsa_key,
        }
    }

    pub fn vkeys(&self) -> Vec<Vkey> {
        vec![self.ed25519.clone(), self.ml_dsa.clone()]
    }

    /// The text of the checkpoint at a size.
    pub fn text(&self, at: u64) -> String {
        text(&self.origin, at, &self.tree.root(at))
    }

    /// The Ed25519 line of any text.
    pub fn ed25519_line(&self, text: &str) -> SignatureLine {
        let signature = self.ed25519_key.sign(text.as_bytes());
        ed25519_line(&self.ed25519, signature.as_ref().try_into().unwrap())
    }

    /// The ML-DSA-44 line of a checkpoint at a time.
    pub fn ml_dsa_line(&self, text: &str, time_s: u64) -> SignatureLine {
        let checkpoint = Checkpoint::parse(text).unwrap();
        let message = cosigned_message(
            self.ml_dsa.name(),
            time_s,
            checkpoint.origin(),
            0,
            checkpoint.size().get(),
            &checkpoint.root(),
        );
        let mut signature = vec![0; ML_DSA_44_SIGNING.signature_len()];
        self.ml_dsa_key
            .sign(&message.unwrap(), &mut signature)
            .unwrap();
        cosignature_line(&self.ml_dsa, time_s, &signature)
    }

    /// A request for a text of any content, signed by both keys.
    pub fn ask(&self, old: u64, proof: Vec<Hash>, text: &str, time_s: u64) -> String {
        let lines = vec![self.ed25519_line(text), self.ml_dsa_line(text, time_s)];
        ask_with(old, proof, text, lines)
    }

    /// The honest request for a step.
    pub fn step(&self, from: u64, to: u64, time_s: u64) -> String {
        self.ask(from, self.tree.proof(from, to), &self.text(to), time_s)
    }
}

/// The text of a checkpoint.
pub fn text(origin: &str, at: u64, root: &Hash) -> String {
    format!("{origin}\n{at}\n{root}\n")
}

/// A request with these lines.
pub fn ask_with(old: u64, proof: Vec<Hash>, text: &str, lines: Vec<SignatureLine>) -> String {
    let note = Note::new(text, lines).unwrap();
    let request = AddCheckpoint::new(size(old), proof, note);
    request.unwrap().to_string()
}
