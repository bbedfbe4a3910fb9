//! `loadtest witness`: how many updates a second one witness takes, of many logs, with all its signatures.

use super::progress;
use crate::connection::Connection;
use crate::growing_log::{GrowingLog, Grown, NotGrown};
use crate::machine::{Machine, Process};
use crate::probe::{DiskSync, p256_verifies_per_s};
use crate::provenance;
use crate::report::{Cpu, Errors, Latency, Probes, Report, Verified};
use crate::rounded::rounded;
use crate::target::Target;
use clap::Args;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tlog::Vkey;
use tokio::task::JoinSet;

/// The name of the report's form.
const SCHEMA: &str = "notarylog/loadtest-witness/1";

/// Options of `witness`.
#[derive(Args, Debug)]
pub struct WitnessArgs {
    /// Where the witness is; the address before /add-checkpoint
    #[arg(
        long,
        value_name = "http://HOST:PORT",
        required_unless_present = "print_enrol"
    )]
    pub witness: Option<Target>,
    /// A verifier key of the witness; every answer must hold a line of each that is given
    #[arg(long = "vkey", value_name = "VKEY")]
    pub vkeys: Vec<String>,
    /// Logs, each with one request in flight
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub logs: usize,
    /// The name of the run: it stands in the origins
    #[arg(long, value_name = "NAME", default_value = "run")]
    pub run: String,
    /// Print the logs' test keys, one a line, to be enrolled first, and do nothing else
    #[arg(long)]
    pub print_enrol: bool,
    /// Measure for so many seconds
    #[arg(long, value_name = "S", default_value_t = 10)]
    pub seconds: u64,
    /// Ask for so many seconds before, without measuring
    #[arg(long, value_name = "S", default_value_t = 2)]
    pub warmup: u64,
    /// Count the processor time of the witness's process, on this machine
    #[arg(long, value_name = "PID")]
    pub server_pid: Option<u32>,
    /// Probe the disk in this folder: the witness's own
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Write the report here as JSON
    #[arg(long, value_name = "FILE.json")]
    pub out: Option<PathBuf>,
    /// The commit that is measured [default: what git says of this folder]
    #[arg(long, value_name = "HASH")]
    pub commit: Option<String>,
}

/// A run against a witness.
#[derive(Debug, Serialize)]
pub struct WitnessReport {
    schema: &'static str,
    commit: Option<String>,
    date: String,
    profile: &'static str,
    machine: Machine,
    probes: Probes,
    logs: usize,
    seconds: f64,
    updates_per_s: f64,
    latency_ms: Latency,
    errors: Errors,
    verified: Verified,
    cpu: Cpu,
    passed: bool,
}

/// Why there is no measurement.
#[derive(Debug, thiserror::Error)]
pub enum NotMeasured {
    /// No connection, or a name that stands in no origin.
    #[error(transparent)]
    Grown(#[from] NotGrown),
    /// A key of the witness cannot be read.
    #[error("--vkey: {0}")]
    Vkey(#[from] tlog::MalformedVkey),
    /// The system.
    #[error("{0}")]
    System(#[from] std::io::Error),
}

impl WitnessArgs {
    /// Measures, or prints the keys; answers whether the run passed.
    pub async fn run(&self) -> Result<bool, NotMeasured> {
        let logs: Vec<GrowingLog> = (0..self.logs)
            .map(|number| GrowingLog::new(&self.run, number).map_err(NotGrown::from))
            .collect::<Result<_, _>>()?;
        let Some(target) = self.witness.as_ref().filter(|_| !self.print_enrol) else {
            for log in &logs {
                println!("{}", log.vkey());
            }
            return Ok(true);
        };
        let target = Arc::new(target.clone());
        let report = self.measure(&target, logs).await?;
        println!("{report}");
        if let Some(path) = &self.out {
            let json = serde_json::to_string_pretty(&report).expect("a report has string keys");
            std::fs::write(path, json + "\n")?;
        }
        Ok(report.passed)
    }

    async fn measure(
        &self,
        target: &Arc<Target>,
        logs: Vec<GrowingLog>,
    ) -> Result<WitnessReport, NotMeasured> {
        let vkeys: Vec<Vkey> = self
            .vkeys
            .iter()
            .map(|key| Vkey::parse(key))
            .collect::<Result<_, _>>()?;
        let vkeys: Arc<[Vkey]> = vkeys.into();
        progress::say("probing the machine");
        let probes = Probes {
            disk_sync: self
                .data_dir
                .as_deref()
                .map(DiskSync::measure)
                .transpose()?,
            p256_verifies_per_s: p256_verifies_per_s(),
        };
        let mut open = Vec::with_capacity(logs.len());
        for log in logs {
            let connection = Connection::open(Arc::clone(target))
                .await
                .map_err(NotGrown::from)?;
            open.push((log, connection));
        }
        progress::say("warming up");
        let (open, _) = phase(open, &vkeys, Duration::from_secs(self.warmup)).await;
        progress::say("measuring");
        let date = jiff::Timestamp::now();
        let server = self.server_pid.map(Process::Id);
        let cpu = |process: Option<Process>| process?.cpu_seconds().ok();
        let before = (cpu(server), cpu(Some(Process::Own)));
        let began = Instant::now();
        let (_, grown) = phase(open, &vkeys, Duration::from_secs(self.seconds)).await;
        let seconds = began.elapsed().as_secs_f64();
        let after = (cpu(server), cpu(Some(Process::Own)));
        let used = |before: Option<f64>, after: Option<f64>| Some(after? - before?);
        let machine = Machine::read();
        let tally = &grown.tally;
        let verified = Verified {
            answers: grown.verified,
            entries: grown.verified,
            heads: grown.verified,
            failed: grown.failed,
            first_failure: None,
        };
        #[expect(clippy::cast_precision_loss, reason = "a rate needs no 53 bits")]
        let updates_per_s = rounded(tally.accepted as f64 / seconds);
        Ok(WitnessReport {
            schema: SCHEMA,
            commit: self.commit.clone().or_else(provenance::commit),
            date: date.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            profile: provenance::PROFILE,
            probes,
            logs: self.logs,
            seconds: rounded(seconds),
            updates_per_s,
            latency_ms: Latency::of(tally),
            cpu: Cpu::new(
                used(before.0, after.0),
                &BTreeMap::new(),
                used(before.1, after.1).unwrap_or(0.0),
                tally.accepted,
                seconds,
                machine.cores,
            ),
            passed: Report::passes(&verified, 0, tally.error_rate()),
            errors: Errors {
                rate: tally.error_rate(),
                by_type: tally.errors.clone(),
            },
            verified,
            machine,
        })
    }
}

async fn phase(
    open: Vec<(GrowingLog, Connection)>,
    vkeys: &Arc<[Vkey]>,
    time: Duration,
) -> (Vec<(GrowingLog, Connection)>, Grown) {
    let deadline = Instant::now() + time;
    let mut working = JoinSet::new();
    for (log, connection) in open {
        let vkeys = Arc::clone(vkeys);
        working.spawn(async move { log.grow(connection, &vkeys, deadline).await });
    }
    let (mut open, mut all) = (Vec::new(), Grown::default());
    while let Some(done) = working.join_next().await {
        let (log, connection, grown) = done.expect("a log does not panic");
        open.push((log, connection));
        all.tally.merge(grown.tally);
        all.verified += grown.verified;
        all.failed += grown.failed;
    }
    (open, all)
}

impl std::fmt::Display for WitnessReport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (latency, cpu) = (&self.latency_ms, &self.cpu);
        let mut text = String::new();
        let per_update = cpu
            .server_us_per_entry
            .map_or("–".to_owned(), |us| format!("{us:.1}"));
        let disk = self
            .probes
            .disk_sync
            .map_or("–".to_owned(), |disk| format!("{:.2}", disk.p50_ms));
        writeln!(
            text,
            "witness · {} logs · {} build",
            self.logs, self.profile
        )?;
        writeln!(
            text,
            "  updates    {:.0} a second in {:.2} s",
            self.updates_per_s, self.seconds
        )?;
        writeln!(
            text,
            "  latency    p50 {:.1} · p90 {:.1} · p99 {:.1} · max {:.1} ms",
            latency.p50, latency.p90, latency.p99, latency.max
        )?;
        writeln!(
            text,
            "  processor  witness {per_update} µs an update · generator {:.1} µs",
            cpu.generator_us_per_entry
        )?;
        writeln!(
            text,
            "  machine    {} · {:.0} P-256 verifies/s a core · fdatasync p50 {disk} ms",
            self.machine.cpu, self.probes.p256_verifies_per_s
        )?;
        for (problem, updates) in &self.errors.by_type {
            writeln!(text, "  error      {problem}: {updates}")?;
        }
        writeln!(
            text,
            "  verified   {} answers, {} failed",
            self.verified.answers, self.verified.failed
        )?;
        text.push_str(if self.passed { "passed" } else { "FAILED" });
        f.write_str(&text)
    }
}
