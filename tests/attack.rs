//! Attacks on an HTTP door, byte by byte, as no client library would send them. Each returns what the door said before it
//! ended the connection, and fails if the door waits for ever.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

/// By then the slowest limit (a body, 10 s) and a busy machine have had their time.
const PATIENCE: Duration = Duration::from_mins(1);
/// Between two bytes of a slow attacker.
const DRIP: Duration = Duration::from_secs(1);
/// An endless attack that the door takes so many bytes of has succeeded.
const ENDLESS: usize = 64 << 20;

/// What the door said before it ended the connection.
pub struct Said {
    bytes: Vec<u8>,
}

impl Said {
    /// The status of an HTTP/1 answer; 0 if there was none.
    pub fn status(&self) -> u16 {
        let text = String::from_utf8_lossy(&self.bytes);
        let status = text.strip_prefix("HTTP/1.1 ");
        status
            .and_then(|text| text.get(..3)?.parse().ok())
            .unwrap_or(0)
    }

    /// Whether the answer is this problem.
    pub fn is_problem(&self, slug: &str) -> bool {
        let text = String::from_utf8_lossy(&self.bytes);
        text.contains("application/problem+json") && text.contains(&format!("#{slug}\""))
    }

    /// The error codes of the GOAWAY frames (RFC 9113 §6.8).
    pub fn goaways(&self) -> Vec<u32> {
        let mut codes = Vec::new();
        let mut rest = &self.bytes[..];
        while let Some((head, after)) = rest.split_at_checked(9) {
            let length =
                usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
            let Some((body, next)) = after.split_at_checked(length) else {
                break;
            };
            if head[3] == 7 && body.len() >= 8 {
                codes.push(u32::from_be_bytes([body[4], body[5], body[6], body[7]]));
            }
            rest = next;
        }
        codes
    }
}

/// Says `first`, then `drip` byte by byte for ever, one a second.
pub fn slowly(host: &str, first: &str, drip: u8) -> io::Result<Said> {
    let stream = connect(host)?;
    let mut writer = stream.try_clone()?;
    let first = first.to_owned();
    let dripping = thread::spawn(move || {
        let begun = Instant::now();
        writer.write_all(first.as_bytes())?;
        while begun.elapsed() < PATIENCE {
            thread::sleep(DRIP);
            writer.write_all(&[drip])?;
        }
        io::Result::Ok(())
    });
    let said = listen(&stream);
    let _ = stream.shutdown(Shutdown::Both);
    let _ = dripping.join();
    said
}

/// Says `first`, then `piece` again and again as fast as the door takes it.
pub fn endlessly(host: &str, first: &[u8], piece: &[u8]) -> io::Result<Said> {
    let piece = piece.to_vec();
    endlessly_with(host, first, move |_| piece.clone())
}

/// The same with a piece for each number.
pub fn endlessly_with(
    host: &str,
    first: &[u8],
    mut piece: impl FnMut(u32) -> Vec<u8> + Send + 'static,
) -> io::Result<Said> {
    let stream = connect(host)?;
    let mut writer = stream.try_clone()?;
    let first = first.to_vec();
    let flooding = thread::spawn(move || {
        let mut sent = 0;
        if writer.write_all(&first).is_err() {
            return sent;
        }
        for number in 0.. {
            let piece = piece(number);
            if sent > ENDLESS || writer.write_all(&piece).is_err() {
                break;
            }
            sent += piece.len();
        }
        sent
    });
    let said = listen(&stream);
    let _ = stream.shutdown(Shutdown::Both);
    match flooding.join() {
        Ok(sent) if sent < ENDLESS => said,
        Ok(_) => Err(io::Error::other("the door takes it without end")),
        Err(_) => Err(io::Error::other("the attacker panicked")),
    }
}

/// Says `all` and hears what comes until the door ends the connection.
pub fn once(host: &str, all: &[u8]) -> io::Result<Said> {
    let stream = connect(host)?;
    let _ = (&stream).write_all(all);
    listen(&stream)
}

/// The opening of an HTTP/2 connection by prior knowledge: the preface and empty SETTINGS (RFC 9113 §3.4).
pub fn h2_opening() -> Vec<u8> {
    [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".as_slice(),
        &frame(4, 0, 0, &[]),
    ]
    .concat()
}

/// A frame of HTTP/2 (RFC 9113 §4.1).
pub fn frame(kind: u8, flags: u8, stream: u32, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX).to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(body);
    frame
}

/// The header block of `GET /` by the static table of HPACK (RFC 7541 Appendix A): `:method`, `:scheme`, `:path`, and
/// `:authority: a` as a literal.
pub const GET: [u8; 6] = [0x82, 0x86, 0x84, 0x41, 0x01, b'a'];

fn connect(host: &str) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(host)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// Everything that comes until the door ends the connection, however it does.
fn listen(mut stream: &TcpStream) -> io::Result<Said> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 16_384];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return Ok(Said { bytes }),
            Ok(count) => bytes.extend(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {
                return Ok(Said { bytes });
            }
            Err(error) => return Err(error),
        }
        if bytes.len() > ENDLESS {
            return Err(io::Error::other("the door talks without end"));
        }
    }
}
