//! The answer to a submission: for each entry its index and proof, and once the checkpoint.

use super::problems::{Rejection, SLOT_TAKEN, refused_author, refused_notice};
use crate::log::Log;
use crate::log::pool::Outcome;
use crate::log::publisher::Published;
use crate::storage::coord::Head;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
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
    /// How far the entries are: `logged` (durable and in the tree) or `witnessed` (a quorum cosigned the checkpoint).
    #[schema(example = "witnessed")]
    state: &'static str,
    /// True while no witness quorum stands behind the entries: a restored backup could contradict it.
    unwitnessed: bool,
    /// The size of the tree under which the proofs stand.
    size: u64,
    /// Its root, base64.
    #[serde(serialize_with = "base64_hash")]
    #[schema(value_type = String)]
    root: Hash,
    /// The time of the head, in milliseconds since 1970.
    time_ms: u64,
    /// The signed checkpoint (c2sp.org/tlog-checkpoint); absent in a 202, where no signature leaves the log yet.
    #[serde(
        serialize_with = "checkpoint_json",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = Option<String>)]
    checkpoint: Option<Arc<Published>>,
    /// In a 202: what has to happen before there is a receipt.
    #[serde(skip_serializing_if = "Option::is_none")]
    awaits: Option<String>,
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
    /// 200, or 202 while witnesses are awaited: new and repeated entries answer alike.
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
    /// In a 202: where the receipt will be.
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt: Option<String>,
}

/// The head under which an answer's proofs stand.
pub struct Under {
    head: Head,
    /// The signed checkpoint, if one may be shown.
    published: Option<Arc<Published>>,
    /// What the batch or the round added, from which proofs are made.
    growth: Option<Arc<Growth>>,
    awaits: Option<String>,
}

impl Under {
    /// Under a head that may be shown.
    pub fn published(published: Arc<Published>, growth: Option<Arc<Growth>>) -> Self {
        Self {
            head: published.head,
            growth: growth.or_else(|| published.growth.clone()),
            published: Some(published),
            awaits: None,
        }
    }

    /// Under a head that no quorum has cosigned yet: size, root and path, and no signature.
    pub const fn logged(head: Head, growth: Option<Arc<Growth>>, awaits: String) -> Self {
        Self {
            head,
            published: None,
            growth,
            awaits: Some(awaits),
        }
    }
}

impl Answer {
    /// Puts the answer together: the door's refusals and the sequencer's outcomes, in the order of the entries.
    pub async fn render(
        log: &Log,
        refused: Vec<Option<Problem>>,
        outcomes: Vec<Outcome>,
        under: Under,
    ) -> Result<Self, Rejection> {
        let mut outcomes = outcomes.into_iter();
        let mut results = Vec::with_capacity(refused.len());
        for refusal in refused {
            let result = match refusal {
                Some(problem) => EntryResult::Refused(problem),
                None => {
                    let outcome = outcomes
                        .next()
                        .expect("the sequencer answers for each candidate");
                    settle(log, outcome, &under).await?
                }
            };
            results.push(result);
        }
        let is_witnessed = log.witnessing().is_some() && under.published.is_some();
        Ok(Self {
            state: if is_witnessed { "witnessed" } else { "logged" },
            unwitnessed: !is_witnessed,
            size: under.head.size.get(),
            root: under.head.root,
            time_ms: under.head.time_ms,
            checkpoint: under.published,
            awaits: under.awaits.filter(|_| is_awaiting(&results)),
            results,
        })
    }

    /// As JSON: 200, or 202 while an entry awaits witnesses.
    pub fn into_json(self) -> Response {
        let is_awaiting = is_awaiting(&self.results);
        let bytes = serde_json::to_vec(&self).expect("an answer is always JSON");
        let mut response = Response::new(Body::from(bytes));
        if is_awaiting {
            *response.status_mut() = StatusCode::ACCEPTED;
            response
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    }

    /// One entry's answer as a tlog-proof; while witnesses are awaited there is none, and the answer is JSON.
    pub fn into_text(mut self) -> Result<Response, Rejection> {
        let Some(checkpoint) = self.checkpoint.clone() else {
            return Ok(self.into_json());
        };
        match self.results.pop() {
            Some(EntryResult::Logged(logged)) => super::receipts::text(
                &logged.entry,
                LeafIndex::new(logged.index),
                logged.proof,
                &checkpoint,
            ),
            _ => Err(Rejection::from(super::problems::NOT_STORED.problem())),
        }
    }
}

/// Whether one of the entries awaits witnesses.
fn is_awaiting(results: &[EntryResult]) -> bool {
    results
        .iter()
        .any(|result| matches!(result, EntryResult::Logged(logged) if logged.status == 202))
}

async fn settle(log: &Log, outcome: Outcome, under: &Under) -> Result<EntryResult, Rejection> {
    let heart = log.heart();
    let entries = &log.metrics().entries;
    let counted = |outcome: &str| entries.with_label_values(&[outcome]).inc();
    Ok(match outcome {
        Outcome::Logged { index, entry } => {
            counted("logged");
            let growth = under.growth.as_ref();
            let growth = growth.filter(|growth| growth.after() == under.head.size);
            let fresh = growth.and_then(|growth| growth.inclusion_proof(index).ok());
            let proof = match fresh {
                Some(proof) => proof,
                None => {
                    let size = under.head.size;
                    let leaf = entry.leaf_hash();
                    heart.history.inclusion_proof(index, leaf, size).await?
                }
            };
            let is_logged = under.published.is_none();
            EntryResult::Logged(LoggedEntry {
                status: if is_logged { 202 } else { 200 },
                index: index.get(),
                leaf_hash: entry.leaf_hash(),
                proof,
                receipt: is_logged.then(|| super::receipts::address(&heart, index, &entry)),
                entry,
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

#[expect(clippy::ref_option, reason = "serde hands over the field as it is")]
fn checkpoint_json<S: Serializer>(
    published: &Option<Arc<Published>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    published
        .as_ref()
        .map(|published| &published.json)
        .serialize(serializer)
}
