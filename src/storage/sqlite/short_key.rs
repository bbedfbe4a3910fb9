//! Lookup by the first 8 bytes of a hash, with a second table for those that collide.
//!
//! Each statement takes a whole batch as one JSON array: a statement a row would cost ten times as much. The CROSS
//! JOINs keep SQLite from scanning the table for each array.

use crate::storage::coord::CoordError;
use sqlx::SqliteConnection;
use std::fmt::Write as _;
use tlog::LeafIndex;

/// A lookup table and its overflow.
pub(super) struct ShortKey {
    find: &'static str,
    find_overflow: &'static str,
}

/// From slot to index.
pub(super) const SLOTS: ShortKey = ShortKey {
    find: "SELECT j.key, s.idx FROM json_each(?1) AS j CROSS JOIN slot AS s ON s.prefix = j.value",
    find_overflow: "SELECT j.value ->> 1, s.idx FROM json_each(?1) AS j \
        CROSS JOIN slot_overflow AS s ON s.slot = unhex(j.value ->> 0)",
};

/// From leaf hash to index.
pub(super) const LEAVES: ShortKey = ShortKey {
    find: "SELECT j.key, s.idx FROM json_each(?1) AS j CROSS JOIN leaf AS s ON s.prefix = j.value",
    find_overflow: "SELECT j.value ->> 1, s.idx FROM json_each(?1) AS j \
        CROSS JOIN leaf_overflow AS s ON s.leaf = unhex(j.value ->> 0)",
};

pub(super) const INSERT_SLOTS: &str =
    "INSERT OR IGNORE INTO slot (prefix, idx) SELECT value, ?2 + key FROM json_each(?1)";
pub(super) const INSERT_OVERFLOW: &str = "INSERT INTO slot_overflow (slot, idx) \
    SELECT unhex(value ->> 0), value ->> 1 FROM json_each(?1)";
pub(super) const SLOTS_HELD_BY_OTHERS: &str = "SELECT j.key FROM json_each(?1) AS j \
    CROSS JOIN slot AS s ON s.prefix = j.value WHERE s.idx <> ?2 + j.key ORDER BY j.key";

/// Sets the slots of the entries from `first` on, of which no two are the same.
pub(super) async fn insert_slots(
    connection: &mut SqliteConnection,
    first: i64,
    slots: &[[u8; 32]],
) -> Result<(), CoordError> {
    let prefixes = prefixes(slots);
    let inserted = sqlx::query(INSERT_SLOTS)
        .bind(&prefixes)
        .bind(first)
        .execute(&mut *connection)
        .await?
        .rows_affected();
    if inserted == slots.len() as u64 {
        return Ok(());
    }
    let colliding: Vec<i64> = sqlx::query_scalar(SLOTS_HELD_BY_OTHERS)
        .bind(&prefixes)
        .bind(first)
        .fetch_all(&mut *connection)
        .await?;
    let rows = colliding.iter().filter_map(|key| {
        let slot = slots.get(usize::try_from(*key).ok()?)?;
        Some((slot, first + key))
    });
    sqlx::query(INSERT_OVERFLOW)
        .bind(pairs(rows))
        .execute(connection)
        .await?;
    Ok(())
}

impl ShortKey {
    #[cfg(test)]
    pub(super) const fn statements(&self) -> [&'static str; 2] {
        [self.find, self.find_overflow]
    }

    /// For each hash the indices that may have it: at most one by the prefix, and one by the whole.
    pub(super) async fn candidates(
        &self,
        connection: &mut SqliteConnection,
        hashes: &[[u8; 32]],
    ) -> Result<Vec<Vec<LeafIndex>>, CoordError> {
        let mut found = vec![Vec::new(); hashes.len()];
        let by_prefix = fetch_pairs(connection, self.find, prefixes(hashes)).await?;
        if by_prefix.is_empty() {
            return Ok(found);
        }
        // Only a hash whose prefix is held can have overflowed.
        let held = by_prefix.iter().filter_map(|(key, _)| {
            let hash = hashes.get(usize::try_from(*key).ok()?)?;
            Some((hash, *key))
        });
        let in_full = fetch_pairs(connection, self.find_overflow, pairs(held)).await?;
        for (key, index) in by_prefix.into_iter().chain(in_full) {
            let index = u64::try_from(index).map(LeafIndex::new);
            let place = usize::try_from(key).ok().and_then(|key| found.get_mut(key));
            match (place, index) {
                (Some(place), Ok(index)) => place.push(index),
                _ => return Err(CoordError::Damaged("an index below 0".into())),
            }
        }
        Ok(found)
    }
}

async fn fetch_pairs(
    connection: &mut SqliteConnection,
    query: &'static str,
    array: String,
) -> Result<Vec<(i64, i64)>, CoordError> {
    let pairs = sqlx::query_as(query).bind(array).fetch_all(connection);
    Ok(pairs.await?)
}

/// `[-9223372036854775808,…]`: the first 8 bytes of each hash as a big-endian, signed number.
fn prefixes(hashes: &[[u8; 32]]) -> String {
    array(hashes, 21, |text, hash| {
        let (prefix, _) = hash.split_first_chunk().expect("32 bytes begin with 8");
        write!(text, "{}", i64::from_be_bytes(*prefix))
    })
}

/// `[["<64 hexadecimal characters>",7],…]`
fn pairs<'a>(rows: impl IntoIterator<Item = (&'a [u8; 32], i64)>) -> String {
    array(rows, 80, |text, (hash, number)| {
        write!(text, "[\"{}\",{number}]", hex::encode(hash))
    })
}

fn array<T>(
    items: impl IntoIterator<Item = T>,
    item_len: usize,
    write: impl Fn(&mut String, T) -> std::fmt::Result,
) -> String {
    let items = items.into_iter();
    let mut text = String::with_capacity(2 + item_len * items.size_hint().0);
    text.push('[');
    for item in items {
        if text.len() > 1 {
            text.push(',');
        }
        write(&mut text, item).expect("a string takes all that is written");
    }
    text.push(']');
    text
}
