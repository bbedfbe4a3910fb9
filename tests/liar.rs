//! A liar between a log and its reader: passes every answer on, and one with a byte changed.

use demo::http;
use libtest_mimic::Failed;
use std::net::TcpListener;

/// Which byte of which answer is changed.
#[derive(Clone, Debug)]
pub struct Lie {
    /// The answer to this path …
    pub path: &'static str,
    /// … behind the first place where it says this …
    pub behind: &'static str,
    /// … and so many bytes more.
    pub skip: usize,
}

/// The address of a liar before the log at `url`.
pub fn between(url: &str, lie: &Lie) -> Result<String, Failed> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let (url, lie) = (url.to_owned(), lie.clone());
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            // Whoever asks sees that there was no answer.
            let _ = http::answer(&stream, |path| {
                let mut answer = http::get(&url, path)?;
                if path == lie.path {
                    lie.tell(&mut answer.body);
                }
                Ok((answer.status, answer.body))
            });
        }
    });
    Ok(format!("http://{address}"))
}

impl Lie {
    /// Changes one byte; a digit stays a digit and a letter a letter, so that what is read is well formed and wrong.
    fn tell(&self, body: &mut [u8]) {
        let behind = self.behind.as_bytes();
        let found = (0..body.len()).find(|at| body[*at..].starts_with(behind));
        let at = found.map(|at| at + behind.len() + self.skip);
        if let Some(byte) = at.and_then(|at| body.get_mut(at)) {
            *byte = match *byte {
                b'A' => b'B',
                letter if letter.is_ascii_alphabetic() => b'A',
                other => other ^ 1,
            };
        }
    }
}
