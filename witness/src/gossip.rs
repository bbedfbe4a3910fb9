//! Gossip: in every round each peer is asked for its newest head of every log that both know, and each log for the one
//! that it shows to all; what they show is examined, and what is proven is sent to the others, who check for themselves.
//!
//! An unreachable log, an old head and a peer's word freeze nothing: they are counted apart from disputes, and those from
//! what is proven.

use crate::clock::Clock;
use crate::conviction::Against;
use crate::dispute::Disputes;
use crate::docket::Docket;
use crate::examiner::{Examiner, Finding, Why};
use crate::known_log::{KnownLog, LogId};
use crate::ledger::{Ledger, LedgerError, Seen, SeenHead};
use crate::metrics::{self, Metrics};
use crate::observer::Observer;
use crate::outside::{Outside, Unanswered};
use crate::peer::Peer;
use crate::roster::RosterKeeper;
use crate::sighting::{SIGHTING_BYTES_MAX, Sighting};
use futures_util::StreamExt as _;
use futures_util::stream;
use service::{AwsLc, Stop};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tlog::{Note, TwoHeads};
use tokio::time::{MissedTickBehavior, interval};

/// Questions at one time, to all peers and logs together.
const ASKED_AT_ONCE: usize = 16;

/// Proofs that are sent in one round; the rest waits for the next.
const SENT_AT_ONCE: usize = 64;

/// A log whose newest head is older is stale: logs add a head a minute, also when nothing is logged.
pub const STALE_S: u64 = 600;

/// All that a round needs.
pub struct Gossip {
    /// Whom to ask.
    pub peers: Arc<[Peer]>,
    /// About what.
    pub roster: Arc<RosterKeeper>,
    /// Compares.
    pub examiner: Arc<Examiner>,
    /// Takes up what was found.
    pub observer: Arc<Observer>,
    /// What is proven.
    pub docket: Arc<Docket>,
    /// What stands apart.
    pub disputes: Arc<Disputes>,
    /// The way to others.
    pub outside: Arc<dyn Outside>,
    /// Remembers what peers showed.
    pub ledger: Arc<dyn Ledger>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What this process knows.
    pub known: Known,
}

/// What this process knows of peers.
#[derive(Debug, Default)]
pub struct Known(Mutex<InMemory>);

#[derive(Debug, Default)]
struct InMemory {
    seen: HashMap<(String, LogId), SeenHead>,
    /// The last head of a source that was found to be one with ours: it is not looked at again.
    settled: HashMap<(String, LogId), SeenHead>,
    /// Which proof was sent where.
    sent: HashSet<(String, String)>,
}

impl Known {
    fn lock(&self) -> MutexGuard<'_, InMemory> {
        // No code panics while it holds it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Gossip {
    /// Makes rounds until the stop, and sends a new proof at once.
    pub async fn run(self, every: Duration, stop: Stop) {
        match self.ledger.seen().await {
            Ok(seen) => {
                let mut known = self.known.lock();
                let by_peer = seen.into_iter().map(|one| ((one.peer, one.log), one.head));
                known.seen.extend(by_peer);
            }
            Err(error) => tracing::error!(%error, "What peers showed before cannot be read."),
        }
        let mut rounds = interval(every);
        rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.stopped() => return,
                () = self.docket.to_tell.notified() => self.send_proofs().await,
                _ = rounds.tick() => {
                    tokio::select! {
                        () = stop.stopped() => return,
                        () = self.round() => {}
                    }
                }
            }
        }
    }

    /// One round.
    pub async fn round(&self) {
        let roster = self.roster.roster();
        let logs: Vec<Arc<KnownLog>> = roster.logs().map(Arc::clone).collect();
        self.disputes
            .retain(|id| logs.iter().any(|log| log.enrolled.id == id));
        // Each head that stands apart is looked at once in a round, so its second look is in the next.
        stream::iter(logs.clone())
            .for_each_concurrent(ASKED_AT_ONCE, async |log| self.look_again(&log).await)
            .await;
        stream::iter(logs.clone())
            .for_each_concurrent(ASKED_AT_ONCE, async |log| self.ask_log(&log).await)
            .await;
        let mut pairs = Vec::with_capacity(self.peers.len() * logs.len());
        for peer in 0..self.peers.len() {
            pairs.extend(logs.iter().map(|log| (peer, Arc::clone(log))));
        }
        let seen: Vec<Option<(Seen, String)>> = stream::iter(pairs)
            .map(async |(peer, log)| self.ask_peer(self.peers.get(peer)?, &log).await)
            .buffer_unordered(ASKED_AT_ONCE)
            .collect()
            .await;
        let seen: Vec<(Seen, String)> = seen.into_iter().flatten().collect();
        if let Err(error) = self.remember(&seen).await {
            tracing::error!(%error, "What peers showed was not stored.");
        }
        self.send_proofs().await;
        self.count(&logs);
        self.metrics.gossip_rounds.inc();
    }

    async fn look_again(&self, log: &KnownLog) {
        for dispute in self.disputes.all(log.enrolled.id) {
            let finding = self.examiner.examine(log, &dispute.theirs).await;
            self.observer.take_up(log, &dispute.theirs, &finding);
        }
    }

    /// The head that the log shows to all: another one than ours is the plainest fork.
    async fn ask_log(&self, log: &KnownLog) {
        let Some(url) = &log.enrolled.url else {
            return;
        };
        let address = format!("{url}/checkpoint");
        match self.outside.get(&address, SIGHTING_BYTES_MAX).await {
            Err(Unanswered::Silent(_)) => log.standing.silent_since(self.clock.now_s()),
            Err(Unanswered::Otherwise(_)) | Ok(None) => log.standing.answers(),
            Ok(Some(bytes)) => {
                log.standing.answers();
                let note = Note::parse(&bytes).ok();
                if let Some(seen) = note.and_then(|note| Sighting::of(log, &note).ok()) {
                    self.look(url, log, &seen, 0).await;
                }
            }
        }
    }

    async fn ask_peer(&self, peer: &Peer, log: &KnownLog) -> Option<(Seen, String)> {
        let address = format!("{}/{}/checkpoint", peer.url, log.origin_hash);
        let (outcome, shown) = match self.outside.get(&address, SIGHTING_BYTES_MAX).await {
            Err(Unanswered::Silent(_)) => (metrics::PEER_SILENT, None),
            Ok(None) => (metrics::PEER_NOTHING, None),
            Err(Unanswered::Otherwise(_)) => (metrics::PEER_WORTHLESS, None),
            Ok(Some(bytes)) => {
                let note = Note::parse(&bytes).ok();
                let shown = note.and_then(|note| Some((Sighting::of(log, &note).ok()?, note)));
                // A peer's word about a log counts nothing: what that log did not sign is thrown away.
                let outcome = if shown.is_some() {
                    metrics::PEER_SHOWED
                } else {
                    metrics::PEER_WORTHLESS
                };
                (outcome, shown)
            }
        };
        self.metrics
            .peer_answers
            .with_label_values(&[peer.vkey.name().as_str(), outcome])
            .inc();
        let (seen, note) = shown?;
        let line = seen.line_of(&peer.vkey, &note);
        let time_s = line.as_ref().map_or(0, |(_, time_s)| *time_s);
        self.look(&peer.key_hash, log, &seen, time_s).await;
        // Without the peer's own valid line it is the log's head, and says nothing of the peer.
        let (line, time_s) = line?;
        let lines = seen.note.lines().iter().chain([line]).cloned().collect();
        let signed = Note::new(note.text(), lines).ok()?;
        self.seen_of(peer, log, &seen, &signed, time_s).await
    }

    /// Examines a head, unless it is in dispute or was found one with ours.
    async fn look(&self, source: &str, log: &KnownLog, seen: &Sighting, time_s: u64) {
        let id = log.enrolled.id;
        let head = SeenHead {
            size: seen.size(),
            root: seen.root(),
            time_s,
        };
        let of_source = (source.to_owned(), id);
        if self.disputes.holds(id, seen) || self.known.lock().settled.get(&of_source) == Some(&head)
        {
            return;
        }
        let finding = self.examiner.examine(log, seen).await;
        self.observer.take_up(log, seen, &finding);
        if matches!(finding, Finding::Known | Finding::Follows) {
            self.known.lock().settled.insert(of_source, head);
        }
    }

    /// What a peer showed under its own line: the newest is remembered, and two that no honest witness signs convict it.
    async fn seen_of(
        &self,
        peer: &Peer,
        log: &KnownLog,
        seen: &Sighting,
        signed: &Note,
        time_s: u64,
    ) -> Option<(Seen, String)> {
        let id = log.enrolled.id;
        let head = SeenHead {
            size: seen.size(),
            root: seen.root(),
            time_s,
        };
        let of_peer = (peer.key_hash.clone(), id);
        let before = self.known.lock().seen.get(&of_peer).copied();
        if let Some(before) = before {
            if before.contradicts(&head) {
                self.convict_peer(peer, log, signed).await;
            }
            if !head.is_newer_than(&before) {
                return None;
            }
        }
        Some((
            Seen {
                peer: peer.key_hash.clone(),
                log: id,
                head,
            },
            signed.to_string(),
        ))
    }

    async fn convict_peer(&self, peer: &Peer, log: &KnownLog, signed: &Note) {
        let before = self
            .ledger
            .seen_note(&peer.key_hash, log.enrolled.id)
            .await
            .ok()
            .flatten()
            .and_then(|note| Note::parse(note.as_bytes()).ok());
        let Some(before) = before else {
            return;
        };
        let heads = TwoHeads::of(&peer.vkey, [&before, signed], &AwsLc);
        if let Some(proof) = heads.ok().and_then(|heads| heads.alone())
            && let Err(why) = self.docket.keep(log, &proof).await
        {
            tracing::warn!(%why, "A proof against a peer was not kept.");
        }
    }

    async fn remember(&self, seen: &[(Seen, String)]) -> Result<(), LedgerError> {
        if seen.is_empty() {
            return Ok(());
        }
        self.ledger.remember(seen).await?;
        let mut known = self.known.lock();
        for (one, _) in seen {
            known.seen.insert((one.peer.clone(), one.log), one.head);
        }
        Ok(())
    }

    /// Sends each proof to each peer, and those against a log to the log, until they have answered.
    async fn send_proofs(&self) {
        let roster = self.roster.roster();
        let mut to_send = Vec::new();
        for log in roster.logs() {
            for conviction in self.docket.of_log(&log.origin_hash) {
                let of_peer = |peer: &Peer| format!("{}/{}/misbehavior", peer.url, log.origin_hash);
                let url = log.enrolled.url.as_ref();
                let of_log = url.filter(|_| conviction.against == Against::Log);
                let of_log = of_log.map(|url| format!("{url}/v1/misbehavior"));
                for address in self.peers.iter().map(of_peer).chain(of_log) {
                    let sent = (address, conviction.sha256.clone());
                    if !self.known.lock().sent.contains(&sent) {
                        to_send.push((Arc::clone(log), sent));
                    }
                }
            }
        }
        to_send.truncate(SENT_AT_ONCE);
        stream::iter(to_send)
            .for_each_concurrent(ASKED_AT_ONCE, async |(log, (address, sha256))| {
                let proof = self.docket.read_proof(&log.origin_hash, &sha256).await;
                let Some(proof) = proof else {
                    return;
                };
                // Whoever says no has looked at it, or does not want it; whoever is busy is told again.
                let status = self.outside.post(&address, proof).await;
                if status.is_ok_and(|status| status < 500 && status != 429) {
                    self.known.lock().sent.insert((address, sha256));
                }
            })
            .await;
    }

    fn count(&self, logs: &[Arc<KnownLog>]) {
        let now_s = self.clock.now_s();
        let gauge = |verdict: &str, is_so: &dyn Fn(&KnownLog) -> bool| {
            let count = logs.iter().filter(|log| is_so(log)).count();
            self.metrics
                .verdicts
                .with_label_values(&[verdict])
                .set(i64::try_from(count).unwrap_or(i64::MAX));
        };
        gauge(metrics::OUTAGE, &|log| log.standing.is_silent());
        gauge(metrics::STALE, &|log| is_stale(log, now_s));
        gauge(metrics::DISPUTE, &|log| {
            !self.disputes.public(log.enrolled.id).is_empty()
        });
        gauge(metrics::PROVEN, &|log| {
            let convictions = self.docket.of_log(&log.origin_hash);
            convictions.iter().any(|one| one.against == Against::Log)
        });
        let open: Vec<Why> = logs
            .iter()
            .flat_map(|log| self.disputes.public(log.enrolled.id))
            .map(|dispute| dispute.why)
            .collect();
        for why in Why::ALL {
            let count = open.iter().filter(|one| **one == why).count();
            let gauge = self.metrics.disputes.with_label_values(&[why.word()]);
            gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
        }
    }
}

/// Whether the newest head that we signed of a log is older than it should be.
pub fn is_stale(log: &KnownLog, now_s: u64) -> bool {
    let head = log.standing.head();
    head.is_signed() && now_s.saturating_sub(head.time_s) > STALE_S
}

#[cfg(test)]
mod tests;
