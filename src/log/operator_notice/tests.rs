#![expect(clippy::unwrap_used, reason = "a test that cannot go on must panic")]

use super::{publish, tell_if_the_day_is_over, tell_stop};
use crate::check::folder::FolderCheck;
use crate::log::Log;
use crate::log::house::{DATABASE, House};
use crate::log::pool::NotSequenced;
use crate::log::runner::Runner;
use crate::log::simulated_log::{PausedClock, SETTINGS, SimulatedLog, paused};
use crate::metrics::Metrics;
use crate::signer::simulated::SignedHeads;
use crate::storage::coord::Coord as _;
use crate::storage::simulated::Machine;
use crate::storage::tile_store::TileStore;
use evidence::{AuditSpan, ENDED_EVENT, Notice, UtcDate};
use service::Stop;
use std::sync::Arc;
use std::time::Duration;
use tlog::LeafIndex;

const DAY_MS: u64 = 86_400_000;

/// The actions of all rows.
async fn actions(house: &House) -> Vec<String> {
    let rows = house.coord().await.audit_from(0, 999).await.unwrap();
    rows.into_iter().map(|row| row.action).collect()
}

/// What the notice of this entry says of the chain.
async fn span_at(log: &Log, index: LeafIndex) -> AuditSpan {
    let notices = log.coord().notices_from(0).await.unwrap();
    let stored = notices.iter().find(|notice| notice.index == index).unwrap();
    let notice = Notice::parse(&stored.document).unwrap();
    AuditSpan::of(&notice).unwrap().unwrap()
}

async fn newest_span(log: &Log) -> AuditSpan {
    let newest = log.coord().notices_from(0).await.unwrap().pop().unwrap();
    span_at(log, newest.index).await
}

/// What the check says of the stopped log.
async fn faults(house: &House) -> Vec<String> {
    let (coord, journal) = (house.coord().await, house.journal().unwrap());
    let objects = TileStore::open(&house.path("tiles")).unwrap();
    let check = FolderCheck {
        coord: &coord,
        objects: &objects,
        anchor: &journal,
        verify_signatures: true,
        policy: None,
        today: UtcDate::of_unix_ms(0),
    };
    let report = check.run(&mut |_, _| {}).await.unwrap();
    assert!(report.audit_rows > 0);
    report.findings.iter().map(ToString::to_string).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rows_of_a_day_are_named_once_it_is_over_and_never_for_the_notice_alone() {
    let house = House::new().await;
    house
        .run(async |log| {
            assert_eq!(tell_if_the_day_is_over(log).await.unwrap(), None);
            house.clock.pass(DAY_MS);
            let index = tell_if_the_day_is_over(log).await.unwrap().unwrap();
            let first = span_at(log, index).await;
            let rows = log.coord().audit_from(0, 99).await.unwrap();
            let named = &rows[usize::try_from(first.count).unwrap() - 1];
            assert_eq!((first.head, first.after), (named.hash, None));
            assert_eq!(first.first_ms, rows[0].time_ms);
            assert_eq!(first.last_ms, named.time_ms);
            // The row of the notice itself is no reason for another.
            for _ in 0..3 {
                house.clock.pass(DAY_MS);
                assert_eq!(tell_if_the_day_is_over(log).await.unwrap(), None);
            }
            house
                .publish_policy(log, "log example\n", "2027-01-15")
                .await;
            assert_eq!(tell_if_the_day_is_over(log).await.unwrap(), None);
            house.clock.pass(DAY_MS);
            let index = tell_if_the_day_is_over(log).await.unwrap().unwrap();
            let second = span_at(log, index).await;
            assert_eq!(second.after, Some(first.head));
            assert_eq!(second.count, first.count + 2);
        })
        .await;
    assert_eq!(faults(&house).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_is_a_row_that_its_notice_names() {
    let house = House::new().await;
    house
        .run(async |log| {
            tell_stop(log).await;
            let span = newest_span(log).await;
            let rows = log.coord().audit_from(span.count - 1, 9).await.unwrap();
            assert_eq!(rows[0].hash, span.head);
            assert_eq!(rows[0].action, "stop");
            assert_eq!(rows.len(), 2, "the notice's own row comes behind");
        })
        .await;
    let told = actions(&house).await;
    let expected = [
        "notice.genesis",
        "start",
        "notice.key.enrol",
        "start",
        "stop",
        "notice.operator",
    ];
    assert_eq!(told, expected);
    assert_eq!(faults(&house).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_went_with_a_newer_database_are_told_as_lost() {
    let house = House::new().await;
    let older = house.keep(&DATABASE);
    house
        .run(async |log| {
            house.log_records(log, [1, 2]).await.unwrap();
            tell_stop(log).await;
        })
        .await;
    older();
    house
        .run(async |log| {
            house.log_records(log, [3]).await.unwrap();
            tell_stop(log).await;
        })
        .await;
    let told = actions(&house).await;
    let expected = [
        "notice.genesis",
        "start",
        "notice.key.enrol",
        "rows-lost",
        "roll-forward",
        "notice.operator",
        "start",
        "stop",
        "notice.operator",
    ];
    assert_eq!(told, expected);
    assert_eq!(faults(&house).await, Vec::<String>::new());
    // And the notice before names rows that nobody has any more: without the row, that is a fault.
    let notices = house.coord().await.notices_from(0).await.unwrap();
    let rows = house.coord().await.audit_from(0, 999).await.unwrap();
    let mut report = crate::check::Report::default();
    crate::check::audit::compare(&mut report, &rows[..3], 3, &notices);
    assert!(!report.is_clean());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ended_log_keeps_its_last_head_and_takes_nothing() {
    let house = House::new().await;
    let committed = house
        .run(async |log| {
            house.log_records(log, [1]).await.unwrap();
            publish(log, ENDED_EVENT).await.unwrap().unwrap();
            let ended = log.coord().committed().await.unwrap().head;
            let refused = house.log_records(log, [2]).await;
            assert_eq!(refused, Err(NotSequenced::Ended));
            ended
        })
        .await;
    // The process did not live to store the note of its last head, perhaps; the next one has it, and so the one after.
    for _ in 0..3 {
        house
            .run(async |log| {
                while !log.status().has_ended() {
                    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
                }
                let shown = log.heart().publisher.newest().unwrap().head;
                assert_eq!(shown, committed);
                tell_stop(log).await;
            })
            .await;
    }
    let told = actions(&house).await;
    let at = told.iter().position(|action| action == "end").unwrap();
    assert_eq!(told[at + 1], "notice.operator", "both in one step");
    assert_eq!(faults(&house).await, Vec::<String>::new());
}

#[test]
fn no_idle_head_follows_on_the_last_one() {
    let simulated = SimulatedLog::new();
    let machine = Machine::with(simulated.founded(0));
    let process = machine.start(None);
    paused().block_on(async {
        let clock = PausedClock::at(1_800_000_500_000);
        let ports = simulated.ports(&process, clock, &SignedHeads::default(), None);
        let metrics = Arc::new(Metrics::new().unwrap());
        let runner = Runner::open(ports, SETTINGS, metrics).await.unwrap();
        let (log, stop) = (runner.log(), Stop::new());
        let running = tokio::spawn(runner.run(stop.clone()));
        let head = async || log.coord().committed().await.unwrap().head;
        let before = head().await;
        tokio::time::sleep(Duration::from_mins(3)).await;
        assert_ne!(head().await, before, "until then they come");
        publish(&log, ENDED_EVENT).await.unwrap().unwrap();
        let last = head().await;
        tokio::time::sleep(Duration::from_mins(30)).await;
        assert_eq!(head().await, last);
        stop.trigger();
        running.await.unwrap().unwrap();
    });
}
