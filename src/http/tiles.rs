//! c2sp tlog-tiles: `/checkpoint`, tiles and entry bundles. <https://c2sp.org/tlog-tiles>
//!
//! A path is parsed to numbers and rebuilt from them; no text of a stranger reaches the store.

use super::problems::{self, NOT_FOUND, Rejection};
use crate::log::Log;
use crate::log::history::HistoryError;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderValue, Uri};
use axum::response::{IntoResponse as _, Response};
use std::sync::Arc;
use tlog::{Bundle, Tile};

/// Tiles never change.
const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// The checkpoint changes with every batch.
const FRESH: HeaderValue = HeaderValue::from_static("no-cache");
const OCTETS: HeaderValue = HeaderValue::from_static("application/octet-stream");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// The newest checkpoint that may be shown: on a log with witnesses, the newest that a quorum has cosigned.
#[utoipa::path(get, path = "/checkpoint", tag = "tiles", responses(
    (status = 200, content_type = "text/plain", body = String, description = "A signed note (c2sp.org/tlog-checkpoint)."),
    (status = 404, body = super::docs::ProblemJson, content_type = "application/problem+json", description = "There is none yet."),
    (status = 503, body = super::docs::ProblemJson, content_type = "application/problem+json", description = "Withheld until a newer one is witnessed."),
))]
pub async fn checkpoint(State(log): State<Arc<Log>>) -> Result<Response, Rejection> {
    let newest = problems::newest(&log.heart().publisher)?;
    Ok((
        [(CONTENT_TYPE, TEXT), (CACHE_CONTROL, FRESH)],
        newest.text.clone(),
    )
        .into_response())
}

/// A tile of hashes, or a bundle of entries.
#[utoipa::path(get, path = "/tile/{*path}", tag = "tiles",
    params(("path" = String, Path, description = "`L/N` or `L/N.p/W`, `entries/N` or `entries/N.p/W`, N in groups of three digits: x001/x234/067")),
    responses(
    (status = 200, content_type = "application/octet-stream", body = Vec<u8>, description = "256 (or W) hashes of 32 bytes; or as many entries, each behind its two-byte length."),
    (status = 404, body = super::docs::ProblemJson, content_type = "application/problem+json", description = "No such tile (yet)."),
    (status = 500, body = super::docs::ProblemJson, content_type = "application/problem+json", description = "Stored data is lost."),
))]
pub async fn tile(State(log): State<Arc<Log>>, uri: Uri) -> Result<Response, Rejection> {
    // As it was sent: with escapes undone, one tile would have many addresses, and a cache many copies.
    let path = uri.path().strip_prefix('/').unwrap_or_default();
    let history = Arc::clone(&log.heart().history);
    let bytes = if let Ok(bundle) = Bundle::parse_path(path) {
        history.bundle(&bundle).await
    } else {
        let tile = Tile::parse_path(path).map_err(|_| NOT_FOUND.problem())?;
        history.tile(&tile).await
    };
    match bytes {
        Ok(bytes) => Ok(octets(bytes)),
        Err(HistoryError::NotThere) => Err(Rejection::from(NOT_FOUND.problem())),
        Err(error) => Err(error.into()),
    }
}

fn octets(bytes: Bytes) -> Response {
    ([(CONTENT_TYPE, OCTETS), (CACHE_CONTROL, IMMUTABLE)], bytes).into_response()
}
