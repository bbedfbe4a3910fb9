//! `loadtest check`: how fast `notarylog check` reads and hashes a folder.

use clap::Args;
use serde::Deserialize;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

/// Options of `check`.
#[derive(Args, Clone, Debug)]
pub struct CheckArgs {
    /// The log's folder
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// The program to start
    #[arg(long, value_name = "FILE", default_value = "notarylog")]
    pub notarylog: PathBuf,
}

/// Why nothing was timed.
#[derive(Debug, thiserror::Error)]
pub enum NotTimed {
    /// The program cannot be started.
    #[error("{} cannot be started: {error}", program.display())]
    System {
        /// Which.
        program: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// It found faults, or could not check.
    #[error("the folder is not clean, or could not be checked: there is no rate to tell")]
    NotClean,
}

/// What `notarylog check --json` says.
#[derive(Deserialize)]
struct Checked {
    clean: bool,
    entries: u64,
}

impl CheckArgs {
    /// Checks once, hashes only; answers entries and seconds.
    pub fn measure(&self) -> Result<(u64, f64), NotTimed> {
        let began = Instant::now();
        let output = Command::new(&self.notarylog)
            .arg("check")
            .arg(&self.folder)
            .arg("--json")
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()
            .map_err(|error| NotTimed::System {
                program: self.notarylog.clone(),
                error,
            })?;
        let seconds = began.elapsed().as_secs_f64();
        match serde_json::from_slice(&output.stdout) {
            Ok(Checked {
                clean: true,
                entries,
            }) if output.status.success() => Ok((entries, seconds)),
            _ => Err(NotTimed::NotClean),
        }
    }

    /// Measures and prints.
    pub fn run(&self) -> Result<(), NotTimed> {
        let (entries, seconds) = self.measure()?;
        #[expect(clippy::cast_precision_loss, reason = "a rate needs no 53 bits")]
        let rate = entries as f64 / seconds;
        println!(
            "check · {entries} entries in {seconds:.1} s · {rate:.0} a second, hashes and lookups"
        );
        Ok(())
    }
}
