//! The start over real adapters: what one of database and journal lacks, the other gives; two histories stop the log.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must panic")]

use super::{Occasion, start};
use crate::log::Log;
use crate::log::house::{DATABASE, House};
use crate::log::pool::{NotSequenced, Pool};
use crate::log::publisher::Publisher;
use crate::log::start_error::StartError;
use crate::log::status::State;
use crate::metrics::Metrics;
use crate::signer::key_files::KeyFiles;
use crate::storage::anchor::Anchor as _;
use std::sync::Arc;
use tlog::{Bundle, LeafIndex, Tile, TreeSize};

/// That the log is read-only since it was given two histories.
fn expect_two_histories(log: &Log) {
    let State::ReadOnly(why) = log.status().get().as_ref().clone() else {
        panic!("it serves")
    };
    assert!(why.contains("two different histories"), "{why}");
}

/// Why this log does not start.
async fn refused_start(house: &House) -> StartError {
    let (pool, metrics) = (Arc::new(Pool::default()), Arc::new(Metrics::new().unwrap()));
    let publisher = Arc::new(Publisher::new(Arc::new(house.signer())));
    match start(
        &house.ports().await,
        &publisher,
        &pool,
        &metrics,
        Occasion::Start,
    )
    .await
    {
        Err(error) => error,
        Ok(_) => panic!("it started"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resend_has_the_same_index_also_after_a_restart() {
    let house = House::new().await;
    let first = house
        .run(async |log| house.log_records(log, [1, 2, 3]).await.unwrap())
        .await;
    assert_eq!(first, [2, 3, 4]);
    let again = house
        .run(async |log| house.log_records(log, [3, 9, 1]).await.unwrap())
        .await;
    assert_eq!(again, [4, 5, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn time_never_goes_back_when_the_clock_does() {
    let house = House::new().await;
    let before = house
        .run(async |log| {
            house.log_records(log, [1]).await.unwrap();
            log.heart().publisher.newest().unwrap().head
        })
        .await;
    house.clock.set(5);
    let after = house
        .run(async |log| {
            house.log_records(log, [2]).await.unwrap();
            log.heart().publisher.newest().unwrap().head
        })
        .await;
    assert!(after.time_ms > before.time_ms, "{after:?} {before:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_database_is_rolled_forward_from_the_journal() {
    let house = House::new().await;
    house
        .run(async |log| house.log_records(log, 0..5).await.unwrap())
        .await;
    let restore = house.keep(&DATABASE);
    let head = house
        .run(async |log| {
            house.log_records(log, 5..700).await.unwrap();
            house.log_records(log, 700..705).await.unwrap();
            log.heart().publisher.newest().unwrap().head
        })
        .await;
    restore();
    house
        .run(async |log| {
            assert_eq!(log.heart().history.size(), head.size);
            assert_eq!(
                log.heart().history.root(head.size).await.unwrap(),
                head.root
            );
            assert!(log.heart().publisher.newest().unwrap().head.time_ms >= head.time_ms);
            assert_eq!(
                house.log_records(log, [704, 800]).await.unwrap(),
                [706, 707]
            );
        })
        .await;
}

/// Leaves a journal that begins only at the last step that begins below this size, as trimming does.
fn trim_journal(house: &House, below: u64) {
    let mut records = Vec::new();
    house
        .journal()
        .unwrap()
        .replay(TreeSize::ZERO, &mut |record| {
            records.push(record);
            true
        })
        .unwrap();
    let kept = records
        .iter()
        .rposition(|record| record.first.get() < below)
        .unwrap();
    std::fs::remove_dir_all(house.path("journal")).unwrap();
    let mut journal = house.journal().unwrap();
    for record in &records[kept..] {
        journal.append(record).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_older_than_its_journal_is_rolled_forward_from_the_tiles() {
    let house = House::new().await;
    house
        .run(async |log| house.log_records(log, 0..5).await.unwrap())
        .await;
    let restore = house.keep(&DATABASE);
    let head = house
        .run(async |log| {
            for from in (5..700).step_by(50) {
                house.log_records(log, from..from + 50).await.unwrap();
            }
            while log.metrics().stored_size.get() < 512 {
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
            log.heart().publisher.newest().unwrap().head
        })
        .await;
    trim_journal(&house, 500);
    let without_a_tile = house.copy();
    let bundle = Bundle::new(1, 256).unwrap().path();
    std::fs::remove_file(without_a_tile.path("tiles").join(&bundle)).unwrap();
    let with_another_tile = house.copy();
    let place = with_another_tile.path("tiles").join(&bundle);
    let mut entries = std::fs::read(&place).unwrap();
    // The signature of entry 256.
    entries[163] ^= 1;
    std::fs::write(&place, entries).unwrap();
    restore();
    for copy in [&without_a_tile, &with_another_tile] {
        for part in DATABASE {
            let _absent = std::fs::remove_file(copy.path(part));
            if house.path(part).exists() {
                std::fs::copy(house.path(part), copy.path(part)).unwrap();
            }
        }
    }
    house
        .run(async |log| {
            assert_eq!(log.heart().history.size(), head.size);
            let root = log.heart().history.root(head.size).await.unwrap();
            assert_eq!(root, head.root);
            assert_eq!(house.log_records(log, [300, 900]).await.unwrap()[0], 302);
        })
        .await;
    for (copy, told) in [
        (without_a_tile, "the tiles lack them"),
        (with_another_tile, "two different histories"),
    ] {
        copy.run(async |log| {
            let State::ReadOnly(why) = log.status().get().as_ref().clone() else {
                panic!("it serves")
            };
            assert!(why.contains(told), "{why}");
            let size = log.heart().history.size().get();
            assert_eq!(size, 7, "nothing was taken");
        })
        .await;
    }
}

/// A log of over 700 entries of which 512 lie in tiles, and its tiles of when 256 did put back.
async fn with_older_tiles(house: &House) {
    let stored = async |log: &Log, size| {
        while log.metrics().stored_size.get() < size {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    house
        .run(async |log| {
            house.log_records(log, 0..300).await.unwrap();
            stored(log, 256).await;
        })
        .await;
    let restore = house.keep(&["tiles"]);
    house
        .run(async |log| {
            house.log_records(log, 300..700).await.unwrap();
            stored(log, 512).await;
        })
        .await;
    restore();
}

#[tokio::test(flavor = "multi_thread")]
async fn restored_tiles_are_made_again_from_the_rows() {
    let house = House::new().await;
    with_older_tiles(&house).await;
    let head = house
        .run(async |log| {
            assert_eq!(house.log_records(log, [1_000]).await.unwrap(), [702]);
            log.heart().publisher.newest().unwrap().head
        })
        .await;
    let objects = house.ports().await.objects;
    for tile in Tile::completed(TreeSize::ZERO, head.size) {
        assert!(objects.get(&tile.path()).await.unwrap().is_some());
    }
    let second = Bundle::new(1, 256).unwrap();
    assert!(objects.get(&second.path()).await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn tiles_whose_rows_were_dropped_must_be_restored_by_somebody() {
    let house = House::new().await;
    with_older_tiles(&house).await;
    let url = format!("sqlite://{}", house.path("log.sqlite").display());
    let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
    sqlx::query("DELETE FROM batch WHERE first < 300")
        .execute(&pool)
        .await
        .unwrap();
    pool.close().await;
    let refused = refused_start(&house).await;
    assert!(matches!(refused, StartError::Damaged(_)));
    assert!(refused.to_string().contains("restore"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_restored_journal_lacks_is_appended() {
    let house = House::new().await;
    house
        .run(async |log| house.log_records(log, 0..5).await.unwrap())
        .await;
    let restore = house.keep(&["journal"]);
    house
        .run(async |log| house.log_records(log, 5..400).await.unwrap())
        .await;
    restore();
    house
        .run(async |log| house.log_records(log, [400]).await.unwrap())
        .await;
    let last = house.journal().unwrap().last().unwrap();
    assert_eq!(last.size.get(), 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_and_a_journal_of_two_histories_leave_the_log_read_only() {
    let house = House::new().await;
    let restore = house.two_histories(&[1, 2], &[3, 4]).await;
    house
        .run(async |log| {
            expect_two_histories(log);
            assert_eq!(
                house.log_records(log, [5]).await,
                Err(NotSequenced::ReadOnly)
            );
            assert_eq!(log.heart().history.size().get(), 4, "reads go on");
            assert!(log.heart().history.entry(LeafIndex::new(3)).await.is_ok());
        })
        .await;
    // With its own history the same journal is right.
    restore();
    house
        .run(async |log| assert_eq!(house.log_records(log, [1, 5]).await.unwrap(), [2, 4]))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_longer_journal_of_another_history_is_not_replayed() {
    let house = House::new().await;
    let _restore = house.two_histories(&[1, 2], &[3]).await;
    house
        .run(async |log| {
            expect_two_histories(log);
            assert_eq!(
                log.heart().history.size().get(),
                3,
                "nothing of the other history was taken"
            );
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_was_changed_in_the_database_is_found_before_anything_is_signed() {
    let house = House::new().await;
    house
        .run(async |log| house.log_records(log, 0..5).await.unwrap())
        .await;
    {
        let url = format!("sqlite://{}", house.path("log.sqlite").display());
        let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
        sqlx::query("UPDATE batch SET entries = zeroblob(length(entries)) WHERE first = 2")
            .execute(&pool)
            .await
            .unwrap();
        pool.close().await;
    }
    let refused = refused_start(&house).await;
    assert!(matches!(refused, StartError::Damaged(_)), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_keys_of_another_log_are_refused() {
    let house = House::new().await;
    std::fs::remove_dir_all(house.path("keys")).unwrap();
    std::fs::create_dir(house.path("keys")).unwrap();
    KeyFiles::create(&house.path("keys"), &house.origin).unwrap();
    let refused = refused_start(&house).await;
    assert!(matches!(refused, StartError::Keys(_)), "{refused}");
}
