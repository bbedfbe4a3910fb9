//! A copy of the database as of one moment, beside the process that writes it. <https://www.sqlite.org/lang_vacuum.html>

use crate::storage::coord::CoordError;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
use sqlx::{Connection as _, SqliteConnection};
use std::fs::File;
use std::io;
use std::path::Path;
use std::time::Duration;

/// How long the copy waits for a lock: nobody holds one for longer than a commit.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Writes `to`, which must not be there: every row as of one moment, packed anew. It is durable when this answers.
pub(super) async fn copy(from: &Path, to: &Path) -> Result<(), CoordError> {
    let options = SqliteConnectOptions::new()
        .filename(from)
        .read_only(true)
        .busy_timeout(BUSY_TIMEOUT);
    let mut reading = SqliteConnection::connect_with(&options).await?;
    sqlx::query("VACUUM INTO ?1")
        .bind(to.to_string_lossy())
        .execute(&mut reading)
        .await?;
    reading.close().await?;
    // The copy is read like the original: with a write-ahead log.
    let options = SqliteConnectOptions::new()
        .filename(to)
        .journal_mode(SqliteJournalMode::Wal);
    SqliteConnection::connect_with(&options)
        .await?
        .close()
        .await?;
    // SQLite syncs no file that it vacuums into.
    durable(to).map_err(|error| CoordError::Refused(error.to_string()))
}

fn durable(file: &Path) -> io::Result<()> {
    File::open(file)?.sync_all()?;
    match file.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}
