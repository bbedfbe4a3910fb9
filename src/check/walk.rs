//! The walk: all entries in order, hashed and held against tiles, heads and notices. Pure: bytes come from the caller.

use super::{Finding, Report};
use crate::log::edge::fold_perfect;
use crate::storage::coord::Head;
use evidence::{
    AuditSpan, Author, Commitment, ENTRY_LEN, Entry, KeyHash, Kind, Notice, Registry, Slot,
};
use service::{AwsLc, P256Verifier};
use std::collections::{HashMap, VecDeque};
use tlog::{Frontier, Hash, LeafIndex, Tile, TreeSize};

/// The levels of full tiles that are compared.
const TILE_LEVELS: usize = 8;

/// A walk through a log.
pub struct Walk {
    report: Report,
    verify_signatures: bool,
    notices: HashMap<Commitment, Notice>,
    registry: Option<Registry>,
    verifiers: HashMap<KeyHash, P256Verifier>,
    frontier: Frontier,
    /// For each tile level the hashes of the tile that is not full yet.
    pending: Vec<Vec<Hash>>,
    completed: Vec<(Tile, Vec<Hash>)>,
    /// Heads that are still ahead, smallest first.
    heads: VecDeque<Head>,
    /// The first eight bytes of each slot, and whose it is.
    slots: Vec<(u64, u64)>,
    halt_at: Option<TreeSize>,
    halted: Option<Frontier>,
}

impl Walk {
    /// A walk that knows these notices and will pass these heads. With `verify_signatures` every entry's signature
    /// is verified too.
    pub fn new(notices: Vec<Notice>, mut heads: Vec<Head>, verify_signatures: bool) -> Self {
        heads.sort_by_key(|head| (head.size, head.time_ms));
        Self {
            report: Report::default(),
            verify_signatures,
            notices: notices
                .into_iter()
                .map(|notice| (notice.commitment(), notice))
                .collect(),
            registry: None,
            verifiers: HashMap::new(),
            frontier: Frontier::empty(),
            pending: vec![Vec::new(); TILE_LEVELS],
            completed: Vec::new(),
            heads: heads.into(),
            slots: Vec::new(),
            halt_at: None,
            halted: None,
        }
    }

    /// Remembers the tree as it was at this size: the journal begins there.
    pub fn remember_at(&mut self, size: TreeSize) {
        self.halt_at = Some(size);
        self.pass_heads();
    }

    /// The tree as it was at the size that was to be remembered.
    pub const fn remembered(&self) -> Option<&Frontier> {
        self.halted.as_ref()
    }

    /// How far the walk is.
    pub const fn size(&self) -> TreeSize {
        self.frontier.size()
    }

    /// The root over what was walked.
    pub fn root(&self) -> Hash {
        self.frontier.root()
    }

    /// Takes the next entries, packed.
    pub fn entries(&mut self, packed: &[u8]) {
        self.pass_heads();
        for bytes in packed.chunks_exact(ENTRY_LEN) {
            let index = LeafIndex::new(self.frontier.size().get());
            match Entry::parse(bytes) {
                Ok(entry) => self.entry(index, &entry),
                Err(_) => self.report.find(Finding::MalformedEntry(index)),
            }
            let leaf = Hash::of_leaf(bytes);
            self.frontier.append(leaf);
            self.grow(0, leaf);
            self.report.entries += 1;
            self.pass_heads();
        }
    }

    /// The full tiles that the entries completed since the last call, as they must be.
    pub fn completed(&mut self) -> Vec<(Tile, Vec<Hash>)> {
        std::mem::take(&mut self.completed)
    }

    /// The hashes of the last, partial tile of a level, as they must be.
    pub fn partial(&self, level: u8) -> &[Hash] {
        self.pending
            .get(usize::from(level))
            .map_or(&[], Vec::as_slice)
    }

    /// The registry as it follows from the notices so far.
    pub const fn registry(&self) -> Option<&Registry> {
        self.registry.as_ref()
    }

    /// What is found beside the entries is taken down here too.
    pub fn report(&mut self) -> &mut Report {
        &mut self.report
    }

    /// Compares a tile that was read with the one that must be there.
    pub fn compare_tile(&mut self, tile: Tile, expected: &[Hash], found: Option<&[u8]>) {
        self.report.tiles += 1;
        match found {
            None => self.report.find(Finding::Missing(tile.path())),
            Some(found) => {
                let same = found.len() == expected.len() * Hash::LEN
                    && found
                        .chunks(Hash::LEN)
                        .zip(expected)
                        .all(|(found, hash)| found == hash.as_bytes());
                if !same {
                    self.report.find(Finding::Tile(tile.path()));
                }
            }
        }
    }

    /// The end: whatever was still ahead is missing, and no slot may be held twice.
    pub fn finish(mut self) -> Report {
        for head in std::mem::take(&mut self.heads) {
            self.report.find(Finding::Head(head.size));
        }
        self.slots.sort_unstable();
        for pair in self.slots.windows(2) {
            // Two different slots share eight bytes once in 2^64: what shares them is one slot.
            if let [(first, a), (second, b)] = pair
                && first == second
            {
                self.report
                    .find(Finding::SlotTwice(LeafIndex::new(*a), LeafIndex::new(*b)));
            }
        }
        self.report
    }

    fn entry(&mut self, index: LeafIndex, entry: &Entry) {
        if entry.kind() == Kind::Notice {
            self.notice(index, entry);
        }
        let Some(author) = self
            .registry
            .as_ref()
            .and_then(|registry| registry.author_at(entry, index).ok())
        else {
            return self.report.find(Finding::Author(index));
        };
        let slot = Slot::of(&author.bureau(), entry.tag());
        let mut prefix = [0; 8];
        prefix.copy_from_slice(&slot.as_bytes()[..8]);
        self.slots.push((u64::from_be_bytes(prefix), index.get()));
        if self.verify_signatures && !self.signature_holds(entry, index) {
            self.report.find(Finding::EntrySignature(index));
        }
    }

    fn signature_holds(&mut self, entry: &Entry, index: LeafIndex) -> bool {
        self.report.signatures += 1;
        let Some(registry) = &self.registry else {
            return false;
        };
        let verifier = match self.verifiers.get(entry.key_id()) {
            Some(verifier) => verifier,
            None => {
                let Ok(author) = registry.author_at(entry, index) else {
                    return false;
                };
                let spki: &[u8] = match &author {
                    Author::Log(spki) => spki.as_der(),
                    Author::Bureau(key) => &key.spki_der,
                };
                let Ok(verifier) = P256Verifier::from_spki(spki) else {
                    return false;
                };
                self.verifiers.entry(*entry.key_id()).or_insert(verifier)
            }
        };
        verifier.verify(
            &entry.signed_message(registry.origin_hash()),
            entry.signature(),
        )
    }

    fn notice(&mut self, index: LeafIndex, entry: &Entry) {
        let Some(notice) = self.notices.get(entry.commitment()) else {
            return self.report.find(Finding::Notice(index));
        };
        let named = self.registry.as_ref().and_then(Registry::audit_span);
        let named = named.map(|named| named.head);
        let follows =
            AuditSpan::of(notice).is_ok_and(|span| span.is_none_or(|span| span.after == named));
        if !follows {
            self.report.find(Finding::AuditSpan(index));
        }
        let applied = match &mut self.registry {
            None => match Registry::genesis(index, notice, &AwsLc) {
                Ok(registry) => {
                    self.registry = Some(registry);
                    true
                }
                Err(_) => false,
            },
            Some(registry) => registry.apply(index, notice, &AwsLc).is_ok(),
        };
        let carried = self
            .registry
            .as_ref()
            .is_some_and(|registry| registry.check_entry(entry, notice, &AwsLc).is_ok());
        if !applied || !carried {
            self.report.find(Finding::Notice(index));
        }
    }

    /// Adds a hash to the tile of this level, and when it is full its root to the level above.
    fn grow(&mut self, level: u8, hash: Hash) {
        let Some(pending) = self.pending.get_mut(usize::from(level)) else {
            return;
        };
        pending.push(hash);
        if pending.len() < 256 {
            return;
        }
        let hashes = std::mem::take(pending);
        let tiles = self.frontier.size().get() >> (8 * (u32::from(level) + 1));
        if let Ok(tile) = Tile::new(level, tiles - 1, 256) {
            self.grow(level + 1, fold_perfect(&hashes));
            self.completed.push((tile, hashes));
        }
    }

    /// Compares every head of the size that was just reached.
    fn pass_heads(&mut self) {
        let size = self.frontier.size();
        if self.halt_at == Some(size) && self.halted.is_none() {
            self.halted = Some(self.frontier.clone());
        }
        while self.heads.front().is_some_and(|head| head.size <= size) {
            if let Some(head) = self.heads.pop_front() {
                self.report.heads += 1;
                if head.size != size || head.root != self.frontier.root() {
                    self.report.find(Finding::Head(head.size));
                }
            }
        }
    }
}
