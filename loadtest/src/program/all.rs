//! `loadtest all`: every figure that is aimed at, on a seeded log, as a table.

use super::check::{self, CheckArgs};
use super::command::{AboutArgs, BatchArgs, LoadArgs, Order, SingleArgs, positive, seconds};
use super::duplicates::{Compared, DuplicatesArgs};
use super::measurement::{NotMeasured, measure};
use super::progress;
use super::reads::{ReadArgs, measure_reads};
use super::seed::{NotMade, SeedArgs};
use super::start::{self, StartArgs};
use super::table::{
    BATCH, CHECK, CHECKPOINT, DISK, DUPLICATES, IDLE, MEMORY, PROOFS, RATIO, SINGLE_64,
    SINGLE_64_P99, SINGLE_256, SINGLE_256_P99, SINGLE_2000, START, TILES, Table,
};
use super::wrk;
use crate::footprint::Footprint;
use crate::machine::Process;
use crate::question::{Question, Subject};
use crate::report::Report;
use crate::server::{NotStarted, Server};
use crate::status::{LogStatus, NoStatus};
use crate::target::Target;
use clap::Args;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tlog::{TILE_WIDTH, TreeSize};

/// What a served log is told: nothing stays for healing, so that the disk holds what a log of this size needs; and the
/// quotas are asked, but too high to bite.
const OPTIONS: [&str; 14] = [
    "--healing-window",
    "0s",
    "--rate-per-bureau",
    "1000000",
    "--burst-per-bureau",
    "1000000",
    "--rate-per-address",
    "1000000",
    "--burst-per-address",
    "1000000",
    "--rate-of-all",
    "1000000",
    "--burst-of-all",
    "10000000",
];

/// What it syncs, as the server is built.
const FSYNC: &str = "database FULL and journal fdatasync, each batch";

/// The tree that the large one is compared with.
const SMALL: u64 = 10_000;

/// Connections of the curve of the closed loop.
const CURVE_CONNECTIONS: [usize; 7] = [1, 4, 16, 64, 256, 1024, 2000];

/// Arrivals a second of the curve of the open loop.
const CURVE_RATES: [usize; 7] = [500, 1_000, 2_000, 4_000, 6_000, 8_000, 10_000];

/// Connections of the open loop: enough that one is free.
const CURVE_OPEN: usize = 1_024;

/// Options of `all`.
#[derive(Args, Clone, Debug)]
pub struct AllArgs {
    /// The folder of a log that `loadtest seed --lean` made and that no process serves
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// The server's program
    #[arg(long, value_name = "FILE", default_value = "notarylog")]
    pub notarylog: PathBuf,
    /// The program wrk, which reads checkpoints and tiles; without it our own generator does
    #[arg(long, value_name = "FILE")]
    pub wrk: Option<PathBuf>,
    /// The key that seeded the log [default: DIR/loadtest.pem]
    #[arg(long, value_name = "KEY.pem")]
    pub key: Option<PathBuf>,
    /// How long each run is measured
    #[arg(long, value_name = "S", default_value = "10", value_parser = seconds)]
    pub seconds: Duration,
    /// Send for so many seconds before each run
    #[arg(long, value_name = "S", default_value = "2", value_parser = seconds)]
    pub warmup: Duration,
    /// Entries a second for which to sign beforehand [default: 40000, of batches 80000]
    #[arg(long, value_name = "N", value_parser = positive)]
    pub ceiling: Option<usize>,
    /// Connections of the largest run
    #[arg(long, value_name = "N", default_value_t = 2_000, value_parser = positive)]
    pub many: usize,
    /// Pairs of runs without and with duplicates, and on a small and the large tree
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = positive)]
    pub pairs: usize,
    /// Also measure the curves that `loadtest plot` draws
    #[arg(long)]
    pub curves: bool,
    /// A folder for the report of each run, as JSON
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// A shell command before each run, for example one that stops what else the machine does
    #[arg(long, value_name = "COMMAND")]
    pub before: Option<String>,
    /// A shell command after each run
    #[arg(long, value_name = "COMMAND")]
    pub after: Option<String>,
    /// The commit that is measured [default: what git says of this folder]
    #[arg(long, value_name = "HASH")]
    pub commit: Option<String>,
}

/// Why there is no table.
#[derive(Debug, thiserror::Error)]
pub enum NotTold {
    /// A run could not be made.
    #[error(transparent)]
    Run(#[from] NotMeasured),
    /// The server.
    #[error(transparent)]
    Server(#[from] NotStarted),
    /// Its starts.
    #[error(transparent)]
    Start(#[from] start::NotTimed),
    /// The check.
    #[error(transparent)]
    Check(#[from] check::NotTimed),
    /// The log says nothing of itself.
    #[error(transparent)]
    Status(#[from] NoStatus),
    /// The small log.
    #[error(transparent)]
    Small(#[from] NotMade),
    /// The system.
    #[error("{0}")]
    System(#[from] std::io::Error),
}

impl AllArgs {
    /// Measures everything and prints it as Markdown; answers whether every run passed.
    pub async fn run(&self) -> Result<bool, NotTold> {
        let mut table = Table::default();
        if let Some(out) = &self.out {
            std::fs::create_dir_all(out)?;
        }
        let disk = Footprint::measure(&self.folder)?;
        self.starts(&mut table).await?;
        let server = Server::start(&self.notarylog, &self.folder, &OPTIONS)?;
        let size = LogStatus::fetch(&Arc::new(server.log().clone()))
            .await?
            .size;
        self.singles(&server, &mut table).await?;
        self.others(&server, size, &mut table).await?;
        self.small(&server, &mut table).await?;
        if self.curves {
            self.curves(&server, &mut table).await?;
        }
        let memory = Process::Id(server.id()).memory_mib()?;
        server.stop()?;
        table.figure(MEMORY, Ok(memory.0));
        table.figure(DISK, Ok(Footprint::per_entry(disk.total(), size)));
        progress::say("checking the folder");
        let (entries, seconds) = self.quietly(async { self.check().measure() }).await?;
        #[expect(clippy::cast_precision_loss, reason = "a rate needs no 53 bits")]
        table.figure(CHECK, Ok(entries as f64 / seconds));
        table.print(size, FSYNC, memory.1, &disk);
        Ok(table.passed())
    }

    async fn starts(&self, table: &mut Table) -> Result<(), NotTold> {
        progress::say("starting the server, five times");
        let start = StartArgs {
            folder: self.folder.clone(),
            notarylog: self.notarylog.clone(),
            times: 5,
        };
        let took = self.quietly(start.measure()).await?;
        let median = took.get(took.len() / 2).copied().unwrap_or_default();
        table.figure(START, Ok(median.as_secs_f64()));
        Ok(())
    }

    async fn singles(&self, server: &Server, table: &mut Table) -> Result<(), NotTold> {
        let key = self.key();
        let at_256 = self
            .single(server, &key, 256, self.seconds, "single-256")
            .await?;
        table.rate(SINGLE_256, &at_256);
        table.latency(SINGLE_256_P99, &at_256, at_256.latency_ms.p99);
        table.run(at_256);
        let at_2000 = self
            .single(server, &key, self.many, self.seconds, "single-2000")
            .await?;
        let refused = at_2000.load.sent - at_2000.load.logged;
        let all_taken = if refused == 0 {
            table.told(&at_2000, at_2000.rate_per_s)
        } else {
            Err(format!("{refused} were refused"))
        };
        table.figure(SINGLE_2000, all_taken);
        table.run(at_2000);
        let at_64 = self
            .single(server, &key, 64, self.seconds, "single-64")
            .await?;
        table.rate(SINGLE_64, &at_64);
        table.latency(SINGLE_64_P99, &at_64, at_64.latency_ms.p99);
        table.run(at_64);
        let idle = self
            .single(server, &key, 1, self.seconds, "single-1")
            .await?;
        table.latency(IDLE, &idle, idle.latency_ms.p50);
        table.run(idle);
        Ok(())
    }

    async fn others(&self, server: &Server, size: u64, table: &mut Table) -> Result<(), NotTold> {
        let batch = Order::from(BatchArgs {
            connections: 8,
            size: 256,
            load: self.load(server, &self.key(), self.seconds),
        });
        let batch = self.kept(self.quietly(measure(&batch)).await?, "batch-256")?;
        table.rate(BATCH, &batch);
        table.run(batch);
        let compared = self.duplicates(server).await?;
        for report in compared.without.iter().chain(&compared.with) {
            table.run(report.clone());
        }
        let loss = if compared.passed() {
            Ok(compared.loss() * 100.0)
        } else {
            Err("a run failed".to_owned())
        };
        table.figure(DUPLICATES, loss);
        for (subject, aim) in [
            (Subject::Proofs, PROOFS),
            (Subject::Checkpoint, CHECKPOINT),
            (Subject::Tiles, TILES),
        ] {
            let read = ReadArgs {
                log: server.log().clone(),
                connections: 64,
                rate: None,
                seconds: self.seconds,
                warmup: self.warmup,
                about: self.about(server),
            };
            let report = self.quietly(measure_reads(subject, &read)).await?;
            let report = self.kept(report, subject.verb())?;
            match (&self.wrk, subject) {
                (Some(wrk), Subject::Checkpoint | Subject::Tiles) => {
                    let url = wrk_url(server.log(), subject, size);
                    let read = async { wrk::reads_per_s(wrk, &url, self.seconds) };
                    table.figure(aim, self.quietly(read).await);
                }
                _ => table.rate(aim, &report),
            }
            table.run(report);
        }
        Ok(())
    }

    async fn duplicates(&self, server: &Server) -> Result<Compared, NotTold> {
        let args = DuplicatesArgs {
            one_in: 10,
            pairs: self.pairs,
            single: SingleArgs {
                connections: 256,
                load: self.load(server, &self.key(), self.seconds),
            },
        };
        Ok(self.quietly(Compared::measure(&args)).await?)
    }

    /// The same load on a small tree and on the large one, in turn.
    async fn small(&self, server: &Server, table: &mut Table) -> Result<(), NotTold> {
        let folder = std::env::temp_dir().join(format!("loadtest-small-{}", std::process::id()));
        let seed = SeedArgs {
            folder: folder.clone(),
            entries: SMALL,
            origin: "loadtest.example/small".to_owned(),
            key: None,
            lean: true,
        };
        let made = Command::new(&self.notarylog)
            .arg("init")
            .arg(&folder)
            .args(["--origin", &seed.origin])
            .stdout(Stdio::null())
            .status()?;
        if !made.success() {
            return Err(NotMade::Init(folder).into());
        }
        let key = seed.fill().await?;
        let small = Server::start(&self.notarylog, &folder, &OPTIONS)?;
        let (mut on_small, mut on_large) = (Vec::new(), Vec::new());
        for pair in 1..=self.pairs {
            let name = format!("small-{pair}");
            on_small.push(self.single(&small, &key, 256, self.seconds, &name).await?);
            let name = format!("large-{pair}");
            on_large.push(
                self.single(server, &self.key(), 256, self.seconds, &name)
                    .await?,
            );
        }
        small.stop()?;
        std::fs::remove_dir_all(&folder)?;
        let ratio = middle_p99(&on_large) / middle_p99(&on_small).max(f64::MIN_POSITIVE);
        let passed = on_small.iter().chain(&on_large).all(|report| report.passed);
        let ratio = if passed {
            Ok(ratio)
        } else {
            Err("a run failed".to_owned())
        };
        table.figure(RATIO, ratio);
        on_small
            .into_iter()
            .chain(on_large)
            .for_each(|report| table.run(report));
        Ok(())
    }

    async fn curves(&self, server: &Server, table: &mut Table) -> Result<(), NotTold> {
        let short = self.seconds.min(Duration::from_secs(5));
        for connections in CURVE_CONNECTIONS {
            let name = format!("closed-{connections:04}");
            let report = self
                .single(server, &self.key(), connections, short, &name)
                .await?;
            table.run(report);
        }
        for rate in CURVE_RATES {
            let mut load = self.load(server, &self.key(), short);
            load.rate = Some(rate);
            let order = Order::from(SingleArgs {
                connections: CURVE_OPEN,
                load,
            });
            let report = self.quietly(measure(&order)).await?;
            table.run(self.kept(report, &format!("open-{rate:05}"))?);
        }
        Ok(())
    }

    async fn single(
        &self,
        server: &Server,
        key: &Path,
        connections: usize,
        time: Duration,
        name: &str,
    ) -> Result<Report, NotTold> {
        let order = Order::from(SingleArgs {
            connections,
            load: self.load(server, key, time),
        });
        let report = self.quietly(measure(&order)).await?;
        self.kept(report, name)
    }

    /// Between the two commands, which keep the rest of the machine quiet.
    async fn quietly<T>(&self, run: impl Future<Output = T>) -> T {
        shell(self.before.as_deref());
        let done = run.await;
        shell(self.after.as_deref());
        done
    }

    fn kept(&self, report: Report, name: &str) -> Result<Report, NotTold> {
        if let Some(out) = &self.out {
            std::fs::write(out.join(format!("{name}.json")), report.to_json())?;
        }
        Ok(report)
    }

    fn load(&self, server: &Server, key: &Path, time: Duration) -> LoadArgs {
        LoadArgs {
            log: server.log().clone(),
            key: key.to_owned(),
            entries: None,
            seconds: Some(time),
            warmup: self.warmup,
            fill: None,
            ceiling: self.ceiling,
            rate: None,
            about: self.about(server),
        }
    }

    fn about(&self, server: &Server) -> AboutArgs {
        AboutArgs {
            out: None,
            markdown: false,
            fsync_policy: Some(FSYNC.to_owned()),
            server_pid: Some(server.id()),
            admin: Some(server.admin().clone()),
            data_dir: Some(self.folder.clone()),
            commit: self.commit.clone(),
        }
    }

    fn check(&self) -> CheckArgs {
        CheckArgs {
            folder: self.folder.clone(),
            notarylog: self.notarylog.clone(),
        }
    }

    fn key(&self) -> PathBuf {
        self.key
            .clone()
            .unwrap_or_else(|| self.folder.join("loadtest.pem"))
    }
}

fn shell(command: Option<&str>) {
    if let Some(command) = command {
        // It is a courtesy to the figures: what it cannot do, the probes show.
        let _done = Command::new("sh").args(["-c", command]).status();
    }
}

fn wrk_url(log: &Target, subject: Subject, size: u64) -> String {
    let route = match subject {
        Subject::Tiles => Question::Tile((size / TILE_WIDTH).saturating_sub(1)),
        Subject::Proofs | Subject::Checkpoint => Question::Checkpoint,
    };
    let size = TreeSize::new(size).expect("a served tree has a size");
    format!("http://{}{}", log.authority(), log.path(&route.route(size)))
}

/// The median of the 99th percentiles, in milliseconds.
fn middle_p99(reports: &[Report]) -> f64 {
    let mut p99: Vec<f64> = reports.iter().map(|report| report.latency_ms.p99).collect();
    p99.sort_by(f64::total_cmp);
    p99.get(p99.len() / 2).copied().unwrap_or_default()
}
