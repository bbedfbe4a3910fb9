//! A report as a person reads it at the end of a run.

use crate::report::Report;
use std::fmt;

/// The summary of a report, several lines.
#[derive(Clone, Copy, Debug)]
pub struct Summary<'a>(pub &'a Report);

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let report = self.0;
        let (load, latency, cpu) = (&report.load, &report.latency_ms, &report.cpu);
        writeln!(
            f,
            "{} · {} connections · {} a request · tree {} → {} · {} build · commit {}",
            report.verb,
            load.connections,
            match load.batch {
                1 => "1 entry".to_owned(),
                batch => format!("{batch} entries"),
            },
            report.log.size_before,
            report.log.size_after,
            report.profile,
            report.short_commit(),
        )?;
        writeln!(
            f,
            "  logged     {} of {} entries in {:.2} s: {:.0} a second",
            load.logged, load.sent, load.seconds, report.rate_per_s
        )?;
        writeln!(
            f,
            "  latency    p50 {:.1} · p90 {:.1} · p99 {:.1} · p99.9 {:.1} · max {:.1} ms",
            latency.p50, latency.p90, latency.p99, latency.p99_9, latency.max
        )?;
        write!(f, "  processor  ")?;
        if let (Some(seconds), Some(us)) = (cpu.server_s, cpu.server_us_per_entry) {
            write!(f, "server {us:.1} µs an entry ({seconds:.1} s) · ")?;
        }
        writeln!(
            f,
            "generator {:.1} µs an entry ({:.1} s, {:.0} % of {} cores)",
            cpu.generator_us_per_entry,
            cpu.generator_s,
            cpu.generator_share * 100.0,
            report.machine.cores
        )?;
        write!(
            f,
            "  machine    {} · {} MiB · Linux {} · {:.0} P-256 verifies/s a core",
            report.machine.cpu,
            report.machine.memory_mib,
            report.machine.kernel,
            report.probes.p256_verifies_per_s
        )?;
        match report.probes.disk_sync {
            Some(disk) => writeln!(
                f,
                " · fdatasync p50 {:.2}, p99 {:.2} ms",
                disk.p50_ms, disk.p99_ms
            )?,
            None => writeln!(f)?,
        }
        self.write_judgement(f)
    }
}

impl Summary<'_> {
    fn write_judgement(self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (verified, errors) = (&self.0.verified, &self.0.errors);
        for (problem, entries) in &errors.by_type {
            writeln!(f, "  error      {problem}: {entries} entries")?;
        }
        if self.0.load.connections_lost > 0 {
            let lost = self.0.load.connections_lost;
            writeln!(f, "  error      {lost} connections were lost for good")?;
        }
        writeln!(
            f,
            "  verified   {} answers with {} entries under {} heads, {} failed",
            verified.answers, verified.entries, verified.heads, verified.failed
        )?;
        if let Some(failure) = &verified.first_failure {
            writeln!(f, "  failure    {failure}")?;
        }
        write!(f, "{}", if self.0.passed { "passed" } else { "FAILED" })
    }
}
