//! Steps for the tests of a store, with entries and slots that are numbered and not real.

use super::coord::{Advance, Committed, Coord, Head, NewEntry, StoredNotice};
use evidence::{Commitment, ENTRY_LEN, NoticeType, Slot};
use tlog::{Hash, LeafIndex, TreeSize};

/// Takes the step that follows from what is committed.
pub(crate) async fn take(coord: &dyn Coord, next: impl FnOnce(&Committed) -> Advance) -> Head {
    let lock = coord.lock().await.unwrap();
    let next = next(lock.committed());
    lock.advance(&next).await.unwrap();
    next.head
}

/// A step of so many entries, whose slots are numbered by their indices.
pub(crate) fn step(count: u64) -> impl FnOnce(&Committed) -> Advance {
    move |committed| {
        let first = committed.head.size.get();
        advance(committed, (first..first + count).map(slot).collect())
    }
}

pub(crate) fn kept(count: u64) -> impl FnOnce(&Committed) -> Advance {
    move |committed| Advance {
        keep: true,
        ..step(count)(committed)
    }
}

pub(crate) fn with_slots(slots: Vec<Slot>) -> impl FnOnce(&Committed) -> Advance {
    move |committed| advance(committed, slots)
}

pub(crate) fn with_notices(notices: Vec<StoredNotice>) -> impl FnOnce(&Committed) -> Advance {
    move |committed| Advance {
        notices: notices.clone(),
        ..step(notices.len() as u64)(committed)
    }
}

pub(crate) fn advance(committed: &Committed, slots: Vec<Slot>) -> Advance {
    let mut frontier = committed.frontier.clone();
    let entries = (committed.head.size.get()..)
        .zip(slots)
        .map(|(index, slot)| {
            frontier.append(leaf(index));
            NewEntry {
                bytes: entry(index),
                slot,
            }
        })
        .collect();
    Advance {
        entries,
        notices: Vec::new(),
        head: Head {
            size: frontier.size(),
            root: frontier.root(),
            time_ms: committed.head.time_ms + 1,
        },
        frontier,
        keep: false,
        audit: Vec::new(),
    }
}

pub(crate) fn notice(seq: u64, index: u64) -> StoredNotice {
    let document = format!("notice {seq}").into_bytes();
    StoredNotice {
        seq,
        index: LeafIndex::new(index),
        notice_type: NoticeType::ALL[usize::try_from(seq).unwrap() % NoticeType::ALL.len()],
        commitment: Commitment::of_document(&document),
        document,
    }
}

pub(crate) fn slot(number: u64) -> Slot {
    Slot::new(*Hash::of(&number.to_be_bytes()).as_bytes())
}

pub(crate) fn leaf(index: u64) -> Hash {
    Hash::of_leaf(&entry(index))
}

/// Not a real entry: no store looks into one.
pub(crate) fn entry(index: u64) -> [u8; ENTRY_LEN] {
    let mut bytes = [0xe5; ENTRY_LEN];
    bytes[..8].copy_from_slice(&index.to_be_bytes());
    bytes
}

pub(crate) fn packed(indices: std::ops::Range<u64>) -> Vec<u8> {
    indices.flat_map(entry).collect()
}

pub(crate) fn tree(size: u64) -> TreeSize {
    TreeSize::new(size).unwrap()
}
