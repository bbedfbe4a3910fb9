//! The scrubber: everything that is stored is read and hashed again, slowly, for as long as the log runs.
//!
//! An entry lies in a bundle and, for the healing window, in a row; its hash in a tile, and the tile's root in the tile
//! above. What two of them agree on is right, and what differs is made again from it. What cannot be made again stops
//! intake: the log says what is lost and what to do, and reads go on.

use super::Log;
use super::edge::fold_perfect;
use super::history::{HistoryError, frame, packed as unframed};
use crate::storage::anchor::{Anchor, AnchorError};
use crate::storage::coord::{Coord, CoordError};
use crate::storage::objects::{ObjectError, Objects};
use evidence::{ENTRY_LEN, Entry, Slot};
use lookup_check::LookupCheck;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tlog::{Bundle, Frontier, Hash, LeafIndex, NodeId, TILE_WIDTH, Tile, TreeSize};

mod lookup_check;

/// Entries that are scrubbed in a second unless the operator says otherwise: ten million in 17 minutes,
/// for a thirtieth of a core while a pass runs.
pub const ENTRIES_PER_SECOND: u64 = 10_000;

/// A pass begins this long after the one before it, or as soon as that has ended: a small log is not read all the time.
const PASS_EVERY: Duration = Duration::from_hours(1);
/// The pause before a store that could not be read is asked again.
const ASK_AGAIN: Duration = Duration::from_secs(10);
/// Heads read at once.
const HEADS_AT_ONCE: u32 = 1_000;

/// Opens the journal for reading beside the log.
pub type ViewAnchor = Box<dyn Fn() -> Result<Box<dyn Anchor>, AnchorError> + Send + Sync>;

/// What re-reads everything.
pub struct Scrubber {
    /// The log whose stores these are.
    pub log: Arc<Log>,
    /// Tiles and bundles.
    pub objects: Arc<dyn Objects>,
    /// The journal.
    pub view_anchor: ViewAnchor,
    /// How many entries are scrubbed in a second; more than 0.
    pub entries_per_second: u64,
}

impl Scrubber {
    /// Scrubs until told to stop.
    pub async fn run(self, stop: service::Stop) {
        loop {
            let pass = tokio::select! {
                pass = self.pass() => pass,
                () = stop.stopped() => return,
            };
            let pause = match pass {
                Ok(()) => {
                    let now_s = i64::try_from(self.log.now_ms() / 1_000).unwrap_or(i64::MAX);
                    self.log.metrics().scrub_last_pass_seconds.set(now_s);
                    PASS_EVERY
                }
                Err(ScrubError::Lost(lost)) => {
                    self.found("lost");
                    self.log.status().halt(lost);
                    PASS_EVERY
                }
                Err(error) => {
                    tracing::warn!(%error, "What is stored could not be read again; it is tried once more.");
                    ASK_AGAIN
                }
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = stop.stopped() => return,
            }
        }
    }

    /// Once through everything.
    pub(super) async fn pass(&self) -> Result<(), ScrubError> {
        let committed = self.log.coord().committed().await?;
        let (stored, size) = (committed.stored, committed.head.size);
        let mut frontier = Frontier::empty();
        let mut heads = Heads::default();
        let mut lookups = LookupCheck::begin(&self.log, size).await?;
        self.is_at(TreeSize::ZERO);
        for index in 0..stored.get() / TILE_WIDTH {
            let packed = self.bundle(index, stored).await?;
            lookups.take(index * TILE_WIDTH, &packed);
            heads.pass(self.log.coord(), &mut frontier, &packed).await?;
            self.pace(TILE_WIDTH).await;
            self.is_at(frontier.size());
        }
        self.upper_tiles(stored).await?;
        // The newest entries lie in rows alone; their hashes are in memory.
        let newest = LeafIndex::new(stored.get());
        let packed = self.log.coord().read_back(newest, size).await?;
        lookups.take(stored.get(), &packed);
        heads.pass(self.log.coord(), &mut frontier, &packed).await?;
        if frontier.root() != committed.head.root {
            return Err(Lost::Rows(stored).into());
        }
        self.pace(size.get() - stored.get()).await;
        for unsure in lookups.finish(self).await? {
            let (from, to) = (unsure.start, TreeSize::new(unsure.end));
            let to = to.map_err(|_| HistoryError::NotThere)?;
            let history = Arc::clone(&self.log.heart().history);
            let packed = history.entries(LeafIndex::new(from), to).await?;
            self.lookups(from, &packed).await?;
            self.pace(to.get() - from).await;
        }
        self.journal().await?;
        self.is_at(size);
        Ok(())
    }

    /// One bundle with all that must agree with it; answers its entries.
    async fn bundle(&self, index: u64, stored: TreeSize) -> Result<Vec<u8>, ScrubError> {
        let bundle = Bundle::new(index, 256).map_err(|_| HistoryError::NotThere)?;
        let tile = Tile::new(0, index, 256).map_err(|_| HistoryError::NotThere)?;
        let first = LeafIndex::new(index * TILE_WIDTH);
        let after = TreeSize::new(first.get() + TILE_WIDTH).map_err(|_| HistoryError::NotThere)?;
        let rows = match self.log.coord().read_back(first, after).await {
            Ok(rows) => Some(rows),
            Err(CoordError::Absent | CoordError::Damaged(_)) => None,
            Err(error) => return Err(error.into()),
        };
        let framed = self.objects.get(&bundle.path()).await?;
        let bundled = framed
            .as_ref()
            .and_then(|framed| unframed(framed))
            .filter(|packed| is_whole(packed));
        let hashes = self
            .objects
            .get(&tile.path())
            .await?
            .and_then(|bytes| hashes(&bytes));
        let above = self.above(index, stored).await?;

        let of_rows = rows.as_deref().filter(|rows| is_whole(rows)).map(root);
        let of_bundle = bundled.as_deref().map(root);
        let of_tile = hashes.as_deref().map(fold_perfect);
        let votes = [of_bundle, of_rows, of_tile, above];
        let Some(right) = agreed(&votes) else {
            return Err(Lost::Entries(first).into());
        };
        let packed = match (bundled, &rows) {
            (Some(bundled), _) if of_bundle == Some(right) => bundled,
            (_, Some(rows)) if of_rows == Some(right) => rows.clone(),
            _ => self
                .journalled(first, right)
                .await?
                .ok_or(Lost::Entries(first))?,
        };
        if of_bundle != Some(right) {
            self.objects.replace(&bundle.path(), frame(&packed)).await?;
            self.healed(bundle.path());
        }
        if of_tile != Some(right) {
            let hashes = leaves(&packed).flat_map(|leaf| *leaf.as_bytes()).collect();
            self.objects.replace(&tile.path(), hashes).await?;
            self.healed(tile.path());
        }
        if rows.is_some() && of_rows != Some(right) {
            self.log.coord().replace_rows(first, &packed).await?;
            self.healed(format!("the rows of the entries from {first} on"));
        }
        if above.is_some_and(|above| above != right) {
            self.tile_above(1, index / TILE_WIDTH).await?;
        }
        Ok(packed)
    }

    /// The root of a bundle's tile as the tile above has it, or memory, where that is not full yet.
    async fn above(&self, index: u64, stored: TreeSize) -> Result<Option<Hash>, ScrubError> {
        let bundles = stored.get() / TILE_WIDTH;
        if index / TILE_WIDTH < bundles / TILE_WIDTH {
            let tile = Tile::new(1, index / TILE_WIDTH, 256).map_err(|_| HistoryError::NotThere)?;
            let hashes = self
                .objects
                .get(&tile.path())
                .await?
                .and_then(|bytes| hashes(&bytes));
            let place = usize::try_from(index % TILE_WIDTH).unwrap_or_default();
            return Ok(hashes.and_then(|hashes| hashes.get(place).copied()));
        }
        let heart = self.log.heart();
        let node = heart.history.edge().node(NodeId::new(8, index));
        Ok(node)
    }

    /// The tiles above the second level: each hash is the root of a tile below.
    async fn upper_tiles(&self, stored: TreeSize) -> Result<(), ScrubError> {
        let tiles = Tile::completed(TreeSize::ZERO, stored);
        for tile in tiles.filter(|tile| tile.level() > 0) {
            self.tile_above(tile.level(), tile.index()).await?;
        }
        Ok(())
    }

    /// Compares a tile with those below it, which were compared already, and makes it again where it differs.
    async fn tile_above(&self, level: u8, index: u64) -> Result<(), ScrubError> {
        let tile = Tile::new(level, index, 256).map_err(|_| HistoryError::NotThere)?;
        let mut right = Vec::with_capacity(256 * Hash::LEN);
        for below in index * TILE_WIDTH..(index + 1) * TILE_WIDTH {
            let below = Tile::new(level - 1, below, 256).map_err(|_| HistoryError::NotThere)?;
            let bytes = self.objects.get(&below.path()).await?;
            let hashes = bytes.and_then(|bytes| hashes(&bytes));
            let hashes = hashes.ok_or_else(|| Lost::Tile(below.path()))?;
            right.extend_from_slice(fold_perfect(&hashes).as_bytes());
        }
        self.pace(TILE_WIDTH).await;
        if self.objects.get(&tile.path()).await?.as_deref() != Some(right.as_slice()) {
            self.objects.replace(&tile.path(), right.into()).await?;
            self.healed(tile.path());
        }
        Ok(())
    }

    /// Asks for each entry by its slot, and by its leaf hash as far as that lookup is filled, and enters what is not found.
    async fn lookups(&self, first: u64, packed: &[u8]) -> Result<(), ScrubError> {
        let coord = self.log.coord();
        let indexed = coord.leaves_indexed().await?;
        let registry = self.log.heart().registry.load_full();
        let (mut slots, mut leaves) = (Vec::new(), Vec::new());
        for (index, bytes) in (first..)
            .map(LeafIndex::new)
            .zip(packed.chunks_exact(ENTRY_LEN))
        {
            if let Ok(entry) = Entry::parse(bytes)
                && let Ok(author) = registry.author_at(&entry, index)
            {
                slots.push((Slot::of(&author.bureau(), entry.tag()), index));
            }
            if index.lies_in(indexed) {
                leaves.push((Hash::of_leaf(bytes), index));
            }
        }
        let asked: Vec<Slot> = slots.iter().map(|(slot, _)| *slot).collect();
        let found = coord.slot_candidates(&asked).await?;
        let slots = missing(slots, &found);
        let asked: Vec<Hash> = leaves.iter().map(|(leaf, _)| *leaf).collect();
        let found = coord.leaf_candidates(&asked).await?;
        let leaves = missing(leaves, &found);
        if !(slots.is_empty() && leaves.is_empty()) {
            coord.restore_lookups(&slots, &leaves).await?;
            let count = slots.len() + leaves.len();
            self.healed(format!("{count} rows of the lookups from entry {first} on"));
        }
        Ok(())
    }

    /// The entries of a bundle out of the journal, if it still has them and they give this root.
    async fn journalled(
        &self,
        first: LeafIndex,
        right: Hash,
    ) -> Result<Option<Vec<u8>>, ScrubError> {
        let anchor = (self.view_anchor)()?;
        let replay = move || {
            let (from, to) = (first.get(), first.get() + TILE_WIDTH);
            let mut packed = Vec::new();
            let mut next = from;
            let after = TreeSize::new(from).unwrap_or(TreeSize::ZERO);
            anchor.replay(after, &mut |record| {
                let begins = record.first.get();
                for (index, entry) in (begins..).zip(record.entries.chunks_exact(ENTRY_LEN)) {
                    if index == next && index < to {
                        packed.extend_from_slice(entry);
                        next += 1;
                    }
                }
                next < to && begins <= next
            })?;
            Ok::<_, AnchorError>(packed)
        };
        let packed = blocking(replay).await?;
        Ok(Some(packed).filter(|packed| is_whole(packed) && root(packed) == right))
    }

    /// Every step of the journal leads to the root that it names, and that root is the tree's.
    async fn journal(&self) -> Result<(), ScrubError> {
        let history = Arc::clone(&self.log.heart().history);
        let mut at: Option<Frontier> = None;
        loop {
            let anchor = (self.view_anchor)()?;
            let after = at.as_ref().map_or(TreeSize::ZERO, Frontier::size);
            let most = self.entries_per_second;
            let part = move || {
                let (mut records, mut entries) = (Vec::new(), 0);
                anchor.replay(after, &mut |record| {
                    entries += record.head.size.get() - record.first.get();
                    records.push(record);
                    entries < most
                })?;
                Ok::<_, AnchorError>(records)
            };
            let records = blocking(part).await?;
            let Some(last) = records.last().map(|record| record.head) else {
                return Ok(());
            };
            for record in records {
                if record.head.size > history.size() {
                    return Ok(());
                }
                let begins = match at.take() {
                    Some(at) => at,
                    None => {
                        let subtrees = history.subtrees(record.first).await?;
                        Frontier::from_parts(record.first, subtrees)
                            .map_err(|_| Lost::Journal(record.first))?
                    }
                };
                let mut frontier = begins;
                let leaves = record.entries.chunks_exact(ENTRY_LEN).map(Hash::of_leaf);
                leaves.for_each(|leaf| frontier.append(leaf));
                if frontier.size() != record.head.size || frontier.root() != record.head.root {
                    return Err(Lost::Journal(record.head.size).into());
                }
                at = Some(frontier);
            }
            if history.root(last.size).await? != last.root {
                return Err(Lost::Journal(last.size).into());
            }
            self.pace(last.size.get().saturating_sub(after.get())).await;
        }
    }

    /// Waits as long as so many entries may take.
    pub(super) async fn pace(&self, entries: u64) {
        let micros = entries.saturating_mul(1_000_000) / self.entries_per_second.max(1);
        tokio::time::sleep(Duration::from_micros(micros)).await;
    }

    fn is_at(&self, size: TreeSize) {
        let position = i64::try_from(size.get()).unwrap_or(i64::MAX);
        self.log.metrics().scrub_position.set(position);
    }

    fn healed(&self, what: impl fmt::Display) {
        self.found("healed");
        tracing::error!(%what, "What was stored was damaged or missing; it was made again from what agrees. Look at the disk.");
    }

    fn found(&self, outcome: &str) {
        let found = self
            .log
            .metrics()
            .scrub_findings
            .with_label_values(&[outcome]);
        found.inc();
    }
}

/// The kept heads, smallest first, as the pass comes to their sizes.
#[derive(Default)]
struct Heads {
    waiting: std::collections::VecDeque<crate::storage::coord::Head>,
    read_to: Option<TreeSize>,
    is_all: bool,
}

impl Heads {
    /// Appends the entries, and compares each head of a size that is reached.
    async fn pass(
        &mut self,
        coord: &dyn Coord,
        frontier: &mut Frontier,
        packed: &[u8],
    ) -> Result<(), ScrubError> {
        self.compare(coord, frontier).await?;
        for entry in packed.chunks_exact(ENTRY_LEN) {
            frontier.append(Hash::of_leaf(entry));
            self.compare(coord, frontier).await?;
        }
        Ok(())
    }

    async fn compare(&mut self, coord: &dyn Coord, frontier: &Frontier) -> Result<(), ScrubError> {
        loop {
            if self.waiting.is_empty() && !self.is_all {
                let from = self.read_to.map_or(0, |size| size.get() + 1);
                let from = TreeSize::new(from).map_err(|_| HistoryError::NotThere)?;
                let heads = coord.heads_from(from, HEADS_AT_ONCE).await?;
                self.is_all = heads.is_empty();
                self.read_to = heads.last().map(|kept| kept.head.size).or(self.read_to);
                self.waiting.extend(heads.into_iter().map(|kept| kept.head));
            }
            match self.waiting.front() {
                Some(head) if head.size <= frontier.size() => {
                    if head.size == frontier.size() && head.root != frontier.root() {
                        return Err(Lost::Head(head.size).into());
                    }
                    self.waiting.pop_front();
                }
                _ => return Ok(()),
            }
        }
    }
}

/// What at least two of them are.
fn agreed(votes: &[Option<Hash>]) -> Option<Hash> {
    let count = |root: &Hash| votes.iter().flatten().filter(|vote| *vote == root).count();
    let best = votes.iter().flatten().max_by_key(|root| count(root))?;
    (count(best) >= 2).then_some(*best)
}

/// Those that were not found where they stand.
fn missing<T>(wanted: Vec<(T, LeafIndex)>, found: &[Vec<LeafIndex>]) -> Vec<(T, LeafIndex)> {
    let pairs = wanted.into_iter().zip(found);
    pairs
        .filter(|((_, index), found)| !found.contains(index))
        .map(|(wanted, _)| wanted)
        .collect()
}

fn is_whole(packed: &[u8]) -> bool {
    packed.len() == 256 * ENTRY_LEN
}

fn leaves(packed: &[u8]) -> impl Iterator<Item = Hash> + '_ {
    packed.chunks_exact(ENTRY_LEN).map(Hash::of_leaf)
}

fn root(packed: &[u8]) -> Hash {
    fold_perfect(&leaves(packed).collect::<Vec<_>>())
}

/// The hashes of a full tile.
fn hashes(bytes: &[u8]) -> Option<Vec<Hash>> {
    let (hashes, rest) = bytes.as_chunks::<32>();
    let is_full = hashes.len() == 256 && rest.is_empty();
    is_full.then(|| hashes.iter().copied().map(Hash::new).collect())
}

/// Files are read on a thread that may wait.
async fn blocking<T: Send + 'static>(
    read: impl FnOnce() -> Result<T, AnchorError> + Send + 'static,
) -> Result<T, ScrubError> {
    match tokio::task::spawn_blocking(read).await {
        Ok(Err(error @ AnchorError::Damaged { .. })) => {
            Err(Lost::JournalDamaged(error.to_string()).into())
        }
        Ok(read) => Ok(read?),
        Err(panicked) => Err(AnchorError::Unreadable(std::io::Error::other(panicked)).into()),
    }
}

/// What cannot be made again from what is left.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Lost {
    /// Bundle, rows and tiles disagree, or too few of them are left.
    #[error(
        "of the entries from {0} on, bundle, rows and tiles disagree and the journal does not have them: stop the log, \
         restore the newest copy of the tiles, and run `notarylog check`"
    )]
    Entries(LeafIndex),
    /// The newest rows do not hash to the head.
    #[error(
        "the newest rows, from entry {0} on, do not hash to the head: stop the log, restore the newest copy of the \
         database, which is rolled forward from the journal, and run `notarylog check`"
    )]
    Rows(TreeSize),
    /// A tile cannot be made again.
    #[error(
        "{0} cannot be made again: stop the log, restore the newest copy of the tiles, and run `notarylog check`"
    )]
    Tile(String),
    /// A head that was kept has another root than the entries.
    #[error(
        "the kept head of size {0} has another root than the entries: stop the log, restore the newest copy of the \
         database, which is rolled forward from the journal, and run `notarylog check`"
    )]
    Head(TreeSize),
    /// The journal differs from the tree.
    #[error(
        "the journal's step to size {0} is not the tree's: stop the log, move the journal's folder away and start again; \
         a new journal begins from the database"
    )]
    Journal(TreeSize),
    /// The journal cannot be read.
    #[error(
        "{0}: stop the log, move the journal's folder away and start again; a new journal begins from the database"
    )]
    JournalDamaged(String),
}

/// Why a pass ended early.
#[derive(Debug, thiserror::Error)]
pub(super) enum ScrubError {
    /// Something is lost.
    #[error(transparent)]
    Lost(#[from] Lost),
    #[error(transparent)]
    Coord(#[from] CoordError),
    #[error(transparent)]
    Objects(#[from] ObjectError),
    #[error(transparent)]
    Anchor(#[from] AnchorError),
    #[error(transparent)]
    History(#[from] HistoryError),
}

#[cfg(test)]
mod tests;
