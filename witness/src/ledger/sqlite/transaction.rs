//! A transaction that writes: begun with the write lock, and sure about what its commit did.

use crate::ledger::LedgerError;
use service::{Database, Writer};
use sqlx::SqliteConnection;
use std::sync::atomic::{AtomicBool, Ordering};

/// <https://www.sqlite.org/rescode.html>
const SQLITE_BUSY: u32 = 5;
const SQLITE_CORRUPT: u32 = 11;
const SQLITE_FULL: u32 = 13;
const SQLITE_NOTADB: u32 = 26;

/// The writing connection in a transaction. Dropped without a commit, it is rolled back by whoever writes next.
///
/// The statements are our own, since sqlx counts transactions itself and counts wrong after SQLite rolled one back.
pub(super) struct WriteTransaction<'a> {
    writer: Writer<'a>,
    unfinished: &'a AtomicBool,
}

impl<'a> WriteTransaction<'a> {
    pub(super) async fn begin(
        database: &'a Database,
        unfinished: &'a AtomicBool,
    ) -> Result<Self, LedgerError> {
        let mut transaction = Self {
            writer: database.writer().await,
            unfinished,
        };
        if unfinished.swap(true, Ordering::AcqRel) {
            // It fails when SQLite rolled back by itself. If it fails otherwise, then so does what follows.
            let _ = sqlx::query("ROLLBACK")
                .execute(transaction.connection())
                .await;
        }
        sqlx::query("BEGIN IMMEDIATE")
            .execute(transaction.connection())
            .await?;
        Ok(transaction)
    }

    pub(super) fn connection(&mut self) -> &mut SqliteConnection {
        &mut self.writer
    }

    /// Commits durably.
    pub(super) async fn commit(mut self) -> Result<(), LedgerError> {
        match sqlx::query("COMMIT").execute(self.connection()).await {
            Ok(_) => {
                self.unfinished.store(false, Ordering::Release);
                Ok(())
            }
            // A full disk refuses the write of the pages, of which the commit mark is in the last: nothing can come
            // back. A busy database has written nothing. After anything else, a failed sync above all, the pages may
            // be on disk or not.
            Err(error) => match primary_code(&error) {
                Some(SQLITE_FULL) => Err(LedgerError::DiskFull),
                Some(SQLITE_BUSY) => Err(LedgerError::Refused(error.to_string())),
                _ => Err(LedgerError::Unknown(error.to_string())),
            },
        }
    }
}

/// What it means that a statement other than COMMIT failed: nothing was written.
impl From<sqlx::Error> for LedgerError {
    fn from(error: sqlx::Error) -> Self {
        match primary_code(&error) {
            Some(SQLITE_FULL) => Self::DiskFull,
            Some(SQLITE_CORRUPT | SQLITE_NOTADB) => Self::Damaged(error.to_string()),
            _ => Self::Refused(error.to_string()),
        }
    }
}

/// The low 8 bits of the extended result code that sqlx tells.
fn primary_code(error: &sqlx::Error) -> Option<u32> {
    let code: u32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(code & 0xff)
}
