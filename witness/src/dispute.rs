//! Disputes: two heads under one log's signature that nobody has joined. No proof, and no accusation: both notes are shown,
//! and anybody may close it with a consistency proof. In memory alone: whatever still stands apart after a restart is
//! found again by the next rounds.

use crate::examiner::{Apart, Why};
use crate::known_log::LogId;
use crate::sighting::Sighting;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Disputes of one log. Each needs a head that the log signed; more of them show nothing more.
pub const DISPUTES_PER_LOG_MAX: usize = 8;

/// A dispute is published when it still stands at the second look: a tile that came too late is no news. So it is public
/// within two rounds.
const LOOKS_BEFORE_PUBLIC: u32 = 2;

/// All disputes.
#[derive(Debug, Default)]
pub struct Disputes {
    of_log: Mutex<HashMap<LogId, Vec<Dispute>>>,
}

/// Two heads apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dispute {
    /// The head that we signed.
    pub ours: Sighting,
    /// The head that somebody else was shown.
    pub theirs: Sighting,
    /// Why they are not joined.
    pub why: Why,
    /// Since when, in seconds since 1970.
    pub since_s: u64,
    looks: u32,
}

impl Dispute {
    /// Whether it is shown to everybody.
    pub const fn is_public(&self) -> bool {
        self.looks >= LOOKS_BEFORE_PUBLIC
    }
}

impl Disputes {
    /// Notes that a head still stands apart after one more look. True if it is public from now on.
    pub fn note(&self, log: LogId, theirs: &Sighting, apart: Apart, now_s: u64) -> bool {
        let mut of_log = self.of_log();
        let disputes = of_log.entry(log).or_default();
        if let Some(dispute) = disputes.iter_mut().find(|one| is_same(&one.theirs, theirs)) {
            dispute.why = apart.why;
            dispute.looks = dispute.looks.saturating_add(1);
            return dispute.looks == LOOKS_BEFORE_PUBLIC;
        }
        if disputes.len() < DISPUTES_PER_LOG_MAX {
            disputes.push(Dispute {
                ours: apart.ours,
                theirs: theirs.clone(),
                why: apart.why,
                since_s: now_s,
                looks: 1,
            });
        }
        false
    }

    /// Closes the dispute about a head, if there is one. True if it was public.
    pub fn close(&self, log: LogId, theirs: &Sighting) -> bool {
        let mut of_log = self.of_log();
        let Some(disputes) = of_log.get_mut(&log) else {
            return false;
        };
        let place = disputes.iter().position(|one| is_same(&one.theirs, theirs));
        place.is_some_and(|place| disputes.remove(place).is_public())
    }

    /// Whether a head is in dispute, or waits for its second look.
    pub fn holds(&self, log: LogId, theirs: &Sighting) -> bool {
        let of_log = self.of_log();
        let disputes = of_log.get(&log).into_iter().flatten();
        disputes.into_iter().any(|one| is_same(&one.theirs, theirs))
    }

    /// All of a log, also those that wait for their second look.
    pub fn all(&self, log: LogId) -> Vec<Dispute> {
        self.of_log().get(&log).cloned().unwrap_or_default()
    }

    /// Those that everybody is shown.
    pub fn public(&self, log: LogId) -> Vec<Dispute> {
        let mut all = self.all(log);
        all.retain(Dispute::is_public);
        all
    }

    /// Forgets logs that are enrolled no more.
    pub fn retain(&self, is_enrolled: impl Fn(LogId) -> bool) {
        self.of_log().retain(|log, _| is_enrolled(*log));
    }

    fn of_log(&self) -> MutexGuard<'_, HashMap<LogId, Vec<Dispute>>> {
        // No code panics while it holds it.
        self.of_log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_same(a: &Sighting, b: &Sighting) -> bool {
    a.size() == b.size() && a.root() == b.root()
}
