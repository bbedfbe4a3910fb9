//! `notary submit`: seals files of a case, sends them, and keeps the proofs beside them.

use super::answer::{Answer, Failure};
use super::command::SubmitArgs;
use super::errand::Errand;
use super::submit_report::Report;
use super::voice::Voice;
use super::{policy, progress};
use crate::{
    CaseStore, DEFAULTS_BYTES_MAX, ENTRIES_MAX, ItemFiles, Keypair, LogClient, RecordDraft,
    durable_file, patiently,
};
use std::path::PathBuf;
use std::time::Duration;
use tlog::{Origin, Policy};

/// Submits files.
pub async fn submit(args: &SubmitArgs, voice: Voice) -> Result<Answer, Failure> {
    let policy = args.policy.as_deref().map(policy::read).transpose()?;
    let key = Keypair::load(&args.key).map_err(|error| Failure::could_not(error.to_string()))?;
    let log = LogClient::new(&args.log).map_err(|error| Failure::usage(error.to_string()))?;
    let waiting = |why: &str, wait: Duration| {
        voice.hint(&format!(
            "{why}; trying again in {:.1} s",
            wait.as_secs_f64()
        ));
    };
    let line = progress::WaitLine::new(voice);
    let awaiting = |awaits: &str, left: Duration| line.awaits(awaits, left);
    let busy = || voice.hint("another run works on this case; waiting until it is done");
    let store = CaseStore::open_after(&args.case, busy)
        .map_err(|error| Failure::could_not(format!("{}: {error}", args.case.display())))?;
    let mut errand = Errand {
        origin: origin(args, &log, policy.as_ref(), &waiting).await?,
        draft: draft(args, &store)?,
        store,
        key,
        log,
        policy,
        patience: args.patience,
        wait: args.wait,
        waiting: &waiting,
        awaiting: &awaiting,
        report: Report::default(),
        stopped: false,
        failure: None,
    };
    errand.draft.head = errand.newest_head().await;
    // What was sealed before comes first: its numbers are lower, and an item counts only behind those before it.
    let (sealed, fresh): (Vec<&PathBuf>, Vec<&PathBuf>) = args
        .files
        .iter()
        .partition(|file| ItemFiles::of_original((*file).clone()).evidence().exists());
    if !fresh.is_empty() {
        errand.check_key().await?;
    }
    let mut items = errand.open_items(&args.files);
    for file in sealed {
        items.extend(errand.seal(file, voice)?);
    }
    errand.send(items).await?;
    for files in fresh.chunks(ENTRIES_MAX) {
        let mut items = Vec::new();
        for file in files {
            items.extend(errand.seal(file, voice)?);
        }
        errand.send(items).await?;
    }
    line.done();
    errand.complete().await?;
    if errand.policy.is_none() {
        errand.report.hint(
            "the log's answers were not checked against a policy, since none was given with --policy: that the entries \
             are included is checked, whose log it is not",
        );
    }
    Ok(errand.report.answer(voice.lang))
}

/// The origin that entries are signed for: the policy's log, else what the log says of itself. If both are at hand they
/// must agree.
async fn origin(
    args: &SubmitArgs,
    log: &LogClient,
    policy: Option<&Policy>,
    waiting: &(dyn Fn(&str, Duration) + Sync),
) -> Result<Origin, Failure> {
    let mut of_policy: Vec<&str> = policy.map_or_else(Vec::new, |policy| {
        policy
            .logs()
            .iter()
            .map(|log| log.vkey().name().as_str())
            .collect()
    });
    of_policy.sort_unstable();
    of_policy.dedup();
    let told = match (log.log_info().await, of_policy.as_slice()) {
        (Ok(info), _) => info.origin,
        // The log is away and the policy names one: sealing goes on, and sending waits.
        (Err(_), [only]) => (*only).to_owned(),
        (Err(_), _) => {
            patiently(args.patience, waiting, async || log.log_info().await)
                .await
                .map_err(|error| Failure::could_not(error.to_string()))?
                .origin
        }
    };
    if policy.is_some() && !of_policy.contains(&told.as_str()) {
        return Err(Failure::usage(format!(
            "the log at {} is {told}, which the policy does not list: --log and --policy do not fit",
            args.log
        )));
    }
    Origin::new(told.as_str())
        .map_err(|_| Failure::could_not(format!("{told} is no origin of a log")))
}

fn draft(args: &SubmitArgs, store: &CaseStore) -> Result<RecordDraft, Failure> {
    let mut draft = match &args.record_defaults {
        Some(path) => {
            let bytes = durable_file::read_at_most(path, DEFAULTS_BYTES_MAX)
                .map_err(|error| Failure::could_not(format!("{}: {error}", path.display())))?;
            RecordDraft::from_defaults(&bytes)
                .map_err(|error| Failure::usage(format!("{}: {error}", path.display())))?
        }
        None => RecordDraft::default(),
    };
    draft.case_number = Some(store.case_number().clone());
    draft.stage = args.stage;
    draft.kind = args.kind;
    Ok(draft)
}
