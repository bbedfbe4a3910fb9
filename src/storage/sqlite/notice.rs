//! Notices: the public documents by which the log governs itself.

use super::state::{bytes, from_sql, to_sql};
use crate::storage::coord::{CoordError, StoredNotice};
use evidence::{Commitment, NoticeType};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};
use tlog::LeafIndex;

/// Inserts a notice.
pub(super) async fn insert(
    connection: &mut SqliteConnection,
    notice: &StoredNotice,
) -> Result<(), CoordError> {
    sqlx::query(
        "INSERT INTO notice (seq, idx, type, sha256, document) VALUES (?1, ?2, ?3, ?4, ?5)",
    )
    .bind(to_sql(notice.seq)?)
    .bind(to_sql(notice.index.get())?)
    .bind(notice.notice_type.as_str())
    .bind(&notice.commitment.as_bytes()[..])
    .bind(&notice.document)
    .execute(connection)
    .await?;
    Ok(())
}

/// Every notice from this `seq` on.
pub(super) async fn from(
    connection: &mut SqliteConnection,
    seq: u64,
) -> Result<Vec<StoredNotice>, CoordError> {
    let rows = sqlx::query(
        "SELECT seq, idx, type, sha256, document FROM notice WHERE seq >= ?1 ORDER BY seq",
    )
    .bind(to_sql(seq)?)
    .fetch_all(connection)
    .await?;
    rows.iter().map(stored).collect()
}

/// The notice with this SHA-256.
pub(super) async fn by_commitment(
    connection: &mut SqliteConnection,
    commitment: &Commitment,
) -> Result<Option<StoredNotice>, CoordError> {
    let row = sqlx::query("SELECT seq, idx, type, sha256, document FROM notice WHERE sha256 = ?1")
        .bind(&commitment.as_bytes()[..])
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(stored).transpose()
}

fn stored(row: &SqliteRow) -> Result<StoredNotice, CoordError> {
    let notice = StoredNotice {
        seq: from_sql(row.try_get("seq")?)?,
        index: LeafIndex::new(from_sql(row.try_get("idx")?)?),
        notice_type: notice_type(row.try_get("type")?)?,
        commitment: Commitment::new(bytes(row, "sha256")?),
        document: row.try_get("document")?,
    };
    if Commitment::of_document(&notice.document) == notice.commitment {
        Ok(notice)
    } else {
        let seq = notice.seq;
        Err(CoordError::Damaged(format!(
            "notice {seq} is not the document that was logged"
        )))
    }
}

fn notice_type(name: &str) -> Result<NoticeType, CoordError> {
    let mut all = NoticeType::ALL.iter().copied();
    let named = all.find(|notice_type| notice_type.as_str() == name);
    named.ok_or_else(|| CoordError::Damaged(format!("a notice of the unknown type {name}")))
}
