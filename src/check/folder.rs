//! `notarylog check DIR`: a log's own files, also beside a running `serve`.

use super::lookup::Unfound;
use super::walk::Walk;
use super::{Finding, Report, audit};
use crate::log::history::packed;
use crate::log::policy_notice::PolicyNotice;
use crate::storage::anchor::{Anchor, AnchorError, AnchorRecord};
use crate::storage::coord::{Coord, CoordError, KeptHead};
use crate::storage::objects::Objects;
use bytes::Bytes;
use evidence::{ENTRY_LEN, Entry, Notice, Registry, Slot, UtcDate};
use futures_util::stream::{self, StreamExt as _};
use service::AwsLc;
use tlog::{
    Bundle, Frontier, Hash, LeafIndex, Note, Policy, SignedCheckpoint, TILE_WIDTH, Tile, TreeSize,
};

/// Heads read at once.
const HEADS_AT_ONCE: u32 = 10_000;

/// Bundles that are read ahead of the one that is hashed: their files are read while others are hashed.
const BUNDLES_AHEAD: usize = 16;

/// What is stored of the entries of one full bundle.
struct BundleRead {
    bundle: Bundle,
    rows: Rows,
    /// The stored bundle.
    framed: Option<Bytes>,
    /// The stored tile of its leaf hashes.
    tile: Option<Bytes>,
    /// The entries of the stored bundle, packed, if it is whole.
    bundled: Option<Vec<u8>>,
    /// The leaf hashes of these.
    leaves: Vec<Hash>,
}

/// The entries of a stored bundle and their leaf hashes, hashed on another core than the one that walks.
async fn hashed(framed: Option<Bytes>) -> (Option<Vec<u8>>, Vec<Hash>) {
    let hash = move || {
        let packed = framed.as_deref().and_then(packed);
        let packed = packed.filter(|packed| packed.len() == 256 * ENTRY_LEN);
        let entries = packed.as_deref().unwrap_or_default();
        let leaves = entries.chunks_exact(ENTRY_LEN).map(Hash::of_leaf).collect();
        (packed, leaves)
    };
    tokio::task::spawn_blocking(hash).await.unwrap_or_default()
}

/// The rows of a bundle's entries.
enum Rows {
    /// Packed.
    There(Vec<u8>),
    /// Their window is over.
    Dropped,
    Damaged,
}

/// What is read. Nothing is written.
pub struct FolderCheck<'a> {
    /// Rows, heads and notices.
    pub coord: &'a dyn Coord,
    /// Tiles and bundles.
    pub objects: &'a dyn Objects,
    /// The journal.
    pub anchor: &'a dyn Anchor,
    /// Whether every entry's signature is verified too.
    pub verify_signatures: bool,
    /// The policy that the log runs under.
    pub policy: Option<&'a Policy>,
    /// The day, for the policy that counts.
    pub today: UtcDate,
}

impl FolderCheck<'_> {
    /// Reads everything; `progress` is told how many entries were hashed, and how many there are.
    pub async fn run(&self, progress: &mut dyn FnMut(u64, u64)) -> Result<Report, CoordError> {
        // A running log goes on: what is compared is the state as of now and everything before it.
        let committed = self.coord.committed().await?;
        let size = committed.head.size;
        let settled = audit::rows(self.coord).await?.len();
        let mut malformed = Vec::new();
        let mut notices = Vec::new();
        let stored_notices = self.coord.notices_from(0).await?;
        for stored in &stored_notices {
            match Notice::parse(&stored.document) {
                Ok(notice) => notices.push(notice),
                Err(_) => malformed.push(stored.index),
            }
        }
        let kept = self.heads(size).await?;
        let mut heads: Vec<_> = kept.iter().map(|kept| kept.head).collect();
        heads.push(committed.head);
        let mut walk = Walk::new(notices, heads, self.verify_signatures);
        for index in malformed {
            walk.report().find(Finding::Notice(index));
        }
        let journal_begins = self.journal_begins();
        if let Some(first) = journal_begins {
            walk.remember_at(first);
        }
        let indexed = self.coord.leaves_indexed().await?;
        walk.keep_leaves();
        self.stored(&mut walk, committed.stored, size, progress)
            .await?;
        self.rows(&mut walk, size, progress).await?;
        self.lookups(&mut walk, indexed).await?;
        if walk.size() != size {
            let have = walk.size().get();
            walk.report().find(Finding::Short {
                have,
                want: size.get(),
            });
        }
        if let Some(registry) = walk.registry().cloned() {
            check_notes(&mut walk, &registry, &kept);
            walk.report().policy_notice =
                Some(PolicyNotice::of(&registry, self.policy, self.today));
        }
        let rows = audit::rows(self.coord).await?;
        audit::compare(walk.report(), &rows, settled, &stored_notices);
        let begins = walk.remembered().cloned();
        self.journal(&mut walk, begins, committed.head.size, committed.head.root);
        Ok(walk.finish())
    }

    /// Full bundles and tiles, and the rows that are still there beside them.
    async fn stored(
        &self,
        walk: &mut Walk,
        stored: TreeSize,
        size: TreeSize,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<(), CoordError> {
        let mut reading = stream::iter(0..stored.get() / TILE_WIDTH)
            .map(|index| self.read_bundle(index))
            .buffered(BUNDLES_AHEAD);
        while let Some(read) = reading.next().await {
            let BundleRead {
                bundle,
                rows,
                framed,
                tile,
                bundled,
                leaves,
            } = read?;
            let first = LeafIndex::new(bundle.index() * TILE_WIDTH);
            let last = LeafIndex::new(first.get() + TILE_WIDTH - 1);
            if matches!(rows, Rows::Damaged) {
                walk.report().find(Finding::Row(first, last));
            }
            if framed.is_none() {
                walk.report().find(Finding::Missing(bundle.path()));
            }
            match (bundled, rows) {
                (Some(bundled), rows) => {
                    if matches!(rows, Rows::There(rows) if rows != bundled) {
                        walk.report().find(Finding::Row(first, last));
                    }
                    walk.hashed(&bundled, &leaves);
                }
                (None, Rows::There(rows)) if framed.is_none() => walk.entries(&rows),
                (None, _) => {
                    walk.report().find(Finding::Tile(bundle.path()));
                    return Ok(());
                }
            }
            for (completed, expected) in walk.completed() {
                if completed.level() == 0 {
                    walk.compare_tile(completed, &expected, tile.as_deref());
                } else {
                    let found = self.objects.get(&completed.path()).await.ok().flatten();
                    walk.compare_tile(completed, &expected, found.as_deref());
                }
            }
            progress(walk.size().get(), size.get());
        }
        Ok(())
    }

    /// All that is stored of the entries of one full bundle.
    async fn read_bundle(&self, index: u64) -> Result<BundleRead, CoordError> {
        let first = LeafIndex::new(index * TILE_WIDTH);
        let beyond = || CoordError::Damaged("a bundle beyond the largest tree".into());
        let bundle = Bundle::new(index, 256).map_err(|_| beyond())?;
        let tile = Tile::new(0, index, 256).map_err(|_| beyond())?;
        let after = TreeSize::new(first.get() + TILE_WIDTH).map_err(|_| beyond())?;
        let rows = match self.coord.read_back(first, after).await {
            Ok(rows) => Rows::There(rows),
            Err(CoordError::Absent) => Rows::Dropped,
            Err(CoordError::Damaged(_)) => Rows::Damaged,
            Err(error) => return Err(error),
        };
        let (bundle_path, tile_path) = (bundle.path(), tile.path());
        let (framed, tile) =
            futures_util::join!(self.objects.get(&bundle_path), self.objects.get(&tile_path));
        let framed = framed.ok().flatten();
        let (bundled, leaves) = hashed(framed.clone()).await;
        Ok(BundleRead {
            bundle,
            rows,
            framed,
            tile: tile.ok().flatten(),
            bundled,
            leaves,
        })
    }

    /// The newest entries, which lie in rows alone.
    async fn rows(
        &self,
        walk: &mut Walk,
        size: TreeSize,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<(), CoordError> {
        while walk.size() < size {
            let first = walk.size().get();
            let Ok(to) = TreeSize::new((first + 64 * TILE_WIDTH).min(size.get())) else {
                break;
            };
            match self.coord.read_back(LeafIndex::new(first), to).await {
                Ok(rows) => walk.entries(&rows),
                Err(CoordError::Absent | CoordError::Damaged(_)) => return Ok(()),
                Err(error) => return Err(error),
            }
            // Full tiles that are not stored yet have nothing to be compared with.
            walk.completed();
            progress(walk.size().get(), size.get());
        }
        Ok(())
    }

    /// Every entry of the walk is found by its slot, and by its leaf hash as far as that lookup is filled.
    async fn lookups(&self, walk: &mut Walk, indexed: TreeSize) -> Result<(), CoordError> {
        let unfound = Unfound::of(self.coord, walk, indexed).await?;
        for index in unfound.slots {
            let found = match (self.entry(index).await?, walk.registry()) {
                (Some(entry), Some(registry)) => match registry.author_at(&entry, index) {
                    Ok(author) => {
                        let slot = Slot::of(&author.bureau(), entry.tag());
                        self.coord.slot_candidates(&[slot]).await?.concat()
                    }
                    Err(_) => Vec::new(),
                },
                _ => Vec::new(),
            };
            if !found.contains(&index) {
                walk.report().find(Finding::SlotRow(index));
            }
        }
        for index in unfound.leaves {
            let found = match self.entry(index).await? {
                Some(entry) => {
                    let leaf = entry.leaf_hash();
                    self.coord.leaf_candidates(&[leaf]).await?.concat()
                }
                None => Vec::new(),
            };
            if !found.contains(&index) {
                walk.report().find(Finding::LeafRow(index));
            }
        }
        Ok(())
    }

    /// One entry as it is stored, wherever it lies.
    async fn entry(&self, index: LeafIndex) -> Result<Option<Entry>, CoordError> {
        let read = self.read_bundle(index.get() / TILE_WIDTH).await?;
        let place = usize::try_from(index.get() % TILE_WIDTH).unwrap_or_default() * ENTRY_LEN;
        let stored = read.framed.as_deref().and_then(packed);
        let bytes = match stored {
            Some(stored) => stored.get(place..place + ENTRY_LEN).map(<[u8]>::to_vec),
            None => match TreeSize::new(index.get() + 1) {
                Ok(after) => self.coord.read_back(index, after).await.ok(),
                Err(_) => None,
            },
        };
        Ok(bytes.and_then(|bytes| Entry::parse(&bytes).ok()))
    }

    async fn heads(&self, size: TreeSize) -> Result<Vec<KeptHead>, CoordError> {
        let mut heads: Vec<KeptHead> = Vec::new();
        let mut from = TreeSize::ZERO;
        loop {
            let next = self.coord.heads_from(from, HEADS_AT_ONCE).await?;
            let full = next.len() == usize::try_from(HEADS_AT_ONCE).unwrap_or(usize::MAX);
            let last = next.last().map(|kept| kept.head.size);
            heads.extend(next.into_iter().filter(|kept| kept.head.size <= size));
            match last.map(|last| TreeSize::new(last.get() + 1)) {
                Some(Ok(after)) if full => from = after,
                _ => return Ok(heads),
            }
        }
    }

    fn journal_begins(&self) -> Option<TreeSize> {
        let mut first = None;
        let _damaged = self.anchor.replay(TreeSize::ZERO, &mut |record| {
            first = Some(record.first);
            false
        });
        first
    }

    /// Every step of the journal leads to the root that it names, and the last one to ours.
    fn journal(&self, walk: &mut Walk, begins: Option<Frontier>, size: TreeSize, root: Hash) {
        let Some(mut frontier) = begins else {
            return if self.anchor.last().is_some() {
                walk.report().find(Finding::JournalDamaged(
                    "it begins beyond the entries".to_owned(),
                ));
            };
        };
        let report = walk.report();
        let replayed = self
            .anchor
            .replay(frontier.size(), &mut |record: AnchorRecord| {
                if record.head.size > size {
                    return false;
                }
                for entry in record.entries.chunks_exact(ENTRY_LEN) {
                    frontier.append(Hash::of_leaf(entry));
                }
                report.journal_steps += 1;
                let fits =
                    frontier.size() == record.head.size && frontier.root() == record.head.root;
                if !fits || (record.head.size == size && record.head.root != root) {
                    report.find(Finding::Journal(record.head.size));
                    return false;
                }
                true
            });
        match replayed {
            Ok(()) => {}
            Err(AnchorError::Damaged { segment, offset }) => {
                report.find(Finding::JournalDamaged(format!(
                    "{segment}, at byte {offset}"
                )));
            }
            Err(error) => report.find(Finding::JournalDamaged(error.to_string())),
        }
    }
}

/// Every stored note verifies under the log's three keys.
fn check_notes(walk: &mut Walk, registry: &Registry, kept: &[KeptHead]) {
    for KeptHead { head, note } in kept {
        let Some(note) = note else { continue };
        let holds = Note::parse(note.as_bytes()).is_ok_and(|note| {
            SignedCheckpoint::open(&note, registry.log_vkeys(), &AwsLc).is_ok_and(|signed| {
                signed.checkpoint().size() == head.size
                    && signed.checkpoint().root() == head.root
                    && signed.log_kinds().count() == registry.log_vkeys().len()
            })
        });
        if !holds {
            walk.report().find(Finding::HeadSignature(head.size));
        }
    }
}
