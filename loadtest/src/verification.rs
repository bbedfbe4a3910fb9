//! Verification of kept answers, as their receiver would do it, and across answers, as only a receiver of many can.
//!
//! ```text
//! {"state":"logged","size":N,"root":"…","time_ms":T,"checkpoint":"<signed note>",
//!  "results":[{"status":200,"index":i,"entry":"…","leaf_hash":"…","proof":["…",…]},…],…}
//! ```
//!
//! The signatures are checked by `tlog`'s pure-Rust verifiers, which share no code with the log's signers. Out of scope:
//! the log's keys are taken from the log itself, so a run proves that it is consistent, not that it is the right one.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use evidence::{Entry, MalformedEntry};
use serde::Deserialize;
use std::collections::{HashMap, HashSet};
use tlog::{
    BadProof, Hash, KeyKind, LeafIndex, LineTime, Note, Policy, PureRust, Refusal,
    SignedCheckpoint, TreeSize, Vkey, verify_inclusion,
};

/// The signatures that every head of a log carries.
const KINDS: [KeyKind; 3] = [KeyKind::Ed25519, KeyKind::TreeHead, KeyKind::MlDsa44];

/// Verifies answers of one log.
#[derive(Debug)]
pub struct Verifier {
    origin: String,
    vkeys: Vec<Vkey>,
    policy: Option<Policy>,
    /// Checkpoints that have verified, by the hash of their text: many answers share one.
    heads: HashSet<Hash>,
    roots: HashMap<TreeSize, Hash>,
    leaves: HashMap<LeafIndex, Hash>,
}

impl Verifier {
    /// For a log of this origin, with these keys.
    pub fn new(origin: String, vkeys: Vec<Vkey>) -> Self {
        Self {
            origin,
            vkeys,
            policy: None,
            heads: HashSet::new(),
            roots: HashMap::new(),
            leaves: HashMap::new(),
        }
    }

    /// The same, and every head must satisfy this policy.
    #[must_use]
    pub fn with_policy(self, policy: Option<Policy>) -> Self {
        Self { policy, ..self }
    }

    /// Verifies that an answer proves what it should about the entries that were sent; answers how many it proves.
    /// Entries that the answer itself refuses are passed over: they are counted as errors elsewhere.
    pub fn verify(
        &mut self,
        sent: &[[u8; evidence::ENTRY_LEN]],
        body: &[u8],
    ) -> Result<usize, Unproven> {
        let answer: AnswerDocument = serde_json::from_slice(body).map_err(|_| Unproven::Form)?;
        if answer.results.len() != sent.len() {
            return Err(Unproven::Count);
        }
        let head = self.verify_head(&answer)?;
        let mut proven = 0;
        for (sent, result) in sent.iter().zip(&answer.results) {
            if result.status == 200 {
                self.verify_entry(sent, result, head)?;
                proven += 1;
            }
        }
        Ok(proven)
    }

    /// How many different heads have verified.
    pub fn heads(&self) -> usize {
        self.heads.len()
    }

    fn verify_head(&mut self, answer: &AnswerDocument) -> Result<Head, Unproven> {
        let head = Head {
            size: TreeSize::new(answer.size).map_err(|_| Unproven::Form)?,
            root: Hash::from_base64(&answer.root).map_err(|_| Unproven::Form)?,
        };
        let stated = format!(
            "{} {} {} {}",
            answer.size, answer.root, answer.time_ms, answer.checkpoint
        );
        let stated = Hash::of(stated.as_bytes());
        if !self.heads.contains(&stated) {
            self.verify_checkpoint(answer, head)?;
            self.heads.insert(stated);
        }
        // RFC 6962 §2: an append-only log has one root for a size.
        if *self.roots.entry(head.size).or_insert(head.root) != head.root {
            return Err(Unproven::TwoRoots(head.size));
        }
        Ok(head)
    }

    fn verify_checkpoint(&self, answer: &AnswerDocument, head: Head) -> Result<(), Unproven> {
        let note = Note::parse(answer.checkpoint.as_bytes()).map_err(Refusal::from)?;
        let signed = SignedCheckpoint::open(&note, &self.vkeys, &PureRust)?;
        for kind in KINDS {
            signed.require_log_kind(kind)?;
        }
        if let Some(policy) = &self.policy {
            policy.judge(&note, &PureRust)?;
        }
        let checkpoint = signed.checkpoint();
        if (checkpoint.size(), checkpoint.root()) != (head.size, head.root)
            || checkpoint.origin() != self.origin
        {
            return Err(Unproven::OtherHead);
        }
        // One time a head: milliseconds in 0x05, rounded down to seconds in 0x06.
        let agrees = |time| match time {
            LineTime::NotStated => true,
            LineTime::Seconds(seconds) => seconds == answer.time_ms / 1000,
            LineTime::Milliseconds(ms) => ms == answer.time_ms,
        };
        if signed.verified().iter().all(|line| agrees(line.time)) {
            Ok(())
        } else {
            Err(Unproven::OtherTime)
        }
    }

    fn verify_entry(
        &mut self,
        sent: &[u8; evidence::ENTRY_LEN],
        result: &ResultDocument,
        head: Head,
    ) -> Result<(), Unproven> {
        let (Some(index), Some(entry), Some(leaf_hash), Some(proof)) = (
            result.index,
            &result.entry,
            &result.leaf_hash,
            &result.proof,
        ) else {
            return Err(Unproven::Form);
        };
        let entry = STANDARD.decode(entry).map_err(|_| Unproven::Form)?;
        let entry = Entry::parse(&entry)?;
        // The log may have made a high S low, and nothing else.
        if entry != Entry::parse_submitted(sent)? {
            return Err(Unproven::OtherEntry);
        }
        let leaf = entry.leaf_hash();
        if leaf_hash != &leaf.to_base64() {
            return Err(Unproven::OtherLeaf);
        }
        let proof = proof.iter().map(|hash| Hash::from_base64(hash));
        let proof: Vec<Hash> = proof
            .collect::<Result<_, _>>()
            .map_err(|_| Unproven::Form)?;
        let index = LeafIndex::new(index);
        verify_inclusion(&leaf, index, head.size, &head.root, &proof)?;
        // An entry that is sent again has the index of the first time.
        if *self.leaves.entry(index).or_insert(leaf) == leaf {
            Ok(())
        } else {
            Err(Unproven::IndexTwice(index))
        }
    }
}

/// Why an answer does not prove what it should.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unproven {
    /// Not the JSON of an answer, or a number, hash or entry in it cannot be read.
    #[error("the answer has not the form of one")]
    Form,
    /// Not a result for each entry.
    #[error("the answer has not one result for each entry")]
    Count,
    /// The entry in the answer is malformed.
    #[error("the entry in the answer is malformed: {0}")]
    Entry(#[from] MalformedEntry),
    /// The entry in the answer is not the one that was sent.
    #[error("the entry in the answer is not the one that was sent")]
    OtherEntry,
    /// The leaf hash is not the entry's.
    #[error("the leaf hash in the answer is not the entry's")]
    OtherLeaf,
    /// The inclusion proof does not lead to the root.
    #[error("the inclusion proof does not lead to the root: {0}")]
    Proof(#[from] BadProof),
    /// The checkpoint is not validly signed in all three ways.
    #[error("{0}")]
    Checkpoint(#[from] Refusal),
    /// Size, root or origin in the answer are not those of the checkpoint.
    #[error("size, root or origin in the answer are not those of the checkpoint")]
    OtherHead,
    /// A signature states another time than the answer.
    #[error("a signature of the checkpoint states another time than the answer")]
    OtherTime,
    /// Another answer had another root for this size: the log is forked.
    #[error("two answers have different roots for size {0}: the log is forked")]
    TwoRoots(TreeSize),
    /// Another answer had another entry at this index.
    #[error("two answers have different entries at index {0}")]
    IndexTwice(LeafIndex),
}

/// What the proofs of an answer lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Head {
    size: TreeSize,
    root: Hash,
}

#[derive(Deserialize)]
struct AnswerDocument {
    size: u64,
    root: String,
    time_ms: u64,
    checkpoint: String,
    results: Vec<ResultDocument>,
}

#[derive(Deserialize)]
struct ResultDocument {
    status: u16,
    index: Option<u64>,
    entry: Option<String>,
    leaf_hash: Option<String>,
    proof: Option<Vec<String>>,
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests;
