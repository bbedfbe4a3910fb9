//! Entries, packed: one row for each step forward.

use super::state::{from_sql, to_sql};
use crate::storage::coord::{CoordError, NewEntry};
use evidence::ENTRY_LEN;
use futures_util::TryStreamExt as _;
use sqlx::{Row as _, SqliteConnection};
use tlog::{LeafIndex, TreeSize};

/// How many rows one transaction drops: it holds the write lock for some milliseconds.
const DROPPED_ROWS_MAX: i64 = 64;

/// Inserts the entries of one step.
pub(super) async fn insert(
    connection: &mut SqliteConnection,
    first: TreeSize,
    committed_ms: u64,
    entries: &[NewEntry],
) -> Result<(), CoordError> {
    let packed: Vec<u8> = entries.iter().flat_map(|entry| entry.bytes).collect();
    sqlx::query("INSERT INTO batch (first, count, committed_ms, entries) VALUES (?1, ?2, ?3, ?4)")
        .bind(to_sql(first.get())?)
        .bind(to_sql(entries.len() as u64)?)
        .bind(to_sql(committed_ms)?)
        .bind(packed)
        .execute(connection)
        .await?;
    Ok(())
}

/// The entries `from..to`, packed, out of the rows that overlap them.
pub(super) async fn read(
    connection: &mut SqliteConnection,
    from: LeafIndex,
    to: TreeSize,
) -> Result<Vec<u8>, CoordError> {
    let (from, to) = (from.get(), to.get());
    let mut next = from;
    let mut packed = Vec::new();
    let mut rows = sqlx::query(
        "SELECT first, count, entries FROM batch \
         WHERE first >= (SELECT max(first) FROM batch WHERE first <= ?1) AND first < ?2 ORDER BY first",
    )
    .bind(to_sql(from)?)
    .bind(to_sql(to)?)
    .fetch(connection);
    while let Some(row) = rows.try_next().await? {
        let column = |name| row.try_get(name);
        let first = from_sql(column("first")?)?;
        let count = from_sql(column("count")?)?;
        let entries: &[u8] = row.try_get("entries")?;
        let (entries, rest) = entries.as_chunks::<ENTRY_LEN>();
        if entries.len() as u64 != count || !rest.is_empty() {
            return Err(damaged(first, "does not hold the entries that it counts"));
        }
        let end = first + count;
        if end <= next {
            // Only the first row can lie before the range: the one that should reach into it.
            return Err(CoordError::Absent);
        }
        if first > next {
            return Err(damaged(first, "does not follow the batch before it"));
        }
        let wanted = place(next - first)..place(to.min(end) - first);
        packed.extend_from_slice(entries[wanted].as_flattened());
        next = to.min(end);
    }
    if next < to {
        return Err(CoordError::Absent);
    }
    Ok(packed)
}

/// Writes these entries over those that the rows hold, as far as there are rows; none changes its length.
pub(super) async fn replace(
    connection: &mut SqliteConnection,
    from: LeafIndex,
    packed: &[u8],
) -> Result<(), CoordError> {
    let (entries, _) = packed.as_chunks::<ENTRY_LEN>();
    let (from, to) = (from.get(), from.get() + entries.len() as u64);
    let rows = sqlx::query(
        "SELECT first, entries FROM batch \
         WHERE first >= coalesce((SELECT max(first) FROM batch WHERE first <= ?1), 0) AND first < ?2",
    )
    .bind(to_sql(from)?)
    .bind(to_sql(to)?)
    .fetch_all(&mut *connection)
    .await?;
    for row in rows {
        let first: i64 = row.try_get("first")?;
        let mut stored: Vec<u8> = row.try_get("entries")?;
        let indices = from_sql(first)?..;
        for (index, stored) in indices.zip(stored.as_chunks_mut::<ENTRY_LEN>().0) {
            if (from..to).contains(&index) {
                *stored = entries[place(index - from)];
            }
        }
        sqlx::query("UPDATE batch SET entries = ?2 WHERE first = ?1")
            .bind(first)
            .bind(stored)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// The last of the oldest rows that may be dropped: stored, and committed before `before_ms`. Times rise with
/// positions, so the rows that may go are the first ones.
pub(super) async fn droppable(
    connection: &mut SqliteConnection,
    before_ms: u64,
) -> Result<Option<i64>, CoordError> {
    let found = sqlx::query_scalar(
        "SELECT max(first) FROM (SELECT first, count, committed_ms FROM batch ORDER BY first LIMIT ?2) \
         WHERE committed_ms < ?1 AND first + count <= (SELECT stored FROM state)",
    )
    .bind(i64::try_from(before_ms).unwrap_or(i64::MAX))
    .bind(DROPPED_ROWS_MAX)
    .fetch_one(connection)
    .await?;
    Ok(found)
}

/// Drops the rows up to this one.
pub(super) async fn drop_to(
    connection: &mut SqliteConnection,
    last: i64,
) -> Result<(), CoordError> {
    sqlx::query("DELETE FROM batch WHERE first <= ?1")
        .bind(last)
        .execute(connection)
        .await?;
    Ok(())
}

fn place(offset: u64) -> usize {
    usize::try_from(offset).expect("an offset into a row's entries fits the memory that holds them")
}

fn damaged(first: u64, what: &str) -> CoordError {
    CoordError::Damaged(format!("the batch from entry {first} on {what}"))
}
