//! A witness from the outside, as whoever was shown a head asks it.

use reqwest::Client;
use serde::Deserialize;
use std::time::Duration;
use tlog::MISBEHAVIOR_BYTES_MAX;

/// A witness compares a head by some tiles of the log, and gives each five seconds.
const PATIENCE: Duration = Duration::from_secs(30);

/// The longest answer, in bytes: a verdict or a problem.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Asks a witness at its address.
#[derive(Debug)]
pub struct WitnessClient {
    client: Client,
    url: String,
}

/// What a witness says of a head. It is its word: a proof is fetched and judged by whoever asked.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Observed {
    /// `known`, `follows`, `proven`, `apart`, `uncompared`.
    pub verdict: String,
    /// Where the proof lies, if the witness says that there is one.
    pub proof: Option<String>,
    /// Why two heads are not joined.
    pub why: Option<String>,
}

impl WitnessClient {
    /// The witness at this address, `http://…` or `https://…`.
    pub fn new(url: &str) -> Result<Self, WitnessError> {
        let is_http = url.starts_with("http://") || url.starts_with("https://");
        if !is_http {
            return Err(WitnessError::Address);
        }
        let client = Client::builder()
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| WitnessError::Silent(error.to_string()))?;
        Ok(Self {
            client,
            url: url.trim_end_matches('/').to_owned(),
        })
    }

    /// Shows it a head, and hears what it says.
    pub async fn observe(&self, note: &str) -> Result<Observed, WitnessError> {
        let sent = self.client.post(format!("{}/v1/observe", self.url));
        let answer = sent.body(note.to_owned()).send().await?;
        let status = answer.status().as_u16();
        let body = body(answer, ANSWER_BYTES_MAX).await?;
        if status == 200 {
            return serde_json::from_slice(&body).map_err(|_| WitnessError::Answer);
        }
        let problem: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
        let title = problem["title"].as_str().unwrap_or_default();
        Err(WitnessError::Refused(status, title.to_owned()))
    }

    /// A proof that it says to hold.
    pub async fn proof(&self, path: &str) -> Result<Vec<u8>, WitnessError> {
        if !path.starts_with('/') {
            return Err(WitnessError::Answer);
        }
        let answer = self.client.get(format!("{}{path}", self.url));
        let answer = answer.send().await?;
        match answer.status().as_u16() {
            200 => body(answer, MISBEHAVIOR_BYTES_MAX).await,
            status => Err(WitnessError::Refused(status, String::new())),
        }
    }
}

/// Why a witness could not be asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WitnessError {
    /// No address.
    #[error("a witness has an address that begins with http:// or https://")]
    Address,
    /// It does not answer.
    #[error("it does not answer: {0}")]
    Silent(String),
    /// It answers with something else.
    #[error("it does not answer as a witness does")]
    Answer,
    /// It refuses: the status and its words.
    #[error("it answers {0} {1}")]
    Refused(u16, String),
}

impl From<reqwest::Error> for WitnessError {
    fn from(error: reqwest::Error) -> Self {
        let why = if error.is_timeout() {
            "it took too long"
        } else {
            "nothing listens at its address, or it broke off"
        };
        Self::Silent(why.to_owned())
    }
}

async fn body(mut answer: reqwest::Response, most: usize) -> Result<Vec<u8>, WitnessError> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        if body.len() + chunk.len() > most {
            return Err(WitnessError::Answer);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
