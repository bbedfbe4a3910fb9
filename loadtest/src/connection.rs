//! One client of a closed loop: a TCP connection with one request in flight.
//!
//! The request's bytes are kept: a submission changes its body alone. The answer is read into one buffer, which is lent
//! out until the next request. A request costs two system calls and no allocation.

use crate::answer::{Answer, Head, MalformedAnswer};
use crate::target::Target;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long a connection may take to open.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long an answer may take: above the log's own bound for a request (30 s), so that its refusal is seen.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(40);

/// How often a lost connection is opened anew before its client gives up.
const REOPENINGS_MAX: u32 = 3;

/// The pause before each of these: a server that is being restarted is not hammered.
const REOPENING_PAUSE: Duration = Duration::from_millis(200);

/// Where an answer's buffer begins: one receipt under a tree of 2^20 entries is about 5 KB.
const ANSWER_LEN: usize = 8 << 10;

/// A connection to the log.
#[derive(Debug)]
pub struct Connection {
    target: Arc<Target>,
    stream: TcpStream,
    /// The stream takes no further request: the log said so, or an answer is missing.
    spent: bool,
    submission: Submission,
    arrived: Vec<u8>,
}

impl Connection {
    /// Opens a connection.
    pub async fn open(target: Arc<Target>) -> Result<Self, Lost> {
        Ok(Self {
            stream: connect(&target).await?,
            spent: false,
            submission: Submission::default(),
            arrived: Vec::with_capacity(ANSWER_LEN),
            target,
        })
    }

    /// Opens the connection anew after it was lost, with patience.
    pub async fn reopen(&mut self) -> Result<(), Lost> {
        let mut failed = 0;
        loop {
            tokio::time::sleep(REOPENING_PAUSE).await;
            match self.renew().await {
                Err(_) if failed + 1 < REOPENINGS_MAX => failed += 1,
                done => return done,
            }
        }
    }

    /// Sends entries, 162 bytes each, and waits for the whole answer. Nothing is sent twice.
    pub async fn submit(&mut self, entries: &[u8]) -> Result<Answer<'_>, Lost> {
        self.submission.set(&self.target, entries);
        let request = std::mem::take(&mut self.submission.bytes);
        let head = self.exchange(&request).await;
        self.submission.bytes = request;
        let head = head?;
        Ok(Answer {
            status: head.status,
            body: &self.arrived[head.len..],
        })
    }

    /// Posts a body to a route and waits for the whole answer.
    pub async fn post(
        &mut self,
        route: &str,
        media_type: &str,
        body: &[u8],
    ) -> Result<Answer<'_>, Lost> {
        let head = format!(
            "POST {} HTTP/1.1\r\nhost: {}\r\ncontent-type: {media_type}\r\ncontent-length: {}\r\n\r\n",
            self.target.path(route),
            self.target.authority(),
            body.len()
        );
        let head = self.exchange(&[head.as_bytes(), body].concat()).await?;
        Ok(Answer {
            status: head.status,
            body: &self.arrived[head.len..],
        })
    }

    /// Reads a route.
    pub async fn get(&mut self, route: &str) -> Result<Answer<'_>, Lost> {
        let request = format!(
            "GET {} HTTP/1.1\r\nhost: {}\r\naccept: application/json\r\n\r\n",
            self.target.path(route),
            self.target.authority()
        );
        let head = self.exchange(request.as_bytes()).await?;
        Ok(Answer {
            status: head.status,
            body: &self.arrived[head.len..],
        })
    }

    async fn renew(&mut self) -> Result<(), Lost> {
        self.stream = connect(&self.target).await?;
        self.spent = false;
        Ok(())
    }

    async fn exchange(&mut self, request: &[u8]) -> Result<Head, Lost> {
        if self.spent {
            self.renew().await?;
        }
        self.spent = true;
        self.arrived.clear();
        let (stream, arrived) = (&mut self.stream, &mut self.arrived);
        let reading = async {
            stream.write_all(request).await?;
            read_answer(stream, arrived).await
        };
        let head = timeout(ANSWER_TIMEOUT, reading)
            .await
            .map_err(|_| Lost::Late)??;
        self.spent = !head.keeps_open;
        Ok(head)
    }
}

/// Why a request has no answer. The entries may have been logged all the same.
#[derive(Debug, thiserror::Error)]
pub enum Lost {
    /// No connection: nothing listens there, or the server takes no more.
    #[error("no connection to the log ({0}): is it running, and does it take so many connections?")]
    Connect(#[source] io::Error),
    /// The connection broke.
    #[error("the connection to the log broke: {0}")]
    Broken(#[from] io::Error),
    /// The log closed the connection before the answer was whole.
    #[error("the log closed the connection before the answer was whole")]
    Closed,
    /// The answer is not one that can be read.
    #[error(transparent)]
    Malformed(#[from] MalformedAnswer),
    /// The answer did not come in time.
    #[error("no answer within {} s", ANSWER_TIMEOUT.as_secs())]
    Late,
}

impl Lost {
    /// The word for it among the errors of a report.
    pub const fn slug(&self) -> &'static str {
        match self {
            Self::Connect(_) => "connection-refused",
            Self::Broken(_) | Self::Closed => "connection-lost",
            Self::Malformed(_) => "answer-malformed",
            Self::Late => "answer-late",
        }
    }
}

/// The bytes of a submission; the head is written again only when the length changes.
#[derive(Debug, Default)]
struct Submission {
    bytes: Vec<u8>,
    head_len: usize,
}

impl Submission {
    fn set(&mut self, target: &Target, entries: &[u8]) {
        if self.bytes.len() - self.head_len != entries.len() || self.bytes.is_empty() {
            let head = format!(
                "POST {} HTTP/1.1\r\nhost: {}\r\naccept: application/json\r\n\
                 content-type: application/octet-stream\r\ncontent-length: {}\r\n\r\n",
                target.path("/v1/entries"),
                target.authority(),
                entries.len()
            );
            self.head_len = head.len();
            self.bytes = head.into_bytes();
        }
        self.bytes.truncate(self.head_len);
        self.bytes.extend_from_slice(entries);
    }
}

async fn connect(target: &Target) -> Result<TcpStream, Lost> {
    let stream = timeout(CONNECT_TIMEOUT, TcpStream::connect(target.address()))
        .await
        .map_err(|_| Lost::Connect(io::ErrorKind::TimedOut.into()))?
        .map_err(Lost::Connect)?;
    // A request is one segment or a few: it must not wait for an acknowledgement.
    stream.set_nodelay(true)?;
    Ok(stream)
}

async fn read_answer(stream: &mut TcpStream, arrived: &mut Vec<u8>) -> Result<Head, Lost> {
    let mut head = None;
    loop {
        if stream.read_buf(arrived).await? == 0 {
            return Err(Lost::Closed);
        }
        if head.is_none() {
            head = Head::parse(arrived)?;
        }
        let Some(head) = head else { continue };
        let whole = head.len + head.body_len;
        if arrived.len() > whole {
            return Err(MalformedAnswer::Trailing.into());
        }
        if arrived.len() == whole {
            return Ok(head);
        }
        arrived.reserve(whole - arrived.len());
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests;
