//! Filling a lookup behind the head: many hashes in the order of their keys, some a transaction.
//!
//! Keys are random. Entered in the order of the entries, each would write a page of its own; in the order of the keys,
//! neighbours share one. A transaction is short, since the head waits for it; whatever says that the fill is done is
//! written in the last one, so a fill that was cut off is done again, and finds the rows that it left.

use crate::storage::coord::CoordError;
use sqlx::SqliteConnection;
use std::fmt::Write as _;

/// Rows that one transaction enters: it holds up a step forward for some ten milliseconds.
pub(super) const ROWS_A_TRANSACTION: usize = 4_096;

/// A lookup table and its overflow, as a fill writes them.
pub(super) struct KeyFill {
    enter: &'static str,
    held_by_others: &'static str,
    overflow: &'static str,
}

/// Into the lookup by leaf hash.
pub(super) const LEAF_FILL: KeyFill = KeyFill {
    enter: "INSERT OR IGNORE INTO leaf (prefix, idx) \
        SELECT value, CAST(key AS INTEGER) FROM json_each(?1)",
    held_by_others: "SELECT CAST(j.key AS INTEGER) FROM json_each(?1) AS j \
        CROSS JOIN leaf AS s ON s.prefix = j.value WHERE s.idx <> CAST(j.key AS INTEGER)",
    overflow: "INSERT OR IGNORE INTO leaf_overflow (leaf, idx) VALUES (?1, ?2)",
};

/// Into the lookup by slot.
pub(super) const SLOT_FILL: KeyFill = KeyFill {
    enter: "INSERT OR IGNORE INTO slot (prefix, idx) \
        SELECT value, CAST(key AS INTEGER) FROM json_each(?1)",
    held_by_others: "SELECT CAST(j.key AS INTEGER) FROM json_each(?1) AS j \
        CROSS JOIN slot AS s ON s.prefix = j.value WHERE s.idx <> CAST(j.key AS INTEGER)",
    overflow: "INSERT OR IGNORE INTO slot_overflow (slot, idx) VALUES (?1, ?2)",
};

/// A hash and where its entry stands.
#[derive(Clone, Copy)]
pub(super) struct KeyRow {
    /// The first 8 bytes of the hash, as the table has them.
    prefix: i64,
    index: i64,
    hash: [u8; 32],
}

/// Brings hashes in the order of their keys.
pub(super) fn in_key_order(hashes: impl IntoIterator<Item = (i64, [u8; 32])>) -> Vec<KeyRow> {
    let mut rows: Vec<KeyRow> = hashes
        .into_iter()
        .map(|(index, hash)| {
            let (prefix, _) = hash.split_first_chunk().expect("32 bytes begin with 8");
            KeyRow {
                prefix: i64::from_be_bytes(*prefix),
                index,
                hash,
            }
        })
        .collect();
    // The earliest of those that share a prefix holds it, also when the fill is done again.
    rows.sort_unstable_by_key(|row| (row.prefix, row.index));
    rows
}

/// Whether rows in the order of their keys hold one hash twice.
pub(super) fn has_twice(rows: &[KeyRow]) -> bool {
    rows.chunk_by(|one, other| one.prefix == other.prefix)
        .any(|alike| {
            let others = |place: usize| alike.iter().skip(place + 1);
            (alike.iter().enumerate())
                .any(|(place, row)| others(place).any(|other| other.hash == row.hash))
        })
}

impl KeyFill {
    #[cfg(test)]
    pub(super) const fn statements(&self) -> [&'static str; 2] {
        [self.enter, self.held_by_others]
    }

    /// Enters these rows; those that are there already stay.
    pub(super) async fn enter(
        &self,
        connection: &mut SqliteConnection,
        rows: &[KeyRow],
    ) -> Result<(), CoordError> {
        let prefixes = by_index(rows.iter());
        let entered = sqlx::query(self.enter)
            .bind(&prefixes)
            .execute(&mut *connection)
            .await?
            .rows_affected();
        if entered == rows.len() as u64 {
            return Ok(());
        }
        let held_by_others: Vec<i64> = sqlx::query_scalar(self.held_by_others)
            .bind(prefixes)
            .fetch_all(&mut *connection)
            .await?;
        for row in rows
            .iter()
            .filter(|row| held_by_others.contains(&row.index))
        {
            sqlx::query(self.overflow)
                .bind(&row.hash[..])
                .bind(row.index)
                .execute(&mut *connection)
                .await?;
        }
        Ok(())
    }
}

/// `{"7":-9223372036854775808,…}`: the prefix of each hash by its index. One statement takes them all: a statement a
/// row would cost ten times as much.
fn by_index<'a>(rows: impl ExactSizeIterator<Item = &'a KeyRow>) -> String {
    let mut text = String::with_capacity(2 + 34 * rows.len());
    text.push('{');
    for row in rows {
        if text.len() > 1 {
            text.push(',');
        }
        write!(text, "\"{}\":{}", row.index, row.prefix)
            .expect("a string takes all that is written");
    }
    text.push('}');
    text
}
