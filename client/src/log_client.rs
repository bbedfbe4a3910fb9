//! The log's HTTP API from the caller's side. One call, one question; nothing is retried and nothing is verified here.

use crate::log_answer::{
    self, KeyLine, LogInfo, MalformedAnswer, NoticeLine, ReceiptAnswer, Submitted,
};
use crate::log_problem::LogProblem;
use crate::patience::Passing;
use evidence::{ENTRY_LEN, Entry, Slot};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{Client, RequestBuilder, StatusCode, Url, redirect};
use std::time::Duration;
use tlog::{Hash, LeafIndex, Note};

/// Entries in one request (the API's own limit).
pub const ENTRIES_MAX: usize = 1_024;
/// A full batch's answer is 1,024 × (entry 216 + 63 hashes of 47 bytes) and a checkpoint: below 4 MiB.
const ANSWER_BYTES_MAX: usize = 8 << 20;
/// A log on this planet takes a connection in less.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The log answers after 5 s at the latest, when witnesses are slow; a batch over a thin line takes a little more.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);

/// A log at an address.
#[derive(Clone, Debug)]
pub struct LogClient {
    base: Url,
    http: Client,
}

/// Which receipt is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReceiptOf {
    /// The entry at this position, under the earliest kept head: the earliest provable time.
    Earliest(LeafIndex),
    /// The entry at this position, under the newest head.
    Newest(LeafIndex),
    /// The entry with this leaf hash, under the newest head.
    Leaf(Hash),
    /// The entry in this slot, under the newest head.
    Slot(Slot),
}

/// How long the log may keep a submitter waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// Until the entries are in the tree.
    Logged,
    /// As long as the log chooses to wait for its witnesses, which is seconds.
    Witnessed,
}

impl LogClient {
    /// Takes a base address such as `https://log.example` or `http://127.0.0.1:8080/log/`. Nothing is sent.
    pub fn new(address: &str) -> Result<Self, NoClient> {
        let slash = if address.ends_with('/') { "" } else { "/" };
        let base = Url::parse(&format!("{address}{slash}")).map_err(|_| NoClient::Address)?;
        if !matches!(base.scheme(), "http" | "https") || base.query().is_some() {
            return Err(NoClient::Address);
        }
        let http = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(CALL_TIMEOUT)
            // A log that moved is a matter for a person: a redirect could carry entries to a stranger.
            .redirect(redirect::Policy::none())
            .user_agent(concat!("notary/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(NoClient::Tls)?;
        Ok(Self { base, http })
    }

    /// `POST /v1/entries` with at most [`ENTRIES_MAX`] entries. The answer has one result for each.
    pub async fn submit(&self, entries: &[Entry], until: Until) -> Result<Submitted, CallError> {
        let mut body = Vec::with_capacity(entries.len() * ENTRY_LEN);
        for entry in entries {
            body.extend_from_slice(&entry.to_bytes());
        }
        let request = self
            .http
            .post(self.url(match until {
                Until::Logged => "v1/entries?wait=logged",
                Until::Witnessed => "v1/entries",
            })?)
            .header(CONTENT_TYPE, "application/octet-stream")
            .header(ACCEPT, "application/json")
            .body(body);
        let submitted = match call(request).await {
            Ok(answer) => Submitted::from_body(&answer.body)?,
            // One entry alone that is refused answers with its own status and problem.
            Err(CallError::Refused(problem)) if entries.len() == 1 && is_of_entry(&problem) => {
                Submitted {
                    checkpoint: None,
                    unwitnessed: false,
                    awaits: None,
                    results: vec![Err(problem)],
                }
            }
            Err(error) => return Err(error),
        };
        if submitted.results.len() != entries.len() {
            return Err(MalformedAnswer { what: "results" }.into());
        }
        Ok(submitted)
    }

    /// `GET /v1/receipts/…`.
    pub async fn receipt(&self, of: ReceiptOf) -> Result<ReceiptAnswer, CallError> {
        let path = match of {
            ReceiptOf::Earliest(index) => format!("v1/receipts/{index}"),
            ReceiptOf::Newest(index) => format!("v1/receipts/{index}?newest=1"),
            ReceiptOf::Leaf(hash) => {
                let hash = hex::encode(hash.as_bytes());
                format!("v1/receipts?hash={hash}&newest=1")
            }
            ReceiptOf::Slot(slot) => format!("v1/receipts?slot={slot}&newest=1"),
        };
        let answer = call(self.http.get(self.url(&path)?).header(ACCEPT, "text/plain")).await?;
        Ok(if answer.status == StatusCode::ACCEPTED {
            ReceiptAnswer::not_yet(&answer.body)?
        } else {
            ReceiptAnswer::kept(&answer.body)?
        })
    }

    /// `GET /checkpoint`.
    pub async fn checkpoint(&self) -> Result<Note, CallError> {
        let answer = self.get("checkpoint").await?;
        Note::parse(&answer.body).map_err(|_| MalformedAnswer { what: "checkpoint" }.into())
    }

    /// `GET /v1/log`.
    pub async fn log_info(&self) -> Result<LogInfo, CallError> {
        Ok(LogInfo::from_body(&self.get("v1/log").await?.body)?)
    }

    /// `GET /v1/notices/{sha256}`: the document's bytes, which have that hash.
    pub async fn notice(&self, sha256: &[u8; 32]) -> Result<Vec<u8>, CallError> {
        let path = format!("v1/notices/{}", hex::encode(sha256));
        let answer = self.get(&path).await?;
        if Hash::of(&answer.body).as_bytes() != sha256 {
            return Err(MalformedAnswer {
                what: "another notice",
            }
            .into());
        }
        Ok(answer.body)
    }

    /// `GET /v1/notices`: all notices in order.
    pub async fn notices(&self) -> Result<Vec<NoticeLine>, CallError> {
        Ok(log_answer::notice_lines(
            &self.get("v1/notices").await?.body,
        )?)
    }

    /// `GET /v1/keys`: the keys that the log has enrolled.
    pub async fn keys(&self) -> Result<Vec<KeyLine>, CallError> {
        Ok(log_answer::key_lines(&self.get("v1/keys").await?.body)?)
    }

    /// The tlog-policy text that the log proposes (from `GET /v1/log`).
    pub async fn policy(&self) -> Result<String, CallError> {
        Ok(self.log_info().await?.policy)
    }

    async fn get(&self, path: &str) -> Result<Answer, CallError> {
        call(self.http.get(self.url(path)?)).await
    }

    fn url(&self, path: &str) -> Result<Url, CallError> {
        self.base
            .join(path)
            .map_err(|_| MalformedAnswer { what: "address" }.into())
    }
}

/// Why a call gave no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// Nobody answered, or the connection broke. What was sent may have arrived.
    #[error("the log cannot be reached: {}", deepest(.0))]
    Unreachable(#[source] reqwest::Error),
    /// The log, or something before it, cannot answer now.
    #[error("the log is busy: {problem}")]
    Busy {
        /// What it said.
        problem: LogProblem,
        /// When it asked to be asked again.
        retry_after: Option<Duration>,
    },
    /// The same request will be refused again.
    #[error("the log refused this: {0}")]
    Refused(LogProblem),
    /// An answer, but not of a log.
    #[error(transparent)]
    Malformed(#[from] MalformedAnswer),
    /// An answer longer than any that the API describes.
    #[error("the server's answer is longer than any answer of a log")]
    TooLong,
}

impl Passing for CallError {
    fn is_passing(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Busy { .. })
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Busy { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NoClient {
    /// The text is no address of a log.
    #[error("an address of a log begins with http:// or https://, and has no ? part")]
    Address,
    /// This machine cannot speak TLS.
    #[error("TLS cannot be set up on this machine: {}", deepest(.0))]
    Tls(#[source] reqwest::Error),
}

struct Answer {
    status: StatusCode,
    body: Vec<u8>,
}

async fn call(request: RequestBuilder) -> Result<Answer, CallError> {
    let mut response = request.send().await.map_err(CallError::Unreachable)?;
    let status = response.status();
    let retry_after = retry_after(response.headers());
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(CallError::Unreachable)? {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(CallError::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    if status.is_success() {
        return Ok(Answer { status, body });
    }
    let problem = LogProblem::from_body(status.as_u16(), &body);
    Err(if problem.is_passing() {
        CallError::Busy {
            problem,
            retry_after,
        }
    } else {
        CallError::Refused(problem)
    })
}

/// `Retry-After: 7` (RFC 9110 §10.2.3); logs send seconds, never a date.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// Refusals of one entry, beside those of a whole request (400, 413, 415).
fn is_of_entry(problem: &LogProblem) -> bool {
    matches!(problem.status(), 403 | 409 | 422)
}

/// reqwest's own sentence says "error sending request"; the cause says why.
fn deepest(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_http_and_may_have_a_path() {
        for good in [
            "http://127.0.0.1:1",
            "https://log.example/a/b",
            "https://x/",
        ] {
            let client = LogClient::new(good).map(|client| client.url("v1/log").map(String::from));
            assert!(
                matches!(&client, Ok(Ok(url)) if *url == format!("{}/v1/log", good.trim_end_matches('/'))),
                "{client:?}"
            );
        }
        for bad in ["log.example", "ftp://x", "http://", "http://x/?a=b", ""] {
            let refused = LogClient::new(bad);
            assert!(matches!(refused, Err(NoClient::Address)), "{bad}");
        }
    }

    #[test]
    fn retry_after_is_read_in_seconds() {
        let mut headers = HeaderMap::new();
        assert_eq!(retry_after(&headers), None);
        headers.insert(RETRY_AFTER, "7".parse().expect("a header"));
        assert_eq!(retry_after(&headers), Some(Duration::from_secs(7)));
        headers.insert(RETRY_AFTER, "soon".parse().expect("a header"));
        assert_eq!(retry_after(&headers), None);
    }
}
