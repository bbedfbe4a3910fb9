//! The desk: one writer for all logs. What waits is judged, chosen a time, and put on disk in one transaction with one
//! sync; only then may anything be signed.
//!
//! Requests for one log are taken in their order, each from the state that the one before left. So sizes and times
//! never cross: whoever is answered with a larger size has a time that is not earlier.

use crate::clock::Clock;
use crate::committed::Committed;
use crate::head::Head;
use crate::judgement::{Refusal, judge};
use crate::known_log::{KnownLog, LogId, LogLines};
use crate::ledger::kept::KeptHead;
use crate::ledger::{Ledger, LedgerError, Step};
use crate::metrics::Metrics;
use crate::roster::RosterKeeper;
use crate::sighting::Sighting;
use crate::turn::AT_WORK_MAX;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tlog::{AddCheckpoint, Latest, Note};
use tokio::sync::{mpsc, oneshot};

/// A pause before the store is read again: a fault that stays must not spin.
const RELOAD_PAUSE: Duration = Duration::from_millis(200);

/// A request that was found good before the state that was committed when it came. What can be made of it beforehand is
/// made here, on the door's thread: at the desk all requests stand in one line.
#[derive(Debug)]
pub struct Candidate {
    log: Arc<KnownLog>,
    request: AddCheckpoint,
    step: (Latest, Latest),
    /// The checkpoint with the log's verified lines, as a note and as its text.
    note: Arc<Note>,
    written: Arc<str>,
    /// The checkpoint with the shortest of those lines.
    kept: Arc<str>,
}

impl Candidate {
    /// A request with the log's verified lines, the state that it was judged from, and where it leads.
    pub fn new(
        log: Arc<KnownLog>,
        request: AddCheckpoint,
        lines: LogLines,
        step: (Latest, Latest),
    ) -> Self {
        let text = request.note().text();
        let shortest = lines.lines.iter().min_by_key(|line| line.body().len());
        let kept = shortest.map_or_else(String::new, |line| format!("{text}\n{line}"));
        let note = Note::new(text, lines.lines)
            .expect("a part of a note's lines under its own text is a note");
        Self {
            log,
            step,
            written: note.to_string().into(),
            note: Arc::new(note),
            kept: kept.into(),
            request,
        }
    }
}

impl Candidate {
    /// The head, should it be refused: it costs two counters.
    pub fn sighting(&self) -> Sighting {
        Sighting {
            checkpoint: self.request.checkpoint().clone(),
            note: Arc::clone(&self.note),
        }
    }
}

/// Why a candidate was not committed.
#[derive(Clone, Debug)]
pub enum NotCommitted {
    /// Another request of the same log came first.
    Refused(Refusal),
    /// Too many wait already.
    Full,
    /// The store could not; nothing was signed.
    Store(LedgerError),
}

/// The way to the desk.
#[derive(Clone, Debug)]
pub struct Desk {
    waiting: mpsc::Sender<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    candidate: Candidate,
    answer: oneshot::Sender<Result<Committed, NotCommitted>>,
}

/// The one who works at the desk.
pub struct Writer {
    waiting: mpsc::Receiver<Waiting>,
    ledger: Arc<dyn Ledger>,
    clock: Arc<dyn Clock>,
    roster: Arc<RosterKeeper>,
    metrics: Arc<Metrics>,
}

impl Desk {
    /// A desk and its writer, who must [`run`](Writer::run).
    pub fn new(
        ledger: Arc<dyn Ledger>,
        clock: Arc<dyn Clock>,
        roster: Arc<RosterKeeper>,
        metrics: Arc<Metrics>,
    ) -> (Self, Writer) {
        let (sender, waiting) = mpsc::channel(AT_WORK_MAX);
        let writer = Writer {
            waiting,
            ledger,
            clock,
            roster,
            metrics,
        };
        (Self { waiting: sender }, writer)
    }

    /// Commits the candidate; when this returns it is on disk with its time.
    pub async fn commit(&self, candidate: Candidate) -> Result<Committed, NotCommitted> {
        let (answer, committed) = oneshot::channel();
        self.waiting
            .try_send(Waiting { candidate, answer })
            .map_err(|_| NotCommitted::Full)?;
        committed.await.unwrap_or(Err(NotCommitted::Full))
    }
}

impl Writer {
    /// Works until all ways to the desk are gone.
    pub async fn run(mut self) {
        let mut batch = Vec::new();
        while self.waiting.recv_many(&mut batch, AT_WORK_MAX).await > 0 {
            self.take(std::mem::take(&mut batch)).await;
        }
    }

    async fn take(&self, batch: Vec<Waiting>) {
        let now_s = self.clock.now_s();
        let mut changes: HashMap<LogId, Change> = HashMap::new();
        let mut outcomes = Vec::with_capacity(batch.len());
        for Waiting { candidate, answer } in batch {
            let id = candidate.log.enrolled.id;
            let change = changes
                .entry(id)
                .or_insert_with(|| Change::of(Arc::clone(&candidate.log)));
            outcomes.push((answer, change.take(candidate, now_s)));
        }
        let steps: Vec<Step> = changes.values_mut().filter_map(Change::step).collect();
        let written = self.write(&steps).await;
        if written.is_ok() {
            for (log, step) in steps
                .iter()
                .filter_map(|step| Some((changes.get(&step.log)?, step)))
            {
                log.log.standing.set_head(step.now);
            }
        }
        for (answer, outcome) in outcomes {
            let outcome = outcome.map_err(NotCommitted::Refused);
            // A refusal may stand on a step that was not written, so it waits for the commit like the rest.
            let settled = written.clone().map_err(NotCommitted::Store);
            let _gone = answer.send(settled.and(outcome));
        }
    }

    async fn write(&self, steps: &[Step]) -> Result<(), LedgerError> {
        if steps.is_empty() {
            return Ok(());
        }
        self.metrics.batch_updates.observe(as_f64(steps.len()));
        let timer = self.metrics.commit_seconds.start_timer();
        // The row has size, root and time before a signature exists: a crash after this line loses nothing.
        let written = self.ledger.advance(steps).await;
        timer.observe_duration();
        if let Err(error) = &written {
            tracing::error!(%error, "A batch of updates was not committed; nothing of it was signed.");
            if matches!(error, LedgerError::Behind | LedgerError::Unknown(_)) {
                self.reload().await;
            }
        }
        written
    }

    /// Reads all rows again, until that works: what memory has may not be what is on disk.
    async fn reload(&self) {
        loop {
            self.metrics.reloads.inc();
            match self.roster.reload_heads().await {
                Ok(()) => return,
                Err(error) => {
                    tracing::error!(%error, "The state cannot be read; it is tried again.");
                    tokio::time::sleep(RELOAD_PAUSE).await;
                }
            }
        }
    }
}

/// What a batch does to one log.
struct Change {
    log: Arc<KnownLog>,
    was: Head,
    now: Head,
    note: Option<Arc<str>>,
    signed: Vec<KeptHead>,
}

impl Change {
    fn of(log: Arc<KnownLog>) -> Self {
        let was = log.standing.head();
        Self {
            log,
            was,
            now: was,
            note: None,
            signed: Vec::new(),
        }
    }

    fn take(&mut self, candidate: Candidate, now_s: u64) -> Result<Committed, Refusal> {
        let (from, to) = candidate.step;
        let latest = if from == self.now.latest {
            to
        } else {
            judge(&candidate.request, &self.now.latest)?
        };
        let head = Head {
            latest,
            // Chosen here, stored with the row, and signed as stored: a time read at signing could cross.
            // Zero would state no time, and a clock before 1970 reads as zero.
            time_s: now_s.max(self.now.time_s).max(1),
        };
        if latest != self.now.latest || !self.now.is_signed() {
            self.signed.push(KeptHead {
                log: self.log.enrolled.id,
                time_s: head.time_s,
                note: candidate.kept,
            });
        }
        self.note = Some(candidate.written);
        self.now = head;
        let checkpoint = candidate.request.checkpoint().clone();
        Ok(Committed::of_row(head, checkpoint, candidate.note))
    }

    fn step(&mut self) -> Option<Step> {
        Some(Step {
            log: self.log.enrolled.id,
            was: self.was,
            now: self.now,
            note: self.note.take()?,
            signed: std::mem::take(&mut self.signed),
        })
    }
}

fn as_f64(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::MAX, f64::from)
}
