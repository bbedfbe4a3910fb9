//! `/v1/notices` and `/v1/keys`: how the log governs itself, in the open.

use super::problems::{MALFORMED_NOTICE, NOT_STORED, Rejection, STORED_DATA_LOST, refused_notice};
use super::submit::{Wait, respond};
use super::{docs, query};
use crate::log::Log;
use crate::log::genesis::notice_candidate;
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use evidence::{Commitment, Notice, NoticeBody};
use serde::Serialize;
use service::AwsLc;
use std::sync::Arc;
use utoipa::ToSchema;

/// All notices, and what the next one must say.
#[derive(Serialize, ToSchema)]
pub struct Notices {
    /// The `seq` of the next notice.
    next_seq: u64,
    /// The `prev` of the next notice, hex.
    last: String,
    notices: Vec<NoticeLine>,
}

/// One notice.
#[derive(Serialize, ToSchema)]
pub struct NoticeLine {
    seq: u64,
    /// The position of its entry.
    index: u64,
    /// SHA-256 of the document, hex: where it can be read.
    sha256: String,
    #[serde(rename = "type")]
    notice_type: &'static str,
}

/// The registry of keys, derived from the notices.
#[derive(Serialize, ToSchema)]
pub struct Keys {
    origin: String,
    /// The log's own entry key, hex.
    entry_key: String,
    /// The three admin keys, hex.
    admins: Vec<String>,
    /// In the order of their enrolment.
    keys: Vec<Key>,
}

/// One enrolled key.
#[derive(Serialize, ToSchema)]
pub struct Key {
    /// SHA-256 of the `SubjectPublicKeyInfo`, hex.
    key_id: String,
    /// The `SubjectPublicKeyInfo`, base64 DER.
    spki: String,
    bureau_id: String,
    /// The bureau's public name.
    bureau: String,
    roles: Vec<&'static str>,
    /// The position of its notice: valid for every entry after it.
    enrolled_at: u64,
    /// The notice, hex.
    notice: String,
    /// The position of the notice that ended it: valid up to and with it.
    revoked_at: Option<u64>,
}

/// All notices, oldest first.
#[utoipa::path(get, path = "/v1/notices", tag = "notices", responses((status = 200, body = Notices, description = "Oldest first.")))]
pub async fn list(State(log): State<Arc<Log>>) -> Result<Json<Notices>, Rejection> {
    let stored = log.coord().notices_from(0).await?;
    let heart = log.heart();
    let registry = heart.registry.load();
    // What is committed but not yet in the registry belongs to the next answer.
    let known = stored
        .into_iter()
        .take_while(|notice| notice.seq < registry.next_seq());
    let notices = known.map(|notice| NoticeLine {
        seq: notice.seq,
        index: notice.index.get(),
        sha256: notice.commitment.to_string(),
        notice_type: notice.notice_type.as_str(),
    });
    Ok(Json(Notices {
        next_seq: registry.next_seq(),
        last: registry.last().to_string(),
        notices: notices.collect(),
    }))
}

/// One notice: the canonical document whose SHA-256 is in the path.
#[utoipa::path(get, path = "/v1/notices/{sha256}", tag = "notices", params(("sha256" = String, Path, description = "Hex")), responses(
    (status = 200, content_type = "application/json", body = Object, description = "The canonical document (RFC 8785)."),
    (status = 400, body = docs::ProblemJson, content_type = "application/problem+json", description = "No SHA-256."),
    (status = 404, body = docs::ProblemJson, content_type = "application/problem+json", description = "No such notice."),
))]
pub async fn one(
    State(log): State<Arc<Log>>,
    Path(sha256): Path<String>,
) -> Result<Response, Rejection> {
    let commitment = Commitment::new(query::hex32("sha256", &sha256)?);
    let notice = log
        .coord()
        .notice(&commitment)
        .await?
        .ok_or_else(|| NOT_STORED.problem())?;
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (
            CACHE_CONTROL,
            HeaderValue::from_static("public, max-age=31536000, immutable"),
        ),
    ];
    Ok((headers, notice.document).into_response())
}

/// Publishes a notice that two of the three admins signed. The log makes and signs its entry.
#[utoipa::path(post, path = "/v1/notices", tag = "notices", params(Wait),
    request_body(description = "The canonical document (RFC 8785), at most 256 KiB.", content = Object, content_type = "application/json"),
    responses(
    (status = 200, body = super::answer::Answer, description = "As for one entry."),
    (status = 202, body = super::answer::Answer, description = "Logged, not yet witnessed."),
    (status = 400, body = docs::ProblemJson, content_type = "application/problem+json", description = "Not well-formed."),
    (status = 403, body = docs::ProblemJson, content_type = "application/problem+json", description = "Not authorised."),
    (status = 409, body = docs::ProblemJson, content_type = "application/problem+json", description = "Out of order; `next_seq` and `last` say what comes next."),
    (status = 410, description = "The log has ended.", body = docs::ProblemJson, content_type = "application/problem+json"),
    (status = 413, body = docs::ProblemJson, content_type = "application/problem+json", description = "Too large."),
    (status = 503, body = docs::ProblemJson, content_type = "application/problem+json", description = "Nothing was logged; send the same bytes again."),
    (status = 507, body = docs::ProblemJson, content_type = "application/problem+json", description = "The disk is full."),
))]
pub async fn publish(
    State(log): State<Arc<Log>>,
    Query(wait): Query<Wait>,
    body: Bytes,
) -> Result<Response, Rejection> {
    let until = wait.until(&log)?;
    let notice = Notice::parse(&body)
        .map_err(|error| Rejection::from(MALFORMED_NOTICE.problem().detail(error.to_string())))?;
    if matches!(notice.body(), NoticeBody::Operator(_)) {
        let detail = "Operator notices are the log's own diary.";
        return Err(Rejection::from(
            super::problems::REFUSED_NOTICE.problem().detail(detail),
        ));
    }
    let heart = log.heart();
    let known = log.coord().notice(&notice.commitment()).await?.is_some();
    if !known {
        // Once more under the head lock; here so that a refused notice costs no batch.
        let registry = heart.registry.load();
        if let Err(refusal) = registry.check(&notice, &AwsLc) {
            let problem = refused_notice(&refusal)
                .with("next_seq", registry.next_seq())
                .with("last", registry.last().to_string());
            return Err(Rejection::from(problem));
        }
    }
    let candidate =
        notice_candidate(notice, heart.publisher.signer().as_ref()).map_err(|error| {
            tracing::error!(%error, "The entry of a notice could not be signed.");
            STORED_DATA_LOST.problem()
        })?;
    respond(&log, vec![None], vec![candidate], until, false, None).await
}

/// The registry of keys as of the newest entry.
#[utoipa::path(get, path = "/v1/keys", tag = "notices", responses((status = 200, body = Keys, description = "In the order of enrolment.")))]
pub async fn keys(State(log): State<Arc<Log>>) -> Result<Json<Keys>, Rejection> {
    let stored = log.coord().notices_from(0).await?;
    let heart = log.heart();
    let registry = heart.registry.load();
    let notice_at = |index| stored.iter().find(|notice| notice.index == index);
    let keys = registry.keys().map(|key| Key {
        key_id: key.key_id.to_string(),
        spki: STANDARD.encode(&key.spki_der),
        bureau_id: key.bureau.to_string(),
        bureau: key.bureau_name.clone(),
        roles: key.roles.iter().map(|role| role.as_str()).collect(),
        enrolled_at: key.enrolled_at.get(),
        notice: notice_at(key.enrolled_at)
            .map(|notice| notice.commitment.to_string())
            .unwrap_or_default(),
        revoked_at: key.revoked_at.map(tlog::LeafIndex::get),
    });
    Ok(Json(Keys {
        origin: registry.origin().as_str().to_owned(),
        entry_key: registry.log_key().to_string(),
        admins: registry
            .genesis_body()
            .admins
            .iter()
            .map(|spki| spki.key_hash().to_string())
            .collect(),
        keys: keys.collect(),
    }))
}
