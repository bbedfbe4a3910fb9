//! What can be typed.

use super::all::AllArgs;
use super::check::CheckArgs;
use super::duplicates::DuplicatesArgs;
use super::footprint::FootprintArgs;
use super::plot::PlotArgs;
use super::reads::{ReadArgs, ReadTilesArgs};
use super::receipt::ReceiptArgs;
use super::seed::SeedArgs;
use super::start::StartArgs;
use super::witness::WitnessArgs;
use crate::target::Target;
use clap::{ArgGroup, Args, Parser, Subcommand};

use std::path::PathBuf;
use std::time::Duration;

/// Single entries: a second of a fast machine signs and sends no more than this.
const SINGLE_CEILING: usize = 40_000;

/// Batches: likewise.
const BATCH_CEILING: usize = 80_000;

/// `loadtest`: how many entries a second, and how soon.
#[derive(Debug, Parser)]
#[command(
    name = "loadtest",
    version,
    about = "Load a log with signed entries, and verify what it answers",
    after_help = "The key must be enrolled with the role submit (see loadtest/README.md).\n\n\
        Exit codes: 0 passed, 1 an answer does not verify or more than 0.1 % errors, 2 usage, 5 the run could not be made."
)]
pub struct Command {
    /// What to measure.
    #[command(subcommand)]
    pub verb: Verb,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// One entry a request, many connections
    #[command(after_help = "Examples:\n  \
        loadtest single --log http://127.0.0.1:8080 --key bureau.pem --seconds 30\n  \
        loadtest single --log http://127.0.0.1:8080 --key bureau.pem --fill 1000000 --entries 500000 \
        --server-pid 4711 --data-dir /var/lib/notarylog --out single.json")]
    Single(SingleArgs),
    /// Many entries a request, few connections
    #[command(after_help = "Example:\n  \
        loadtest batch --log http://127.0.0.1:8080 --key bureau.pem --size 256 --seconds 30")]
    Batch(BatchArgs),
    /// One entry a request, each answer cosigned by the quorum of witnesses
    #[command(after_help = "Examples:\n  \
        loadtest witnessed --log http://127.0.0.1:8080 --key bureau.pem --connections 1024 --seconds 30\n  \
        loadtest witnessed --log http://127.0.0.1:8080 --key bureau.pem --rate 500 --seconds 30")]
    Witnessed(WitnessedArgs),
    /// Steps of many logs, each cosigned by one witness
    #[command(after_help = "Examples:\n  \
        loadtest witness --print-enrol --logs 50      the test keys to enrol first\n  \
        loadtest witness --witness http://127.0.0.1:8090 --vkey VKEY --vkey VKEY --logs 50 --seconds 10")]
    Witness(WitnessArgs),
    /// How long it takes to verify a receipt
    #[command(after_help = "Example:\n  \
        loadtest receipt photo.jpg.tlog-proof --policy policy")]
    Receipt(ReceiptArgs),
    /// Inclusion proofs of random entries
    #[command(after_help = "Example:\n  \
        loadtest read-proofs --log http://127.0.0.1:8080 --connections 64 --seconds 10")]
    ReadProofs(ReadArgs),
    /// The newest full tiles, or the checkpoint
    #[command(after_help = "Examples:\n  \
        loadtest read-tiles --log http://127.0.0.1:8080\n  \
        loadtest read-tiles --log http://127.0.0.1:8080 --checkpoint\n\n\
        This generator costs as much as the log does; wrk costs less:\n  \
        wrk -t1 -c64 -d10 http://127.0.0.1:8080/checkpoint")]
    ReadTiles(ReadTilesArgs),
    /// What it costs when one entry in ten was sent before
    #[command(after_help = "Example:\n  \
        loadtest duplicates --log http://127.0.0.1:8080 --key bureau.pem --seconds 10")]
    Duplicates(DuplicatesArgs),
    /// From the start of `notarylog serve` to its first answer
    #[command(after_help = "Example:\n  \
        loadtest start --notarylog target/release/notarylog /var/lib/notarylog")]
    Start(StartArgs),
    /// The memory of a server, and a log's bytes on disk by kind of file
    #[command(after_help = "Example:\n  \
        loadtest footprint --entries 10000000 --server-pid 4711 /var/lib/notarylog")]
    Footprint(FootprintArgs),
    /// How fast `notarylog check` reads a folder
    #[command(after_help = "Example:\n  \
        loadtest check --notarylog target/release/notarylog /var/lib/notarylog")]
    Check(CheckArgs),
    /// Everything that is aimed at, as a table
    #[command(after_help = "Example:\n  \
        loadtest seed --entries 10000000 --lean /var/tmp/log\n  \
        loadtest all --notarylog target/release/notarylog --wrk wrk --curves --out reports /var/tmp/log")]
    All(Box<AllArgs>),
    /// Curves of latency and throughput as SVG
    #[command(after_help = "Example:\n  \
        loadtest plot reports --out docs")]
    Plot(PlotArgs),
    /// Make a log with a large tree, past its doors
    #[command(after_help = "Example:\n  \
        loadtest seed --entries 10000000 --lean /var/tmp/log && notarylog check /var/tmp/log")]
    Seed(SeedArgs),
}

/// Options of `single`.
#[derive(Args, Clone, Debug)]
pub struct SingleArgs {
    /// Connections, each with one request in flight
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = positive)]
    pub connections: usize,
    /// What both verbs share
    #[command(flatten)]
    pub load: LoadArgs,
}

/// Options of `witnessed`.
#[derive(Args, Clone, Debug)]
pub struct WitnessedArgs {
    /// Connections, each with one request in flight
    #[arg(long, value_name = "N", default_value_t = 1024, value_parser = positive)]
    pub connections: usize,
    /// What all verbs share
    #[command(flatten)]
    pub load: LoadArgs,
}

/// Options of `batch`.
#[derive(Args, Clone, Debug)]
pub struct BatchArgs {
    /// Connections, each with one request in flight
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = positive)]
    pub connections: usize,
    /// Entries a request
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = batch_size)]
    pub size: usize,
    /// What both verbs share
    #[command(flatten)]
    pub load: LoadArgs,
}

/// What both share.
#[derive(Args, Clone, Debug)]
#[command(group(ArgGroup::new("length").required(true).args(["entries", "seconds"])))]
pub struct LoadArgs {
    /// Where the log is
    #[arg(long, value_name = "http://HOST:PORT")]
    pub log: Target,
    /// The enrolled key that signs: P-256, PKCS#8 PEM, mode 0600
    #[arg(long, value_name = "KEY.pem")]
    pub key: PathBuf,
    /// Measure until so many entries were sent
    #[arg(long, value_name = "N", value_parser = positive)]
    pub entries: Option<usize>,
    /// Measure for so many seconds
    #[arg(long, value_name = "S", value_parser = seconds)]
    pub seconds: Option<Duration>,
    /// Send for so many seconds before, without measuring
    #[arg(long, value_name = "S", default_value = "2", value_parser = seconds)]
    pub warmup: Duration,
    /// First bring the log to a tree of so many entries, without measuring
    #[arg(long, value_name = "N")]
    pub fill: Option<u64>,
    /// Entries a second for which to sign beforehand, where the length is a time [default: 40000, of batches 80000]
    #[arg(long, value_name = "N", value_parser = positive)]
    pub ceiling: Option<usize>,
    /// Entries that arrive a second, whether the log keeps up or not; without it each connection sends when its last
    /// answer came
    #[arg(long, value_name = "N", value_parser = positive)]
    pub rate: Option<usize>,
    /// What surrounds the run
    #[command(flatten)]
    pub about: AboutArgs,
}

/// What surrounds a run, and where its report goes.
#[derive(Args, Clone, Debug, Default)]
pub struct AboutArgs {
    /// Write the report here as JSON
    #[arg(long, value_name = "FILE.json")]
    pub out: Option<PathBuf>,
    /// Print a row of a Markdown table in place of the summary
    #[arg(long)]
    pub markdown: bool,
    /// What the log syncs and when, as text for the report
    #[arg(long, value_name = "TEXT")]
    pub fsync_policy: Option<String>,
    /// Count the processor time of the server's process, on this machine
    #[arg(long, value_name = "PID")]
    pub server_pid: Option<u32>,
    /// The log's admin listener: its counters tell how large the batches were and what each step of one took
    #[arg(long, value_name = "http://HOST:PORT")]
    pub admin: Option<Target>,
    /// Probe the disk in this folder: the log's own
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// The commit that is measured [default: what git says of this folder]
    #[arg(long, value_name = "HASH")]
    pub commit: Option<String>,
}

/// A verb with its options in one form.
#[derive(Clone, Debug)]
pub struct Order {
    /// `single`, `batch` or `witnessed`.
    pub verb: &'static str,
    /// Entries that arrive a second, in an open loop.
    pub arrivals: Option<f64>,
    /// Connections.
    pub connections: usize,
    /// Entries a request.
    pub batch: usize,
    /// Entries a second for which to sign.
    pub ceiling: usize,
    /// One entry of so many has been sent before.
    pub repeat_one_in: Option<usize>,
    /// The rest.
    pub load: LoadArgs,
}

impl From<SingleArgs> for Order {
    fn from(args: SingleArgs) -> Self {
        Self::new("single", args.connections, 1, SINGLE_CEILING, args.load)
    }
}

impl From<WitnessedArgs> for Order {
    fn from(args: WitnessedArgs) -> Self {
        Self::new("witnessed", args.connections, 1, SINGLE_CEILING, args.load)
    }
}

impl From<BatchArgs> for Order {
    fn from(args: BatchArgs) -> Self {
        Self::new(
            "batch",
            args.connections,
            args.size,
            BATCH_CEILING,
            args.load,
        )
    }
}

impl Order {
    fn new(
        verb: &'static str,
        connections: usize,
        batch: usize,
        ceiling: usize,
        load: LoadArgs,
    ) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "a rate needs no 53 bits")]
        let arrivals = load.rate.map(|rate| rate as f64);
        Self {
            verb,
            arrivals,
            connections,
            batch,
            ceiling: load.ceiling.or(load.rate).unwrap_or(ceiling),
            repeat_one_in: None,
            load,
        }
    }

    /// How many entries to sign for the warm-up and in all.
    pub fn entries(&self) -> (usize, usize) {
        let warmup = self.within(self.load.warmup);
        let measured = match (self.load.entries, self.load.seconds) {
            (Some(entries), _) => entries,
            (None, Some(time)) => self.within(time),
            (None, None) => 0,
        };
        (warmup, warmup.saturating_add(measured))
    }

    /// How many entries are sent in this time, at most: at the ceiling, and as many as are in flight when it is over.
    fn within(&self, time: Duration) -> usize {
        if time.is_zero() {
            return 0;
        }
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a float saturates to the most that a workload refuses"
        )]
        let entries = (time.as_secs_f64() * self.ceiling as f64).ceil() as usize;
        entries.saturating_add(self.connections.saturating_mul(self.batch))
    }
}

/// The longest time that is taken: a day. A longer one is a slip.
const SECONDS_MAX: f64 = 86_400.0;

/// The most entries that the log takes in one request.
const BATCH_MAX: usize = 1024;

pub(super) fn positive(text: &str) -> Result<usize, String> {
    match text.replace('_', "").parse() {
        Ok(number @ 1..) => Ok(number),
        _ => Err("a whole number from 1 on".to_owned()),
    }
}

fn batch_size(text: &str) -> Result<usize, String> {
    match positive(text) {
        Ok(size @ ..=BATCH_MAX) => Ok(size),
        _ => Err(format!("a whole number from 1 to {BATCH_MAX}")),
    }
}

pub(super) fn seconds(text: &str) -> Result<Duration, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.0..=SECONDS_MAX).contains(&seconds) => {
            Ok(Duration::from_secs_f64(seconds))
        }
        _ => Err("seconds from 0 to 86400".to_owned()),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    const SINGLE: [&str; 6] = ["loadtest", "single", "--log", "http://h", "--key", "k"];

    #[test]
    fn the_options_are_consistent() {
        Command::command().debug_assert();
    }

    #[test]
    fn a_run_of_entries_signs_those_and_the_warm_up() {
        let order = order(&["--entries", "1000", "--warmup", "0.5", "--ceiling", "100"]);
        assert_eq!(order.entries(), (50 + 256, 50 + 256 + 1000));
        let cold = super::tests::order(&["--entries", "1000", "--warmup", "0"]);
        assert_eq!(cold.entries(), (0, 1000));
    }

    #[test]
    fn a_run_of_a_time_signs_for_the_ceiling() {
        let order = order(&["--seconds", "3", "--warmup", "0"]);
        assert_eq!(order.entries(), (0, 3 * SINGLE_CEILING + 256));
    }

    #[test]
    fn an_open_loop_signs_for_its_rate() {
        let order = order(&["--seconds", "3", "--warmup", "0", "--rate", "500"]);
        assert_eq!((order.entries(), order.arrivals), ((0, 1_756), Some(500.0)));
    }

    #[test]
    fn a_run_has_a_length_and_one_alone() {
        assert!(Command::try_parse_from(SINGLE).is_err());
        let both = [&SINGLE[..], &["--entries", "1", "--seconds", "1"]].concat();
        assert!(Command::try_parse_from(both).is_err());
    }

    #[test]
    fn numbers_out_of_range_are_refused() {
        for wrong in [
            ["--entries", "0"],
            ["--seconds", "-1"],
            ["--seconds", "NaN"],
            ["--seconds", "86401"],
        ] {
            assert!(
                Command::try_parse_from([&SINGLE[..], &wrong].concat()).is_err(),
                "{wrong:?}"
            );
        }
        assert_eq!(batch_size("1024"), Ok(1024));
        assert!(batch_size("1025").is_err());
    }

    fn order(options: &[&str]) -> Order {
        let command = Command::try_parse_from([&SINGLE[..], options].concat());
        match command.unwrap().verb {
            Verb::Single(args) => args.into(),
            other => panic!("{other:?}"),
        }
    }
}
