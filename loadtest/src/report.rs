//! The report of a run: one JSON file, one line of a Markdown table.
//!
//! Everything that a reader needs to judge the figures stands beside them: the machine, its probes, the commit, the tree.

use crate::batches::Batches;
use crate::machine::Machine;
use crate::probe::DiskSync;
use crate::rounded::rounded;
use crate::run::EndedBy;
use crate::tally::Tally;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The name of the report's form. It changes when a member changes its meaning.
pub const SCHEMA: &str = "notarylog/loadtest/1";

/// More errors than this fail a run: one entry in a thousand.
pub const ERROR_RATE_MAX: f64 = 0.001;

/// The heads of the columns of [`Report::markdown_row`].
pub const MARKDOWN_HEAD: &str = "\
| verb | connections | batch | asked /s | entries | rate /s | p50 ms | p90 ms | p99 ms | p99.9 ms | max ms | errors | tree before | \
fsync policy | server µs/entry | generator µs/entry | generator % | fdatasync p50 ms | P-256 verifies/s | profile | commit | date |
|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|";

/// A run and what surrounded it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// `single`, `batch`, `witnessed`, or what was read. Of reads an entry is a question, and *logged* is answered.
    pub verb: &'static str,
    /// The commit that was measured; `-dirty` stands behind it when the work tree differs.
    pub commit: Option<String>,
    /// When the measured part began (RFC 3339, UTC).
    pub date: String,
    /// `release` or `dev`: how the generator was built.
    pub profile: &'static str,
    /// The machine.
    pub machine: Machine,
    /// Its probes.
    pub probes: Probes,
    /// The log.
    pub log: LogFacts,
    /// What was sent.
    pub load: Load,
    /// Entries logged a second.
    pub rate_per_s: f64,
    /// How long answers took.
    pub latency_ms: Latency,
    /// What was not logged.
    pub errors: Errors,
    /// What was verified.
    pub verified: Verified,
    /// Processor time of the measured part.
    pub cpu: Cpu,
    /// The log's batches; `null` for reads, and without `--admin`.
    pub batches: Option<Batches>,
    /// Whether every sampled answer verified, every connection held, and the errors are within bounds.
    pub passed: bool,
}

/// Probes of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Probes {
    /// An append of 4 KiB with fdatasync on the log's disk; `null` without `--data-dir`.
    pub disk_sync: Option<DiskSync>,
    /// ECDSA P-256 verifications a second on one core.
    pub p256_verifies_per_s: f64,
}

/// The log that was measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LogFacts {
    /// Its name.
    pub origin: String,
    /// Whether it has no quorum of witnesses.
    pub unwitnessed: bool,
    /// The size of its tree before the measured part.
    pub size_before: u64,
    /// The size of its tree after.
    pub size_after: u64,
    /// What it syncs and when, as the caller states it.
    pub fsync_policy: Option<String>,
}

/// What was sent in the measured part.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Load {
    /// Connections, each with one request in flight.
    pub connections: usize,
    /// Of these, how many were lost and could not be opened anew: their share of the load is missing.
    pub connections_lost: usize,
    /// Entries a request.
    pub batch: usize,
    /// The share of entries that had been sent before, 0 to 1.
    pub duplicates: f64,
    /// Entries that arrived a second, in an open loop; `null` in a closed one.
    pub arrivals_per_s: Option<f64>,
    /// The warm-up before, in seconds.
    pub warmup_s: f64,
    /// Entries that were sent.
    pub sent: u64,
    /// Entries that were logged.
    pub logged: u64,
    /// From the first request to the last answer, in seconds.
    pub seconds: f64,
    /// What ended it.
    pub ended_by: EndedBy,
}

/// From the first byte of a request to the last of its answer, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the names are the quantiles")]
pub struct Latency {
    pub p50: f64,
    pub p90: f64,
    pub p99: f64,
    pub p99_9: f64,
    pub max: f64,
}

/// Entries that were not logged.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Errors {
    /// Of those sent, 0 to 1.
    pub rate: f64,
    /// How many of each problem.
    pub by_type: BTreeMap<String, u64>,
}

/// The verification of kept answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Answers that verify.
    pub answers: usize,
    /// Entries that they prove.
    pub entries: usize,
    /// Different heads, each with three signatures that verify.
    pub heads: usize,
    /// Answers that do not verify.
    pub failed: usize,
    /// Why the first of these does not.
    pub first_failure: Option<String>,
}

/// Processor time of the measured part.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cpu {
    /// Of the server, in seconds; `null` without `--server-pid`.
    pub server_s: Option<f64>,
    /// Of the generator, in seconds.
    pub generator_s: f64,
    /// Of the server for each entry logged, in microseconds.
    pub server_us_per_entry: Option<f64>,
    /// The same by the names of the server's threads.
    pub server_threads_us_per_entry: BTreeMap<String, f64>,
    /// Of the generator for each entry logged, in microseconds.
    pub generator_us_per_entry: f64,
    /// The generator's share of the machine: its time through all cores' time, 0 to 1.
    pub generator_share: f64,
}

impl Latency {
    /// The quantiles of a tally.
    pub fn of(tally: &Tally) -> Self {
        let ms = |us: u64| Self::ms(us);
        let at = |quantile| ms(tally.latency_us.value_at_quantile(quantile));
        Self {
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p99_9: at(0.999),
            max: ms(tally.latency_us.max()),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "three digits are kept")]
    fn ms(us: u64) -> f64 {
        us as f64 / 1e3
    }
}

impl Errors {
    /// How many of each problem, in words.
    pub fn words(&self) -> String {
        let words = self
            .by_type
            .iter()
            .map(|(problem, times)| format!("{times} {problem}"));
        words.collect::<Vec<_>>().join(", ")
    }
}

impl Cpu {
    /// From the processor times, in seconds, of a run of so many seconds that logged so many entries.
    #[expect(clippy::cast_precision_loss, reason = "figures of three digits")]
    pub fn new(
        server_s: Option<f64>,
        threads_s: &BTreeMap<String, f64>,
        generator_s: f64,
        logged: u64,
        seconds: f64,
        cores: usize,
    ) -> Self {
        let per_entry = |cpu_s: f64| rounded(cpu_s * 1e6 / logged.max(1) as f64);
        let all_cores_s = seconds.max(1e-6) * cores as f64;
        Self {
            server_s: server_s.map(rounded),
            generator_s: rounded(generator_s),
            server_us_per_entry: server_s.map(per_entry),
            server_threads_us_per_entry: threads_s
                .iter()
                .map(|(name, cpu_s)| (name.clone(), per_entry(*cpu_s)))
                .collect(),
            generator_us_per_entry: per_entry(generator_s),
            generator_share: rounded(generator_s / all_cores_s),
        }
    }
}

impl Report {
    /// Whether a run with these results passes: something verified, nothing failed, every connection held, and hardly an
    /// error.
    pub fn passes(verified: &Verified, connections_lost: usize, error_rate: f64) -> bool {
        verified.answers > 0
            && verified.failed == 0
            && connections_lost == 0
            && error_rate <= ERROR_RATE_MAX
    }

    /// Why a run that failed has no figure; none of one that passed.
    pub fn refusal(&self) -> Option<String> {
        if self.passed {
            return None;
        }
        let failed = self.verified.failed;
        Some(if let Some(why) = &self.verified.first_failure {
            format!("{failed} answers do not verify: {why}")
        } else if self.load.connections_lost > 0 {
            format!("{} connections were lost", self.load.connections_lost)
        } else if self.errors.rate > ERROR_RATE_MAX {
            format!(
                "{:.2} % errors: {}",
                self.errors.rate * 100.0,
                self.errors.words()
            )
        } else {
            "no answer was verified".to_owned()
        })
    }

    /// The report as a JSON document with a newline behind it.
    pub fn to_json(&self) -> String {
        let json = serde_json::to_string_pretty(self);
        json.expect("a report has string keys and finite numbers") + "\n"
    }

    /// One line of a table with the head [`MARKDOWN_HEAD`].
    pub fn markdown_row(&self) -> String {
        let (load, latency) = (&self.load, &self.latency_ms);
        let optional = |value: Option<f64>, digits| {
            value.map_or("–".to_owned(), |v| format!("{v:.digits$}"))
        };
        let mut row = String::new();
        for cell in [
            self.verb.to_owned(),
            load.connections.to_string(),
            load.batch.to_string(),
            optional(load.arrivals_per_s, 0),
            load.logged.to_string(),
            format!("{:.0}", self.rate_per_s),
            format!("{:.1}", latency.p50),
            format!("{:.1}", latency.p90),
            format!("{:.1}", latency.p99),
            format!("{:.1}", latency.p99_9),
            format!("{:.1}", latency.max),
            match self.errors.words() {
                none if none.is_empty() => "0".to_owned(),
                words => words,
            },
            self.log.size_before.to_string(),
            self.log
                .fsync_policy
                .as_deref()
                .unwrap_or("–")
                .replace(['|', '\n', '\r'], " "),
            optional(self.cpu.server_us_per_entry, 1),
            format!("{:.1}", self.cpu.generator_us_per_entry),
            format!("{:.0}", self.cpu.generator_share * 100.0),
            optional(self.probes.disk_sync.map(|probe| probe.p50_ms), 2),
            format!("{:.0}", self.probes.p256_verifies_per_s),
            self.profile.to_owned(),
            self.short_commit(),
            self.date.clone(),
        ] {
            write!(row, "| {cell} ").expect("a string takes what is written");
        }
        row + "|"
    }

    /// The first ten digits of the commit, and whether the work tree differed.
    pub fn short_commit(&self) -> String {
        let Some(commit) = &self.commit else {
            return "–".to_owned();
        };
        let (digits, dirty) = match commit.strip_suffix("-dirty") {
            Some(digits) => (digits, "-dirty"),
            None => (commit.as_str(), ""),
        };
        format!("{}{dirty}", digits.get(..10).unwrap_or(digits))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests;
