//! What the witness counts. Each name stands in docs/witness-metrics.md; counters are born at zero.

use crate::conviction::Against;
use crate::examiner::Why;
use prometheus::{
    Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
};
use tlog::MisbehaviorKind;

/// Seconds from 0.1 ms to 10 s.
const SECONDS: [f64; 15] = [
    0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0, 10.0,
];
/// Logs in one transaction.
const UPDATES: [f64; 10] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0];

/// What can become of a request: the values of the label `outcome`.
pub const OUTCOMES: [&str; 14] = [
    COSIGNED,
    MALFORMED,
    UNKNOWN_LOG,
    BAD_SIGNATURE,
    CONVICTED,
    OLD_ABOVE_SIZE,
    OTHER_SIZE,
    NOT_FORWARD,
    RATE_LIMITED,
    CLOCK,
    UNCONFIRMED,
    BUSY,
    DISK_FULL,
    STORE,
];

/// 200.
pub const COSIGNED: &str = "cosigned";
/// 400: form.
pub const MALFORMED: &str = "malformed";
/// 404.
pub const UNKNOWN_LOG: &str = "unknown_log";
/// 403.
pub const BAD_SIGNATURE: &str = "bad_signature";
/// 403: a proof of misbehaviour stands against the log.
pub const CONVICTED: &str = "convicted";
/// 400: the old size is above the checkpoint's.
pub const OLD_ABOVE_SIZE: &str = "old_above_size";
/// 409.
pub const OTHER_SIZE: &str = "other_size";
/// 422.
pub const NOT_FORWARD: &str = "not_forward";
/// 429.
pub const RATE_LIMITED: &str = "rate_limited";
/// 503: our clock is ahead of the logs'.
pub const CLOCK: &str = "clock";
/// 503: our state is not confirmed yet.
pub const UNCONFIRMED: &str = "unconfirmed";
/// 503: too many wait.
pub const BUSY: &str = "busy";
/// 507.
pub const DISK_FULL: &str = "disk_full";
/// 503: the store failed.
pub const STORE: &str = "store";

/// A peer showed a head that its log signed.
pub const PEER_SHOWED: &str = "showed";
/// A peer knows no head of the log.
pub const PEER_NOTHING: &str = "nothing";
/// A peer did not answer.
pub const PEER_SILENT: &str = "silent";
/// A peer answered with something that the log did not sign.
pub const PEER_WORTHLESS: &str = "worthless";
/// What a peer can answer: the values of the label `outcome`.
pub const PEER_OUTCOMES: [&str; 4] = [PEER_SHOWED, PEER_NOTHING, PEER_SILENT, PEER_WORTHLESS];

/// The hook ended well.
pub const HOOK_DONE: &str = "done";
/// The hook failed, or was not there.
pub const HOOK_FAILED: &str = "failed";
/// The hook took too long and was ended.
pub const HOOK_TIMED_OUT: &str = "timed_out";
/// How a run of the hook can end: the values of the label `outcome`.
pub const HOOK_OUTCOMES: [&str; 3] = [HOOK_DONE, HOOK_FAILED, HOOK_TIMED_OUT];

/// The log's address does not answer.
pub const OUTAGE: &str = "outage";
/// The newest head that we signed is old.
pub const STALE: &str = "stale";
/// Two heads stand apart, and nothing is proven.
pub const DISPUTE: &str = "dispute";
/// The log contradicted itself, and the proof is here.
pub const PROVEN: &str = "proven";
/// What can be said of a log: the values of the label `verdict`.
pub const VERDICTS: [&str; 4] = [OUTAGE, STALE, DISPUTE, PROVEN];

/// The witness's metrics and the registry that serves them.
pub struct Metrics {
    /// Serves them all.
    pub registry: Registry,
    /// Requests to cosign by what became of them.
    pub requests: IntCounterVec,
    /// Seconds from a request's body to its answer.
    pub request_seconds: Histogram,
    /// Logs that one transaction moved forward.
    pub batch_updates: Histogram,
    /// The commit of one transaction.
    pub commit_seconds: Histogram,
    /// Our signatures of one head.
    pub sign_seconds: Histogram,
    /// Enrolled logs.
    pub logs: IntGauge,
    /// 1 while the witness signs.
    pub signing: IntGauge,
    /// Times that memory was dropped and the rows read again.
    pub reloads: IntCounter,
    /// Rounds of the keeper that failed.
    pub keeper_failures: IntCounter,
    /// Logs in a signed list, and lists, that were refused.
    pub list_refusals: IntCounter,
    /// Proofs of misbehaviour that were kept, by kind and by whom they convict.
    pub misbehavior: IntCounterVec,
    /// Logs against which a proof is here.
    pub proven_logs: IntGauge,
    /// Logs of which each of the four verdicts holds.
    pub verdicts: IntGaugeVec,
    /// Public disputes, by why they are not joined.
    pub disputes: IntGaugeVec,
    /// Answers of each peer by what they were.
    pub peer_answers: IntCounterVec,
    /// Rounds of gossip.
    pub gossip_rounds: IntCounter,
    /// Runs of the hook by how they ended.
    pub hook_runs: IntCounterVec,
}

impl Metrics {
    /// All metrics, at zero.
    pub fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let seconds = |name: &str, help: &str| {
            Histogram::with_opts(HistogramOpts::new(name, help).buckets(SECONDS.to_vec()))
        };
        let metrics = Self {
            requests: IntCounterVec::new(
                Opts::new(
                    "notarylog_witness_requests_total",
                    "Requests to cosign by what became of them",
                ),
                &["outcome"],
            )?,
            request_seconds: seconds(
                "notarylog_witness_request_seconds",
                "Seconds from a request's body to its answer",
            )?,
            batch_updates: Histogram::with_opts(
                HistogramOpts::new(
                    "notarylog_witness_batch_updates",
                    "Logs that one transaction moved forward",
                )
                .buckets(UPDATES.to_vec()),
            )?,
            commit_seconds: seconds(
                "notarylog_witness_commit_seconds",
                "The commit of one transaction",
            )?,
            sign_seconds: seconds(
                "notarylog_witness_sign_seconds",
                "Our signatures of one head",
            )?,
            logs: IntGauge::new("notarylog_witness_logs", "Enrolled logs")?,
            signing: IntGauge::new(
                "notarylog_witness_signing",
                "1 while the witness signs, 0 while it waits for its state to be confirmed",
            )?,
            reloads: IntCounter::new(
                "notarylog_witness_reloads_total",
                "Times that memory was dropped and the rows read again",
            )?,
            keeper_failures: IntCounter::new(
                "notarylog_witness_keeper_failures_total",
                "Failed rounds of the keeper",
            )?,
            list_refusals: IntCounter::new(
                "notarylog_witness_list_refusals_total",
                "Signed lists of logs, and logs in them, that were refused",
            )?,
            misbehavior: IntCounterVec::new(
                Opts::new(
                    "notarylog_witness_misbehavior_total",
                    "Proofs of misbehaviour that were kept, by kind and by whom they convict",
                ),
                &["kind", "against"],
            )?,
            proven_logs: IntGauge::new(
                "notarylog_witness_convicted_logs",
                "Logs against which a proof of misbehaviour is here",
            )?,
            verdicts: IntGaugeVec::new(
                Opts::new(
                    "notarylog_witness_verdicts",
                    "Logs by what is to be said of them; several may hold of one",
                ),
                &["verdict"],
            )?,
            disputes: IntGaugeVec::new(
                Opts::new(
                    "notarylog_witness_disputes",
                    "Open disputes by why the two heads are not joined",
                ),
                &["why"],
            )?,
            peer_answers: IntCounterVec::new(
                Opts::new(
                    "notarylog_witness_peer_answers_total",
                    "Answers of each peer by what they were",
                ),
                &["peer", "outcome"],
            )?,
            gossip_rounds: IntCounter::new(
                "notarylog_witness_gossip_rounds_total",
                "Rounds of gossip",
            )?,
            hook_runs: IntCounterVec::new(
                Opts::new(
                    "notarylog_witness_hook_runs_total",
                    "Runs of the hook by how they ended",
                ),
                &["outcome"],
            )?,
            registry,
        };
        metrics.are_born();
        metrics.register()?;
        Ok(metrics)
    }

    fn are_born(&self) {
        for kind in MisbehaviorKind::ALL {
            for against in Against::ALL {
                let labels = [kind.word(), against.word()];
                self.misbehavior.with_label_values(&labels).inc_by(0);
            }
        }
        for verdict in VERDICTS {
            self.verdicts.with_label_values(&[verdict]).set(0);
        }
        for why in Why::ALL {
            self.disputes.with_label_values(&[why.word()]).set(0);
        }
        for outcome in HOOK_OUTCOMES {
            self.hook_runs.with_label_values(&[outcome]).inc_by(0);
        }
        for outcome in OUTCOMES {
            self.requests.with_label_values(&[outcome]).inc_by(0);
        }
    }

    /// Peers' counters are born at zero.
    pub fn expect_peers<'p>(&self, peers: impl IntoIterator<Item = &'p str>) {
        for peer in peers {
            for outcome in PEER_OUTCOMES {
                let labels = [peer, outcome];
                self.peer_answers.with_label_values(&labels).inc_by(0);
            }
        }
    }

    fn register(&self) -> Result<(), prometheus::Error> {
        let registry = &self.registry;
        registry.register(Box::new(self.requests.clone()))?;
        for histogram in [
            &self.request_seconds,
            &self.batch_updates,
            &self.commit_seconds,
            &self.sign_seconds,
        ] {
            registry.register(Box::new(histogram.clone()))?;
        }
        for counters in [&self.misbehavior, &self.peer_answers, &self.hook_runs] {
            registry.register(Box::new(counters.clone()))?;
        }
        for gauges in [&self.verdicts, &self.disputes] {
            registry.register(Box::new(gauges.clone()))?;
        }
        for gauge in [&self.logs, &self.signing, &self.proven_logs] {
            registry.register(Box::new(gauge.clone()))?;
        }
        for counter in [
            &self.reloads,
            &self.keeper_failures,
            &self.list_refusals,
            &self.gossip_rounds,
        ] {
            registry.register(Box::new(counter.clone()))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Metrics;

    #[test]
    fn every_metric_is_documented_and_nothing_else() {
        let metrics = Metrics::new().unwrap();
        metrics.expect_peers(["witness.example/b"]);
        let mut gathered: Vec<String> = metrics
            .registry
            .gather()
            .iter()
            .map(|family| family.name().to_owned())
            .collect();
        let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/witness-metrics.md");
        let docs = std::fs::read_to_string(docs).unwrap();
        let mut documented: Vec<String> = docs
            .lines()
            .filter_map(|line| line.strip_prefix("| `"))
            .filter_map(|row| row.split(['`', '{']).next().map(str::to_owned))
            .filter(|name| name.starts_with("notarylog_"))
            .collect();
        gathered.sort();
        documented.sort();
        assert_eq!(documented, gathered);
        for outcome in super::OUTCOMES {
            assert!(docs.contains(&format!("`{outcome}`")), "{outcome}");
        }
    }
}
