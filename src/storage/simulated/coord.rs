//! The twin of the database: tables in memory, each verb one transaction or some.

use super::{Disk, Fault, FlipPlace, Process, atomic, divisible, read};
use crate::storage::coord::{
    Advance, Committed, Coord, CoordError, Head, HeadLock, Incarnation, KeptBy, KeptHead, Seen,
    StoredNotice, WitnessedHeads,
};
use async_trait::async_trait;
use evidence::{Commitment, ENTRY_LEN, Slot};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex};
use tlog::{Frontier, Hash, LeafIndex, TreeSize};
use tokio::sync::OwnedMutexGuard;

/// What the database holds.
#[derive(Clone, Default)]
pub(crate) struct Tables {
    state: Option<State>,
    batches: Vec<Arc<Batch>>,
    slots: Arc<ShortKeys>,
    leaves: Arc<ShortKeys>,
    leaves_indexed: u64,
    heads: Arc<Vec<Head>>,
    kept: BTreeMap<u64, Kept>,
    witnessed: Option<KeptHead>,
    notices: Vec<StoredNotice>,
    seen: Vec<Seen>,
}

#[derive(Clone)]
struct State {
    head: Head,
    frontier: Frontier,
    incarnation: Incarnation,
    stored: TreeSize,
}

/// The entries of one step.
pub(crate) struct Batch {
    first: u64,
    committed_ms: u64,
    packed: Vec<u8>,
}

#[derive(Clone)]
struct Kept {
    head: Head,
    note: Option<String>,
    is_witnessed: bool,
}

/// A lookup by the first eight bytes, and one in full for those that collide.
#[derive(Clone, Default)]
struct ShortKeys {
    by_prefix: HashMap<[u8; 8], u64>,
    overflow: HashMap<[u8; 32], u64>,
}

impl ShortKeys {
    fn insert(&mut self, key: &[u8; 32], index: u64) {
        let (prefix, _) = key.split_first_chunk().expect("32 bytes begin with 8");
        if *self.by_prefix.entry(*prefix).or_insert(index) != index {
            self.overflow.insert(*key, index);
        }
    }

    fn candidates(&self, key: &[u8; 32]) -> Vec<LeafIndex> {
        let (prefix, _) = key.split_first_chunk().expect("32 bytes begin with 8");
        let found = [self.by_prefix.get(prefix), self.overflow.get(key)];
        found
            .into_iter()
            .flatten()
            .copied()
            .map(LeafIndex::new)
            .collect()
    }
}

impl Tables {
    fn state(&self) -> State {
        self.state.clone().unwrap_or_else(|| State {
            head: Head {
                size: TreeSize::ZERO,
                root: Hash::EMPTY_ROOT,
                time_ms: 0,
            },
            frontier: Frontier::empty(),
            incarnation: Incarnation([0; 16]),
            stored: TreeSize::ZERO,
        })
    }

    /// The newest committed state.
    pub(crate) fn committed(&self) -> Committed {
        let State {
            head,
            frontier,
            incarnation,
            stored,
        } = self.state();
        Committed {
            head,
            frontier,
            incarnation,
            stored,
            notices: self.notices.len() as u64,
            kept: self.kept.values().next_back().map(|kept| kept.head),
        }
    }

    /// Up to where the lookup by leaf hash is filled.
    pub(crate) const fn leaves_indexed(&self) -> u64 {
        self.leaves_indexed
    }

    /// The entries `from..to`, packed.
    pub(crate) fn entries(&self, from: u64, to: u64) -> Result<Vec<u8>, CoordError> {
        let mut packed = Vec::new();
        let mut next = from;
        let begins = self.batches.partition_point(|batch| batch.first <= from);
        for batch in self.batches.iter().skip(begins.saturating_sub(1)) {
            let end = batch.first + (batch.packed.len() / ENTRY_LEN) as u64;
            if next >= to || batch.first > next {
                break;
            }
            if end > next {
                let place = |index: u64| {
                    usize::try_from(index - batch.first).unwrap_or(usize::MAX) * ENTRY_LEN
                };
                packed.extend_from_slice(&batch.packed[place(next)..place(to.min(end))]);
                next = to.min(end);
            }
        }
        if next < to {
            return Err(CoordError::Absent);
        }
        Ok(packed)
    }

    fn follows(&self, next: &Advance) -> Result<(), &'static str> {
        let before = self.committed();
        let (head, after) = (before.head, next.head);
        let slots: HashSet<_> = next
            .entries
            .iter()
            .map(|entry| entry.slot.as_bytes())
            .collect();
        let notices_follow = (before.notices..).zip(&next.notices).all(|(seq, notice)| {
            notice.seq == seq
                && !notice.index.lies_in(head.size)
                && notice.index.lies_in(after.size)
                && Commitment::of_document(&notice.document) == notice.commitment
        });
        let rules = [
            (
                head.size.plus(next.entries.len() as u64) == Some(after.size),
                "the head does not grow by its entries",
            ),
            (
                after.size != TreeSize::ZERO,
                "a log without entries has no head",
            ),
            (after.time_ms > head.time_ms, "the head is not later"),
            (
                after.size != head.size || after.root == head.root,
                "a tree of one size has one root",
            ),
            (
                next.frontier.size() == after.size && next.frontier.root() == after.root,
                "the frontier is not the head's",
            ),
            (
                !next.keep || before.kept.is_none_or(|kept| kept.size < after.size),
                "the head covers no more than the last one that is kept",
            ),
            (
                slots.len() == next.entries.len(),
                "one step has a slot twice",
            ),
            (notices_follow, "a notice does not belong to the step"),
        ];
        rules
            .iter()
            .find(|(holds, _)| !holds)
            .map_or(Ok(()), |(_, why)| Err(*why))
    }

    fn advance(&mut self, next: &Advance) {
        let first = self.state().head.size.get();
        if !next.entries.is_empty() {
            let slots = Arc::make_mut(&mut self.slots);
            for (index, entry) in (first..).zip(&next.entries) {
                slots.insert(entry.slot.as_bytes(), index);
            }
            self.batches.push(Arc::new(Batch {
                first,
                committed_ms: next.head.time_ms,
                packed: next.entries.iter().flat_map(|entry| entry.bytes).collect(),
            }));
        }
        self.notices.extend(next.notices.iter().cloned());
        Arc::make_mut(&mut self.heads).push(next.head);
        if next.keep {
            let kept = Kept {
                head: next.head,
                note: None,
                is_witnessed: false,
            };
            self.kept.insert(next.head.size.get(), kept);
        }
        self.state = Some(State {
            head: next.head,
            frontier: next.frontier.clone(),
            ..self.state()
        });
    }

    fn earliest_kept(&self, index: LeafIndex, by: KeptBy) -> Option<KeptHead> {
        let mut kept = self.kept.range(index.get() + 1..).map(|(_, kept)| kept);
        let kept = kept.find(|kept| by == KeptBy::Log || kept.is_witnessed)?;
        Some(KeptHead {
            head: kept.head,
            note: kept.note.clone(),
        })
    }

    fn store_witnessed(&mut self, head: &Head, note: &str, keep: bool) {
        let note = Some(note.to_owned());
        let newest = self
            .witnessed
            .as_ref()
            .map_or(0, |newest| newest.head.time_ms);
        if head.time_ms >= newest {
            let (head, note) = (*head, note.clone());
            self.witnessed = Some(KeptHead { head, note });
        }
        let there = self.kept.get(&head.size.get());
        let gives_way =
            there.is_none_or(|there| !there.is_witnessed && there.head.root == head.root);
        if keep && gives_way {
            let kept = Kept {
                head: *head,
                note,
                is_witnessed: true,
            };
            self.kept.insert(head.size.get(), kept);
        }
    }

    fn heads_from(&self, size: TreeSize, limit: u32) -> Vec<KeptHead> {
        let mut heads: BTreeMap<(u64, u64), KeptHead> = BTreeMap::new();
        let noted = |head: &Head, note: Option<String>| KeptHead { head: *head, note };
        let from = self.heads.partition_point(|head| head.size < size);
        for head in &self.heads[from..] {
            heads.insert((head.size.get(), head.time_ms), noted(head, None));
        }
        for kept in self.kept.range(size.get()..).map(|(_, kept)| kept) {
            let key = (kept.head.size.get(), kept.head.time_ms);
            heads.insert(key, noted(&kept.head, kept.note.clone()));
        }
        heads.into_values().take(limit as usize).collect()
    }

    fn store_note(&mut self, head: &Head, note: &str) -> Result<(), CoordError> {
        match self.kept.get_mut(&head.size.get()) {
            Some(kept) if kept.head == *head => {
                kept.note.get_or_insert_with(|| note.to_owned());
                Ok(())
            }
            _ => Err(refused("this head is not kept")),
        }
    }

    fn mark_stored(&mut self, stored: TreeSize) -> Result<(), CoordError> {
        let state = self.state();
        if stored > state.head.size || !stored.get().is_multiple_of(256) {
            return Err(refused("only full tiles can be marked as stored"));
        }
        let stored = stored.max(state.stored);
        self.state = Some(State { stored, ..state });
        Ok(())
    }

    /// Enters the first `count` of these leaves; the mark moves when it is all of them.
    fn index_leaves(
        &mut self,
        first: LeafIndex,
        leaves: &[Hash],
        count: usize,
    ) -> Result<(), CoordError> {
        let to = first.get() + leaves.len() as u64;
        if first.get() != self.leaves_indexed || to > self.state().head.size.get() {
            return Err(refused("leaves are indexed in order"));
        }
        let keys = Arc::make_mut(&mut self.leaves);
        for (index, leaf) in (first.get()..).zip(leaves).take(count) {
            keys.insert(leaf.as_bytes(), index);
        }
        if count == leaves.len() {
            self.leaves_indexed = to;
        }
        Ok(())
    }

    /// How many of the oldest rows may go.
    fn droppable(&self, before_ms: u64) -> usize {
        let stored = self.state().stored.get();
        let is_old = |batch: &&Arc<Batch>| {
            let end = batch.first + (batch.packed.len() / ENTRY_LEN) as u64;
            batch.committed_ms < before_ms && end <= stored
        };
        self.batches.iter().take_while(is_old).count()
    }

    /// Writes these entries over the rows that hold them.
    pub(crate) fn replace_rows(&mut self, first: u64, packed: &[u8]) {
        for batch in &mut self.batches {
            let mut rows = batch.packed.clone();
            for (index, row) in (batch.first..).zip(rows.chunks_exact_mut(ENTRY_LEN)) {
                let place = index
                    .checked_sub(first)
                    .and_then(|place| usize::try_from(place).ok());
                let entry = place.and_then(|place| packed.chunks_exact(ENTRY_LEN).nth(place));
                if let Some(entry) = entry {
                    row.copy_from_slice(entry);
                }
            }
            if rows != batch.packed {
                let (first, committed_ms) = (batch.first, batch.committed_ms);
                *batch = Arc::new(Batch {
                    first,
                    committed_ms,
                    packed: rows,
                });
            }
        }
    }

    /// Loses the rows of the lookups that lead to this entry.
    pub(crate) fn lose_lookups(&mut self, index: u64) {
        for keys in [&mut self.slots, &mut self.leaves] {
            let keys = Arc::make_mut(keys);
            keys.by_prefix.retain(|_, at| *at != index);
            keys.overflow.retain(|_, at| *at != index);
        }
    }

    /// Damages the root of the newest kept head.
    pub(crate) fn damage_kept_head(&mut self) {
        if let Some(mut kept) = self.kept.last_entry() {
            kept.get_mut().head.root = Hash::of(b"damaged");
        }
    }

    fn drop_heads(&mut self, newest: u32) {
        let stay = (newest.max(1) as usize).min(self.heads.len());
        let gone = self.heads.len() - stay;
        Arc::make_mut(&mut self.heads).drain(..gone);
    }
}

/// A process's handle on the database.
pub(crate) struct SimulatedCoord {
    process: Process,
    /// The head lock of the machine.
    head: Arc<tokio::sync::Mutex<()>>,
    own: Mutex<Option<Incarnation>>,
}

impl SimulatedCoord {
    /// A handle; those that share a `head` exclude each other.
    pub(crate) fn new(process: &Process, head: &Arc<tokio::sync::Mutex<()>>) -> Self {
        Self {
            process: process.clone(),
            head: Arc::clone(head),
            own: Mutex::new(None),
        }
    }

    async fn read<T>(
        &self,
        name: &'static str,
        ask: impl FnOnce(&Disk) -> Result<T, CoordError>,
    ) -> Result<T, CoordError> {
        let ask = |disk: &mut Disk| ask(disk);
        self.process.operate(read(name), failed, ask, |_| {}).await
    }

    async fn write(
        &self,
        name: &'static str,
        change: impl FnOnce(&mut Tables) -> Result<(), CoordError>,
    ) -> Result<(), CoordError> {
        let change = |disk: &mut Disk| change(&mut disk.tables);
        self.process
            .operate(atomic(name), failed, change, |_| {})
            .await
    }
}

#[async_trait]
impl Coord for SimulatedCoord {
    async fn committed(&self) -> Result<Committed, CoordError> {
        self.read("committed", |disk| Ok(disk.tables.committed()))
            .await
    }

    async fn lock(&self) -> Result<Box<dyn HeadLock + '_>, CoordError> {
        let held = Arc::clone(&self.head).lock_owned().await;
        let committed = self
            .read("lock", |disk| Ok(disk.tables.committed()))
            .await?;
        Ok(Box::new(SimulatedHeadLock {
            coord: self,
            committed,
            _held: held,
        }))
    }

    async fn open(&self, incarnation: Incarnation) -> Result<(), CoordError> {
        self.write("open", |tables| {
            tables.state = Some(State {
                incarnation,
                ..tables.state()
            });
            Ok(())
        })
        .await?;
        *self.own.lock().expect("no holder of the name panics") = Some(incarnation);
        Ok(())
    }

    async fn read_back(&self, from: LeafIndex, to: TreeSize) -> Result<Vec<u8>, CoordError> {
        let ask = |disk: &Disk| disk.tables.entries(from.get(), to.get());
        let mut packed = self.read("read back", ask).await?;
        self.process.pass_through(FlipPlace::ReadBack, &mut packed);
        Ok(packed)
    }

    async fn slot_candidates(&self, slots: &[Slot]) -> Result<Vec<Vec<LeafIndex>>, CoordError> {
        let of = |disk: &Disk, slot: &Slot| disk.tables.slots.candidates(slot.as_bytes());
        let ask = |disk: &Disk| Ok(slots.iter().map(|slot| of(disk, slot)).collect());
        self.read("slots", ask).await
    }

    async fn leaf_candidates(&self, leaves: &[Hash]) -> Result<Vec<Vec<LeafIndex>>, CoordError> {
        let of = |disk: &Disk, leaf: &Hash| disk.tables.leaves.candidates(leaf.as_bytes());
        let ask = |disk: &Disk| Ok(leaves.iter().map(|leaf| of(disk, leaf)).collect());
        self.read("leaves", ask).await
    }

    async fn notices_from(&self, seq: u64) -> Result<Vec<StoredNotice>, CoordError> {
        let from = usize::try_from(seq).unwrap_or(usize::MAX);
        let ask = |disk: &Disk| Ok(disk.tables.notices.iter().skip(from).cloned().collect());
        self.read("notices", ask).await
    }

    async fn notice(&self, commitment: &Commitment) -> Result<Option<StoredNotice>, CoordError> {
        let is_it = |notice: &&StoredNotice| notice.commitment == *commitment;
        let ask = |disk: &Disk| Ok(disk.tables.notices.iter().find(is_it).cloned());
        self.read("notice", ask).await
    }

    async fn earliest_kept(
        &self,
        index: LeafIndex,
        by: KeptBy,
    ) -> Result<Option<KeptHead>, CoordError> {
        let ask = |disk: &Disk| Ok(disk.tables.earliest_kept(index, by));
        self.read("earliest kept", ask).await
    }

    async fn witnessed(&self) -> Result<WitnessedHeads, CoordError> {
        self.read("witnessed", |disk| {
            let mut kept = disk.tables.kept.values().rev();
            Ok(WitnessedHeads {
                newest: disk.tables.witnessed.clone(),
                kept: kept.find(|kept| kept.is_witnessed).map(|kept| kept.head),
            })
        })
        .await
    }

    async fn store_witnessed(&self, head: &Head, note: &str, keep: bool) -> Result<(), CoordError> {
        self.write("store witnessed", |tables| {
            tables.store_witnessed(head, note, keep);
            Ok(())
        })
        .await
    }

    async fn seen(&self) -> Result<Vec<Seen>, CoordError> {
        self.read("seen", |disk| Ok(disk.tables.seen.clone())).await
    }

    async fn store_seen(&self, seen: &[Seen]) -> Result<(), CoordError> {
        self.write("store seen", |tables| {
            for one in seen {
                let mut known = tables.seen.iter_mut();
                match known.find(|known| known.key_hash == one.key_hash) {
                    Some(known) if known.head.time_ms > one.head.time_ms => {}
                    Some(known) => *known = one.clone(),
                    None => tables.seen.push(one.clone()),
                }
            }
            Ok(())
        })
        .await
    }

    async fn heads_from(&self, size: TreeSize, limit: u32) -> Result<Vec<KeptHead>, CoordError> {
        let ask = |disk: &Disk| Ok(disk.tables.heads_from(size, limit));
        self.read("heads", ask).await
    }

    async fn store_note(&self, head: &Head, note: &str) -> Result<(), CoordError> {
        self.write("store note", |tables| tables.store_note(head, note))
            .await
    }

    async fn mark_stored(&self, stored: TreeSize) -> Result<(), CoordError> {
        self.write("mark stored", |tables| tables.mark_stored(stored))
            .await
    }

    async fn index_leaves(&self, first: LeafIndex, leaves: &[Hash]) -> Result<(), CoordError> {
        let enter = |disk: &mut Disk, count| disk.tables.index_leaves(first, leaves, count);
        self.process
            .operate(
                divisible("index leaves"),
                failed,
                |disk| enter(disk, leaves.len()),
                |disk| drop(enter(disk, leaves.len() / 2)),
            )
            .await
    }

    async fn leaves_indexed(&self) -> Result<TreeSize, CoordError> {
        self.read("leaves indexed", |disk| {
            TreeSize::new(disk.tables.leaves_indexed).map_err(|_| refused("too many leaves"))
        })
        .await
    }

    async fn replace_rows(&self, first: LeafIndex, packed: &[u8]) -> Result<(), CoordError> {
        self.write("replace rows", |tables| {
            tables.replace_rows(first.get(), packed);
            Ok(())
        })
        .await
    }

    async fn restore_lookups(
        &self,
        slots: &[(Slot, LeafIndex)],
        leaves: &[(Hash, LeafIndex)],
    ) -> Result<(), CoordError> {
        self.write("restore lookups", |tables| {
            for (slot, index) in slots {
                Arc::make_mut(&mut tables.slots).insert(slot.as_bytes(), index.get());
            }
            for (leaf, index) in leaves {
                Arc::make_mut(&mut tables.leaves).insert(leaf.as_bytes(), index.get());
            }
            Ok(())
        })
        .await
    }

    async fn trim(&self, before_ms: u64, heads: u32) -> Result<(), CoordError> {
        let drop_rows = |disk: &mut Disk, of: usize| {
            let count = disk.tables.droppable(before_ms) / of;
            disk.tables.batches.drain(..count);
        };
        self.process
            .operate(
                divisible("trim"),
                failed,
                |disk| {
                    drop_rows(disk, 1);
                    disk.tables.drop_heads(heads);
                    Ok(())
                },
                |disk| drop_rows(disk, 2),
            )
            .await
    }

    async fn checkpoint(&self) -> Result<(), CoordError> {
        self.write("checkpoint", |_| Ok(())).await
    }
}

struct SimulatedHeadLock<'a> {
    coord: &'a SimulatedCoord,
    committed: Committed,
    _held: OwnedMutexGuard<()>,
}

#[async_trait]
impl HeadLock for SimulatedHeadLock<'_> {
    fn committed(&self) -> &Committed {
        &self.committed
    }

    async fn slot_candidates(&mut self, slots: &[Slot]) -> Result<Vec<Vec<LeafIndex>>, CoordError> {
        self.coord.slot_candidates(slots).await
    }

    async fn advance(self: Box<Self>, advance: &Advance) -> Result<(), CoordError> {
        let own = *self.coord.own.lock().expect("no holder of the name panics");
        let mut advance = advance.clone();
        let process = &self.coord.process;
        for entry in &mut advance.entries {
            process.pass_through(FlipPlace::Leaf, &mut entry.bytes);
        }
        let mut root = *advance.head.root.as_bytes();
        process.pass_through(FlipPlace::Root, &mut root);
        advance.head.root = Hash::new(root);
        let frontier = &advance.frontier;
        let mut hashes: Vec<u8> = (frontier.hashes().iter())
            .flat_map(|hash| *hash.as_bytes())
            .collect();
        process.pass_through(FlipPlace::Frontier, &mut hashes);
        let hashes = hashes.as_chunks().0.iter().copied().map(Hash::new);
        advance.frontier = Frontier::from_parts(frontier.size(), hashes.collect())
            .expect("there are as many hashes as before");
        self.coord
            .write("advance", |tables| {
                let state = tables.state();
                if own != Some(state.incarnation) || state.head != self.committed.head {
                    return Err(refused("another process passed the start-up gate"));
                }
                tables.follows(&advance).map_err(refused)?;
                tables.advance(&advance);
                Ok(())
            })
            .await
    }
}

fn refused(why: &str) -> CoordError {
    CoordError::Refused(why.to_owned())
}

fn failed(fault: Fault) -> CoordError {
    match fault {
        Fault::Refused => refused("simulated"),
        Fault::Full => CoordError::DiskFull,
        _ => CoordError::Unknown("simulated".to_owned()),
    }
}
