//! Whether the lookups hold every entry: their rows are summed up, and so is what they must be.
//!
//! To ask for each entry costs a search each, some fifty times as much as its row in a sum. Only where the sums differ, and
//! for the newest entries, whose slots wait to be entered, is every one asked for.

use super::{ScrubError, Scrubber};
use crate::log::Log;
use crate::storage::coord::CoordError;
use crate::storage::lookup::{Lookup, LookupSum, short_key};
use evidence::{ENTRY_LEN, Entry, Registry, Slot};
use std::ops::Range;
use std::sync::Arc;
use tlog::{Hash, LeafIndex, TreeSize};

/// A row of a sum is this much less work than an entry of the pass.
const ROWS_AN_ENTRY: u64 = 8;
/// Entries that are asked for at once.
const ASKED_AT_ONCE: usize = 256;

/// What the lookups must hold, as far as the pass is.
pub(super) struct LookupCheck {
    registry: Arc<Registry>,
    size: u64,
    slots: Expected,
    leaves: Expected,
}

/// What one lookup must hold of the entries below `below`: from there on it may hold some already.
struct Expected {
    lookup: Lookup,
    below: u64,
    sum: LookupSum,
}

impl LookupCheck {
    /// Begins a pass over so many entries. What is entered later than this is not summed up.
    pub(super) async fn begin(log: &Log, size: TreeSize) -> Result<Self, CoordError> {
        let waiting = log.coord().waiting_slots().await?;
        let entered = waiting.first().map_or(u64::MAX, |(first, _)| first.get());
        let indexed = log.coord().leaves_indexed().await?.get();
        let expected = |lookup, entered: u64| Expected {
            lookup,
            below: entered.min(size.get()),
            sum: LookupSum::default(),
        };
        Ok(Self {
            registry: log.heart().registry.load_full(),
            size: size.get(),
            slots: expected(Lookup::Slots, entered),
            leaves: expected(Lookup::Leaves, indexed),
        })
    }

    /// Takes in the next entries of the pass.
    pub(super) fn take(&mut self, first: u64, packed: &[u8]) {
        for (index, bytes) in (first..)
            .map(LeafIndex::new)
            .zip(packed.chunks_exact(ENTRY_LEN))
        {
            if let Ok(entry) = Entry::parse(bytes)
                && let Ok(author) = self.registry.author_at(&entry, index)
            {
                let slot = Slot::of(&author.bureau(), entry.tag());
                self.slots.add(short_key(slot.as_bytes()), index);
            }
            self.leaves
                .add(short_key(Hash::of_leaf(bytes).as_bytes()), index);
        }
    }

    /// Sums up the lookups, slowly; answers the runs of entries that have to be asked for one by one.
    pub(super) async fn finish(self, scrubber: &Scrubber) -> Result<Vec<Range<u64>>, ScrubError> {
        let mut sure = u64::MAX;
        for expected in [self.slots, self.leaves] {
            let holds = expected.holds(scrubber).await?;
            let newest = match expected.lookup {
                // Those that wait are held in memory too and cost little to ask for.
                Lookup::Slots => expected.below,
                // Whoever fills the lookup goes on from there and has them in hand.
                Lookup::Leaves => self.size,
            };
            sure = sure.min(if holds { newest } else { 0 });
        }
        let starts = (sure..self.size).step_by(ASKED_AT_ONCE);
        Ok(starts
            .map(|start| start..(start + ASKED_AT_ONCE as u64).min(self.size))
            .collect())
    }
}

impl Expected {
    fn add(&mut self, key: u64, index: LeafIndex) {
        if index.get() < self.below {
            self.sum.add(key, index);
        }
    }

    async fn holds(&self, scrubber: &Scrubber) -> Result<bool, ScrubError> {
        let coord = scrubber.log.coord();
        let mut found = LookupSum::default();
        let mut count = |key, index: LeafIndex| {
            if index.get() < self.below {
                found.add(key, index);
            }
        };
        for (hash, index) in coord.overflow(self.lookup).await? {
            count(short_key(&hash), index);
        }
        let mut at = None;
        loop {
            let page = coord.page(self.lookup, at).await?;
            let rows = page.rows.len() as u64;
            for (key, index) in page.rows {
                count(key, index);
            }
            scrubber.pace(rows / ROWS_AN_ENTRY).await;
            at = page.next;
            if at.is_none() {
                return Ok(found == self.sum);
            }
        }
    }
}
