//! A stand-in for a log server on a loopback port: it speaks the API by a small log signed in place, and fails on demand.

use crate::log::{TestLog, stranger};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use evidence::{ENTRY_LEN, Entry, Notice};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;

/// What happens to the next `POST /v1/entries` instead of an answer.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// 503 with this `Retry-After`.
    Busy(u64),
    /// The entries are logged, and the line breaks before the answer.
    Deaf,
    /// 202: logged, no head covers it yet.
    Logged,
    /// The answer's proofs have a wrong hash.
    WrongProof,
    /// The answer is about another entry.
    OtherEntry,
    /// 409: the slot is taken.
    Taken,
}

pub struct Inner {
    pub log: TestLog,
    pub notices: Vec<(Notice, u64)>,
    pub faults: VecDeque<Fault>,
    /// No head is witnessed: entries are logged and receipts awaited.
    pub witnesses_are_out: bool,
    /// The bodies of all `POST /v1/entries`.
    pub posted: Vec<Vec<u8>>,
    /// What stood behind `?` in each of them, and in each request for a receipt.
    pub queries: Vec<String>,
}

pub struct FakeLog {
    pub url: String,
    inner: Arc<Mutex<Inner>>,
}

impl FakeLog {
    pub fn serve(log: TestLog, notices: Vec<(Notice, u64)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let inner = Arc::new(Mutex::new(Inner {
            log,
            notices,
            faults: VecDeque::new(),
            witnesses_are_out: false,
            posted: Vec::new(),
            queries: Vec::new(),
        }));
        let shared = Arc::clone(&inner);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let shared = Arc::clone(&shared);
                thread::spawn(move || converse(stream.unwrap(), &shared));
            }
        });
        Self { url, inner }
    }

    pub fn with(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    pub fn will(&self, faults: impl IntoIterator<Item = Fault>) {
        self.with().faults.extend(faults);
    }
}

/// An answer. Where there is none, the line breaks.
struct Reply {
    status: u16,
    retry_after: Option<u64>,
    media_type: &'static str,
    body: Vec<u8>,
}

fn converse(stream: TcpStream, inner: &Mutex<Inner>) {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let target = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut len = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).unwrap();
        if header.trim().is_empty() {
            break;
        }
        if let Some(value) = header.to_ascii_lowercase().strip_prefix("content-length:") {
            len = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; len];
    reader.read_exact(&mut body).unwrap();
    let reply = inner.lock().unwrap().reply(&target, body);
    if let Some(reply) = reply {
        let (status, media_type, body) = (reply.status, reply.media_type, reply.body);
        let retry_after = reply
            .retry_after
            .map_or_else(String::new, |s| format!("Retry-After: {s}\r\n"));
        let head = format!(
            "HTTP/1.1 {status} X\r\nContent-Type: {media_type}\r\nContent-Length: {}\r\n{retry_after}Connection: close\r\n\r\n",
            body.len()
        );
        let mut stream = reader.into_inner();
        stream
            .write_all(&[head.as_bytes(), &body].concat())
            .unwrap();
    }
}

/// What the log says that it waits for. The line feed would write over a terminal.
pub const AWAITS: &str = "court (it is out)\n";

/// Any name of an entry's place will do.
fn slot_of(entry: &Entry) -> Vec<u8> {
    entry.tag().as_bytes().to_vec()
}

fn ok(json: &Value) -> Reply {
    found("application/json", json.to_string().into_bytes())
}

fn found(media_type: &'static str, body: Vec<u8>) -> Reply {
    Reply {
        status: 200,
        retry_after: None,
        media_type,
        body,
    }
}

fn problem(status: u16, slug: &str, index: Option<u64>, retry_after: Option<u64>) -> Reply {
    let json = json!({ "type": format!("/docs/problems#{slug}"), "title": slug, "status": status,
        "detail": "A sentence.", "remedy": "What to do.", "index": index });
    Reply {
        status,
        retry_after,
        media_type: "application/problem+json",
        body: json.to_string().into_bytes(),
    }
}

impl Inner {
    fn reply(&mut self, target: &str, body: Vec<u8>) -> Option<Reply> {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        if matches!(path, "/v1/entries" | "/v1/receipts") {
            self.queries.push(query.to_owned());
        }
        match path {
            "/v1/entries" => self.entries(body),
            "/v1/log" => Some(ok(&json!({
                "origin": self.log.origin.as_str(), "state": "serving", "why": null,
                "policy": self.log.policy().to_string(),
                "logged": { "size": self.log.entries.len(), "root": "", "time_ms": 0 },
            }))),
            "/checkpoint" => Some(found(
                "text/plain",
                self.log.head().to_string().into_bytes(),
            )),
            "/v1/notices" => {
                let lines = self.notices.iter().map(|(notice, index)| {
                    json!({ "seq": notice.seq(), "index": index, "type": notice.notice_type(),
                        "sha256": notice.commitment().to_string() })
                });
                let lines: Vec<Value> = lines.collect();
                Some(ok(&json!({ "next_seq": 2, "notices": lines })))
            }
            "/v1/keys" => {
                let (notice, index) = &self.notices[1];
                let evidence::NoticeBody::KeyEnrol(body) = notice.body() else {
                    panic!("the second notice enrols");
                };
                let line = json!({ "key_id": body.spki.key_hash().to_string(),
                    "enrolled_at": index, "notice": notice.commitment().to_string() });
                Some(ok(&json!({ "keys": [line] })))
            }
            _ => self.document(path, query),
        }
    }

    fn document(&self, path: &str, query: &str) -> Option<Reply> {
        if let Some(sha256) = path.strip_prefix("/v1/notices/") {
            let mut notices = self.notices.iter();
            let (notice, _) =
                notices.find(|(notice, _)| notice.commitment().to_string() == sha256)?;
            return Some(found("application/json", notice.to_bytes()));
        }
        let (query, _) = query.split_once('&').unwrap_or((query, ""));
        let index = match (path, query.split_once('=')) {
            ("/v1/receipts", Some(("slot", slot))) => {
                let slot = hex::decode(slot).ok()?;
                self.log
                    .entries
                    .iter()
                    .position(|entry| slot_of(entry) == slot)
                    .map(|index| index as u64)
            }
            ("/v1/receipts", Some(("hash", hash))) => self
                .log
                .entries
                .iter()
                .position(|entry| hex::encode(entry.leaf_hash().as_bytes()) == hash)
                .map(|index| index as u64),
            _ => path
                .strip_prefix("/v1/receipts/")
                .and_then(|index| index.parse().ok()),
        };
        Some(match index {
            Some(index) if self.witnesses_are_out => Reply {
                status: 202,
                retry_after: Some(1),
                ..ok(&json!({ "state": "logged", "index": index, "awaits": AWAITS, "receipt": "" }))
            },
            Some(index) => found(
                "text/plain",
                self.log.receipt(index).to_string().into_bytes(),
            ),
            None => problem(404, "not-found", None, None),
        })
    }

    fn entries(&mut self, body: Vec<u8>) -> Option<Reply> {
        let entries: Vec<Entry> = body
            .chunks(ENTRY_LEN)
            .map(|entry| Entry::parse(entry).unwrap())
            .collect();
        self.posted.push(body);
        let fault = self.faults.pop_front();
        match fault {
            Some(Fault::Busy(seconds)) => {
                return Some(problem(503, "pool-full", None, Some(seconds)));
            }
            Some(Fault::Taken) if entries.len() == 1 => {
                return Some(problem(409, "slot-taken", Some(1), None));
            }
            _ => {}
        }
        let placed: Vec<u64> = entries.iter().map(|entry| self.place(entry)).collect();
        if matches!(fault, Some(Fault::Deaf)) {
            return None;
        }
        let results: Vec<Value> = placed
            .iter()
            .enumerate()
            .map(|(at, index)| self.result(*index, at, fault))
            .collect();
        let waits = matches!(fault, Some(Fault::Logged)) || self.witnesses_are_out;
        let mut answer = json!({ "state": "witnessed", "unwitnessed": false, "root": "", "time_ms": 0,
            "size": self.log.entries.len(), "results": results });
        if waits {
            answer["state"] = json!("logged");
            answer["awaits"] = json!(AWAITS);
        } else {
            answer["checkpoint"] = json!(self.log.head().to_string());
        }
        Some(Reply {
            status: if waits { 202 } else { 200 },
            ..ok(&answer)
        })
    }

    fn result(&self, index: u64, at: usize, fault: Option<Fault>) -> Value {
        if matches!(fault, Some(Fault::Taken)) && at == 0 {
            return json!({ "status": 409, "type": "/docs/problems#slot-taken", "title": "Taken", "index": 1 });
        }
        let receipt = self.log.receipt(index);
        let mut proof: Vec<String> = receipt.proof().iter().map(tlog::Hash::to_base64).collect();
        let mut entry = self.log.entries[usize::try_from(index).unwrap()].to_bytes();
        match fault {
            Some(Fault::WrongProof) => proof[0] = tlog::Hash::EMPTY_ROOT.to_base64(),
            Some(Fault::OtherEntry) => entry = stranger(1).to_bytes(),
            _ => {}
        }
        let slot = hex::encode(slot_of(&self.log.entries[usize::try_from(index).unwrap()]));
        json!({ "status": 200, "index": index, "entry": STANDARD.encode(entry), "proof": proof,
            "receipt": format!("/v1/receipts?slot={slot}") })
    }

    /// The same content stands in one place for ever.
    fn place(&mut self, entry: &Entry) -> u64 {
        let stands = self.log.entries.iter().position(|known| known == entry);
        stands.map_or_else(|| self.log.append(entry.clone()), |index| index as u64)
    }
}
