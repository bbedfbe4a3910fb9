//! `notarylog check DIR`: a log's own files, also beside a running `serve`.

use super::walk::Walk;
use super::{Finding, Report, audit, lookup};
use crate::log::history::{frame, packed};
use crate::log::policy_notice::PolicyNotice;
use crate::storage::anchor::{Anchor, AnchorError, AnchorRecord};
use crate::storage::coord::{Coord, CoordError, KeptHead};
use crate::storage::objects::Objects;
use evidence::{ENTRY_LEN, Notice, Registry, UtcDate};
use service::AwsLc;
use tlog::{
    Bundle, Frontier, Hash, LeafIndex, Note, Policy, SignedCheckpoint, TILE_WIDTH, TreeSize,
};

/// Heads read at once.
const HEADS_AT_ONCE: u32 = 10_000;

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
        self.stored(&mut walk, committed.stored, size, indexed, progress)
            .await?;
        self.rows(&mut walk, size, indexed, progress).await?;
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
        indexed: TreeSize,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<(), CoordError> {
        for index in 0..stored.get() / TILE_WIDTH {
            let Ok(bundle) = Bundle::new(index, 256) else {
                break;
            };
            let (first, after) = (index * TILE_WIDTH, (index + 1) * TILE_WIDTH);
            let rows = match TreeSize::new(after) {
                Ok(after) => self.coord.read_back(LeafIndex::new(first), after).await,
                Err(_) => break,
            };
            let rows = match rows {
                Ok(rows) => Some(rows),
                Err(CoordError::Absent) => None,
                Err(CoordError::Damaged(_)) => {
                    walk.report().find(Finding::Row(
                        LeafIndex::new(first),
                        LeafIndex::new(after - 1),
                    ));
                    None
                }
                Err(error) => return Err(error),
            };
            let found = self.objects.get(&bundle.path()).await.ok().flatten();
            let packed = match &found {
                Some(framed) => {
                    let packed = packed(framed).unwrap_or_default();
                    if rows.as_ref().is_some_and(|rows| frame(rows) != *framed) {
                        walk.report().find(Finding::Row(
                            LeafIndex::new(first),
                            LeafIndex::new(after - 1),
                        ));
                    }
                    packed
                }
                None => {
                    walk.report().find(Finding::Missing(bundle.path()));
                    rows.unwrap_or_default()
                }
            };
            if packed.len() != 256 * ENTRY_LEN {
                walk.report().find(Finding::Tile(bundle.path()));
                return Ok(());
            }
            walk.entries(&packed);
            lookup::compare(self.coord, walk, first, &packed, indexed).await?;
            self.compare_completed(walk).await;
            progress(walk.size().get(), size.get());
        }
        Ok(())
    }

    async fn compare_completed(&self, walk: &mut Walk) {
        for (tile, expected) in walk.completed() {
            let found = self.objects.get(&tile.path()).await.ok().flatten();
            walk.compare_tile(tile, &expected, found.as_deref());
        }
    }

    /// The newest entries, which lie in rows alone.
    async fn rows(
        &self,
        walk: &mut Walk,
        size: TreeSize,
        indexed: TreeSize,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<(), CoordError> {
        while walk.size() < size {
            let first = walk.size().get();
            let Ok(to) = TreeSize::new((first + 64 * TILE_WIDTH).min(size.get())) else {
                break;
            };
            match self.coord.read_back(LeafIndex::new(first), to).await {
                Ok(rows) => {
                    walk.entries(&rows);
                    lookup::compare(self.coord, walk, first, &rows, indexed).await?;
                }
                Err(CoordError::Absent | CoordError::Damaged(_)) => return Ok(()),
                Err(error) => return Err(error),
            }
            // Full tiles that are not stored yet have nothing to be compared with.
            walk.completed();
            progress(walk.size().get(), size.get());
        }
        Ok(())
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
