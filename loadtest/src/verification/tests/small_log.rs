//! A log in memory that answers as the real one does.

use super::{Value, json};
use crate::submitter::Submitter;
use crate::verification::Verifier;
use crate::workload::Workload;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, ML_DSA_44_SIGNING,
    PqdsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use evidence::{ENTRY_LEN, Entry, OriginHash};
use p256::SecretKey;
use p256::pkcs8::{EncodePrivateKey as _, EncodePublicKey as _, LineEnding};
use std::sync::Arc;
use tlog::{
    Checkpoint, Frontier, Growth, Hash, KeyKind, LeafIndex, Note, Origin, SignatureLine, TreeSize,
    Vkey, cosignature_line, cosigned_message, ed25519_line, tree_head_line, tree_head_message,
};

const ORIGIN: &str = "log.example/training";

/// A log, its keys and a submitter.
#[derive(Clone)]
pub struct SmallLog {
    keys: Arc<Keys>,
    frontier: Frontier,
    time_ms: u64,
    left_out: Option<usize>,
}

impl SmallLog {
    /// An empty log with keys of its own.
    pub fn new() -> Self {
        Self {
            keys: Arc::new(Keys::generate()),
            frontier: Frontier::empty(),
            time_ms: 1_790_000_000_123,
            left_out: None,
        }
    }

    /// From now on the log leaves out one of its three signatures.
    pub fn leave_out(&mut self, line: usize) {
        self.left_out = Some(line);
    }

    /// Entries as they are sent.
    pub fn entries(&self, count: usize) -> Vec<[u8; ENTRY_LEN]> {
        let origin = OriginHash::of(ORIGIN);
        let workload = Workload::sign(&self.keys.submitter, &origin, count, |_| ()).unwrap();
        workload.bytes(0..count).as_chunks().0.to_vec()
    }

    /// What verifies this log's answers.
    pub fn verifier(&self) -> Verifier {
        Verifier::new(ORIGIN.to_owned(), self.keys.vkeys.to_vec())
    }

    /// Logs entries and answers.
    pub fn answer(&mut self, sent: &[[u8; ENTRY_LEN]]) -> Value {
        let stored: Vec<Entry> = sent
            .iter()
            .map(|entry| Entry::parse_submitted(entry).unwrap())
            .collect();
        let leaves: Vec<Hash> = stored.iter().map(Entry::leaf_hash).collect();
        let growth = Growth::new(&self.frontier, leaves);
        self.frontier = growth.frontier();
        self.time_ms += 1;
        let results = stored.iter().zip(growth.before().get()..);
        let results = results.map(|(entry, index)| {
            let proof = growth.inclusion_proof(LeafIndex::new(index)).unwrap();
            let proof: Vec<String> = proof.iter().map(Hash::to_base64).collect();
            json!({"status": 200, "index": index, "entry": STANDARD.encode(entry.to_bytes()),
                "leaf_hash": entry.leaf_hash().to_base64(), "proof": proof})
        });
        json!({"state": "logged", "unwitnessed": true, "size": growth.after().get(),
            "root": growth.root().to_base64(), "time_ms": self.time_ms,
            "results": results.collect::<Vec<_>>(),
            "checkpoint": self.checkpoint(growth.after(), &growth.root()).to_string()})
    }

    fn checkpoint(&self, size: TreeSize, root: &Hash) -> Note {
        let origin = Origin::new(ORIGIN).unwrap();
        let text = Checkpoint::new(&origin, size, *root).text();
        let mut lines = self.keys.sign(&origin, &text, self.time_ms, size, root);
        if let Some(line) = self.left_out {
            lines.remove(line);
        }
        Note::new(text, lines).unwrap()
    }
}

struct Keys {
    vkeys: [Vkey; 3],
    ed25519: Ed25519KeyPair,
    p256: EcdsaKeyPair,
    ml_dsa: PqdsaKeyPair,
    submitter: Submitter,
}

impl Keys {
    fn generate() -> Self {
        let (secret, submitter) = (random_secret(), random_secret());
        let spki = secret.public_key().to_public_key_der().unwrap();
        let pkcs8 = secret.to_pkcs8_der().unwrap();
        let ed25519 = Ed25519KeyPair::generate().unwrap();
        let ml_dsa = PqdsaKeyPair::generate(&ML_DSA_44_SIGNING).unwrap();
        let vkey = |kind, material: &[u8]| {
            Vkey::new(Origin::new(ORIGIN).unwrap().key_name(), kind, material).unwrap()
        };
        Self {
            vkeys: [
                vkey(KeyKind::Ed25519, ed25519.public_key().as_ref()),
                vkey(KeyKind::TreeHead, spki.as_bytes()),
                vkey(KeyKind::MlDsa44, ml_dsa.public_key().as_ref()),
            ],
            p256: EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8.as_bytes())
                .unwrap(),
            submitter: {
                let pem = submitter.to_pkcs8_pem(LineEnding::LF).unwrap();
                Submitter::from_pem(pem.as_bytes()).unwrap()
            },
            ed25519,
            ml_dsa,
        }
    }

    fn sign(
        &self,
        origin: &Origin,
        text: &str,
        time_ms: u64,
        size: TreeSize,
        root: &Hash,
    ) -> Vec<SignatureLine> {
        let [ed25519_key, tree_head_key, ml_dsa_key] = &self.vkeys;
        let (name, seconds) = (origin.key_name(), time_ms / 1000);
        let ed25519 = self.ed25519.sign(text.as_bytes());
        let message = tree_head_message(time_ms, size, root);
        let tree_head = self.p256.sign(&SystemRandom::new(), &message).unwrap();
        let message = cosigned_message(&name, seconds, origin.as_str(), 0, size.get(), root);
        let mut ml_dsa = vec![0; ML_DSA_44_SIGNING.signature_len()];
        self.ml_dsa.sign(&message.unwrap(), &mut ml_dsa).unwrap();
        vec![
            ed25519_line(ed25519_key, ed25519.as_ref().try_into().unwrap()),
            tree_head_line(&name, tree_head_key.material(), time_ms, tree_head.as_ref()),
            cosignature_line(ml_dsa_key, seconds, &ml_dsa),
        ]
    }
}

fn random_secret() -> SecretKey {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).unwrap();
    SecretKey::from_slice(&bytes).unwrap()
}
