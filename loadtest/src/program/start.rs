//! `loadtest start`: from the start of a server's process to its first answer.

use crate::connection::{Connection, Lost};
use crate::server::{NotStarted, Server};
use clap::Args;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Options of `start`.
#[derive(Args, Clone, Debug)]
pub struct StartArgs {
    /// The log's folder
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// The program to start
    #[arg(long, value_name = "FILE", default_value = "notarylog")]
    pub notarylog: PathBuf,
    /// How often it is started
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub times: u32,
}

/// Why nothing was timed.
#[derive(Debug, thiserror::Error)]
pub enum NotTimed {
    /// No server.
    #[error(transparent)]
    NotStarted(#[from] NotStarted),
    /// No answer.
    #[error(transparent)]
    Lost(#[from] Lost),
    /// Another answer than a checkpoint.
    #[error("the server's first answer has status {0}")]
    Status(u16),
    /// It does not stop.
    #[error("the server cannot be stopped: {0}")]
    Stop(#[from] std::io::Error),
}

impl StartArgs {
    /// Starts and stops the server so often; answers the times in ascending order. The files are in the page cache from
    /// the second time on.
    pub async fn measure(&self) -> Result<Vec<Duration>, NotTimed> {
        let mut took = Vec::new();
        for _ in 0..self.times {
            let began = Instant::now();
            let server = Server::start(&self.notarylog, &self.folder, &[])?;
            let mut connection = Connection::open(Arc::new(server.log().clone())).await?;
            let status = connection.get("/checkpoint").await?.status;
            took.push(began.elapsed());
            if status != 200 {
                return Err(NotTimed::Status(status));
            }
            server.stop()?;
        }
        took.sort_unstable();
        Ok(took)
    }

    /// Measures and prints.
    pub async fn run(&self) -> Result<(), NotTimed> {
        let took = self.measure().await?;
        let ms: Vec<String> = took
            .iter()
            .map(|took| format!("{:.0}", took.as_secs_f64() * 1e3))
            .collect();
        println!("start · {} times · {} ms", self.times, ms.join(" · "));
        Ok(())
    }
}
