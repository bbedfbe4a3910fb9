//! `/<origin hash>/misbehavior`: what is proven and what stands apart, the proofs themselves, and proofs that anybody
//! brings.

use super::add_checkpoint::TEXT;
use super::problems;
use crate::conviction::Conviction;
use crate::dispute::Dispute;
use crate::docket::NotKept;
use crate::known_log::KnownLog;
use crate::observer::NotAccused;
use crate::witness::Witness;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde_json::{Value, json};
use service::PeerAddress;
use std::sync::Arc;

/// The list: proofs, disputes, and what the operator decided.
pub async fn list(
    State(witness): State<Arc<Witness>>,
    Path(origin_hash): Path<String>,
) -> Response {
    let logs = witness.logs();
    let Some(log) = logs.by_hash(&origin_hash) else {
        return problems::UNKNOWN_LOG.problem().into_response();
    };
    let headers = [(CACHE_CONTROL, "no-cache")];
    (headers, Json(in_json(&witness, log))).into_response()
}

/// What stands against a log, as everybody is shown it.
fn in_json(witness: &Witness, log: &KnownLog) -> Value {
    let hash = &log.origin_hash;
    let proofs = witness.docket.of_log(hash);
    let proofs: Vec<Value> = proofs.iter().map(|one| proof(hash, one)).collect();
    let disputes = witness.disputes.public(log.enrolled.id);
    let disputes: Vec<Value> = disputes.iter().map(dispute).collect();
    json!({
        "origin": log.enrolled.origin,
        "stopped": log.standing.is_stopped(),
        "proofs": proofs,
        "disputes": disputes,
        "resumptions": resumptions(witness, log),
    })
}

/// What the operator decided after a conviction.
pub fn resumptions(witness: &Witness, log: &KnownLog) -> Vec<Value> {
    let decided = witness.docket.resumptions(log.enrolled.id);
    decided
        .iter()
        .map(|one| json!({"time_s": one.at_s, "reason": one.reason, "proofs": one.proofs}))
        .collect()
}

fn proof(origin_hash: &str, conviction: &Conviction) -> Value {
    json!({
        "sha256": conviction.sha256,
        "path": path(origin_hash, conviction),
        "kind": conviction.kind.word(),
        "against": conviction.against.word(),
        "accused": conviction.accused.to_string(),
        "time_s": conviction.found_s,
    })
}

/// Where a proof is served.
pub fn path(origin_hash: &str, conviction: &Conviction) -> String {
    format!("/{origin_hash}/misbehavior/{}", conviction.sha256)
}

fn dispute(dispute: &Dispute) -> Value {
    json!({
        "since_s": dispute.since_s,
        "why": dispute.why.word(),
        "notes": [dispute.ours.note.to_string(), dispute.theirs.note.to_string()],
    })
}

/// A proof, byte for byte as it lies on disk.
pub async fn file(
    State(witness): State<Arc<Witness>>,
    Path((origin_hash, sha256)): Path<(String, String)>,
) -> Response {
    match witness.docket.read_proof(&origin_hash, &sha256).await {
        Some(bytes) => {
            let headers = [
                (CONTENT_TYPE, TEXT),
                (CACHE_CONTROL, "public, max-age=31536000, immutable"),
            ];
            (headers, bytes).into_response()
        }
        None => problems::NO_PROOF.problem().into_response(),
    }
}

/// Takes a proof from anybody, and checks it.
pub async fn accuse(
    State(witness): State<Arc<Witness>>,
    Extension(peer): Extension<PeerAddress>,
    Path(origin_hash): Path<String>,
    body: Bytes,
) -> Response {
    let accused = witness
        .observer
        .accuse(&origin_hash, &body, peer.network())
        .await;
    match accused {
        Ok(kept) => Json(json!({
            "verdict": "proven",
            "kept": true,
            "new": kept.is_new,
            "proof": path(&origin_hash, &kept.conviction),
        }))
        .into_response(),
        Err(NotAccused::NotKept(NotKept::Enough)) => {
            Json(json!({"verdict": "proven", "kept": false, "new": false})).into_response()
        }
        Err(why) => why.into_response(),
    }
}

impl IntoResponse for NotAccused {
    fn into_response(self) -> Response {
        match self {
            Self::Malformed(why) => problems::MALFORMED_PROOF.problem().detail(why.to_string()),
            Self::UnknownLog | Self::NotKept(NotKept::OtherLog) => problems::UNKNOWN_LOG.problem(),
            Self::NotKept(why @ NotKept::NotProven(_)) => {
                problems::NOT_PROVEN.problem().detail(why.to_string())
            }
            Self::NotKept(NotKept::Stranger) => problems::STRANGER.problem(),
            Self::NotKept(NotKept::Enough | NotKept::Disk(_)) => {
                problems::STORE.problem().retry_after(30)
            }
            Self::Rate(exceeded) => exceeded.into(),
            Self::Busy => problems::BUSY.problem().retry_after(1),
        }
        .into_response()
    }
}
