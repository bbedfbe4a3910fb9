//! The answer to a submission: for each entry its index and proof, and once the checkpoint.

use super::problems::{NO_CHECKPOINT, Rejection, SLOT_TAKEN, refused_author, refused_notice};
use crate::log::pool::{Outcome, Sequenced};
use crate::log::publisher::Published;
use crate::log::start::Heart;
use crate::metrics::Metrics;
use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use evidence::{ENTRY_LEN, Entry};
use serde::{Serialize, Serializer};
use service::Problem;
use std::sync::Arc;
use tlog::{Growth, Hash, LeafIndex};
use utoipa::ToSchema;

/// What a submitter gets back.
#[derive(Serialize, ToSchema)]
pub struct Answer {
    /// How far the entries are: `logged` (durable, in the tree, under a signed head) or `witnessed`.
    #[schema(example = "logged")]
    state: &'static str,
    /// True while no witness quorum stands behind the checkpoint: a restored backup could contradict it.
    unwitnessed: bool,
    /// The size of the tree under which the proofs stand.
    size: u64,
    /// Its root, base64.
    #[serde(serialize_with = "base64_hash")]
    #[schema(value_type = String)]
    root: Hash,
    /// The time of the head, in milliseconds since 1970.
    time_ms: u64,
    /// The signed checkpoint (c2sp.org/tlog-checkpoint).
    #[serde(serialize_with = "checkpoint_json")]
    #[schema(value_type = String)]
    checkpoint: Arc<Published>,
    /// One result for each entry, in order.
    pub results: Vec<EntryResult>,
}

/// What became of one entry: its place and proof, or a problem.
#[derive(ToSchema)]
pub enum EntryResult {
    /// It is in the log.
    Logged(LoggedEntry),
    /// It was refused.
    #[schema(value_type = super::docs::ProblemJson)]
    Refused(Problem),
}

/// The place of an entry and the proof that it stands there.
#[derive(Serialize, ToSchema)]
pub struct LoggedEntry {
    /// 200: new and repeated entries answer alike.
    status: u16,
    /// The position in the log, from 0.
    index: u64,
    /// The stored entry, base64 (its signature may be another valid one that came first).
    #[serde(serialize_with = "base64_entry")]
    #[schema(value_type = String)]
    entry: Entry,
    /// The leaf hash, base64.
    #[serde(serialize_with = "base64_hash")]
    #[schema(value_type = String)]
    leaf_hash: Hash,
    /// The inclusion proof under `size`, each hash in base64, the leaf's sibling first (RFC 6962 §2.1.1).
    #[serde(serialize_with = "base64_hashes")]
    #[schema(value_type = Vec<String>)]
    proof: Vec<Hash>,
}

impl Answer {
    /// Puts the answer together: the door's refusals and the sequencer's outcomes, in the order of the entries.
    pub async fn render(
        heart: &Heart,
        refused: Vec<Option<Problem>>,
        sequenced: Option<Sequenced>,
        metrics: &Metrics,
    ) -> Result<Self, Rejection> {
        let (outcomes, published, growth) = match sequenced {
            Some(Sequenced {
                outcomes,
                published,
                growth,
            }) => (outcomes, published, growth),
            None => {
                let newest = heart
                    .publisher
                    .newest()
                    .ok_or_else(|| NO_CHECKPOINT.problem())?;
                (Vec::new(), newest, None)
            }
        };
        let mut outcomes = outcomes.into_iter();
        let mut results = Vec::with_capacity(refused.len());
        for refusal in refused {
            let result = match refusal {
                Some(problem) => EntryResult::Refused(problem),
                None => {
                    let outcome = outcomes
                        .next()
                        .expect("the sequencer answers for each candidate");
                    settle(heart, outcome, &published, growth.as_deref(), metrics).await?
                }
            };
            results.push(result);
        }
        let head = published.head;
        Ok(Self {
            state: "logged",
            unwitnessed: true,
            size: head.size.get(),
            root: head.root,
            time_ms: head.time_ms,
            checkpoint: published,
            results,
        })
    }

    /// As JSON.
    pub fn into_json(self) -> Response {
        let bytes = serde_json::to_vec(&self).expect("an answer is always JSON");
        let mut response = Response::new(Body::from(bytes));
        response.headers_mut().insert(
            CONTENT_TYPE,
            axum::http::HeaderValue::from_static("application/json"),
        );
        response
    }

    /// One entry's answer as a tlog-proof.
    pub fn into_text(mut self) -> Result<Response, Rejection> {
        match self.results.pop() {
            Some(EntryResult::Logged(logged)) => super::receipts::text(
                &logged.entry,
                LeafIndex::new(logged.index),
                logged.proof,
                &self.checkpoint,
            ),
            _ => Err(Rejection::from(super::problems::NOT_STORED.problem())),
        }
    }
}

async fn settle(
    heart: &Heart,
    outcome: Outcome,
    published: &Published,
    growth: Option<&Growth>,
    metrics: &Metrics,
) -> Result<EntryResult, Rejection> {
    let counted = |outcome: &str| metrics.entries.with_label_values(&[outcome]).inc();
    Ok(match outcome {
        Outcome::Logged { index, entry } => {
            counted("logged");
            let fresh = growth.and_then(|growth| growth.inclusion_proof(index).ok());
            let proof = match fresh {
                Some(proof) => proof,
                None => {
                    heart
                        .history
                        .inclusion_proof(index, published.head.size)
                        .await?
                }
            };
            let leaf_hash = entry.leaf_hash();
            EntryResult::Logged(LoggedEntry {
                status: 200,
                index: index.get(),
                entry,
                leaf_hash,
                proof,
            })
        }
        Outcome::SlotTaken { index } => {
            counted("slot_taken");
            EntryResult::Refused(SLOT_TAKEN.problem().with("index", index.get()))
        }
        Outcome::Refused(refusal) => {
            counted("refused_key");
            EntryResult::Refused(refused_author(refusal))
        }
        Outcome::RefusedNotice(refusal) => {
            counted("refused_key");
            let registry = heart.registry.load();
            let problem = refused_notice(&refusal)
                .with("next_seq", registry.next_seq())
                .with("last", registry.last().to_string());
            EntryResult::Refused(problem)
        }
    })
}

impl Serialize for EntryResult {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Logged(logged) => logged.serialize(serializer),
            Self::Refused(problem) => problem.to_json().serialize(serializer),
        }
    }
}

/// Base64 that is written where it goes: an answer holds thousands of hashes.
struct Base64<'a>(&'a [u8]);

impl Serialize for Base64<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        /// The characters of an entry.
        const LONGEST: usize = ENTRY_LEN.div_ceil(3) * 4;
        let mut text = [0; LONGEST];
        let len = STANDARD
            .encode_slice(self.0, &mut text)
            .expect("nothing longer than an entry is in an answer");
        serializer.serialize_str(str::from_utf8(&text[..len]).expect("base64 is ASCII"))
    }
}

fn base64_entry<S: Serializer>(entry: &Entry, serializer: S) -> Result<S::Ok, S::Error> {
    Base64(&entry.to_bytes()).serialize(serializer)
}

fn base64_hash<S: Serializer>(hash: &Hash, serializer: S) -> Result<S::Ok, S::Error> {
    Base64(hash.as_bytes()).serialize(serializer)
}

fn base64_hashes<S: Serializer>(hashes: &[Hash], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(hashes.iter().map(|hash| Base64(hash.as_bytes())))
}

fn checkpoint_json<S: Serializer>(
    published: &Arc<Published>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    published.json.serialize(serializer)
}
