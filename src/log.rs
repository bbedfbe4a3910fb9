//! The heart of the log: what may be logged, in which order, under which head.
//!
//! An entry's way: [`pool`] (bounded, one waiter a request) → [`sequencer`] (assign, integrate and advance in one
//! transaction; anchor; second path) → [`cosigner`] (the witnesses, if there are any) → [`publisher`] (the head that
//! may be shown) → the waiter. [`start`] and [`gate`] come before all of it, [`keeper`] walks behind, [`runner`] holds
//! them together. The heart names ports and no adapter.

#[cfg(test)]
mod bit_flip;
pub mod board;
pub mod clock_gate;
pub mod clock_watch;
pub mod cosigner;
#[cfg(test)]
mod crash_point;
pub mod edge;
#[cfg(test)]
pub(crate) mod five_witnesses;
mod full_tile;
pub mod gate;
pub mod genesis;
pub mod healing;
#[cfg(test)]
pub(crate) mod historical_bug;
pub mod history;
#[cfg(test)]
pub(crate) mod house;
pub mod judgement;
pub mod keeper;
pub mod operator_notice;
pub mod policy_notice;
pub mod pool;
pub mod publisher;
pub mod quorum;
pub mod recent_leaves;
pub mod rollforward;
pub mod runner;
pub mod scrubber;
pub mod second_path;
pub mod seen;
pub mod sequencer;
#[cfg(test)]
pub(crate) mod simulated_log;
pub mod start;
pub mod start_error;
pub mod status;
#[cfg(test)]
mod witness_simulation;
pub mod witnessing;

use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::storage::coord::Coord;
use arc_swap::ArcSwap;
use evidence::{KeyHash, OriginHash, UtcDate};
use moka::sync::Cache;
use policy_notice::PolicyNotice;
use pool::{Candidate, NotSequenced, Pool, Sequenced};
use runner::Settings;
use service::P256Verifier;
use start::{Heart, Ports};
use status::Status;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tlog::Policy;
use witnessing::Witnessing;

/// Bytes of parsed keys kept in memory: about 30,000 keys of bureaus.
const KEY_CACHE_BYTES: u64 = 16 << 20;
/// What one parsed key takes, roughly: the curve point and its containers.
const PARSED_KEY_BYTES: u32 = 512;

/// Assigning and integrating take at most this long, else there is no promise (and the entries may be sent again).
pub const SEQUENCE_DEADLINE: Duration = Duration::from_mins(1);

/// The log as its doors see it.
pub struct Log {
    heart: ArcSwap<Heart>,
    coord: Arc<dyn Coord>,
    witnessing: Option<Arc<Witnessing>>,
    pool: Arc<Pool>,
    status: Status,
    metrics: Arc<Metrics>,
    clock: Arc<dyn Clock>,
    origin_hash: OriginHash,
    parsed_keys: Cache<KeyHash, P256Verifier>,
    settings: Settings,
    is_short_of_room: AtomicBool,
}

impl Log {
    /// A log around this heart.
    pub(crate) fn new(
        heart: Heart,
        ports: &Ports,
        pool: Arc<Pool>,
        status: Status,
        metrics: Arc<Metrics>,
        settings: Settings,
    ) -> Self {
        let origin_hash = *heart.registry.load().origin_hash();
        let parsed_keys = Cache::builder()
            .max_capacity(KEY_CACHE_BYTES)
            .weigher(|_, _| PARSED_KEY_BYTES)
            .build();
        Self {
            heart: ArcSwap::from_pointee(heart),
            coord: Arc::clone(&ports.coord),
            witnessing: ports.witnessing.clone(),
            pool,
            status,
            metrics,
            clock: Arc::clone(&ports.clock),
            origin_hash,
            parsed_keys,
            settings,
            is_short_of_room: AtomicBool::new(false),
        }
    }

    /// What readers need, as of now.
    pub fn heart(&self) -> Arc<Heart> {
        self.heart.load_full()
    }

    /// The database, for its readers.
    pub fn coord(&self) -> &dyn Coord {
        self.coord.as_ref()
    }

    /// The witnesses whose quorum a head needs before it leaves the house; none on a log without.
    pub fn witnessing(&self) -> Option<&Witnessing> {
        self.witnessing.as_deref()
    }

    /// The policy whose quorum every head needs; none on a log without witnesses.
    pub fn policy(&self) -> Option<&Policy> {
        self.witnessing()
            .map(|witnessing| witnessing.quorum.policy())
    }

    /// Whether the policy is the one that this log published.
    pub fn policy_notice(&self) -> PolicyNotice {
        let today = UtcDate::of_unix_ms(self.now_ms());
        PolicyNotice::of(&self.heart().registry.load(), self.policy(), today)
    }

    /// Whether it takes entries.
    pub const fn status(&self) -> &Status {
        &self.status
    }

    /// Whether the disk is nearly full: then no entry is taken.
    pub fn is_short_of_room(&self) -> bool {
        self.is_short_of_room.load(Ordering::Relaxed)
    }

    /// Stops intake for want of room, or lets it go on.
    pub fn set_short_of_room(&self, is_short: bool) {
        self.is_short_of_room.store(is_short, Ordering::Relaxed);
    }

    /// What the operator set.
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What is counted.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// SHA-256 of the origin, as it stands under every signature.
    pub const fn origin_hash(&self) -> &OriginHash {
        &self.origin_hash
    }

    /// The time, as the log's clock has it, in milliseconds since 1970.
    pub fn now_ms(&self) -> u64 {
        self.clock.now_ms()
    }

    /// The parsed form of an enrolled key.
    pub fn verifier(&self, key: &KeyHash, spki_der: &[u8]) -> Option<P256Verifier> {
        if let Some(parsed) = self.parsed_keys.get(key) {
            return Some(parsed);
        }
        let parsed = P256Verifier::from_spki(spki_der).ok()?;
        self.parsed_keys.insert(*key, parsed.clone());
        Some(parsed)
    }

    /// Lets these verified entries be sequenced and waits for their answer.
    pub async fn sequence(&self, candidates: Vec<Candidate>) -> Result<Sequenced, NotSequenced> {
        if self.heart().registry.load().ended_at().is_some() {
            return Err(NotSequenced::Ended);
        }
        if self.status.waits_for_clock() {
            return Err(NotSequenced::Clock);
        }
        if !self.status.is_serving() {
            return Err(NotSequenced::ReadOnly);
        }
        if self.is_short_of_room() {
            return Err(NotSequenced::DiskFull);
        }
        let answer = self.pool.submit(candidates)?;
        self.metrics
            .pool_entries
            .set(i64::try_from(self.pool.waiting()).unwrap_or(i64::MAX));
        match tokio::time::timeout(SEQUENCE_DEADLINE, answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) | Err(_) => Err(NotSequenced::Unavailable),
        }
    }
}
