//! Problems: errors as people and programs read them. <https://www.rfc-editor.org/rfc/rfc9457>
//!
//! ```json
//! {
//!   "type": "/docs/problems#slot-taken",
//!   "title": "The slot holds other content",
//!   "status": 409,
//!   "detail": "Entry 17 holds this slot.",
//!   "remedy": "Ask for entry 17; a correction takes the next tag.",
//!   "index": 17
//! }
//! ```
//!
//! `remedy` is our extension member: what to do now. Every error that leaves a [`Door`](crate::Door) has this form,
//! also those that a framework would answer in plain text; only what never became a request (a broken request line,
//! headers above the size limit) gets the bare status.

use std::borrow::Cow;

use axum::body::Body;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};

use crate::door_problems;

/// The media type of RFC 9457 §3.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// Members that RFC 9457 §3.1 and we define: an extension may not take their place.
const OWN_MEMBERS: [&str; 6] = ["type", "title", "status", "detail", "remedy", "instance"];

/// Put into a response's extensions, it says that a specification fixes the form of this error: it leaves as it is.
/// A witness answers 409 with a tree size, for one (c2sp.org/tlog-witness).
#[derive(Clone, Copy, Debug)]
pub struct FixedForm;

/// One problem, to be returned from a handler.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    status: StatusCode,
    slug: Cow<'static, str>,
    title: Cow<'static, str>,
    detail: Option<String>,
    remedy: Option<Cow<'static, str>>,
    headers: HeaderMap,
    members: Map<String, Value>,
}

impl Problem {
    /// A problem of a stable kind. `slug` names the kind for ever (`slot-taken`); `title` is its sentence, the same at
    /// every occurrence.
    pub fn new(
        status: StatusCode,
        slug: impl Into<Cow<'static, str>>,
        title: impl Into<Cow<'static, str>>,
    ) -> Problem {
        Problem {
            status,
            slug: slug.into(),
            title: title.into(),
            detail: None,
            remedy: None,
            headers: HeaderMap::new(),
            members: Map::new(),
        }
    }

    /// What happened this time.
    #[must_use]
    pub fn detail(self, detail: impl Into<String>) -> Problem {
        Problem {
            detail: Some(detail.into()),
            ..self
        }
    }

    /// What to do now.
    #[must_use]
    pub fn remedy(self, remedy: impl Into<Cow<'static, str>>) -> Problem {
        Problem {
            remedy: Some(remedy.into()),
            ..self
        }
    }

    /// When to try again, in whole seconds, as the `Retry-After` header (RFC 9110 §10.2.3).
    #[must_use]
    pub fn retry_after(self, seconds: u64) -> Problem {
        self.header(RETRY_AFTER, HeaderValue::from(seconds))
    }

    /// A header of the answer.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Problem {
        self.headers.insert(name, value);
        self
    }

    /// An extension member (RFC 9457 §3.2).
    ///
    /// # Panics
    /// In debug builds, when `name` is one of the members that the standard or this type defines.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Problem {
        debug_assert!(
            !OWN_MEMBERS.contains(&name),
            "an extension member has a name of its own"
        );
        self.members.insert(name.to_owned(), value.into());
        self
    }

    /// The status that the problem answers with.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The kind of the problem, `slot-taken`.
    pub fn slug(&self) -> &str {
        &self.slug
    }

    /// The stable type: a reference relative to the server's root, `/docs/problems#slot-taken` (RFC 9457 §3.1.1).
    pub fn type_reference(&self) -> String {
        format!("/docs/problems#{}", self.slug)
    }

    /// The problem as a JSON object, for an answer that holds several.
    pub fn to_json(&self) -> Value {
        let mut json = Map::new();
        json.insert("type".into(), self.type_reference().into());
        json.insert("title".into(), self.title.as_ref().into());
        json.insert("status".into(), self.status.as_u16().into());
        if let Some(detail) = &self.detail {
            json.insert("detail".into(), detail.as_str().into());
        }
        if let Some(remedy) = &self.remedy {
            json.insert("remedy".into(), remedy.as_ref().into());
        }
        json.extend(self.members.clone());
        Value::Object(json)
    }

    /// What a bare status means here: the problem for an error that no handler described.
    pub fn of_status(status: StatusCode) -> Problem {
        let kind = door_problems::of_status(status);
        Problem::new(status, kind.slug, kind.title).remedy(kind.remedy)
    }

    /// Gives a bare error the form of a problem; a success, a problem already made, and an error of [`FixedForm`] pass
    /// unchanged. Headers such as `Allow` stay.
    pub fn dress(response: Response) -> Response {
        let status = response.status();
        let is_error = status.is_client_error() || status.is_server_error();
        let is_problem = response
            .headers()
            .get(CONTENT_TYPE)
            .is_some_and(|kind| kind == PROBLEM_JSON);
        let is_fixed = response.extensions().get::<FixedForm>().is_some();
        if !is_error || is_problem || is_fixed {
            return response;
        }
        // The framework's text may quote the request: it is dropped, not passed on.
        let (mut head, _text) = response.into_parts();
        head.headers.remove(CONTENT_LENGTH);
        head.headers
            .insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        Response::from_parts(
            head,
            Body::from(Problem::of_status(status).to_json().to_string()),
        )
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.to_json().to_string()));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        response
    }
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use axum::http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER};
    use axum::response::IntoResponse;
    use serde_json::{Value, json};

    use super::{FixedForm, PROBLEM_JSON, Problem};

    async fn body(response: axum::response::Response) -> Value {
        serde_json::from_slice(
            &axum::body::to_bytes(response.into_body(), 1 << 16)
                .await
                .unwrap(),
        )
        .unwrap()
    }

    #[tokio::test]
    async fn a_problem_says_what_happened_and_what_to_do() {
        let response = Problem::new(
            StatusCode::CONFLICT,
            "slot-taken",
            "The slot holds other content",
        )
        .detail("Entry 17 holds this slot.")
        .remedy("Ask for entry 17.")
        .retry_after(3)
        .with("index", 17)
        .into_response();
        assert_eq!(response.status(), 409);
        assert_eq!(response.headers()[CONTENT_TYPE], PROBLEM_JSON);
        assert_eq!(response.headers()[RETRY_AFTER], "3");
        assert_eq!(
            body(response).await,
            json!({
                "type": "/docs/problems#slot-taken",
                "title": "The slot holds other content",
                "status": 409,
                "detail": "Entry 17 holds this slot.",
                "remedy": "Ask for entry 17.",
                "index": 17,
            })
        );
    }

    #[tokio::test]
    async fn a_bare_error_is_dressed_and_keeps_its_headers() {
        let bare = (
            StatusCode::METHOD_NOT_ALLOWED,
            [(ALLOW, "GET")],
            "quoted input",
        )
            .into_response();
        let dressed = Problem::dress(bare);
        assert_eq!(dressed.headers()[ALLOW], "GET");
        assert_eq!(dressed.headers()[CONTENT_TYPE], PROBLEM_JSON);
        let json = body(dressed).await;
        assert_eq!(json["type"], "/docs/problems#method-not-allowed");
        assert!(!json.to_string().contains("quoted input"));
    }

    #[tokio::test]
    async fn a_success_and_a_made_problem_pass_unchanged() {
        assert_eq!(
            Problem::dress("fine".into_response()).headers()[CONTENT_TYPE],
            "text/plain; charset=utf-8"
        );
        let made =
            Problem::new(StatusCode::NOT_FOUND, "no-such-entry", "No such entry").into_response();
        assert_eq!(
            body(Problem::dress(made)).await["type"],
            "/docs/problems#no-such-entry"
        );
    }

    #[tokio::test]
    async fn an_error_whose_form_a_specification_fixes_leaves_as_it_is() {
        let kind = [(CONTENT_TYPE, "text/x.tlog.size")];
        let mut fixed = (StatusCode::CONFLICT, kind, "17\n").into_response();
        fixed.extensions_mut().insert(FixedForm);
        let response = Problem::dress(fixed);
        assert_eq!(response.headers()[CONTENT_TYPE], "text/x.tlog.size");
        let body = axum::body::to_bytes(response.into_body(), 10).await;
        assert_eq!(body.unwrap(), "17\n");
    }
}
