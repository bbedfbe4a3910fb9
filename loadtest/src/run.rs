//! A run of the closed loop: so many connections, each sending its next request when the last one is answered.
//!
//! One thread drives all of them: the generator shares the machine with the server, and one is cheaper than two.

use crate::connection::{Connection, Lost};
use crate::lot::Lot;
use crate::tally::{Kept, Tally};
use crate::target::Target;
use crate::workload::Workload;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// The clients of a run and what they send.
#[derive(Debug)]
pub struct Run {
    connections: Vec<Connection>,
    workload: Arc<Workload>,
    batch: usize,
}

impl Run {
    /// Opens the connections. They send `batch` entries a request.
    pub async fn open(
        target: &Arc<Target>,
        connections: usize,
        batch: usize,
        workload: Arc<Workload>,
    ) -> Result<Self, Lost> {
        let mut open = Vec::with_capacity(connections);
        for _ in 0..connections {
            open.push(Connection::open(target.clone()).await?);
        }
        Ok(Self {
            connections: open,
            workload,
            batch,
        })
    }

    /// Sends until a limit is reached and every answer is there. The connections stay open for the next phase.
    pub async fn phase(&mut self, limit: Limit, sampling: Sampling) -> Phase {
        let began = Instant::now();
        let deadline = limit.time.map(|time| began + time);
        let arrivals = limit.arrivals.map(|per_second| Arrivals {
            began,
            first: self.workload.taken(),
            per_second,
        });
        let mut clients = JoinSet::new();
        for (number, connection) in self.connections.drain(..).enumerate() {
            let client = Client {
                connection,
                workload: self.workload.clone(),
                batch: self.batch,
                end: limit.end,
                deadline,
                arrivals,
                lot: (sampling == Sampling::On).then(|| Lot::new(number == 0)),
                tally: Tally::new(),
            };
            clients.spawn(client.run());
        }
        let mut tally = Tally::new();
        while let Some(client) = clients.join_next().await {
            let (connection, counted) = client.expect("a client does not panic");
            self.connections.extend(connection);
            tally.merge(counted);
        }
        Phase {
            tally,
            took: began.elapsed(),
            ended_by: match deadline {
                Some(deadline) if Instant::now() >= deadline => EndedBy::Time,
                _ if self.connections.is_empty() => EndedBy::Connections,
                _ => EndedBy::Entries,
            },
        }
    }

    /// How many connections are still open.
    pub fn connections(&self) -> usize {
        self.connections.len()
    }

    /// The entries.
    pub fn workload(&self) -> &Workload {
        &self.workload
    }
}

/// When a phase ends: whichever comes first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limit {
    /// No entry of the workload at or after this position is sent.
    pub end: usize,
    /// No request is sent after this time.
    pub time: Option<Duration>,
    /// Entries that arrive a second, whatever the log does (an open loop); `None` sends when the last answer came.
    pub arrivals: Option<f64>,
}

/// Whether answers are kept for verification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sampling {
    /// A random one of [`SAMPLED_OF`](crate::lot::SAMPLED_OF), and the very first.
    On,
    /// None: a warm-up or a filling.
    Off,
}

/// What came of a phase.
#[derive(Debug)]
pub struct Phase {
    /// The counts of all clients.
    pub tally: Tally,
    /// From the first request sent to the last answer received.
    pub took: Duration,
    /// Which limit ended it.
    pub ended_by: EndedBy,
}

/// What ended a phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EndedBy {
    /// All entries were sent.
    Entries,
    /// The time was over.
    Time,
    /// Every connection was lost, and none could be opened anew.
    Connections,
}

/// A client: its connection, its lot and its counts.
struct Client {
    connection: Connection,
    workload: Arc<Workload>,
    batch: usize,
    end: usize,
    deadline: Option<Instant>,
    arrivals: Option<Arrivals>,
    lot: Option<Lot>,
    tally: Tally,
}

impl Client {
    /// Sends one request after the other; hands back the connection, unless it is lost for good.
    async fn run(mut self) -> (Option<Connection>, Tally) {
        loop {
            let mut sent_at = Instant::now();
            if self.deadline.is_some_and(|deadline| sent_at >= deadline) {
                break;
            }
            let Some(entries) = self.workload.take(self.batch, self.end) else {
                break;
            };
            if let Some(arrivals) = &self.arrivals {
                // Counted from when it arrived, also when no connection was free for it: nothing is left out.
                sent_at = arrivals.at(entries.start);
                if self.deadline.is_some_and(|deadline| sent_at >= deadline) {
                    break;
                }
                tokio::time::sleep_until(sent_at.into()).await;
            }
            let sent = entries.len();
            let submission = self.workload.bytes(entries.clone());
            match self.connection.submit(submission).await {
                Ok(answer) => {
                    let latency = sent_at.elapsed();
                    let outcome = answer.outcome(sent);
                    if outcome.accepted > 0 && self.lot.as_mut().is_some_and(Lot::draw) {
                        self.tally.kept.push(Kept {
                            entries,
                            body: answer.body.to_vec(),
                        });
                    }
                    self.tally.answered(latency, outcome, sent);
                }
                Err(lost) => {
                    self.tally.lost(lost.slug(), sent);
                    if self.connection.reopen().await.is_err() {
                        return (None, self.tally);
                    }
                }
            }
        }
        (Some(self.connection), self.tally)
    }
}

/// When each entry arrives, at a fixed rate.
#[derive(Clone, Copy, Debug)]
struct Arrivals {
    began: Instant,
    /// The entry that arrives first.
    first: usize,
    per_second: f64,
}

impl Arrivals {
    fn at(&self, entry: usize) -> Instant {
        #[expect(
            clippy::cast_precision_loss,
            reason = "a run has fewer than 2^53 entries"
        )]
        let after = entry.saturating_sub(self.first) as f64 / self.per_second;
        self.began + Duration::from_secs_f64(after)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests;
