//! The doors of the log: what HTTP is answered with what.
//!
//! A handler parses, asks the [`Log`] once and renders. No handler names an adapter.

pub mod account;
pub mod admission;
pub mod answer;
pub mod charge;
pub mod ct;
pub mod docs;
pub mod log_info;
pub mod misbehavior;
pub mod notices;
pub mod problems;
pub mod proofs;
pub mod query;
pub mod quotas;
pub mod receipts;
pub mod seen;
pub mod submit;
pub mod tiles;

use crate::log::Log;
use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::get;
use quotas::Quotas;
use std::sync::Arc;
use std::time::Instant;
use tower_http::compression::CompressionLayer;
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The largest body: 1,024 entries as JSON, or the largest notice.
pub const BODY_BYTES_MAX: usize = 256 * 1024;

/// All routes of the log, within these quotas.
pub fn router(log: &Arc<Log>, quotas: Quotas) -> Router {
    let quotas = (Arc::new(quotas), Arc::clone(log));
    let (routes, api) = split(api_routes());
    let docs = Router::new()
        .route("/openapi.json", get(docs::openapi))
        .route("/docs", get(docs::docs))
        .route("/docs/problems", get(docs::problem_docs))
        .with_state(docs::Docs::new(&api));
    routes
        .with_state(Arc::clone(log))
        .merge(docs)
        .route_layer(from_fn_with_state(quotas, admission::admit))
        .route_layer(from_fn_with_state(Arc::clone(log), count))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
}

/// The `OpenAPI` document, as `/openapi.json` serves it.
pub fn openapi() -> utoipa::openapi::OpenApi {
    split(api_routes()).1
}

/// The routes and their document. What the router calls `{*path}` is `{path}` in `OpenAPI`.
fn split(routes: OpenApiRouter<Arc<Log>>) -> (Router<Arc<Log>>, utoipa::openapi::OpenApi) {
    let (routes, mut api) = routes.split_for_parts();
    let paths = std::mem::take(&mut api.paths.paths);
    api.paths.paths = paths
        .into_iter()
        .map(|(path, item)| (path.replace("{*", "{"), docs::with_door_statuses(item)))
        .collect();
    (routes, api)
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
        .routes(routes!(misbehavior::convict))
        .routes(routes!(seen::seen))
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

#[cfg(test)]
mod tests {
    use super::{openapi, problems};
    use std::path::{Path, PathBuf};

    fn file(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
    }

    fn read(name: &str) -> String {
        std::fs::read_to_string(file(name)).unwrap_or_default()
    }

    /// Rows that begin with a name in code quotes: the name.
    fn names(table: &str) -> Vec<String> {
        let rows = table.lines().filter_map(|line| line.strip_prefix("| `"));
        rows.filter_map(|row| row.split(['`', '{']).next().map(str::to_owned))
            .collect()
    }

    #[test]
    fn the_published_api_is_the_one_in_the_code() {
        let generated = openapi()
            .to_pretty_json()
            .map(|json| json + "\n")
            .unwrap_or_default();
        if std::env::var_os("BLESS").is_some() {
            assert!(std::fs::write(file("schemas/openapi.json"), &generated).is_ok());
        }
        assert!(
            read("schemas/openapi.json") == generated,
            "schemas/openapi.json is not what the code says; look at the change, then run this test with BLESS=1"
        );
    }

    #[test]
    fn every_problem_is_documented_with_its_status_and_remedy() {
        let docs = read("docs/problems.md");
        let mut expected = Vec::new();
        for kind in problems::every() {
            let row = format!(
                "| `{}` | {} | {} | {} |",
                kind.slug,
                kind.status.as_u16(),
                kind.title,
                kind.remedy
            );
            assert!(docs.contains(&row), "docs/problems.md lacks the row: {row}");
            expected.push(kind.slug.to_owned());
        }
        assert_eq!(
            names(&docs),
            expected,
            "docs/problems.md lists other problems than the code"
        );
    }

    #[tokio::test]
    async fn the_page_of_problems_has_an_anchor_for_each_and_no_two_share_one() {
        let axum::response::Html(page) = super::docs::problem_docs().await;
        for kind in problems::every() {
            let anchor = format!("id=\"{}\"", kind.slug);
            assert_eq!(page.matches(&anchor).count(), 1, "{anchor}");
        }
    }

    #[test]
    fn every_metric_is_documented_and_nothing_else() {
        let metrics =
            crate::metrics::Metrics::new().unwrap_or_else(|error| unreachable!("{error}"));
        metrics
            .responses
            .with_label_values(&["/checkpoint", "200"])
            .inc_by(0);
        metrics
            .response_seconds
            .with_label_values(&["/checkpoint"])
            .observe(0.0);
        metrics
            .witness_answers
            .with_label_values(&["court", "cosigned"])
            .inc_by(0);
        metrics.witness_size.with_label_values(&["court"]).set(0);
        metrics.disk_free_bytes.with_label_values(&["data"]).set(0);
        let mut gathered: Vec<String> = metrics
            .registry
            .gather()
            .iter()
            .map(|family| family.name().to_owned())
            .collect();
        let mut documented = names(&read("docs/metrics.md"));
        documented.retain(|name| name.starts_with("notarylog_"));
        gathered.sort();
        documented.sort();
        assert_eq!(documented, gathered);
    }
}
