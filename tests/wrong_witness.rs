//! A small witness that makes one mistake, or none: what the conformance suite has to find, and where.
//!
//! It keeps its state in memory. It knows the logs of the suite as anybody would be told of them, by
//! `notarylog-witness conformance logs`.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _, ML_DSA_44_SIGNING, PqdsaKeyPair};
use libtest_mimic::Failed;
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tlog::{
    AddCheckpoint, Checkpoint, Hash, KeyKind, KeyName, Latest, MalformedAddCheckpoint, Note,
    PureRust, SignatureLine, TreeSize, Vkey, cosignature_line, cosignature_message,
    cosigned_message, verify_line,
};

/// What a witness does otherwise than it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// Nothing.
    None,
    /// Between the check and the record another request may pass.
    ForgetsToCompareAndSwap,
    /// Its 409 has no content type of its own.
    TellsItsSizeAsPlainText,
    /// Its 409 has no newline.
    TellsItsSizeWithoutNewline,
    /// The root of a size that it knows is not looked at.
    SignsAnotherRootOfTheSameSize,
    /// One good line is enough, whatever stands beside it.
    AcceptsABadSignatureBesideAGoodOne,
    /// Reads the old size as most libraries read a number.
    AcceptsOtherSpellingsOfTheOldSize,
    /// Its lines state no time.
    OmitsTheTime,
    /// Its ML-DSA-44 line is over the text where there are extension lines.
    SignsExtensionLinesByMlDsa,
    /// Any size that it signed before is good enough to go on from.
    GoesOnFromAnySizeThatItSigned,
    /// A log that it knows and has never seen is unknown to it.
    AnswersNotFoundForALogWithoutState,
    /// A proof from size 0 is not looked at.
    AcceptsAProofFromZero,
    /// A proof to the same size is not looked at.
    AcceptsAProofToTheSameSize,
    /// The root of the empty tree is not looked at.
    AcceptsAnyRootOfTheEmptyTree,
    /// Tells its size before it looks at a signature.
    TellsItsSizeToStrangers,
    /// A connection ends after one answer.
    ClosesEveryConnection,
    /// Monitors see the checkpoint with the log's line alone.
    ShowsMonitorsNoLineOfItsOwn,
}

/// What a log may be late by, between a check and a record that are not one. Only races wait for it.
const GAP: Duration = Duration::from_millis(150);

/// The name in its lines.
const NAME: &str = "wrong.witness.example";

/// A witness with a mistake, at an address of its own until the test ends.
pub struct WrongWitness {
    mistake: Mistake,
    ed25519: Ed25519KeyPair,
    ml_dsa: PqdsaKeyPair,
    vkeys: [Vkey; 2],
    logs: HashMap<String, Vec<Vkey>>,
    states: Mutex<HashMap<String, State>>,
}

#[derive(Clone)]
struct State {
    latest: Latest,
    signed: Vec<Latest>,
    shown: String,
}

struct Reply(u16, &'static str, String);

impl WrongWitness {
    /// Opens a witness that knows the logs with these keys; its address and its own keys.
    pub fn open(mistake: Mistake, logs: &[Vkey]) -> Result<(String, [Vkey; 2]), Failed> {
        let ed25519 = Ed25519KeyPair::generate()?;
        let ml_dsa = PqdsaKeyPair::generate(&ML_DSA_44_SIGNING)?;
        let name = KeyName::new(NAME)?;
        let own = |kind, material: &[u8]| Vkey::new(name.clone(), kind, material);
        let vkeys = [
            own(KeyKind::Cosignature, ed25519.public_key().as_ref())?,
            own(KeyKind::MlDsa44, ml_dsa.public_key().as_ref())?,
        ];
        let mut by_origin: HashMap<String, Vec<Vkey>> = HashMap::new();
        for vkey in logs {
            let origin = vkey.name().as_str().to_owned();
            by_origin.entry(origin).or_default().push(vkey.clone());
        }
        let witness = Arc::new(Self {
            mistake,
            ed25519,
            ml_dsa,
            vkeys: vkeys.clone(),
            logs: by_origin,
            states: Mutex::default(),
        });
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}", listener.local_addr()?);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let witness = Arc::clone(&witness);
                // Whoever asks sees that there was no answer.
                std::thread::spawn(move || drop(witness.serve(&stream)));
            }
        });
        Ok((url, vkeys))
    }

    fn makes(&self, mistake: Mistake) -> bool {
        self.mistake == mistake
    }

    fn states(&self) -> MutexGuard<'_, HashMap<String, State>> {
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers what comes on a connection.
    fn serve(&self, mut stream: &TcpStream) -> std::io::Result<()> {
        stream.set_nodelay(true)?;
        let mut reader = BufReader::new(stream);
        loop {
            let mut first = String::new();
            if reader.read_line(&mut first)? == 0 {
                return Ok(());
            }
            let mut length = 0;
            loop {
                let mut line = String::new();
                reader.read_line(&mut line)?;
                let line = line.trim_end().to_ascii_lowercase();
                if line.is_empty() {
                    break;
                }
                if let Some(value) = line.strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap_or(0);
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body)?;
            let mut words = first.split(' ');
            let (method, path) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
            let Reply(status, kind, text) = match (method, path) {
                ("POST", "/add-checkpoint") => self.answer(&body),
                ("GET", path) if path.ends_with("/checkpoint") => self.show(path),
                _ => Reply(405, "text/plain", String::new()),
            };
            let closes = self.makes(Mistake::ClosesEveryConnection);
            let close = if closes { "connection: close\r\n" } else { "" };
            let length = text.len();
            write!(
                stream,
                "HTTP/1.1 {status} -\r\n{close}content-type: {kind}\r\ncontent-length: {length}\r\n\r\n{text}"
            )?;
            if closes {
                return Ok(());
            }
        }
    }

    fn answer(&self, body: &[u8]) -> Reply {
        let refused = |status| Reply(status, "text/plain", String::new());
        let spelt = self.makes(Mistake::AcceptsOtherSpellingsOfTheOldSize);
        let body = if spelt { respelt(body) } else { body.to_vec() };
        let request = match AddCheckpoint::parse(&body) {
            Ok(request) => request,
            Err(MalformedAddCheckpoint::TooLarge) => return refused(413),
            Err(_) => return refused(400),
        };
        let origin = request.checkpoint().origin();
        let Some(vkeys) = self.logs.get(origin) else {
            return refused(404);
        };
        let known = self.states().get(origin).cloned();
        let recorded = known.as_ref().map_or(Latest::EMPTY, |state| state.latest);
        let conflict = || {
            let size = recorded.size();
            match self.mistake {
                Mistake::TellsItsSizeAsPlainText => {
                    Reply(409, "text/plain; charset=utf-8", format!("{size}\n"))
                }
                Mistake::TellsItsSizeWithoutNewline => {
                    Reply(409, "text/x.tlog.size", size.to_string())
                }
                _ => Reply(409, "text/x.tlog.size", format!("{size}\n")),
            }
        };
        if self.makes(Mistake::TellsItsSizeToStrangers) && request.old() != recorded.size() {
            return conflict();
        }
        let Some(lines) = self.verified(vkeys, &request) else {
            return refused(403);
        };
        if request.old() > request.checkpoint().size() {
            return refused(400);
        }
        let mut from = recorded;
        if request.old() != recorded.size() {
            if self.makes(Mistake::AnswersNotFoundForALogWithoutState) && known.is_none() {
                return refused(404);
            }
            let signed = known.iter().flat_map(|state| &state.signed);
            let before = signed
                .chain([&Latest::EMPTY])
                .find(|head| head.size() == request.old());
            match (self.makes(Mistake::GoesOnFromAnySizeThatItSigned), before) {
                (true, Some(head)) => from = *head,
                _ => return conflict(),
            }
        }
        let Some(latest) = self.advance(&from, &request) else {
            return refused(422);
        };
        if self.makes(Mistake::ForgetsToCompareAndSwap) {
            let races = origin.contains("at-once") || origin.contains("two-steps-from-one-size");
            std::thread::sleep(if races { GAP } else { Duration::ZERO });
        }
        let ours = self.sign(&request);
        let lines = if self.makes(Mistake::ShowsMonitorsNoLineOfItsOwn) {
            lines
        } else {
            lines.into_iter().chain(ours.clone()).collect()
        };
        let shown = Note::new(request.note().text(), lines);
        let mut states = self.states();
        let still = states
            .get(origin)
            .map_or(Latest::EMPTY, |state| state.latest);
        if still != recorded && !self.makes(Mistake::ForgetsToCompareAndSwap) {
            drop(states);
            return self.answer(&body);
        }
        let mut signed = known.map_or_else(Vec::new, |state| state.signed);
        signed.push(latest);
        let state = State {
            latest,
            signed,
            shown: shown.map_or_else(|_| String::new(), |note| note.to_string()),
        };
        states.insert(origin.to_owned(), state);
        let body = ours.iter().map(ToString::to_string).collect();
        Reply(200, "text/plain; charset=utf-8", body)
    }

    /// The lines of the log, if they make the note good.
    fn verified(&self, vkeys: &[Vkey], request: &AddCheckpoint) -> Option<Vec<SignatureLine>> {
        let note = request.note();
        let mut good = Vec::new();
        for line in note.lines() {
            let is_by = |vkey: &&Vkey| vkey.name() == line.name() && vkey.id() == line.id();
            let Some(vkey) = vkeys.iter().find(is_by) else {
                continue;
            };
            match verify_line(vkey, request.checkpoint(), note.text(), line, &PureRust) {
                Ok(_) => good.push(line.clone()),
                Err(_) if self.makes(Mistake::AcceptsABadSignatureBesideAGoodOne) => {}
                Err(_) => return None,
            }
        }
        (!good.is_empty()).then_some(good)
    }

    fn advance(&self, from: &Latest, request: &AddCheckpoint) -> Option<Latest> {
        let (size, root) = (request.checkpoint().size(), request.checkpoint().root());
        let (is_same, is_first) = (size == from.size(), from.size() == TreeSize::ZERO);
        let is_empty = size == TreeSize::ZERO;
        if self.makes(Mistake::SignsAnotherRootOfTheSameSize) && is_same && !is_empty {
            return request
                .proof()
                .is_empty()
                .then_some(Latest::new(size, root));
        }
        if self.makes(Mistake::AcceptsAnyRootOfTheEmptyTree) && is_empty {
            return request.proof().is_empty().then_some(Latest::EMPTY);
        }
        let drops = (self.makes(Mistake::AcceptsAProofFromZero) && is_first)
            || (self.makes(Mistake::AcceptsAProofToTheSameSize) && is_same && !is_first);
        let proof = if drops { &[] } else { request.proof() };
        from.advance(size, root, proof).ok()
    }

    fn sign(&self, request: &AddCheckpoint) -> Vec<SignatureLine> {
        let (checkpoint, text) = (request.checkpoint(), request.note().text());
        let now_s = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(1, |since| since.as_secs());
        let time_s = if self.makes(Mistake::OmitsTheTime) {
            0
        } else {
            now_s
        };
        let signature = self.ed25519.sign(&cosignature_message(time_s, text));
        let ed25519 = cosignature_line(&self.vkeys[0], time_s, signature.as_ref());
        let extended = !checkpoint.extensions().is_empty();
        if extended && !self.makes(Mistake::SignsExtensionLinesByMlDsa) {
            return vec![ed25519];
        }
        let root = if extended {
            Hash::of(text.as_bytes())
        } else {
            checkpoint.root()
        };
        let ml_dsa = self.sign_ml_dsa(time_s, checkpoint, &root);
        std::iter::once(ed25519).chain(ml_dsa).collect()
    }

    fn sign_ml_dsa(&self, time_s: u64, of: &Checkpoint, root: &Hash) -> Option<SignatureLine> {
        let (name, size) = (self.vkeys[1].name(), of.size().get());
        let message = cosigned_message(name, time_s, of.origin(), 0, size, root).ok()?;
        let mut signature = vec![0; ML_DSA_44_SIGNING.signature_len()];
        self.ml_dsa.sign(&message, &mut signature).ok()?;
        Some(cosignature_line(&self.vkeys[1], time_s, &signature))
    }

    fn show(&self, path: &str) -> Reply {
        let states = self.states();
        let asked = states.iter().find(|(origin, _)| {
            let hash = hex::encode(Sha256::digest(origin.as_bytes()));
            path == format!("/{hash}/checkpoint")
        });
        match asked {
            Some((_, state)) => Reply(200, "text/plain", state.shown.clone()),
            None => Reply(404, "text/plain", String::new()),
        }
    }
}

/// The body with its old size as a library would have read it.
fn respelt(body: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(body).unwrap_or_default();
    let read = text.split_once('\n').and_then(|(first, rest)| {
        let mut words = first.strip_prefix("old ")?.split_whitespace();
        let old: u64 = words.next()?.parse().ok()?;
        Some(format!("old {old}\n{rest}").into_bytes())
    });
    read.unwrap_or_else(|| body.to_vec())
}
