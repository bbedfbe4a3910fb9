//! One measurement from end to end: probe, fill, sign, warm up, measure, verify, report.

use super::command::{AboutArgs, Order};
use super::progress;
use crate::connection::Lost;
use crate::fill::{NotFilled, fill};
use crate::machine::{Machine, Process};
use crate::meter::{Meter, Metered};
use crate::probe::{DiskSync, p256_verifies_per_s};
use crate::provenance;
use crate::question::NoTree;
use crate::report::{Cpu, Errors, Latency, Load, LogFacts, Probes, Report, SCHEMA, Verified};
use crate::rounded::rounded;
use crate::run::{Limit, Phase, Run, Sampling};
use crate::status::{LogStatus, NoStatus, check_enrolled};
use crate::submitter::{NotAKey, Submitter};
use crate::tally::{Kept, Tally};
use crate::target::Target;
use crate::verification::Verifier;
use crate::workload::{TooLarge, Workload};
use evidence::ENTRY_LEN;
use service::{KeyFile, KeyFileError};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Measures what was ordered.
pub async fn measure(order: &Order) -> Result<Report, NotMeasured> {
    let target = Arc::new(order.load.log.clone());
    let submitter = Submitter::from_pem(&KeyFile::read(&order.load.key)?)?;
    check_server(&order.load.about)?;
    check_enrolled(&target, submitter.key_id()).await?;
    let log = LogStatus::fetch(&target).await?;
    if order.verb == "witnessed" && log.policy.is_none() {
        return Err(NotMeasured::Unwitnessed);
    }
    grow(order, &target, &submitter, &log).await?;
    let probes = probe(&order.load.about)?;
    let workload = sign(order, &submitter, &log)?;

    let mut run = Run::open(&target, order.connections, order.batch, workload).await?;
    warm_up(order, &mut run).await?;
    let before = LogStatus::fetch(&target).await?;
    let date = jiff::Timestamp::now();
    let (phase, metered) = clock(order, &mut run).await;
    let connections_lost = order.connections - run.connections();
    let after = LogStatus::fetch(&target).await.map_err(NotMeasured::Gone)?;

    progress::say("verifying the sampled answers");
    let verified = verify(&phase.tally.kept, run.workload(), &log);
    #[expect(clippy::cast_precision_loss, reason = "a share needs no 53 bits")]
    let duplicates = order.repeat_one_in.map_or(0.0, |every| 1.0 / every as f64);
    let measured = Measured {
        verb: order.verb,
        date,
        probes,
        sizes: (before.size, after.size),
        load: Load {
            connections: order.connections,
            connections_lost,
            batch: order.batch,
            duplicates,
            arrivals_per_s: order.arrivals,
            warmup_s: rounded(order.load.warmup.as_secs_f64()),
            sent: phase.tally.sent,
            logged: phase.tally.accepted,
            seconds: rounded(phase.took.as_secs_f64()),
            ended_by: phase.ended_by,
        },
        tally: phase.tally,
        took: phase.took,
        metered,
        verified,
    };
    Ok(measured.report(&order.load.about, &log))
}

/// All that a report is made of.
pub(super) struct Measured {
    pub(super) verb: &'static str,
    pub(super) date: jiff::Timestamp,
    pub(super) probes: Probes,
    /// The size of the tree before and after.
    pub(super) sizes: (u64, u64),
    pub(super) load: Load,
    pub(super) tally: Tally,
    pub(super) took: Duration,
    pub(super) metered: Metered,
    pub(super) verified: Verified,
}

impl Measured {
    /// The report of it.
    pub(super) fn report(self, about: &AboutArgs, log: &LogStatus) -> Report {
        let (tally, seconds, metered) = (&self.tally, self.took.as_secs_f64(), self.metered);
        let machine = Machine::read();
        #[expect(clippy::cast_precision_loss, reason = "a rate needs no 53 bits")]
        let rate_per_s = rounded(tally.accepted as f64 / seconds);
        Report {
            schema: SCHEMA,
            verb: self.verb,
            commit: about.commit.clone().or_else(provenance::commit),
            date: self.date.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            profile: provenance::PROFILE,
            probes: self.probes,
            log: LogFacts {
                origin: log.origin.clone(),
                unwitnessed: log.unwitnessed,
                size_before: self.sizes.0,
                size_after: self.sizes.1,
                fsync_policy: about.fsync_policy.clone(),
            },
            rate_per_s,
            latency_ms: Latency::of(tally),
            cpu: Cpu::new(
                metered.server_s,
                &metered.threads_s,
                metered.generator_s,
                tally.accepted,
                seconds,
                machine.cores,
            ),
            batches: metered.batches,
            passed: Report::passes(
                &self.verified,
                self.load.connections_lost,
                tally.error_rate(),
            ),
            errors: Errors {
                rate: tally.error_rate(),
                by_type: tally.errors.clone(),
            },
            load: self.load,
            verified: self.verified,
            machine,
        }
    }
}

/// Why there is no measurement.
#[derive(Debug, thiserror::Error)]
pub enum NotMeasured {
    /// The key file cannot be read, or others can read it.
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    /// The key file holds no key of the kind.
    #[error(transparent)]
    Key(#[from] NotAKey),
    /// The log does not say what it should, or takes no entries by this key.
    #[error(transparent)]
    Status(#[from] NoStatus),
    /// Witnessed answers are asked of a log that has no witnesses.
    #[error("the log has no quorum of witnesses: measure it with `loadtest single`")]
    Unwitnessed,
    /// There is no signed tree to read.
    #[error(transparent)]
    Tree(#[from] NoTree),
    /// The log is too small to be read so.
    #[error(
        "the log has no full tile yet: fill it first (--fill of `loadtest single`, or `loadtest seed`)"
    )]
    TooSmall,
    /// The log could not be filled.
    #[error(transparent)]
    Filled(#[from] NotFilled),
    /// The run is too long.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// Not all connections could be opened.
    #[error(transparent)]
    Connections(#[from] Lost),
    /// Connections were lost in the warm-up.
    #[error(
        "the log closed connections during the warm-up and took no new ones: does it take so many?"
    )]
    WarmUp,
    /// The log no longer answers when the measured part is over.
    #[error("the log answered before the measured part and not after it: {0}")]
    Gone(#[source] NoStatus),
    /// The disk could not be probed.
    #[error("the disk cannot be probed in --data-dir: {0}")]
    Disk(#[source] io::Error),
    /// The server's processor time cannot be read.
    #[error("the processor time of --server-pid cannot be read: {0}")]
    Server(#[source] io::Error),
    /// No runtime.
    #[error("the system gives no event queue: {0}")]
    Runtime(#[from] io::Error),
    /// The report cannot be written.
    #[error("the report cannot be written to {}: {error}", path.display())]
    Out {
        /// The file of `--out`.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

/// Asked before a long run, not after it.
pub(super) fn check_server(about: &AboutArgs) -> Result<(), NotMeasured> {
    match about.server_pid.map(Process::Id) {
        Some(server) => server.cpu_seconds().map(drop).map_err(NotMeasured::Server),
        None => Ok(()),
    }
}

async fn grow(
    order: &Order,
    target: &Arc<Target>,
    submitter: &Submitter,
    log: &LogStatus,
) -> Result<(), NotMeasured> {
    let Some(size) = order.load.fill.filter(|size| *size > log.size) else {
        return Ok(());
    };
    let bar = progress::begin("filling the log", size - log.size);
    let origin = log.origin_hash();
    let grown = |entries| bar.inc(entries);
    fill(target, submitter, &origin, log.size, size, grown).await?;
    bar.finish_and_clear();
    Ok(())
}

pub(super) fn probe(about: &AboutArgs) -> Result<Probes, NotMeasured> {
    progress::say("probing the machine");
    let folder = about.data_dir.as_deref();
    Ok(Probes {
        disk_sync: folder
            .map(DiskSync::measure)
            .transpose()
            .map_err(NotMeasured::Disk)?,
        p256_verifies_per_s: p256_verifies_per_s(),
    })
}

fn sign(
    order: &Order,
    submitter: &Submitter,
    log: &LogStatus,
) -> Result<Arc<Workload>, NotMeasured> {
    let (_, entries) = order.entries();
    let bar = progress::begin("signing", entries as u64);
    let signed = |entries: usize| bar.inc(entries as u64);
    let mut workload = Workload::sign(submitter, &log.origin_hash(), entries, signed)?;
    if let Some(every) = order.repeat_one_in {
        workload.repeat_one_in(every);
    }
    bar.finish_and_clear();
    Ok(Arc::new(workload))
}

async fn warm_up(order: &Order, run: &mut Run) -> Result<(), NotMeasured> {
    let (warmup, _) = order.entries();
    if warmup > 0 {
        progress::say("warming up");
        let limit = Limit {
            end: warmup,
            time: Some(order.load.warmup),
            arrivals: order.arrivals,
        };
        run.phase(limit, Sampling::Off).await;
    }
    if run.connections() < order.connections {
        return Err(NotMeasured::WarmUp);
    }
    Ok(())
}

/// Measures: the clock runs from the first request to the last answer.
async fn clock(order: &Order, run: &mut Run) -> (Phase, Metered) {
    progress::say("measuring");
    let limit = Limit {
        end: match order.load.entries {
            Some(entries) => run.workload().taken() + entries,
            None => usize::MAX,
        },
        time: order.load.seconds,
        arrivals: order.arrivals,
    };
    let meter = order.load.about.meter().await;
    let phase = run.phase(limit, Sampling::On).await;
    (phase, meter.stop().await)
}

impl AboutArgs {
    /// A meter of the server that they name.
    pub(super) async fn meter(&self) -> Meter {
        let admin = self.admin.clone().map(Arc::new);
        Meter::start(self.server_pid.map(Process::Id), admin).await
    }
}

fn verify(kept: &[Kept], workload: &Workload, log: &LogStatus) -> Verified {
    let mut verifier =
        Verifier::new(log.origin.clone(), log.vkeys.clone()).with_policy(log.policy.clone());
    let mut outcome = Verified::default();
    for answer in kept {
        let (sent, _) = workload
            .bytes(answer.entries.clone())
            .as_chunks::<ENTRY_LEN>();
        match verifier.verify(sent, &answer.body) {
            Ok(entries) => {
                outcome.answers += 1;
                outcome.entries += entries;
            }
            Err(why) => {
                outcome.failed += 1;
                outcome.first_failure.get_or_insert_with(|| why.to_string());
            }
        }
    }
    outcome.heads = verifier.heads();
    outcome
}
