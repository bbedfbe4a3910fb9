//! A log of the suite: its test keys, and a tree that is the same for all.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use tlog::{
    Checkpoint, Hash, HashReader, KeyId, KeyKind, KeyName, NodeId, Note, Origin, SignatureLine,
    TreeSize, Vkey, consistency_proof, ed25519_line,
};

/// Leaves of the tree. Leaf n is the hash of the eight bytes of n, big-endian.
const LEAVES: u64 = 64;

/// A log with Ed25519 keys (0x01): what every witness verifies.
///
/// These are TEST KEYS: the secret of key n is SHA-256 of `notarylog test key, never use: <origin> <n>`. A witness that
/// people rely on must not keep them enrolled.
pub struct SampleLog {
    origin: String,
    keys: Vec<Ed25519KeyPair>,
    vkeys: Vec<Vkey>,
}

impl SampleLog {
    /// The log of this origin with so many keys.
    pub fn new(origin: &str, keys: usize) -> Self {
        let keys: Vec<Ed25519KeyPair> = (1..=keys).map(|n| test_key(origin, n)).collect();
        let vkeys = keys.iter().map(|key| vkey(origin, key)).collect();
        Self {
            origin: origin.to_owned(),
            keys,
            vkeys,
        }
    }

    /// The origin.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The keys that a witness is to trust for the origin.
    pub fn vkeys(&self) -> &[Vkey] {
        &self.vkeys
    }

    /// The text of the honest checkpoint at a size.
    pub fn text(&self, size: u64) -> String {
        self.text_with(size, &root(size))
    }

    /// The text of a checkpoint with any root.
    pub fn text_with(&self, size: u64, root: &Hash) -> String {
        let origin = Origin::new(self.origin.as_str()).expect("the suite's origins are origins");
        Checkpoint::new(&origin, tree_size(size), *root).text()
    }

    /// The line of one key, counted from 0, under any text.
    pub fn line(&self, key: usize, text: &str) -> SignatureLine {
        let signature = self.keys[key].sign(text.as_bytes());
        let signature = signature.as_ref().try_into();
        ed25519_line(
            &self.vkeys[key],
            signature.expect("an Ed25519 signature has 64 bytes"),
        )
    }

    /// The lines of all keys.
    pub fn lines(&self, text: &str) -> Vec<SignatureLine> {
        (0..self.keys.len())
            .map(|key| self.line(key, text))
            .collect()
    }

    /// A line of this key, counted from 0, whose signature is none.
    pub fn forged(&self, key: usize) -> SignatureLine {
        stranger(self.origin(), self.vkeys[key].id(), 64)
    }

    /// The checkpoint as a note signed by all keys.
    pub fn note(&self, text: &str) -> String {
        note(text, self.lines(text))
    }

    /// The honest request for a step.
    pub fn step(&self, from: u64, to: u64) -> String {
        self.ask(from, &proof(from, to), &self.text(to))
    }

    /// A request for any text, signed by all keys.
    pub fn ask(&self, old: u64, proof: &[Hash], text: &str) -> String {
        ask(old, proof, &self.note(text))
    }

    /// A request for any text with these lines under it.
    pub fn ask_with(
        &self,
        old: u64,
        proof: &[Hash],
        text: &str,
        lines: Vec<SignatureLine>,
    ) -> String {
        ask(old, proof, &note(text, lines))
    }
}

/// A line by nobody whom a witness knows: so many bytes of 7.
pub fn stranger(name: &str, id: KeyId, len: usize) -> SignatureLine {
    let name = KeyName::new(name).expect("the suite's names are names");
    SignatureLine::new(name, id, vec![7; len]).expect("a line of the suite is a line")
}

/// Old size, proof, empty line, note.
pub fn ask(old: u64, proof: &[Hash], note: &str) -> String {
    let old = std::iter::once(format!("old {old}"));
    let hashes = proof.iter().map(ToString::to_string);
    let head: Vec<String> = old.chain(hashes).collect();
    format!("{}\n\n{note}", head.join("\n"))
}

/// The root of the tree at a size.
pub fn root(size: u64) -> Hash {
    tlog::root(&Tree, tree_size(size)).expect("the suite asks for sizes of its tree")
}

/// The consistency proof of a step; none from size 0.
pub fn proof(from: u64, to: u64) -> Vec<Hash> {
    if from == 0 {
        return Vec::new();
    }
    let proof = consistency_proof(&Tree, tree_size(from), tree_size(to));
    proof.expect("the suite asks for steps of its tree")
}

/// A node of the tree.
pub fn node(level: u8, index: u64) -> Hash {
    if level == 0 {
        return Hash::of_leaf(&index.to_be_bytes());
    }
    let below = |index| node(level - 1, index);
    Hash::of_node(&below(index * 2), &below(index * 2 + 1))
}

/// A size of the suite.
pub fn tree_size(size: u64) -> TreeSize {
    TreeSize::new(size).expect("the suite's sizes are below 2^63")
}

struct Tree;

impl HashReader for Tree {
    type Error = std::convert::Infallible;

    fn read_hashes(&self, nodes: &[NodeId]) -> Result<Vec<Hash>, Self::Error> {
        let read = |at: &NodeId| {
            assert!(
                (at.index() + 1) << at.level() <= LEAVES,
                "the suite's tree has 64 leaves"
            );
            node(at.level(), at.index())
        };
        Ok(nodes.iter().map(read).collect())
    }
}

fn note(text: &str, lines: Vec<SignatureLine>) -> String {
    let note = Note::new(text, lines).expect("the suite's texts and lines are notes");
    note.to_string()
}

fn test_key(origin: &str, number: usize) -> Ed25519KeyPair {
    let seed = Hash::of(format!("notarylog test key, never use: {origin} {number}").as_bytes());
    Ed25519KeyPair::from_seed_unchecked(seed.as_bytes()).expect("any 32 bytes are a seed")
}

fn vkey(origin: &str, key: &Ed25519KeyPair) -> Vkey {
    let name = KeyName::new(origin).expect("the suite's origins are key names");
    Vkey::new(name, KeyKind::Ed25519, key.public_key().as_ref()).expect("a key that was just made")
}
