//! A slot has one answer: before it is entered, after, and whatever a crash between left.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must panic")]

use crate::storage::coord::{Coord, Incarnation};
use crate::storage::sample_step::{take, with_slots};
use crate::storage::sqlite::SqliteCoord;
use crate::storage::sqlite::key_fill::{ROWS_A_TRANSACTION, SLOT_FILL, in_key_order};
use crate::storage::sqlite::recent_slots::read;
use evidence::Slot;
use std::path::PathBuf;
use tempfile::TempDir;
use tlog::Hash;

const ORIGIN_HASH: [u8; 32] = [0x0f; 32];

fn path(folder: &TempDir) -> PathBuf {
    folder.path().join("log.sqlite")
}

async fn opened(folder: &TempDir, name: u8) -> SqliteCoord {
    let coord = SqliteCoord::open(&path(folder), &ORIGIN_HASH, 2).await;
    let coord = coord.unwrap();
    coord.open(Incarnation([name; 16]), None).await.unwrap();
    coord
}

fn slot(number: u64) -> Slot {
    Slot::new(*Hash::of(&number.to_be_bytes()).as_bytes())
}

/// The same first 8 bytes as that slot, and another last one.
fn colliding(slot: &Slot) -> Slot {
    let mut bytes = *slot.as_bytes();
    bytes[31] ^= 1;
    Slot::new(bytes)
}

/// The rows that wait.
async fn waiting(coord: &SqliteCoord) -> usize {
    let mut reader = coord.reader().await.unwrap();
    read(&mut reader, -1, i64::MAX).await.unwrap().len()
}

/// Each of these slots is found at its index, and nothing is found twice: under the lock, by a reader of the same
/// handle, by a new handle and by one that only reads.
async fn all_are_found(folder: &TempDir, coord: &SqliteCoord, slots: &[Slot]) {
    let other = SqliteCoord::open(&path(folder), &ORIGIN_HASH, 1).await;
    let view = SqliteCoord::open_read_only(&path(folder), &ORIGIN_HASH).await;
    let answers = [
        coord.slot_candidates(slots).await,
        other.unwrap().slot_candidates(slots).await,
        view.unwrap().slot_candidates(slots).await,
        coord.lock().await.unwrap().slot_candidates(slots).await,
    ];
    for answer in answers {
        for (index, found) in (0..).zip(answer.unwrap()) {
            let at = |index: u64| found.iter().filter(|at| at.get() == index).count();
            assert_eq!(at(index), 1, "{index}: {found:?}");
            assert!(found.iter().all(|found| at(found.get()) == 1), "{found:?}");
            assert!(found.len() <= 3, "{index}: {found:?}");
        }
    }
    let unknown = coord.slot_candidates(&[slot(u64::MAX)]).await.unwrap();
    assert_eq!(unknown, [Vec::new()]);
}

#[tokio::test]
async fn a_slot_is_found_before_and_after_it_is_entered_and_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let mut slots: Vec<Slot> = (0..300).map(slot).collect();
    slots.push(colliding(&slots[7]));
    {
        let coord = opened(&folder, 1).await;
        take(&coord, with_slots(slots[..100].to_vec())).await;
        take(&coord, with_slots(slots[100..].to_vec())).await;
        assert_eq!(waiting(&coord).await, 2);
        all_are_found(&folder, &coord, &slots).await;
    }
    let coord = opened(&folder, 2).await;
    all_are_found(&folder, &coord, &slots).await;
    for _ in 0..2 {
        coord.enter_slots().await.unwrap();
        assert_eq!((waiting(&coord).await, coord.recent.len()), (0, 0));
        all_are_found(&folder, &coord, &slots).await;
    }
    // One that shares its first bytes with slots that are entered, and one with another that waits.
    let more = [colliding(&slots[50]), slot(900), colliding(&slot(900))];
    slots.extend(more);
    take(&coord, with_slots(more.to_vec())).await;
    all_are_found(&folder, &coord, &slots).await;
    coord.enter_slots().await.unwrap();
    all_are_found(&folder, &coord, &slots).await;
    drop(coord);
    all_are_found(&folder, &opened(&folder, 3).await, &slots).await;
}

#[tokio::test]
async fn slots_of_which_a_crash_left_some_entered_are_found_once_and_entered_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut slots: Vec<Slot> = (0..ROWS_A_TRANSACTION as u64 + 50).map(slot).collect();
    slots.push(colliding(&slots[3]));
    {
        let coord = opened(&folder, 1).await;
        take(&coord, with_slots(slots.clone())).await;
        // What a process that ended after the first transaction leaves: rows, and the row that waits.
        let hashes = slots.iter().map(|slot| *slot.as_bytes());
        let rows = in_key_order((0..).zip(hashes));
        let mut transaction = coord.begin().await.unwrap();
        let some = &rows[..ROWS_A_TRANSACTION];
        SLOT_FILL
            .enter(transaction.connection(), some)
            .await
            .unwrap();
        transaction.commit().await.unwrap();
    }
    let coord = opened(&folder, 2).await;
    all_are_found(&folder, &coord, &slots).await;
    coord.enter_slots().await.unwrap();
    assert_eq!(waiting(&coord).await, 0);
    all_are_found(&folder, &coord, &slots).await;
}

#[tokio::test]
async fn a_fill_that_is_cut_off_anywhere_leaves_every_slot_to_be_found() {
    let folder = tempfile::tempdir().unwrap();
    let slots: Vec<Slot> = (0..3 * ROWS_A_TRANSACTION as u64).map(slot).collect();
    let mut coord = opened(&folder, 1).await;
    for step in slots.chunks(ROWS_A_TRANSACTION) {
        take(&coord, with_slots(step.to_vec())).await;
    }
    for (name, pause_ms) in (2..).zip([0, 1, 3, 9, 27, 81]) {
        let pause = std::time::Duration::from_millis(pause_ms);
        let _cut_off = tokio::time::timeout(pause, coord.enter_slots()).await;
        all_are_found(&folder, &coord, &slots).await;
        drop(coord);
        coord = opened(&folder, name).await;
        all_are_found(&folder, &coord, &slots).await;
    }
    coord.enter_slots().await.unwrap();
    assert_eq!(waiting(&coord).await, 0);
    all_are_found(&folder, &coord, &slots).await;
}

#[tokio::test]
async fn a_step_that_was_not_committed_leaves_no_slot_behind() {
    let folder = tempfile::tempdir().unwrap();
    let coord = opened(&folder, 1).await;
    take(&coord, with_slots(vec![slot(0)])).await;
    let successor = opened(&folder, 2).await;
    let lock = coord.lock().await.unwrap();
    let next = with_slots(vec![slot(1)])(lock.committed());
    assert!(lock.advance(&next).await.is_err(), "it is a zombie");
    for handle in [&coord, &successor] {
        let found = handle.slot_candidates(&[slot(1)]).await.unwrap();
        assert_eq!(found, [Vec::new()]);
    }
    take(&successor, with_slots(vec![slot(2)])).await;
    // The zombie sees what its successor logged, and what that has entered meanwhile.
    all_are_found(&folder, &coord, &[slot(0), slot(2)]).await;
    successor.enter_slots().await.unwrap();
    take(&successor, with_slots(vec![slot(3)])).await;
    all_are_found(&folder, &coord, &[slot(0), slot(2), slot(3)]).await;
    assert_eq!(coord.recent.len(), 1, "what was entered is forgotten");
}

#[tokio::test]
async fn when_too_many_wait_a_step_enters_its_own_slots() {
    let folder = tempfile::tempdir().unwrap();
    let mut coord = opened(&folder, 1).await;
    coord.recent.most = 5;
    let slots: Vec<Slot> = (0..9).map(slot).collect();
    for step in slots.chunks(3) {
        take(&coord, with_slots(step.to_vec())).await;
    }
    assert_eq!((waiting(&coord).await, coord.recent.len()), (1, 3));
    all_are_found(&folder, &coord, &slots).await;
    coord.enter_slots().await.unwrap();
    take(&coord, with_slots(vec![slot(9)])).await;
    assert_eq!(coord.recent.len(), 1);
    let slots: Vec<Slot> = (0..10).map(slot).collect();
    all_are_found(&folder, &coord, &slots).await;
}
