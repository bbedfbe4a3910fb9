//! Audit rows: what operators did, each row in the transaction of the action.

use super::state::{bytes, from_sql, to_sql};
use crate::storage::coord::CoordError;
use evidence::{AuditEvent, AuditRow, Digest};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

/// Adds these actions behind the newest row; answers the last of them.
pub(super) async fn insert(
    connection: &mut SqliteConnection,
    events: impl IntoIterator<Item = AuditEvent>,
) -> Result<Option<AuditRow>, CoordError> {
    let mut events = events.into_iter().peekable();
    if events.peek().is_none() {
        return Ok(None);
    }
    let mut newest = newest(connection).await?;
    for event in events {
        let row = AuditRow::behind(newest.as_ref(), &event);
        sqlx::query(
            "INSERT INTO audit (seq, time_ms, action, subject, prev, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )
        .bind(to_sql(row.seq)?)
        .bind(to_sql(row.time_ms)?)
        .bind(row.action.as_str())
        .bind(row.subject.as_str())
        .bind(&row.prev.as_bytes()[..])
        .bind(&row.hash.as_bytes()[..])
        .execute(&mut *connection)
        .await?;
        newest = Some(row);
    }
    Ok(newest)
}

/// The rows from this one on, at most `limit`.
pub(super) async fn from(
    connection: &mut SqliteConnection,
    seq: u64,
    limit: u32,
) -> Result<Vec<AuditRow>, CoordError> {
    let rows = sqlx::query(
        "SELECT seq, time_ms, action, subject, prev, hash FROM audit WHERE seq >= ?1 ORDER BY seq LIMIT ?2",
    )
    .bind(to_sql(seq)?)
    .bind(limit)
    .fetch_all(connection)
    .await?;
    rows.iter().map(row).collect()
}

async fn newest(connection: &mut SqliteConnection) -> Result<Option<AuditRow>, CoordError> {
    let newest = sqlx::query(
        "SELECT seq, time_ms, action, subject, prev, hash FROM audit ORDER BY seq DESC LIMIT 1",
    )
    .fetch_optional(connection)
    .await?;
    newest.as_ref().map(row).transpose()
}

fn row(row: &SqliteRow) -> Result<AuditRow, CoordError> {
    Ok(AuditRow {
        seq: from_sql(row.try_get("seq")?)?,
        time_ms: from_sql(row.try_get("time_ms")?)?,
        action: row.try_get("action")?,
        subject: row.try_get("subject")?,
        prev: Digest::new(bytes(row, "prev")?),
        hash: Digest::new(bytes(row, "hash")?),
    })
}
