//! Drift: is our clock ahead of the clocks of the logs?
//!
//! A time that was signed once is never undercut, so a clock that runs ahead for a minute would make our signatures lie
//! for as long as it was ahead. Each log states times under its own signature. A head may be old, so it bounds the true
//! time from below: the time it states, plus what passed since it came. The median of these bounds over all logs is what
//! the logs, taken together, say the time is.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// How far our clock may be ahead: logs add a head a minute, and clocks that nobody keeps are off by less.
pub const AHEAD_MAX_S: u64 = 300;

/// A log's bound moves only by so much, in milliseconds: the median need not be found anew for every request.
const GRAIN_MS: i64 = 1000;

/// What the logs say the time is.
#[derive(Debug, Default)]
pub struct Drift {
    bounds: Mutex<Bounds>,
}

#[derive(Debug, Default)]
struct Bounds {
    /// For each log, stated time minus our elapsed time: the best that it ever gave, in milliseconds.
    of_log: HashMap<String, i64>,
    median: Option<i64>,
}

/// Our clock is ahead of the logs' by so many seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ahead(pub u64);

impl Drift {
    /// Judges our clock, which says `now_s`, by what the logs stated; `stated_s` is the time in a head that this log
    /// signed and that came just now, when `elapsed_ms` had passed.
    ///
    /// Until any log has stated a time, every clock is believed. A first head of a log counts for the next judgement: it
    /// may be a day old, when log and witness start together after an outage.
    pub fn judge(
        &self,
        origin: &str,
        stated_s: Option<u64>,
        now_s: u64,
        elapsed_ms: u64,
    ) -> Result<(), Ahead> {
        let mut bounds = self.bounds.lock().unwrap_or_else(PoisonError::into_inner);
        let elapsed_ms = i64::try_from(elapsed_ms).unwrap_or(i64::MAX);
        let bound = stated_s.map(|stated_s| millis(stated_s).saturating_sub(elapsed_ms));
        let known = bounds.of_log.get(origin).copied();
        // A fresher head counts at once, also if the clock is doubted: it is how the doubt ends.
        if let (Some(bound), Some(known)) = (bound, known)
            && bound >= known.saturating_add(GRAIN_MS)
        {
            bounds.set(origin, bound);
        }
        if let Some(median) = bounds.median {
            let logs_now = median.saturating_add(elapsed_ms);
            let ahead_ms = millis(now_s).saturating_sub(logs_now);
            if ahead_ms > millis(AHEAD_MAX_S) {
                return Err(Ahead(ahead_ms.unsigned_abs() / 1000));
            }
        }
        if let (Some(bound), None) = (bound, known) {
            bounds.set(origin, bound);
        }
        Ok(())
    }

    /// Forgets logs that are enrolled no more.
    pub fn retain(&self, is_enrolled: impl Fn(&str) -> bool) {
        let mut bounds = self.bounds.lock().unwrap_or_else(PoisonError::into_inner);
        bounds.of_log.retain(|origin, _| is_enrolled(origin));
        bounds.find_median();
    }
}

impl Bounds {
    fn set(&mut self, origin: &str, bound: i64) {
        self.of_log.insert(origin.to_owned(), bound);
        self.find_median();
    }

    fn find_median(&mut self) {
        let mut bounds: Vec<i64> = self.of_log.values().copied().collect();
        // Of two, the later: a bound is from below.
        let middle = bounds.len() / 2;
        self.median = (!bounds.is_empty()).then(|| *bounds.select_nth_unstable(middle).1);
    }
}

fn millis(seconds: u64) -> i64 {
    i64::try_from(seconds)
        .unwrap_or(i64::MAX)
        .saturating_mul(1000)
}

#[cfg(test)]
mod tests {
    use super::{Ahead, Drift};

    const NOON: u64 = 1_800_000_000;

    #[test]
    fn until_a_log_states_a_time_every_clock_is_believed() {
        let drift = Drift::default();
        assert_eq!(drift.judge("a", None, NOON * 2, 0), Ok(()));
        assert_eq!(drift.judge("b", None, NOON, 0), Ok(()));
    }

    #[test]
    fn a_clock_that_jumps_ahead_is_seen_and_one_that_is_right_again_is_believed() {
        let drift = Drift::default();
        assert_eq!(drift.judge("a", Some(NOON), NOON + 1, 0), Ok(()));
        assert_eq!(drift.judge("a", Some(NOON + 60), NOON + 61, 60_000), Ok(()));
        let jumped = drift.judge("a", Some(NOON + 61), NOON + 3661, 61_000);
        assert_eq!(jumped, Err(Ahead(3600)));
        // A log without times is answered alike.
        assert!(drift.judge("b", None, NOON + 3661, 61_000).is_err());
        assert_eq!(drift.judge("a", Some(NOON + 62), NOON + 63, 62_000), Ok(()));
    }

    #[test]
    fn an_old_head_of_a_log_that_was_down_is_no_evidence_against_our_clock() {
        let drift = Drift::default();
        // Log and witness start together after a day: the first head is old.
        assert_eq!(drift.judge("a", Some(NOON - 86_400), NOON, 0), Ok(()));
        assert_eq!(drift.judge("a", Some(NOON), NOON + 1, 1000), Ok(()));
        // The witness ran on while another log was down.
        assert_eq!(
            drift.judge("b", Some(NOON - 86_400), NOON + 9, 9000),
            Ok(())
        );
        assert_eq!(
            drift.judge("a", Some(NOON - 999), NOON + 9999, 9_999_000),
            Ok(())
        );
    }

    #[test]
    fn one_log_whose_clock_is_wrong_does_not_outweigh_two() {
        let drift = Drift::default();
        for (origin, stated) in [("a", NOON), ("b", NOON), ("slow", NOON - 7200)] {
            assert_eq!(drift.judge(origin, Some(stated), NOON, 0), Ok(()));
        }
        assert_eq!(
            drift.judge("slow", Some(NOON - 7200), NOON + 9, 9000),
            Ok(())
        );
        // Nor does a log that is ahead hide that we are.
        let drift = Drift::default();
        for (origin, stated) in [("a", NOON), ("b", NOON), ("fast", NOON + 7200)] {
            assert_eq!(drift.judge(origin, Some(stated), NOON, 0), Ok(()));
        }
        assert!(
            drift
                .judge("fast", Some(NOON + 7200), NOON + 7200, 0)
                .is_err()
        );
    }

    #[test]
    fn after_the_machine_slept_a_fresh_head_ends_the_doubt() {
        let drift = Drift::default();
        assert_eq!(drift.judge("a", Some(NOON), NOON, 0), Ok(()));
        // Two hours passed and our count of elapsed time did not see them.
        assert_eq!(drift.judge("a", Some(NOON + 7200), NOON + 7200, 5), Ok(()));
    }
}
