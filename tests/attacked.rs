//! A log or a witness under attack: how large it is, and a good client beside the attacker.

use crate::small_log::SmallLog;
use crate::submitter::{Submitter, bytes, post};
use crate::witness_house::{self, WitnessHouse};
use demo::town::Town;
use libtest_mimic::Failed;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// What a process may take more for a while: the buffers of 2,048 connections, and what the allocator keeps of them.
const MEMORY_MAX: u64 = 96 << 20;
/// What the good client beside the attack may leave on disk: its entries, in rows, journal and write-ahead log.
const DISK_MAX: u64 = 8 << 20;
/// Between two visits of the good client: often enough to meet every moment of an attack.
const PAUSE: Duration = Duration::from_millis(50);

/// A process that is attacked.
pub struct Attacked {
    /// `HOST:PORT`.
    pub host: String,
    process: u32,
    folders: Vec<PathBuf>,
    before: (u64, u64),
    beside: Beside,
}

impl Attacked {
    /// A log, and beside the attack a bureau that submits one entry after the other.
    pub fn log(town: &Town, bureau: &Submitter) -> Result<Self, Failed> {
        let (url, bureau) = (town.url().to_owned(), bureau.clone());
        let folders = vec![town.log_folder(), town.folder().join("anchor")];
        Self::new(town.url(), town.log_process(), folders, move |visit| {
            let entry = bureau.entry(bytes("beside", visit), bytes("commitment", visit));
            let answer = post(&url, &entry).map_err(|error| format!("{error:?}"))?;
            match answer.status {
                200 => Ok(()),
                status => Err(format!("{status}: {}", answer.text())),
            }
        })
    }

    /// A witness, and beside the attack a log whose head it cosigns again and again.
    pub fn witness(house: &WitnessHouse, log: &SmallLog) -> Result<Self, Failed> {
        let (url, again) = (house.url().to_owned(), log.step(100, 100)?);
        house.cosigned(&log.step(0, 100)?)?;
        Self::new(house.url(), house.process(), vec![house.dir()], move |_| {
            let answer = witness_house::post(&url, &again).map_err(|error| format!("{error:?}"))?;
            match answer.status {
                200 => Ok(()),
                status => Err(format!("{status}: {}", answer.text())),
            }
        })
    }

    fn new(
        url: &str,
        process: Option<u32>,
        folders: Vec<PathBuf>,
        visit: impl FnMut(u64) -> Result<(), String> + Send + 'static,
    ) -> Result<Self, Failed> {
        let process = process.ok_or("it does not run")?;
        Ok(Self {
            host: url.trim_start_matches("http://").to_owned(),
            process,
            before: (memory(process)?, disk(&folders)?),
            folders,
            beside: Beside::start(visit),
        })
    }

    /// The attack is over: the process lives, it has not grown, and every visit of the good client was answered.
    pub fn outlasted(self) -> Result<(), Failed> {
        let served = self.beside.end()?;
        let (memory, disk) = (memory(self.process)?, disk(&self.folders)?);
        let grown = |now: u64, before: u64| now.saturating_sub(before);
        assert!(served > 0, "the good client was never served");
        assert!(
            grown(memory, self.before.0) < MEMORY_MAX,
            "{} bytes of memory before, {memory} after",
            self.before.0
        );
        assert!(
            grown(disk, self.before.1) < DISK_MAX,
            "{} bytes on disk before, {disk} after",
            self.before.1
        );
        Ok(())
    }
}

/// The good client.
struct Beside {
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<Result<u64, String>>,
}

impl Beside {
    fn start(mut visit: impl FnMut(u64) -> Result<(), String> + Send + 'static) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&is_over);
        let thread = std::thread::spawn(move || {
            let mut visits = 0;
            while !over.load(Ordering::Relaxed) {
                visit(visits)?;
                visits += 1;
                std::thread::sleep(PAUSE);
            }
            Ok(visits)
        });
        Self { is_over, thread }
    }

    fn end(self) -> Result<u64, Failed> {
        self.is_over.store(true, Ordering::Relaxed);
        let visits = self.thread.join().map_err(|_| "the good client panicked")?;
        Ok(visits.map_err(|why| format!("beside the attack a good client was told {why}"))?)
    }
}

/// The resident memory of a process, in bytes.
fn memory(process: u32) -> Result<u64, Failed> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
    let kib: u64 = kib.ok_or("no VmRSS in /proc")?.trim().parse()?;
    Ok(kib << 10)
}

/// What the files of these folders take, in bytes.
fn disk(folders: &[PathBuf]) -> Result<u64, Failed> {
    let mut sum = 0;
    let mut folders: Vec<PathBuf> = folders.to_vec();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                sum += length(&path);
            }
        }
    }
    Ok(sum)
}

/// A file may vanish between the listing and the look.
fn length(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |found| found.len())
}
