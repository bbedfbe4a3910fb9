//! Lookup rows: every entry must be found by its slot, and by its leaf hash as far as that lookup is filled.
//!
//! A row that points elsewhere does no harm, since whoever finds an index compares the entry; a row that is missing
//! would let a slot be set twice.

use super::walk::Walk;
use crate::storage::coord::{Coord, CoordError};
use crate::storage::lookup::{Lookup, short_key};
use tlog::{LeafIndex, TreeSize};

/// What a lookup holds of the entries of a walk.
#[derive(Debug, Default)]
pub struct Unfound {
    /// Those whose slot stands under no short key of their own.
    pub slots: Vec<LeafIndex>,
    /// The same for leaf hashes.
    pub leaves: Vec<LeafIndex>,
}

impl Unfound {
    /// Reads both lookups from end to end: those that it names are asked for one by one, since short keys can collide.
    pub async fn of(
        coord: &dyn Coord,
        walk: &Walk,
        leaves_indexed: TreeSize,
    ) -> Result<Self, CoordError> {
        let mut slots = Seen::of(walk.slots().len());
        // First those that wait: whatever is entered in between is found in the table.
        for (first, waiting) in coord.waiting_slots().await? {
            for (index, slot) in (first.get()..).zip(&waiting) {
                slots.see(place_of_slot(walk, short_key(slot.as_bytes()), index));
            }
        }
        read(coord, Lookup::Slots, &mut |key, index| {
            slots.see(place_of_slot(walk, key, index));
        })
        .await?;
        let indexed = usize::try_from(leaves_indexed.get()).unwrap_or(usize::MAX);
        let keys = walk.leaves();
        let keys = &keys[..indexed.min(keys.len())];
        let mut leaves = Seen::of(keys.len());
        read(coord, Lookup::Leaves, &mut |key, index| {
            let place = usize::try_from(index).ok();
            leaves.see(place.filter(|place| keys.get(*place) == Some(&key)));
        })
        .await?;
        let index_of_slot = |place: usize| walk.slots().get(place).map(|(_, index)| *index);
        Ok(Self {
            slots: (slots.unseen().filter_map(index_of_slot))
                .map(LeafIndex::new)
                .collect(),
            leaves: (leaves.unseen())
                .map(|place| LeafIndex::new(place as u64))
                .collect(),
        })
    }
}

/// Which places of a list were named.
struct Seen(Vec<bool>);

impl Seen {
    fn of(places: usize) -> Self {
        Self(vec![false; places])
    }

    fn see(&mut self, place: Option<usize>) {
        if let Some(seen) = place.and_then(|place| self.0.get_mut(place)) {
            *seen = true;
        }
    }

    fn unseen(&self) -> impl Iterator<Item = usize> {
        let places = self.0.iter().enumerate();
        places.filter(|(_, seen)| !**seen).map(|(place, _)| place)
    }
}

async fn read(
    coord: &dyn Coord,
    lookup: Lookup,
    each: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<(), CoordError> {
    let mut at = None;
    loop {
        let page = coord.page(lookup, at).await?;
        for (key, index) in page.rows {
            each(key, index.get());
        }
        at = page.next;
        if at.is_none() {
            return Ok(());
        }
    }
}

/// Where the walk has this slot: in the place of its index, unless entries before it have none.
fn place_of_slot(walk: &Walk, key: u64, index: u64) -> Option<usize> {
    let slots = walk.slots();
    let place = usize::try_from(index).ok()?;
    let is_it = |place: &usize| slots.get(*place) == Some(&(key, index));
    let found = Some(place).filter(is_it).or_else(|| {
        let before = &slots[..place.min(slots.len())];
        before.binary_search_by_key(&index, |slot| slot.1).ok()
    });
    found.filter(is_it)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on must panic")]
mod tests {
    use crate::check::folder::FolderCheck;
    use crate::check::{Finding, Report};
    use crate::log::house::House;

    async fn checked(house: &House) -> Report {
        let (ports, journal) = (house.ports().await, house.journal().unwrap());
        let check = FolderCheck {
            policy: None,
            today: evidence::UtcDate::of_unix_ms(0),
            coord: ports.coord.as_ref(),
            objects: ports.objects.as_ref(),
            anchor: &journal,
            verify_signatures: false,
        };
        check.run(&mut |_, _| {}).await.unwrap()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_entry_whose_lookup_row_is_gone_is_named() {
        let house = House::new().await;
        house
            .run(async |log| {
                house.log_records(log, 0..300).await.unwrap();
                while log.coord().leaves_indexed().await.unwrap().get() < 302 {
                    tokio::time::sleep(std::time::Duration::from_millis(10)).await;
                }
            })
            .await;
        assert!(checked(&house).await.is_clean());
        house.coord().await.enter_slots().await.unwrap();
        house
            .run(async |log| house.log_records(log, 300..310).await.unwrap())
            .await;
        assert!(checked(&house).await.is_clean());
        let url = format!("sqlite://{}", house.path("log.sqlite").display());
        let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
        for damage in [
            "DELETE FROM slot WHERE idx = 7",
            "DELETE FROM leaf WHERE idx = 270",
            // One that waits to be entered: the second of the newest step.
            "UPDATE slot_recent SET slots = \
                unhex(substr(hex(slots), 1, 64) || hex(zeroblob(32)) || substr(hex(slots), 129)) \
                WHERE first = 302",
        ] {
            let changed = sqlx::query(damage).execute(&pool).await.unwrap();
            assert_eq!(changed.rows_affected(), 1, "{damage}");
        }
        pool.close().await;
        let report = checked(&house).await;
        let [slot, waiting, leaf] = report.findings.as_slice() else {
            panic!("{:?}", report.findings)
        };
        assert!(matches!(slot, Finding::SlotRow(index) if index.get() == 7));
        assert!(matches!(leaf, Finding::LeafRow(index) if index.get() == 270));
        assert!(matches!(waiting, Finding::SlotRow(index) if index.get() == 303));
    }
}
