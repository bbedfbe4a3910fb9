//! What is read of a log, and what makes its answer true.

use crate::connection::{Connection, Lost};
use crate::lot::Lot;
use crate::status::LogStatus;
use evidence::ENTRY_LEN;
use serde::Deserialize;
use std::collections::HashMap;
use std::collections::hash_map::Entry as Place;
use tlog::{
    BadProof, Bundle, Hash, KeyKind, LeafIndex, Note, PureRust, Refusal, SignedCheckpoint,
    TILE_WIDTH, Tile, TreeSize, verify_inclusion,
};

/// Hot tiles: so many of the newest full ones, which every monitor reads.
const HOT_TILES: u64 = 64;

/// A full tile: 256 hashes.
const TILE_LEN: usize = 256 * Hash::LEN;

/// An entry in a bundle stands behind its length.
const FRAMED_LEN: usize = 2 + ENTRY_LEN;

/// What is read, again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Inclusion proofs of random entries.
    Proofs,
    /// The newest checkpoint.
    Checkpoint,
    /// The newest full tiles of leaf hashes, 8 KiB each.
    Tiles,
}

impl Subject {
    /// The word for it in a report.
    pub const fn verb(self) -> &'static str {
        match self {
            Self::Proofs => "read-proofs",
            Self::Checkpoint => "read-checkpoint",
            Self::Tiles => "read-tiles",
        }
    }

    /// One question about a tree of this size.
    pub fn draw(self, size: TreeSize, lot: &mut Lot) -> Question {
        match self {
            Self::Proofs => Question::Proof(lot.below(size.get())),
            Self::Checkpoint => Question::Checkpoint,
            Self::Tiles => {
                let full = size.get() / TILE_WIDTH;
                let hot = full.min(HOT_TILES);
                Question::Tile(full - hot + lot.below(hot))
            }
        }
    }
}

/// One question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Question {
    /// The proof that the entry at this index lies in the tree.
    Proof(u64),
    /// The newest checkpoint.
    Checkpoint,
    /// The full tile of leaf hashes with this number.
    Tile(u64),
}

impl Question {
    /// The route that answers it, about a tree of this size.
    pub fn route(self, size: TreeSize) -> String {
        match self {
            Self::Proof(index) => format!("/v1/proofs/inclusion?index={index}&size={size}"),
            Self::Checkpoint => "/checkpoint".to_owned(),
            Self::Tile(number) => {
                let tile = Tile::new(0, number, 256).expect("it lies in the tree");
                format!("/{}", tile.path())
            }
        }
    }
}

/// The tree that is asked about, as the log signed it.
#[derive(Debug)]
pub struct SignedTree {
    log: LogStatus,
    size: TreeSize,
    root: Hash,
    /// The hashes that the log's own entries give, by tile.
    tiles: HashMap<u64, Vec<u8>>,
}

impl SignedTree {
    /// Reads the newest checkpoint.
    pub async fn fetch(log: LogStatus, connection: &mut Connection) -> Result<Self, NoTree> {
        let answer = connection.get("/checkpoint").await?;
        let note = answer.body.to_vec();
        let signed = opened(&log, &note)?;
        Ok(Self {
            size: signed.0,
            root: signed.1,
            log,
            tiles: HashMap::new(),
        })
    }

    /// Its size.
    pub const fn size(&self) -> TreeSize {
        self.size
    }

    /// The log.
    pub const fn log(&self) -> &LogStatus {
        &self.log
    }

    /// Whether this body answers the question truly. For tiles the entries are read and hashed.
    pub async fn verify(
        &mut self,
        question: Question,
        body: &[u8],
        connection: &mut Connection,
    ) -> Result<(), Untrue> {
        match question {
            Question::Proof(index) => self.verify_proof(index, body),
            Question::Checkpoint => {
                let (size, _) = opened(&self.log, body)?;
                if size < self.size {
                    return Err(Untrue::Older);
                }
                Ok(())
            }
            Question::Tile(number) => {
                let hashes = match self.tiles.entry(number) {
                    Place::Occupied(known) => known.into_mut(),
                    Place::Vacant(place) => place.insert(hashed(number, connection).await?),
                };
                if hashes.as_slice() == body {
                    Ok(())
                } else {
                    Err(Untrue::Tile(number))
                }
            }
        }
    }

    fn verify_proof(&self, index: u64, body: &[u8]) -> Result<(), Untrue> {
        let document: ProofDocument = serde_json::from_slice(body).map_err(|_| Untrue::Form)?;
        let hash = |text: &String| Hash::from_base64(text).map_err(|_| Untrue::Form);
        let proof: Vec<Hash> = document.proof.iter().map(hash).collect::<Result<_, _>>()?;
        if (document.index, document.size) != (index, self.size.get()) {
            return Err(Untrue::Other);
        }
        let leaf = hash(&document.leaf_hash)?;
        let index = LeafIndex::new(index);
        Ok(verify_inclusion(
            &leaf, index, self.size, &self.root, &proof,
        )?)
    }
}

/// Size and root of a checkpoint that all three of the log's keys signed, and its witnesses, if it has any.
fn opened(log: &LogStatus, note: &[u8]) -> Result<(TreeSize, Hash), Refusal> {
    let note = Note::parse(note)?;
    let signed = SignedCheckpoint::open(&note, &log.vkeys, &PureRust)?;
    for kind in [KeyKind::Ed25519, KeyKind::TreeHead, KeyKind::MlDsa44] {
        signed.require_log_kind(kind)?;
    }
    if let Some(policy) = &log.policy {
        policy.judge(&note, &PureRust)?;
    }
    Ok((signed.checkpoint().size(), signed.checkpoint().root()))
}

/// The hashes of a full bundle's entries.
async fn hashed(number: u64, connection: &mut Connection) -> Result<Vec<u8>, Untrue> {
    let bundle = Bundle::new(number, 256).expect("it lies in the tree");
    let answer = connection
        .get(&format!("/{}", bundle.path()))
        .await
        .map_err(|_| Untrue::NoBundle(number))?;
    let hashes: Vec<u8> = answer
        .body
        .chunks_exact(FRAMED_LEN)
        .flat_map(|framed| *Hash::of_leaf(&framed[2..]).as_bytes())
        .collect();
    if answer.status == 200 && hashes.len() == TILE_LEN {
        Ok(hashes)
    } else {
        Err(Untrue::NoBundle(number))
    }
}

/// Why there is no tree to ask about.
#[derive(Debug, thiserror::Error)]
pub enum NoTree {
    /// No answer.
    #[error(transparent)]
    Lost(#[from] Lost),
    /// The checkpoint is not the log's.
    #[error("the log's newest checkpoint does not verify: {0}")]
    Refused(#[from] Refusal),
}

/// Why an answer is not true.
#[derive(Debug, thiserror::Error)]
pub enum Untrue {
    /// Not the form of an answer.
    #[error("the answer has not the form of one")]
    Form,
    /// It answers another question.
    #[error("the answer is about another entry or tree than was asked")]
    Other,
    /// The proof does not lead to the root that the log signed.
    #[error("the inclusion proof does not lead to the signed root: {0}")]
    Proof(#[from] BadProof),
    /// The checkpoint is not validly signed.
    #[error("{0}")]
    Checkpoint(#[from] Refusal),
    /// The checkpoint is older than one that was shown before.
    #[error("the checkpoint is older than one that was shown before")]
    Older,
    /// The tile does not hold the hashes of its entries.
    #[error("tile {0} does not hold the hashes of its entries")]
    Tile(u64),
    /// The entries of a tile cannot be read.
    #[error("the entries of tile {0} cannot be read")]
    NoBundle(u64),
}

#[derive(Deserialize)]
struct ProofDocument {
    index: u64,
    size: u64,
    leaf_hash: String,
    proof: Vec<String>,
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use std::collections::HashSet;
    use tlog::{Frontier, Growth};

    #[test]
    fn a_proof_is_true_under_the_signed_root_alone() {
        let leaves: Vec<Hash> = (0..300_u32)
            .map(|n| Hash::of_leaf(&n.to_be_bytes()))
            .collect();
        let leaf = leaves[77].to_base64();
        let growth = Growth::new(&Frontier::empty(), leaves);
        let tree = SignedTree {
            log: LogStatus {
                origin: String::new(),
                vkeys: Vec::new(),
                size: 300,
                unwitnessed: true,
                policy: None,
            },
            size: growth.after(),
            root: growth.root(),
            tiles: HashMap::new(),
        };
        let proof = growth.inclusion_proof(LeafIndex::new(77)).unwrap();
        let proof: Vec<String> = proof.iter().map(Hash::to_base64).collect();
        let answer = json!({"index": 77, "size": 300, "leaf_hash": leaf, "proof": proof});
        let verify = |answer: &Value| tree.verify_proof(77, answer.to_string().as_bytes());
        verify(&answer).unwrap();
        let tampered = |member: &str, value: Value| {
            let mut answer = answer.clone();
            answer[member] = value;
            verify(&answer).unwrap_err()
        };
        let other = Hash::of(b"another").to_base64();
        assert!(matches!(tampered("index", json!(78)), Untrue::Other));
        assert!(matches!(tampered("size", json!(299)), Untrue::Other));
        assert!(matches!(
            tampered("leaf_hash", json!(other)),
            Untrue::Proof(_)
        ));
        assert!(matches!(
            tampered("proof", json!(proof[1..])),
            Untrue::Proof(_)
        ));
        assert!(matches!(tampered("proof", json!(["?"])), Untrue::Form));
    }

    #[test]
    fn questions_lie_in_the_tree_and_tiles_are_the_newest_full_ones() {
        let size = TreeSize::new(100 * TILE_WIDTH + 5).unwrap();
        let mut lot = Lot::new(false);
        let mut drawn = |subject: Subject| -> HashSet<Question> {
            (0..10_000).map(|_| subject.draw(size, &mut lot)).collect()
        };
        let tiles = drawn(Subject::Tiles);
        assert_eq!(tiles, (36..100).map(Question::Tile).collect());
        let proofs = drawn(Subject::Proofs);
        assert!(proofs.len() > 5_000);
        let inside =
            |question: &Question| matches!(question, Question::Proof(i) if *i < size.get());
        assert!(proofs.iter().all(inside));
        assert_eq!(Question::Tile(99).route(size), "/tile/0/099");
    }
}
