//! The walk: all entries in order, hashed and held against tiles, heads and notices. Pure: bytes come from the caller.

use super::{Finding, Report};
use crate::storage::coord::Head;
use crate::storage::lookup::short_key;
use evidence::{
    AuditSpan, Author, Commitment, ENTRY_LEN, Entry, KeyHash, Kind, Notice, Registry, Slot,
};
use service::{AwsLc, P256Verifier};
use std::collections::{HashMap, VecDeque};
use tlog::{Frontier, Growth, Hash, LeafIndex, TILE_HEIGHT, TILE_WIDTH, Tile, TreeSize};

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
    /// The short key of each slot, and whose it is, in the order of the entries.
    slots: Vec<(u64, u64)>,
    /// The short key of each leaf hash, if they are to be kept.
    leaves: Option<Vec<u64>>,
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
            leaves: None,
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

    /// From now on keeps the short key of each leaf hash too, to be compared with a lookup.
    pub fn keep_leaves(&mut self) {
        self.leaves = Some(Vec::new());
    }

    /// The short keys of the slots, each with the index of its entry, in the order of the entries.
    pub fn slots(&self) -> &[(u64, u64)] {
        &self.slots
    }

    /// The short keys of the leaf hashes, if they were to be kept.
    pub fn leaves(&self) -> &[u64] {
        self.leaves.as_deref().unwrap_or_default()
    }

    /// Takes the next entries, packed.
    pub fn entries(&mut self, packed: &[u8]) {
        let leaves: Vec<Hash> = packed.chunks_exact(ENTRY_LEN).map(Hash::of_leaf).collect();
        self.hashed(packed, &leaves);
    }

    /// Takes the next entries, packed, whose leaf hashes the caller computed: nobody else may be trusted with that.
    pub fn hashed(&mut self, packed: &[u8], leaves: &[Hash]) {
        self.pass_heads();
        let (mut entries, mut leaves) = (packed.as_chunks().0, leaves);
        while !leaves.is_empty() && entries.len() == leaves.len() {
            // Up to where a root is asked for; the nodes of a stretch are hashed once.
            let stretch = self.to_next_root().min(leaves.len());
            let (now, later) = entries.split_at(stretch);
            let (hashes, hashes_later) = leaves.split_at(stretch);
            self.stretch(now, hashes);
            self.pass_heads();
            (entries, leaves) = (later, hashes_later);
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
        self.slots.push((short_key(slot.as_bytes()), index.get()));
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

    /// Entries after which no root is asked for but after the last.
    fn stretch(&mut self, entries: &[[u8; ENTRY_LEN]], leaves: &[Hash]) {
        let first = self.frontier.size().get();
        for (index, bytes) in (first..).zip(entries) {
            let index = LeafIndex::new(index);
            match Entry::parse(bytes) {
                Ok(entry) => self.entry(index, &entry),
                Err(_) => self.report.find(Finding::MalformedEntry(index)),
            }
        }
        self.report.entries += leaves.len() as u64;
        if let Some(kept) = &mut self.leaves {
            kept.extend(leaves.iter().map(|leaf| short_key(leaf.as_bytes())));
        }
        let growth = Growth::new(&self.frontier, leaves.to_vec());
        for (level, pending) in (0u8..).zip(&mut self.pending) {
            let (first, new) = growth.new_nodes_at(level * TILE_HEIGHT);
            // The tile whose hashes are pending.
            let mut tiles = (first - pending.len() as u64) / TILE_WIDTH..;
            pending.extend_from_slice(new);
            while pending.len() >= 256 {
                let later = pending.split_off(256);
                let hashes = std::mem::replace(pending, later);
                let tile = tiles.next().map(|index| Tile::new(level, index, 256));
                if let Some(Ok(tile)) = tile {
                    self.completed.push((tile, hashes));
                }
            }
        }
        self.frontier = growth.frontier();
    }

    /// How many entries may be taken before a root is asked for.
    fn to_next_root(&self) -> usize {
        let size = self.frontier.size();
        let halt = self.halt_at.filter(|halt| *halt > size);
        let head = self.heads.front().map(|head| head.size);
        let next = halt.into_iter().chain(head).min();
        next.map_or(usize::MAX, |next| {
            usize::try_from(next.get() - size.get()).unwrap_or(usize::MAX)
        })
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
