use super::*;
use crate::storage::coord_contract::{Store, coord_contract};
use crate::storage::lookup::{Lookup, Lookups as _};
use crate::storage::lookup_contract::{every_row_is_read_once, held};
use crate::storage::sample_step::{step, take};
use sqlx::{Connection as _, SqliteConnection};
use tempfile::TempDir;

const ORIGIN_HASH: [u8; 32] = [0x0f; 32];

impl Store for TempDir {
    async fn handle(&self) -> Box<dyn Coord> {
        Box::new(opened(self).await)
    }
}

coord_contract!(tempfile::tempdir().unwrap());

#[tokio::test]
async fn every_row_of_the_lookups_is_read_once_over_many_pages_whether_it_waits_or_not() {
    let folder = tempfile::tempdir().unwrap();
    every_row_is_read_once(&folder, 40_000).await;
    let coord = opened(&folder).await;
    let waiting = held(&coord, Lookup::Slots).await;
    assert!(!coord.waiting_slots().await.unwrap().is_empty());
    coord.enter_slots().await.unwrap();
    assert!(coord.waiting_slots().await.unwrap().is_empty());
    assert!(held(&coord, Lookup::Slots).await == waiting);
}

#[tokio::test]
async fn a_database_of_another_log_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    opened(&folder).await;
    let other = [0xf0; 32];
    let refused = SqliteCoord::open(&path(&folder), &other, 1).await;
    assert!(matches!(refused, Err(CoordError::ForeignOrigin)));
    let refused = SqliteCoord::open_read_only(&path(&folder), &other).await;
    assert!(matches!(refused, Err(CoordError::ForeignOrigin)));
    opened(&folder).await;
}

#[tokio::test]
async fn a_read_only_store_sees_every_step_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let coord = opened(&folder).await;
    coord.open(Incarnation([1; 16]), None).await.unwrap();
    let view = SqliteCoord::open_read_only(&path(&folder), &ORIGIN_HASH)
        .await
        .unwrap();
    let head = take(&coord, step(3)).await;
    assert_eq!(view.committed().await.unwrap().head, head);
    assert!(matches!(
        view.lock().await.err(),
        Some(CoordError::Refused(_))
    ));
    let gate = view.open(Incarnation([2; 16]), None).await;
    assert!(matches!(gate, Err(CoordError::Refused(_))));
    let absent = SqliteCoord::open_read_only(&folder.path().join("absent"), &ORIGIN_HASH).await;
    assert!(absent.is_err());
}

#[tokio::test]
async fn a_full_database_refuses_the_step_and_goes_on_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let coord = opened(&folder).await;
    coord.open(Incarnation([1; 16]), None).await.unwrap();
    let head = take(&coord, step(1)).await;
    let pages: i64 = on_writer(&coord, "PRAGMA page_count").await;
    set_max_pages(&coord, pages + 2).await;
    let lock = coord.lock().await.unwrap();
    let next = step(1000)(lock.committed());
    let full = lock.advance(&next).await;
    assert!(matches!(full, Err(CoordError::DiskFull)), "{full:?}");
    assert_eq!(coord.committed().await.unwrap().head, head);
    set_max_pages(&coord, 1 << 30).await;
    take(&coord, step(1000)).await;
}

#[tokio::test]
async fn what_was_committed_is_there_after_closing_and_after_moving_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let coord = opened(&folder).await;
    coord.open(Incarnation([1; 16]), None).await.unwrap();
    take(&coord, step(300)).await;
    coord.checkpoint().await.unwrap();
    let head = take(&coord, step(300)).await;
    coord.close().await.unwrap();
    let path = path(&folder);
    let view = SqliteCoord::open_read_only(&path, &ORIGIN_HASH).await;
    let view = view.unwrap();
    assert_eq!(view.committed().await.unwrap().head, head);
    view.close().await.unwrap();
    let again = opened(&folder).await;
    assert_eq!(again.committed().await.unwrap().head, head);
}

#[tokio::test]
async fn what_cannot_be_right_is_called_damage() {
    let damages = [
        "UPDATE state SET root = zeroblob(32)",
        "UPDATE state SET frontier = zeroblob(32)",
        "UPDATE state SET frontier = x''",
        "UPDATE notice SET document = x'00'",
        "UPDATE notice SET type = 'none'",
        "DELETE FROM batch WHERE first = 1",
    ];
    for damage in damages {
        let folder = tempfile::tempdir().unwrap();
        let coord = opened(&folder).await;
        coord.open(Incarnation([1; 16]), None).await.unwrap();
        for _ in 0..3 {
            take(&coord, step(1)).await;
        }
        let insert = "INSERT INTO notice VALUES (0, 0, 'genesis', \
            x'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', x'')";
        let mut raw = raw(&folder).await;
        sqlx::query(insert).execute(&mut raw).await.unwrap();
        assert!(coord.notices_from(0).await.is_ok());
        sqlx::query(damage).execute(&mut raw).await.unwrap();
        let size = TreeSize::new(3).unwrap();
        let answers = [
            coord.committed().await.err(),
            coord.notices_from(0).await.err(),
            coord.read_back(LeafIndex::new(0), size).await.err(),
        ];
        let found = answers.iter().flatten().collect::<Vec<_>>();
        assert!(
            matches!(found[..], [CoordError::Damaged(_)]),
            "{damage}: {found:?}"
        );
    }
}

#[tokio::test]
async fn sql_by_hand_cannot_give_a_size_two_roots_or_take_the_state_back() {
    let folder = tempfile::tempdir().unwrap();
    let coord = opened(&folder).await;
    coord.open(Incarnation([1; 16]), None).await.unwrap();
    take(&coord, step(3)).await;
    let mut raw = raw(&folder).await;
    for refused in [
        "INSERT INTO head VALUES (3, 99, zeroblob(32))",
        "UPDATE state SET size = 2",
        "UPDATE state SET time_ms = 0",
        "UPDATE state SET origin_hash = zeroblob(32)",
        "INSERT INTO state SELECT 2, origin_hash, size, root, time_ms, frontier, incarnation, 0, 0 FROM state",
    ] {
        let answer = sqlx::query(refused).execute(&mut raw).await;
        assert!(answer.is_err(), "{refused}");
    }
}

#[tokio::test]
async fn a_fill_that_was_cut_off_is_done_again_and_finds_every_leaf_once() {
    let folder = tempfile::tempdir().unwrap();
    let coord = opened(&folder).await;
    coord.open(Incarnation([1; 16]), None).await.unwrap();
    let size = ROWS_A_TRANSACTION + 100;
    take(&coord, step(size as u64)).await;
    let mut leaves: Vec<Hash> = (0..size)
        .map(|index| Hash::of_leaf(&index.to_be_bytes()))
        .collect();
    // One key begins as that of another leaf.
    let mut colliding = *leaves[3].as_bytes();
    colliding[31] ^= 1;
    leaves[size - 1] = Hash::new(colliding);
    // What a process that ended after the first transaction leaves: rows, and a mark that did not move.
    let rows = in_key_order((0..).zip(leaves.iter().map(|leaf| *leaf.as_bytes())));
    let mut transaction = coord.begin().await.unwrap();
    LEAF_FILL
        .enter(transaction.connection(), &rows[..ROWS_A_TRANSACTION])
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(coord.leaves_indexed().await.unwrap(), TreeSize::ZERO);

    for _ in 0..2 {
        let _refused_the_second_time = coord.index_leaves(LeafIndex::new(0), &leaves).await;
        assert_eq!(coord.leaves_indexed().await.unwrap().get(), size as u64);
        let all = coord.leaf_candidates(&leaves).await.unwrap();
        for (index, found) in all.into_iter().enumerate() {
            let found: Vec<u64> = found.iter().map(|index| index.get()).collect();
            let index = index as u64;
            if index + 1 == size as u64 {
                assert_eq!(found, [3, index]);
            } else {
                assert_eq!(found, [index]);
            }
        }
    }
}

#[tokio::test]
async fn no_statement_of_a_step_scans_a_table() {
    let folder = tempfile::tempdir().unwrap();
    opened(&folder).await;
    let mut raw = raw(&folder).await;
    let steps = [
        short_key::INSERT_SLOTS,
        short_key::INSERT_OVERFLOW,
        short_key::SLOTS_HELD_BY_OTHERS,
    ];
    let lookups = SLOTS.statements().into_iter().chain(LEAVES.statements());
    let fills = [LEAF_FILL, SLOT_FILL].map(|fill| fill.statements());
    let steps = steps.into_iter().chain(fills.into_iter().flatten());
    for query in lookups.chain(steps) {
        let explain = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {query}"));
        let plan = sqlx::query(explain).bind("[1]").bind(0).fetch_all(&mut raw);
        for row in plan.await.unwrap() {
            let detail: String = sqlx::Row::get(&row, "detail");
            let scans = detail.starts_with("SCAN") && !detail.contains("VIRTUAL TABLE");
            assert!(!scans, "{query}: {detail}");
        }
    }
}

async fn opened(folder: &TempDir) -> SqliteCoord {
    SqliteCoord::open(&path(folder), &ORIGIN_HASH, 2)
        .await
        .unwrap()
}

fn path(folder: &TempDir) -> std::path::PathBuf {
    folder.path().join("log.sqlite")
}

async fn raw(folder: &TempDir) -> SqliteConnection {
    let url = format!("sqlite://{}", path(folder).display());
    SqliteConnection::connect(&url).await.unwrap()
}

async fn on_writer(coord: &SqliteCoord, query: &'static str) -> i64 {
    let mut writer = coord.database().unwrap().writer().await;
    sqlx::query_scalar(query)
        .fetch_one(&mut *writer)
        .await
        .unwrap()
}

async fn set_max_pages(coord: &SqliteCoord, pages: i64) {
    let pragma = sqlx::AssertSqlSafe(format!("PRAGMA max_page_count = {pages}"));
    let mut writer = coord.database().unwrap().writer().await;
    sqlx::query(pragma).execute(&mut *writer).await.unwrap();
}
