//! The rows of the simulated database, and what each verb does to them.

use crate::storage::coord::{
    Advance, Committed, CoordError, Head, Incarnation, KeptBy, KeptHead, Seen, StoredNotice,
};
use crate::storage::lookup::Lookup;
use evidence::{AuditEvent, AuditRow, Commitment, ENTRY_LEN};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use tlog::{Frontier, Hash, LeafIndex, TreeSize};

/// What the database holds.
#[derive(Clone, Default)]
pub(crate) struct Tables {
    pub(super) state: Option<State>,
    pub(super) batches: Vec<Arc<Batch>>,
    pub(super) slots: Arc<ShortKeys>,
    pub(super) leaves: Arc<ShortKeys>,
    pub(super) leaves_indexed: u64,
    pub(super) heads: Arc<Vec<Head>>,
    pub(super) kept: BTreeMap<u64, Kept>,
    pub(super) witnessed: Option<KeptHead>,
    pub(super) notices: Vec<StoredNotice>,
    pub(super) seen: Vec<Seen>,
    pub(super) audit: Vec<AuditRow>,
}

#[derive(Clone)]
pub(super) struct State {
    pub(super) head: Head,
    pub(super) frontier: Frontier,
    pub(super) incarnation: Incarnation,
    pub(super) stored: TreeSize,
}

/// The entries of one step.
pub(crate) struct Batch {
    first: u64,
    committed_ms: u64,
    packed: Vec<u8>,
}

#[derive(Clone)]
pub(super) struct Kept {
    pub(super) head: Head,
    pub(super) note: Option<String>,
    pub(super) is_witnessed: bool,
}

/// A lookup by the first eight bytes, and one in full for those that collide.
#[derive(Clone, Default)]
pub(super) struct ShortKeys {
    by_prefix: HashMap<[u8; 8], u64>,
    overflow: HashMap<[u8; 32], u64>,
}

impl ShortKeys {
    pub(super) fn insert(&mut self, key: &[u8; 32], index: u64) {
        let (prefix, _) = key.split_first_chunk().expect("32 bytes begin with 8");
        if *self.by_prefix.entry(*prefix).or_insert(index) != index {
            self.overflow.insert(*key, index);
        }
    }

    /// Every row of the short keys.
    pub(super) fn rows(&self) -> Vec<(u64, LeafIndex)> {
        let numbered =
            |(key, index): (&[u8; 8], &u64)| (u64::from_be_bytes(*key), LeafIndex::new(*index));
        self.by_prefix.iter().map(numbered).collect()
    }

    /// Every row of those that collide.
    pub(super) fn overflow(&self) -> Vec<([u8; 32], LeafIndex)> {
        let rows = self.overflow.iter();
        rows.map(|(key, index)| (*key, LeafIndex::new(*index)))
            .collect()
    }

    pub(super) fn candidates(&self, key: &[u8; 32]) -> Vec<LeafIndex> {
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
    pub(super) fn lookup(&self, lookup: Lookup) -> &ShortKeys {
        match lookup {
            Lookup::Slots => &self.slots,
            Lookup::Leaves => &self.leaves,
        }
    }

    pub(super) fn state(&self) -> State {
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

    pub(super) fn follows(&self, next: &Advance) -> Result<(), &'static str> {
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

    pub(super) fn advance(&mut self, next: &Advance) {
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
        self.audit(next.audited());
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

    /// Adds these actions behind the newest audit row.
    pub(super) fn audit(&mut self, events: impl IntoIterator<Item = AuditEvent>) {
        for event in events {
            let row = AuditRow::behind(self.audit.last(), &event);
            self.audit.push(row);
        }
    }

    pub(super) fn earliest_kept(&self, index: LeafIndex, by: KeptBy) -> Option<KeptHead> {
        let mut kept = self.kept.range(index.get() + 1..).map(|(_, kept)| kept);
        let kept = kept.find(|kept| by == KeptBy::Log || kept.is_witnessed)?;
        Some(KeptHead {
            head: kept.head,
            note: kept.note.clone(),
        })
    }

    pub(super) fn store_witnessed(&mut self, head: &Head, note: &str, keep: bool) {
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

    pub(super) fn heads_from(&self, size: TreeSize, limit: u32) -> Vec<KeptHead> {
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

    pub(super) fn store_note(&mut self, head: &Head, note: &str) -> Result<(), CoordError> {
        match self.kept.get_mut(&head.size.get()) {
            Some(kept) if kept.head == *head => {
                kept.note.get_or_insert_with(|| note.to_owned());
                Ok(())
            }
            _ => Err(refused("this head is not kept")),
        }
    }

    pub(super) fn mark_stored(&mut self, stored: TreeSize) -> Result<(), CoordError> {
        let state = self.state();
        if stored > state.head.size || !stored.get().is_multiple_of(256) {
            return Err(refused("only full tiles can be marked as stored"));
        }
        let stored = stored.max(state.stored);
        self.state = Some(State { stored, ..state });
        Ok(())
    }

    /// Enters the first `count` of these leaves; the mark moves when it is all of them.
    pub(super) fn index_leaves(
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
    pub(super) fn droppable(&self, before_ms: u64) -> usize {
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

    pub(super) fn drop_heads(&mut self, newest: u32) {
        let stay = (newest.max(1) as usize).min(self.heads.len());
        let gone = self.heads.len() - stay;
        Arc::make_mut(&mut self.heads).drain(..gone);
    }
}

/// Nothing happened, for this reason.
pub(super) fn refused(why: &str) -> CoordError {
    CoordError::Refused(why.to_owned())
}
