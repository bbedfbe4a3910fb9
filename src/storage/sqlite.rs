//! The embedded store: SQLite with a write-ahead log and a sync at every commit.
//!
//! One transaction does *assign*, *integrate* and *advance*: entries are stored packed, one row a batch, slots by their
//! first 8 bytes (`short_key`), heads and notices beside them. Whatever is asked here names its rows by a
//! key: nothing counts or scans. The schema, with its reasons, is in `migrations/sqlite`.

mod audit;
mod batch;
mod copy;
mod head;
mod head_lock;
mod key_fill;
mod lookup;
mod notice;
mod recent_slots;
mod seen;
mod short_key;
mod state;
mod witnessed;

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests;

use super::coord::{
    Committed, Coord, CoordError, Head, HeadLock, Incarnation, KeptBy, KeptHead, Seen,
    StoredNotice, WitnessedHeads,
};
use async_trait::async_trait;
use evidence::{AuditEvent, AuditRow, Commitment, Slot};
use head_lock::SqliteHeadLock;
use key_fill::{LEAF_FILL, ROWS_A_TRANSACTION, SLOT_FILL, has_twice, in_key_order};
use recent_slots::{RecentSlots, SLOTS_AT_ONCE};
use service::{Checkpoint, Database, DatabaseError, DatabaseView, WriteError, WriteTransaction};
use short_key::{LEAVES, SLOTS};
use sqlx::SqlSafeStr as _;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::pool::PoolConnection;
use sqlx::{Sqlite, SqliteConnection, SqlitePool};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use tlog::{Hash, LeafIndex, TreeSize};

/// The schema, step by step; each file opens with why. Without sqlx's macro, which would compile SQLite a second time
/// for the build itself.
fn migrator() -> Migrator {
    let step = |version, name: &'static str, sql: &'static str| {
        let sql = sql.into_sql_str();
        Migration::new(version, name.into(), MigrationType::Simple, sql, false)
    };
    Migrator::with_migrations(vec![
        step(
            1,
            "log",
            include_str!("../../migrations/sqlite/0001_log.sql"),
        ),
        step(
            2,
            "witness",
            include_str!("../../migrations/sqlite/0002_witness.sql"),
        ),
        step(
            3,
            "seen",
            include_str!("../../migrations/sqlite/0003_seen.sql"),
        ),
        step(
            4,
            "slot_recent",
            include_str!("../../migrations/sqlite/0004_slot_recent.sql"),
        ),
        step(
            5,
            "audit",
            include_str!("../../migrations/sqlite/0005_audit.sql"),
        ),
    ])
}

/// How many connections a read-only store opens: a check reads one thing at a time.
const VIEW_READERS: u32 = 2;

/// When the write-ahead log is longer than this after a passive checkpoint, it is begun anew, which may hold up
/// commits for a moment: 16,384 pages of 4 KiB are 64 MiB.
const LOG_PAGES_MAX: u64 = 16_384;

/// A log's database.
#[derive(Debug)]
pub struct SqliteCoord {
    access: Access,
    /// The incarnation that this process wrote when it passed the gate; until then it may not advance the head.
    incarnation: Mutex<Option<Incarnation>>,
    recent: RecentSlots,
}

#[derive(Debug)]
enum Access {
    Serve(Database),
    View(DatabaseView),
}

impl SqliteCoord {
    /// Opens the database of the log with this origin, and makes it if it is not there.
    pub async fn open(
        path: &Path,
        origin_hash: &[u8; 32],
        readers: u32,
    ) -> Result<Self, CoordError> {
        let database = Database::open(path, &migrator(), readers)
            .await
            .map_err(|error| not_opened(&error))?;
        let coord = Self::new(Access::Serve(database));
        let mut transaction = coord.begin().await?;
        state::create(transaction.connection(), origin_hash).await?;
        transaction.commit().await?;
        coord.check_origin(origin_hash).await?;
        Ok(coord)
    }

    /// Opens the database for reading alone, also beside a process that serves it: every verb that writes is refused.
    pub async fn open_read_only(path: &Path, origin_hash: &[u8; 32]) -> Result<Self, CoordError> {
        let view = Database::open_read_only(path, VIEW_READERS)
            .await
            .map_err(|error| not_opened(&error))?;
        let coord = Self::new(Access::View(view));
        coord.check_origin(origin_hash).await?;
        Ok(coord)
    }

    /// Copies the database at `from`, as of one moment and also beside the process that writes it, to a file that is not
    /// there. The copy is durable when this answers.
    pub async fn copy(from: &Path, to: &Path) -> Result<(), CoordError> {
        copy::copy(from, to).await
    }

    /// Closes all connections, after the last transaction has ended.
    pub async fn close(self) -> Result<(), CoordError> {
        match self.access {
            Access::Serve(database) => Ok(database.close().await?),
            Access::View(view) => {
                view.close().await;
                Ok(())
            }
        }
    }

    fn new(access: Access) -> Self {
        Self {
            access,
            incarnation: Mutex::new(None),
            recent: RecentSlots::new(),
        }
    }

    async fn check_origin(&self, origin_hash: &[u8; 32]) -> Result<(), CoordError> {
        if state::origin_hash(&mut *self.reader().await?).await? == *origin_hash {
            Ok(())
        } else {
            Err(CoordError::ForeignOrigin)
        }
    }

    fn database(&self) -> Result<&Database, CoordError> {
        match &self.access {
            Access::Serve(database) => Ok(database),
            Access::View(_) => Err(CoordError::Refused(
                "the database was opened to be read only".into(),
            )),
        }
    }

    async fn begin(&self) -> Result<WriteTransaction<'_>, CoordError> {
        Ok(self.database()?.begin().await?)
    }

    fn readers(&self) -> &SqlitePool {
        match &self.access {
            Access::Serve(database) => database.readers(),
            Access::View(view) => view.readers(),
        }
    }

    async fn reader(&self) -> Result<PoolConnection<Sqlite>, CoordError> {
        Ok(self.readers().acquire().await?)
    }

    /// Enters the slots that wait in the table of slots, in the order of their keys. Cut off, it is done again.
    pub(crate) async fn enter_slots(&self) -> Result<(), CoordError> {
        let waiting = recent_slots::read(&mut *self.reader().await?, -1, i64::MAX).await?;
        let Some((last, slots)) = waiting.last() else {
            return Ok(());
        };
        let (last, behind) = (*last, (*last..).nth(slots.len()));
        let rows = waiting
            .into_iter()
            .flat_map(|(first, slots)| (first..).zip(slots));
        let rows = in_key_order(rows);
        let mut rows = rows.chunks(ROWS_A_TRANSACTION).peekable();
        while let Some(some) = rows.next() {
            let mut transaction = self.begin().await?;
            let connection = transaction.connection();
            SLOT_FILL.enter(connection, some).await?;
            if rows.peek().is_none() {
                recent_slots::drop_to(connection, last).await?;
            }
            transaction.commit().await?;
        }
        self.recent.forget_below(behind.unwrap_or(i64::MAX))
    }

    fn own_incarnation(&self) -> Option<Incarnation> {
        *self
            .incarnation
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Coord for SqliteCoord {
    async fn committed(&self) -> Result<Committed, CoordError> {
        let committed = state::read(&mut *self.reader().await?).await?;
        Ok(committed)
    }

    async fn lock(&self) -> Result<Box<dyn HeadLock + '_>, CoordError> {
        let mut transaction = self.begin().await?;
        let connection = transaction.connection();
        let (committed, bounds) = state::read_with_recent(connection).await?;
        self.recent.agree(connection, bounds).await?;
        Ok(Box::new(SqliteHeadLock {
            transaction,
            committed,
            recent: &self.recent,
            own: self.own_incarnation(),
        }))
    }

    async fn open(
        &self,
        incarnation: Incarnation,
        event: Option<AuditEvent>,
    ) -> Result<(), CoordError> {
        let mut transaction = self.begin().await?;
        let connection = transaction.connection();
        state::set_incarnation(connection, incarnation).await?;
        audit::insert(connection, event).await?;
        transaction.commit().await?;
        *self
            .incarnation
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(incarnation);
        Ok(())
    }

    async fn record(&self, event: AuditEvent) -> Result<AuditRow, CoordError> {
        let mut transaction = self.begin().await?;
        let connection = transaction.connection();
        let own = self.own_incarnation();
        if own.is_none() || own != Some(state::read(connection).await?.incarnation) {
            return Err(CoordError::Refused(
                "another process passed the start-up gate: this one may record nothing".into(),
            ));
        }
        let row = audit::insert(connection, [event]).await?;
        transaction.commit().await?;
        Ok(row.expect("one action leaves one row"))
    }

    async fn audit_from(&self, seq: u64, limit: u32) -> Result<Vec<AuditRow>, CoordError> {
        audit::from(&mut *self.reader().await?, seq, limit).await
    }

    async fn read_back(&self, from: LeafIndex, to: TreeSize) -> Result<Vec<u8>, CoordError> {
        batch::read(&mut *self.reader().await?, from, to).await
    }

    async fn slot_candidates(&self, slots: &[Slot]) -> Result<Vec<Vec<LeafIndex>>, CoordError> {
        let slots: Vec<_> = slots.iter().map(|slot| *slot.as_bytes()).collect();
        let mut reader = self.reader().await?;
        // First those that wait: what is entered in between is found in the table.
        match self.access {
            Access::Serve(_) => self.recent.catch_up(&mut reader).await?,
            Access::View(_) => self.recent.catch_up_bounded(&mut reader).await?,
        }
        find_slots(&self.recent, &mut reader, &slots).await
    }

    async fn leaf_candidates(&self, leaves: &[Hash]) -> Result<Vec<Vec<LeafIndex>>, CoordError> {
        let leaves: Vec<_> = leaves.iter().map(|leaf| *leaf.as_bytes()).collect();
        LEAVES.candidates(&mut *self.reader().await?, &leaves).await
    }

    async fn notices_from(&self, seq: u64) -> Result<Vec<StoredNotice>, CoordError> {
        notice::from(&mut *self.reader().await?, seq).await
    }

    async fn notice(&self, commitment: &Commitment) -> Result<Option<StoredNotice>, CoordError> {
        notice::by_commitment(&mut *self.reader().await?, commitment).await
    }

    async fn earliest_kept(
        &self,
        index: LeafIndex,
        by: KeptBy,
    ) -> Result<Option<KeptHead>, CoordError> {
        head::earliest_kept(&mut *self.reader().await?, index, by).await
    }

    async fn witnessed(&self) -> Result<WitnessedHeads, CoordError> {
        witnessed::read(&mut *self.reader().await?).await
    }

    async fn store_witnessed(&self, head: &Head, note: &str, keep: bool) -> Result<(), CoordError> {
        let mut transaction = self.begin().await?;
        witnessed::store(transaction.connection(), head, note, keep).await?;
        Ok(transaction.commit().await?)
    }

    async fn seen(&self) -> Result<Vec<Seen>, CoordError> {
        seen::read(&mut *self.reader().await?).await
    }

    async fn store_seen(&self, seen: &[Seen]) -> Result<(), CoordError> {
        let mut transaction = self.begin().await?;
        for one in seen {
            seen::store(transaction.connection(), one).await?;
        }
        Ok(transaction.commit().await?)
    }

    async fn heads_from(&self, size: TreeSize, limit: u32) -> Result<Vec<KeptHead>, CoordError> {
        head::from(&mut *self.reader().await?, size, limit).await
    }

    async fn store_note(&self, head: &Head, note: &str) -> Result<(), CoordError> {
        let mut transaction = self.begin().await?;
        head::store_note(transaction.connection(), head, note).await?;
        Ok(transaction.commit().await?)
    }

    async fn mark_stored(&self, stored: TreeSize) -> Result<(), CoordError> {
        let mut transaction = self.begin().await?;
        state::mark_stored(transaction.connection(), stored).await?;
        Ok(transaction.commit().await?)
    }

    async fn index_leaves(&self, first: LeafIndex, leaves: &[Hash]) -> Result<(), CoordError> {
        let rows = in_key_order(
            (state::to_sql(first.get())?..).zip(leaves.iter().map(|leaf| *leaf.as_bytes())),
        );
        if has_twice(&rows) {
            return Err(CoordError::Refused("one step has a leaf hash twice".into()));
        }
        let mut rows = rows.chunks(ROWS_A_TRANSACTION).peekable();
        while let Some(some) = rows.next() {
            let mut transaction = self.begin().await?;
            let connection = transaction.connection();
            // Refused, too, when it is not the next fill: nothing is entered for another one.
            state::expect_leaves_next(connection, first, leaves.len()).await?;
            LEAF_FILL.enter(connection, some).await?;
            if rows.peek().is_none() {
                state::mark_leaves_indexed(connection, first, leaves.len()).await?;
            }
            transaction.commit().await?;
        }
        Ok(())
    }

    async fn leaves_indexed(&self) -> Result<TreeSize, CoordError> {
        state::leaves_indexed(&mut *self.reader().await?).await
    }

    async fn replace_rows(&self, first: LeafIndex, packed: &[u8]) -> Result<(), CoordError> {
        let mut transaction = self.begin().await?;
        batch::replace(transaction.connection(), first, packed).await?;
        transaction.commit().await?;
        Ok(())
    }

    async fn restore_lookups(
        &self,
        slots: &[(Slot, LeafIndex)],
        leaves: &[(Hash, LeafIndex)],
    ) -> Result<(), CoordError> {
        let rows = |hashes: Vec<([u8; 32], LeafIndex)>| -> Result<Vec<_>, CoordError> {
            let numbered = hashes
                .into_iter()
                .map(|(hash, index)| Ok((state::to_sql(index.get())?, hash)));
            Ok(in_key_order(
                numbered.collect::<Result<Vec<_>, CoordError>>()?,
            ))
        };
        let slots = slots.iter().map(|(slot, index)| (*slot.as_bytes(), *index));
        let leaves = leaves
            .iter()
            .map(|(leaf, index)| (*leaf.as_bytes(), *index));
        let (slots, leaves) = (rows(slots.collect())?, rows(leaves.collect())?);
        let mut transaction = self.begin().await?;
        let connection = transaction.connection();
        SLOT_FILL.enter(connection, &slots).await?;
        LEAF_FILL.enter(connection, &leaves).await?;
        transaction.commit().await?;
        Ok(())
    }

    async fn trim(&self, before_ms: u64, heads: u32) -> Result<(), CoordError> {
        // Some rows a transaction, and others may write in between: a step forward never waits for the whole.
        while let Some(last) = batch::droppable(&mut *self.reader().await?, before_ms).await? {
            let mut transaction = self.begin().await?;
            batch::drop_to(transaction.connection(), last).await?;
            transaction.commit().await?;
        }
        while head::has_droppable(&mut *self.reader().await?, heads).await? {
            let mut transaction = self.begin().await?;
            let dropped = head::drop_some(transaction.connection(), heads).await?;
            transaction.commit().await?;
            if dropped == 0 {
                break;
            }
        }
        Ok(())
    }

    async fn checkpoint(&self) -> Result<(), CoordError> {
        let database = self.database()?;
        if self.recent.len() >= SLOTS_AT_ONCE {
            self.enter_slots().await?;
        }
        let log_pages = database.checkpoint(Checkpoint::Passive).await?.log_pages;
        if log_pages > LOG_PAGES_MAX {
            database.checkpoint(Checkpoint::Restart).await?;
        }
        Ok(())
    }
}

/// For each slot the indices that may hold it: of those that wait to be entered, and in the table of slots.
async fn find_slots(
    recent: &RecentSlots,
    connection: &mut SqliteConnection,
    slots: &[[u8; 32]],
) -> Result<Vec<Vec<LeafIndex>>, CoordError> {
    let recent = recent.find(slots);
    let mut found = SLOTS.candidates(connection, slots).await?;
    for (found, recent) in found.iter_mut().zip(recent) {
        if let Some(index) = recent.filter(|index| !found.contains(index)) {
            found.push(index);
        }
    }
    Ok(found)
}

fn not_opened(error: &DatabaseError) -> CoordError {
    CoordError::Refused(error.to_string())
}

impl From<WriteError> for CoordError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Refused(why) => Self::Refused(why),
            WriteError::DiskFull => Self::DiskFull,
            WriteError::Damaged(what) => Self::Damaged(what),
            WriteError::Unknown(why) => Self::Unknown(why),
        }
    }
}

/// What it means that a statement failed: nothing was written.
impl From<sqlx::Error> for CoordError {
    fn from(error: sqlx::Error) -> Self {
        WriteError::from(error).into()
    }
}
