//! The cosigner: every head is signed for the witnesses alone, and published when a quorum has cosigned it.
//!
//! A *round* asks all witnesses to cosign one head, the newest. Each has one request in flight; nobody waits for the
//! slowest. The round ends when a quorum has cosigned: the head is published, and the next round takes the newest
//! head there is. A witness that comes later still adds its line to the head that is served.

use super::history::History;
use super::judgement::{Judgement, NotJudged, judge};
use super::publisher::{Published, Publisher};
use super::second_path::CheckedHead;
use super::seen::SeenStore;
use super::sequencer::is_kept;
use super::status::Status;
use super::witnessing::Witnessing;
use crate::metrics::Metrics;
use crate::storage::coord::{Coord, Head, Seen};
use crate::witnesses::{Answer, Silence};
use std::sync::Arc;
use std::time::Duration;
use tlog::{AddCheckpoint, Checkpoint, Frontier, Growth, Note, SignatureLine, TreeSize};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Rounds begin no sooner after one another: a hundred a second are within the budget that witnesses give a log, and
/// each covers what was logged meanwhile.
const ROUND_EVERY: Duration = Duration::from_millis(10);
/// A round that found no quorum for so long gives way to a newer head, which covers more.
const ROUND_MAX: Duration = Duration::from_secs(1);
/// How often one witness is asked about one head: its size, a proof from there, and once more when a race was lost.
const ASKED_MAX: u32 = 3;
/// The pause before a silent witness is asked again; it doubles up to the longest.
const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(1);
/// The note of the newest witnessed head is stored this often: a start shows it to the witnesses.
const STORE_EVERY: Duration = Duration::from_secs(1);

/// The heads' way out of the house.
pub struct Cosigner {
    /// Whom to ask.
    pub witnessing: Arc<Witnessing>,
    /// Signs, and shows what may be shown.
    pub publisher: Arc<Publisher>,
    /// For the proofs.
    pub history: Arc<History>,
    /// Where witnessed notes are stored.
    pub coord: Arc<dyn Coord>,
    /// Stops intake when a witness shows that we forked or went back.
    pub status: Status,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// The newest head that the second path vouched for.
    pub heads: watch::Receiver<Option<CheckedHead>>,
    /// The sizes that the witnesses recorded, as far as they told.
    pub recorded: Vec<TreeSize>,
}

impl Cosigner {
    /// Works until told to stop, or until a witness shows that this log contradicts itself.
    pub async fn run(self, stop: service::Stop) {
        let kept = match self.coord.witnessed().await {
            Ok(heads) => heads.kept,
            Err(error) => return self.status.halt(error),
        };
        let callers = self
            .recorded
            .iter()
            .map(|recorded| Caller {
                recorded: *recorded,
                is_busy: false,
                asked: 0,
                not_before: Instant::now(),
                pause: PAUSE_MIN,
            })
            .collect();
        let seen = SeenStore::new(Arc::clone(&self.coord));
        let mut work = Work {
            seen,
            round: None,
            served: None,
            kept,
            stored_at: None,
            callers,
            events: JoinSet::new(),
            cosigner: self,
        };
        work.run(stop).await;
        work.seen.store_rest().await;
    }
}

/// What the cosigner knows of a witness while it works.
struct Caller {
    recorded: TreeSize,
    is_busy: bool,
    /// How often it was asked about the head of this round.
    asked: u32,
    not_before: Instant,
    pause: Duration,
}

/// A head as the witnesses are shown it.
struct Signed {
    head: Head,
    checkpoint: Checkpoint,
    /// The log's own lines: nobody but a witness sees them before there is a quorum.
    log_note: Note,
}

/// One head and the cosignatures that it has so far.
struct Round {
    signed: Arc<Signed>,
    lines: Vec<Option<SignatureLine>>,
    cosigned_by: Vec<bool>,
    begun: Instant,
    growth: Option<Arc<Growth>>,
    frontier: Option<Frontier>,
}

enum Event {
    Answered(usize, Arc<Signed>, Result<Answer, Silence>),
    Judged(usize, Result<Judgement, NotJudged>),
}

struct Work {
    cosigner: Cosigner,
    round: Option<Round>,
    /// The last round that found a quorum.
    served: Option<Round>,
    kept: Option<Head>,
    stored_at: Option<Instant>,
    callers: Vec<Caller>,
    seen: SeenStore,
    events: JoinSet<Event>,
}

impl Work {
    async fn run(&mut self, stop: service::Stop) {
        loop {
            self.seen.store_if_due();
            if let Err(why) = self.begin_round().await {
                return self.cosigner.status.halt(why);
            }
            self.ask_all().await;
            let wake = self.wakes_at();
            let event = tokio::select! {
                biased;
                () = stop.stopped() => return,
                Some(event) = self.events.join_next() => event,
                changed = self.cosigner.heads.changed(), if self.is_between_rounds() => match changed {
                    Ok(()) => continue,
                    Err(_) => return,
                },
                () = tokio::time::sleep_until(wake) => continue,
            };
            let go_on = match event {
                Ok(Event::Answered(witness, signed, answer)) => {
                    self.answered(witness, &signed, answer)
                }
                Ok(Event::Judged(witness, judgement)) => self.judged(witness, judgement),
                Err(error) => {
                    self.cosigner.status.halt(error);
                    false
                }
            };
            if !go_on {
                return;
            }
        }
    }

    /// Takes the newest head, if this round is over or found nobody for too long.
    async fn begin_round(&mut self) -> Result<(), String> {
        let is_over = match &self.round {
            None => self.next_round_at() <= Instant::now(),
            Some(round) => round.begun.elapsed() >= ROUND_MAX,
        };
        let newest = *self.cosigner.heads.borrow_and_update();
        let Some(newest) = newest.filter(|_| is_over) else {
            return Ok(());
        };
        let known = self.round.as_ref().or(self.served.as_ref());
        if known.is_some_and(|round| round.signed.head.time_ms >= newest.head().time_ms) {
            return Ok(());
        }
        if self.round.take().is_some() {
            self.cosigner
                .metrics
                .rounds
                .with_label_values(&["given_up"])
                .inc();
        }
        let timer = self.cosigner.metrics.sign_seconds.start_timer();
        let log_note = self
            .cosigner
            .publisher
            .sign(&newest)
            .map_err(|error| error.to_string())?;
        timer.observe_duration();
        let checkpoint = Checkpoint::parse(log_note.text()).map_err(|error| error.to_string())?;
        let (growth, frontier) = self.growth(newest.head().size).await;
        let quorum = &self.cosigner.witnessing.quorum;
        self.round = Some(Round {
            signed: Arc::new(Signed {
                head: *newest.head(),
                checkpoint,
                log_note,
            }),
            lines: vec![None; quorum.policy().witnesses().len()],
            cosigned_by: vec![false; quorum.operators().len()],
            begun: Instant::now(),
            growth,
            frontier,
        });
        self.callers.iter_mut().for_each(|caller| caller.asked = 0);
        Ok(())
    }

    /// What this round adds to the head that is served, from which all its proofs are made without reading a tile;
    /// and the frontier with it.
    async fn growth(&self, size: TreeSize) -> (Option<Arc<Growth>>, Option<Frontier>) {
        let history = &self.cosigner.history;
        let served = self
            .served
            .as_ref()
            .and_then(|round| round.frontier.as_ref());
        let growth = served.and_then(|frontier| history.growth(frontier, size));
        let frontier = match &growth {
            Some(growth) => Some(growth.frontier()),
            None => match history.subtrees(size).await {
                Ok(subtrees) => Frontier::from_parts(size, subtrees).ok(),
                Err(_) => None,
            },
        };
        (growth.map(Arc::new), frontier)
    }

    async fn ask_all(&mut self) {
        for witness in 0..self.callers.len() {
            self.ask(witness).await;
        }
    }

    /// Asks a witness for the head of this round; between rounds for the one that is served, if it lacks there.
    async fn ask(&mut self, witness: usize) {
        let Some(round) = self.round.as_ref().or(self.served.as_ref()) else {
            return;
        };
        let caller = &mut self.callers[witness];
        if caller.is_busy || round.cosigned_by[witness] || caller.not_before > Instant::now() {
            return;
        }
        if caller.asked >= ASKED_MAX {
            self.silent(witness, "it names one size after the other");
            return;
        }
        let signed = Arc::clone(&round.signed);
        let head = signed.head;
        let old = caller.recorded.min(head.size);
        let proof = if old == TreeSize::ZERO || old == head.size {
            Ok(Vec::new())
        } else {
            self.cosigner
                .history
                .consistency_proof(old, head.size)
                .await
        };
        let request = proof.map_err(|error| error.to_string()).and_then(|proof| {
            AddCheckpoint::new(old, proof, signed.log_note.clone())
                .map_err(|error| error.to_string())
        });
        match request {
            Ok(request) => {
                let caller = &mut self.callers[witness];
                caller.is_busy = true;
                caller.asked += 1;
                let asked = Arc::clone(&self.cosigner.witnessing.witnesses[witness]);
                self.events.spawn(async move {
                    Event::Answered(witness, signed, asked.add_checkpoint(&request).await)
                });
            }
            Err(error) => {
                tracing::error!(%error, "No proof could be made for a witness.");
                self.pause(witness);
            }
        }
    }

    fn answered(
        &mut self,
        witness: usize,
        signed: &Signed,
        answer: Result<Answer, Silence>,
    ) -> bool {
        self.callers[witness].is_busy = false;
        match answer {
            Ok(Answer::Cosigned(lines)) => self.cosigned(witness, signed, lines),
            Ok(Answer::Recorded(Some(size))) if size <= signed.head.size => {
                self.callers[witness].recorded = size;
            }
            Ok(Answer::Recorded(_) | Answer::DoesNotFollow) => self.judge(witness),
            Ok(Answer::Status(404)) => self.silent(witness, "it does not know this log"),
            Ok(Answer::Status(status)) => {
                self.silent(witness, &format!("it answered with status {status}"));
            }
            Err(Silence(why)) => self.silent(witness, &why),
        }
        true
    }

    fn cosigned(&mut self, witness: usize, signed: &Signed, lines: Vec<SignatureLine>) {
        let (head, text) = (&signed.head, signed.log_note.text());
        let quorum = &self.cosigner.witnessing.quorum;
        let lines = quorum.verified(witness, &signed.checkpoint, text, lines);
        if lines.is_empty() {
            return self.silent(witness, "its signatures do not verify");
        }
        let own = lines.iter().map(|(_, line)| line.clone()).collect();
        if let Ok(seen) = Note::new(text, own) {
            self.cosigner.witnessing.board.keep(witness, &seen);
            if let Some(key_hash) = quorum.key_of_operator(witness) {
                let (head, note) = (*head, seen.to_string());
                let seen = Seen {
                    key_hash,
                    head,
                    note,
                };
                self.seen.keep(witness, seen);
            }
        }
        self.callers[witness].recorded = head.size;
        let is_whole = quorum.has_all_keys(witness, &lines);
        // A head that was given up, or is served no more, has no use for them.
        let round = [self.round.as_mut(), self.served.as_mut()]
            .into_iter()
            .flatten()
            .find(|round| round.signed.head == *head);
        if let Some(round) = round {
            for (place, line) in lines {
                round.lines[place] = Some(line);
            }
            round.cosigned_by[witness] = is_whole;
        }
        if is_whole {
            self.heard(witness, head);
        } else {
            self.silent(
                witness,
                "a line by one of its keys is missing or does not verify",
            );
        }
        self.publish(head);
    }

    fn heard(&mut self, witness: usize, head: &Head) {
        let caller = &mut self.callers[witness];
        caller.pause = PAUSE_MIN;
        let board = &self.cosigner.witnessing.board;
        board.cosigned(witness, head.size, head.time_ms);
    }

    /// Publishes the round's head if a quorum cosigned it, or adds a late line to the head that is served.
    fn publish(&mut self, head: &Head) {
        let quorum = &self.cosigner.witnessing.quorum;
        let is_of = |round: &Option<Round>| {
            round
                .as_ref()
                .is_some_and(|round| round.signed.head == *head)
        };
        let is_new = is_of(&self.round);
        let round = match (&self.round, &self.served) {
            (Some(round), _) if is_new => round,
            (_, Some(served)) if is_of(&self.served) => served,
            _ => return,
        };
        let cosigned: Vec<bool> = round.lines.iter().map(Option::is_some).collect();
        if !quorum.is_met_by_keys(&cosigned) {
            return;
        }
        let Some(note) = quorum.cosigned(&round.signed.log_note, &round.lines) else {
            return;
        };
        let published = Published::new(*head, note).with_growth(round.growth.clone());
        let text = published.text.clone();
        self.cosigner.publisher.publish_witnessed(published);
        if is_new {
            let metrics = &self.cosigner.metrics;
            metrics.rounds.with_label_values(&["quorum"]).inc();
            metrics
                .round_seconds
                .observe(round.begun.elapsed().as_secs_f64());
            metrics
                .witnessed_size
                .set(i64::try_from(head.size.get()).unwrap_or(i64::MAX));
            metrics
                .witnessed_time_seconds
                .set(i64::try_from(head.time_ms / 1000).unwrap_or(i64::MAX));
            self.store(head, text);
            self.served = self.round.take();
            self.callers.iter_mut().for_each(|caller| caller.asked = 0);
        }
    }

    /// Stores the note behind its publication: what is lost in a crash is a second of notes that others hold.
    fn store(&mut self, head: &Head, text: String) {
        let keep = is_kept(self.kept.as_ref(), head);
        let is_due = self.stored_at.is_none_or(|at| at.elapsed() >= STORE_EVERY);
        if !keep && !is_due {
            return;
        }
        if keep {
            self.kept = Some(*head);
        }
        self.stored_at = Some(Instant::now());
        let (coord, head) = (Arc::clone(&self.cosigner.coord), *head);
        tokio::spawn(async move {
            if let Err(error) = coord.store_witnessed(&head, &text, keep).await {
                tracing::warn!(%error, "A witnessed note could not be stored; the next one will be.");
            }
        });
    }

    /// What a witness refuses to sign is compared with what it can show.
    fn judge(&mut self, witness: usize) {
        self.callers[witness].is_busy = true;
        let asked = Arc::clone(&self.cosigner.witnessing.witnesses[witness]);
        let (history, coord) = (
            Arc::clone(&self.cosigner.history),
            Arc::clone(&self.cosigner.coord),
        );
        let signer = Arc::clone(self.cosigner.publisher.signer());
        self.events.spawn(async move {
            let judged = judge(asked.as_ref(), signer.vkeys(), &history, coord.as_ref()).await;
            Event::Judged(witness, judged)
        });
    }

    fn judged(&mut self, witness: usize, judgement: Result<Judgement, NotJudged>) -> bool {
        self.callers[witness].is_busy = false;
        match judgement {
            Ok(Judgement::Silent(why)) => self.silent(witness, &why),
            Ok(Judgement::Consistent(size)) => {
                self.callers[witness].recorded = size;
                self.silent(
                    witness,
                    "it refuses a head that follows the one that it shows",
                );
            }
            Ok(Judgement::Behind(size)) => {
                self.cosigner.status.halt(behind(size));
                return false;
            }
            Ok(Judgement::Contradicts { size, note }) => {
                self.contradicted(size, &note);
                return false;
            }
            Err(error) => {
                tracing::error!(%error, "What a witness shows could not be compared.");
                self.pause(witness);
            }
        }
        true
    }

    /// Two heads under our key contradict each other if we *signed* a head over that size; else only our unsigned
    /// tail is wrong.
    fn contradicted(&self, size: TreeSize, note: &Note) {
        let published = self.cosigner.publisher.newest();
        let ours = published
            .filter(|published| published.head.size >= size)
            .map(|published| published.note.clone())
            .or_else(|| {
                let rounds = [self.served.as_ref(), self.round.as_ref()];
                let signed = rounds
                    .into_iter()
                    .flatten()
                    .find(|round| round.signed.head.size >= size);
                signed.map(|round| round.signed.log_note.clone())
            });
        match ours {
            Some(ours) => self.cosigner.status.freeze(note, &ours),
            None => self.cosigner.status.halt(behind(size)),
        }
    }

    fn silent(&mut self, witness: usize, why: &str) {
        self.callers[witness].asked = 0;
        self.cosigner.witnessing.board.silent(witness, why);
        self.pause(witness);
    }

    fn pause(&mut self, witness: usize) {
        let caller = &mut self.callers[witness];
        caller.not_before = Instant::now() + caller.pause;
        caller.pause = (caller.pause * 2).min(PAUSE_MAX);
    }

    /// The earliest time of the next round, when none is under way.
    fn next_round_at(&self) -> Instant {
        let served = self.served.as_ref();
        served.map_or_else(Instant::now, |round| round.begun + ROUND_EVERY)
    }

    fn is_between_rounds(&self) -> bool {
        self.round.is_none() && self.next_round_at() <= Instant::now()
    }

    /// When something has to be done although nothing was heard.
    fn wakes_at(&self) -> Instant {
        let now = Instant::now();
        let round_ends = self.round.as_ref().map(|round| round.begun + ROUND_MAX);
        let paused = self
            .callers
            .iter()
            .filter(|caller| !caller.is_busy && caller.not_before > now)
            .map(|caller| caller.not_before);
        let round_begins = self.round.is_none().then(|| self.next_round_at());
        paused
            .chain(
                round_ends
                    .into_iter()
                    .chain(round_begins)
                    .chain(self.seen.due_at())
                    .filter(|at| *at > now),
            )
            .min()
            .unwrap_or(now + ROUND_MAX)
    }
}

/// What an operator reads when a witness holds a head that this log signed and does not have.
pub(super) fn behind(size: TreeSize) -> String {
    format!(
        "a witness holds a head of {size} entries under this log's own key that this log's store does not have: the \
         store went back, or is a copy. Stop every copy of this log, restore the newest database, journal and tiles, \
         and start again; entries after that are sent again by whoever holds their receipts"
    )
}

#[cfg(test)]
mod tests;
