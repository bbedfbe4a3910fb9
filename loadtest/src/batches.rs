//! What the log's own counters say of a run: how many batches, how large, and what each step of one took.
//!
//! ```text
//! GET /metrics → notarylog_batch_entries_sum 120000
//!                notarylog_batch_entries_count 600
//!                notarylog_commit_seconds_sum 2.4
//! ```

use crate::connection::Connection;
use crate::rounded::rounded;
use crate::target::Target;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The steps of a batch that the log times, in their order.
const STEPS: [(&str, &str); 5] = [
    ("lock", "notarylog_lock_seconds"),
    ("commit", "notarylog_commit_seconds"),
    ("anchor", "notarylog_anchor_seconds"),
    ("second_path", "notarylog_second_path_seconds"),
    ("sign", "notarylog_sign_seconds"),
];

/// Entries in a batch.
const ENTRIES: &str = "notarylog_batch_entries";

/// The batches of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Batches {
    /// How many there were.
    pub batches: u64,
    /// New entries in one, on average.
    pub entries_per_batch: f64,
    /// The average of each step, in milliseconds: waiting for the head, commit (one sync), journal (one sync), second
    /// path, signatures.
    pub step_ms: BTreeMap<&'static str, f64>,
}

/// The log's counters at one moment.
#[derive(Clone, Debug, Default)]
pub struct Counters(BTreeMap<String, f64>);

impl Counters {
    /// Asks the log's admin listener; `None` where it does not answer.
    pub async fn fetch(admin: &Arc<Target>) -> Option<Self> {
        let mut connection = Connection::open(Arc::clone(admin)).await.ok()?;
        let answer = connection.get("/metrics").await.ok()?;
        let text = str::from_utf8(answer.body).ok()?;
        (answer.status == 200).then(|| Self::parse(text))
    }

    fn parse(text: &str) -> Self {
        let counters = text.lines().filter(|line| !line.starts_with('#'));
        let counters = counters.filter_map(|line| {
            let (name, value) = line.rsplit_once(' ')?;
            Some((name.to_owned(), value.parse().ok()?))
        });
        Self(counters.collect())
    }

    fn since(&self, before: &Self, name: &str) -> f64 {
        let at = |counters: &Self| counters.0.get(name).copied().unwrap_or_default();
        at(self) - at(before)
    }
}

impl Batches {
    /// What happened between two moments; `None` when no batch did.
    pub fn between(before: &Counters, after: &Counters) -> Option<Self> {
        let batches = after.since(before, &format!("{ENTRIES}_count"));
        if batches < 1.0 {
            return None;
        }
        let step_ms = STEPS.into_iter().map(|(step, metric)| {
            let seconds = after.since(before, &format!("{metric}_sum"));
            let times = after.since(before, &format!("{metric}_count"));
            (step, rounded(seconds * 1e3 / times.max(1.0)))
        });
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a count from 1 on"
        )]
        let count = batches as u64;
        Some(Self {
            batches: count,
            entries_per_batch: rounded(after.since(before, &format!("{ENTRIES}_sum")) / batches),
            step_ms: step_ms.collect(),
        })
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn averages_are_those_of_the_run_alone() {
        let before = Counters::parse(
            "# TYPE notarylog_batch_entries histogram\n\
             notarylog_batch_entries_bucket{le=\"1\"} 4\n\
             notarylog_batch_entries_sum 1000\nnotarylog_batch_entries_count 10\n\
             notarylog_commit_seconds_sum 9\nnotarylog_commit_seconds_count 10\n",
        );
        let after = Counters::parse(
            "notarylog_batch_entries_sum 3000\nnotarylog_batch_entries_count 20\n\
             notarylog_commit_seconds_sum 9.05\nnotarylog_commit_seconds_count 20\n",
        );
        let batches = Batches::between(&before, &after).unwrap();
        assert_eq!(batches.batches, 10);
        assert!((batches.entries_per_batch - 200.0).abs() < 1e-9);
        assert!((batches.step_ms["commit"] - 5.0).abs() < 1e-9);
        assert_eq!(Batches::between(&after, &after), None);
    }
}
