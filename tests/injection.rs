//! Faults of the kernel's, injected into the real log: one call of `write`, `pwrite64`, `fsync` or `fdatasync` fails with
//! EIO, or is the last thing that the process does.
//!
//! `strace` does it. The calls and their numbers come from a seed, which is printed and can be given as `INJECTION_SEED`.
//! With `NOTARYLOG_LONG=1` a hundred calls are sampled, else fewer.

use crate::crashes::{Chance, Life, everything_holds, live_until};
use crate::skip;
use crate::submitter::{Submitter, bytes, post};
use demo::person::Person;
use demo::process::Process;
use demo::town::Town;
use libtest_mimic::{Failed, Trial};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::time::Duration;

/// The trials.
pub fn trials() -> Vec<Trial> {
    vec![Trial::test(NAME, injected), Trial::test(SYNC, failed_sync)]
}

const NAME: &str = "a_call_that_fails_or_kills_costs_nothing_that_was_answered";

const SYNC: &str = "a_failed_sync_of_the_journal_ends_the_log_with_a_sentence_and_the_next_start_writes_its_last_record_again";

/// Sampled calls of the short form, and of the long one.
const CALLS: u32 = 24;
const CALLS_LONG: u32 = 100;

/// How long a log works under each injection; the sampled call is among the first of its thread.
const LIFE: Duration = Duration::from_millis(500);
const NUMBER_MAX: u64 = 24;

/// What can be injected. A `write` that fails with EIO would hit sockets and the runtime's own wake-ups as well as files, so
/// there the process is killed alone.
const INJECTIONS: [(&str, &str); 7] = [
    ("fdatasync", "error=EIO"),
    ("pwrite64", "error=EIO"),
    ("fsync", "error=EIO"),
    ("fdatasync", "signal=KILL"),
    ("pwrite64", "signal=KILL"),
    ("fsync", "signal=KILL"),
    ("write", "signal=KILL"),
];

fn injected() -> Result<(), Failed> {
    if !skip::found(NAME, "strace")? {
        return Ok(());
    }
    let mut chance = Chance::from("INJECTION_SEED")?;
    let calls = match std::env::var("NOTARYLOG_LONG") {
        Ok(_) => CALLS_LONG,
        Err(_) => CALLS,
    };
    let mut town = Town::found(None)?;
    town.open_log()?;
    let bureau = Submitter::of(&town.enrol("bureau", "Bureau")?)?;
    town.close_log()?;
    let numbers = AtomicU64::new(0);
    let mut all = Life::default();
    let (mut hit, mut not_started) = (0, 0);
    for call in 0..calls {
        let (name, fault) = INJECTIONS[usize::try_from(call)? % INJECTIONS.len()];
        let number = chance.below(NUMBER_MAX) + 1;
        let calls = town.folder().join("calls");
        let tracer = [
            "strace".into(),
            "-D".into(),
            "-f".into(),
            "-qqq".into(),
            "-o".into(),
            calls.clone().into_os_string(),
            "-e".into(),
            format!("trace={name}").into(),
            "-e".into(),
            format!("inject={name}:{fault}:when={number}").into(),
        ];
        let tracer: [OsString; 10] = tracer;
        if town.open_log_under(&tracer).is_ok() {
            all.add(live_until(&mut town, &bureau, &numbers, LIFE)?);
        } else {
            // It failed or was killed while it started.
            not_started += 1;
        }
        town.kill_log();
        hit += u32::from(most_calls(&calls, name) >= number);
        // Whatever happened, the next start finds a log that works.
        town.open_log()?;
        all.add(live_until(&mut town, &bureau, &numbers, LIFE / 10)?);
    }
    town.open_log()?;
    let (_, judged) = everything_holds(&town, &all)?;
    println!(
        "injections: {calls} calls sampled, {hit} hit, {not_started} of them while the log started; {} receipts and {} \
         heads verified",
        judged.receipts, judged.heads
    );
    assert!(hit >= calls / 3, "only {hit} of {calls} calls were hit");
    let diary = std::fs::read_to_string(town.diary())?;
    assert!(!diary.contains("panicked"), "{diary}");
    Ok(())
}

/// How often the thread that called this most often called it: strace counts for each thread.
fn most_calls(traced: &Path, name: &str) -> u64 {
    let traced = std::fs::read_to_string(traced).unwrap_or_default();
    let mut calls: BTreeMap<&str, u64> = BTreeMap::new();
    for line in traced
        .lines()
        .filter(|line| line.contains(&format!("{name}(")))
    {
        let thread = line.split_whitespace().next().unwrap_or_default();
        *calls.entry(thread).or_default() += 1;
    }
    calls.into_values().max().unwrap_or_default()
}

fn failed_sync() -> Result<(), Failed> {
    if !skip::found(SYNC, "strace")? {
        return Ok(());
    }
    let mut town = Town::found(None)?;
    town.open_log()?;
    let bureau = Submitter::of(&town.enrol("bureau", "Bureau")?)?;
    town.close_log()?;
    let entry = bureau.entry(bytes("tag", 0), bytes("content", 0));
    let segment = segment(&town)?;
    let calls = town.folder().join("calls");

    let (mut log, url) =
        serve_watched(&town, &segment, &calls, Some("fdatasync:error=EIO:when=1"))?;
    let heard = post(&url, &entry);
    assert!(
        heard.as_ref().map_or(true, |answer| answer.status == 503),
        "no promise: {heard:?}"
    );
    // It ends by itself: it says nothing more.
    assert!(log.line(PATIENCE).is_err());
    let status = log.stop(PATIENCE)?;
    assert_eq!(status.code(), Some(5), "it could not go on");
    let diary = std::fs::read_to_string(town.diary())?;
    for said in [
        "the journal could not be written or synced",
        "The process ends, since what is on disk is not known any more; the next start reads everything again",
    ] {
        assert!(diary.contains(said), "{diary}");
    }

    let (log, url) = serve_watched(&town, &segment, &calls, None)?;
    let answer = post(&url, &entry)?;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(log.stop(PATIENCE)?.success());
    // What a sync did not bring to the disk the kernel may take for written: only another write does.
    let traced = std::fs::read_to_string(&calls)?;
    let first = |name: &str| {
        traced
            .lines()
            .position(|line| line.contains(&format!("{name}(")))
    };
    let (written, synced) = (first("pwrite64"), first("fsync"));
    assert!(written.is_some() && written < synced, "{traced}");
    town.notarylog(["check".as_ref(), town.log_folder().as_os_str()])?
        .done()?;
    town.open_log()?;
    let again = post(town.url(), &entry)?;
    assert_eq!(
        again.json()["results"][0]["index"],
        answer.json()["results"][0]["index"]
    );
    Ok(())
}

/// How long a log may take to say its address, and to end.
const PATIENCE: Duration = Duration::from_mins(1);

/// The journal's only segment.
fn segment(town: &Town) -> Result<PathBuf, Failed> {
    let mut found = Vec::new();
    for file in std::fs::read_dir(town.folder().join("anchor"))? {
        let path = file?.path();
        found.extend(
            path.extension()
                .is_some_and(|end| end == "journal")
                .then_some(path),
        );
    }
    let [segment] = &found[..] else {
        return Err(format!("one segment: {found:?}").into());
    };
    Ok(segment.clone())
}

/// Starts the log and watches what it writes and syncs of this file, perhaps with a fault; answers its address.
fn serve_watched(
    town: &Town,
    file: &Path,
    calls: &Path,
    fault: Option<&str>,
) -> Result<(Process, String), Failed> {
    let mut tracer: Vec<OsString> = ["strace", "-D", "-f", "-qqq", "-o"]
        .map(Into::into)
        .to_vec();
    tracer.extend([calls.into(), "-P".into(), file.into()]);
    tracer.extend(["-e", "trace=pwrite64,fsync,fdatasync"].map(Into::into));
    tracer.extend(
        fault
            .into_iter()
            .flat_map(|fault| ["-e".into(), format!("inject={fault}").into()]),
    );
    let folder = town.log_folder();
    let args = ["serve".as_ref(), folder.as_os_str(), "--json".as_ref()];
    let mut log = Process::start_under(&tracer, Person::Log, args, &town.diary())?;
    let first: serde_json::Value = serde_json::from_str(&log.line(PATIENCE)?)?;
    let url = first["url"].as_str().ok_or("no address")?.to_owned();
    Ok((log, url))
}
