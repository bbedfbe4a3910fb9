//! The database: what it promises to those who write, read, checkpoint and check.

use std::borrow::Cow;
use std::path::Path;
use std::time::Duration;

use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection, SqliteConnection};

use service::{Checkpoint, Database, DatabaseError};

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
    let mut transaction = database.begin().await.unwrap();
    for _ in 0..rows {
        sqlx::query("INSERT INTO entry (bytes) VALUES (zeroblob(4000))")
            .execute(transaction.connection())
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
        let mut transaction = database.begin().await.unwrap();
        sqlx::query("DELETE FROM entry")
            .execute(transaction.connection())
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
async fn a_transaction_holds_the_write_lock_from_its_first_moment() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.db");
    let database = open(&path).await;
    let options = SqliteConnectOptions::new()
        .filename(&path)
        .busy_timeout(Duration::ZERO);
    let mut other = SqliteConnection::connect_with(&options).await.unwrap();
    let transaction = database.begin().await.unwrap();
    let insert = "INSERT INTO entry (bytes) VALUES (x'00')";
    sqlx::query(insert).execute(&mut other).await.unwrap_err();
    drop(transaction);
    let enough = Duration::from_secs(10);
    let options = options.busy_timeout(enough);
    let mut other = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::query(insert).execute(&mut other).await.unwrap();
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
