//! Each problem that only a fault of the machine brings about, as the log's own routes answer it under that fault.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must panic")]

use super::{
    BAD_SIGNATURE, HistoryError, NOT_STORED, OF_FAULTS, REVOKED_KEY, RefusedAuthor, Rejection,
    SLOT_TAKEN, STORED_DATA_LOST, UNKNOWN_KEY, WRONG_ROLE, refused_author,
};
use crate::http::quotas::{QuotaRates, Quotas};
use crate::http::router;
use crate::log::Log;
use crate::log::five_witnesses::{Witnesses, serves, until, witnessed};
use crate::log::house::House;
use crate::log::pool::POOL_ENTRIES_MAX;
use crate::storage::full_disk::SmallDisk;
use crate::witnesses::simulated::Manner;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{Request, StatusCode};
use service::ProblemKind;
use std::num::NonZeroU32;
use std::sync::Arc;
use tlog::LeafIndex;
use tower::ServiceExt as _;

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_of_the_machine_is_told_by_its_own_problem() {
    for kind in OF_FAULTS {
        match kind.slug {
            "no-checkpoint" => no_checkpoint(kind).await,
            "checkpoint-withheld" => checkpoint_withheld(kind).await,
            "pool-full" => pool_full(kind).await,
            "busy" => busy(kind).await,
            "clock-wrong" => clock_wrong(kind).await,
            "unavailable" => unavailable(kind).await,
            "disk-full" => disk_full(kind).await,
            other => panic!("no test brings about the fault behind {other}"),
        }
    }
}

/// A log that may sign nothing, and whose last kept head was never stored as a note.
async fn no_checkpoint(kind: &ProblemKind) {
    let house = House::new().await;
    let _restore = house.two_histories(&[1], &[2]).await;
    house
        .run(async |log| {
            expect(kind, ask(log, get("/checkpoint")).await, false).await;
            let tile = ask(log, get("/tile/entries/000.p/3")).await;
            assert_eq!(tile.status(), StatusCode::OK, "reads go on");
        })
        .await;
}

/// A log that has learnt from its witnesses that somebody may have seen a newer head than it stored.
async fn checkpoint_withheld(kind: &ProblemKind) {
    let house = House::new().await;
    let runner = house.runner().await;
    let log = runner.log();
    log.heart().publisher.withhold();
    for path in ["/checkpoint", "/ct/v1/get-sth"] {
        expect(kind, ask(&log, get(path)).await, true).await;
    }
    // An entry that is refused for its own fault is told that fault.
    let mut entry = house.record(1).bytes;
    entry[100] ^= 1;
    let forged = Request::post("/v1/entries")
        .header(CONTENT_TYPE, "application/octet-stream")
        .body(Body::from(entry.to_vec()));
    expect(&BAD_SIGNATURE, ask(&log, forged.unwrap()).await, false).await;
}

/// As many entries as may wait, none of which is taken out.
async fn pool_full(kind: &ProblemKind) {
    let house = House::new().await;
    let runner = house.runner().await;
    let log = runner.log();
    let waiting = {
        let (log, many) = (Arc::clone(&log), vec![house.record(1); POOL_ENTRIES_MAX]);
        tokio::spawn(async move { log.sequence(many).await.map(drop) })
    };
    let full = i64::try_from(POOL_ENTRIES_MAX).unwrap();
    while log.metrics().pool_entries.get() < full {
        tokio::task::yield_now().await;
    }
    expect(kind, ask(&log, post(&house, 2)).await, true).await;
    waiting.abort();
}

/// Bureaus that together had what this log takes.
async fn busy(kind: &ProblemKind) {
    let house = House::new().await;
    house
        .run(async |log| {
            let quotas = Quotas::new(QuotaRates {
                all: Some(service::Rate {
                    per_second: NonZeroU32::MIN,
                    burst: NonZeroU32::new(100).unwrap(),
                }),
                ..QuotaRates::default()
            });
            let doors = router(log, quotas);
            let many = |from: u32| post_all(&house, &(from..from + 100).collect::<Vec<_>>());
            let first = doors.clone().oneshot(many(0)).await.unwrap();
            assert_eq!(first.status(), StatusCode::OK);
            expect(kind, doors.oneshot(many(100)).await.unwrap(), true).await;
        })
        .await;
}

/// A log with witnesses on a machine whose clock was set forward.
async fn clock_wrong(kind: &ProblemKind) {
    let house = House::new().await;
    let witnesses = Witnesses::of(&house);
    witnesses
        .serve(&house, async |log| {
            witnessed(&house, &witnesses, log, 1).await;
            house.clock.set(1_800_000_000_000 + 3_600_000);
            // The first may meet the log while it asks its witnesses anew.
            let first = ask(log, post(&house, 2)).await;
            assert_eq!(first.status(), StatusCode::SERVICE_UNAVAILABLE);
            until(log, "it waits", |log| log.status().waits_for_clock()).await;
            expect(kind, ask(log, post(&house, 2)).await, true).await;
            house.clock.set(1_800_000_000_000);
            serves(log).await;
            let again = ask(log, post(&house, 2)).await;
            assert_eq!(again.status(), StatusCode::OK, "the same bytes, later");
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_two_of_five_are_out_only_what_is_new_waits_for_witnesses() {
    let house = House::new().await;
    let witnesses = Witnesses::of(&house);
    witnesses
        .serve(&house, async |log| {
            witnessed(&house, &witnesses, log, 1).await;
            witnesses.behave(&[0, 1], &Manner::Off);
            let new = {
                let (log, request) = (Arc::clone(log), post(&house, 2));
                tokio::spawn(async move { ask(&log, request).await.status() })
            };
            until(log, "the new entry is logged", |log| {
                log.heart().history.size().get() == 4
            })
            .await;
            let again = ask(log, post(&house, 1)).await;
            assert_eq!(again.status(), StatusCode::OK, "it was witnessed before");
            let rival = post_bytes(house.rival(1).bytes.to_vec());
            expect(&SLOT_TAKEN, ask(log, rival).await, false).await;
            assert!(!new.is_finished(), "the new entry waits all the while");
            new.abort();
        })
        .await;
}

/// A database whose lock another process holds for longer than the log waits.
async fn unavailable(kind: &ProblemKind) {
    let house = House::new().await;
    house
        .run(async |log| {
            let url = format!("sqlite://{}", house.path("log.sqlite").display());
            let other = sqlx::SqlitePool::connect(&url).await.unwrap();
            let held = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
            expect(kind, ask(log, post(&house, 1)).await, true).await;
            held.rollback().await.unwrap();
            other.close().await;
            let again = ask(log, post(&house, 1)).await;
            assert_eq!(again.status(), StatusCode::OK, "the same bytes, later");
        })
        .await;
}

/// A database on a full disk.
async fn disk_full(kind: &ProblemKind) {
    let Some(disk) = SmallDisk::take("disk-full, through the log's own route").await else {
        return;
    };
    let house = House::with_database_in(disk.path()).await;
    house
        .run(async |log| {
            disk.fill(0);
            // Enough for pages that the database does not have yet.
            let many: Vec<u32> = (1..=1_000).collect();
            expect(kind, ask(log, post_all(&house, &many)).await, true).await;
            disk.empty();
            let again = ask(log, post_all(&house, &many)).await;
            assert_eq!(again.status(), StatusCode::OK, "the same bytes, later");
        })
        .await;
}

fn get(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

fn post(house: &House, number: u32) -> Request<Body> {
    post_all(house, &[number])
}

fn post_all(house: &House, numbers: &[u32]) -> Request<Body> {
    let entries: Vec<u8> = numbers
        .iter()
        .flat_map(|&number| house.record(number).bytes)
        .collect();
    post_bytes(entries)
}

fn post_bytes(entries: Vec<u8>) -> Request<Body> {
    Request::post("/v1/entries")
        .header(CONTENT_TYPE, "application/octet-stream")
        .body(Body::from(entries))
        .unwrap()
}

async fn ask(log: &Arc<Log>, request: Request<Body>) -> axum::response::Response {
    let quotas = Quotas::new(QuotaRates::default());
    router(log, quotas).oneshot(request).await.unwrap()
}

/// That the answer is this problem, and says when to come again if it should.
async fn expect(kind: &ProblemKind, answer: axum::response::Response, retry: bool) {
    assert_eq!(answer.status(), kind.status, "{kind:?}");
    assert_eq!(
        answer.headers().contains_key(RETRY_AFTER),
        retry,
        "{kind:?}"
    );
    let body = axum::body::to_bytes(answer.into_body(), 1 << 16)
        .await
        .unwrap();
    let told: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(told["type"], format!("/docs/problems#{}", kind.slug));
    assert_eq!(
        (&told["title"], &told["remedy"]),
        (&kind.title.into(), &kind.remedy.into())
    );
}

#[test]
fn a_lost_tile_is_the_logs_fault_and_an_index_beyond_it_the_callers() {
    assert_eq!(
        Rejection::from(HistoryError::Lost).into_problem().slug(),
        STORED_DATA_LOST.slug
    );
    assert_eq!(
        Rejection::from(HistoryError::NotThere)
            .into_problem()
            .slug(),
        NOT_STORED.slug
    );
}

#[test]
fn a_refused_author_is_told_why() {
    for (refusal, kind) in [
        (RefusedAuthor::UnknownKey, UNKNOWN_KEY),
        (
            RefusedAuthor::Revoked {
                at: LeafIndex::new(7),
            },
            REVOKED_KEY,
        ),
        (RefusedAuthor::MayNotSubmit, WRONG_ROLE),
    ] {
        assert_eq!(refused_author(refusal).slug(), kind.slug);
    }
}
