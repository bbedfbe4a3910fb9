//! `loadtest read-proofs` and `read-tiles`: how many reads a second, and whether they are true.

use super::command::{AboutArgs, positive, seconds};
use super::measurement::{Measured, NotMeasured, check_server, probe};
use super::progress;
use crate::connection::Connection;
use crate::question::{Question, SignedTree, Subject};
use crate::reading::Reading;
use crate::report::{Load, Report, Verified};
use crate::rounded::rounded;
use crate::status::LogStatus;
use crate::target::Target;
use clap::Args;
use std::sync::Arc;
use std::time::Duration;
use tlog::TILE_WIDTH;

/// Options of `read-proofs`.
#[derive(Args, Clone, Debug)]
pub struct ReadArgs {
    /// Where the log is
    #[arg(long, value_name = "http://HOST:PORT")]
    pub log: Target,
    /// Connections, each with one question in flight
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = positive)]
    pub connections: usize,
    /// Questions that arrive a second; without it each connection asks when its last answer came
    #[arg(long, value_name = "N", value_parser = positive)]
    pub rate: Option<usize>,
    /// Measure for so many seconds
    #[arg(long, value_name = "S", default_value = "10", value_parser = seconds)]
    pub seconds: Duration,
    /// Ask for so many seconds before, without measuring
    #[arg(long, value_name = "S", default_value = "2", value_parser = seconds)]
    pub warmup: Duration,
    /// What surrounds the run
    #[command(flatten)]
    pub about: AboutArgs,
}

/// Options of `read-tiles`.
#[derive(Args, Clone, Debug)]
pub struct ReadTilesArgs {
    /// Read the newest checkpoint in place of tiles
    #[arg(long)]
    pub checkpoint: bool,
    /// What all reads share
    #[command(flatten)]
    pub read: ReadArgs,
}

impl ReadTilesArgs {
    /// What is read.
    pub const fn subject(&self) -> Subject {
        if self.checkpoint {
            Subject::Checkpoint
        } else {
            Subject::Tiles
        }
    }
}

/// Reads and measures.
pub async fn measure_reads(subject: Subject, args: &ReadArgs) -> Result<Report, NotMeasured> {
    let target = Arc::new(args.log.clone());
    check_server(&args.about)?;
    let log = LogStatus::fetch(&target).await?;
    let mut connection = Connection::open(Arc::clone(&target)).await?;
    let mut tree = SignedTree::fetch(log, &mut connection).await?;
    if subject == Subject::Tiles && tree.size().get() < TILE_WIDTH {
        return Err(NotMeasured::TooSmall);
    }
    let probes = probe(&args.about)?;
    #[expect(clippy::cast_precision_loss, reason = "a rate needs no 53 bits")]
    let rate = args.rate.map(|rate| rate as f64);
    let mut reading = Reading::open(&target, args.connections, subject, tree.size()).await?;
    progress::say("warming up");
    reading.phase(args.warmup, rate, false).await;
    if reading.connections() < args.connections {
        return Err(NotMeasured::WarmUp);
    }
    progress::say("measuring");
    let date = jiff::Timestamp::now();
    let meter = args.about.meter().await;
    let read = reading.phase(args.seconds, rate, true).await;
    let metered = meter.stop().await;
    progress::say("verifying the sampled answers");
    let verified = verify(&mut tree, &read.kept, &mut connection).await;
    let measured = Measured {
        verb: subject.verb(),
        date,
        probes,
        sizes: (tree.size().get(), tree.size().get()),
        load: Load {
            connections: args.connections,
            connections_lost: args.connections - reading.connections(),
            batch: 1,
            duplicates: 0.0,
            arrivals_per_s: rate,
            warmup_s: rounded(args.warmup.as_secs_f64()),
            sent: read.tally.sent,
            logged: read.tally.accepted,
            seconds: rounded(read.took.as_secs_f64()),
            ended_by: read.ended_by,
        },
        tally: read.tally,
        took: read.took,
        metered,
        verified,
    };
    Ok(measured.report(&args.about, tree.log()))
}

async fn verify(
    tree: &mut SignedTree,
    kept: &[(Question, Vec<u8>)],
    connection: &mut Connection,
) -> Verified {
    let mut verified = Verified {
        heads: 1,
        ..Verified::default()
    };
    for (question, body) in kept {
        match tree.verify(*question, body, connection).await {
            Ok(()) => {
                verified.answers += 1;
                verified.entries += 1;
            }
            Err(why) => {
                verified.failed += 1;
                verified
                    .first_failure
                    .get_or_insert_with(|| why.to_string());
            }
        }
    }
    verified
}
