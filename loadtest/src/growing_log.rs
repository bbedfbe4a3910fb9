//! A log that only grows, by one entry at a time, and asks a witness to cosign each step.
//!
//! Its key and its entries follow from a number, so that a run can be repeated against a witness that knows it: test keys,
//! which anybody can make.

use crate::connection::{Connection, Lost};
use crate::tally::Tally;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use std::time::Instant;
use tlog::{
    AddCheckpoint, Checkpoint, Frontier, Growth, Hash, KeyKind, KeyName, Note, Origin, PureRust,
    SignatureLine, TreeSize, Vkey, ed25519_line, verify_line,
};

/// The type of the body of a request (c2sp.org/tlog-witness names none).
const TEXT: &str = "text/plain";

/// Of so many answers one is verified.
const SAMPLED_OF: u64 = 100;

/// A log, and how far the witness has followed it.
pub struct GrowingLog {
    origin: Origin,
    key: Ed25519KeyPair,
    vkey: Vkey,
    frontier: Frontier,
}

impl GrowingLog {
    /// The log with this number among those of a run's name.
    ///
    /// # Panics
    /// If the name of the run is no part of an origin.
    pub fn new(run: &str, number: usize) -> Result<Self, BadRunName> {
        let origin = format!("loadtest.example/{run}/{number}");
        let seed = digest(&SHA256, format!("test key of {origin}").as_bytes());
        let key = Ed25519KeyPair::from_seed_unchecked(seed.as_ref())
            .expect("32 bytes are a seed of Ed25519");
        let name = KeyName::new(&origin).map_err(|_| BadRunName)?;
        let vkey = Vkey::new(name, KeyKind::Ed25519, key.public_key().as_ref())
            .expect("a fresh key is sound");
        Ok(Self {
            origin: Origin::new(origin.as_str()).map_err(|_| BadRunName)?,
            key,
            vkey,
            frontier: Frontier::empty(),
        })
    }

    /// The key that the witness must know.
    pub const fn vkey(&self) -> &Vkey {
        &self.vkey
    }

    /// Asks for one step after the other until `deadline`. Each answer is counted; one of a hundred is verified with
    /// these keys, and every answer must hold a line of each.
    pub async fn grow(
        mut self,
        mut connection: Connection,
        witness: &[Vkey],
        deadline: Instant,
    ) -> (Self, Connection, Grown) {
        let mut grown = Grown::default();
        while Instant::now() < deadline {
            let step = self.step();
            let sent_at = Instant::now();
            let answer = connection
                .post("/add-checkpoint", TEXT, step.request.as_bytes())
                .await;
            let (status, body) = match answer {
                Ok(answer) => (answer.status, answer.body.to_vec()),
                Err(lost) => {
                    grown.tally.lost(lost.slug(), 1);
                    if connection.reopen().await.is_err() {
                        break;
                    }
                    continue;
                }
            };
            match status {
                200 => {
                    grown.tally.cosigned(sent_at.elapsed());
                    if grown.tally.accepted % SAMPLED_OF == 1 {
                        grown.verify(&step, &body, witness);
                    }
                    self.frontier = step.frontier;
                }
                // It knows this log from an earlier run, or an answer was lost.
                409 if self.follow(&body) => {}
                status => grown.tally.refused(&format!("http-{status}")),
            }
        }
        (self, connection, grown)
    }

    fn step(&self) -> Step {
        let growth = Growth::new(&self.frontier, vec![leaf(self.frontier.size())]);
        let (old, size) = (growth.before(), growth.after());
        let checkpoint = Checkpoint::new(&self.origin, size, growth.root());
        let text = checkpoint.text();
        let signature = self.key.sign(text.as_bytes());
        let signature = signature
            .as_ref()
            .try_into()
            .expect("Ed25519 signs with 64 bytes");
        let note = Note::new(text.as_str(), vec![ed25519_line(&self.vkey, signature)])
            .expect("a checkpoint with one line is a note");
        let proof = if old == TreeSize::ZERO {
            Vec::new()
        } else {
            growth.consistency_proof()
        };
        let request = AddCheckpoint::new(old, proof, note).expect("its own parts fit");
        Step {
            request: request.to_string(),
            text,
            frontier: growth.frontier(),
        }
    }

    /// Goes on from the size that the witness recorded.
    fn follow(&mut self, body: &[u8]) -> bool {
        let size = str::from_utf8(body)
            .ok()
            .and_then(|text| TreeSize::from_decimal(text.trim_end()).ok());
        let Some(size) = size.filter(|size| *size > self.frontier.size()) else {
            return false;
        };
        while self.frontier.size() < size {
            self.frontier.append(leaf(self.frontier.size()));
        }
        true
    }
}

fn leaf(index: TreeSize) -> Hash {
    Hash::of_leaf(&index.get().to_be_bytes())
}

/// One step: what is asked, and the log after it.
struct Step {
    request: String,
    text: String,
    frontier: Frontier,
}

/// What came of a log's steps.
#[derive(Debug, Default)]
pub struct Grown {
    /// Counts and latencies; an entry is a step.
    pub tally: Tally,
    /// Answers that verified.
    pub verified: usize,
    /// Answers that did not.
    pub failed: usize,
}

impl Grown {
    fn verify(&mut self, step: &Step, body: &[u8], witness: &[Vkey]) {
        let verifies = || {
            let checkpoint = Checkpoint::parse(&step.text).ok()?;
            let lines = SignatureLine::parse_all(body).ok()?;
            let is_good = |vkey: &Vkey| {
                lines.iter().any(|line| {
                    line.name() == vkey.name()
                        && line.id() == vkey.id()
                        && verify_line(vkey, &checkpoint, &step.text, line, &PureRust)
                            .is_ok_and(|line| line.time.seconds().is_some())
                })
            };
            Some(witness.iter().all(is_good))
        };
        if verifies() == Some(true) {
            self.verified += 1;
        } else {
            self.failed += 1;
        }
    }
}

/// The name of a run cannot stand in an origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the name of a run is a few letters and digits: it stands in the origins of its logs")]
pub struct BadRunName;

/// Why no log could be set to work.
#[derive(Debug, thiserror::Error)]
pub enum NotGrown {
    /// No connection.
    #[error(transparent)]
    Lost(#[from] Lost),
    /// No origin.
    #[error(transparent)]
    Name(#[from] BadRunName),
}
