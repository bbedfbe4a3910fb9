//! Faults of the kernel's, injected into the real log: one call of `write`, `pwrite64`, `fsync` or `fdatasync` fails with
//! EIO, or is the last thing that the process does.
//!
//! `strace` does it. The calls and their numbers come from a seed, which is printed and can be given as `INJECTION_SEED`.
//! With `NOTARYLOG_LONG=1` a hundred calls are sampled, else fewer.

use crate::crashes::{Chance, Life, everything_holds, live_until};
use crate::skip;
use crate::submitter::Submitter;
use demo::town::Town;
use libtest_mimic::{Failed, Trial};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

/// The trials.
pub fn trials() -> Vec<Trial> {
    vec![Trial::test(NAME, injected)]
}

const NAME: &str = "a_call_that_fails_or_kills_costs_nothing_that_was_answered";

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
