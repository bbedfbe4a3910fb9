//! HTTP/1.1 by hand: one request on one connection, byte for byte as it is written here.
//!
//! Journeys ask what no polite client would send (crooked paths, cut bodies), and the demo asks little: so there is
//! nothing between them and the socket. No TLS, no redirects, no compression.

use std::collections::BTreeSet;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// What the log answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The header lines in their order, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// How long to wait for a connection and between two pieces of an answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// The longest answer that is read, in bytes: the log's largest (1,024 results with proofs) are under 4 MiB.
const ANSWER_MAX: u64 = 16 << 20;

/// Asks for `path` at the log `url` (`http://HOST:PORT`).
pub fn get(url: &str, path: &str) -> io::Result<Answer> {
    send(url, "GET", path, &[], &[])
}

/// Answers the one request of a connection: `answer` is told the path, and says status and body.
pub fn answer(
    mut stream: &TcpStream,
    answer: impl FnOnce(&str) -> io::Result<(u16, Vec<u8>)>,
) -> io::Result<()> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    while lines
        .next()
        .transpose()?
        .is_some_and(|line| !line.is_empty())
    {}
    let (status, body) = answer(first.split(' ').nth(1).unwrap_or("/"))?;
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status} -\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
    )?;
    stream.write_all(&body)
}

/// Posts `body` of the media type `kind` to `path`.
pub fn post(url: &str, path: &str, kind: &str, body: &[u8]) -> io::Result<Answer> {
    send(url, "POST", path, &[("content-type", kind)], body)
}

/// Sends one request. `path` goes out as it is: nothing is escaped or straightened.
pub fn send(
    url: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> io::Result<Answer> {
    use std::fmt::Write as _;
    let host = url
        .strip_prefix("http://")
        .unwrap_or(url)
        .trim_end_matches('/');
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n");
    for (name, value) in headers {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    if method != "GET" {
        let _ = write!(head, "content-length: {}\r\n", body.len());
    }
    head.push_str("\r\n");
    let mut stream = TcpStream::connect(host)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    // A log that refuses a body early closes before it has read all of it: its answer counts, not our broken pipe.
    let sent = stream
        .write_all(head.as_bytes())
        .and_then(|()| stream.write_all(body));
    let mut raw = Vec::new();
    let read = stream.take(ANSWER_MAX).read_to_end(&mut raw);
    if let Some(answer) = parse(&raw) {
        note_problems(&answer);
        return Ok(answer);
    }
    sent?;
    read?;
    Err(io::Error::new(
        io::ErrorKind::UnexpectedEof,
        "the connection ended before the answer did",
    ))
}

impl Answer {
    /// The first header of that name (lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// The body as text; bytes that are no UTF-8 become U+FFFD.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; null if it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The last part of a problem's `type`: `slot-taken` of `/docs/problems#slot-taken`.
    pub fn problem(&self) -> Option<String> {
        problem(&self.json())
    }
}

/// The last part of the `type` of a problem document.
pub fn problem(document: &serde_json::Value) -> Option<String> {
    let (_, slug) = document.get("type")?.as_str()?.rsplit_once('#')?;
    Some(slug.to_owned())
}

/// Every kind of problem that this process was told so far, as an answer of its own or as a result within one. Journeys
/// compare it with the list of the log.
pub fn problems_met() -> BTreeSet<String> {
    MET.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

static MET: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

fn note_problems(answer: &Answer) {
    let document = answer.json();
    let results = document
        .get("results")
        .and_then(serde_json::Value::as_array);
    let of_results = results.into_iter().flatten().filter_map(problem);
    let met = problem(&document).into_iter().chain(of_results);
    MET.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .extend(met);
}

/// `HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok`; `None` if it was cut.
fn parse(raw: &[u8]) -> Option<Answer> {
    let end = raw.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(raw.get(..end)?).ok()?;
    let body = raw.get(end + 4..)?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let mut answer = Answer {
        status,
        headers,
        body: Vec::new(),
    };
    let length = answer.header("content-length").map(str::parse::<usize>);
    answer.body = match (length, answer.header("transfer-encoding")) {
        (Some(length), _) => body.get(..length.ok()?)?.to_vec(),
        (None, Some("chunked")) => unchunk(body)?,
        (None, _) => body.to_vec(),
    };
    Some(answer)
}

/// `2\r\nok\r\n0\r\n\r\n`
fn unchunk(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|two| two == b"\r\n")?;
        let size = std::str::from_utf8(rest.get(..end)?).ok()?;
        let size = usize::from_str_radix(size.split(';').next()?, 16).ok()?;
        if size == 0 {
            return Some(body);
        }
        let from = end + 2;
        let to = from.checked_add(size)?;
        body.extend_from_slice(rest.get(from..to)?);
        rest = rest.get(to + 2..)?;
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may fail loudly")]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_to_its_stated_length() {
        let answer =
            parse(b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\nX-A: b\r\n\r\nok?").unwrap();
        assert_eq!(
            (answer.status, answer.body.as_slice()),
            (404, b"ok".as_slice())
        );
        assert_eq!(answer.header("x-a"), Some("b"));
    }

    #[test]
    fn a_cut_answer_is_no_answer() {
        for raw in [
            b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nok".as_slice(),
            b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n",
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhel",
            b"",
        ] {
            assert!(parse(raw).is_none());
        }
    }

    #[test]
    fn chunks_are_joined() {
        let raw = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n";
        assert_eq!(parse(raw).unwrap().body, b"hello");
    }

    #[test]
    fn the_problem_is_the_last_part_of_its_type() {
        let document = serde_json::json!({"type": "/docs/problems#slot-taken"});
        assert_eq!(problem(&document).as_deref(), Some("slot-taken"));
        assert_eq!(problem(&serde_json::json!({})), None);
    }
}
