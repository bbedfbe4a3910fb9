//! The keeper walks behind the head: full tiles and bundles, the lookup by leaf hash, trimming.
//!
//! Nothing here is on an entry's way. Everything is a pure function of committed bytes and is put idempotently: a
//! keeper that is killed anywhere does the same again.

use super::history::{History, HistoryError, frame};
use super::policy_notice::PolicyWatch;
use super::status::Status;
use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::storage::coord::{Coord, CoordError};
use crate::storage::objects::{ObjectError, Objects};
use bytes::Bytes;
use evidence::ENTRY_LEN;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use std::sync::Arc;
use std::time::Duration;
use tlog::{Bundle, Hash, LeafIndex, TILE_WIDTH, Tile, TreeSize};

/// How often the keeper looks, at least.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Bundles put between two marks in the database.
const BUNDLES_AT_ONCE: u64 = 16;
/// Objects written at the same time.
const PUTS_AT_ONCE: usize = 4;
/// Leaves entered in the lookup at once: so many that neighbouring keys share a page of the database, which is then
/// written once for all of them.
const LEAVES_AT_ONCE: u64 = 65_536;
/// Fewer are entered when nothing was added since the last look, or when they have waited this long.
const LEAVES_WAIT_MS: u64 = 5_000;
/// Heads whose rows stay although they are not kept for ever.
const HEADS_KEPT: u32 = 4_096;
/// How often rows are trimmed.
const TRIM_EVERY_MS: u64 = 60_000;
/// How often the write-ahead log is moved into the database: the longer it waits, the more often a page that many
/// commits touched is written once.
const CHECKPOINT_EVERY_MS: u64 = 2_000;

/// What walks behind the head.
pub struct Keeper {
    /// Rows and marks.
    pub coord: Arc<dyn Coord>,
    /// Full tiles.
    pub objects: Arc<dyn Objects>,
    /// The edge to be shortened.
    pub history: Arc<History>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Halts intake on a contradiction.
    pub status: Status,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Whether the lookup by leaf hash is filled.
    pub leaf_lookup: bool,
    /// How long rows stay after their bundle is stored, in milliseconds.
    pub healing_window_ms: u64,
    /// Says when policy and policy notice differ.
    pub policy: PolicyWatch,
}

impl Keeper {
    /// Walks until told to stop.
    pub async fn run(mut self, stop: service::Stop) {
        let mut done = Done::default();
        loop {
            self.policy.look(self.clock.now_ms());
            match self.step(&mut done).await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(KeeperError::Objects(error @ ObjectError::Conflict { .. })) => {
                    return self.status.halt(error);
                }
                Err(KeeperError::Contradiction(index)) => {
                    return self.status.halt(format!(
                        "the stored entry {index} is not the one in the tree"
                    ));
                }
                Err(error) => {
                    self.metrics.keeper_failures.inc();
                    tracing::warn!(%error, "Tiles could not be written; it is tried again.");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
            tokio::select! {
                () = stop.stopped() => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    /// One round; answers whether there is more to do at once.
    async fn step(&self, done: &mut Done) -> Result<bool, KeeperError> {
        let stored = self.coord.committed().await?.stored;
        let more = self.store_tiles(stored).await?;
        let now = self.clock.now_ms();
        let indexed = self.leaf_lookup && self.index_leaves(done, now).await?;
        if now.abs_diff(done.checkpointed_ms) > CHECKPOINT_EVERY_MS {
            self.coord.checkpoint().await?;
            done.checkpointed_ms = now;
        }
        if now.abs_diff(done.trimmed_ms) > TRIM_EVERY_MS {
            self.coord
                .trim(now.saturating_sub(self.healing_window_ms), HEADS_KEPT)
                .await?;
            done.trimmed_ms = now;
        }
        Ok(more || indexed)
    }

    /// Puts the next full tiles and bundles and marks them.
    async fn store_tiles(&self, stored: TreeSize) -> Result<bool, KeeperError> {
        let full = self.history.size().get() / TILE_WIDTH * TILE_WIDTH;
        let next = full.min(stored.get() + BUNDLES_AT_ONCE * TILE_WIDTH);
        let to = TreeSize::new(next).expect("it is at most the size of the tree");
        if to <= stored {
            return Ok(false);
        }
        let packed = self
            .coord
            .read_back(LeafIndex::new(stored.get()), to)
            .await?;
        let mut puts: Vec<(String, Bytes)> = Vec::new();
        for tile in Tile::completed(stored, to) {
            let edge = self.history.edge();
            let hashes = edge
                .tile(tile.level(), tile.index(), 256)
                .ok_or(KeeperError::NotInEdge)?;
            if tile.level() == 0 {
                let first = tile.index() * TILE_WIDTH - stored.get();
                let from = usize::try_from(first).expect("a round is small") * ENTRY_LEN;
                let entries = &packed[from..from + 256 * ENTRY_LEN];
                for ((index, entry), leaf) in (tile.index() * TILE_WIDTH..)
                    .zip(entries.chunks(ENTRY_LEN))
                    .zip(hashes)
                {
                    if Hash::of_leaf(entry) != *leaf {
                        return Err(KeeperError::Contradiction(index));
                    }
                }
                let bundle = Bundle::new(tile.index(), 256).expect("it lies in the tree");
                puts.push((bundle.path(), frame(entries)));
            }
            puts.push((
                tile.path(),
                hashes.iter().flat_map(|hash| *hash.as_bytes()).collect(),
            ));
        }
        stream::iter(puts)
            .map(|(path, bytes)| async move {
                let put = self.objects.put(&path, bytes).await;
                #[cfg(test)]
                let put = super::historical_bug::as_stored(put);
                put
            })
            .buffer_unordered(PUTS_AT_ONCE)
            .try_collect::<()>()
            .await?;
        // All of them are durable: only now may the mark move, and only then may the edge be shortened.
        self.coord.mark_stored(to).await?;
        self.history.forget_below(to);
        self.metrics
            .stored_size
            .set(i64::try_from(to.get()).unwrap_or(i64::MAX));
        Ok(to.get() < full)
    }

    async fn index_leaves(&self, done: &mut Done, now: u64) -> Result<bool, KeeperError> {
        let indexed = self.coord.leaves_indexed().await?;
        let size = self.history.size();
        let is_quiet = done.seen.replace(size) == Some(size);
        let to = TreeSize::new(size.get().min(indexed.get() + LEAVES_AT_ONCE))
            .expect("it is at most the size");
        let is_due = is_quiet
            || to.get() - indexed.get() == LEAVES_AT_ONCE
            || now.abs_diff(done.indexed_ms) > LEAVES_WAIT_MS;
        if to <= indexed || !is_due {
            return Ok(false);
        }
        done.indexed_ms = now;
        let first = LeafIndex::new(indexed.get());
        let packed = self.history.entries(first, to).await?;
        let leaves: Vec<Hash> = packed.chunks_exact(ENTRY_LEN).map(Hash::of_leaf).collect();
        self.coord.index_leaves(first, &leaves).await?;
        self.history.forget_recent_below(to);
        Ok(to < size && is_quiet)
    }
}

/// When what is not done in every round was done last, in milliseconds since 1970.
#[derive(Default)]
struct Done {
    trimmed_ms: u64,
    checkpointed_ms: u64,
    indexed_ms: u64,
    /// The size of the tree at the last look.
    seen: Option<TreeSize>,
}

/// Why a round failed.
#[derive(Debug, thiserror::Error)]
enum KeeperError {
    #[error("the edge has been shortened beyond the mark")]
    NotInEdge,
    #[error("the entry {0} in the database is not the one in the tree")]
    Contradiction(u64),
    #[error(transparent)]
    Coord(#[from] CoordError),
    #[error(transparent)]
    Objects(#[from] ObjectError),
    #[error(transparent)]
    History(#[from] HistoryError),
}
