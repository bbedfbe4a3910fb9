//! A run of reads, in a closed or an open loop: so many connections, each with one question in flight.

use crate::connection::{Connection, Lost};
use crate::lot::Lot;
use crate::question::{Question, Subject};
use crate::run::EndedBy;
use crate::tally::Tally;
use crate::target::Target;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tlog::TreeSize;
use tokio::task::JoinSet;

/// Answers that one connection keeps at most: 64 of them hold 130 MB of tiles.
const KEPT_MAX: usize = 256;

/// The readers and what they ask.
#[derive(Debug)]
pub struct Reading {
    connections: Vec<Connection>,
    subject: Subject,
    size: TreeSize,
}

/// What came of a phase.
#[derive(Debug)]
pub struct Read {
    /// Counts and latencies; an entry is a question.
    pub tally: Tally,
    /// Answers to be verified afterwards.
    pub kept: Vec<(Question, Vec<u8>)>,
    /// From the first question to the last answer.
    pub took: Duration,
    /// What ended it.
    pub ended_by: EndedBy,
}

impl Reading {
    /// Opens the connections.
    pub async fn open(
        target: &Arc<Target>,
        connections: usize,
        subject: Subject,
        size: TreeSize,
    ) -> Result<Self, Lost> {
        let mut open = Vec::with_capacity(connections);
        for _ in 0..connections {
            open.push(Connection::open(Arc::clone(target)).await?);
        }
        Ok(Self {
            connections: open,
            subject,
            size,
        })
    }

    /// How many connections are still open.
    pub fn connections(&self) -> usize {
        self.connections.len()
    }

    /// Asks for so long; at this rate a second, or whenever the last answer came. Some answers are kept, if asked to.
    pub async fn phase(&mut self, time: Duration, per_second: Option<f64>, keep: bool) -> Read {
        let began = Instant::now();
        let asked = Arc::new(AtomicU64::new(0));
        let mut readers = JoinSet::new();
        for (number, connection) in self.connections.drain(..).enumerate() {
            let reader = Reader {
                connection,
                subject: self.subject,
                size: self.size,
                began,
                deadline: began + time,
                arrivals: per_second.map(|rate| (rate, Arc::clone(&asked))),
                questions: Lot::new(false),
                lot: keep.then(|| Lot::new(number == 0)),
                tally: Tally::new(),
                kept: Vec::new(),
            };
            readers.spawn(reader.run());
        }
        let (mut tally, mut kept) = (Tally::new(), Vec::new());
        while let Some(reader) = readers.join_next().await {
            let (connection, counted, answers) = reader.expect("a reader does not panic");
            self.connections.extend(connection);
            tally.merge(counted);
            kept.extend(answers);
        }
        Read {
            tally,
            kept,
            took: began.elapsed(),
            ended_by: if self.connections.is_empty() {
                EndedBy::Connections
            } else {
                EndedBy::Time
            },
        }
    }
}

/// A reader: its connection, its lots and its counts.
struct Reader {
    connection: Connection,
    subject: Subject,
    size: TreeSize,
    began: Instant,
    deadline: Instant,
    /// Questions a second, and how many have arrived.
    arrivals: Option<(f64, Arc<AtomicU64>)>,
    questions: Lot,
    lot: Option<Lot>,
    tally: Tally,
    kept: Vec<(Question, Vec<u8>)>,
}

impl Reader {
    async fn run(mut self) -> (Option<Connection>, Tally, Vec<(Question, Vec<u8>)>) {
        loop {
            let mut asked_at = Instant::now();
            if let Some((rate, asked)) = &self.arrivals {
                // Counted from when it arrived, also when no connection was free for it.
                let number = asked.fetch_add(1, Ordering::Relaxed);
                #[expect(
                    clippy::cast_precision_loss,
                    reason = "a run has fewer than 2^53 questions"
                )]
                let after = Duration::from_secs_f64(number as f64 / rate);
                asked_at = self.began + after;
            }
            if asked_at >= self.deadline {
                break;
            }
            if self.arrivals.is_some() {
                tokio::time::sleep_until(asked_at.into()).await;
            }
            let question = self.subject.draw(self.size, &mut self.questions);
            match self.connection.get(&question.route(self.size)).await {
                Ok(answer) => {
                    let latency = asked_at.elapsed();
                    let outcome = answer.outcome(1);
                    let keeps = self.lot.as_mut().is_some_and(Lot::draw);
                    if outcome.accepted > 0 && keeps && self.kept.len() < KEPT_MAX {
                        self.kept.push((question, answer.body.to_vec()));
                    }
                    self.tally.answered(latency, outcome, 1);
                }
                Err(lost) => {
                    self.tally.lost(lost.slug(), 1);
                    if self.connection.reopen().await.is_err() {
                        return (None, self.tally, self.kept);
                    }
                }
            }
        }
        (Some(self.connection), self.tally, self.kept)
    }
}
