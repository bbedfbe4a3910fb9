//! Lookup rows: every entry must be found by its slot, and by its leaf hash as far as that lookup is filled.
//!
//! A row that points elsewhere does no harm, since whoever finds an index compares the entry; a row that is missing
//! would let a slot be set twice.

use super::Finding;
use super::walk::Walk;
use crate::storage::coord::{Coord, CoordError};
use evidence::{ENTRY_LEN, Entry, Slot};
use tlog::{Hash, LeafIndex, TreeSize};

/// Looks up the entries that the walk has just passed, packed, from `first` on.
pub async fn compare(
    coord: &dyn Coord,
    walk: &mut Walk,
    first: u64,
    packed: &[u8],
    leaves_indexed: TreeSize,
) -> Result<(), CoordError> {
    let (mut slots, mut leaves) = (Vec::new(), Vec::new());
    for (index, bytes) in (first..)
        .map(LeafIndex::new)
        .zip(packed.chunks_exact(ENTRY_LEN))
    {
        if index.lies_in(leaves_indexed) {
            leaves.push((index, Hash::of_leaf(bytes)));
        }
        // What is malformed, or by nobody who may, the walk has found already.
        if let Ok(entry) = Entry::parse(bytes)
            && let Some(Ok(author)) = walk.registry().map(|known| known.author_at(&entry, index))
        {
            slots.push((index, Slot::of(&author.bureau(), entry.tag())));
        }
    }
    let (at, asked): (Vec<LeafIndex>, Vec<Slot>) = slots.into_iter().unzip();
    for (index, found) in at.into_iter().zip(coord.slot_candidates(&asked).await?) {
        if !found.contains(&index) {
            walk.report().find(Finding::SlotRow(index));
        }
    }
    let (at, asked): (Vec<LeafIndex>, Vec<Hash>) = leaves.into_iter().unzip();
    for (index, found) in at.into_iter().zip(coord.leaf_candidates(&asked).await?) {
        if !found.contains(&index) {
            walk.report().find(Finding::LeafRow(index));
        }
    }
    Ok(())
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
