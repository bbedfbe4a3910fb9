//! What keeps a database from being opened safely.

use std::fmt;
use std::path::PathBuf;

use sqlx::migrate::MigrateError;

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
