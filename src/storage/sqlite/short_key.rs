//! Lookup by the first 8 bytes of a hash, with a second table for those that collide.
//!
//! Each statement takes a whole batch as one JSON array: a statement a row would cost ten times as much. The CROSS
//! JOINs keep SQLite from scanning the table for each array.

use crate::storage::coord::CoordError;
use sqlx::SqliteConnection;
use std::collections::HashSet;
use std::fmt::Write as _;
use tlog::LeafIndex;

/// A lookup table and its overflow.
pub(super) struct ShortKey {
    insert: &'static str,
    insert_overflow: &'static str,
    held_by_others: &'static str,
    find: &'static str,
    find_overflow: &'static str,
}

/// From slot to index.
pub(super) const SLOTS: ShortKey = ShortKey {
    insert: "INSERT OR IGNORE INTO slot (prefix, idx) SELECT value, ?2 + key FROM json_each(?1)",
    insert_overflow: "INSERT INTO slot_overflow (slot, idx) \
        SELECT unhex(value ->> 0), value ->> 1 FROM json_each(?1)",
    held_by_others: "SELECT j.key FROM json_each(?1) AS j CROSS JOIN slot AS s ON s.prefix = j.value \
        WHERE s.idx <> ?2 + j.key ORDER BY j.key",
    find: "SELECT j.key, s.idx FROM json_each(?1) AS j CROSS JOIN slot AS s ON s.prefix = j.value",
    find_overflow: "SELECT j.value ->> 1, s.idx FROM json_each(?1) AS j \
        CROSS JOIN slot_overflow AS s ON s.slot = unhex(j.value ->> 0)",
};

/// From leaf hash to index.
pub(super) const LEAVES: ShortKey = ShortKey {
    insert: "INSERT OR IGNORE INTO leaf (prefix, idx) SELECT value, ?2 + key FROM json_each(?1)",
    insert_overflow: "INSERT INTO leaf_overflow (leaf, idx) \
        SELECT unhex(value ->> 0), value ->> 1 FROM json_each(?1)",
    held_by_others: "SELECT j.key FROM json_each(?1) AS j CROSS JOIN leaf AS s ON s.prefix = j.value \
        WHERE s.idx <> ?2 + j.key ORDER BY j.key",
    find: "SELECT j.key, s.idx FROM json_each(?1) AS j CROSS JOIN leaf AS s ON s.prefix = j.value",
    find_overflow: "SELECT j.value ->> 1, s.idx FROM json_each(?1) AS j \
        CROSS JOIN leaf_overflow AS s ON s.leaf = unhex(j.value ->> 0)",
};

impl ShortKey {
    #[cfg(test)]
    pub(super) fn statements(&self) -> [&'static str; 5] {
        [
            self.insert,
            self.insert_overflow,
            self.held_by_others,
            self.find,
            self.find_overflow,
        ]
    }

    /// Inserts the hashes of the entries from `first` on. One hash twice is refused.
    pub(super) async fn insert(
        &self,
        connection: &mut SqliteConnection,
        first: i64,
        hashes: &[[u8; 32]],
    ) -> Result<(), CoordError> {
        let prefixes = prefixes(hashes);
        let inserted = sqlx::query(self.insert)
            .bind(&prefixes)
            .bind(first)
            .execute(&mut *connection)
            .await?
            .rows_affected();
        if inserted == hashes.len() as u64 {
            return Ok(());
        }
        if hashes.iter().collect::<HashSet<_>>().len() != hashes.len() {
            return Err(CoordError::Refused("one batch has a hash twice".into()));
        }
        let colliding: Vec<i64> = sqlx::query_scalar(self.held_by_others)
            .bind(&prefixes)
            .bind(first)
            .fetch_all(&mut *connection)
            .await?;
        let rows = colliding.iter().filter_map(|key| {
            let hash = hashes.get(usize::try_from(*key).ok()?)?;
            Some((hash, first + key))
        });
        sqlx::query(self.insert_overflow)
            .bind(pairs(rows))
            .execute(connection)
            .await?;
        Ok(())
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
