//! The problems that a door itself answers with, whatever is behind it.

use axum::http::StatusCode;

use crate::ProblemKind;

crate::problem_kinds! {
    BAD_REQUEST = "bad-request", BAD_REQUEST, "The request is not one that is understood here.",
        "Compare the request with /openapi.json.";
    NOT_FOUND = "not-found", NOT_FOUND, "There is nothing at this address.",
        "Compare the path and the numbers in it with /openapi.json.";
    METHOD_NOT_ALLOWED = "method-not-allowed", METHOD_NOT_ALLOWED, "This address does not take this method.",
        "The header Allow lists the methods.";
    REQUEST_TIMEOUT = "request-timeout", REQUEST_TIMEOUT, "The request came too slowly.",
        "Send the same again; nothing was done.";
    CONTENT_TOO_LARGE = "content-too-large", PAYLOAD_TOO_LARGE, "The request body is too large.",
        "Send less in one request.";
    UNSUPPORTED_MEDIA_TYPE = "unsupported-media-type", UNSUPPORTED_MEDIA_TYPE, "The body's media type is not taken here.",
        "Set Content-Type as in /openapi.json.";
    UNPROCESSABLE_CONTENT = "unprocessable-content", UNPROCESSABLE_ENTITY, "The request body has the wrong content.",
        "Compare the body with /openapi.json.";
    TOO_MANY_REQUESTS = "too-many-requests", TOO_MANY_REQUESTS, "Too many requests.",
        "Wait as long as Retry-After says, then send the same again.";
    TOO_MANY_AT_ONCE = "too-many-at-once", TOO_MANY_REQUESTS, "More than is ever given at once.",
        "Send less in one request.";
    TOO_MANY_HEADERS = "too-many-headers", REQUEST_HEADER_FIELDS_TOO_LARGE, "The request has too many headers.",
        "Send fewer and shorter headers.";
    INTERNAL = "internal", INTERNAL_SERVER_ERROR, "The server failed.",
        "Send the same again later; nothing is done twice. Tell the operator if it stays.";
    NOT_SERVING = "not-serving", SERVICE_UNAVAILABLE, "The server cannot serve this now.",
        "Send the same again later; nothing is done twice.";
    TOO_MANY_CONNECTIONS = "too-many-connections", SERVICE_UNAVAILABLE, "Too many connections are open.",
        "Close connections that you do not use, or try again later.";
    NOT_READY = "not-ready", SERVICE_UNAVAILABLE, "The service is not ready.",
        "See detail; the admin listener alone says this.";
}

/// The kind that a bare status stands for. One that is not listed counts as the first of its class (RFC 9110 §15).
pub(crate) const fn of_status(status: StatusCode) -> &'static ProblemKind {
    match status.as_u16() {
        404 => &NOT_FOUND,
        405 => &METHOD_NOT_ALLOWED,
        408 => &REQUEST_TIMEOUT,
        413 => &CONTENT_TOO_LARGE,
        415 => &UNSUPPORTED_MEDIA_TYPE,
        422 => &UNPROCESSABLE_CONTENT,
        429 => &TOO_MANY_REQUESTS,
        431 => &TOO_MANY_HEADERS,
        503 => &NOT_SERVING,
        500..=599 => &INTERNAL,
        _ => &BAD_REQUEST,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;

    use super::{ALL, of_status};

    #[test]
    fn every_error_status_has_a_kind_that_is_listed_and_keeps_its_class() {
        for code in 400..600 {
            let status = StatusCode::from_u16(code).unwrap();
            let kind = of_status(status);
            assert!(ALL.iter().any(|listed| listed.slug == kind.slug));
            assert_eq!(kind.status.as_u16() / 100, code / 100, "{code}");
        }
    }

    #[test]
    fn no_two_kinds_share_a_name() {
        let mut slugs: Vec<&str> = ALL.iter().map(|kind| kind.slug).collect();
        slugs.sort_unstable();
        slugs.dedup();
        assert_eq!(slugs.len(), ALL.len());
    }
}
