//! A witness behind HTTP. <https://c2sp.org/tlog-witness>

use super::{Answer, Silence, Witness};
use async_trait::async_trait;
use reqwest::{Client, Response, StatusCode};
use std::time::Duration;
use tlog::{AddCheckpoint, NOTE_BYTES_MAX, Note, SignatureLine, TreeSize};

/// A witness that takes longer is treated as silent for this head: `?wait=witnessed` waits no longer either.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// Connecting across a country takes less; a machine that is off takes for ever.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// A witness at an address.
pub struct HttpWitness {
    client: Client,
    add_checkpoint: String,
    checkpoint: String,
}

impl HttpWitness {
    /// The witness whose submission and monitoring prefix is `url`; `origin_hash` names this log there.
    pub fn new(client: Client, url: &str, origin_hash: &[u8; 32]) -> Self {
        let url = url.trim_end_matches('/');
        Self {
            client,
            add_checkpoint: format!("{url}/add-checkpoint"),
            checkpoint: format!("{url}/{}/checkpoint", hex::encode(origin_hash)),
        }
    }

    /// A client for all witnesses: connections are kept, redirects are not followed (a checkpoint that no witness has
    /// seen goes to the address in the policy and to no other).
    pub fn client() -> Result<Client, reqwest::Error> {
        Client::builder()
            .timeout(ANSWER_TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .tcp_nodelay(true)
            .build()
    }
}

#[async_trait]
impl Witness for HttpWitness {
    async fn add_checkpoint(&self, request: &AddCheckpoint) -> Result<Answer, Silence> {
        let sent = self
            .client
            .post(&self.add_checkpoint)
            .body(request.to_string());
        let response = sent.send().await.map_err(unanswered)?;
        let status = response.status();
        let body = bounded(response).await?;
        Ok(match status {
            StatusCode::OK => Answer::Cosigned(
                SignatureLine::parse_all(&body)
                    .map_err(|_| Silence("it answered with no signature lines".to_owned()))?,
            ),
            StatusCode::CONFLICT => Answer::Recorded(recorded(&body)),
            StatusCode::UNPROCESSABLE_ENTITY => Answer::DoesNotFollow,
            other => Answer::Status(other.as_u16()),
        })
    }

    async fn shown(&self) -> Result<Option<Note>, Silence> {
        let response = self
            .client
            .get(&self.checkpoint)
            .send()
            .await
            .map_err(unanswered)?;
        match response.status() {
            StatusCode::OK => {
                let body = bounded(response).await?;
                Note::parse(&body)
                    .map(Some)
                    .map_err(|_| Silence("what it shows is no checkpoint".to_owned()))
            }
            StatusCode::NOT_FOUND => Ok(None),
            other => Err(Silence(format!(
                "it answered {} when asked for its checkpoint",
                other.as_u16()
            ))),
        }
    }
}

/// `<size>\n` (c2sp.org/tlog-witness, 409).
fn recorded(body: &[u8]) -> Option<TreeSize> {
    let text = str::from_utf8(body).ok()?;
    TreeSize::from_decimal(text.strip_suffix('\n').unwrap_or(text)).ok()
}

/// The body, if it is no longer than a note may be.
async fn bounded(mut response: Response) -> Result<Vec<u8>, Silence> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unanswered)? {
        if body.len() + chunk.len() > NOTE_BYTES_MAX {
            return Err(Silence("it answered with more than a note".to_owned()));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Says what happened without the address, which the operator knows.
#[expect(
    clippy::needless_pass_by_value,
    reason = "it is handed to map_err, which gives it away"
)]
fn unanswered(error: reqwest::Error) -> Silence {
    let what = if error.is_connect() {
        "nothing answers at its address"
    } else if error.is_timeout() {
        "it did not answer in time"
    } else {
        "it broke off its answer"
    };
    Silence(what.to_owned())
}
