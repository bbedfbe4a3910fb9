//! A transaction that writes: begun with the write lock, and sure about what its commit did.

use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::FutureExt as _;
use sqlx::SqliteConnection;
use tokio::sync::MutexGuard;

use crate::WriteError;

/// The writing connection in a transaction. Dropped without a commit, it is rolled back.
///
/// The statements are our own, since sqlx counts transactions itself and counts wrong after `SQLite` rolled one back.
#[derive(Debug)]
pub struct WriteTransaction<'a> {
    writer: MutexGuard<'a, SqliteConnection>,
    unfinished: &'a AtomicBool,
    is_open: bool,
}

impl<'a> WriteTransaction<'a> {
    /// Takes the database's write lock (`BEGIN IMMEDIATE`). `unfinished` remembers, between two transactions, that the
    /// last one was dropped.
    pub(crate) async fn begin(
        writer: MutexGuard<'a, SqliteConnection>,
        unfinished: &'a AtomicBool,
    ) -> Result<Self, WriteError> {
        let mut transaction = Self {
            writer,
            unfinished,
            is_open: true,
        };
        if unfinished.swap(false, Ordering::AcqRel) {
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

    /// The connection, for the transaction's statements.
    pub fn connection(&mut self) -> &mut SqliteConnection {
        &mut self.writer
    }

    /// Commits durably.
    ///
    /// # Errors
    /// [`WriteError`] says whether anything may have been written.
    pub async fn commit(mut self) -> Result<(), WriteError> {
        match sqlx::query("COMMIT").execute(self.connection()).await {
            Ok(_) => {
                self.is_open = false;
                Ok(())
            }
            Err(error) => Err(WriteError::of_commit(&error)),
        }
    }
}

impl Drop for WriteTransaction<'_> {
    fn drop(&mut self) {
        if self.is_open {
            // One poll hands the statement to the connection's thread, so that nobody waits for our lock. Should it
            // not, the next transaction rolls back before it begins.
            let _ = sqlx::query("ROLLBACK")
                .execute(&mut *self.writer)
                .now_or_never();
            self.unfinished.store(true, Ordering::Release);
        }
    }
}
