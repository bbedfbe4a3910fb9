//! `POST /v1/misbehavior`: a proof that one of this log's keys signed what cannot be true together, from anybody.

use super::docs;
use super::problems::{MALFORMED_PROOF, NOT_PROVEN, Rejection};
use crate::log::Log;
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use serde::Serialize;
use service::AwsLc;
use std::sync::Arc;
use tlog::MisbehaviorProof;
use utoipa::ToSchema;

/// What became of a proof.
#[derive(Serialize, ToSchema)]
pub struct Convicted {
    /// `frozen`: the log publishes nothing any more, and shows the proof at `/v1/log`.
    #[schema(example = "frozen")]
    state: &'static str,
}

/// Takes a proof of misbehaviour against this log. If it holds, the log stops: it shows the proof and goes on answering
/// reads.
#[utoipa::path(post, path = "/v1/misbehavior", tag = "log", request_body(content = String, content_type = "text/plain",
    description = "The file, as ARCHITECTURE.md fixes it."), responses(
    (status = 200, body = Convicted, description = "It holds. The log is frozen, from now on or already."),
    (status = 400, body = docs::ProblemJson, content_type = "application/problem+json", description = "No such file."),
    (status = 422, body = docs::ProblemJson, content_type = "application/problem+json", description = "It proves nothing, or nothing against this log."),
))]
pub async fn convict(
    State(log): State<Arc<Log>>,
    body: Bytes,
) -> Result<Json<Convicted>, Rejection> {
    let proof = MisbehaviorProof::parse(&body)
        .map_err(|why| MALFORMED_PROOF.problem().detail(why.to_string()))?;
    let signer = Arc::clone(log.heart().publisher.signer());
    let is_ours = signer.vkeys().contains(proof.accused())
        && proof.first().checkpoint().origin() == signer.origin().as_str();
    if !is_ours {
        let detail = "the accused key is not a key of this log";
        return Err(NOT_PROVEN.problem().detail(detail.to_owned()).into());
    }
    proof
        .verify(&AwsLc)
        .map_err(|why| NOT_PROVEN.problem().detail(why.to_string()))?;
    log.status().convict(&proof);
    Ok(Json(Convicted {
        state: log.status().get().word(),
    }))
}
