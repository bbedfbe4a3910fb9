//! The machine of a run and the processor time of processes, from `/proc`.

use serde::Serialize;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::num::NonZero;

/// What the figures were measured on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Machine {
    /// The processor's model, as the kernel names it.
    pub cpu: String,
    /// Cores that this process may use.
    pub cores: usize,
    /// Memory in MiB.
    pub memory_mib: u64,
    /// The kernel's release.
    pub kernel: String,
}

impl Machine {
    /// Reads `/proc`; what it does not tell is `unknown` or 0.
    pub fn read() -> Self {
        let file = |path| fs::read_to_string(path).unwrap_or_default();
        Self {
            cpu: cpu_model(&file("/proc/cpuinfo")).unwrap_or_else(|| "unknown".to_owned()),
            cores: std::thread::available_parallelism().map_or(1, NonZero::get),
            memory_mib: memory_mib(&file("/proc/meminfo")).unwrap_or(0),
            kernel: match file("/proc/sys/kernel/osrelease").trim() {
                "" => "unknown".to_owned(),
                release => release.to_owned(),
            },
        }
    }
}

/// A process whose processor time is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Process {
    /// This one.
    Own,
    /// The one with this id.
    Id(u32),
}

impl Process {
    /// The processor time of its threads by their names, in seconds; a number at the end of a name is left out.
    pub fn thread_seconds(self) -> io::Result<BTreeMap<String, f64>> {
        let mut threads = BTreeMap::new();
        for thread in fs::read_dir(format!("{}/task", self.folder()))? {
            // A thread may end while its file is read.
            let Ok(stat) = fs::read_to_string(thread?.path().join("stat")) else {
                continue;
            };
            if let Some((name, ticks)) = thread_name(&stat).zip(cpu_ticks(&stat)) {
                *threads.entry(name).or_default() += seconds(ticks);
            }
        }
        Ok(threads)
    }

    /// Its memory now and at its highest, in MiB (`VmRSS`, `VmHWM`).
    pub fn memory_mib(self) -> io::Result<(f64, f64)> {
        let status = fs::read_to_string(format!("{}/status", self.folder()))?;
        let of = |name| kib_of(&status, name).ok_or(io::ErrorKind::InvalidData);
        #[expect(clippy::cast_precision_loss, reason = "2^53 KiB are 8 EiB")]
        let mib = |kib: u64| kib as f64 / 1024.0;
        Ok((mib(of("VmRSS:")?), mib(of("VmHWM:")?)))
    }

    fn folder(self) -> String {
        match self {
            Self::Own => "/proc/self".to_owned(),
            Self::Id(id) => format!("/proc/{id}"),
        }
    }

    /// The processor time it has used so far, user and system, in seconds.
    pub fn cpu_seconds(self) -> io::Result<f64> {
        let stat = fs::read_to_string(format!("{}/stat", self.folder()))?;
        Ok(seconds(cpu_ticks(&stat).ok_or(io::ErrorKind::InvalidData)?))
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "2^53 ticks are three million years"
)]
fn seconds(ticks: u64) -> f64 {
    ticks as f64 / rustix::param::clock_ticks_per_second() as f64
}

/// `1234 (sqlx-sqlite-wor-3) S 1 …` → `sqlx-sqlite-wor`.
fn thread_name(stat: &str) -> Option<String> {
    let (before, _) = stat.rsplit_once(") ")?;
    let (_, name) = before.split_once('(')?;
    let name = name.trim_end_matches(|c: char| c.is_ascii_digit());
    Some(name.trim_end_matches('-').to_owned())
}

/// `model name\t: Intel(R) Xeon(R) …` of `/proc/cpuinfo`; ARM kernels have no such line.
fn cpu_model(cpuinfo: &str) -> Option<String> {
    let line = cpuinfo
        .lines()
        .find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// `MemTotal:       24576000 kB` of `/proc/meminfo`.
fn memory_mib(meminfo: &str) -> Option<u64> {
    Some(kib_of(meminfo, "MemTotal:")? >> 10)
}

fn kib_of(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok()
}

/// Fields 14 (utime) and 15 (stime) of `/proc/PID/stat`: `1234 (a name) S 1 …`. The name may itself hold `) `, so the
/// fields are counted from the last one on.
fn cpu_ticks(stat: &str) -> Option<u64> {
    let (_, after_name) = stat.rsplit_once(") ")?;
    let mut fields = after_name.split_ascii_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    user.checked_add(system)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use std::time::Instant;

    #[test]
    fn proc_is_read_as_it_is_written() {
        let cpuinfo = "processor\t: 0\nmodel name\t: A Core @ 2.1GHz\nprocessor\t: 1\n";
        assert_eq!(cpu_model(cpuinfo), Some("A Core @ 2.1GHz".to_owned()));
        assert_eq!(cpu_model("processor\t: 0\n"), None);
        let meminfo = "MemTotal:       24576000 kB\nMemFree: 1 kB\n";
        assert_eq!(memory_mib(meminfo), Some(24_000));
        let stat = "7 (a ) b) S 1 7 7 0 -1 4194560 90 0 0 0 1200 34 0 0 20 0 4 0 100 1 2";
        assert_eq!(cpu_ticks(stat), Some(1234));
        assert_eq!(cpu_ticks("7 (a) S 1"), None);
        assert_eq!(thread_name(stat), Some("a ) b".to_owned()));
        let worker = "8 (sqlx-sqlite-wor-3) S 1";
        assert_eq!(thread_name(worker), Some("sqlx-sqlite-wor".to_owned()));
        assert_eq!(
            kib_of("VmHWM:\t  2048 kB\nVmRSS:\t 1024 kB\n", "VmRSS:"),
            Some(1024)
        );
    }

    #[test]
    fn a_busy_process_uses_time_and_no_more_than_all_cores_have() {
        let before = Process::Own.cpu_seconds().unwrap();
        let began = Instant::now();
        let used = || Process::Own.cpu_seconds().unwrap() - before;
        // However busy the machine is, a process that works gets its time in the end.
        while used() < 0.05 {
            std::hint::black_box(cpu_ticks("7 (a) S 1"));
        }
        let cores = u32::try_from(Machine::read().cores).unwrap();
        assert!(used() <= (began.elapsed().as_secs_f64() + 0.1) * f64::from(cores));
    }

    #[test]
    fn this_process_has_memory_and_threads() {
        let (now, peak) = Process::Own.memory_mib().unwrap();
        assert!(0.0 < now && now <= peak, "{now} {peak}");
        assert!(!Process::Own.thread_seconds().unwrap().is_empty());
    }

    #[test]
    fn a_process_that_is_not_there_is_an_error() {
        assert!(Process::Id(u32::MAX).cpu_seconds().is_err());
    }

    #[test]
    fn this_machine_has_cores_and_memory() {
        let machine = Machine::read();
        assert!(machine.cores >= 1);
        assert!(machine.memory_mib > 0, "{machine:?}");
        assert_ne!(machine.kernel, "unknown");
    }
}
