//! A liar in a witness's place: it answers a log as no witness should, one way after the other.

use demo::http;
use libtest_mimic::Failed;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tlog::{AddCheckpoint, NOTE_BYTES_MAX};

/// How it lies.
#[derive(Clone, Debug)]
pub enum Manner {
    /// 422, and shows no checkpoint.
    DoesNotFollow,
    /// 409 with 2^64 − 1, and shows something that is no checkpoint.
    RecordedTheMost,
    /// 200 with a body that holds no signature line.
    Garbage,
    /// Takes the request and says nothing.
    Nothing,
    /// A byte now and then, for ever.
    Dribble,
    /// Nobody listens.
    Refused,
    /// 200 with good lines over the same head, by the witness at this address.
    OfAnother(String),
    /// 200 with a body that does not end where a note must.
    Endless,
}

/// Between two bytes of a dribble: short, so that only a limit on the whole ends it.
const DRIBBLE: Duration = Duration::from_millis(200);

/// How long it says nothing: longer than a log waits.
const SILENCE: Duration = Duration::from_secs(20);

/// A liar at an address.
pub struct LyingWitness {
    address: String,
    manner: Arc<Mutex<Manner>>,
}

impl LyingWitness {
    /// Takes the place of a witness that is no longer there, `http://HOST:PORT`. Nobody listens yet.
    pub fn in_place_of(url: &str) -> Self {
        Self {
            address: url.trim_start_matches("http://").to_owned(),
            manner: Arc::new(Mutex::new(Manner::Refused)),
        }
    }

    /// Lies in this manner from now on.
    pub fn lie(&self, manner: Manner) -> Result<(), Failed> {
        let was = self.set(manner.clone());
        match (was, manner) {
            (Manner::Refused, Manner::Refused) => {}
            (Manner::Refused, _) => self.listen()?,
            // Wakes the listener, which finds that it is to go.
            (_, Manner::Refused) => drop(TcpStream::connect(&self.address)?),
            _ => {}
        }
        Ok(())
    }

    fn set(&self, manner: Manner) -> Manner {
        let mut now = self.manner.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut now, manner)
    }

    fn listen(&self) -> Result<(), Failed> {
        let listener = TcpListener::bind(&self.address)?;
        let manner = Arc::clone(&self.manner);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let manner = manner
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .clone();
                if matches!(manner, Manner::Refused) {
                    return;
                }
                // Whoever asks sees that there was no answer.
                std::thread::spawn(move || drop(answer(stream, &manner)));
            }
        });
        Ok(())
    }
}

fn answer(mut stream: TcpStream, manner: &Manner) -> io::Result<()> {
    let (path, body) = request(&stream)?;
    let is_asked_to_cosign = path == "/add-checkpoint";
    let (status, body) = match manner {
        Manner::DoesNotFollow if is_asked_to_cosign => (422, "it does not follow\n".to_owned()),
        Manner::RecordedTheMost if is_asked_to_cosign => (409, format!("{}\n", u64::MAX)),
        Manner::RecordedTheMost => (200, "no checkpoint\n".to_owned()),
        Manner::Garbage => (200, "this is no signature line\n".to_owned()),
        Manner::OfAnother(url) if is_asked_to_cosign => of_another(url, &body)?,
        Manner::Endless => (200, "x".repeat(NOTE_BYTES_MAX + 1)),
        Manner::Nothing => {
            std::thread::sleep(SILENCE);
            return Ok(());
        }
        Manner::Dribble => return dribble(&mut stream),
        Manner::DoesNotFollow | Manner::OfAnother(_) | Manner::Refused => (404, String::new()),
    };
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status} -\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
}

/// The path of a request, and its body.
fn request(stream: &TcpStream) -> io::Result<(String, Vec<u8>)> {
    let mut reader = BufReader::new(stream);
    let (mut line, mut length) = (String::new(), 0);
    reader.read_line(&mut line)?;
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    while line != "\r\n" {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            break;
        }
        let (name, value) = line.split_once(':').unwrap_or_default();
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok((path, body))
}

/// What another witness answers to the same request, once it has cosigned the head itself.
fn of_another(url: &str, body: &[u8]) -> io::Result<(u16, String)> {
    let asked = AddCheckpoint::parse(body).map_err(io::Error::other)?;
    let size = asked.checkpoint().size();
    let again = AddCheckpoint::new(size, Vec::new(), asked.note().clone());
    let again = again.map_err(io::Error::other)?.to_string();
    let kind = "text/plain; charset=utf-8";
    let answer = http::post(url, "/add-checkpoint", kind, again.as_bytes())?;
    Ok((answer.status, answer.text()))
}

fn dribble(stream: &mut TcpStream) -> io::Result<()> {
    stream.write_all(b"HTTP/1.1 200 -\r\ncontent-length: 100000\r\n\r\n")?;
    loop {
        stream.write_all(b"x")?;
        std::thread::sleep(DRIBBLE);
    }
}
