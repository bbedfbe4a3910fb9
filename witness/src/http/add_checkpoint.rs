//! `POST /add-checkpoint`. <https://c2sp.org/tlog-witness#add-checkpoint>

use super::problems;
use crate::judgement::Refusal;
use crate::ledger::LedgerError;
use crate::witness::{Declined, Witness};
use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use service::{FixedForm, PeerAddress, Problem};
use std::sync::Arc;

/// What the body of a 409 is (c2sp.org/tlog-witness).
pub const TREE_SIZE: &str = "text/x.tlog.size";

/// Signature lines, as text.
pub const TEXT: &str = "text/plain; charset=utf-8";

/// Answers with one signature line for each of our keys.
pub async fn add_checkpoint(
    State(witness): State<Arc<Witness>>,
    Extension(peer): Extension<PeerAddress>,
    body: Bytes,
) -> Response {
    match witness.add_checkpoint(body, peer.network()).await {
        Ok(lines) => ([(CONTENT_TYPE, TEXT)], lines).into_response(),
        Err(declined) => declined.into_response(),
    }
}

impl IntoResponse for Declined {
    fn into_response(self) -> Response {
        let problem: Problem = match self {
            Self::Refused(Refusal::OtherSize(size)) => {
                let kind = [(CONTENT_TYPE, TREE_SIZE)];
                let mut response =
                    (StatusCode::CONFLICT, kind, format!("{size}\n")).into_response();
                response.extensions_mut().insert(FixedForm);
                return response;
            }
            Self::Malformed(why) => problems::MALFORMED.problem().detail(why.to_string()),
            Self::UnknownLog => problems::UNKNOWN_LOG.problem(),
            Self::NotSigned(why) => problems::NOT_SIGNED.problem().detail(why.to_string()),
            Self::Refused(why @ Refusal::OldAboveSize) => {
                problems::OLD_ABOVE_SIZE.problem().detail(why.to_string())
            }
            Self::Refused(why @ Refusal::NotForward(_)) => {
                problems::NOT_FORWARD.problem().detail(why.to_string())
            }
            Self::Convicted(origin_hash) => problems::CONVICTED
                .problem()
                .with("misbehavior", format!("/{origin_hash}/misbehavior")),
            Self::Rate(exceeded) => exceeded.into(),
            Self::Unconfirmed(why) => {
                let problem = problems::UNCONFIRMED.problem().retry_after(1);
                // The reason names logs; who asks is told that it waits, and the operator why.
                drop(why);
                problem
            }
            Self::Clock(ahead) => problems::CLOCK
                .problem()
                .with("ahead_s", ahead.0)
                .retry_after(10),
            Self::Busy => problems::BUSY.problem().retry_after(1),
            Self::Store(LedgerError::DiskFull) => problems::DISK_FULL.problem().retry_after(30),
            Self::Store(_) => problems::STORE.problem().retry_after(1),
            Self::Key(error) => {
                tracing::error!(%error, "A committed head was not signed.");
                problems::STORE.problem().retry_after(1)
            }
        };
        problem.into_response()
    }
}
