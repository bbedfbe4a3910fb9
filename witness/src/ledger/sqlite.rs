//! The embedded ledger: SQLite with a write-ahead log and a sync at every commit.
//!
//! A transaction of many steps is two statements: one compares and sets all rows from a packed blob, one appends the
//! signed heads. The schema, with its reasons, is in `migrations/witness`.

mod filing;
mod gossip;
mod roster;

#[cfg(test)]
mod tests;

use super::kept::{KeptHead, pack, unpack};
use super::{Change, Ledger, LedgerError, NewLog, Resumption, Row, Seen, Step};
use crate::enrolment::EnrolmentError;
use crate::head::Head;
use crate::known_log::{Enrolled, LogId};
use crate::log_list::Issue;
use async_trait::async_trait;
use service::{Checkpoint, Database, DatabaseView, WriteError, WriteTransaction};
use sqlx::SqlSafeStr as _;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{SqliteConnection, SqlitePool};
use std::fmt::Write as _;
use std::path::Path;
use tlog::{Hash, KeyName, Latest, TreeSize, Vkey};

/// The schema, step by step; each file opens with why. Without sqlx's macro, which would compile SQLite a second time
/// for the build itself.
fn migrator() -> Migrator {
    let steps = [
        (
            "witness",
            include_str!("../../../migrations/witness/0001_witness.sql").into_sql_str(),
        ),
        (
            "gossip",
            include_str!("../../../migrations/witness/0002_gossip.sql").into_sql_str(),
        ),
    ];
    let step = |(number, (name, sql)): (i64, (&'static str, _))| {
        Migration::new(number, name.into(), MigrationType::Simple, sql, false)
    };
    Migrator::with_migrations((1..).zip(steps).map(step).collect())
}

/// Connections that read: the table of logs and a question now and then. Each may hold 2 MB of pages.
const READERS: u32 = 2;

/// When the write-ahead log is longer than this after a passive checkpoint, it is begun anew, which may hold up
/// commits for a moment: 8,192 pages of 4 KiB are 32 MiB.
const LOG_PAGES_MAX: u64 = 8192;

/// A witness's database.
#[derive(Debug)]
pub struct SqliteLedger {
    access: Access,
}

#[derive(Debug)]
enum Access {
    Serve(Database),
    View(DatabaseView),
}

impl SqliteLedger {
    /// Opens the database of the witness with this name, and makes it if it is not there.
    pub async fn open(path: &Path, name: &KeyName) -> Result<Self, LedgerError> {
        let database = Database::open(path, &migrator(), READERS)
            .await
            .map_err(|error| LedgerError::Refused(error.to_string()))?;
        let ledger = Self::new(Access::Serve(database));
        let mut transaction = ledger.begin().await?;
        sqlx::query(
            "INSERT INTO witness (id, name, roster) VALUES (1, ?, 0) ON CONFLICT DO NOTHING",
        )
        .bind(name.as_str())
        .execute(transaction.connection())
        .await?;
        transaction.commit().await?;
        ledger.check_name(name).await?;
        Ok(ledger)
    }

    /// Opens the database for reading alone, also beside a process that serves it: every verb that writes is refused.
    pub async fn open_read_only(path: &Path, name: &KeyName) -> Result<Self, LedgerError> {
        let view = Database::open_read_only(path, READERS)
            .await
            .map_err(|error| LedgerError::Refused(error.to_string()))?;
        let ledger = Self::new(Access::View(view));
        ledger.check_name(name).await?;
        Ok(ledger)
    }

    /// What SQLite finds wrong with the file's own structure, if it was opened to be read only; empty when it is whole.
    pub async fn faults(&self) -> Result<Vec<String>, LedgerError> {
        match &self.access {
            Access::Serve(_) => Ok(Vec::new()),
            Access::View(view) => Ok(view.faults().await?),
        }
    }

    /// Closes all connections, after the last transaction has ended.
    pub async fn close(self) -> Result<(), LedgerError> {
        match self.access {
            Access::Serve(database) => Ok(database.close().await?),
            Access::View(view) => {
                view.close().await;
                Ok(())
            }
        }
    }

    const fn new(access: Access) -> Self {
        Self { access }
    }

    async fn check_name(&self, name: &KeyName) -> Result<(), LedgerError> {
        let found: String = sqlx::query_scalar("SELECT name FROM witness WHERE id = 1")
            .fetch_one(self.readers())
            .await?;
        if found == name.as_str() {
            Ok(())
        } else {
            Err(LedgerError::Refused(format!(
                "this is the database of the witness {found}, not of {name}: a state serves one name only"
            )))
        }
    }

    fn database(&self) -> Result<&Database, LedgerError> {
        match &self.access {
            Access::Serve(database) => Ok(database),
            Access::View(_) => Err(LedgerError::Refused(
                "the database was opened to be read only".to_owned(),
            )),
        }
    }

    async fn begin(&self) -> Result<WriteTransaction<'_>, LedgerError> {
        Ok(self.database()?.begin().await?)
    }

    fn readers(&self) -> &SqlitePool {
        match &self.access {
            Access::Serve(database) => database.readers(),
            Access::View(view) => view.readers(),
        }
    }
}

#[async_trait]
impl Ledger for SqliteLedger {
    async fn roster_version(&self) -> Result<i64, LedgerError> {
        roster::version(self.readers()).await
    }

    async fn logs(&self) -> Result<Vec<Enrolled>, LedgerError> {
        roster::active(self.readers()).await
    }

    async fn rows(&self) -> Result<Vec<Row>, LedgerError> {
        let rows: Vec<(i64, i64, Vec<u8>, i64, String)> =
            sqlx::query_as("SELECT log, size, root, time_s, note FROM head")
                .fetch_all(self.readers())
                .await?;
        rows.into_iter()
            .map(|(log, size, root, time_s, note)| {
                Ok(Row {
                    log: LogId(log),
                    head: head(size, &root, time_s)?,
                    note,
                })
            })
            .collect()
    }

    async fn advance(&self, steps: &[Step]) -> Result<(), LedgerError> {
        let mut transaction = self.begin().await?;
        compare_and_set(transaction.connection(), steps).await?;
        let signed = pack(steps.iter().flat_map(|step| &step.signed));
        if !signed.is_empty() {
            sqlx::query("INSERT INTO signed (heads) VALUES (?)")
                .bind(signed)
                .execute(transaction.connection())
                .await?;
        }
        Ok(transaction.commit().await?)
    }

    async fn enrol_all(
        &self,
        new: &[NewLog],
        own: &[Vkey; 2],
    ) -> Result<Vec<Result<Change, EnrolmentError>>, LedgerError> {
        let mut transaction = self.begin().await?;
        let changes = roster::enrol(transaction.connection(), new, own).await?;
        transaction.commit().await?;
        Ok(changes)
    }

    async fn remove(&self, origin: &str) -> Result<bool, LedgerError> {
        let mut transaction = self.begin().await?;
        let removed = roster::remove(transaction.connection(), origin).await?;
        transaction.commit().await?;
        Ok(removed)
    }

    async fn take_issue(&self, issue: &Issue) -> Result<(), EnrolmentError> {
        let mut transaction = self.begin().await?;
        roster::take_issue(transaction.connection(), issue).await?;
        Ok(transaction.commit().await.map_err(LedgerError::from)?)
    }

    async fn kept(&self, log: LogId) -> Result<Vec<KeptHead>, LedgerError> {
        let mut heads = Vec::new();
        // One statement sees one state: no head is between the two tables.
        let packed: Vec<Vec<u8>> = sqlx::query_scalar(
            "SELECT heads FROM (SELECT 0 AS place, batch, heads FROM kept WHERE log = ? \
             UNION ALL SELECT 1, batch, heads FROM signed) ORDER BY place, batch",
        )
        .bind(log.0)
        .fetch_all(self.readers())
        .await?;
        for packed in packed {
            let unpacked =
                unpack(&packed).ok_or_else(|| damaged("a row of signed heads is not whole"))?;
            heads.extend(unpacked.into_iter().filter(|head| head.log == log));
        }
        Ok(heads)
    }

    async fn seen(&self) -> Result<Vec<Seen>, LedgerError> {
        gossip::seen(self.readers()).await
    }

    async fn seen_note(&self, peer: &str, log: LogId) -> Result<Option<String>, LedgerError> {
        gossip::seen_note(self.readers(), peer, log).await
    }

    async fn remember(&self, seen: &[(Seen, String)]) -> Result<(), LedgerError> {
        let mut transaction = self.begin().await?;
        gossip::remember(transaction.connection(), seen).await?;
        Ok(transaction.commit().await?)
    }

    async fn resumptions(&self) -> Result<Vec<Resumption>, LedgerError> {
        gossip::resumptions(self.readers()).await
    }

    async fn resume(&self, resumption: &Resumption) -> Result<(), LedgerError> {
        let mut transaction = self.begin().await?;
        gossip::resume(transaction.connection(), resumption).await?;
        Ok(transaction.commit().await?)
    }

    async fn file_kept(&self) -> Result<bool, LedgerError> {
        let mut transaction = self.begin().await?;
        let more = filing::file(transaction.connection()).await?;
        transaction.commit().await?;
        Ok(more)
    }

    async fn checkpoint(&self) -> Result<(), LedgerError> {
        let database = self.database()?;
        let log_pages = database.checkpoint(Checkpoint::Passive).await?.log_pages;
        if log_pages > LOG_PAGES_MAX {
            database.checkpoint(Checkpoint::Restart).await?;
        }
        Ok(())
    }
}

/// Sets all rows that are as they were; if one is not, none counts, since the transaction is dropped.
async fn compare_and_set(
    connection: &mut SqliteConnection,
    steps: &[Step],
) -> Result<(), LedgerError> {
    // Numbers go in as JSON, bytes beside them in one blob: old root, new root, note.
    let mut numbers = String::from("[");
    let mut bytes = Vec::new();
    for step in steps {
        let comma = if bytes.is_empty() { "" } else { "," };
        let _ = write!(
            numbers,
            "{comma}[{},{},{},{},{},{},{}]",
            step.log.0,
            step.was.size(),
            step.was.time_s,
            step.now.size(),
            step.now.time_s,
            bytes.len() + 1,
            step.note.len()
        );
        bytes.extend_from_slice(step.was.root().as_bytes());
        bytes.extend_from_slice(step.now.root().as_bytes());
        bytes.extend_from_slice(step.note.as_bytes());
    }
    numbers.push(']');
    let set = sqlx::query(
        "UPDATE head SET size = n.size, time_s = n.time_s, root = substr(?2, n.at + 32, 32), \
         note = CAST(substr(?2, n.at + 64, n.len) AS TEXT) \
         FROM (SELECT value->>0 AS log, value->>1 AS was_size, value->>2 AS was_time_s, value->>3 AS size, \
         value->>4 AS time_s, value->>5 AS at, value->>6 AS len FROM json_each(?1)) AS n \
         WHERE head.log = n.log AND head.size = n.was_size AND head.time_s = n.was_time_s \
         AND head.root = substr(?2, n.at, 32)",
    )
    .bind(numbers)
    .bind(bytes)
    .execute(connection)
    .await?;
    if usize::try_from(set.rows_affected()).is_ok_and(|set| set == steps.len()) {
        Ok(())
    } else {
        Err(LedgerError::Behind)
    }
}

fn head(size: i64, root: &[u8], time_s: i64) -> Result<Head, LedgerError> {
    let size = u64::try_from(size)
        .ok()
        .and_then(|size| TreeSize::new(size).ok());
    let (Some(size), Ok(root), Ok(time_s)) = (size, Hash::from_slice(root), time_s.try_into())
    else {
        return Err(damaged("a head is out of range"));
    };
    Ok(Head {
        latest: Latest::new(size, root),
        time_s,
    })
}

fn damaged(what: &str) -> LedgerError {
    LedgerError::Damaged(what.to_owned())
}

impl From<WriteError> for LedgerError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Refused(why) => Self::Refused(why),
            WriteError::DiskFull => Self::DiskFull,
            WriteError::Damaged(what) => Self::Damaged(what),
            WriteError::Unknown(why) => Self::Unknown(why),
        }
    }
}

/// What it means that a statement failed: nothing was written.
impl From<sqlx::Error> for LedgerError {
    fn from(error: sqlx::Error) -> Self {
        WriteError::from(error).into()
    }
}
