//! Everything the log holds, to be read: entries, tiles, nodes, proofs.
//!
//! The newest hashes are in memory (the [`Edge`]), the newest entries in the database, all others in full tiles and
//! bundles in the object store. Hot tiles stay in a cache that is bounded in bytes.

use super::edge::Edge;
use super::full_tile::FullTile;
use super::recent_leaves::{RECENT_LEAVES_MAX, RecentLeaves};
use crate::storage::coord::{Coord, CoordError};
use crate::storage::objects::{ObjectError, Objects};
use bytes::Bytes;
use evidence::{ENTRY_LEN, Entry};
use std::sync::{Arc, Mutex, RwLock, RwLockReadGuard};
use tlog::{
    Bundle, Frontier, Growth, Hash, LeafIndex, NodeId, ProofPlan, RootPlan, TILE_HEIGHT,
    TILE_WIDTH, Tile, TreeSize, verify_inclusion,
};

/// Bytes of hot tiles and bundles kept in memory: the upper tiles of 10^8 entries and some thousand hot lower ones.
pub const TILE_CACHE_BYTES: u64 = 32 << 20;

/// An entry in a bundle: a two-byte length, then its bytes (c2sp.org/tlog-tiles, log entries).
const FRAMED_LEN: usize = 2 + ENTRY_LEN;

const RECENT_HELD: &str = "no holder of the recent leaves panics";

/// The log's memory of all that it holds.
pub struct History {
    edge: RwLock<Edge>,
    /// None while leaves are not looked up by their hash.
    recent: Mutex<Option<RecentLeaves>>,
    coord: Arc<dyn Coord>,
    objects: Arc<dyn Objects>,
    cache: moka::sync::Cache<CacheKey, Cached>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum CacheKey {
    Tile { level: u8, index: u64 },
    Bundle { index: u64 },
}

impl CacheKey {
    /// The tile that a node is read from.
    const fn of_tile_over(node: NodeId) -> Self {
        let (level, height) = (node.level() / TILE_HEIGHT, node.level() % TILE_HEIGHT);
        let index = (node.index() << height) / TILE_WIDTH;
        Self::Tile { level, index }
    }
}

#[derive(Clone)]
enum Cached {
    Tile(FullTile),
    Bundle(Bytes),
}

impl Cached {
    /// Bytes of memory at most.
    fn weight(&self) -> u32 {
        let bytes = match self {
            Self::Tile(_) => FullTile::BYTES_MAX,
            Self::Bundle(bytes) => bytes.len(),
        };
        u32::try_from(bytes).unwrap_or(u32::MAX)
    }
}

/// That a leaf stands in a tree: what a reader needs besides the entry.
#[derive(Debug)]
pub struct Inclusion {
    /// The leaf hash.
    pub leaf: Hash,
    /// The hashes beside the way to the root, the leaf's sibling first (RFC 6962 §2.1.1).
    pub proof: Vec<Hash>,
    /// The root that it leads to.
    pub root: Hash,
}

impl History {
    /// A history that ends at this edge.
    pub fn new(edge: Edge, coord: Arc<dyn Coord>, objects: Arc<dyn Objects>) -> Self {
        let cache = moka::sync::Cache::builder()
            .max_capacity(TILE_CACHE_BYTES)
            .weigher(|_, cached: &Cached| cached.weight())
            .build();
        Self {
            edge: RwLock::new(edge),
            recent: Mutex::new(None),
            coord,
            objects,
            cache,
        }
    }

    /// The newest committed size: how far tiles, bundles and proofs reach.
    pub fn size(&self) -> TreeSize {
        TreeSize::new(self.edge().size()).expect("the edge never outgrows a tree")
    }

    /// Takes in what a batch added, once it is committed.
    pub fn extend(&self, growth: &Growth) {
        self.edge
            .write()
            .expect("no holder of the edge panics")
            .extend(growth);
        if let Some(recent) = self.recent.lock().expect(RECENT_HELD).as_mut() {
            let (first, leaves) = growth.new_nodes_at(0);
            recent.extend(LeafIndex::new(first), leaves);
        }
    }

    /// From now on finds also those leaves by their hash that the lookup in the database does not have yet.
    pub async fn remember_recent(&self) -> Result<(), HistoryError> {
        let size = self.size();
        let from = self.coord.leaves_indexed().await?.get();
        // A lookup that was off for long is filled by the keeper, oldest leaves first.
        let to = size
            .get()
            .min(from.saturating_add(RECENT_LEAVES_MAX as u64));
        let to = TreeSize::new(to).map_err(|_| HistoryError::NotThere)?;
        let packed = self.entries(LeafIndex::new(from), to).await?;
        let leaves: Vec<Hash> = packed.chunks_exact(ENTRY_LEN).map(Hash::of_leaf).collect();
        let mut recent = RecentLeaves::default();
        recent.extend(LeafIndex::new(from), &leaves);
        *self.recent.lock().expect(RECENT_HELD) = Some(recent);
        Ok(())
    }

    /// Where a leaf stands that is in the tree and not yet in the database's lookup.
    pub fn find_recent(&self, leaf: &Hash) -> Option<LeafIndex> {
        self.recent.lock().expect(RECENT_HELD).as_ref()?.find(leaf)
    }

    /// Forgets leaves that the database's lookup has.
    pub fn forget_recent_below(&self, indexed: TreeSize) {
        if let Some(recent) = self.recent.lock().expect(RECENT_HELD).as_mut() {
            recent.forget_below(indexed);
        }
    }

    /// Forgets hashes whose full tiles are stored.
    pub fn forget_below(&self, stored: TreeSize) {
        self.edge
            .write()
            .expect("no holder of the edge panics")
            .forget_below(stored);
    }

    /// The hashes of a tile as they are served, `width` × 32 bytes.
    pub async fn tile(&self, tile: &Tile) -> Result<Bytes, HistoryError> {
        if !tile.exists_in(self.size()) {
            return Err(HistoryError::NotThere);
        }
        if let Some(hashes) = self.edge().tile(tile.level(), tile.index(), tile.width()) {
            return Ok(hashes.iter().flat_map(|hash| *hash.as_bytes()).collect());
        }
        let full = self.full_tile(tile.level(), tile.index()).await?;
        Ok(full.bytes().slice(..usize::from(tile.width()) * Hash::LEN))
    }

    /// A bundle of entries as it is served.
    pub async fn bundle(&self, bundle: &Bundle) -> Result<Bytes, HistoryError> {
        let first = bundle
            .index()
            .checked_mul(TILE_WIDTH)
            .ok_or(HistoryError::NotThere)?;
        let last = first
            .checked_add(u64::from(bundle.width()))
            .ok_or(HistoryError::NotThere)?;
        if last > self.size().get() {
            return Err(HistoryError::NotThere);
        }
        let to = TreeSize::new(last).map_err(|_| HistoryError::NotThere)?;
        match self.full_bundle(bundle.index()).await? {
            Some(full) => Ok(full.slice(..usize::from(bundle.width()) * FRAMED_LEN)),
            None => Ok(frame(
                &self.coord.read_back(LeafIndex::new(first), to).await?,
            )),
        }
    }

    /// The final bytes of one entry.
    pub async fn entry(&self, index: LeafIndex) -> Result<Entry, HistoryError> {
        if !index.lies_in(self.size()) {
            return Err(HistoryError::NotThere);
        }
        let after = TreeSize::new(index.get() + 1).map_err(|_| HistoryError::NotThere)?;
        let bytes = match self.coord.read_back(index, after).await {
            Ok(bytes) => Bytes::from(bytes),
            Err(CoordError::Absent) => {
                let full = self
                    .full_bundle(index.get() / TILE_WIDTH)
                    .await?
                    .ok_or(HistoryError::Lost)?;
                let place = usize::try_from(index.get() % TILE_WIDTH)
                    .expect("a place within a bundle is below 256");
                full.slice(place * FRAMED_LEN + 2..(place + 1) * FRAMED_LEN)
            }
            Err(error) => return Err(error.into()),
        };
        Entry::parse(&bytes).map_err(|_| HistoryError::Lost)
    }

    /// The final bytes of the entries `from..to`, packed: rows where they are, bundles elsewhere.
    pub async fn entries(&self, from: LeafIndex, to: TreeSize) -> Result<Vec<u8>, HistoryError> {
        if to > self.size() || from.get() > to.get() {
            return Err(HistoryError::NotThere);
        }
        match self.coord.read_back(from, to).await {
            Ok(bytes) => return Ok(bytes),
            Err(CoordError::Absent) => {}
            Err(error) => return Err(error.into()),
        }
        let mut packed = Vec::new();
        let mut at = from.get();
        while at < to.get() {
            let end = (at - at % TILE_WIDTH + TILE_WIDTH).min(to.get());
            match self.full_bundle(at / TILE_WIDTH).await? {
                Some(full) => {
                    for place in at % TILE_WIDTH..=(end - 1) % TILE_WIDTH {
                        let place =
                            usize::try_from(place).expect("a place within a bundle is below 256");
                        packed.extend_from_slice(
                            &full[place * FRAMED_LEN + 2..(place + 1) * FRAMED_LEN],
                        );
                    }
                }
                None => {
                    let end = TreeSize::new(end).map_err(|_| HistoryError::NotThere)?;
                    packed.extend(self.coord.read_back(LeafIndex::new(at), end).await?);
                }
            }
            at = end;
        }
        Ok(packed)
    }

    /// That a leaf stands in the tree of this size. The way to the root is walked before this answers: what a damaged
    /// tile makes false is never handed out as a proof.
    pub async fn inclusion(
        &self,
        index: LeafIndex,
        size: TreeSize,
    ) -> Result<Inclusion, HistoryError> {
        let plan = ProofPlan::inclusion(index, size).map_err(|_| HistoryError::NotThere)?;
        let proof = plan.assemble(&self.nodes(plan.nodes(), size).await?);
        let root = self.root(size).await?;
        let leaf = self.nodes(&[NodeId::new(0, index.get())], size).await?;
        let [leaf] = leaf[..] else {
            return Err(HistoryError::Lost);
        };
        if verify_inclusion(&leaf, index, size, &root, &proof).is_err() {
            // Whoever asks next reads these tiles again: they may be healed by then.
            for node in plan.nodes().iter().chain([&NodeId::new(0, index.get())]) {
                self.cache.invalidate(&CacheKey::of_tile_over(*node));
            }
            return Err(HistoryError::Lost);
        }
        Ok(Inclusion { leaf, proof, root })
    }

    /// The inclusion proof of an entry with this leaf hash, walked as by [`History::inclusion`].
    pub async fn inclusion_proof(
        &self,
        index: LeafIndex,
        leaf: Hash,
        size: TreeSize,
    ) -> Result<Vec<Hash>, HistoryError> {
        let inclusion = self.inclusion(index, size).await?;
        if inclusion.leaf == leaf {
            Ok(inclusion.proof)
        } else {
            Err(HistoryError::Lost)
        }
    }

    /// The consistency proof between the trees of two sizes.
    pub async fn consistency_proof(
        &self,
        old: TreeSize,
        new: TreeSize,
    ) -> Result<Vec<Hash>, HistoryError> {
        let plan = ProofPlan::consistency(old, new).map_err(|_| HistoryError::NotThere)?;
        Ok(plan.assemble(&self.nodes(plan.nodes(), new).await?))
    }

    /// What the tree of this size adds to the one of a frontier, if its leaves are still in memory.
    pub fn growth(&self, before: &Frontier, size: TreeSize) -> Option<Growth> {
        let leaves = self
            .edge()
            .leaves(before.size().get(), size.get())?
            .to_vec();
        Some(Growth::new(before, leaves))
    }

    /// The root of the tree of this size.
    pub async fn root(&self, size: TreeSize) -> Result<Hash, HistoryError> {
        let plan = RootPlan::new(size);
        Ok(plan.assemble(&self.nodes(plan.nodes(), size).await?))
    }

    /// The maximal perfect subtrees of the tree of this size, largest first.
    pub async fn subtrees(&self, size: TreeSize) -> Result<Vec<Hash>, HistoryError> {
        let nodes: Vec<NodeId> = perfect_subtrees(size).collect();
        self.nodes(&nodes, size).await
    }

    async fn nodes(&self, nodes: &[NodeId], size: TreeSize) -> Result<Vec<Hash>, HistoryError> {
        if size > self.size() {
            return Err(HistoryError::NotThere);
        }
        let mut hashes: Vec<Option<Hash>> = {
            let edge = self.edge();
            nodes.iter().map(|node| edge.node(*node)).collect()
        };
        for (node, hash) in nodes.iter().zip(&mut hashes) {
            if hash.is_none() {
                *hash = Some(self.stored_node(*node).await?);
            }
        }
        Ok(hashes.into_iter().flatten().collect())
    }

    async fn stored_node(&self, node: NodeId) -> Result<Hash, HistoryError> {
        let (level, height) = (node.level() / TILE_HEIGHT, node.level() % TILE_HEIGHT);
        let first = node.index() << height;
        let tile = self.full_tile(level, first / TILE_WIDTH).await?;
        let place = (first % TILE_WIDTH) >> height;
        tile.node(height, place).ok_or(HistoryError::Lost)
    }

    async fn full_tile(&self, level: u8, index: u64) -> Result<FullTile, HistoryError> {
        let key = CacheKey::Tile { level, index };
        if let Some(Cached::Tile(tile)) = self.cache.get(&key) {
            return Ok(tile);
        }
        let tile = Tile::new(level, index, 256).map_err(|_| HistoryError::NotThere)?;
        let bytes = self
            .objects
            .get(&tile.path())
            .await?
            .ok_or(HistoryError::Lost)?;
        let tile = FullTile::new(bytes).ok_or(HistoryError::Lost)?;
        self.cache.insert(key, Cached::Tile(tile.clone()));
        Ok(tile)
    }

    /// A stored bundle; `None` when the bundle is not stored yet.
    async fn full_bundle(&self, index: u64) -> Result<Option<Bytes>, HistoryError> {
        let key = CacheKey::Bundle { index };
        if let Some(Cached::Bundle(bytes)) = self.cache.get(&key) {
            return Ok(Some(bytes));
        }
        let bundle = Bundle::new(index, 256).map_err(|_| HistoryError::NotThere)?;
        let Some(bytes) = self.objects.get(&bundle.path()).await? else {
            return Ok(None);
        };
        if bytes.len() != usize::try_from(TILE_WIDTH).expect("256 fits") * FRAMED_LEN {
            return Err(HistoryError::Lost);
        }
        self.cache.insert(key, Cached::Bundle(bytes.clone()));
        Ok(Some(bytes))
    }

    #[cfg(test)]
    fn forget_cached(&self) {
        self.cache.invalidate_all();
    }

    pub(super) fn edge(&self) -> RwLockReadGuard<'_, Edge> {
        self.edge.read().expect("no holder of the edge panics")
    }
}

/// The maximal perfect subtrees of a tree, largest first: one for each set bit of its size.
pub fn perfect_subtrees(size: TreeSize) -> impl Iterator<Item = NodeId> {
    let size = size.get();
    (0..63u8)
        .rev()
        .filter(move |level| size >> level & 1 == 1)
        // The subtree is preceded by all larger ones: by the bits of the size above its own.
        .map(move |level| NodeId::new(level, (size >> level) - 1))
}

/// Frames packed entries as a bundle: each behind its two-byte length.
pub fn frame(packed: &[u8]) -> Bytes {
    let length = u16::try_from(ENTRY_LEN)
        .expect("an entry is 162 bytes")
        .to_be_bytes();
    packed
        .chunks_exact(ENTRY_LEN)
        .flat_map(|entry| length.iter().chain(entry))
        .copied()
        .collect()
}

/// The packed entries of a bundle; none if it is not framed as [`frame`] does it.
pub fn packed(framed: &[u8]) -> Option<Vec<u8>> {
    let length = u16::try_from(ENTRY_LEN).ok()?.to_be_bytes();
    let mut packed = Vec::with_capacity(framed.len() / FRAMED_LEN * ENTRY_LEN);
    for entry in framed.chunks(FRAMED_LEN) {
        if entry.len() != FRAMED_LEN || !entry.starts_with(&length) {
            return None;
        }
        packed.extend_from_slice(&entry[2..]);
    }
    Some(packed)
}

/// Why something cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The log does not hold it (yet): an index or a size beyond the tree.
    #[error("the log does not reach so far")]
    NotThere,
    /// The log must hold it and does not, or it is damaged: this path fails, others go on.
    #[error("a stored tile or bundle is missing or damaged; run `notarylog check`")]
    Lost,
    /// The database could not be read.
    #[error(transparent)]
    Coord(#[from] CoordError),
    /// The object store could not be read.
    #[error(transparent)]
    Objects(#[from] ObjectError),
}

#[cfg(test)]
mod tests;
