//! Why a write did not happen, or whether it did is not known.

use std::fmt;

/// Result codes. <https://www.sqlite.org/rescode.html>
const SQLITE_BUSY: u32 = 5;
const SQLITE_CORRUPT: u32 = 11;
const SQLITE_FULL: u32 = 13;
const SQLITE_NOTADB: u32 = 26;

/// What became of a transaction that did not go well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WriteError {
    /// Nothing was written; it may be tried again.
    Refused(String),
    /// Nothing was written: the disk is full.
    DiskFull,
    /// Nothing was written: the file is not what it must be.
    Damaged(String),
    /// It may have been written or not: what memory has may not be what is on disk.
    Unknown(String),
}

impl WriteError {
    /// What it means that a COMMIT failed.
    pub(crate) fn of_commit(error: &sqlx::Error) -> WriteError {
        // A full disk refuses the write of the pages, of which the commit mark is in the last: nothing can come back. A
        // busy database has written nothing. After anything else, a failed sync above all, the pages may be on disk or
        // not.
        match primary_code(error) {
            Some(SQLITE_FULL) => WriteError::DiskFull,
            Some(SQLITE_BUSY) => WriteError::Refused(error.to_string()),
            _ => WriteError::Unknown(error.to_string()),
        }
    }
}

/// What it means that a statement other than COMMIT failed: nothing was written.
impl From<sqlx::Error> for WriteError {
    fn from(error: sqlx::Error) -> WriteError {
        match primary_code(&error) {
            Some(SQLITE_FULL) => WriteError::DiskFull,
            Some(SQLITE_CORRUPT | SQLITE_NOTADB) => WriteError::Damaged(error.to_string()),
            _ => WriteError::Refused(error.to_string()),
        }
    }
}

/// The low 8 bits of the extended result code that sqlx tells.
fn primary_code(error: &sqlx::Error) -> Option<u32> {
    let code: u32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(code & 0xff)
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WriteError::Refused(why) => {
                write!(f, "the database refused: {why}; nothing was written")
            }
            WriteError::DiskFull => f.write_str("the disk is full: nothing was written; make room"),
            WriteError::Damaged(why) => {
                write!(
                    f,
                    "the database is damaged: {why}; do not write to it before it was checked"
                )
            }
            WriteError::Unknown(why) => {
                write!(
                    f,
                    "whether the database wrote is not known: {why}; read it again"
                )
            }
        }
    }
}

impl std::error::Error for WriteError {}
