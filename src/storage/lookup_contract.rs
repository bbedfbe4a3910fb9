//! What every adapter of [`Lookups`](super::lookup::Lookups) promises.

use super::coord::{Coord, Incarnation};
use super::coord_contract::Store;
use super::lookup::{Lookup, short_key};
use super::sample_step::{slot, step, take};
use std::collections::BTreeSet;
use tlog::{Hash, LeafIndex};

/// A slot is among those that wait or in the table, a leaf hash in its table, or in the overflow: each once.
pub(crate) async fn every_row_is_read_once(store: &impl Store, count: u64) {
    let coord = store.handle().await;
    coord.open(Incarnation([1; 16]), None).await.unwrap();
    take(&*coord, step(count)).await;
    take(&*coord, step(5)).await;
    let mut leaves: Vec<Hash> = (0..count)
        .map(|index| Hash::of(&index.to_be_bytes()))
        .collect();
    let mut colliding = *leaves[0].as_bytes();
    colliding[31] ^= 1;
    leaves[3] = Hash::new(colliding);
    coord
        .index_leaves(LeafIndex::new(0), &leaves)
        .await
        .unwrap();
    assert_eq!(
        held(&*coord, Lookup::Slots).await,
        numbered((0..count + 5).map(|index| *slot(index).as_bytes()))
    );
    assert_eq!(
        held(&*coord, Lookup::Leaves).await,
        numbered(leaves.iter().map(|leaf| *leaf.as_bytes()))
    );
    let overflow = coord.overflow(Lookup::Leaves).await.unwrap();
    assert_eq!(overflow, [(colliding, LeafIndex::new(3))]);
    assert_eq!(coord.overflow(Lookup::Slots).await.unwrap(), []);
}

fn numbered(hashes: impl Iterator<Item = [u8; 32]>) -> BTreeSet<(u64, u64)> {
    hashes
        .zip(0..)
        .map(|(hash, index)| (short_key(&hash), index))
        .collect()
}

/// Every row of a lookup, wherever it lies; none is there twice.
pub(crate) async fn held(coord: &dyn Coord, lookup: Lookup) -> BTreeSet<(u64, u64)> {
    let mut held = BTreeSet::new();
    let mut take =
        |key: u64, index: u64| assert!(held.insert((key, index)), "{index} is there twice");
    if lookup == Lookup::Slots {
        for (first, slots) in coord.waiting_slots().await.unwrap() {
            (first.get()..)
                .zip(&slots)
                .for_each(|(index, slot)| take(short_key(slot.as_bytes()), index));
        }
    }
    for (hash, index) in coord.overflow(lookup).await.unwrap() {
        take(short_key(&hash), index.get());
    }
    let mut at = None;
    loop {
        let page = coord.page(lookup, at).await.unwrap();
        page.rows
            .iter()
            .for_each(|(key, index)| take(*key, index.get()));
        at = page.next;
        if at.is_none() {
            return held;
        }
    }
}
