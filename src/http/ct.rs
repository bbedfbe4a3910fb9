//! The read API of RFC 6962 §4, under the newest head that may be shown.
//!
//! `leaf_input` is the entry of this log: tools that hash it work, parsers of certificates do not.

use super::problems::{self, NO_CHECKPOINT, OUT_OF_RANGE, Rejection};
use super::proofs::{base64, out_of_range, ranged};
use super::{query, receipts};
use crate::log::Log;
use crate::log::publisher::Published;
use axum::Json;
use axum::extract::{Query, State};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use evidence::ENTRY_LEN;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tlog::TreeSize;
use utoipa::{IntoParams, ToSchema};

/// Entries in one answer; a longer range is answered in part, as RFC 6962 §4.6 allows.
const ENTRIES_MAX: u64 = 1_000;
/// Where the digitally-signed struct begins in the body of a 0x05 note signature: behind its time.
const TIME_LEN: usize = 8;
/// The name of a signature's key and its algorithm, as `tlog` has it.
const TREE_HEAD: tlog::KeyKind = tlog::KeyKind::TreeHead;

/// RFC 6962 §4.3.
#[derive(Serialize, ToSchema)]
pub struct SignedTreeHead {
    tree_size: u64,
    timestamp: u64,
    sha256_root_hash: String,
    tree_head_signature: String,
}

/// RFC 6962 §4.4.
#[derive(Deserialize, IntoParams)]
pub struct TwoSizes {
    /// The older tree's size.
    pub first: Option<String>,
    /// The newer tree's size.
    pub second: Option<String>,
}

/// A consistency proof.
#[derive(Serialize, ToSchema)]
pub struct CtConsistency {
    consistency: Vec<String>,
}

/// RFC 6962 §4.5.
#[derive(Deserialize, IntoParams)]
pub struct ByHash {
    /// The leaf hash, base64.
    pub hash: Option<String>,
    /// The tree's size.
    pub tree_size: Option<String>,
}

/// An inclusion proof.
#[derive(Serialize, ToSchema)]
pub struct CtProof {
    leaf_index: u64,
    audit_path: Vec<String>,
}

/// RFC 6962 §4.6.
#[derive(Deserialize, IntoParams)]
pub struct Range {
    /// The first index.
    pub start: Option<String>,
    /// The last index, included.
    pub end: Option<String>,
}

/// Entries.
#[derive(Serialize, ToSchema)]
pub struct CtEntries {
    entries: Vec<CtEntry>,
}

/// One entry.
#[derive(Serialize, ToSchema)]
pub struct CtEntry {
    /// The 162 bytes, base64.
    leaf_input: String,
    /// Always empty.
    extra_data: String,
}

/// RFC 6962 §4.8.
#[derive(Deserialize, IntoParams)]
pub struct ByIndex {
    /// The position.
    pub leaf_index: Option<String>,
    /// The tree's size.
    pub tree_size: Option<String>,
}

/// An entry and its proof.
#[derive(Serialize, ToSchema)]
pub struct CtEntryAndProof {
    leaf_input: String,
    extra_data: String,
    audit_path: Vec<String>,
}

/// The signed tree head (RFC 6962 §4.3): the same ECDSA signature as in the checkpoint.
#[utoipa::path(get, path = "/ct/v1/get-sth", tag = "RFC 6962", responses(
    (status = 200, body = SignedTreeHead, description = "The newest one."),
    (status = 404, body = super::docs::ProblemJson, content_type = "application/problem+json", description = "There is none yet."),
))]
pub async fn get_sth(State(log): State<Arc<Log>>) -> Result<Json<SignedTreeHead>, Rejection> {
    let published = newest(&log)?;
    let heart = log.heart();
    let key = heart
        .publisher
        .signer()
        .vkeys()
        .iter()
        .find(|key| key.kind() == TREE_HEAD)
        .map(tlog::Vkey::id);
    let line = published
        .note
        .lines()
        .iter()
        .find(|line| Some(line.id()) == key);
    let signature = line
        .and_then(|line| line.body().get(TIME_LEN..))
        .ok_or_else(|| NO_CHECKPOINT.problem())?;
    let head = published.head;
    Ok(Json(SignedTreeHead {
        tree_size: head.size.get(),
        timestamp: head.time_ms,
        sha256_root_hash: head.root.to_base64(),
        tree_head_signature: STANDARD.encode(signature),
    }))
}

/// A consistency proof between two sizes (RFC 6962 §4.4).
#[utoipa::path(get, path = "/ct/v1/get-sth-consistency", tag = "RFC 6962", params(TwoSizes), responses(
    (status = 200, body = CtConsistency, description = "The proof."),
    (status = 400, body = super::docs::ProblemJson, content_type = "application/problem+json", description = "Malformed or out of range."),
    (status = 404, body = super::docs::ProblemJson, content_type = "application/problem+json", description = "There is no head yet."),
    (status = 500, body = super::docs::ProblemJson, content_type = "application/problem+json", description = "Stored data is lost."),
))]
pub async fn get_sth_consistency(
    State(log): State<Arc<Log>>,
    Query(sizes): Query<TwoSizes>,
) -> Result<Json<CtConsistency>, Rejection> {
    let first = query::size("first", query::required("first", sizes.first.as_ref())?)?;
    let second = shown_size(&log, "second", sizes.second.as_ref())?;
    let history = Arc::clone(&log.heart().history);
    let proof = history
        .consistency_proof(first, second)
        .await
        .map_err(|error| ranged(error, second))?;
    Ok(Json(CtConsistency {
        consistency: base64(&proof),
    }))
}

/// An inclusion proof by leaf hash (RFC 6962 §4.5).
#[utoipa::path(get, path = "/ct/v1/get-proof-by-hash", tag = "RFC 6962", params(ByHash), responses(
    (status = 200, body = CtProof, description = "The proof."),
    (status = 400, body = super::docs::ProblemJson, content_type = "application/problem+json", description = "Malformed or out of range."),
    (status = 404, body = super::docs::ProblemJson, content_type = "application/problem+json", description = "No such leaf."),
    (status = 500, body = super::docs::ProblemJson, content_type = "application/problem+json", description = "Stored data is lost."),
))]
pub async fn get_proof_by_hash(
    State(log): State<Arc<Log>>,
    Query(asked): Query<ByHash>,
) -> Result<Json<CtProof>, Rejection> {
    let leaf = query::leaf_hash("hash", query::required("hash", asked.hash.as_ref())?)?;
    let size = shown_size(&log, "tree_size", asked.tree_size.as_ref())?;
    let (index, _) = receipts::find_leaf(&log, &leaf).await?;
    let history = Arc::clone(&log.heart().history);
    let proof = history
        .inclusion_proof(index, leaf, size)
        .await
        .map_err(|error| ranged(error, size))?;
    Ok(Json(CtProof {
        leaf_index: index.get(),
        audit_path: base64(&proof),
    }))
}

/// Entries by index (RFC 6962 §4.6); a range over 1,000 is answered in part.
#[utoipa::path(get, path = "/ct/v1/get-entries", tag = "RFC 6962", params(Range), responses(
    (status = 200, body = CtEntries, description = "From `start` on, at most to `end`."),
    (status = 400, body = super::docs::ProblemJson, content_type = "application/problem+json", description = "Malformed or out of range."),
    (status = 404, body = super::docs::ProblemJson, content_type = "application/problem+json", description = "There is no head yet."),
    (status = 500, body = super::docs::ProblemJson, content_type = "application/problem+json", description = "Stored data is lost."),
))]
pub async fn get_entries(
    State(log): State<Arc<Log>>,
    Query(range): Query<Range>,
) -> Result<Json<CtEntries>, Rejection> {
    let start = query::index("start", query::required("start", range.start.as_ref())?)?;
    let end = query::index("end", query::required("end", range.end.as_ref())?)?;
    let size = newest(&log)?.head.size;
    if end < start || !start.lies_in(size) {
        return Err(out_of_range(size));
    }
    let last = end
        .get()
        .min(size.get() - 1)
        .min(start.get() + ENTRIES_MAX - 1);
    let to = TreeSize::new(last + 1).map_err(|_| OUT_OF_RANGE.problem())?;
    let packed = log.heart().history.entries(start, to).await?;
    let entries = packed.chunks_exact(ENTRY_LEN).map(|entry| CtEntry {
        leaf_input: STANDARD.encode(entry),
        extra_data: String::new(),
    });
    Ok(Json(CtEntries {
        entries: entries.collect(),
    }))
}

/// An entry and its inclusion proof (RFC 6962 §4.8).
#[utoipa::path(get, path = "/ct/v1/get-entry-and-proof", tag = "RFC 6962", params(ByIndex), responses(
    (status = 200, body = CtEntryAndProof, description = "Both."),
    (status = 400, body = super::docs::ProblemJson, content_type = "application/problem+json", description = "Malformed or out of range."),
    (status = 404, body = super::docs::ProblemJson, content_type = "application/problem+json", description = "There is no head yet."),
    (status = 500, body = super::docs::ProblemJson, content_type = "application/problem+json", description = "Stored data is lost."),
))]
pub async fn get_entry_and_proof(
    State(log): State<Arc<Log>>,
    Query(asked): Query<ByIndex>,
) -> Result<Json<CtEntryAndProof>, Rejection> {
    let index = query::index(
        "leaf_index",
        query::required("leaf_index", asked.leaf_index.as_ref())?,
    )?;
    let size = shown_size(&log, "tree_size", asked.tree_size.as_ref())?;
    if !index.lies_in(size) {
        return Err(out_of_range(size));
    }
    let history = Arc::clone(&log.heart().history);
    let entry = history.entry(index).await?;
    let proof = history
        .inclusion_proof(index, entry.leaf_hash(), size)
        .await?;
    Ok(Json(CtEntryAndProof {
        leaf_input: STANDARD.encode(entry.to_bytes()),
        extra_data: String::new(),
        audit_path: base64(&proof),
    }))
}

fn newest(log: &Log) -> Result<Arc<Published>, Rejection> {
    problems::newest(&log.heart().publisher)
}

/// A size up to the newest head that may be shown.
fn shown_size(log: &Log, name: &str, text: Option<&String>) -> Result<TreeSize, Rejection> {
    let size = query::size(name, query::required(name, text)?)?;
    let newest = newest(log)?.head.size;
    if size > newest {
        Err(out_of_range(newest))
    } else {
        Ok(size)
    }
}
