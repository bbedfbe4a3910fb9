//! One measurement from end to end: probe, fill, sign, warm up, measure, verify, report.

use super::command::Order;
use super::progress;
use crate::connection::Lost;
use crate::fill::{NotFilled, fill};
use crate::machine::{Machine, Process};
use crate::probe::{DiskSync, p256_verifies_per_s};
use crate::provenance;
use crate::report::{Cpu, Errors, Latency, Load, LogFacts, Probes, Report, SCHEMA, Verified};
use crate::rounded::rounded;
use crate::run::{Limit, Phase, Run, Sampling};
use crate::status::{LogStatus, NoStatus, check_enrolled};
use crate::submitter::{NotAKey, Submitter};
use crate::tally::Kept;
use crate::target::Target;
use crate::verification::Verifier;
use crate::workload::{TooLarge, Workload};
use evidence::ENTRY_LEN;
use service::{KeyFile, KeyFileError};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// Measures what was ordered.
pub async fn measure(order: &Order) -> Result<Report, NotMeasured> {
    let target = Arc::new(order.load.log.clone());
    let submitter = Submitter::from_pem(&KeyFile::read(&order.load.key)?)?;
    let server = order.load.server_pid.map(Process::Id);
    if let Some(server) = server {
        // Asked before a long run, not after it.
        server.cpu_seconds().map_err(NotMeasured::Server)?;
    }
    check_enrolled(&target, submitter.key_id()).await?;
    let log = LogStatus::fetch(&target).await?;
    if order.verb == "witnessed" && log.policy.is_none() {
        return Err(NotMeasured::Unwitnessed);
    }
    grow(order, &target, &submitter, &log).await?;
    let probes = probe(order)?;
    let workload = sign(order, &submitter, &log)?;

    let mut run = Run::open(&target, order.connections, order.batch, workload).await?;
    warm_up(order, &mut run).await?;
    let before = LogStatus::fetch(&target).await?;
    let date = jiff::Timestamp::now();
    let measured = clock(order, &mut run, server).await;
    let connections_lost = order.connections - run.connections();
    let after = LogStatus::fetch(&target).await.map_err(NotMeasured::Gone)?;

    progress::say("verifying the sampled answers");
    let verified = verify(&measured.phase.tally.kept, run.workload(), &log);
    let tally = &measured.phase.tally;
    let seconds = measured.phase.took.as_secs_f64();
    let machine = Machine::read();
    #[expect(clippy::cast_precision_loss, reason = "a rate needs no 53 bits")]
    let rate_per_s = rounded(tally.accepted as f64 / seconds);
    Ok(Report {
        schema: SCHEMA,
        verb: order.verb,
        commit: order.load.commit.clone().or_else(provenance::commit),
        date: date.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        profile: provenance::PROFILE,
        probes,
        log: LogFacts {
            origin: log.origin,
            unwitnessed: log.unwitnessed,
            size_before: before.size,
            size_after: after.size,
            fsync_policy: order.load.fsync_policy.clone(),
        },
        load: Load {
            connections: order.connections,
            connections_lost,
            batch: order.batch,
            arrivals_per_s: order.arrivals,
            warmup_s: rounded(order.load.warmup.as_secs_f64()),
            sent: tally.sent,
            logged: tally.accepted,
            seconds: rounded(seconds),
            ended_by: measured.phase.ended_by,
        },
        rate_per_s,
        latency_ms: Latency::of(tally),
        cpu: Cpu::new(
            measured.server_s,
            measured.generator_s,
            tally.accepted,
            seconds,
            machine.cores,
        ),
        passed: Report::passes(&verified, connections_lost, tally.error_rate()),
        errors: Errors {
            rate: tally.error_rate(),
            by_type: tally.errors.clone(),
        },
        verified,
        machine,
    })
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
    Runtime(#[source] io::Error),
    /// The report cannot be written.
    #[error("the report cannot be written to {}: {error}", path.display())]
    Out {
        /// The file of `--out`.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

/// The measured phase and the processor time that it took.
struct Clocked {
    phase: Phase,
    server_s: Option<f64>,
    generator_s: f64,
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

fn probe(order: &Order) -> Result<Probes, NotMeasured> {
    progress::say("probing the machine");
    let folder = order.load.data_dir.as_deref();
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
    let workload = Workload::sign(submitter, &log.origin_hash(), entries, signed)?;
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
async fn clock(order: &Order, run: &mut Run, server: Option<Process>) -> Clocked {
    progress::say("measuring");
    let limit = Limit {
        end: match order.load.entries {
            Some(entries) => run.workload().taken() + entries,
            None => usize::MAX,
        },
        time: order.load.seconds,
        arrivals: order.arrivals,
    };
    let own = Process::Own;
    let (server_before, own_before) = (cpu(server), cpu(Some(own)));
    let phase = run.phase(limit, Sampling::On).await;
    let (server_after, own_after) = (cpu(server), cpu(Some(own)));
    let used = |before: Option<f64>, after: Option<f64>| Some(after? - before?);
    Clocked {
        phase,
        server_s: used(server_before, server_after),
        generator_s: used(own_before, own_after).unwrap_or(0.0),
    }
}

/// The processor time of a process, if there is one still: a server may have died under the load, and the report says
/// that better than an error does.
fn cpu(process: Option<Process>) -> Option<f64> {
    process?.cpu_seconds().ok()
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
