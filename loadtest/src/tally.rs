//! What a client counts while it runs: latencies, accepted entries, errors by type, and the answers kept for verification.

use crate::answer::Outcome;
use hdrhistogram::Histogram;
use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

/// Latencies keep three digits: 12.3 ms, not 12.34.
const DIGITS: u8 = 3;

/// The most kinds of error that a tally tells apart; the rest are `other`.
const ERROR_TYPES_MAX: usize = 32;

/// One client's counts, or those of all.
#[derive(Debug)]
pub struct Tally {
    /// From the first byte sent to the last byte received, in microseconds, of requests that were answered with 200.
    pub latency_us: Histogram<u64>,
    /// Entries that were sent.
    pub sent: u64,
    /// Entries that were logged.
    pub accepted: u64,
    /// Entries that were not, by problem.
    pub errors: BTreeMap<String, u64>,
    /// Answers to be verified afterwards.
    pub kept: Vec<Kept>,
}

/// An answer kept whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Which entries of the workload were sent.
    pub entries: Range<usize>,
    /// The body of the answer.
    pub body: Vec<u8>,
}

impl Tally {
    /// Nothing counted yet.
    pub fn new() -> Self {
        Self {
            latency_us: Histogram::new(DIGITS).expect("three digits are among those allowed"),
            sent: 0,
            accepted: 0,
            errors: BTreeMap::new(),
            kept: Vec::new(),
        }
    }

    /// Counts an answer. A refusal's latency is left out: refusals are quick and would embellish.
    pub fn answered(&mut self, latency: Duration, outcome: Outcome, sent: usize) {
        if outcome.accepted > 0 {
            let latency = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
            self.latency_us
                .record(latency)
                .expect("a histogram that resizes itself holds the longest wait for an answer");
        }
        self.sent += sent as u64;
        self.accepted += outcome.accepted as u64;
        for (slug, entries) in outcome.refused {
            self.error(slug, entries as u64);
        }
    }

    /// Counts a step that a witness cosigned.
    pub fn cosigned(&mut self, latency: Duration) {
        let accepted = Outcome {
            accepted: 1,
            refused: BTreeMap::new(),
        };
        self.answered(latency, accepted, 1);
    }

    /// Counts a step that a witness refused.
    pub fn refused(&mut self, slug: &str) {
        self.lost(slug, 1);
    }

    /// Counts entries that have no answer.
    pub fn lost(&mut self, slug: &str, sent: usize) {
        self.sent += sent as u64;
        self.error(slug.to_owned(), sent as u64);
    }

    /// Takes another's counts in.
    pub fn merge(&mut self, other: Self) {
        self.latency_us
            .add(other.latency_us)
            .expect("a histogram that resizes itself holds what another of its kind holds");
        self.sent += other.sent;
        self.accepted += other.accepted;
        for (slug, entries) in other.errors {
            self.error(slug, entries);
        }
        self.kept.extend(other.kept);
    }

    /// Entries that were not logged, as far as is known, of those sent: 0 to 1.
    pub fn error_rate(&self) -> f64 {
        let errors: u64 = self.errors.values().sum();
        #[expect(clippy::cast_precision_loss, reason = "a rate needs no 53 bits")]
        let rate = errors as f64 / self.sent.max(1) as f64;
        rate
    }

    fn error(&mut self, slug: String, entries: u64) {
        let known = self.errors.contains_key(&slug) || self.errors.len() < ERROR_TYPES_MAX;
        let slug = if known { slug } else { "other".to_owned() };
        *self.errors.entry(slug).or_default() += entries;
    }
}

impl Default for Tally {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_tallies_become_one() {
        let mut tally = Tally::new();
        tally.answered(Duration::from_millis(1), outcome(255, 1), 256);
        let mut other = Tally::new();
        other.answered(Duration::from_millis(90), outcome(256, 0), 256);
        other.lost("connection-lost", 256);
        tally.merge(other);
        assert_eq!((tally.sent, tally.accepted), (768, 511));
        assert_eq!(tally.latency_us.len(), 2);
        assert_eq!(tally.latency_us.value_at_quantile(0.5), 1_000);
        assert!(tally.latency_us.max().abs_diff(90_000) < 90);
        assert_eq!(tally.errors["slot-taken"], 1);
        assert_eq!(tally.errors["connection-lost"], 256);
        assert!((tally.error_rate() - 257.0 / 768.0).abs() < 1e-9);
    }

    #[test]
    fn a_refusal_has_no_latency() {
        let mut tally = Tally::new();
        tally.answered(Duration::from_micros(10), outcome(0, 1), 1);
        assert!(tally.latency_us.is_empty());
        assert_eq!(tally.sent, 1);
    }

    #[test]
    fn the_kinds_of_error_are_bounded() {
        let mut tally = Tally::new();
        for i in 0..ERROR_TYPES_MAX + 5 {
            tally.lost(&format!("error-{i}"), 1);
        }
        assert_eq!(tally.errors.len(), ERROR_TYPES_MAX + 1);
        assert_eq!(tally.errors["other"], 5);
    }

    fn outcome(accepted: usize, taken: usize) -> Outcome {
        let refused = (taken > 0).then(|| ("slot-taken".to_owned(), taken));
        Outcome {
            accepted,
            refused: refused.into_iter().collect(),
        }
    }
}
