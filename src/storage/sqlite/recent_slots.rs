//! The slots that steps left in `slot_recent`: in memory too, so that a step asks no table for them.
//!
//! The table is the truth. What is in memory is read from it under the write lock whenever the two differ, and a step's
//! slots are taken in after its commit alone: what a crash or a failed commit leaves is what the next lock finds.

#[cfg(test)]
mod tests;

use super::state::from_sql;
use crate::storage::coord::CoordError;
use sqlx::{Row as _, SqliteConnection};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};
use tlog::LeafIndex;

/// Slots that wait to be entered at most, about 20 MB of memory. Beyond, a step enters its own: the log becomes slower
/// and its memory no larger.
const RECENT_SLOTS_MAX: usize = 1 << 18;

/// Slots that are entered at once: so many that neighbouring keys share a page also in a large table.
pub(super) const SLOTS_AT_ONCE: usize = 1 << 17;

/// The least and the greatest `first` of the rows in `slot_recent`; none when it is empty.
pub(super) type Bounds = Option<(i64, i64)>;

/// The slots of the rows in `slot_recent`.
#[derive(Debug)]
pub(super) struct RecentSlots {
    known: Mutex<Known>,
    /// How many may wait.
    most: usize,
    /// One at a time reads the table: whoever looks up meanwhile finds all rows up to the greatest that is known.
    reading: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct Known {
    by_slot: HashMap<[u8; 32], LeafIndex>,
    /// The rows that are known, by their bounds.
    rows: Bounds,
}

impl RecentSlots {
    /// None are known yet: the first lock or question reads them.
    pub(super) fn new() -> Self {
        Self {
            known: Mutex::default(),
            most: RECENT_SLOTS_MAX,
            reading: tokio::sync::Mutex::default(),
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.known().by_slot.len()
    }

    /// Whether so many more may wait.
    pub(super) fn have_room_for(&self, more: usize) -> bool {
        self.len() + more <= self.most
    }

    /// Where each slot stands, if it is one of the recent.
    pub(super) fn find(&self, slots: &[[u8; 32]]) -> Vec<Option<LeafIndex>> {
        let known = self.known();
        slots
            .iter()
            .map(|slot| known.by_slot.get(slot).copied())
            .collect()
    }

    /// Takes in the row of a step, once it is committed.
    pub(super) fn extend(&self, first: i64, slots: &[[u8; 32]]) -> Result<(), CoordError> {
        let from = from_sql(first)?;
        let mut known = self.known();
        let indices = (from..).map(LeafIndex::new);
        known.by_slot.extend(slots.iter().copied().zip(indices));
        known.rows = Some(match known.rows {
            Some((least, greatest)) => (least.min(first), greatest.max(first)),
            None => (first, first),
        });
        Ok(())
    }

    /// Agrees with the table, of which these are the bounds, under the write lock.
    pub(super) async fn agree(
        &self,
        connection: &mut SqliteConnection,
        bounds: Bounds,
    ) -> Result<(), CoordError> {
        if self.known().rows == bounds {
            return Ok(());
        }
        let _reading = self.reading.lock().await;
        let known = self.known().rows;
        match (known, bounds) {
            (Some((from, known)), Some((least, greatest)))
                if from <= least && known <= greatest =>
            {
                self.read_after(connection, known).await?;
                self.forget_below(least)
            }
            // Nothing of what is known is there any more, or the database is an older one.
            _ => {
                *self.known() = Known::default();
                self.read_after(connection, -1).await
            }
        }
    }

    /// Takes in what another process or handle has written meanwhile. What it has entered in the table of slots may
    /// stay known here: it is found twice then, and no harm is done.
    pub(super) async fn catch_up(
        &self,
        connection: &mut SqliteConnection,
    ) -> Result<(), CoordError> {
        let _reading = self.reading.lock().await;
        let known = self.known().rows.map_or(-1, |(_, greatest)| greatest);
        self.read_after(connection, known).await
    }

    /// The same for a handle that only reads, beside a process that may write for long: it forgets all when it is full.
    pub(super) async fn catch_up_bounded(
        &self,
        connection: &mut SqliteConnection,
    ) -> Result<(), CoordError> {
        let _reading = self.reading.lock().await;
        if self.len() > 2 * self.most {
            *self.known() = Known::default();
        }
        let known = self.known().rows.map_or(-1, |(_, greatest)| greatest);
        self.read_after(connection, known).await
    }

    /// Forgets what lies before the row that begins here.
    pub(super) fn forget_below(&self, first: i64) -> Result<(), CoordError> {
        let from = from_sql(first)?;
        let mut known = self.known();
        known.by_slot.retain(|_, index| index.get() >= from);
        known.rows = known
            .rows
            .filter(|(_, greatest)| *greatest >= first)
            .map(|(least, greatest)| (least.max(first), greatest));
        Ok(())
    }

    async fn read_after(
        &self,
        connection: &mut SqliteConnection,
        known: i64,
    ) -> Result<(), CoordError> {
        for (first, slots) in read(connection, known, i64::MAX).await? {
            self.extend(first, &slots)?;
        }
        Ok(())
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known
            .lock()
            .expect("no code panics while it holds the recent slots")
    }
}

/// Leaves the slots of a step to be entered later. One slot twice is refused by the caller.
pub(super) async fn insert(
    connection: &mut SqliteConnection,
    first: i64,
    slots: &[[u8; 32]],
) -> Result<(), CoordError> {
    sqlx::query("INSERT INTO slot_recent (first, slots) VALUES (?1, ?2)")
        .bind(first)
        .bind(slots.as_flattened())
        .execute(connection)
        .await?;
    Ok(())
}

/// The rows that begin after `after` and not after `last`, in order.
pub(super) async fn read(
    connection: &mut SqliteConnection,
    after: i64,
    last: i64,
) -> Result<Vec<(i64, Vec<[u8; 32]>)>, CoordError> {
    let rows = sqlx::query(
        "SELECT first, slots FROM slot_recent WHERE first > ?1 AND first <= ?2 ORDER BY first",
    )
    .bind(after)
    .bind(last)
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            let packed: &[u8] = row.try_get("slots")?;
            let (slots, rest) = packed.as_chunks();
            if rest.is_empty() {
                Ok((row.try_get("first")?, slots.to_vec()))
            } else {
                Err(CoordError::Damaged("half a slot".into()))
            }
        })
        .collect()
}

/// Drops the rows up to this one: their slots are entered.
pub(super) async fn drop_to(
    connection: &mut SqliteConnection,
    last: i64,
) -> Result<(), CoordError> {
    sqlx::query("DELETE FROM slot_recent WHERE first <= ?1")
        .bind(last)
        .execute(connection)
        .await?;
    Ok(())
}
