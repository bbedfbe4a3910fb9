//! The sequencer: one batch after the other, each in the same order.
//!
//! 1. *Assign, integrate, advance*: one transaction under the head lock. Indices are gapless by construction.
//! 2. *Anchor*: the step is appended to the journal, one fdatasync.
//! 3. *Second path*: what was committed is read back and its root computed again.
//! 4. *Sign* from the committed row with its stored time, *publish*, *answer*.
//!
//! A crash between any two of them loses nothing that was answered: [`super::start`] takes up what was committed.

use super::clock_watch::{ClockWatch, Stepped};
use super::history::{History, HistoryError};
use super::pool::{Candidate, NotSequenced, Outcome, Pool, Sequenced, Submission};
use super::publisher::{Published, Publisher};
use super::second_path::{CheckedHead, Mismatch, SecondPath};
use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::signer::SignError;
use crate::storage::anchor::{Anchor, AnchorError, AnchorRecord};
use crate::storage::coord::{
    Advance, Committed, Coord, CoordError, Head, HeadLock, NewEntry, StoredNotice,
};
use arc_swap::ArcSwap;
use evidence::{AuditAction, AuditEvent, ENTRY_LEN, Registry, Slot};
use service::AwsLc;
use std::collections::HashMap;
use std::collections::hash_map::Entry as Place;
use std::sync::Arc;
use std::time::Duration;
use tlog::{Growth, Hash, LeafIndex, TreeSize};
use tokio::sync::watch;

/// Entries in one batch: a commit of so many stays well under a second, and a request of 1,024 always fits.
pub const BATCH_ENTRIES_MAX: usize = 8_192;

/// An idle log signs a head with a later time this often, so that a reader can tell idle from dead.
pub const IDLE_HEAD_EVERY: Duration = Duration::from_mins(1);

/// Entries that may lie in no stored tile: 32 MiB of hashes. Beyond, intake waits for the tiles.
pub const UNSTORED_ENTRIES_MAX: u64 = 1 << 20;

/// How often the journal is looked through for segments to drop.
const TRIM_EVERY_MS: u64 = 600_000;

/// Where a head goes that the second path vouched for.
pub enum Outlet {
    /// A log without witnesses: it is signed and published at once.
    Everybody(Arc<Publisher>),
    /// It goes to the cosigner, which signs for the witnesses and publishes what a quorum has cosigned.
    Witnesses(watch::Sender<Option<CheckedHead>>),
}

/// Everything that one batch needs.
pub struct Sequencer {
    pub(super) coord: Arc<dyn Coord>,
    pub(super) anchor: Box<dyn Anchor>,
    pub(super) clock: Arc<dyn Clock>,
    /// Gives the times that are signed.
    pub(super) watch: Arc<ClockWatch>,
    pub(super) history: Arc<History>,
    pub(super) registry: Arc<ArcSwap<Registry>>,
    pub(super) pool: Arc<Pool>,
    pub(super) outlet: Outlet,
    pub(super) metrics: Arc<Metrics>,
    pub(super) second_path: SecondPath,
    /// What the store held after the last step of this process.
    pub(super) committed: Committed,
    /// How long the journal keeps what is stored in bundles, in milliseconds.
    pub(super) healing_window_ms: u64,
    /// When the journal was trimmed last.
    pub(super) trimmed_ms: u64,
}

/// What stops a batch.
#[derive(Debug, thiserror::Error)]
pub enum Setback {
    /// Nothing happened: tell the waiters and go on.
    #[error(transparent)]
    Refused(NotSequenced),
    /// The clock was set forward: nothing happened, and nothing may be signed until the clock is right.
    #[error(transparent)]
    Clock(#[from] Stepped),
    /// It is not known what happened: drop all memory, read the store again.
    #[error("{0}")]
    Reload(String),
    /// Something is wrong that no retry mends: stop intake for good, go on answering reads.
    #[error("{0}")]
    Halt(String),
    /// A write or its fsync failed: what is on disk is not known any more. End the process; the next start reads
    /// everything again.
    #[error("{0}")]
    Fatal(String),
}

impl Sequencer {
    /// Runs until intake stops or memory has to be dropped; the reason is the answer.
    pub async fn run(&mut self, stop: &service::Stop) -> Option<Setback> {
        let mut last_batch = 0;
        loop {
            tokio::select! {
                biased;
                () = self.pool.arrival() => {
                    linger(last_batch).await;
                    let submissions = self.pool.take(BATCH_ENTRIES_MAX);
                    last_batch = submissions.iter().map(|submission| submission.candidates.len()).sum();
                    match self.batch(submissions).await {
                        Ok(()) | Err(Setback::Refused(_)) => {}
                        Err(setback) => return Some(setback),
                    }
                }
                () = stop.stopped() => return None,
                // What has ended keeps its last head.
                () = tokio::time::sleep(self.until_idle_head()), if !self.has_ended() => {
                    last_batch = 0;
                    match self.idle_head().await {
                        Ok(()) => {}
                        Err(Setback::Refused(why)) => {
                            tracing::warn!(%why, "No idle head could be made; it is tried again.");
                            tokio::time::sleep(Duration::from_secs(1)).await;
                        }
                        Err(setback) => return Some(setback),
                    }
                }
            }
        }
    }

    /// Sequences these requests as one batch and answers each of them.
    pub async fn batch(&mut self, submissions: Vec<Submission>) -> Result<(), Setback> {
        let candidates: Vec<&Candidate> = submissions
            .iter()
            .flat_map(|submission| &submission.candidates)
            .collect();
        let step = self.step(&candidates).await;
        match step {
            Ok(sequenced) => {
                let mut outcomes = sequenced.outcomes.into_iter();
                for Submission { candidates, answer } in submissions {
                    let outcomes = outcomes.by_ref().take(candidates.len()).collect();
                    let (published, growth) =
                        (sequenced.published.clone(), sequenced.growth.clone());
                    // A waiter that went away is no fault: its entries are logged, a resend finds them.
                    let _gone = answer.send(Ok(Sequenced {
                        outcomes,
                        logged: sequenced.logged,
                        published,
                        growth,
                    }));
                }
                Ok(())
            }
            Err(setback) => {
                let told = match &setback {
                    Setback::Refused(why) => *why,
                    Setback::Clock(_) => NotSequenced::Clock,
                    Setback::Reload(_) | Setback::Fatal(_) => NotSequenced::Unavailable,
                    Setback::Halt(_) => NotSequenced::ReadOnly,
                };
                for submission in submissions {
                    let _gone = submission.answer.send(Err(told));
                }
                Err(setback)
            }
        }
    }

    async fn step(&mut self, candidates: &[&Candidate]) -> Result<Sequenced, Setback> {
        let coord = Arc::clone(&self.coord);
        let lock_wait = self.metrics.lock_seconds.start_timer();
        let mut lock = coord.lock().await.map_err(refused_or_reload)?;
        lock_wait.observe_duration();
        self.same_as_committed(lock.committed())?;
        self.committed.stored = lock.committed().stored;
        if self.committed.head.size.get() - self.committed.stored.get() > UNSTORED_ENTRIES_MAX {
            return Err(Setback::Refused(NotSequenced::Unavailable));
        }
        let batch = self.assign(lock.as_mut(), candidates).await?;
        if batch.entries.is_empty() {
            drop(lock);
            let published = match &self.outlet {
                Outlet::Everybody(publisher) => Some(
                    publisher
                        .newest()
                        .ok_or(Setback::Refused(NotSequenced::Unavailable))?,
                ),
                Outlet::Witnesses(_) => None,
            };
            return Ok(Sequenced {
                outcomes: batch.outcomes,
                logged: self.committed.head,
                published,
                growth: None,
            });
        }
        let leaves = batch
            .entries
            .iter()
            .map(|entry| Hash::of_leaf(&entry.bytes))
            .collect();
        #[cfg(test)]
        let leaves = super::historical_bug::as_remembered(leaves);
        let growth = Growth::new(&self.committed.frontier, leaves);
        let is_last = batch.registry_now.ended_at().is_some();
        let advance = self.advance(&growth, batch.entries, batch.notices, is_last)?;
        self.metrics.batch_entries.observe(f64::from(
            u32::try_from(advance.entries.len()).unwrap_or(u32::MAX),
        ));
        let commit = self.metrics.commit_seconds.start_timer();
        let committed = lock.advance(&advance).await;
        #[cfg(test)]
        if super::historical_bug::is_promised(&committed)
            && let Outlet::Everybody(publisher) = &self.outlet
        {
            return Ok(Sequenced {
                outcomes: batch.outcomes,
                logged: advance.head,
                published: publisher.newest(),
                growth: Some(Arc::new(growth)),
            });
        }
        committed.map_err(refused_or_reload)?;
        commit.observe_duration();
        // From here on the batch is in the log, whatever happens: a failure tells the waiters nothing but "ask again".
        if let Some(registry) = batch.registry {
            self.registry.store(registry);
        }
        let published = self.finish(&advance, Some(&growth)).await?;
        Ok(Sequenced {
            outcomes: batch.outcomes,
            logged: advance.head,
            published,
            growth: Some(Arc::new(growth)),
        })
    }

    /// A head of the same size with a later time.
    async fn idle_head(&mut self) -> Result<(), Setback> {
        let coord = Arc::clone(&self.coord);
        let lock = coord.lock().await.map_err(refused_or_reload)?;
        self.same_as_committed(lock.committed())?;
        let growth = Growth::new(&self.committed.frontier, Vec::new());
        let advance = self.advance(&growth, Vec::new(), Vec::new(), false)?;
        lock.advance(&advance).await.map_err(refused_or_reload)?;
        self.finish(&advance, None).await.map(drop)
    }

    /// Anchor, second path, and out: in this order. With witnesses, what comes out is theirs first.
    async fn finish(
        &mut self,
        advance: &Advance,
        growth: Option<&Growth>,
    ) -> Result<Option<Arc<Published>>, Setback> {
        let before = self.committed.head.size;
        self.committed.head = advance.head;
        self.committed.frontier = advance.frontier.clone();
        self.committed.notices += u64::try_from(advance.notices.len()).expect("a batch is small");
        if advance.keep {
            self.committed.kept = Some(advance.head);
        }
        if let Some(growth) = growth {
            self.history.extend(growth);
        }
        let anchor = self.metrics.anchor_seconds.start_timer();
        self.anchor
            .append(&anchor_record(before, advance))
            .map_err(|error| anchor_setback(&error))?;
        anchor.observe_duration();
        self.trim_anchor(advance.head.time_ms)
            .map_err(|error| anchor_setback(&error))?;

        let second = self.metrics.second_path_seconds.start_timer();
        if growth.is_some() {
            let read_back = self
                .coord
                .read_back(LeafIndex::new(before.get()), advance.head.size)
                .await;
            self.second_path
                .extend(&read_back.map_err(|error| halt_if_damaged(&error))?)?;
        }
        let checked = self.second_path.vouch(&advance.head)?;
        second.observe_duration();

        self.metrics
            .tree_size
            .set(i64::try_from(advance.head.size.get()).unwrap_or(i64::MAX));
        self.metrics
            .head_time_seconds
            .set(i64::try_from(advance.head.time_ms / 1000).unwrap_or(i64::MAX));
        let everybody = match &self.outlet {
            Outlet::Everybody(everybody) => everybody,
            Outlet::Witnesses(heads) => {
                heads.send_replace(Some(checked));
                return Ok(None);
            }
        };
        let sign = self.metrics.sign_seconds.start_timer();
        let published = everybody.publish(&checked)?;
        sign.observe_duration();
        if advance.keep {
            // The note of a kept head is stored behind its publication: until then, and after a crash, it is made
            // again from its row.
            let (coord, published) = (Arc::clone(&self.coord), Arc::clone(&published));
            tokio::spawn(async move {
                if let Err(error) = coord.store_note(&published.head, &published.text).await {
                    tracing::warn!(%error, "A kept head's note could not be stored; it will be signed again when asked for.");
                }
            });
        }
        Ok(Some(published))
    }

    /// Drops journal segments that lie in stored bundles for longer than the healing window.
    fn trim_anchor(&mut self, now_ms: u64) -> Result<(), AnchorError> {
        if now_ms.saturating_sub(self.trimmed_ms) < TRIM_EVERY_MS {
            return Ok(());
        }
        self.trimmed_ms = now_ms;
        self.anchor.trim(
            self.committed.stored,
            now_ms.saturating_sub(self.healing_window_ms),
        )
    }

    /// Another process that wrote in between makes this one a zombie.
    fn same_as_committed(&self, now: &Committed) -> Result<(), Setback> {
        if now.head == self.committed.head && now.incarnation == self.committed.incarnation {
            Ok(())
        } else {
            Err(Setback::Reload(
                "the store holds another head than this process left there".to_owned(),
            ))
        }
    }

    fn advance(
        &self,
        growth: &Growth,
        entries: Vec<NewEntry>,
        notices: Vec<StoredNotice>,
        is_last: bool,
    ) -> Result<Advance, Stepped> {
        // Each head is later than the one before (RFC 6962 §3.5), whatever the clock says; and since it is so for ever, a
        // clock that was set forward has no say.
        let time_ms = self.watch.now_ms()?.max(self.committed.head.time_ms + 1);
        let head = Head {
            size: growth.after(),
            root: growth.root(),
            time_ms,
        };
        // With witnesses the cosigner decides: only what they cosigned is kept.
        let keep = matches!(self.outlet, Outlet::Everybody(_))
            && (is_last || is_kept(self.committed.kept.as_ref(), &head));
        let before = self.committed.head.size.get();
        let end = is_last.then(|| AuditEvent::at_size(AuditAction::End, before, time_ms));
        Ok(Advance {
            entries,
            notices,
            head,
            frontier: growth.frontier(),
            keep,
            audit: end.into_iter().collect(),
        })
    }

    fn has_ended(&self) -> bool {
        self.registry.load().ended_at().is_some()
    }

    fn until_idle_head(&self) -> Duration {
        let age = self
            .clock
            .now_ms()
            .saturating_sub(self.committed.head.time_ms);
        IDLE_HEAD_EVERY
            .saturating_sub(Duration::from_millis(age))
            .max(Duration::from_millis(10))
    }

    /// Gives each candidate its outcome; the new ones get the next indices, in order.
    async fn assign(
        &self,
        lock: &mut dyn HeadLock,
        candidates: &[&Candidate],
    ) -> Result<Batch, Setback> {
        let slots: Vec<Slot> = candidates.iter().map(|candidate| candidate.slot).collect();
        let holders = lock
            .slot_candidates(&slots)
            .await
            .map_err(refused_or_reload)?;
        let mut batch = Batch::at(self.committed.head.size, self.registry.load_full());
        for (candidate, holders) in candidates.iter().zip(holders) {
            let mut held = None;
            for index in holders {
                let entry = self.history.entry(index).await.map_err(refused_history)?;
                if batch.slot_of(&entry, index) == Some(candidate.slot) {
                    held = Some((index, entry));
                    break;
                }
            }
            batch.place(candidate, held);
        }
        Ok(batch)
    }
}

/// A batch as it is put together under the head lock.
struct Batch {
    first: u64,
    registry_now: Arc<Registry>,
    /// The registry after this batch, if notices in it changed it.
    registry: Option<Arc<Registry>>,
    entries: Vec<NewEntry>,
    notices: Vec<StoredNotice>,
    outcomes: Vec<Outcome>,
    /// The slots that this batch sets, and by which candidate's content.
    set: HashMap<Slot, (LeafIndex, evidence::Entry)>,
}

impl Batch {
    fn at(size: TreeSize, registry: Arc<Registry>) -> Self {
        Self {
            first: size.get(),
            registry_now: registry,
            registry: None,
            entries: Vec::new(),
            notices: Vec::new(),
            outcomes: Vec::new(),
            set: HashMap::new(),
        }
    }

    /// The slot that a stored entry holds.
    fn slot_of(&self, entry: &evidence::Entry, index: LeafIndex) -> Option<Slot> {
        let author = self.registry_now.author_at(entry, index).ok()?;
        Some(Slot::of(&author.bureau(), entry.tag()))
    }

    fn place(&mut self, candidate: &Candidate, held: Option<(LeafIndex, evidence::Entry)>) {
        let outcome = self.outcome(candidate, held);
        self.outcomes.push(outcome);
    }

    fn outcome(
        &mut self,
        candidate: &Candidate,
        held: Option<(LeafIndex, evidence::Entry)>,
    ) -> Outcome {
        let next = LeafIndex::new(
            self.first + u64::try_from(self.entries.len()).expect("a batch is small"),
        );
        if let Some((index, entry)) = held {
            return repeated(candidate, index, entry);
        }
        match self.set.entry(candidate.slot) {
            Place::Occupied(place) => {
                let (index, entry) = place.get().clone();
                repeated(candidate, index, entry)
            }
            Place::Vacant(place) => {
                if let Some(notice) = &candidate.notice {
                    let mut registry = Registry::clone(&self.registry_now);
                    if let Err(refusal) = registry.apply(next, notice, &AwsLc) {
                        return Outcome::RefusedNotice(refusal);
                    }
                    self.notices.push(StoredNotice {
                        seq: notice.seq(),
                        index: next,
                        notice_type: notice.notice_type(),
                        commitment: *candidate.entry.commitment(),
                        document: notice.to_bytes(),
                    });
                    self.registry_now = Arc::new(registry);
                    self.registry = Some(Arc::clone(&self.registry_now));
                } else if let Err(refusal) = self.registry_now.author_at(&candidate.entry, next) {
                    // Once more under the head lock: a revocation at position p is a fact for every entry after p.
                    return Outcome::Refused(refusal);
                }
                place.insert((next, candidate.entry.clone()));
                self.entries.push(NewEntry {
                    bytes: candidate.bytes,
                    slot: candidate.slot,
                });
                Outcome::Logged {
                    index: next,
                    entry: candidate.entry.clone(),
                }
            }
        }
    }
}

/// The same content answers with the same index for ever; other content finds the slot taken.
fn repeated(candidate: &Candidate, index: LeafIndex, entry: evidence::Entry) -> Outcome {
    if entry.content() == candidate.entry.content() {
        Outcome::Logged { index, entry }
    } else {
        Outcome::SlotTaken { index }
    }
}

/// Of the heads that cover new entries, the first of each minute is kept for ever.
pub fn is_kept(kept: Option<&Head>, head: &Head) -> bool {
    kept.is_none_or(|kept| head.size > kept.size && head.time_ms / 60_000 > kept.time_ms / 60_000)
}

/// What a step leaves in the anchor.
pub fn anchor_record(first: TreeSize, advance: &Advance) -> AnchorRecord {
    let mut entries = Vec::with_capacity(advance.entries.len() * ENTRY_LEN);
    advance
        .entries
        .iter()
        .for_each(|entry| entries.extend_from_slice(&entry.bytes));
    let notices = advance
        .notices
        .iter()
        .map(|notice| notice.document.clone())
        .collect();
    AnchorRecord {
        first,
        entries,
        notices,
        head: advance.head,
    }
}

/// Under load a short wait lets the next batch fill; an idle log never waits.
async fn linger(last_batch: usize) {
    let wait = match last_batch {
        0..16 => return,
        16..128 => Duration::from_millis(1),
        _ => Duration::from_millis(2),
    };
    tokio::time::sleep(wait).await;
}

fn refused_or_reload(error: CoordError) -> Setback {
    match error {
        CoordError::Refused(why) => {
            tracing::warn!(%why, "The database refused a batch.");
            Setback::Refused(NotSequenced::Unavailable)
        }
        CoordError::DiskFull => Setback::Refused(NotSequenced::DiskFull),
        CoordError::Unknown(_) => Setback::Reload(error.to_string()),
        CoordError::Absent | CoordError::Damaged(_) | CoordError::ForeignOrigin => {
            Setback::Halt(error.to_string())
        }
    }
}

/// After the commit nothing is refused any more: what cannot be read is read again from the start.
fn halt_if_damaged(error: &CoordError) -> Setback {
    match error {
        CoordError::Absent | CoordError::Damaged(_) | CoordError::ForeignOrigin => {
            Setback::Halt(error.to_string())
        }
        _ => Setback::Reload(error.to_string()),
    }
}

fn refused_history(error: HistoryError) -> Setback {
    match error {
        HistoryError::Coord(error) => refused_or_reload(error),
        other => {
            tracing::error!(error = %other, "An entry that holds a slot could not be read.");
            Setback::Refused(NotSequenced::Unavailable)
        }
    }
}

fn anchor_setback(error: &AnchorError) -> Setback {
    match error {
        // The start appends what the journal lacks, as soon as there is room again.
        AnchorError::DiskFull
        | AnchorError::Unreadable(_)
        | AnchorError::Copy(_)
        | AnchorError::InUse => Setback::Reload(error.to_string()),
        AnchorError::Fatal(_) => Setback::Fatal(error.to_string()),
        AnchorError::DoesNotExtend { .. }
        | AnchorError::Forked { .. }
        | AnchorError::NotAStep
        | AnchorError::ReadOnly
        | AnchorError::Damaged { .. }
        | AnchorError::ForeignOrigin => Setback::Halt(error.to_string()),
    }
}

impl From<Mismatch> for Setback {
    fn from(mismatch: Mismatch) -> Self {
        Self::Halt(mismatch.to_string())
    }
}

impl From<SignError> for Setback {
    fn from(error: SignError) -> Self {
        Self::Reload(error.to_string())
    }
}
