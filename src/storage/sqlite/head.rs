//! Heads: those of late, and those that are kept for ever.

use super::state::{self, to_sql};
use crate::storage::coord::{CoordError, Head, KeptBy, KeptHead};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};
use tlog::{LeafIndex, TreeSize};

/// How many rows one transaction drops: it holds the write lock for some milliseconds.
const DROPPED_ROWS_MAX: i64 = 1024;

/// Inserts a new head, and keeps it if asked to.
pub(super) async fn insert(
    connection: &mut SqliteConnection,
    head: &Head,
    keep: bool,
) -> Result<(), CoordError> {
    let (size, time_ms) = (to_sql(head.size.get())?, to_sql(head.time_ms)?);
    sqlx::query("INSERT INTO head (size, time_ms, root) VALUES (?1, ?2, ?3)")
        .bind(size)
        .bind(time_ms)
        .bind(&head.root.as_bytes()[..])
        .execute(&mut *connection)
        .await?;
    if keep {
        sqlx::query("INSERT INTO kept_head (size, time_ms, root) VALUES (?1, ?2, ?3)")
            .bind(size)
            .bind(time_ms)
            .bind(&head.root.as_bytes()[..])
            .execute(connection)
            .await?;
    }
    Ok(())
}

/// The earliest kept head that covers the entry.
pub(super) async fn earliest_kept(
    connection: &mut SqliteConnection,
    index: LeafIndex,
    by: KeptBy,
) -> Result<Option<KeptHead>, CoordError> {
    let row = sqlx::query(match by {
        KeptBy::Log => {
            "SELECT size, time_ms, root, note FROM kept_head WHERE size > ?1 ORDER BY size LIMIT 1"
        }
        KeptBy::Witnesses => {
            "SELECT size, time_ms, root, note FROM kept_head WHERE size > ?1 AND witnessed \
             ORDER BY size LIMIT 1"
        }
    })
    .bind(to_sql(index.get())?)
    .fetch_optional(connection)
    .await?;
    row.as_ref().map(kept_head).transpose()
}

/// All heads from this size on, kept or of late.
pub(super) async fn from(
    connection: &mut SqliteConnection,
    size: TreeSize,
    limit: u32,
) -> Result<Vec<KeptHead>, CoordError> {
    let rows = sqlx::query(
        "SELECT size, time_ms, root, note FROM kept_head WHERE size >= ?1 \
         UNION ALL \
         SELECT size, time_ms, root, NULL FROM head AS h WHERE size >= ?1 AND NOT EXISTS \
            (SELECT 1 FROM kept_head AS k WHERE k.size = h.size AND k.time_ms = h.time_ms) \
         ORDER BY 1, 2 LIMIT ?2",
    )
    .bind(to_sql(size.get())?)
    .bind(i64::from(limit))
    .fetch_all(connection)
    .await?;
    rows.iter().map(kept_head).collect()
}

/// Stores the note of a kept head; the first one stays.
pub(super) async fn store_note(
    connection: &mut SqliteConnection,
    head: &Head,
    note: &str,
) -> Result<(), CoordError> {
    let kept = sqlx::query(
        "UPDATE kept_head SET note = coalesce(note, ?4) WHERE size = ?1 AND time_ms = ?2 AND root = ?3",
    )
    .bind(to_sql(head.size.get())?)
    .bind(to_sql(head.time_ms)?)
    .bind(&head.root.as_bytes()[..])
    .bind(note)
    .execute(connection)
    .await?
    .rows_affected();
    if kept == 1 {
        Ok(())
    } else {
        Err(CoordError::Refused("this head is not kept".into()))
    }
}

/// Whether there are more rows than the newest `heads`. The newest of all always stays.
pub(super) async fn has_droppable(
    connection: &mut SqliteConnection,
    heads: u32,
) -> Result<bool, CoordError> {
    let found = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM head LIMIT 1 OFFSET ?1)")
        .bind(i64::from(heads.max(1)))
        .fetch_one(connection)
        .await?;
    Ok(found)
}

/// Drops the oldest of the rows beyond the newest `heads`; answers how many.
pub(super) async fn drop_some(
    connection: &mut SqliteConnection,
    heads: u32,
) -> Result<u64, CoordError> {
    let dropped = sqlx::query(
        "DELETE FROM head WHERE (size, time_ms) IN (SELECT size, time_ms FROM head \
            WHERE (size, time_ms) < (SELECT size, time_ms FROM head \
                ORDER BY size DESC, time_ms DESC LIMIT 1 OFFSET ?1 - 1) \
            ORDER BY size, time_ms LIMIT ?2)",
    )
    .bind(i64::from(heads.max(1)))
    .bind(DROPPED_ROWS_MAX)
    .execute(connection)
    .await?;
    Ok(dropped.rows_affected())
}

pub(super) fn kept_head(row: &SqliteRow) -> Result<KeptHead, CoordError> {
    Ok(KeptHead {
        head: state::head(row, "size", "root", "time_ms")?,
        note: row.try_get("note")?,
    })
}
