//! `GET /v1/seen/<peer key hash>/<origin hash>`: the newest head that a peer showed us, under its own line.

use super::add_checkpoint::TEXT;
use super::problems;
use crate::witness::Witness;
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

/// The note: the checkpoint, the log's verified lines and the peer's.
pub async fn seen(
    State(witness): State<Arc<Witness>>,
    Path((key_hash, origin_hash)): Path<(String, String)>,
) -> Response {
    let logs = witness.logs();
    let Some(log) = logs.by_hash(&origin_hash) else {
        return problems::UNKNOWN_LOG.problem().into_response();
    };
    match witness.ledger.seen_note(&key_hash, log.enrolled.id).await {
        Ok(Some(note)) => {
            let headers = [(CONTENT_TYPE, TEXT), (CACHE_CONTROL, "no-cache")];
            (headers, note).into_response()
        }
        Ok(None) => problems::NEVER_SEEN.problem().into_response(),
        Err(error) => {
            tracing::error!(%error, "What a peer showed cannot be read.");
            problems::STORE.problem().retry_after(1).into_response()
        }
    }
}
