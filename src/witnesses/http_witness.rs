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

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on must panic")]
mod tests {
    use super::{Answer, HttpWitness, Silence, Witness as _};
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;
    use tlog::{AddCheckpoint, Checkpoint, Hash, NOTE_BYTES_MAX, Note, Origin, TreeSize};
    use tlog::{KeyId, KeyName, SignatureLine};

    /// The address of a witness that answers whatever it is asked with these bytes, and hangs up.
    fn witness(answer: Vec<u8>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut asked = [0; 4096];
            let _ = stream.read(&mut asked);
            let _ = stream.write_all(&answer);
        });
        format!("http://{address}")
    }

    fn with(status: &str, body: &str) -> Vec<u8> {
        format!(
            "HTTP/1.1 {status} -\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    }

    fn request() -> AddCheckpoint {
        let origin = Origin::new("log.example.org/test").unwrap();
        let text = Checkpoint::new(&origin, TreeSize::new(1).unwrap(), Hash::of_leaf(b"d0")).text();
        let name = KeyName::new("log.example.org/test").unwrap();
        let line = SignatureLine::new(name, KeyId::new([1; 4]), vec![7; 64]).unwrap();
        AddCheckpoint::new(
            TreeSize::ZERO,
            Vec::new(),
            Note::new(text, vec![line]).unwrap(),
        )
        .unwrap()
    }

    async fn asked(answer: Vec<u8>) -> Result<Answer, Silence> {
        let client = HttpWitness::client().unwrap();
        let witness = HttpWitness::new(client, &witness(answer), &[7; 32]);
        witness.add_checkpoint(&request()).await
    }

    #[tokio::test]
    async fn each_answer_is_read_as_the_claim_that_it_is() {
        let size = |size| Some(TreeSize::new(size).unwrap());
        for (answer, claim) in [
            (with("409", "7\n"), Answer::Recorded(size(7))),
            (
                with("409", "18446744073709551615\n"),
                Answer::Recorded(None),
            ),
            (with("409", "07\n"), Answer::Recorded(None)),
            (with("409", ""), Answer::Recorded(None)),
            (with("422", "no"), Answer::DoesNotFollow),
            (with("404", ""), Answer::Status(404)),
            (with("503", ""), Answer::Status(503)),
            (with("302", ""), Answer::Status(302)),
        ] {
            assert_eq!(asked(answer).await, Ok(claim));
        }
    }

    #[tokio::test]
    async fn what_is_no_answer_is_silence() {
        let long = "x".repeat(NOTE_BYTES_MAX + 1);
        for answer in [
            with("200", "garbage"),
            with("200", &long),
            b"HTTP/1.1 200 -\r\ncontent-length: 99\r\n\r\ncut off".to_vec(),
            b"no HTTP".to_vec(),
            Vec::new(),
        ] {
            assert!(asked(answer).await.is_err());
        }
        let nobody = HttpWitness::new(
            HttpWitness::client().unwrap(),
            "http://127.0.0.1:1",
            &[7; 32],
        );
        assert!(nobody.add_checkpoint(&request()).await.is_err());
        assert!(nobody.shown().await.is_err());
    }
}
