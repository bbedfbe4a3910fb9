//! The one row of `state`: the head that is locked, and how far the work behind it is.

use super::recent_slots::Bounds;
use crate::storage::coord::{Committed, CoordError, Head, Incarnation};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};
use tlog::{Frontier, Hash, LeafIndex, TreeSize};

/// Makes the row of a new log; an existing row stays.
pub(super) async fn create(
    connection: &mut SqliteConnection,
    origin_hash: &[u8; 32],
) -> Result<(), CoordError> {
    sqlx::query(
        "INSERT OR IGNORE INTO state \
         (id, origin_hash, size, root, time_ms, frontier, incarnation, stored, leaves_indexed) \
         VALUES (1, ?1, 0, ?2, 0, x'', zeroblob(16), 0, 0)",
    )
    .bind(&origin_hash[..])
    .bind(&Hash::EMPTY_ROOT.as_bytes()[..])
    .execute(connection)
    .await?;
    Ok(())
}

/// SHA-256 of the origin of the log whose database this is.
pub(super) async fn origin_hash(connection: &mut SqliteConnection) -> Result<[u8; 32], CoordError> {
    let row = sqlx::query("SELECT origin_hash FROM state")
        .fetch_one(connection)
        .await?;
    bytes(&row, "origin_hash")
}

/// Reads the committed state; before the genesis that is the empty tree.
pub(super) async fn read(connection: &mut SqliteConnection) -> Result<Committed, CoordError> {
    Ok(read_with_recent(connection).await?.0)
}

/// The same with the bounds of the slots that are not entered yet: one question, since each is a way to the
/// connection's thread and back.
pub(super) async fn read_with_recent(
    connection: &mut SqliteConnection,
) -> Result<(Committed, Bounds), CoordError> {
    let row = sqlx::query(
        "SELECT s.size, s.root, s.time_ms, s.frontier, s.incarnation, s.stored, \
         (SELECT max(seq) + 1 FROM notice) AS notices, \
         (SELECT min(first) FROM slot_recent) AS recent_least, \
         (SELECT max(first) FROM slot_recent) AS recent_greatest, \
         k.size AS kept_size, k.root AS kept_root, k.time_ms AS kept_time_ms \
         FROM state AS s LEFT JOIN kept_head AS k ON k.size = (SELECT max(size) FROM kept_head)",
    )
    .fetch_one(connection)
    .await?;
    let head = head(&row, "size", "root", "time_ms")?;
    let kept = row.try_get::<Option<i64>, _>("kept_size");
    let kept = match kept? {
        Some(_) => Some(self::head(&row, "kept_size", "kept_root", "kept_time_ms")?),
        None => None,
    };
    let notices: Option<i64> = row.try_get("notices")?;
    let (least, greatest): (Option<i64>, Option<i64>) = (
        row.try_get("recent_least")?,
        row.try_get("recent_greatest")?,
    );
    let committed = Committed {
        head,
        frontier: frontier(&row, &head)?,
        incarnation: Incarnation(bytes(&row, "incarnation")?),
        stored: size(&row, "stored")?,
        notices: from_sql(notices.unwrap_or(0))?,
        kept,
    };
    Ok((committed, least.zip(greatest)))
}

/// Writes who may advance the head from now on.
pub(super) async fn set_incarnation(
    connection: &mut SqliteConnection,
    incarnation: Incarnation,
) -> Result<(), CoordError> {
    sqlx::query("UPDATE state SET incarnation = ?1")
        .bind(&incarnation.0[..])
        .execute(connection)
        .await?;
    Ok(())
}

/// The compare-and-swap: from `before`, by `own`, to `after`.
pub(super) async fn advance(
    connection: &mut SqliteConnection,
    before: &Head,
    own: Incarnation,
    after: &Head,
    frontier: &Frontier,
) -> Result<(), CoordError> {
    let frontier: Vec<u8> = frontier
        .hashes()
        .iter()
        .flat_map(|hash| *hash.as_bytes())
        .collect();
    let swapped = sqlx::query(
        "UPDATE state SET size = ?1, root = ?2, time_ms = ?3, frontier = ?4 \
         WHERE size = ?5 AND root = ?6 AND time_ms = ?7 AND incarnation = ?8",
    )
    .bind(to_sql(after.size.get())?)
    .bind(&after.root.as_bytes()[..])
    .bind(to_sql(after.time_ms)?)
    .bind(frontier)
    .bind(to_sql(before.size.get())?)
    .bind(&before.root.as_bytes()[..])
    .bind(to_sql(before.time_ms)?)
    .bind(&own.0[..])
    .execute(connection)
    .await?
    .rows_affected();
    one_row(
        swapped,
        "another process passed the start-up gate: this one may not advance the head any more",
    )
}

/// Full tiles below `stored` are durable. Less than what is known already changes nothing.
pub(super) async fn mark_stored(
    connection: &mut SqliteConnection,
    stored: TreeSize,
) -> Result<(), CoordError> {
    let marked =
        sqlx::query("UPDATE state SET stored = max(stored, ?1) WHERE ?1 <= size AND ?1 % 256 = 0")
            .bind(to_sql(stored.get())?)
            .execute(connection)
            .await?
            .rows_affected();
    one_row(
        marked,
        "only full tiles of the committed tree can be marked as stored",
    )
}

/// Refuses leaves that are not the next in the lookup by leaf hash, or not of committed entries.
pub(super) async fn expect_leaves_next(
    connection: &mut SqliteConnection,
    first: LeafIndex,
    count: usize,
) -> Result<(), CoordError> {
    let count = i64::try_from(count).map_err(|_| out_of_range())?;
    let next: bool =
        sqlx::query_scalar("SELECT leaves_indexed = ?1 AND ?1 + ?2 <= size FROM state")
            .bind(to_sql(first.get())?)
            .bind(count)
            .fetch_one(connection)
            .await?;
    one_row(u64::from(next), LEAVES_IN_ORDER)
}

/// The next leaves, gapless, are in the lookup by leaf hash.
pub(super) async fn mark_leaves_indexed(
    connection: &mut SqliteConnection,
    first: LeafIndex,
    count: usize,
) -> Result<(), CoordError> {
    let count = i64::try_from(count).map_err(|_| out_of_range())?;
    let marked = sqlx::query(
        "UPDATE state SET leaves_indexed = leaves_indexed + ?2 \
         WHERE leaves_indexed = ?1 AND ?1 + ?2 <= size",
    )
    .bind(to_sql(first.get())?)
    .bind(count)
    .execute(connection)
    .await?
    .rows_affected();
    one_row(marked, LEAVES_IN_ORDER)
}

const LEAVES_IN_ORDER: &str = "leaves are indexed in order, and only those of committed entries";

/// Up to where the lookup by leaf hash is filled.
pub(super) async fn leaves_indexed(
    connection: &mut SqliteConnection,
) -> Result<TreeSize, CoordError> {
    let row = sqlx::query("SELECT leaves_indexed FROM state")
        .fetch_one(connection)
        .await?;
    size(&row, "leaves_indexed")
}

fn frontier(row: &SqliteRow, head: &Head) -> Result<Frontier, CoordError> {
    let stored: &[u8] = row.try_get("frontier")?;
    let hashes = stored
        .as_chunks()
        .0
        .iter()
        .copied()
        .map(Hash::new)
        .collect();
    Frontier::from_parts(head.size, hashes)
        .ok()
        .filter(|frontier| frontier.root() == head.root)
        .ok_or_else(|| CoordError::Damaged("the frontier is not that of the head".into()))
}

/// Reads a head from three columns.
pub(super) fn head(
    row: &SqliteRow,
    size: &str,
    root: &str,
    time_ms: &str,
) -> Result<Head, CoordError> {
    let time_ms: i64 = row.try_get(time_ms)?;
    Ok(Head {
        size: self::size(row, size)?,
        root: Hash::new(bytes(row, root)?),
        time_ms: from_sql(time_ms)?,
    })
}

/// Reads a column of exactly so many bytes.
pub(super) fn bytes<const N: usize>(row: &SqliteRow, column: &str) -> Result<[u8; N], CoordError> {
    let stored: &[u8] = row.try_get(column)?;
    stored
        .try_into()
        .map_err(|_| CoordError::Damaged(format!("{column} is not {N} bytes long")))
}

fn size(row: &SqliteRow, column: &str) -> Result<TreeSize, CoordError> {
    let stored: i64 = row.try_get(column)?;
    TreeSize::new(from_sql(stored)?).map_err(|error| CoordError::Damaged(error.to_string()))
}

/// SQLite's integers have a sign; ours have none.
pub(super) fn to_sql(number: u64) -> Result<i64, CoordError> {
    i64::try_from(number).map_err(|_| out_of_range())
}

pub(super) fn from_sql(number: i64) -> Result<u64, CoordError> {
    u64::try_from(number).map_err(|_| CoordError::Damaged("a number below 0".into()))
}

fn out_of_range() -> CoordError {
    CoordError::Refused("a number of 2^63 or more".into())
}

fn one_row(affected: u64, otherwise: &str) -> Result<(), CoordError> {
    if affected == 1 {
        Ok(())
    } else {
        Err(CoordError::Refused(otherwise.into()))
    }
}
