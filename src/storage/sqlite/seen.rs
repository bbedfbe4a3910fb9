//! What each witness cosigned last, for that witness when it starts again.

use super::state::{self, to_sql};
use crate::storage::coord::{CoordError, Seen};
use sqlx::{Row as _, SqliteConnection};
use tlog::Hash;

/// One for each witness that ever cosigned: a handful.
pub(super) async fn read(connection: &mut SqliteConnection) -> Result<Vec<Seen>, CoordError> {
    let rows = sqlx::query("SELECT key_hash, size, time_ms, root, note FROM seen")
        .fetch_all(connection)
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Seen {
                key_hash: Hash::new(state::bytes(row, "key_hash")?),
                head: state::head(row, "size", "root", "time_ms")?,
                note: row.try_get("note")?,
            })
        })
        .collect()
}

/// Stores what a witness cosigned; an older head than is there changes nothing.
pub(super) async fn store(
    connection: &mut SqliteConnection,
    seen: &Seen,
) -> Result<(), CoordError> {
    sqlx::query(
        "INSERT INTO seen (key_hash, size, time_ms, root, note) VALUES (?1, ?2, ?3, ?4, ?5) \
         ON CONFLICT (key_hash) DO UPDATE SET size = ?2, time_ms = ?3, root = ?4, note = ?5 \
         WHERE ?3 >= time_ms AND ?2 >= size",
    )
    .bind(&seen.key_hash.as_bytes()[..])
    .bind(to_sql(seen.head.size.get())?)
    .bind(to_sql(seen.head.time_ms)?)
    .bind(&seen.head.root.as_bytes()[..])
    .bind(seen.note.as_str())
    .execute(connection)
    .await?;
    Ok(())
}
