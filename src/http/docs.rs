//! `/openapi.json`, `/docs`, `/docs/problems`: generated from the code, rendered without outside assets.

use super::problems;
use axum::Json;
use axum::extract::State;
use axum::response::Html;
use serde::Serialize;
use serde_json::Value;
use std::fmt::Write as _;
use std::sync::Arc;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::{Content, Ref, ResponseBuilder};
use utoipa::{OpenApi, ToSchema};

/// A problem (RFC 9457), with the members that its kind adds.
#[derive(Serialize, ToSchema)]
pub struct ProblemJson {
    /// Stable: /docs/problems#slug.
    #[serde(rename = "type")]
    #[schema(example = "/docs/problems#slot-taken")]
    problem_type: String,
    /// What is wrong, in one sentence.
    title: String,
    /// The HTTP status.
    status: u16,
    /// More about this occurrence.
    detail: Option<String>,
    /// What to do.
    remedy: Option<String>,
}

/// The parts of the document that no handler states.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "notarylog",
        description = "A transparency log for administrative law enforcement: commitments in, proofs out.",
        license(name = "Apache-2.0 OR MIT", identifier = "Apache-2.0 OR MIT")
    ),
    components(schemas(ProblemJson)),
    tags(
        (name = "submit", description = "Entries in"),
        (name = "proofs", description = "Receipts, inclusion and consistency"),
        (name = "tiles", description = "c2sp.org/tlog-tiles"),
        (name = "notices", description = "How the log governs itself"),
        (name = "RFC 6962", description = "The read API of Certificate Transparency"),
        (name = "log", description = "Who this log is"),
    )
)]
pub struct Base;

/// What the door, the quotas and a fault of ours may answer on any route, whatever its handler says.
const DOOR_STATUSES: [(&str, &str); 5] = [
    ("400", "A parameter is missing or malformed."),
    (
        "429",
        "Beyond the address's quota; Retry-After tells when the same would pass.",
    ),
    ("431", "Too many or too long headers."),
    ("500", "A fault of the server."),
    ("503", "The server cannot serve this now."),
];

/// The same for a body that comes.
const BODY_STATUSES: [(&str, &str); 3] = [
    ("408", "The body came too slowly."),
    ("413", "The body is too large."),
    ("415", "The body's media type is not taken here."),
];

/// The path with the statuses that no handler states.
pub fn with_door_statuses(mut path: PathItem) -> PathItem {
    let problem = || {
        let content = Content::new(Some(Ref::from_schema_name("ProblemJson")));
        ResponseBuilder::new().content("application/problem+json", content)
    };
    let add = |operation: &mut Operation, statuses: &[(&str, &str)]| {
        for (status, description) in statuses {
            let responses = &mut operation.responses.responses;
            responses
                .entry((*status).to_owned())
                .or_insert_with(|| problem().description(*description).build().into());
        }
    };
    if let Some(operation) = &mut path.get {
        add(operation, &DOOR_STATUSES);
    }
    if let Some(operation) = &mut path.post {
        add(operation, &DOOR_STATUSES);
        add(operation, &BODY_STATUSES);
    }
    path
}

/// The generated documents, rendered once.
#[derive(Clone)]
pub struct Docs {
    json: Arc<Value>,
    html: Arc<str>,
}

impl Docs {
    /// Renders the document.
    pub fn new(api: &utoipa::openapi::OpenApi) -> Self {
        let json = serde_json::to_value(api).expect("an OpenAPI document is always JSON");
        let html = page("notarylog: the API", &operations(&json));
        Self {
            json: Arc::new(json),
            html: html.into(),
        }
    }
}

/// The API as `OpenAPI` 3.1.
pub async fn openapi(State(docs): State<Docs>) -> Json<Arc<Value>> {
    Json(docs.json)
}

/// The API to be read by people.
pub async fn docs(State(docs): State<Docs>) -> Html<String> {
    Html(docs.html.to_string())
}

/// Every problem with its remedy.
pub async fn problem_docs() -> Html<String> {
    let mut body = String::from(
        "<h1>Problems</h1><p>Every error is <code>application/problem+json</code> (RFC 9457).</p>",
    );
    for kind in problems::every() {
        let _ = write!(
            body,
            "<section id=\"{}\"><h2><code>{}</code></h2><p>HTTP {}. {}</p><p><strong>What to do:</strong> {}</p></section>",
            kind.slug,
            kind.slug,
            kind.status.as_u16(),
            escape(kind.title),
            escape(kind.remedy)
        );
    }
    Html(page("notarylog: problems", &body))
}

fn operations(json: &Value) -> String {
    let mut body = String::from(
        "<h1>The API of this log</h1><p>The same for machines: <a href=\"/openapi.json\">/openapi.json</a>. \
         Every error is listed under <a href=\"/docs/problems\">problems</a>.</p>",
    );
    let paths = json.get("paths").and_then(Value::as_object);
    for (path, methods) in paths.into_iter().flatten() {
        for (method, operation) in methods.as_object().into_iter().flatten() {
            let text = |name: &str| {
                escape(
                    operation
                        .get(name)
                        .and_then(Value::as_str)
                        .unwrap_or_default(),
                )
            };
            let _ = write!(
                body,
                "<section><h2><code>{} {}</code></h2><p>{} {}</p>",
                method.to_uppercase(),
                escape(path),
                text("summary"),
                text("description")
            );
            let parameters = operation.get("parameters").and_then(Value::as_array);
            rows(
                &mut body,
                "Parameter",
                parameters.into_iter().flatten().map(|parameter| {
                    (
                        parameter
                            .get("name")
                            .and_then(Value::as_str)
                            .unwrap_or_default(),
                        described(parameter),
                    )
                }),
            );
            let responses = operation.get("responses").and_then(Value::as_object);
            rows(
                &mut body,
                "Answer",
                responses
                    .into_iter()
                    .flatten()
                    .map(|(status, response)| (status.as_str(), described(response))),
            );
            body.push_str("</section>");
        }
    }
    body
}

fn described(value: &Value) -> &str {
    value
        .get("description")
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn rows<'a>(body: &mut String, head: &str, rows: impl Iterator<Item = (&'a str, &'a str)>) {
    let mut rows = rows.peekable();
    if rows.peek().is_none() {
        return;
    }
    let _ = write!(
        body,
        "<table><thead><tr><th scope=\"col\">{head}</th><th scope=\"col\">Meaning</th></tr></thead><tbody>"
    );
    for (name, meaning) in rows {
        let _ = write!(
            body,
            "<tr><td><code>{}</code></td><td>{}</td></tr>",
            escape(name),
            escape(meaning)
        );
    }
    body.push_str("</tbody></table>");
}

fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width,initial-scale=1\"><title>{title}</title><style>\
         body{{font:1rem/1.5 system-ui,sans-serif;max-width:52rem;margin:0 auto;padding:1rem;color:#1a1a1a;background:#fff}}\
         h1{{font-size:1.6rem}}h2{{font-size:1.1rem;margin:2rem 0 .3rem;overflow-wrap:anywhere}}\
         code{{background:#f0f0f0;padding:.1em .3em;border-radius:3px}}\
         table{{border-collapse:collapse;width:100%;margin:.5rem 0}}\
         td,th{{text-align:left;vertical-align:top;border-bottom:1px solid #ccc;padding:.3rem .5rem .3rem 0}}\
         @media(prefers-color-scheme:dark){{body{{color:#eee;background:#161616}}code{{background:#2a2a2a}}a{{color:#8ab4f8}}}}\
         </style></head><body><main>{body}</main></body></html>"
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
