//! What peers showed, and what operators decided.

use super::{damaged, head};
use crate::known_log::LogId;
use crate::ledger::{LedgerError, Resumption, Seen, SeenHead};
use sqlx::{SqliteConnection, SqlitePool};

pub(super) async fn seen(readers: &SqlitePool) -> Result<Vec<Seen>, LedgerError> {
    let rows: Vec<(String, i64, i64, Vec<u8>, i64)> =
        sqlx::query_as("SELECT peer, log, size, root, time_s FROM seen")
            .fetch_all(readers)
            .await?;
    rows.into_iter()
        .map(|(peer, log, size, root, time_s)| {
            let head = head(size, &root, time_s)?;
            Ok(Seen {
                peer,
                log: LogId(log),
                head: SeenHead {
                    size: head.size(),
                    root: head.root(),
                    time_s: head.time_s,
                },
            })
        })
        .collect()
}

pub(super) async fn seen_note(
    readers: &SqlitePool,
    peer: &str,
    log: LogId,
) -> Result<Option<String>, LedgerError> {
    Ok(
        sqlx::query_scalar("SELECT note FROM seen WHERE peer = ? AND log = ?")
            .bind(peer)
            .bind(log.0)
            .fetch_optional(readers)
            .await?,
    )
}

pub(super) async fn remember(
    connection: &mut SqliteConnection,
    seen: &[(Seen, String)],
) -> Result<(), LedgerError> {
    for (seen, note) in seen {
        let time_s = i64::try_from(seen.head.time_s).map_err(|_| damaged("a time above 2^63"))?;
        let size = i64::try_from(seen.head.size.get()).map_err(|_| damaged("a size above 2^63"))?;
        sqlx::query(
            "INSERT INTO seen (peer, log, size, root, time_s, note) VALUES (?, ?, ?, ?, ?, ?) \
             ON CONFLICT (peer, log) DO UPDATE SET size = excluded.size, root = excluded.root, \
             time_s = excluded.time_s, note = excluded.note",
        )
        .bind(&seen.peer)
        .bind(seen.log.0)
        .bind(size)
        .bind(seen.head.root.as_bytes().as_slice())
        .bind(time_s)
        .bind(note)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

pub(super) async fn resumptions(readers: &SqlitePool) -> Result<Vec<Resumption>, LedgerError> {
    let rows: Vec<(i64, i64, String, String)> =
        sqlx::query_as("SELECT log, at_s, reason, proofs FROM resumption ORDER BY id")
            .fetch_all(readers)
            .await?;
    rows.into_iter()
        .map(|(log, at_s, reason, proofs)| {
            Ok(Resumption {
                log: LogId(log),
                at_s: at_s.try_into().map_err(|_| damaged("a resumption"))?,
                reason,
                proofs: proofs.split_whitespace().map(str::to_owned).collect(),
            })
        })
        .collect()
}

pub(super) async fn resume(
    connection: &mut SqliteConnection,
    resumption: &Resumption,
) -> Result<(), LedgerError> {
    sqlx::query("INSERT INTO resumption (log, at_s, reason, proofs) VALUES (?, ?, ?, ?)")
        .bind(resumption.log.0)
        .bind(i64::try_from(resumption.at_s).unwrap_or(i64::MAX))
        .bind(&resumption.reason)
        .bind(resumption.proofs.join(" "))
        .execute(&mut *connection)
        .await?;
    super::roster::count_up(connection).await
}
