//! Answers of the log, read as little as the hot path can bear: status, length, and how many entries were accepted.
//!
//! ```text
//! HTTP/1.1 200 OK␍␊
//! content-type: application/json␍␊
//! content-length: 4612␍␊
//! ␍␊
//! {"state":"logged",…,"results":[{"status":200,…},…]}
//! ```
//!
//! Bodies of unknown length (chunked, or until the connection closes) are out of scope: the log always states one.

use serde::Deserialize;
use std::collections::BTreeMap;

/// The longest head that is read. The log sends about 200 bytes.
pub const HEAD_LEN_MAX: usize = 16 << 10;

/// The longest body that is read: 1,024 receipts of about 2 KB, four times over.
pub const BODY_LEN_MAX: usize = 8 << 20;

/// The longest problem slug that a report repeats.
const SLUG_LEN_MAX: usize = 40;

/// What of an answer's head matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The HTTP status.
    pub status: u16,
    /// Where the body begins, in bytes.
    pub len: usize,
    /// The length of the body, in bytes.
    pub body_len: usize,
    /// Whether the connection takes another request.
    pub keeps_open: bool,
}

impl Head {
    /// Reads the head at the front of what has arrived; `None` while its end has not.
    pub fn parse(bytes: &[u8]) -> Result<Option<Self>, MalformedAnswer> {
        let Some(end) = memchr::memmem::find(bytes, b"\r\n\r\n") else {
            if bytes.len() > HEAD_LEN_MAX {
                return Err(MalformedAnswer::HeadTooLong);
            }
            return Ok(None);
        };
        let head = str::from_utf8(&bytes[..end]).map_err(|_| MalformedAnswer::NotHttp)?;
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(status_of);
        let status = status.ok_or(MalformedAnswer::NotHttp)?;
        let (mut body_len, mut keeps_open) = (None, true);
        for line in lines {
            let (name, value) = line.split_once(':').ok_or(MalformedAnswer::NotHttp)?;
            let value = value.trim();
            if name.eq_ignore_ascii_case("content-length") {
                let length = value.parse().map_err(|_| MalformedAnswer::Length)?;
                // Two lengths are how answers are smuggled (RFC 9110 §8.6).
                if body_len.replace(length).is_some() {
                    return Err(MalformedAnswer::Length);
                }
            } else if name.eq_ignore_ascii_case("transfer-encoding") {
                return Err(MalformedAnswer::Length);
            } else if name.eq_ignore_ascii_case("connection") {
                keeps_open = !value.eq_ignore_ascii_case("close");
            }
        }
        let body_len = body_len.ok_or(MalformedAnswer::Length)?;
        if body_len > BODY_LEN_MAX {
            return Err(MalformedAnswer::BodyTooLong);
        }
        Ok(Some(Self {
            status,
            len: end + 4,
            body_len,
            keeps_open,
        }))
    }
}

/// A whole answer, in the connection's own buffer.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: &'a [u8],
}

impl Answer<'_> {
    /// How many of the entries sent were logged, and the problems of the rest.
    pub fn outcome(&self, sent: usize) -> Outcome {
        if self.status != 200 {
            return Outcome::refused(self.slug(), sent);
        }
        // One entry has its status in the head. For many, the log's JSON is compact: counting the statuses costs a
        // hundredth of parsing them. Anything unexpected is parsed.
        if sent == 1 || memchr::memmem::find_iter(self.body, br#""status":200"#).count() == sent {
            return Outcome::accepted(sent);
        }
        let Ok(batch) = serde_json::from_slice::<Batch<'_>>(self.body) else {
            return Outcome::refused("answer-malformed".to_owned(), sent);
        };
        let mut outcome = Outcome::accepted(0);
        for result in &batch.results {
            match result.status {
                200 => outcome.accepted += 1,
                _ => outcome.refuse(result.slug(), 1),
            }
        }
        match sent.checked_sub(batch.results.len()) {
            Some(0) => {}
            Some(missing) => outcome.refuse("answer-missing".to_owned(), missing),
            None => return Outcome::refused("answer-malformed".to_owned(), sent),
        }
        outcome
    }

    /// The problem that this answer tells, or its bare status.
    fn slug(&self) -> String {
        serde_json::from_slice::<Problem<'_>>(self.body)
            .ok()
            .and_then(|problem| known_slug(problem.slug?))
            .unwrap_or_else(|| format!("http-{}", self.status))
    }
}

/// What became of the entries of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Entries that are logged.
    pub accepted: usize,
    /// Entries that are not, by problem: the slug of the problem's type, or what happened to the connection.
    pub refused: BTreeMap<String, usize>,
}

impl Outcome {
    fn accepted(accepted: usize) -> Self {
        Self {
            accepted,
            refused: BTreeMap::new(),
        }
    }

    fn refused(slug: String, entries: usize) -> Self {
        Self {
            accepted: 0,
            refused: BTreeMap::from([(slug, entries)]),
        }
    }

    fn refuse(&mut self, slug: String, entries: usize) {
        *self.refused.entry(slug).or_default() += entries;
    }
}

/// Why bytes are no answer that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MalformedAnswer {
    /// No HTTP/1.1 status line and header lines.
    #[error("the answer is no HTTP/1.1: is --log the address of a log?")]
    NotHttp,
    /// The head does not end.
    #[error("the head of the answer is longer than {HEAD_LEN_MAX} bytes")]
    HeadTooLong,
    /// No single `content-length`.
    #[error("the answer states no single content-length")]
    Length,
    /// The body is longer than any answer of a log.
    #[error("the body of the answer is longer than {BODY_LEN_MAX} bytes")]
    BodyTooLong,
    /// More bytes than stated: they would be taken for the next answer.
    #[error("the answer is longer than it states")]
    Trailing,
}

#[derive(Deserialize)]
struct Batch<'a> {
    #[serde(borrow)]
    results: Vec<BatchResult<'a>>,
}

#[derive(Deserialize)]
struct BatchResult<'a> {
    status: u16,
    #[serde(rename = "type")]
    slug: Option<&'a str>,
}

impl BatchResult<'_> {
    fn slug(&self) -> String {
        self.slug
            .and_then(known_slug)
            .unwrap_or_else(|| format!("http-{}", self.status))
    }
}

#[derive(Deserialize)]
struct Problem<'a> {
    #[serde(rename = "type")]
    slug: Option<&'a str>,
}

/// `HTTP/1.1 200 OK` → 200.
fn status_of(line: &str) -> Option<u16> {
    let rest = line.strip_prefix("HTTP/1.1 ")?;
    let (digits, reason) = rest.split_at_checked(3)?;
    let bounded = reason.is_empty() || reason.starts_with(' ');
    let numeric = digits.bytes().all(|b| b.is_ascii_digit());
    (bounded && numeric).then(|| digits.parse().ok()).flatten()
}

/// `/docs/problems#slot-taken` → `slot-taken`. Only a short word of small letters reaches the report.
fn known_slug(problem_type: &str) -> Option<String> {
    let (_, slug) = problem_type.rsplit_once('#')?;
    let short = (1..=SLUG_LEN_MAX).contains(&slug.len());
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (short && slug.bytes().all(plain)).then(|| slug.to_owned())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests;
