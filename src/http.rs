//! The doors of the log: what HTTP is answered with what.
//!
//! A handler parses, asks the [`Log`] once and renders. No handler names an adapter.

pub mod answer;
pub mod ct;
pub mod docs;
pub mod log_info;
pub mod notices;
pub mod problems;
pub mod proofs;
pub mod query;
pub mod receipts;
pub mod submit;
pub mod tiles;

use crate::log::Log;
use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::get;
use std::sync::Arc;
use std::time::Instant;
use tower_http::compression::CompressionLayer;
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The largest body: 1,024 entries as JSON, or the largest notice.
pub const BODY_BYTES_MAX: usize = 256 * 1024;

/// All routes of the log.
pub fn router(log: &Arc<Log>) -> Router {
    let (routes, api) = api_routes().split_for_parts();
    let docs = Router::new()
        .route("/openapi.json", get(docs::openapi))
        .route("/docs", get(docs::docs))
        .route("/docs/problems", get(docs::problem_docs))
        .with_state(docs::Docs::new(&api));
    routes
        .with_state(Arc::clone(log))
        .merge(docs)
        .route_layer(from_fn_with_state(Arc::clone(log), count))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
}

/// The OpenAPI document, as `/openapi.json` serves it.
pub fn openapi() -> utoipa::openapi::OpenApi {
    api_routes().split_for_parts().1
}

fn api_routes() -> OpenApiRouter<Arc<Log>> {
    // Hashes and proofs do not shrink; bundles of entries by the same few keys do.
    let compressed = OpenApiRouter::new()
        .routes(routes!(tiles::tile))
        .routes(routes!(ct::get_entries))
        .layer(CompressionLayer::new().gzip(true));
    OpenApiRouter::with_openapi(docs::Base::openapi())
        .routes(routes!(submit::submit))
        .routes(routes!(receipts::by_index))
        .routes(routes!(receipts::by_lookup))
        .routes(routes!(proofs::inclusion))
        .routes(routes!(proofs::consistency))
        .routes(routes!(log_info::log_info))
        .routes(routes!(notices::list, notices::publish))
        .routes(routes!(notices::one))
        .routes(routes!(notices::keys))
        .routes(routes!(tiles::checkpoint))
        .routes(routes!(ct::get_sth))
        .routes(routes!(ct::get_sth_consistency))
        .routes(routes!(ct::get_proof_by_hash))
        .routes(routes!(ct::get_entry_and_proof))
        .merge(compressed)
}

/// Counts answers by the route's pattern: never by a stranger's path.
async fn count(State(log): State<Arc<Log>>, request: Request, next: Next) -> Response {
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("unknown", MatchedPath::as_str)
        .to_owned();
    let begun = Instant::now();
    let response = next.run(request).await;
    let metrics = log.metrics();
    metrics
        .responses
        .with_label_values(&[route.as_str(), response.status().as_str()])
        .inc();
    metrics
        .response_seconds
        .with_label_values(&[route.as_str()])
        .observe(begun.elapsed().as_secs_f64());
    response
}
