//! The table of `loadtest all`: what is aimed at, what came of it, and the runs behind it.

use crate::aim::{Aim, HEAD, Row};
use crate::footprint::Footprint;
use crate::report::{MARKDOWN_HEAD, Report};

/// The table as it grows.
#[derive(Debug, Default)]
pub(super) struct Table {
    rows: Vec<Row>,
    runs: Vec<Report>,
}

impl Table {
    pub(super) fn figure(&mut self, aim: Aim, figure: Result<f64, String>) {
        self.rows.push(Row { aim, figure });
    }

    pub(super) fn rate(&mut self, aim: Aim, report: &Report) {
        self.figure(aim, self.told(report, report.rate_per_s));
    }

    pub(super) fn latency(&mut self, aim: Aim, report: &Report, ms: f64) {
        self.figure(aim, self.told(report, ms));
    }

    pub(super) fn run(&mut self, report: Report) {
        self.runs.push(report);
    }

    /// The figure of a run that passed. A run with too many errors or a false answer has none.
    #[expect(clippy::unused_self, reason = "it reads as the table's own rule")]
    pub(super) fn told(&self, report: &Report, figure: f64) -> Result<f64, String> {
        report.refusal().map_or(Ok(figure), Err)
    }

    pub(super) fn passed(&self) -> bool {
        self.runs.iter().all(|report| report.passed)
    }

    pub(super) fn print(&self, size: u64, fsync: &str, peak_mib: f64, disk: &Footprint) {
        if let Some(first) = self.runs.first() {
            println!(
                "Commit {}, {} build, {}, {} cores, {} MiB, Linux {}; tree of {size} entries; {fsync}.\n",
                first.short_commit(),
                first.profile,
                first.machine.cpu,
                first.machine.cores,
                first.machine.memory_mib,
                first.machine.kernel
            );
        }
        println!("{HEAD}");
        self.rows.iter().for_each(|row| println!("{row}"));
        println!(
            "\nThe server's memory was {peak_mib:.0} MiB at its highest. On disk, bytes an entry:\n"
        );
        println!("| kind of file | bytes an entry |\n|---|---|");
        for (kind, bytes) in &disk.bytes {
            let per_entry = Footprint::per_entry(*bytes, size);
            println!("| {} | {per_entry:.1} |", kind.words());
        }
        println!("\n{MARKDOWN_HEAD}");
        for report in self.runs.iter().filter(|report| report.passed) {
            println!("{}", report.markdown_row());
        }
        for report in self.runs.iter().filter(|report| !report.passed) {
            let why = report.refusal().unwrap_or_default();
            println!(
                "\nNot reported: {} with {} connections: {why}.",
                report.verb, report.load.connections
            );
        }
        self.print_parts();
    }

    /// What the log itself counted of its batches, and where its processor time went.
    fn print_parts(&self) {
        println!(
            "\n| run | entries a batch | lock ms | commit ms | journal ms | second path ms | sign ms | µs an entry, by thread |"
        );
        println!("|---|---|---|---|---|---|---|---|");
        for report in self.runs.iter().filter(|report| report.passed) {
            let Some(batches) = &report.batches else {
                continue;
            };
            let step = |name| batches.step_ms.get(name).copied().unwrap_or_default();
            let threads = report.cpu.server_threads_us_per_entry.iter();
            let threads: Vec<String> = threads
                .filter(|(_, us)| **us >= 0.05)
                .map(|(name, us)| format!("{name} {us:.1}"))
                .collect();
            println!(
                "| {}, {} connections{} | {:.0} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} | {} |",
                report.verb,
                report.load.connections,
                report
                    .load
                    .arrivals_per_s
                    .map_or(String::new(), |rate| format!(", {rate:.0}/s")),
                batches.entries_per_batch,
                step("lock"),
                step("commit"),
                step("anchor"),
                step("second_path"),
                step("sign"),
                threads.join(", ")
            );
        }
    }
}

const fn aim(what: &'static str, unit: &'static str, floor: f64, goal: f64) -> Aim {
    Aim {
        what,
        unit,
        floor,
        goal,
    }
}

pub(super) const SINGLE_256: Aim = aim("single entries, 256 connections", "/s", 13_000.0, 18_000.0);
pub(super) const SINGLE_256_P99: Aim = aim("the same, p99", " ms", 60.0, 28.0);
pub(super) const SINGLE_2000: Aim = aim(
    "single, 2,000 connections, nothing refused",
    "/s",
    13_000.0,
    19_000.0,
);
pub(super) const SINGLE_64: Aim = aim("single, 64 connections", "/s", 10_000.0, 15_000.0);
pub(super) const SINGLE_64_P99: Aim = aim("the same, p99", " ms", 20.0, 9.0);
pub(super) const IDLE: Aim = aim("idle, one entry, p50", " ms", 2.0, 1.0);
pub(super) const BATCH: Aim = aim("batches of 256, entries", "/s", 22_000.0, 30_000.0);
pub(super) const PROOFS: Aim = aim(
    "inclusion proofs of random entries",
    "/s",
    15_000.0,
    30_000.0,
);
pub(super) const CHECKPOINT: Aim = aim("`/checkpoint`, 64 connections", "/s", 30_000.0, 45_000.0);
pub(super) const TILES: Aim = aim(
    "hot tiles of 8 KiB, 64 connections",
    "/s",
    30_000.0,
    45_000.0,
);
pub(super) const CHECK: Aim = aim(
    "`check` of the folder, entries",
    "/s",
    500_000.0,
    1_200_000.0,
);
pub(super) const START: Aim = aim("start to first answer", " s", 1.0, 0.3);
pub(super) const MEMORY: Aim = aim("memory of the server after the runs", " MiB", 256.0, 128.0);
pub(super) const DISK: Aim = aim("disk an entry", " bytes", 350.0, 280.0);
pub(super) const DUPLICATES: Aim = aim("loss of throughput with 10 % duplicates", " %", 10.0, 3.0);
pub(super) const RATIO: Aim = aim("p99 at this size against 10,000 entries", " ×", 1.5, 1.1);
