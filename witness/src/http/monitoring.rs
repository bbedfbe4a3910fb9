//! `GET /<origin hash>/checkpoint`: the newest head that we cosigned, for monitors.
//! <https://c2sp.org/tlog-witness#monitor-retrieval-mechanism>

use super::add_checkpoint::TEXT;
use super::problems;
use crate::witness::Witness;
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

/// The note, rebuilt from its text, the log lines that we verified, and our own.
pub async fn checkpoint(
    State(witness): State<Arc<Witness>>,
    Path(origin_hash): Path<String>,
) -> Response {
    let logs = witness.logs();
    let Some(log) = logs.by_hash(&origin_hash) else {
        return problems::UNKNOWN_LOG.problem().into_response();
    };
    match log.standing.shown() {
        Some(note) => {
            let headers = [(CONTENT_TYPE, TEXT), (CACHE_CONTROL, "no-cache")];
            (headers, note.to_string()).into_response()
        }
        None => problems::NEVER_COSIGNED.problem().into_response(),
    }
}
