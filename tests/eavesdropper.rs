//! An eavesdropper in a witness's place: it hears which heads the log asks it to cosign, and cosigns none.

use libtest_mimic::Failed;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tlog::{AddCheckpoint, Checkpoint, Note};

/// What it has heard.
#[derive(Clone, Default)]
pub struct Heard(Arc<Mutex<Vec<Note>>>);

/// How long a head may take to come.
const PATIENCE: Duration = Duration::from_mins(1);

/// Listens where a witness listened that is no longer there, `http://HOST:PORT`.
pub fn in_place_of(url: &str) -> Result<Heard, Failed> {
    let listener = TcpListener::bind(url.trim_start_matches("http://"))?;
    let heard = Heard::default();
    let ears = heard.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            // Whoever breaks off has said nothing.
            let _ = ears.listen(stream);
        }
    });
    Ok(heard)
}

impl Heard {
    /// The log's note over this size, once it was heard.
    pub fn note_over(&self, size: u64) -> Result<Note, Failed> {
        let begun = Instant::now();
        loop {
            let notes = self
                .0
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone();
            let is_over = |note: &Note| {
                Checkpoint::parse(note.text()).is_ok_and(|head| head.size().get() >= size)
            };
            if let Some(note) = notes.into_iter().find(is_over) {
                return Ok(note);
            }
            if begun.elapsed() > PATIENCE {
                return Err(format!("no head over {size} entries was sent to a witness").into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn listen(&self, mut stream: TcpStream) -> std::io::Result<()> {
        let mut reader = BufReader::new(stream.try_clone()?);
        let (mut line, mut length) = (String::new(), 0);
        while reader.read_line(&mut line)? > 0 && line != "\r\n" {
            let (name, value) = line.split_once(':').unwrap_or_default();
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().unwrap_or(0);
            }
            line.clear();
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        if let Ok(asked) = AddCheckpoint::parse(&body) {
            let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            notes.push(asked.note().clone());
        }
        let busy = "HTTP/1.1 503 -\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        stream.write_all(busy.as_bytes())
    }
}
