//! `GET /v1/receipts`: the self-contained proof of one entry, under the earliest kept head that covers it.

use super::problems::{LOOKUP_OFF, MALFORMED_QUERY, NOT_STORED, Rejection, STORED_DATA_LOST};
use super::query;
use crate::log::Log;
use crate::log::publisher::Published;
use crate::log::start::Heart;
use crate::storage::coord::KeptBy;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::header::{ACCEPT, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use evidence::{Entry, Slot};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tlog::{Hash, LeafIndex, Note, Receipt};
use utoipa::{IntoParams, ToSchema};

/// Which head.
#[derive(Deserialize, IntoParams)]
pub struct Newest {
    /// `1`: under the newest head, not the earliest kept one.
    pub newest: Option<String>,
}

/// Which entry.
#[derive(Deserialize, IntoParams)]
pub struct Lookup {
    /// The leaf hash, hex or base64.
    pub hash: Option<String>,
    /// The slot, hex: SHA-256("notarylog/slot/v1\0" || `bureau_id` || tag).
    pub slot: Option<String>,
    /// `1`: under the newest head, not the earliest kept one.
    pub newest: Option<String>,
}

/// A receipt as JSON.
#[derive(Serialize, ToSchema)]
pub struct ReceiptJson {
    index: u64,
    /// The stored entry, base64.
    entry: String,
    /// Base64.
    leaf_hash: String,
    /// Base64, the leaf's sibling first.
    proof: Vec<String>,
    size: u64,
    /// Base64.
    root: String,
    /// Milliseconds since 1970.
    time_ms: u64,
    /// The signed checkpoint.
    checkpoint: String,
    #[schema(example = "witnessed")]
    state: &'static str,
    unwitnessed: bool,
}

/// What is awaited before there is a receipt.
#[derive(Serialize, ToSchema)]
pub struct Awaited {
    #[schema(example = "logged")]
    state: &'static str,
    index: u64,
    /// What has to happen.
    awaits: String,
    /// Where the receipt will be.
    receipt: String,
}

/// The receipt of the entry at this index.
#[utoipa::path(
    get, path = "/v1/receipts/{index}", tag = "proofs", params(("index" = u64, Path, description = "The position in the log, from 0"), Newest),
    responses(
        (status = 200, description = "A c2sp tlog-proof whose `extra` is the entry; with `Accept: application/json` the same as JSON.",
            content((String = "text/plain"), (ReceiptJson = "application/json"))),
        (status = 202, description = "Logged; no head that is kept for ever covers it yet.", body = Awaited),
        (status = 400, body = super::docs::ProblemJson, content_type = "application/problem+json", description = "A malformed index."),
        (status = 404, body = super::docs::ProblemJson, content_type = "application/problem+json", description = "The log does not reach so far."),
        (status = 500, body = super::docs::ProblemJson, content_type = "application/problem+json", description = "Stored data is lost."),
    )
)]
pub async fn by_index(
    State(log): State<Arc<Log>>,
    Path(index): Path<String>,
    Query(which): Query<Newest>,
    headers: HeaderMap,
) -> Result<Response, Rejection> {
    let index = query::index("index", &index)?;
    let entry = log.heart().history.entry(index).await?;
    answer(
        &log,
        index,
        &entry,
        which.newest.as_deref() == Some("1"),
        &headers,
    )
    .await
}

/// The receipt of the entry with this leaf hash, or in this slot.
#[utoipa::path(
    get, path = "/v1/receipts", tag = "proofs", params(Lookup),
    responses(
        (status = 200, description = "As by index.", content((String = "text/plain"), (ReceiptJson = "application/json"))),
        (status = 202, description = "Logged; no head that is kept for ever covers it yet.", body = Awaited),
        (status = 400, body = super::docs::ProblemJson, content_type = "application/problem+json", description = "Neither a hash nor a slot, or a malformed one."),
        (status = 404, body = super::docs::ProblemJson, content_type = "application/problem+json", description = "Nothing is stored under it."),
        (status = 500, body = super::docs::ProblemJson, content_type = "application/problem+json", description = "Stored data is lost."),
    )
)]
pub async fn by_lookup(
    State(log): State<Arc<Log>>,
    Query(lookup): Query<Lookup>,
    headers: HeaderMap,
) -> Result<Response, Rejection> {
    let (index, entry) = match (&lookup.hash, &lookup.slot) {
        (Some(hash), None) => find_leaf(&log, &query::leaf_hash("hash", hash)?).await?,
        (None, Some(slot)) => find_slot(&log, &Slot::new(query::hex32("slot", slot)?)).await?,
        _ => {
            let detail = "Give one of hash and slot.";
            return Err(Rejection::from(MALFORMED_QUERY.problem().detail(detail)));
        }
    };
    answer(
        &log,
        index,
        &entry,
        lookup.newest.as_deref() == Some("1"),
        &headers,
    )
    .await
}

/// The entry with this leaf hash.
pub async fn find_leaf(log: &Log, leaf: &Hash) -> Result<(LeafIndex, Entry), Rejection> {
    let heart = log.heart();
    // In this order: a leaf leaves the memory only after the database has it.
    let recent = heart.history.find_recent(leaf);
    let looked_up = match recent {
        Some(index) => vec![index],
        None => {
            let found = log.coord().leaf_candidates(&[*leaf]).await?;
            found.into_iter().flatten().collect()
        }
    };
    for index in looked_up {
        let entry = heart.history.entry(index).await?;
        if entry.leaf_hash() == *leaf {
            return Ok((index, entry));
        }
    }
    if log.settings().leaf_lookup {
        Err(Rejection::from(NOT_STORED.problem()))
    } else {
        Err(Rejection::from(LOOKUP_OFF.problem()))
    }
}

/// The entry that holds this slot.
async fn find_slot(log: &Log, slot: &Slot) -> Result<(LeafIndex, Entry), Rejection> {
    let heart = log.heart();
    let registry = heart.registry.load();
    for index in log
        .coord()
        .slot_candidates(&[*slot])
        .await?
        .into_iter()
        .flatten()
    {
        let entry = heart.history.entry(index).await?;
        let author = registry
            .author_at(&entry, index)
            .map_err(|_| Rejection::from(STORED_DATA_LOST.problem()))?;
        if Slot::of(&author.bureau(), entry.tag()) == *slot {
            return Ok((index, entry));
        }
    }
    Err(Rejection::from(NOT_STORED.problem()))
}

/// The tlog-proof of an entry under a head, with the entry in its `extra` line.
pub fn text(
    entry: &Entry,
    index: LeafIndex,
    proof: Vec<Hash>,
    published: &Published,
) -> Result<Response, Rejection> {
    let receipt = Receipt::new(
        Some(entry.to_bytes().to_vec()),
        index,
        proof,
        published.note.clone(),
    )
    .map_err(|_| STORED_DATA_LOST.problem())?;
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    Ok(([(CONTENT_TYPE, plain)], receipt.to_string()).into_response())
}

async fn answer(
    log: &Log,
    index: LeafIndex,
    entry: &Entry,
    newest: bool,
    headers: &HeaderMap,
) -> Result<Response, Rejection> {
    let heart = log.heart();
    let published = if newest {
        heart
            .publisher
            .newest()
            .filter(|newest| index.lies_in(newest.head.size))
    } else {
        earliest_kept(log, index).await?
    };
    let Some(published) = published else {
        return Ok(awaited(log, index, entry));
    };
    let proof = heart
        .history
        .inclusion_proof(index, entry.leaf_hash(), published.head.size)
        .await?;
    let wants_json = headers
        .get(ACCEPT)
        .is_some_and(|accept| accept.to_str().is_ok_and(|accept| accept.contains("json")));
    if !wants_json {
        return text(entry, index, proof, &published);
    }
    let head = published.head;
    Ok(Json(ReceiptJson {
        index: index.get(),
        entry: STANDARD.encode(entry.to_bytes()),
        leaf_hash: entry.leaf_hash().to_base64(),
        proof: proof.iter().map(Hash::to_base64).collect(),
        size: head.size.get(),
        root: head.root.to_base64(),
        time_ms: head.time_ms,
        checkpoint: published.text.clone(),
        state: if log.witnessing().is_some() {
            "witnessed"
        } else {
            "logged"
        },
        unwitnessed: log.witnessing().is_none(),
    })
    .into_response())
}

/// The earliest kept head over the entry, under the log's signature and the witnesses'. On a log without witnesses a
/// head whose note was not stored, since the process ended in between, is signed again from its row.
async fn earliest_kept(log: &Log, index: LeafIndex) -> Result<Option<Arc<Published>>, Rejection> {
    let by = match log.witnessing() {
        Some(_) => KeptBy::Witnesses,
        None => KeptBy::Log,
    };
    let Some(kept) = log.coord().earliest_kept(index, by).await? else {
        return Ok(None);
    };
    if let Some(text) = &kept.note {
        let note = Note::parse(text.as_bytes()).map_err(|_| STORED_DATA_LOST.problem())?;
        return Ok(Some(Arc::new(Published::new(kept.head, note))));
    }
    let heart = log.heart();
    if log.status().has_ended() {
        // It signs nothing any more: its last head covers everything.
        return Ok(heart.publisher.newest());
    }
    if by == KeptBy::Witnesses || !log.status().is_serving() {
        return Ok(None);
    }
    let subtrees = heart.history.subtrees(kept.head.size).await?;
    let signed = heart
        .publisher
        .sign_kept(kept.head, &subtrees)
        .map_err(|error| {
            tracing::error!(%error, "A kept head could not be signed.");
            STORED_DATA_LOST.problem()
        })?;
    log.coord().store_note(&kept.head, &signed.text).await?;
    Ok(Some(Arc::new(signed)))
}

fn awaited(log: &Log, index: LeafIndex, entry: &Entry) -> Response {
    let heart = log.heart();
    let newest = heart.publisher.newest();
    let is_covered = newest.is_some_and(|newest| index.lies_in(newest.head.size));
    let (awaits, seconds) = match log.witnessing() {
        Some(witnessing) if !is_covered => (witnessing.board.awaited(), "1"),
        _ => (NEXT_KEPT_HEAD.to_owned(), "60"),
    };
    let body = Awaited {
        state: "logged",
        index: index.get(),
        awaits,
        receipt: address(&heart, index, entry),
    };
    (
        StatusCode::ACCEPTED,
        [(RETRY_AFTER, HeaderValue::from_static(seconds))],
        Json(body),
    )
        .into_response()
}

const NEXT_KEPT_HEAD: &str = "the first head of the next minute, which is kept for ever; ?newest=1 takes the newest head now";

/// Where the receipt of an entry is: by its slot, since an index is no promise before it is witnessed.
pub fn address(heart: &Heart, index: LeafIndex, entry: &Entry) -> String {
    let registry = heart.registry.load();
    match registry.author_at(entry, index) {
        Ok(author) => {
            let slot = Slot::of(&author.bureau(), entry.tag());
            format!("/v1/receipts?slot={slot}")
        }
        Err(_) => format!("/v1/receipts/{index}"),
    }
}
