//! Requests one after the other on one connection, written by hand: a client library would open another one unseen.

use std::io;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// How long all answers together may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// The largest answer that is read, in bytes: a hundred lines of ML-DSA-44 fit.
const ANSWER_MAX: usize = 512 * 1024;

/// Posts these bodies to a path of a host on one connection; the status of each answer that came before it ended.
pub async fn post_all(host: &str, path: &str, bodies: &[String]) -> io::Result<Vec<u16>> {
    let all = async {
        let with_port = if host.contains(':') {
            host.to_owned()
        } else {
            format!("{host}:80")
        };
        let mut stream = TcpStream::connect(with_port).await?;
        let mut statuses = Vec::new();
        for body in bodies {
            let head = format!(
                "POST {path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            let sent = async {
                stream.write_all(head.as_bytes()).await?;
                stream.write_all(body.as_bytes()).await
            };
            if sent.await.is_err() {
                break;
            }
            match answer(&mut stream).await? {
                Some(status) => statuses.push(status),
                None => break,
            }
        }
        Ok(statuses)
    };
    let ended = tokio::time::timeout(PATIENCE, all).await;
    ended.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}

/// The status of the next answer, of which nothing is left on the connection; none if the connection ended.
async fn answer(stream: &mut TcpStream) -> io::Result<Option<u16>> {
    let mut raw = Vec::new();
    while raw.len() <= ANSWER_MAX {
        if let Some(status) = whole(&raw) {
            return Ok(Some(status));
        }
        let mut chunk = [0; 4096];
        match stream.read(&mut chunk).await {
            Ok(0) => return Ok(None),
            Ok(read) => raw.extend_from_slice(&chunk[..read]),
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(None),
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::from(io::ErrorKind::FileTooLarge))
}

/// The status, once the answer is whole: `HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok`, or in chunks.
fn whole(raw: &[u8]) -> Option<u16> {
    let end = raw.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&raw[..end]).ok()?.to_ascii_lowercase();
    let body = &raw[end + 4..];
    let header = |name: &str| {
        let line = head.lines().find_map(|line| line.strip_prefix(name));
        line.map(str::trim)
    };
    let is_whole = match (header("content-length:"), header("transfer-encoding:")) {
        (Some(length), _) => body.len() >= length.parse().ok()?,
        (None, Some(_)) => body.ends_with(b"0\r\n\r\n"),
        (None, None) => true,
    };
    let status = head.split(' ').nth(1)?.parse().ok()?;
    is_whole.then_some(status)
}

#[cfg(test)]
mod tests {
    use super::whole;

    #[test]
    fn an_answer_is_whole_when_its_body_is() {
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";
        assert_eq!(whole(format!("{head}ok").as_bytes()), Some(200));
        assert_eq!(whole(format!("{head}o").as_bytes()), None);
        assert_eq!(whole(&head.as_bytes()[..20]), None);
        let chunked = "HTTP/1.1 409 -\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n";
        assert_eq!(whole(chunked.as_bytes()), None);
        assert_eq!(whole(format!("{chunked}0\r\n\r\n").as_bytes()), Some(409));
    }
}
