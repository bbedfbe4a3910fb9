//! `SQLite` opened safely. <https://www.sqlite.org/wal.html>
//!
//! One connection writes, in transactions that take the write lock at their beginning; others read; one moves the
//! write-ahead log into the database when it is told to, so that no commit ever stops for it. sqlx sets neither WAL nor
//! `synchronous = FULL`: each pragma is set here and read back, since `SQLite` answers a refused pragma with silence.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection, Row, Sqlite, SqliteConnection, SqlitePool, Transaction};
use tokio::sync::{Mutex, MutexGuard};

/// How long a connection waits for another's lock. Our own process never contends; `check` beside a server may.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// A RESTART holds the write lock while it waits for readers: longer than this it would stall the commits.
const CHECKPOINT_BUSY_TIMEOUT: Duration = Duration::from_millis(50);

/// An open database: one writer, several readers, one that checkpoints.
#[derive(Debug)]
pub struct Database {
    writer: Mutex<SqliteConnection>,
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

    /// The one connection that writes; waits until it is free.
    pub async fn writer(&self) -> Writer<'_> {
        Writer(self.writer.lock().await)
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

/// The writing connection, held until dropped.
#[derive(Debug)]
pub struct Writer<'a>(MutexGuard<'a, SqliteConnection>);

impl Writer<'_> {
    /// Begins a transaction that holds the write lock from its first moment (`BEGIN IMMEDIATE`): what it reads cannot
    /// change before it commits. Dropped without a commit it changes nothing.
    ///
    /// # Errors
    /// Another process held the lock for longer than the busy timeout, or the disk failed.
    pub async fn begin(&mut self) -> Result<Transaction<'_, Sqlite>, sqlx::Error> {
        self.0.begin_with("BEGIN IMMEDIATE").await
    }
}

impl Deref for Writer<'_> {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.0
    }
}

impl DerefMut for Writer<'_> {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.0
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

/// A pragma, how it is asked, and what it must answer.
type Pragma = (&'static str, &'static str, &'static str);

const WAL: Pragma = ("journal_mode", "PRAGMA journal_mode", "wal");
const FULL: Pragma = ("synchronous", "PRAGMA synchronous", "2");
const FOREIGN_KEYS: Pragma = ("foreign_keys", "PRAGMA foreign_keys", "1");
const NO_AUTOCHECKPOINT: Pragma = ("wal_autocheckpoint", "PRAGMA wal_autocheckpoint", "0");
const BUSY: Pragma = ("busy_timeout", "PRAGMA busy_timeout", "5000");
const BUSY_SHORT: Pragma = ("busy_timeout", "PRAGMA busy_timeout", "50");
const QUERY_ONLY: Pragma = ("query_only", "PRAGMA query_only", "1");

const WRITER_PRAGMAS: &[Pragma] = &[WAL, FULL, FOREIGN_KEYS, NO_AUTOCHECKPOINT, BUSY];
const CHECKPOINTER_PRAGMAS: &[Pragma] = &[WAL, FULL, FOREIGN_KEYS, NO_AUTOCHECKPOINT, BUSY_SHORT];
const READER_PRAGMAS: &[Pragma] = &[WAL, FULL, FOREIGN_KEYS, NO_AUTOCHECKPOINT, BUSY, QUERY_ONLY];

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

async fn verify_pragmas(
    connection: &mut SqliteConnection,
    pragmas: &[Pragma],
) -> Result<(), DatabaseError> {
    for &(name, question, wanted) in pragmas {
        let row = sqlx::query(question)
            .fetch_one(&mut *connection)
            .await
            .map_err(DatabaseError::Query)?;
        // SQLite answers with a number or a word.
        let number = row.try_get::<i64, _>(0).map(|number| number.to_string());
        let found = number
            .or_else(|_| row.try_get(0))
            .map_err(DatabaseError::Query)?;
        if found != wanted {
            return Err(DatabaseError::Pragma {
                name,
                wanted,
                found,
            });
        }
    }
    Ok(())
}

/// A database could not be opened safely.
#[derive(Debug)]
pub enum DatabaseError {
    /// The file cannot be opened.
    Open {
        /// The file.
        path: PathBuf,
        /// What `SQLite` said.
        error: sqlx::Error,
    },
    /// A setting that durability or speed depends on did not come true.
    Pragma {
        /// The pragma.
        name: &'static str,
        /// What was asked for.
        wanted: &'static str,
        /// What it is.
        found: String,
    },
    /// The schema could not be brought up to date, or is newer than this program.
    Migration(MigrateError),
    /// A table that takes any type in any column.
    NotStrict(String),
    /// A question about the database itself failed.
    Query(sqlx::Error),
}

impl fmt::Display for DatabaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DatabaseError::Open { path, error } => {
                write!(f, "cannot open the database {}: {error}", path.display())
            }
            DatabaseError::Pragma {
                name,
                wanted,
                found,
            } => write!(
                f,
                "the database does not keep to {name} = {wanted} (it says {found}): is it on a network file system, \
                 or open in another program?"
            ),
            DatabaseError::Migration(MigrateError::VersionMissing(version)) => write!(
                f,
                "the database has schema version {version}, which this program does not know: start the newer program"
            ),
            DatabaseError::Migration(error) => write!(
                f,
                "the database's schema cannot be brought up to date: {error}"
            ),
            DatabaseError::NotStrict(table) => {
                write!(f, "the table {table} is not STRICT: a migration is wrong")
            }
            DatabaseError::Query(error) => write!(f, "the database does not answer: {error}"),
        }
    }
}

impl std::error::Error for DatabaseError {}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::path::Path;

    use sqlx::SqlSafeStr;
    use sqlx::migrate::{Migration, MigrationType, Migrator};

    use super::{Checkpoint, Database, DatabaseError, WRITER_PRAGMAS, options, verify_pragmas};

    fn migrator(statements: &[&'static str]) -> Migrator {
        let migration = |(at, sql): (usize, &&'static str)| {
            let version = i64::try_from(at).unwrap() + 1;
            Migration::new(
                version,
                Cow::Borrowed("test"),
                MigrationType::Simple,
                sql.into_sql_str(),
                false,
            )
        };
        Migrator::with_migrations(statements.iter().enumerate().map(migration).collect())
    }

    const ENTRY: &str = "CREATE TABLE entry (idx INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT";

    async fn open(path: &Path) -> Database {
        Database::open(path, &migrator(&[ENTRY]), 2).await.unwrap()
    }

    async fn count(pool: &sqlx::SqlitePool) -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM entry")
            .fetch_one(pool)
            .await
            .unwrap()
    }

    async fn insert(database: &Database, rows: i64) {
        let mut writer = database.writer().await;
        let mut transaction = writer.begin().await.unwrap();
        for _ in 0..rows {
            sqlx::query("INSERT INTO entry (bytes) VALUES (zeroblob(4000))")
                .execute(&mut *transaction)
                .await
                .unwrap();
        }
        transaction.commit().await.unwrap();
    }

    #[tokio::test]
    async fn a_commit_is_seen_by_readers_and_a_dropped_transaction_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let database = open(&folder.path().join("log.db")).await;
        insert(&database, 3).await;
        {
            let mut writer = database.writer().await;
            let mut transaction = writer.begin().await.unwrap();
            sqlx::query("DELETE FROM entry")
                .execute(&mut *transaction)
                .await
                .unwrap();
            assert_eq!(count(database.readers()).await, 3);
        }
        assert_eq!(count(database.readers()).await, 3);
        // The writer is free again after the drop.
        insert(&database, 1).await;
        assert_eq!(count(database.readers()).await, 4);
    }

    #[tokio::test]
    async fn the_pragmas_hold_on_every_connection_and_one_that_does_not_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.db");
        let database = open(&path).await;
        verify_pragmas(&mut *database.writer().await, WRITER_PRAGMAS)
            .await
            .unwrap();
        let mut careless = <sqlx::SqliteConnection as sqlx::Connection>::connect_with(
            &options(&path).synchronous(sqlx::sqlite::SqliteSynchronous::Normal),
        )
        .await
        .unwrap();
        let refused = verify_pragmas(&mut careless, WRITER_PRAGMAS)
            .await
            .unwrap_err();
        assert!(
            matches!(
                refused,
                DatabaseError::Pragma {
                    name: "synchronous",
                    wanted: "2",
                    ..
                }
            ),
            "{refused}"
        );
    }

    #[tokio::test]
    async fn a_reader_cannot_write() {
        let folder = tempfile::tempdir().unwrap();
        let database = open(&folder.path().join("log.db")).await;
        for _ in 0..4 {
            sqlx::query("DELETE FROM entry")
                .execute(database.readers())
                .await
                .unwrap_err();
        }
    }

    #[tokio::test]
    async fn nothing_moves_to_the_database_file_but_by_a_checkpoint() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.db");
        let database = open(&path).await;
        // Above 1,000 pages SQLite would checkpoint by itself.
        insert(&database, 1_200).await;
        let before = std::fs::metadata(&path).unwrap().len();
        assert!(before < 100 * 4096, "{before}");
        let done = database.checkpoint(Checkpoint::Passive).await.unwrap();
        assert!(done.is_complete && done.moved_pages > 1_000, "{done:?}");
        assert!(std::fs::metadata(&path).unwrap().len() > 1_000 * 4096);
        assert!(
            database
                .checkpoint(Checkpoint::Restart)
                .await
                .unwrap()
                .is_complete
        );
        database.checkpoint(Checkpoint::Truncate).await.unwrap();
        assert_eq!(
            std::fs::metadata(folder.path().join("log.db-wal"))
                .unwrap()
                .len(),
            0
        );
    }

    #[tokio::test]
    async fn a_checkpoint_does_not_wait_for_a_reader() {
        let folder = tempfile::tempdir().unwrap();
        let database = open(&folder.path().join("log.db")).await;
        insert(&database, 1).await;
        let mut reading = database.readers().begin().await.unwrap();
        let _: i64 = sqlx::query_scalar("SELECT count(*) FROM entry")
            .fetch_one(&mut *reading)
            .await
            .unwrap();
        insert(&database, 10).await;
        assert!(
            !database
                .checkpoint(Checkpoint::Restart)
                .await
                .unwrap()
                .is_complete
        );
        drop(reading);
    }

    #[tokio::test]
    async fn a_view_reads_beside_a_running_server_and_after_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.db");
        let database = open(&path).await;
        insert(&database, 2).await;
        let view = Database::open_read_only(&path, 1).await.unwrap();
        assert_eq!(count(view.readers()).await, 2);
        insert(&database, 1).await;
        assert_eq!(count(view.readers()).await, 3);
        sqlx::query("DELETE FROM entry")
            .execute(view.readers())
            .await
            .unwrap_err();
        view.close().await;
        database.close().await.unwrap();
        let view = Database::open_read_only(&path, 1).await.unwrap();
        assert_eq!(count(view.readers()).await, 3);
        assert_eq!(view.faults().await.unwrap(), Vec::<String>::new());
    }

    #[tokio::test]
    async fn a_view_of_nothing_makes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.db");
        assert!(matches!(
            Database::open_read_only(&path, 1).await,
            Err(DatabaseError::Open { .. })
        ));
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn a_damaged_file_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.db");
        let database = open(&path).await;
        insert(&database, 100).await;
        database.close().await.unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        let pages = bytes.len() / 4096;
        // The header of a page in the middle.
        bytes[pages / 2 * 4096..][..64].fill(0xff);
        std::fs::write(&path, bytes).unwrap();
        let view = Database::open_read_only(&path, 1).await.unwrap();
        assert!(
            view.faults()
                .await
                .map_or(true, |faults| !faults.is_empty())
        );
    }

    #[tokio::test]
    async fn a_table_that_is_not_strict_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let lax = migrator(&[ENTRY, "CREATE TABLE lax (a TEXT)"]);
        let refused = Database::open(&folder.path().join("log.db"), &lax, 1)
            .await
            .unwrap_err();
        assert!(
            matches!(&refused, DatabaseError::NotStrict(table) if table == "lax"),
            "{refused}"
        );
    }

    #[tokio::test]
    async fn a_database_of_a_newer_program_is_refused_and_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.db");
        let newer = migrator(&[ENTRY, "CREATE TABLE more (a INTEGER) STRICT"]);
        Database::open(&path, &newer, 1)
            .await
            .unwrap()
            .close()
            .await
            .unwrap();
        let refused = Database::open(&path, &migrator(&[ENTRY]), 1)
            .await
            .unwrap_err();
        assert!(
            refused.to_string().contains("start the newer program"),
            "{refused}"
        );
    }
}
