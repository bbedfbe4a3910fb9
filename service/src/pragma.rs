//! Pragmas that durability and speed depend on, read back from each connection.

use sqlx::{Row, SqliteConnection};

use crate::DatabaseError;

/// A pragma, how it is asked, and what it must answer.
type Pragma = (&'static str, &'static str, &'static str);

const WAL: Pragma = ("journal_mode", "PRAGMA journal_mode", "wal");
const FULL: Pragma = ("synchronous", "PRAGMA synchronous", "2");
const FOREIGN_KEYS: Pragma = ("foreign_keys", "PRAGMA foreign_keys", "1");
const NO_AUTOCHECKPOINT: Pragma = ("wal_autocheckpoint", "PRAGMA wal_autocheckpoint", "0");
const BUSY: Pragma = ("busy_timeout", "PRAGMA busy_timeout", "5000");
const BUSY_SHORT: Pragma = ("busy_timeout", "PRAGMA busy_timeout", "50");
const QUERY_ONLY: Pragma = ("query_only", "PRAGMA query_only", "1");

pub(crate) const WRITER_PRAGMAS: &[Pragma] = &[WAL, FULL, FOREIGN_KEYS, NO_AUTOCHECKPOINT, BUSY];
pub(crate) const CHECKPOINTER_PRAGMAS: &[Pragma] =
    &[WAL, FULL, FOREIGN_KEYS, NO_AUTOCHECKPOINT, BUSY_SHORT];
pub(crate) const READER_PRAGMAS: &[Pragma] =
    &[WAL, FULL, FOREIGN_KEYS, NO_AUTOCHECKPOINT, BUSY, QUERY_ONLY];

/// Asks each pragma and compares.
pub(crate) async fn verify_pragmas(
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

#[cfg(test)]
mod tests {
    use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
    use sqlx::{Connection, SqliteConnection};

    use super::{WRITER_PRAGMAS, verify_pragmas};
    use crate::DatabaseError;

    #[tokio::test]
    async fn a_pragma_that_does_not_hold_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let whole = SqliteConnectOptions::new()
            .filename(folder.path().join("log.db"))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .pragma("wal_autocheckpoint", "0");
        let verdict = async |options: &SqliteConnectOptions| {
            let mut connection = SqliteConnection::connect_with(options).await.unwrap();
            let verdict = verify_pragmas(&mut connection, WRITER_PRAGMAS).await;
            connection.close().await.unwrap();
            match verdict {
                Ok(()) => "all hold",
                Err(DatabaseError::Pragma { name, .. }) => name,
                Err(error) => panic!("{error}"),
            }
        };
        assert_eq!(verdict(&whole).await, "all hold");
        let brief = std::time::Duration::from_millis(1);
        for (options, name) in [
            (
                whole.clone().synchronous(SqliteSynchronous::Normal),
                "synchronous",
            ),
            (whole.clone().foreign_keys(false), "foreign_keys"),
            (
                whole.clone().pragma("wal_autocheckpoint", "1000"),
                "wal_autocheckpoint",
            ),
            (whole.clone().busy_timeout(brief), "busy_timeout"),
            (
                whole.journal_mode(SqliteJournalMode::Delete),
                "journal_mode",
            ),
        ] {
            assert_eq!(verdict(&options).await, name);
        }
    }
}
