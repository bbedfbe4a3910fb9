//! What the log counts. Each name stands in docs/metrics.md; counters are born at zero.

use prometheus::{
    Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry,
};

/// Seconds from 0.1 ms to 10 s.
const SECONDS: [f64; 15] = [
    0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0, 10.0,
];
/// Entries in a batch.
const ENTRIES: [f64; 12] = [
    1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0, 8192.0,
];

/// The log's metrics and the registry that serves them.
pub struct Metrics {
    /// Serves them all.
    pub registry: Registry,
    /// Entries by what became of them.
    pub entries: IntCounterVec,
    /// Requests beyond a quota, by its name.
    pub quota_refusals: IntCounterVec,
    /// Answers by route and status.
    pub responses: IntCounterVec,
    /// Seconds from a request's head to its answer, by route.
    pub response_seconds: HistogramVec,
    /// The newest committed size.
    pub tree_size: IntGauge,
    /// The time of the newest head, in seconds since 1970.
    pub head_time_seconds: IntGauge,
    /// Full tiles are stored below this size.
    pub stored_size: IntGauge,
    /// Entries in one batch.
    pub batch_entries: Histogram,
    /// Waiting for the head lock.
    pub lock_seconds: Histogram,
    /// The commit of one batch.
    pub commit_seconds: Histogram,
    /// The anchor's append and fdatasync.
    pub anchor_seconds: Histogram,
    /// Reading back and computing the root again.
    pub second_path_seconds: Histogram,
    /// The three signatures of a head.
    pub sign_seconds: Histogram,
    /// Rounds of the keeper that failed.
    pub keeper_failures: IntCounter,
    /// Times that memory was dropped and the store read again.
    pub reloads: IntCounter,
    /// 1 while entries are taken.
    pub serving: IntGauge,
    /// The scrubber's position: entries below it were hashed again in this pass.
    pub scrub_position: IntGauge,
    /// When the scrubber last went through everything, in seconds since 1970; 0 before the first time.
    pub scrub_last_pass_seconds: IntGauge,
    /// What the scrubber found: `healed`, `lost`.
    pub scrub_findings: IntCounterVec,
    /// Entries that wait for the next batch.
    pub pool_entries: IntGauge,
    /// Times that the clock was set forward at once.
    pub clock_steps: IntCounter,
    /// 1 while nothing is signed because of the clock.
    pub clock_ahead: IntGauge,
    /// 1 while the policy is not the one that a notice published.
    pub policy_unpublished: IntGauge,
    /// Rounds of the witnesses by how they ended.
    pub rounds: IntCounterVec,
    /// From a round's begin to its quorum.
    pub round_seconds: Histogram,
    /// The size of the newest head that a quorum cosigned.
    pub witnessed_size: IntGauge,
    /// The time of that head, in seconds since 1970.
    pub witnessed_time_seconds: IntGauge,
    /// Answers by witness: `cosigned`, `silent`.
    pub witness_answers: IntCounterVec,
    /// The size that each witness cosigned last.
    pub witness_size: IntGaugeVec,
    /// The free bytes of the file systems on which the log writes.
    pub disk_free_bytes: IntGaugeVec,
}

/// What can become of an entry: the values of the label `outcome` of `notarylog_entries_total`.
pub const OUTCOMES: [&str; 5] = [
    "logged",
    "slot_taken",
    "refused_key",
    "refused_signature",
    "not_sequenced",
];

impl Metrics {
    /// All metrics, at zero.
    #[expect(clippy::too_many_lines, reason = "one metric after the other")]
    pub fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let seconds = |name: &str, help: &str| {
            Histogram::with_opts(HistogramOpts::new(name, help).buckets(SECONDS.to_vec()))
        };
        let metrics = Self {
            entries: IntCounterVec::new(
                Opts::new(
                    "notarylog_entries_total",
                    "Submitted entries by what became of them",
                ),
                &["outcome"],
            )?,
            quota_refusals: IntCounterVec::new(
                Opts::new(
                    "notarylog_quota_refusals_total",
                    "Requests beyond a quota, by its name",
                ),
                &["quota"],
            )?,
            responses: IntCounterVec::new(
                Opts::new(
                    "notarylog_http_responses_total",
                    "Answers by route and status",
                ),
                &["route", "status"],
            )?,
            response_seconds: HistogramVec::new(
                HistogramOpts::new(
                    "notarylog_http_response_seconds",
                    "Seconds to an answer by route",
                )
                .buckets(SECONDS.to_vec()),
                &["route"],
            )?,
            tree_size: IntGauge::new("notarylog_tree_size", "The newest committed size")?,
            head_time_seconds: IntGauge::new(
                "notarylog_head_time_seconds",
                "The time of the newest head, in seconds since 1970",
            )?,
            stored_size: IntGauge::new(
                "notarylog_stored_size",
                "Full tiles are stored below this size",
            )?,
            batch_entries: Histogram::with_opts(
                HistogramOpts::new("notarylog_batch_entries", "New entries in one batch")
                    .buckets(ENTRIES.to_vec()),
            )?,
            lock_seconds: seconds("notarylog_lock_seconds", "Waiting for the head lock")?,
            commit_seconds: seconds("notarylog_commit_seconds", "The commit of one batch")?,
            anchor_seconds: seconds(
                "notarylog_anchor_seconds",
                "The journal's append and fdatasync",
            )?,
            second_path_seconds: seconds(
                "notarylog_second_path_seconds",
                "Reading a batch back and computing its root again",
            )?,
            sign_seconds: seconds("notarylog_sign_seconds", "The three signatures of a head")?,
            keeper_failures: IntCounter::new(
                "notarylog_keeper_failures_total",
                "Failed rounds of the tile keeper",
            )?,
            reloads: IntCounter::new(
                "notarylog_reloads_total",
                "Times that memory was dropped and the store read again",
            )?,
            serving: IntGauge::new(
                "notarylog_serving",
                "1 while entries are taken, 0 while the log is read-only",
            )?,
            scrub_position: IntGauge::new(
                "notarylog_scrub_position",
                "Entries below were hashed again in this pass of the scrubber",
            )?,
            scrub_last_pass_seconds: IntGauge::new(
                "notarylog_scrub_last_pass_seconds",
                "When the scrubber last went through everything, in seconds since 1970",
            )?,
            scrub_findings: IntCounterVec::new(
                Opts::new(
                    "notarylog_scrub_findings_total",
                    "What the scrubber found damaged or missing, by what became of it",
                ),
                &["outcome"],
            )?,
            pool_entries: IntGauge::new(
                "notarylog_pool_entries",
                "Entries that wait for the next batch",
            )?,
            clock_steps: IntCounter::new(
                "notarylog_clock_steps_total",
                "Times that the machine's clock was set forward by more than a minute at once",
            )?,
            clock_ahead: IntGauge::new(
                "notarylog_clock_ahead",
                "1 while nothing is signed because of the machine's clock",
            )?,
            policy_unpublished: IntGauge::new(
                "notarylog_policy_unpublished",
                "1 while the policy is not the one that a notice of this log published",
            )?,
            rounds: IntCounterVec::new(
                Opts::new(
                    "notarylog_rounds_total",
                    "Rounds of the witnesses by how they ended",
                ),
                &["outcome"],
            )?,
            round_seconds: seconds(
                "notarylog_round_seconds",
                "From the begin of a round of the witnesses to its quorum",
            )?,
            witnessed_size: IntGauge::new(
                "notarylog_witnessed_size",
                "The size of the newest head that a quorum cosigned",
            )?,
            witnessed_time_seconds: IntGauge::new(
                "notarylog_witnessed_time_seconds",
                "The time of the newest head that a quorum cosigned, in seconds since 1970",
            )?,
            witness_answers: IntCounterVec::new(
                Opts::new(
                    "notarylog_witness_answers_total",
                    "What each witness answered: cosigned, or nothing that counts",
                ),
                &["witness", "outcome"],
            )?,
            witness_size: IntGaugeVec::new(
                Opts::new(
                    "notarylog_witness_size",
                    "The size that each witness cosigned last",
                ),
                &["witness"],
            )?,
            disk_free_bytes: IntGaugeVec::new(
                Opts::new(
                    "notarylog_disk_free_bytes",
                    "Free bytes of the file system of this folder",
                ),
                &["folder"],
            )?,
            registry,
        };
        for outcome in OUTCOMES {
            metrics.entries.with_label_values(&[outcome]).inc_by(0);
        }
        for outcome in ["healed", "lost"] {
            metrics
                .scrub_findings
                .with_label_values(&[outcome])
                .inc_by(0);
        }
        for outcome in ["quorum", "given_up"] {
            metrics.rounds.with_label_values(&[outcome]).inc_by(0);
        }
        for quota in ["address", "bureau", "all"] {
            metrics.quota_refusals.with_label_values(&[quota]).inc_by(0);
        }
        metrics.register()?;
        Ok(metrics)
    }

    fn register(&self) -> Result<(), prometheus::Error> {
        let registry = &self.registry;
        registry.register(Box::new(self.entries.clone()))?;
        registry.register(Box::new(self.quota_refusals.clone()))?;
        registry.register(Box::new(self.responses.clone()))?;
        registry.register(Box::new(self.response_seconds.clone()))?;
        for gauge in [
            &self.tree_size,
            &self.head_time_seconds,
            &self.stored_size,
            &self.serving,
            &self.policy_unpublished,
            &self.clock_ahead,
            &self.pool_entries,
            &self.scrub_position,
            &self.scrub_last_pass_seconds,
            &self.witnessed_size,
            &self.witnessed_time_seconds,
        ] {
            registry.register(Box::new(gauge.clone()))?;
        }
        for histogram in [
            &self.batch_entries,
            &self.lock_seconds,
            &self.commit_seconds,
            &self.anchor_seconds,
            &self.second_path_seconds,
            &self.sign_seconds,
            &self.round_seconds,
        ] {
            registry.register(Box::new(histogram.clone()))?;
        }
        registry.register(Box::new(self.rounds.clone()))?;
        registry.register(Box::new(self.scrub_findings.clone()))?;
        registry.register(Box::new(self.witness_answers.clone()))?;
        registry.register(Box::new(self.witness_size.clone()))?;
        registry.register(Box::new(self.disk_free_bytes.clone()))?;
        registry.register(Box::new(self.keeper_failures.clone()))?;
        registry.register(Box::new(self.clock_steps.clone()))?;
        registry.register(Box::new(self.reloads.clone()))
    }
}
