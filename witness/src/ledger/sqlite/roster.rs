//! The table of logs. Whoever changes it counts its version up, so that a running witness sees it.

use super::damaged;
use crate::enrolment::{EnrolmentError, check, same_keys};
use crate::known_log::{Enrolled, LogId, Source};
use crate::ledger::{Change, LedgerError, NewLog};
use crate::log_list::Issue;
use sqlx::sqlite::SqliteExecutor;
use sqlx::{SqliteConnection, SqlitePool};
use tlog::{Hash, Vkey};

pub(super) async fn version(readers: &SqlitePool) -> Result<i64, LedgerError> {
    Ok(
        sqlx::query_scalar("SELECT roster FROM witness WHERE id = 1")
            .fetch_one(readers)
            .await?,
    )
}

pub(super) async fn active(readers: &SqlitePool) -> Result<Vec<Enrolled>, LedgerError> {
    let logs = all(readers).await?;
    Ok(logs
        .into_iter()
        .filter(|log| log.is_active)
        .map(|log| log.enrolled)
        .collect())
}

struct LogRow {
    enrolled: Enrolled,
    is_active: bool,
}

async fn all(executor: impl SqliteExecutor<'_>) -> Result<Vec<LogRow>, LedgerError> {
    let rows: Vec<(i64, String, Option<String>, bool, String, String)> = sqlx::query_as(
        "SELECT log.id, origin, url, active, source, vkey FROM log JOIN log_key ON log_key.log = log.id \
         ORDER BY log.id, vkey",
    )
    .fetch_all(executor)
    .await?;
    let mut logs: Vec<LogRow> = Vec::new();
    for (id, origin, url, is_active, source, vkey) in rows {
        let vkey = Vkey::parse(&vkey).map_err(|_| damaged("an enrolled key is no vkey"))?;
        if let Some(last) = logs.last_mut().filter(|log| log.enrolled.id.0 == id) {
            last.enrolled.vkeys.push(vkey);
            continue;
        }
        logs.push(LogRow {
            enrolled: Enrolled {
                id: LogId(id),
                origin,
                vkeys: vec![vkey],
                url,
                source: Source::from_word(&source).ok_or_else(|| damaged("who enrolled a log"))?,
            },
            is_active,
        });
    }
    Ok(logs)
}

/// Enrols logs, each after all rules were asked, also against those before it.
pub(super) async fn enrol(
    connection: &mut SqliteConnection,
    new: &[NewLog],
    own: &[Vkey; 2],
) -> Result<Vec<Result<Change, EnrolmentError>>, LedgerError> {
    // Removed logs keep their keys: they may come back, and what they signed counts still.
    let (mut everybody, mut active) = (Vec::new(), Vec::new());
    for log in all(&mut *connection).await? {
        everybody.push(log.enrolled);
        active.push(log.is_active);
    }
    let mut changes = Vec::with_capacity(new.len());
    let mut counts = false;
    for new in new {
        let place = everybody.iter().position(|log| log.origin == new.origin);
        let known = place.and_then(|place| everybody.get(place));
        if let Err(refusal) = check(new, own, known, &everybody) {
            changes.push(Err(refusal));
            continue;
        }
        let is_active = place.and_then(|place| active.get(place)).copied();
        let change = decide(new, known, is_active.unwrap_or_default());
        changes.push(Ok(change));
        if change == Change::None {
            continue;
        }
        counts = true;
        let enrolled = match known {
            None => insert(connection, new).await?,
            Some(known) => update(connection, new, known).await?,
        };
        match place {
            None => {
                everybody.push(enrolled);
                active.push(true);
            }
            Some(place) => {
                everybody[place] = enrolled;
                active[place] = true;
            }
        }
    }
    if counts {
        count_up(connection).await?;
    }
    Ok(changes)
}

fn decide(new: &NewLog, known: Option<&Enrolled>, is_active: bool) -> Change {
    let Some(known) = known else {
        return Change::Added;
    };
    if new.source != Source::Command {
        // A list or a configuration adds only: what an operator removed or set stays so.
        return Change::None;
    }
    let same_url = new.url.is_none() || new.url == known.url;
    match is_active {
        false => Change::Added,
        true if same_url && same_keys(&known.vkeys, &new.vkeys) => Change::None,
        true => Change::Changed,
    }
}

async fn update(
    connection: &mut SqliteConnection,
    new: &NewLog,
    known: &Enrolled,
) -> Result<Enrolled, LedgerError> {
    let url = new.url.clone().or_else(|| known.url.clone());
    sqlx::query("UPDATE log SET url = ?, active = 1, source = ? WHERE id = ?")
        .bind(&url)
        .bind(new.source.word())
        .bind(known.id.0)
        .execute(&mut *connection)
        .await?;
    sqlx::query("DELETE FROM log_key WHERE log = ?")
        .bind(known.id.0)
        .execute(&mut *connection)
        .await?;
    insert_keys(connection, known.id.0, &new.vkeys).await?;
    Ok(Enrolled {
        vkeys: new.vkeys.clone(),
        url,
        source: new.source,
        ..known.clone()
    })
}

async fn insert(connection: &mut SqliteConnection, new: &NewLog) -> Result<Enrolled, LedgerError> {
    let inserted = sqlx::query("INSERT INTO log (origin, url, active, source) VALUES (?, ?, 1, ?)")
        .bind(&new.origin)
        .bind(&new.url)
        .bind(new.source.word())
        .execute(&mut *connection)
        .await?;
    let id = inserted.last_insert_rowid();
    insert_keys(connection, id, &new.vkeys).await?;
    sqlx::query("INSERT INTO head (log, size, root, time_s, note) VALUES (?, 0, ?, 0, '')")
        .bind(id)
        .bind(Hash::EMPTY_ROOT.as_bytes().as_slice())
        .execute(&mut *connection)
        .await?;
    sqlx::query("INSERT INTO kept_count (log, heads) VALUES (?, 0)")
        .bind(id)
        .execute(&mut *connection)
        .await?;
    Ok(Enrolled {
        id: LogId(id),
        origin: new.origin.clone(),
        vkeys: new.vkeys.clone(),
        url: new.url.clone(),
        source: new.source,
    })
}

async fn insert_keys(
    connection: &mut SqliteConnection,
    log: i64,
    vkeys: &[Vkey],
) -> Result<(), LedgerError> {
    for vkey in vkeys {
        sqlx::query(
            "INSERT INTO log_key (log, vkey) VALUES (?, ?) ON CONFLICT (log, vkey) DO NOTHING",
        )
        .bind(log)
        .bind(vkey.to_string())
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

pub(super) async fn count_up(connection: &mut SqliteConnection) -> Result<(), LedgerError> {
    sqlx::query("UPDATE witness SET roster = roster + 1 WHERE id = 1")
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn remove(
    connection: &mut SqliteConnection,
    origin: &str,
) -> Result<bool, LedgerError> {
    let removed = sqlx::query("UPDATE log SET active = 0 WHERE origin = ? AND active = 1")
        .bind(origin)
        .execute(&mut *connection)
        .await?;
    if removed.rows_affected() == 0 {
        return Ok(false);
    }
    count_up(connection).await?;
    Ok(true)
}

pub(super) async fn take_issue(
    connection: &mut SqliteConnection,
    issue: &Issue,
) -> Result<(), EnrolmentError> {
    let newest: Option<(i64, Vec<u8>)> =
        sqlx::query_as("SELECT sequence, sha256 FROM log_list WHERE signer = ?")
            .bind(&issue.signer)
            .fetch_optional(&mut *connection)
            .await?;
    let sequence = i64::try_from(issue.sequence).unwrap_or(i64::MAX);
    if let Some((newest, sha256)) = newest
        && (sequence < newest || (sequence == newest && sha256 != issue.sha256))
    {
        return Err(EnrolmentError::OldIssue {
            sequence: issue.sequence,
            newest: u64::try_from(newest).unwrap_or_default(),
        });
    }
    sqlx::query(
        "INSERT INTO log_list (signer, sequence, sha256) VALUES (?, ?, ?) \
         ON CONFLICT (signer) DO UPDATE SET sequence = excluded.sequence, sha256 = excluded.sha256",
    )
    .bind(&issue.signer)
    .bind(sequence)
    .bind(issue.sha256.as_slice())
    .execute(connection)
    .await?;
    Ok(())
}
