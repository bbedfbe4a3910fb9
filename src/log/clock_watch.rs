//! The clock watch: a clock that was set forward must not sign, since no head can be signed before it again.
//!
//! Each head's time is later than the one before, for ever: after one head from next year the log's times are wrong for a
//! year. So a time is signed only when a clock that nobody sets went along with it, or when the witnesses' clocks say the
//! same ([`super::clock_gate`]). A clock that goes back does no harm: the stored time is later and is taken instead.

use crate::clock::Clock;
use crate::metrics::Metrics;
use std::sync::{Arc, Mutex};

/// So far the clock may step forward at once: time daemons step over seconds, a leap second is one, and an idle log signs
/// once a minute anyway.
pub const STEP_MAX_MS: u64 = 60_000;

const HELD: &str = "no holder of the clock's mark panics";

/// Reads the clock for whoever signs, and finds out when it was set forward.
pub struct ClockWatch {
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    /// Whether somebody can say that a step was right: the witnesses. Without them a step is reported and believed.
    has_witnesses: bool,
    mark: Mutex<Mark>,
}

/// A time that was believed, and what the steady clock showed then.
#[derive(Clone, Copy)]
struct Mark {
    wall_ms: u64,
    steady_ms: u64,
    /// Whether the witnesses confirmed it, or a time before it.
    is_confirmed: bool,
}

/// The clock was set forward by so many milliseconds at once: nobody may sign what it shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the machine's clock was set forward by {} s at once", .0 / 1000)]
pub struct Stepped(pub u64);

impl ClockWatch {
    /// Begins with the clock as it is now.
    pub fn new(clock: Arc<dyn Clock>, metrics: Arc<Metrics>, has_witnesses: bool) -> Self {
        let mark = Mark {
            wall_ms: clock.now_ms(),
            steady_ms: clock.steady_ms(),
            is_confirmed: false,
        };
        Self {
            clock,
            metrics,
            has_witnesses,
            mark: Mutex::new(mark),
        }
    }

    /// The time to be signed, in milliseconds since 1970.
    pub fn now_ms(&self) -> Result<u64, Stepped> {
        let (wall_ms, steady_ms) = (self.clock.now_ms(), self.clock.steady_ms());
        let mut mark = self.mark.lock().expect(HELD);
        let passed = steady_ms.saturating_sub(mark.steady_ms);
        let expected = mark.wall_ms.saturating_add(passed);
        let step = Stepped(wall_ms.saturating_sub(expected));
        if step.0 > STEP_MAX_MS {
            if self.has_witnesses {
                return Err(step);
            }
            self.metrics.clock_steps.inc();
            tracing::warn!("{step}; a log without witnesses believes it.");
        }
        // After a clock went back the mark goes on at the pace of the steady clock: its return is no step.
        mark.wall_ms = wall_ms.max(expected);
        mark.steady_ms = steady_ms;
        Ok(wall_ms)
    }

    /// What the clock shows, believed or not.
    pub(super) fn shown_ms(&self) -> u64 {
        self.clock.now_ms()
    }

    /// Whether the witnesses confirmed the clock once and it has not been set forward since.
    pub(super) fn is_confirmed(&self) -> bool {
        let is_steady = self.now_ms().is_ok();
        is_steady && self.mark.lock().expect(HELD).is_confirmed
    }

    /// Believes this time, whatever the steady clock says: the witnesses confirmed it.
    pub(super) fn confirm(&self, wall_ms: u64) {
        *self.mark.lock().expect(HELD) = Mark {
            wall_ms,
            steady_ms: self.clock.steady_ms(),
            is_confirmed: true,
        };
    }
}
