//! Drift: is our clock ahead of the clocks of the logs?
//!
//! A time that was signed once is never undercut, so a clock that runs ahead for a minute would make our signatures lie
//! for as long as it was ahead. Each log states times under its own signature. A head may be old, so it bounds the true
//! time from below: the time it states, plus what passed since it came. The median of these bounds over all logs is what
//! the logs, taken together, say the time is.
//!
//! After an outage of log and witness a log shows old heads before it signs a new one, and more than once: such a head
//! looks like a clock of ours that is ahead. So a log's word counts once it agreed with our clock, or once it went on.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// How far our clock may be ahead: logs add a head a minute, and clocks that nobody keeps are off by less.
pub const AHEAD_MAX_S: u64 = 300;

/// A log's bound moves only by so much, in milliseconds: the median need not be found anew for every request.
const GRAIN_MS: i64 = 1000;

/// A log that never agreed with our clock is heard from its fourth head on, each later than the one before: at a start it
/// shows the head that it stored and the one that we recorded, and signs nothing before we answered.
const HEADS_MIN: u32 = 4;

/// What the logs say the time is.
#[derive(Debug, Default)]
pub struct Drift {
    words: Mutex<Words>,
}

#[derive(Debug, Default)]
struct Words {
    of_log: HashMap<String, Word>,
    median: Option<i64>,
}

/// What one log stated.
#[derive(Clone, Copy, Debug)]
struct Word {
    /// Stated time minus our elapsed time: the best that it ever gave, in milliseconds.
    bound_ms: i64,
    /// The latest time that it stated.
    newest_s: u64,
    /// How many heads it sent, each later than the one before.
    heads: u32,
    /// Whether our clock was ever not ahead of a head of its when that came.
    agreed: bool,
}

/// Our clock is ahead of the logs' by so many seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ahead(pub u64);

impl Drift {
    /// Judges our clock, which says `now_s`, by what the logs stated; `stated_s` is the time in a head that this log
    /// signed and that came just now, when `elapsed_ms` had passed.
    ///
    /// Until any log's word counts, every clock is believed. A first head of a log counts for the next judgement.
    pub fn judge(
        &self,
        origin: &str,
        stated_s: Option<u64>,
        now_s: u64,
        elapsed_ms: u64,
    ) -> Result<(), Ahead> {
        let mut words = self.words.lock().unwrap_or_else(PoisonError::into_inner);
        let elapsed_ms = i64::try_from(elapsed_ms).unwrap_or(i64::MAX);
        let said = stated_s.map(|stated_s| Word {
            bound_ms: millis(stated_s).saturating_sub(elapsed_ms),
            newest_s: stated_s,
            heads: 1,
            agreed: now_s.saturating_sub(stated_s) <= AHEAD_MAX_S,
        });
        let known = words.of_log.get(origin).copied();
        // A fresher head counts at once, also if the clock is doubted: it is how the doubt ends.
        if let (Some(said), Some(known)) = (said, known) {
            words.set(origin, known.and(said));
        }
        if let Some(median) = words.median {
            let logs_now = median.saturating_add(elapsed_ms);
            let ahead_ms = millis(now_s).saturating_sub(logs_now);
            if ahead_ms > millis(AHEAD_MAX_S) {
                return Err(Ahead(ahead_ms.unsigned_abs() / 1000));
            }
        }
        if let (Some(said), None) = (said, known) {
            words.set(origin, said);
        }
        Ok(())
    }

    /// Forgets logs that are enrolled no more.
    pub fn retain(&self, is_enrolled: impl Fn(&str) -> bool) {
        let mut words = self.words.lock().unwrap_or_else(PoisonError::into_inner);
        words.of_log.retain(|origin, _| is_enrolled(origin));
        words.find_median();
    }
}

impl Word {
    /// What the log says with one head more.
    fn and(self, said: Self) -> Self {
        let is_fresher = said.bound_ms >= self.bound_ms.saturating_add(GRAIN_MS);
        let is_later = said.newest_s > self.newest_s;
        Self {
            bound_ms: if is_fresher {
                said.bound_ms
            } else {
                self.bound_ms
            },
            newest_s: self.newest_s.max(said.newest_s),
            heads: self.heads.saturating_add(u32::from(is_later)),
            agreed: self.agreed || said.agreed,
        }
    }

    const fn counts(self) -> bool {
        self.agreed || self.heads >= HEADS_MIN
    }
}

impl Words {
    fn set(&mut self, origin: &str, word: Word) {
        let before = self.of_log.insert(origin.to_owned(), word);
        let heard = |word: Word| word.counts().then_some(word.bound_ms);
        if before.and_then(heard) != heard(word) {
            self.find_median();
        }
    }

    fn find_median(&mut self) {
        let heard = self.of_log.values().filter(|word| word.counts());
        let mut bounds: Vec<i64> = heard.map(|word| word.bound_ms).collect();
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
    #![expect(clippy::unwrap_used, reason = "a test that cannot go on must panic")]

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
    fn a_log_that_shows_old_heads_after_an_outage_of_both_is_answered_until_it_goes_on() {
        let drift = Drift::default();
        // At its gate the head that it stored, to compare the clocks the one that we recorded, each again and again.
        for (stated_s, elapsed_ms) in [
            (NOON - 86_401, 0),
            (NOON - 86_401, 2000),
            (NOON - 86_400, 4000),
            (NOON - 86_400, 6000),
            (NOON - 86_401, 8000),
            (NOON - 86_400, 600_000),
        ] {
            let now_s = NOON + elapsed_ms / 1000;
            let asked = drift.judge("a", Some(stated_s), now_s, elapsed_ms);
            assert_eq!(asked, Ok(()), "{elapsed_ms}");
        }
        // It goes on, and from then on our clock is judged by it.
        let now_s = NOON + 601;
        assert_eq!(drift.judge("a", Some(now_s), now_s, 601_000), Ok(()));
        let ahead = drift.judge("a", Some(now_s), now_s + 3600, 601_000);
        assert_eq!(ahead, Err(Ahead(3600)));
    }

    #[test]
    fn a_clock_that_was_ahead_from_the_start_is_seen_when_a_log_goes_on() {
        let drift = Drift::default();
        for (minute, asked) in [Ok(()), Ok(()), Ok(()), Err(Ahead(3600))]
            .into_iter()
            .enumerate()
        {
            let passed_s = 60 * u64::try_from(minute).unwrap();
            let stated_s = NOON + passed_s;
            let judged = drift.judge("a", Some(stated_s), stated_s + 3600, passed_s * 1000);
            assert_eq!(judged, asked, "minute {minute}");
        }
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
