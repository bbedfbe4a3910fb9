//! `POST /v1/observe`: a head that somebody was shown.

use super::{misbehavior, problems};
use crate::examiner::Finding;
use crate::observer::{NotObserved, Observed};
use crate::sighting::NotSeen;
use crate::witness::Witness;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde_json::{Value, json};
use service::{PeerAddress, Problem};
use std::sync::Arc;

/// Compares it with what we signed, and says what came of it.
pub async fn observe(
    State(witness): State<Arc<Witness>>,
    Extension(peer): Extension<PeerAddress>,
    body: Bytes,
) -> Response {
    match witness.observer.observe(&body, peer.network()).await {
        Ok(observed) => Json(in_json(&observed)).into_response(),
        Err(why) => why.into_response(),
    }
}

fn in_json(observed: &Observed) -> Value {
    let hash = &observed.log.origin_hash;
    let (verdict, proof, why) = match &observed.finding {
        Finding::Known => ("known", None, None),
        Finding::Uncompared => ("uncompared", None, None),
        Finding::Follows => ("follows", None, None),
        Finding::Proven(one) => ("proven", Some(misbehavior::path(hash, one)), None),
        Finding::Apart(apart) => ("apart", None, Some(apart.why.word())),
    };
    json!({
        "verdict": verdict,
        "proof": proof,
        "why": why,
        "list": format!("/{hash}/misbehavior"),
    })
}

impl IntoResponse for NotObserved {
    fn into_response(self) -> Response {
        let problem: Problem = match self {
            Self::TooLarge => problems::CHECKPOINT_TOO_LARGE.problem(),
            Self::MalformedRequest(why) => problems::MALFORMED.problem().detail(why.to_string()),
            Self::NotSeen(NotSeen::Malformed(why)) => problems::MALFORMED_CHECKPOINT
                .problem()
                .detail(why.to_string()),
            Self::NotSeen(why) => problems::NOT_SIGNED.problem().detail(why.to_string()),
            Self::UnknownLog => problems::UNKNOWN_LOG.problem(),
            Self::Rate(exceeded) => exceeded.into(),
            Self::Busy => problems::BUSY.problem().retry_after(1),
        };
        problem.into_response()
    }
}
