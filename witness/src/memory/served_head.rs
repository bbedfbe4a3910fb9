//! The logs' memory: our newest cosignature in the head that a log serves at `<url>/checkpoint`; and, when others have
//! cosigned newer heads meanwhile, the last one of ours that the log keeps at `<url>/v1/seen/<key hash>/<origin hash>`.

use super::Recall;
use crate::head::Head;
use crate::known_log::Enrolled;
use aws_lc_rs::digest::{SHA256, digest};
use reqwest::StatusCode;
use service::AwsLc;
use std::time::Duration;
use tlog::{Checkpoint, Latest, NOTE_BYTES_MAX, Note, Vkey, verify_line};

/// How long a log may take to show its head.
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks the logs.
#[derive(Debug)]
pub struct ServedHeads {
    client: reqwest::Client,
    own: [Vkey; 2],
}

impl ServedHeads {
    /// Looks for signatures by these keys of ours.
    pub fn new(own: &[Vkey; 2]) -> Result<Self, reqwest::Error> {
        Ok(Self {
            client: client()?,
            own: own.clone(),
        })
    }

    /// What the log remembers.
    pub async fn recall(&self, log: &Enrolled) -> Recall {
        match &log.url {
            None => Recall::Silent("no address is known".to_owned()),
            Some(url) => self
                .ask(url, &log.origin)
                .await
                .unwrap_or_else(Recall::Silent),
        }
    }

    async fn ask(&self, url: &str, origin: &str) -> Result<Recall, String> {
        let [key, _] = &self.own;
        let hash = |text: &str| hex::encode(digest(&SHA256, text.as_bytes()));
        let seen = format!("v1/seen/{}/{}", hash(&key.to_string()), hash(origin));
        let served = self.read(url, "checkpoint", origin).await;
        if matches!(served, Ok(Recall::Signed(_))) {
            return served;
        }
        // A log that keeps none of ours, or does not know the question, has said all with its head.
        match self.read(url, &seen, origin).await {
            Ok(Recall::Signed(head)) => Ok(Recall::Signed(head)),
            _ => served,
        }
    }

    async fn read(&self, url: &str, path: &str, origin: &str) -> Result<Recall, String> {
        let address = format!("{url}/{path}");
        let answer = self.client.get(address).send().await;
        let answer = answer.map_err(|error| in_full(&error))?;
        match answer.status() {
            // No head that may be shown yet.
            StatusCode::NOT_FOUND => return Ok(Recall::NeverSigned),
            status if !status.is_success() => return Err(format!("it answered {status}")),
            _ => {}
        }
        let bytes = body(answer, NOTE_BYTES_MAX).await?;
        recall_from(&bytes, origin, &self.own)
    }
}

/// A client with an end to every wait.
pub fn client() -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .timeout(PATIENCE)
        .redirect(reqwest::redirect::Policy::limited(3))
        .build()
}

/// The body of an answer, of at most so many bytes.
pub async fn body(mut answer: reqwest::Response, max: usize) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| in_full(&error))? {
        if body.len() + chunk.len() > max {
            return Err(format!("its answer is longer than {max} bytes"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Our newest valid line in a note. That the log signed it too does not matter: our own line binds us.
pub(super) fn recall_from(bytes: &[u8], origin: &str, own: &[Vkey; 2]) -> Result<Recall, String> {
    let malformed = |why: String| format!("its checkpoint is malformed: {why}");
    let note = Note::parse(bytes).map_err(|error| malformed(error.to_string()))?;
    let checkpoint =
        Checkpoint::parse(note.text()).map_err(|error| malformed(error.to_string()))?;
    if checkpoint.origin() != origin {
        return Err("it serves the checkpoint of another origin".to_owned());
    }
    let time_s = own
        .iter()
        .flat_map(|vkey| note.lines().iter().map(move |line| (vkey, line)))
        .filter_map(|(vkey, line)| verify_line(vkey, &checkpoint, note.text(), line, &AwsLc).ok())
        .filter_map(|line| line.time.seconds())
        .max();
    Ok(time_s.map_or(Recall::NeverSigned, |time_s| {
        Recall::Signed(Head {
            latest: Latest::new(checkpoint.size(), checkpoint.root()),
            time_s,
        })
    }))
}

/// An error with its causes: reqwest's own sentence leaves the cause out.
pub fn in_full(error: &dyn std::error::Error) -> String {
    let mut sentence = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        sentence = format!("{sentence}: {error}");
        cause = error.source();
    }
    sentence
}
