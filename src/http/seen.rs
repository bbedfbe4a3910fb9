//! `GET /v1/seen/…`: what this log keeps of a witness, for that witness when it starts again.

use super::problems::{NOT_STORED, Rejection};
use super::query;
use crate::log::Log;
use axum::extract::{Path, State};
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use std::sync::Arc;
use tlog::Hash;

/// The head that a witness cosigned last, under its own lines alone, as the log remembers it, also over its own restarts.
#[utoipa::path(get, path = "/v1/seen/{key_hash}/{origin_hash}", tag = "log",
    params(
        ("key_hash" = String, Path, description = "SHA-256 of the witness's Ed25519 vkey (0x04) as text, hex"),
        ("origin_hash" = String, Path, description = "SHA-256 of this log's origin, hex")),
    responses(
    (status = 200, content_type = "text/plain", body = String, description = "A note: the checkpoint and the witness's lines. It bears no line of the log."),
    (status = 400, body = super::docs::ProblemJson, content_type = "application/problem+json", description = "No SHA-256."),
    (status = 404, body = super::docs::ProblemJson, content_type = "application/problem+json", description = "No such witness or log, or nothing is remembered."),
))]
pub async fn seen(
    State(log): State<Arc<Log>>,
    Path((key_hash, origin_hash)): Path<(String, String)>,
) -> Result<Response, Rejection> {
    let key_hash = Hash::new(query::hex32("key_hash", &key_hash)?);
    let is_ours = query::hex32("origin_hash", &origin_hash)? == *log.origin_hash().as_bytes();
    // A store that went back remembers less than the witness signed: what comes from it is not shown until the log knows
    // that it did not.
    let may_be_old = log.status().is_final() || log.heart().publisher.is_withholding();
    let seen = log.witnessing().filter(|_| is_ours).and_then(|witnessing| {
        let operator = witnessing.quorum.operator_by_key(&key_hash)?;
        let standing = witnessing.board.standings().swap_remove(operator);
        standing
            .seen
            .filter(|_| !(standing.is_recalled && may_be_old))
    });
    let seen = seen.ok_or_else(|| NOT_STORED.problem())?;
    let headers = [
        (
            CONTENT_TYPE,
            HeaderValue::from_static("text/plain; charset=utf-8"),
        ),
        (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    Ok((headers, seen.to_string()).into_response())
}
