//! The doors of the witness: what HTTP is answered with what.

pub mod add_checkpoint;
pub mod logs;
pub mod misbehavior;
pub mod monitoring;
pub mod observe;
pub mod problems;
pub mod seen;

use crate::witness::Witness;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use std::sync::Arc;
use tlog::ADD_CHECKPOINT_BYTES_MAX;

/// All routes of the witness.
pub fn router(witness: &Arc<Witness>) -> Router {
    Router::new()
        .route("/add-checkpoint", post(add_checkpoint::add_checkpoint))
        .route("/{origin_hash}/checkpoint", get(monitoring::checkpoint))
        .route(
            "/{origin_hash}/misbehavior",
            get(misbehavior::list).post(misbehavior::accuse),
        )
        .route(
            "/{origin_hash}/misbehavior/{sha256}",
            get(misbehavior::file),
        )
        .route("/v1/logs", get(logs::logs))
        .route("/v1/observe", post(observe::observe))
        .route("/v1/seen/{key_hash}/{origin_hash}", get(seen::seen))
        .route("/docs/problems", get(problems::docs))
        .layer(DefaultBodyLimit::max(ADD_CHECKPOINT_BYTES_MAX))
        .with_state(Arc::clone(witness))
}
