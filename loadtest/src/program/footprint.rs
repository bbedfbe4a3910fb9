//! `loadtest footprint`: what a log takes of disk and memory.

use crate::footprint::Footprint;
use crate::machine::Process;
use clap::Args;
use std::io;
use std::path::PathBuf;

/// Options of `footprint`.
#[derive(Args, Clone, Debug)]
pub struct FootprintArgs {
    /// The log's folder
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// How many entries the log holds
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub entries: u64,
    /// The server's process, whose memory is shown too
    #[arg(long, value_name = "PID")]
    pub server_pid: Option<u32>,
}

impl FootprintArgs {
    /// Measures and prints.
    pub fn run(&self) -> io::Result<()> {
        let footprint = Footprint::measure(&self.folder)?;
        let line = |words: &str, bytes: u64| {
            let per_entry = Footprint::per_entry(bytes, self.entries);
            println!(
                "  {words:<22} {:>7} MiB  {per_entry:>6.1} bytes an entry",
                bytes >> 20
            );
        };
        println!("footprint · {} entries", self.entries);
        for (kind, bytes) in &footprint.bytes {
            line(kind.words(), *bytes);
        }
        line("in all", footprint.total());
        if let Some(pid) = self.server_pid {
            let (now, peak) = Process::Id(pid).memory_mib()?;
            println!("  memory {now:.0} MiB, at its highest {peak:.0} MiB");
        }
        Ok(())
    }
}
