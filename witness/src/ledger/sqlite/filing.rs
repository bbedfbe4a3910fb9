//! Filing: heads that were appended in the order of signing are sorted into their logs, behind, some at a time.

use super::damaged;
use crate::known_log::LogId;
use crate::ledger::kept::{KeptHead, pack, unpack};
use crate::ledger::{KEPT_HEADS, LedgerError};
use sqlx::SqliteConnection;
use std::collections::BTreeMap;

/// Heads in one transaction: 2,048 × about 300 bytes, a few milliseconds in which no step commits.
const HEADS_AT_ONCE: usize = 2048;

/// Rows that are looked at for one transaction; the rest waits for the next.
const ROWS_AT_ONCE: i64 = 256;

/// Files some; true if there is more.
pub(super) async fn file(connection: &mut SqliteConnection) -> Result<bool, LedgerError> {
    let rows: Vec<(i64, Vec<u8>)> =
        sqlx::query_as("SELECT batch, heads FROM signed ORDER BY batch LIMIT ?")
            .bind(ROWS_AT_ONCE)
            .fetch_all(&mut *connection)
            .await?;
    let found = rows.len();
    let mut by_log: BTreeMap<LogId, Vec<KeptHead>> = BTreeMap::new();
    let (mut heads, mut filed, mut last) = (0, 0, 0);
    for (batch, packed) in rows {
        if heads >= HEADS_AT_ONCE {
            break;
        }
        let unpacked =
            unpack(&packed).ok_or_else(|| damaged("a row of signed heads is not whole"))?;
        for head in unpacked {
            heads += 1;
            by_log.entry(head.log).or_default().push(head);
        }
        (filed, last) = (filed + 1, batch);
    }
    if filed == 0 {
        return Ok(false);
    }
    for (log, heads) in &by_log {
        sqlx::query("INSERT INTO kept (log, batch, count, heads) VALUES (?, ?, ?, ?)")
            .bind(log.0)
            .bind(last)
            .bind(i64::try_from(heads.len()).unwrap_or(i64::MAX))
            .bind(pack(heads))
            .execute(&mut *connection)
            .await?;
        drop_oldest(connection, *log, heads.len()).await?;
    }
    sqlx::query("DELETE FROM signed WHERE batch <= ?")
        .bind(last)
        .execute(connection)
        .await?;
    Ok(filed < found || found == usize::try_from(ROWS_AT_ONCE).unwrap_or(usize::MAX))
}

/// Drops whole rows from the oldest, as long as enough heads stay.
async fn drop_oldest(
    connection: &mut SqliteConnection,
    log: LogId,
    added: usize,
) -> Result<(), LedgerError> {
    let mut count: i64 =
        sqlx::query_scalar("UPDATE kept_count SET heads = heads + ? WHERE log = ? RETURNING heads")
            .bind(i64::try_from(added).unwrap_or(i64::MAX))
            .bind(log.0)
            .fetch_one(&mut *connection)
            .await?;
    let enough = i64::try_from(KEPT_HEADS).unwrap_or(i64::MAX);
    while count > enough {
        let oldest: (i64, i64) =
            sqlx::query_as("SELECT batch, count FROM kept WHERE log = ? ORDER BY batch LIMIT 1")
                .bind(log.0)
                .fetch_one(&mut *connection)
                .await?;
        if count - oldest.1 < enough {
            break;
        }
        sqlx::query("DELETE FROM kept WHERE log = ? AND batch = ?")
            .bind(log.0)
            .bind(oldest.0)
            .execute(&mut *connection)
            .await?;
        count -= oldest.1;
        sqlx::query("UPDATE kept_count SET heads = ? WHERE log = ?")
            .bind(count)
            .bind(log.0)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}
