//! The gate, with memories that say what they are told.

use crate::head::Head;
use crate::known_log::Source;
use crate::ledger::{Ledger as _, NewLog};
use crate::memory::Recall;
use crate::testimony::bench::{Bench, NOON};
use crate::testimony::test_log::TestLog;
use service::Stop;
use std::time::Duration;

/// A witness that has signed size 5 of a log with an address, started again; its gate has not been asked.
async fn restarted() -> (Bench, TestLog, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let first = Bench::open(folder.path()).await;
    let log = TestLog::new("log.example/a");
    let new = NewLog {
        origin: log.origin.clone(),
        vkeys: log.vkeys(),
        url: Some("http://log.example".to_owned()),
        source: Source::Command,
    };
    first.enrol(&log).await;
    let own = first.witness.cosigner.vkeys();
    first.ledger.enrol(&new, own).await.unwrap();
    first.cosigned(&log.step(0, 5, NOON)).await;
    drop(first);
    (Bench::shut(folder.path()).await, log, folder)
}

/// Runs the gate until it has asked once or twice.
async fn ask(bench: &Bench, first_run: bool) -> Result<(), crate::memory::OlderState> {
    let stop = Stop::new();
    let gate = std::sync::Arc::clone(&bench.witness.gate);
    let asked = tokio::spawn({
        let stop = stop.clone();
        async move {
            gate.begin(first_run);
            gate.run(stop).await
        }
    });
    tokio::time::sleep(Duration::from_millis(150)).await;
    stop.trigger();
    asked.await.unwrap()
}

fn tell(bench: &Bench, log: &TestLog, recall: Recall) {
    let mut told = bench.memory.0.lock().unwrap();
    told.insert(log.origin.clone(), recall);
}

fn signed(log: &TestLog, at: u64, time_s: u64) -> Recall {
    Recall::Signed(Head {
        latest: log.tree.latest(at),
        time_s,
    })
}

#[tokio::test]
async fn while_no_log_answers_nothing_is_signed_and_the_reason_is_told() {
    let (bench, log, _folder) = restarted().await;
    ask(&bench, false).await.unwrap();
    let why = bench.witness.gate.awaits().unwrap();
    assert!(why.contains("log.example/a: it is down"), "{why}");
    assert_eq!(bench.status(&log.step(5, 6, NOON)).await, 503);
    assert!(bench.shown(&log).is_some(), "reads go on");
    // An answer without our signature shows nothing either: we did sign.
    tell(&bench, &log, Recall::NeverSigned);
    ask(&bench, false).await.unwrap();
    assert!(bench.witness.gate.awaits().is_some());
}

#[tokio::test]
async fn an_older_state_ends_the_witness_and_is_named() {
    for newer in [(6, NOON), (5, NOON + 1)] {
        let (bench, log, _folder) = restarted().await;
        tell(&bench, &log, signed(&log, newer.0, newer.1));
        let older = ask(&bench, false).await.unwrap_err();
        assert!(older.to_string().contains("log.example/a"), "{older}");
        assert_eq!(bench.status(&log.step(5, 6, NOON)).await, 503);
    }
}

#[tokio::test]
async fn a_head_that_agrees_or_the_operators_word_opens_the_gate() {
    let (bench, log, _folder) = restarted().await;
    tell(&bench, &log, signed(&log, 5, NOON));
    ask(&bench, false).await.unwrap();
    assert_eq!(bench.witness.gate.awaits(), None);
    bench.cosigned(&log.step(5, 6, NOON)).await;

    let (bench, log, _folder) = restarted().await;
    ask(&bench, true).await.unwrap();
    bench.cosigned(&log.step(5, 6, NOON)).await;
}

#[tokio::test]
async fn a_log_that_was_never_signed_does_not_vouch_for_one_that_was() {
    let (bench, _log, _folder) = restarted().await;
    let fresh = TestLog::new("log.example/fresh");
    let new = NewLog {
        origin: fresh.origin.clone(),
        vkeys: fresh.vkeys(),
        url: Some("http://fresh.example".to_owned()),
        source: Source::Command,
    };
    let own = bench.witness.cosigner.vkeys();
    bench.ledger.enrol(&new, own).await.unwrap();
    bench.witness.roster.refresh().await.unwrap();
    tell(&bench, &fresh, Recall::NeverSigned);
    ask(&bench, false).await.unwrap();
    assert!(bench.witness.gate.awaits().is_some());
}

#[tokio::test]
async fn without_logs_the_gate_is_open_and_a_log_that_comes_later_is_asked_first() {
    let folder = tempfile::tempdir().unwrap();
    let bench = Bench::open(folder.path()).await;
    let log = TestLog::new("log.example/late");
    let new = NewLog {
        origin: log.origin.clone(),
        vkeys: log.vkeys(),
        url: Some("http://late.example".to_owned()),
        source: Source::Command,
    };
    let own = bench.witness.cosigner.vkeys();
    bench.ledger.enrol(&new, own).await.unwrap();
    bench.witness.roster.refresh().await.unwrap();
    assert_eq!(bench.status(&log.step(0, 5, NOON)).await, 503);
    // It shows our signature, and we know nothing of it.
    tell(&bench, &log, signed(&log, 3, NOON));
    let stop = Stop::new();
    assert!(bench.witness.gate.run(stop).await.is_err());
}
