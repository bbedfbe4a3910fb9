//! Test keys. Their secrets are made from their names, so that anyone can make them: they must never sign anything real.

use ed25519_dalek::Signer as _;
use ml_dsa::{MlDsa44, SigningKey as MlDsaKey};
use p256::ecdsa::{Signature, SigningKey as P256Key};
use tlog::{
    Checkpoint, Hash, KeyKind, KeyName, Note, Origin, P256Spki, SignatureLine, TreeSize, Vkey,
    cosignature_line, cosignature_message, cosigned_message, ed25519_line, p256_to_low_s,
    tree_head_line, tree_head_message,
};

/// The time of most lines: 2026-11-24T06:00:00Z in seconds.
pub const TIME: u64 = 1_795_500_000;

/// A test key of one kind.
pub struct TestKey {
    pub vkey: Vkey,
    seed: [u8; 32],
}

impl TestKey {
    /// The test key of this name and kind.
    pub fn new(name: &str, kind: KeyKind) -> Self {
        let seed = Hash::of(format!("notarylog test key, never use: {name} {kind:?}").as_bytes());
        let seed = *seed.as_bytes();
        let material = match kind {
            KeyKind::Ed25519 | KeyKind::Cosignature => {
                let key = ed25519_dalek::SigningKey::from_bytes(&seed);
                key.verifying_key().to_bytes().to_vec()
            }
            KeyKind::TreeHead => spki(&P256Key::from_slice(&seed).unwrap())
                .as_bytes()
                .to_vec(),
            KeyKind::MlDsa44 => ml_dsa_key(&seed)
                .expanded_key()
                .verifying_key()
                .encode()
                .to_vec(),
        };
        let name = KeyName::new(name).unwrap();
        let vkey = Vkey::new(name, kind, &material).unwrap();
        Self { vkey, seed }
    }

    /// This key's raw signature over bytes; ECDSA in DER.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self.vkey.kind() {
            KeyKind::Ed25519 | KeyKind::Cosignature => {
                let key = ed25519_dalek::SigningKey::from_bytes(&self.seed);
                key.sign(message).to_bytes().to_vec()
            }
            KeyKind::TreeHead => {
                let signature: Signature = P256Key::from_slice(&self.seed).unwrap().sign(message);
                signature.to_der().as_bytes().to_vec()
            }
            KeyKind::MlDsa44 => {
                let key = ml_dsa_key(&self.seed);
                let signature = key.expanded_key().sign_deterministic(message, &[]).unwrap();
                signature.encode().to_vec()
            }
        }
    }

    /// This key's line for a checkpoint at a time: seconds, for a tree head milliseconds, for 0x01 of no meaning.
    pub fn line(&self, checkpoint: &Checkpoint, time: u64) -> SignatureLine {
        let (vkey, text) = (&self.vkey, checkpoint.text());
        let (size, root) = (checkpoint.size(), checkpoint.root());
        match vkey.kind() {
            KeyKind::Ed25519 => ed25519_line(vkey, &self.sign(text.as_bytes()).try_into().unwrap()),
            KeyKind::Cosignature => {
                let message = cosignature_message(time, &text);
                cosignature_line(vkey, time, &self.sign(&message))
            }
            KeyKind::TreeHead => {
                let signature = self.sign(&tree_head_message(time, size, &root));
                tree_head_line(vkey.name(), vkey.material(), time, &signature)
            }
            KeyKind::MlDsa44 => {
                let (name, origin) = (vkey.name(), checkpoint.origin());
                let message = cosigned_message(name, time, origin, 0, size.get(), &root).unwrap();
                cosignature_line(vkey, time, &self.sign(&message))
            }
        }
    }

    /// A line with this key's name and id and any body.
    pub fn line_of(&self, body: &[u8]) -> SignatureLine {
        SignatureLine::new(self.vkey.name().clone(), self.vkey.id(), body.to_vec()).unwrap()
    }
}

/// The log of most cases: its three keys.
pub struct Log {
    pub ed25519: TestKey,
    pub tree_head: TestKey,
    pub ml_dsa: TestKey,
}

/// The log of this origin.
pub fn log(origin: &str) -> Log {
    Log {
        ed25519: TestKey::new(origin, KeyKind::Ed25519),
        tree_head: TestKey::new(origin, KeyKind::TreeHead),
        ml_dsa: TestKey::new(origin, KeyKind::MlDsa44),
    }
}

impl Log {
    /// The checkpoint signed by all three, with these lines after them.
    pub fn note(&self, checkpoint: &Checkpoint, cosignatures: &[SignatureLine]) -> Note {
        let mut lines = vec![
            self.ed25519.line(checkpoint, 0),
            self.tree_head.line(checkpoint, TIME * 1000 + 250),
            self.ml_dsa.line(checkpoint, TIME),
        ];
        lines.extend_from_slice(cosignatures);
        Note::new(checkpoint.text(), lines).unwrap()
    }
}

/// The origin of most cases.
pub const TOWN: &str = "log.example/town";

/// The witness' Ed25519 key (0x04).
pub fn witness(letter: char) -> TestKey {
    TestKey::new(&format!("witness.example/{letter}"), KeyKind::Cosignature)
}

/// The same witness' ML-DSA-44 key (0x06).
pub fn witness_pq(letter: char) -> TestKey {
    TestKey::new(&format!("witness.example/{letter}"), KeyKind::MlDsa44)
}

/// The checkpoint of most cases.
pub fn checkpoint() -> Checkpoint {
    let origin = Origin::new(TOWN).unwrap();
    Checkpoint::new(&origin, TreeSize::new(1234).unwrap(), Hash::of(b"a root"))
}

/// Any text as a checkpoint: foreign origins, extension lines.
pub fn foreign(text: &str) -> Checkpoint {
    Checkpoint::parse(text).unwrap()
}

/// A note with these lines.
pub fn note(text: impl Into<String>, lines: &[SignatureLine]) -> Note {
    Note::new(text, lines.to_vec()).unwrap()
}

/// A P-256 signature r || s with the other S: high for low and low for high.
pub fn other_s(signature: &[u8; 64]) -> [u8; 64] {
    let parsed = Signature::from_slice(signature).unwrap();
    let (r, s) = parsed.split_scalars();
    let other: [u8; 64] = Signature::from_scalars(r, -s).unwrap().to_bytes().into();
    assert_eq!(p256_to_low_s(&other), p256_to_low_s(signature));
    other
}

/// The secret of the test key that has this vkey's name and kind, as ML-DSA.
fn ml_dsa_key(seed: &[u8; 32]) -> MlDsaKey<MlDsa44> {
    MlDsaKey::from_seed(&(*seed).into())
}

fn spki(key: &P256Key) -> P256Spki {
    use p256::pkcs8::EncodePublicKey as _;
    let der = key.verifying_key().to_public_key_der().unwrap();
    P256Spki::from_der(der.as_bytes()).unwrap()
}

impl TestKey {
    /// An ML-DSA-44 signature with a context, which none of our lines has.
    pub fn sign_in_context(&self, message: &[u8], context: &[u8]) -> Vec<u8> {
        let key = ml_dsa_key(&self.seed);
        let signature = key.expanded_key().sign_deterministic(message, context);
        signature.unwrap().encode().to_vec()
    }
}
