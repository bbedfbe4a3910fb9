//! `SQLite` opened safely. <https://www.sqlite.org/wal.html>
//!
//! One connection writes, in transactions that take the write lock at their beginning; others read; one moves the
//! write-ahead log into the database when it is told to, so that no commit ever stops for it. sqlx sets neither WAL nor
//! `synchronous = FULL`: each pragma is set here and read back, since `SQLite` answers a refused pragma with silence.

use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection, Row, SqliteConnection, SqlitePool};
use tokio::sync::{Mutex, MutexGuard};

use crate::pragma::{CHECKPOINTER_PRAGMAS, READER_PRAGMAS, WRITER_PRAGMAS, verify_pragmas};
use crate::{DatabaseError, WriteError, WriteTransaction};

/// How long a connection waits for another's lock. Our own process never contends; `check` beside a server may.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// A RESTART holds the write lock while it waits for readers: longer than this it would stall the commits.
const CHECKPOINT_BUSY_TIMEOUT: Duration = Duration::from_millis(50);

/// An open database: one writer, several readers, one that checkpoints.
#[derive(Debug)]
pub struct Database {
    writer: Mutex<SqliteConnection>,
    /// A write transaction was dropped, and the writing connection has to be rolled back before it is used again.
    unfinished: AtomicBool,
    readers: SqlitePool,
    checkpointer: Mutex<SqliteConnection>,
}

impl Database {
    /// Opens the file, made if it is not there, brings its schema up to date and checks what was asked for: WAL,
    /// `synchronous = FULL`, foreign keys, no checkpoints inside commits, and every table STRICT.
    ///
    /// # Errors
    /// [`DatabaseError`]; nothing is open then.
    pub async fn open(
        path: &Path,
        migrator: &Migrator,
        readers: u32,
    ) -> Result<Database, DatabaseError> {
        let opening = |error| DatabaseError::Open {
            path: path.to_owned(),
            error,
        };
        let options = options(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal);
        let mut writer = SqliteConnection::connect_with(&options)
            .await
            .map_err(opening)?;
        verify_pragmas(&mut writer, WRITER_PRAGMAS).await?;
        migrator
            .run(&mut writer)
            .await
            .map_err(DatabaseError::Migration)?;
        if let Some(table) = tables_not_strict(&mut writer).await?.into_iter().next() {
            return Err(DatabaseError::NotStrict(table));
        }
        let mut checkpointer =
            SqliteConnection::connect_with(&options.clone().busy_timeout(CHECKPOINT_BUSY_TIMEOUT))
                .await
                .map_err(opening)?;
        verify_pragmas(&mut checkpointer, CHECKPOINTER_PRAGMAS).await?;
        let readers = reading_pool(options.create_if_missing(false), readers)
            .await
            .map_err(opening)?;
        Ok(Database {
            writer: Mutex::new(writer),
            unfinished: AtomicBool::new(false),
            readers,
            checkpointer: Mutex::new(checkpointer),
        })
    }

    /// Opens the file for reading alone, beside a running server or without one, and runs no migration.
    ///
    /// # Errors
    /// [`DatabaseError::Open`] when there is no such database.
    pub async fn open_read_only(path: &Path, readers: u32) -> Result<DatabaseView, DatabaseError> {
        let options = options(path).read_only(true);
        let readers =
            reading_pool(options, readers)
                .await
                .map_err(|error| DatabaseError::Open {
                    path: path.to_owned(),
                    error,
                })?;
        Ok(DatabaseView { readers })
    }

    /// Waits until the writing connection is free and begins a transaction that holds the write lock from its first
    /// moment: what it reads cannot change before it commits. Dropped without a commit it changes nothing.
    ///
    /// # Errors
    /// Another process held the lock for longer than the busy timeout, or the disk failed: nothing was written.
    pub async fn begin(&self) -> Result<WriteTransaction<'_>, WriteError> {
        WriteTransaction::begin(self.writer.lock().await, &self.unfinished).await
    }

    /// The one connection that writes, for statements outside a transaction; waits until it is free.
    pub async fn writer(&self) -> MutexGuard<'_, SqliteConnection> {
        self.writer.lock().await
    }

    /// Connections that read; writing through them fails. Each transaction of theirs sees one committed state.
    pub fn readers(&self) -> &SqlitePool {
        &self.readers
    }

    /// Moves committed pages from the write-ahead log into the database file. Call it from time to time, away from the
    /// path of a commit: nothing else does.
    ///
    /// # Errors
    /// The disk failed: the page cache is no longer to be trusted.
    pub async fn checkpoint(&self, how: Checkpoint) -> Result<Checkpointed, sqlx::Error> {
        let statement = match how {
            Checkpoint::Passive => "PRAGMA wal_checkpoint(PASSIVE)",
            Checkpoint::Restart => "PRAGMA wal_checkpoint(RESTART)",
            Checkpoint::Truncate => "PRAGMA wal_checkpoint(TRUNCATE)",
        };
        let mut connection = self.checkpointer.lock().await;
        let row = sqlx::query(statement).fetch_one(&mut *connection).await?;
        let (busy, log, moved): (i64, i64, i64) =
            (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        // -1 means that there is no write-ahead log.
        let pages = |count: i64| u64::try_from(count).unwrap_or(0);
        Ok(Checkpointed {
            is_complete: busy == 0 && log == moved,
            log_pages: pages(log),
            moved_pages: pages(moved),
        })
    }

    /// Closes all connections; `SQLite` then moves the rest of the write-ahead log and removes it.
    ///
    /// # Errors
    /// The last checkpoint failed. What was committed stays in the write-ahead log.
    pub async fn close(self) -> Result<(), sqlx::Error> {
        self.readers.close().await;
        self.checkpointer.into_inner().close().await?;
        self.writer.into_inner().close().await
    }
}

/// A database open for reading alone.
#[derive(Clone, Debug)]
pub struct DatabaseView {
    readers: SqlitePool,
}

impl DatabaseView {
    /// Connections that read.
    pub fn readers(&self) -> &SqlitePool {
        &self.readers
    }

    /// What `SQLite` finds wrong with the file's own structure (`PRAGMA integrity_check`); empty when it is whole. It
    /// says nothing about what the rows mean.
    ///
    /// # Errors
    /// The file cannot be read.
    pub async fn faults(&self) -> Result<Vec<String>, sqlx::Error> {
        let found: Vec<String> = sqlx::query_scalar("PRAGMA integrity_check")
            .fetch_all(&self.readers)
            .await?;
        Ok(found.into_iter().filter(|line| line != "ok").collect())
    }

    /// Closes all connections.
    pub async fn close(self) {
        self.readers.close().await;
    }
}

/// How much a checkpoint may disturb. <https://www.sqlite.org/c3ref/wal_checkpoint_v2.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checkpoint {
    /// Moves what no reader needs, waits for nobody.
    Passive,
    /// Then lets the log begin anew, and may hold the commits up for 50 ms.
    Restart,
    /// Then cuts the log's file to nothing.
    Truncate,
}

/// What a checkpoint did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpointed {
    /// Whether everything was moved; if not, a reader still needs the rest.
    pub is_complete: bool,
    /// Pages in the write-ahead log.
    pub log_pages: u64,
    /// Of them in the database file by now.
    pub moved_pages: u64,
}

/// The names of all tables that take any type in any column, for a check; migrations make STRICT ones only.
///
/// # Errors
/// The schema cannot be read.
pub async fn tables_not_strict(
    connection: &mut SqliteConnection,
) -> Result<Vec<String>, DatabaseError> {
    // _sqlx_migrations is sqlx's own; sqlite_% are SQLite's.
    sqlx::query_scalar(
        "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND strict = 0 \
         AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name <> '_sqlx_migrations' ORDER BY name",
    )
    .fetch_all(connection)
    .await
    .map_err(DatabaseError::Query)
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .pragma("wal_autocheckpoint", "0")
}

/// All readers are opened at once, so that a fault shows now; none is ever closed for idleness.
async fn reading_pool(
    options: SqliteConnectOptions,
    readers: u32,
) -> Result<SqlitePool, sqlx::Error> {
    SqlitePoolOptions::new()
        .min_connections(readers)
        .max_connections(readers)
        .idle_timeout(None)
        .max_lifetime(None)
        // A connection to a file does not go stale.
        .test_before_acquire(false)
        .after_connect(|connection, _| {
            Box::pin(async move {
                verify_pragmas(connection, READER_PRAGMAS)
                    .await
                    .map_err(|error| sqlx::Error::Configuration(Box::new(error)))
            })
        })
        .connect_with(options.pragma("query_only", "1"))
        .await
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use sqlx::migrate::Migrator;

    use super::Database;

    #[tokio::test]
    async fn a_transaction_that_was_left_open_is_rolled_back_before_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.db");
        let schema = Migrator::with_migrations(Vec::new());
        let database = Database::open(&path, &schema, 1).await.unwrap();
        let mut writer = database.writer().await;
        for left_open in [
            "CREATE TABLE entry (idx INTEGER PRIMARY KEY) STRICT",
            "BEGIN IMMEDIATE",
            "INSERT INTO entry VALUES (7)",
        ] {
            sqlx::query(left_open).execute(&mut *writer).await.unwrap();
        }
        drop(writer);
        // So a dropped transaction leaves the connection when its own rollback was not handed over.
        database.unfinished.store(true, Ordering::Release);
        let mut transaction = database.begin().await.unwrap();
        let entries: i64 = sqlx::query_scalar("SELECT count(*) FROM entry")
            .fetch_one(transaction.connection())
            .await
            .unwrap();
        assert_eq!(entries, 0);
    }
}
