//! Heads that a quorum of the witnesses cosigned: the newest, and those of them that are kept for ever.

use super::head::kept_head;
use super::state::{self, to_sql};
use crate::storage::coord::{CoordError, Head, WitnessedHeads};
use sqlx::SqliteConnection;

/// The newest witnessed head with its note, and the newest that is kept.
pub(super) async fn read(connection: &mut SqliteConnection) -> Result<WitnessedHeads, CoordError> {
    let newest = sqlx::query("SELECT size, time_ms, root, note FROM witnessed")
        .fetch_optional(&mut *connection)
        .await?;
    let kept = sqlx::query(
        "SELECT size, time_ms, root FROM kept_head WHERE witnessed ORDER BY size DESC LIMIT 1",
    )
    .fetch_optional(connection)
    .await?;
    Ok(WitnessedHeads {
        newest: newest.as_ref().map(kept_head).transpose()?,
        kept: kept
            .as_ref()
            .map(|row| state::head(row, "size", "root", "time_ms"))
            .transpose()?,
    })
}

/// Stores the note of a witnessed head; an older one than is there changes nothing but what is kept.
pub(super) async fn store(
    connection: &mut SqliteConnection,
    head: &Head,
    note: &str,
    keep: bool,
) -> Result<(), CoordError> {
    let (size, time_ms) = (to_sql(head.size.get())?, to_sql(head.time_ms)?);
    let root = &head.root.as_bytes()[..];
    sqlx::query(
        "INSERT INTO witnessed (id, size, time_ms, root, note) VALUES (1, ?1, ?2, ?3, ?4) \
         ON CONFLICT (id) DO UPDATE SET size = ?1, time_ms = ?2, root = ?3, note = ?4 \
         WHERE ?2 >= time_ms",
    )
    .bind(size)
    .bind(time_ms)
    .bind(root)
    .bind(note)
    .execute(&mut *connection)
    .await?;
    if keep {
        // A head of this size that was kept before there were witnesses gives way: it answers no receipt any more.
        sqlx::query(
            "INSERT INTO kept_head (size, time_ms, root, note, witnessed) VALUES (?1, ?2, ?3, ?4, 1) \
             ON CONFLICT (size) DO UPDATE SET time_ms = ?2, note = ?4, witnessed = 1 \
             WHERE NOT witnessed AND root = ?3",
        )
        .bind(size)
        .bind(time_ms)
        .bind(root)
        .bind(note)
        .execute(connection)
        .await?;
    }
    Ok(())
}
