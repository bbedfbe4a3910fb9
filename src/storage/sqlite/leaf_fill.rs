//! Filling the lookup by leaf hash: many leaves in the order of their keys, some a transaction.
//!
//! Keys are random. Entered in the order of the leaves, each would write a page of its own; in the order of the keys,
//! neighbours share one. A transaction is short, since the head waits for it; the mark moves in the last one, so a
//! fill that was cut off is done again, and finds the rows that it left.

use crate::storage::coord::CoordError;
use sqlx::SqliteConnection;
use std::fmt::Write as _;
use tlog::Hash;

/// Leaves that one transaction enters: it holds up a step forward for some ten milliseconds.
pub(super) const LEAVES_A_TRANSACTION: usize = 4_096;

pub(super) const ENTER: &str = "INSERT OR IGNORE INTO leaf (prefix, idx) \
    SELECT value, CAST(key AS INTEGER) FROM json_each(?1)";
pub(super) const HELD_BY_OTHERS: &str = "SELECT CAST(j.key AS INTEGER) FROM json_each(?1) AS j \
    CROSS JOIN leaf AS s ON s.prefix = j.value WHERE s.idx <> CAST(j.key AS INTEGER)";

/// A leaf and where it stands.
#[derive(Clone, Copy)]
pub(super) struct LeafRow {
    /// The first 8 bytes of the hash, as the table has them.
    prefix: i64,
    index: i64,
    hash: Hash,
}

/// The leaves from `first` on in the order of their keys. One hash twice is refused.
pub(super) fn in_key_order(first: i64, leaves: &[Hash]) -> Result<Vec<LeafRow>, CoordError> {
    let mut rows: Vec<LeafRow> = (first..)
        .zip(leaves)
        .map(|(index, hash)| {
            let (prefix, _) = hash
                .as_bytes()
                .split_first_chunk()
                .expect("32 bytes begin with 8");
            LeafRow {
                prefix: i64::from_be_bytes(*prefix),
                index,
                hash: *hash,
            }
        })
        .collect();
    // The earliest of those that share a prefix holds it, also when the fill is done again.
    rows.sort_unstable_by_key(|row| (row.prefix, row.index));
    let twice = rows
        .chunk_by(|one, other| one.prefix == other.prefix)
        .any(|alike| {
            let others = |place: usize| alike.iter().skip(place + 1);
            (alike.iter().enumerate())
                .any(|(place, row)| others(place).any(|other| other.hash == row.hash))
        });
    if twice {
        return Err(CoordError::Refused("one step has a leaf hash twice".into()));
    }
    Ok(rows)
}

/// Enters these rows; those that are there already stay.
pub(super) async fn enter(
    connection: &mut SqliteConnection,
    rows: &[LeafRow],
) -> Result<(), CoordError> {
    let prefixes = by_index(rows.iter());
    let entered = sqlx::query(ENTER)
        .bind(&prefixes)
        .execute(&mut *connection)
        .await?
        .rows_affected();
    if entered == rows.len() as u64 {
        return Ok(());
    }
    let held_by_others: Vec<i64> = sqlx::query_scalar(HELD_BY_OTHERS)
        .bind(prefixes)
        .fetch_all(&mut *connection)
        .await?;
    for row in rows
        .iter()
        .filter(|row| held_by_others.contains(&row.index))
    {
        sqlx::query("INSERT OR IGNORE INTO leaf_overflow (leaf, idx) VALUES (?1, ?2)")
            .bind(&row.hash.as_bytes()[..])
            .bind(row.index)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// `{"7":-9223372036854775808,…}`: the prefix of each leaf by its index. One statement takes them all: a statement a
/// row would cost ten times as much.
fn by_index<'a>(rows: impl ExactSizeIterator<Item = &'a LeafRow>) -> String {
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
