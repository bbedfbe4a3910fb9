//! The embedded ledger, in a real file.

use super::SqliteLedger;
use crate::head::Head;
use crate::known_log::{LogId, Source};
use crate::ledger::kept::KeptHead;
use crate::ledger::{Change, KEPT_HEADS, Ledger as _, LedgerError, NewLog, Step};
use crate::log_list::Issue;
use crate::testimony::Tree;
use crate::testimony::test_log::TestLog;
use std::path::Path;
use tlog::{Hash, KeyKind, KeyName, Latest, Vkey};

fn name() -> KeyName {
    KeyName::new("witness.example/w").unwrap()
}

async fn open(folder: &Path) -> SqliteLedger {
    let path = folder.join("witness.sqlite");
    SqliteLedger::open(&path, &name()).await.unwrap()
}

/// Keys of a witness that signs nothing here.
fn own() -> [Vkey; 2] {
    let log = TestLog::new("witness.example/w");
    let ed25519 = Vkey::new(name(), KeyKind::Cosignature, log.ed25519.material());
    [ed25519.unwrap(), log.ml_dsa]
}

fn new(log: &TestLog, source: Source) -> NewLog {
    NewLog {
        origin: log.origin.clone(),
        vkeys: log.vkeys(),
        url: None,
        source,
    }
}

async fn enrolled(ledger: &SqliteLedger, origin: &str) -> LogId {
    let log = TestLog::new(origin);
    let change = ledger.enrol(&new(&log, Source::Command), &own()).await;
    assert_eq!(change.unwrap(), Change::Added);
    let logs = ledger.logs().await.unwrap();
    logs.iter().find(|log| log.origin == origin).unwrap().id
}

fn step(log: LogId, was: Head, size: u64, time_s: u64) -> Step {
    let latest = Tree::grown(20).latest(size);
    let kept = KeptHead {
        log,
        time_s,
        note: format!("size {size}").into(),
    };
    Step {
        log,
        was,
        now: Head { latest, time_s },
        note: format!("note {size}").into(),
        signed: vec![kept],
    }
}

async fn head(ledger: &SqliteLedger, log: LogId) -> Head {
    let rows = ledger.rows().await.unwrap();
    rows.iter().find(|row| row.log == log).unwrap().head
}

#[tokio::test]
async fn all_steps_are_taken_or_none() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path()).await;
    let (a, b) = (enrolled(&ledger, "a").await, enrolled(&ledger, "b").await);
    let first = [step(a, Head::NEVER, 3, 10), step(b, Head::NEVER, 4, 10)];
    ledger.advance(&first).await.unwrap();
    let (at_a, at_b) = (head(&ledger, a).await, head(&ledger, b).await);
    assert_eq!((at_a, at_b), (first[0].now, first[1].now));
    // One of two rows is not as it was: size, time or root.
    let other = Latest::new(at_b.size(), Hash::of(b"another"));
    for was in [
        Head::NEVER,
        Head { time_s: 9, ..at_b },
        Head {
            latest: other,
            ..at_b
        },
    ] {
        let steps = [step(a, at_a, 5, 11), step(b, was, 6, 11)];
        let refused = ledger.advance(&steps).await;
        assert!(matches!(refused, Err(LedgerError::Behind)), "{refused:?}");
        assert_eq!(
            (head(&ledger, a).await, head(&ledger, b).await),
            (at_a, at_b)
        );
    }
    assert_eq!(ledger.kept(a).await.unwrap().len(), 1);
    let good = [step(a, at_a, 5, 11), step(b, at_b, 6, 11)];
    ledger.advance(&good).await.unwrap();
    assert_eq!(ledger.rows().await.unwrap()[0].note, "note 5");
}

#[tokio::test]
async fn the_database_itself_refuses_to_go_back() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path()).await;
    let a = enrolled(&ledger, "a").await;
    let first = step(a, Head::NEVER, 5, 10);
    ledger.advance(std::slice::from_ref(&first)).await.unwrap();
    for back in [step(a, first.now, 4, 11), step(a, first.now, 5, 9)] {
        assert!(ledger.advance(&[back]).await.is_err());
    }
    assert_eq!(head(&ledger, a).await, first.now);
    // The failed transaction holds nobody up.
    ledger.advance(&[step(a, first.now, 6, 11)]).await.unwrap();
}

#[tokio::test]
async fn recent_heads_are_sorted_into_their_logs_and_the_oldest_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path()).await;
    let (a, b) = (enrolled(&ledger, "a").await, enrolled(&ledger, "b").await);
    let mut was = Head::NEVER;
    for time_s in 1..=20 {
        let mut step = step(a, was, 5, time_s);
        step.signed = (0..300)
            .map(|n| KeptHead {
                log: a,
                time_s,
                note: format!("{n}").into(),
            })
            .collect();
        was = step.now;
        ledger.advance(&[step]).await.unwrap();
        if time_s % 3 == 0 {
            while ledger.file_kept().await.unwrap() {}
        }
    }
    ledger.advance(&[step(b, Head::NEVER, 3, 7)]).await.unwrap();
    while ledger.file_kept().await.unwrap() {}
    let kept = ledger.kept(a).await.unwrap();
    let enough = usize::try_from(KEPT_HEADS).unwrap();
    assert!(
        (enough..enough + 2048).contains(&kept.len()),
        "{}",
        kept.len()
    );
    assert_eq!(
        kept.last().unwrap().time_s,
        20,
        "the newest stay, in their order"
    );
    assert!(kept.is_sorted_by_key(|head| head.time_s));
    assert_eq!(ledger.kept(b).await.unwrap().len(), 1);
    // After everything was filed the order goes on.
    ledger.advance(&[step(a, was, 6, 21)]).await.unwrap();
    assert_eq!(ledger.kept(a).await.unwrap().last().unwrap().time_s, 21);
    ledger.file_kept().await.unwrap();
    assert_eq!(ledger.kept(a).await.unwrap().last().unwrap().time_s, 21);
}

#[tokio::test]
async fn only_a_command_changes_what_is_enrolled() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path()).await;
    let own = own();
    let log = TestLog::new("a");
    let enrol = async |new: NewLog| ledger.enrol(&new, &own).await;
    assert_eq!(enrol(new(&log, Source::List)).await.unwrap(), Change::Added);
    assert_eq!(enrol(new(&log, Source::List)).await.unwrap(), Change::None);
    let other = TestLog::new("a");
    let mut more = new(&log, Source::List);
    more.vkeys.push(other.ed25519.clone());
    for changed in [new(&other, Source::List), new(&other, Source::Config), more] {
        assert!(enrol(changed).await.is_err());
    }
    let version = ledger.roster_version().await.unwrap();
    assert_eq!(
        enrol(new(&other, Source::Command)).await.unwrap(),
        Change::Changed
    );
    assert!(ledger.roster_version().await.unwrap() > version);
    assert_eq!(ledger.logs().await.unwrap()[0].vkeys.len(), 2);
    // What the operator removed, no list brings back.
    assert!(ledger.remove("a").await.unwrap());
    assert_eq!(
        enrol(new(&other, Source::List)).await.unwrap(),
        Change::None
    );
    assert!(ledger.logs().await.unwrap().is_empty());
    assert!(!ledger.remove("a").await.unwrap());
}

#[tokio::test]
async fn an_older_list_and_another_of_the_same_number_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path()).await;
    let issue = |sequence, content| Issue {
        signer: "signer".to_owned(),
        sequence,
        sha256: [content; 32],
    };
    ledger.take_issue(&issue(7, 1)).await.unwrap();
    ledger.take_issue(&issue(7, 1)).await.unwrap();
    for old in [issue(6, 1), issue(7, 2), issue(0, 9)] {
        assert!(ledger.take_issue(&old).await.is_err(), "{old:?}");
    }
    ledger.take_issue(&issue(8, 2)).await.unwrap();
}

#[tokio::test]
async fn a_database_serves_one_witness_and_a_view_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path()).await;
    let path = folder.path().join("witness.sqlite");
    let other = KeyName::new("witness.example/other").unwrap();
    assert!(SqliteLedger::open(&path, &other).await.is_err());
    let view = SqliteLedger::open_read_only(&path, &name()).await.unwrap();
    assert!(view.remove("a").await.is_err());
    assert!(view.faults().await.unwrap().is_empty());
    ledger.close().await.unwrap();
}
