//! The port `Coord`: the one place where indices are assigned and the head advances.

pub use super::coord_error::CoordError;
use super::lookup::Lookups;
use async_trait::async_trait;
use evidence::{AuditEvent, AuditRow, Commitment, ENTRY_LEN, NoticeType, Slot};
use std::fmt;
use tlog::{Frontier, Hash, LeafIndex, TreeSize};

/// A head: how large the tree is, its root, and the time that its signatures bear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The number of entries.
    pub size: TreeSize,
    /// The root over them.
    pub root: Hash,
    /// Milliseconds since 1970 (UTC). Later than in every head before (RFC 6962 §3.5).
    pub time_ms: u64,
}

/// Who may write: a fresh random name, written whenever a process passes the start-up gate. A process that finds
/// another one in the store is a zombie and drops all that it remembers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Incarnation(pub [u8; 16]);

impl fmt::Debug for Incarnation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Incarnation(…)")
    }
}

/// The committed state: what the newest transaction left.
#[derive(Clone, Debug)]
pub struct Committed {
    /// The newest head.
    pub head: Head,
    /// Its frontier, from which the next head is computed.
    pub frontier: Frontier,
    /// Who may write.
    pub incarnation: Incarnation,
    /// Full tiles and bundles are durable in the object store for all entries below this size, a multiple of 256.
    pub stored: TreeSize,
    /// How many notices there are: the next notice's `seq`.
    pub notices: u64,
    /// The newest head that is kept for ever, if there is one yet.
    pub kept: Option<Head>,
}

/// An entry that the log is about to hold, in the order of its index.
#[derive(Clone)]
pub struct NewEntry {
    /// The final 162 bytes.
    pub bytes: [u8; ENTRY_LEN],
    /// The slot that it sets.
    pub slot: Slot,
}

/// A notice document whose entry is in the same batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredNotice {
    /// Its place among the notices.
    pub seq: u64,
    /// The index of its entry.
    pub index: LeafIndex,
    /// Its type.
    pub notice_type: NoticeType,
    /// SHA-256 of the document: the commitment in its entry.
    pub commitment: Commitment,
    /// The canonical document.
    pub document: Vec<u8>,
}

/// One step forward: everything that one transaction writes.
#[derive(Clone)]
pub struct Advance {
    /// The new entries, gapless from the size of the locked head. Empty for an idle head (same size, later time).
    pub entries: Vec<NewEntry>,
    /// The notices among them.
    pub notices: Vec<StoredNotice>,
    /// The new head; its time is later than the locked head's.
    pub head: Head,
    /// The new frontier.
    pub frontier: Frontier,
    /// Whether the head is kept for ever: it is the first of its minute that covers new entries.
    pub keep: bool,
    /// What an operator did by this step, beside the notices in it, each of which leaves an audit row anyhow.
    pub audit: Vec<AuditEvent>,
}

impl Advance {
    /// Every action of an operator in this step, in the order of their audit rows.
    pub fn audited(&self) -> impl Iterator<Item = AuditEvent> {
        let time_ms = self.head.time_ms;
        let taken = move |notice: &StoredNotice| {
            AuditEvent::notice(notice.notice_type, &notice.commitment, time_ms)
        };
        (self.audit.iter().cloned()).chain(self.notices.iter().map(taken))
    }
}

/// A head that is kept for ever, with the note once it was signed.
#[derive(Clone, Debug)]
pub struct KeptHead {
    /// The head.
    pub head: Head,
    /// The signed note; absent when the process ended between the commit and the signature.
    pub note: Option<String>,
}

/// Whose word a kept head stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeptBy {
    /// The log's alone, or also the witnesses'.
    Log,
    /// A quorum of the witnesses cosigned it.
    Witnesses,
}

/// The heads that a quorum of the witnesses cosigned, as far as they were stored.
#[derive(Clone, Debug, Default)]
pub struct WitnessedHeads {
    /// The newest one, with its note.
    pub newest: Option<KeptHead>,
    /// The newest one that is kept for ever.
    pub kept: Option<Head>,
}

/// What a witness cosigned last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Which witness: SHA-256 of its Ed25519 vkey as text.
    pub key_hash: Hash,
    /// The head.
    pub head: Head,
    /// Its checkpoint under the witness's own verified lines: it bears no line of the log.
    pub note: String,
}

/// The place where indices are assigned and the head advances.
///
/// Contract:
/// - [`Coord::lock`] serialises: between it and [`HeadLock::advance`] nobody else advances the head.
/// - [`HeadLock::advance`] is one transaction: entries, slots, notices, head row and state are all durable
///   (fsynced) when it answers, or none ever is. It refuses a head that does not follow the locked one, and it
///   refuses everybody but the last who passed the gate ([`Coord::open`]), through the handle that passed it.
/// - A slot or leaf is looked up by a short key, so a store cannot know that a slot is set already: whoever advances
///   has asked [`HeadLock::slot_candidates`] under the same lock, and compared.
/// - There is one root for each size, whatever the caller asks.
/// - What an operator did is an audit row in the transaction of the action itself, chained to the row before, whoever
///   writes it: [`Advance::audited`] for a step. No row is ever changed or dropped.
/// - Reads ([`Coord::read_back`] and below) go through another connection than the writer's and see every
///   transaction that was answered before they were called.
#[async_trait]
pub trait Coord: Lookups {
    /// The newest committed state; before the genesis the empty tree, at time 0.
    async fn committed(&self) -> Result<Committed, CoordError>;

    /// Locks the head row for one step forward.
    async fn lock(&self) -> Result<Box<dyn HeadLock + '_>, CoordError>;

    /// Passes the start-up gate: writes a fresh incarnation, and what the operator did by it, if it was one who did it.
    async fn open(
        &self,
        incarnation: Incarnation,
        event: Option<AuditEvent>,
    ) -> Result<(), CoordError>;

    /// Adds an audit row of an action that writes nothing else. Refused to everybody but the last who passed the gate.
    async fn record(&self, event: AuditEvent) -> Result<AuditRow, CoordError>;

    /// The audit rows from this one on, in order; at most `limit`. They are not verified here.
    async fn audit_from(&self, seq: u64, limit: u32) -> Result<Vec<AuditRow>, CoordError>;

    /// The final bytes of the entries `from..to`, packed, as long as their rows are here (from `stored` on always).
    /// A row that is not here is [`CoordError::Absent`]; bytes of another length are [`CoordError::Damaged`].
    async fn read_back(&self, from: LeafIndex, to: TreeSize) -> Result<Vec<u8>, CoordError>;

    /// For each slot the indices that may hold it: candidates by a short key. Whoever asks compares the entry.
    async fn slot_candidates(&self, slots: &[Slot]) -> Result<Vec<Vec<LeafIndex>>, CoordError>;

    /// For each leaf hash the indices that may have it: candidates by a short key. Filled behind the head.
    async fn leaf_candidates(&self, leaves: &[Hash]) -> Result<Vec<Vec<LeafIndex>>, CoordError>;

    /// Every notice from this `seq` on, in order.
    async fn notices_from(&self, seq: u64) -> Result<Vec<StoredNotice>, CoordError>;

    /// The notice with this SHA-256.
    async fn notice(&self, commitment: &Commitment) -> Result<Option<StoredNotice>, CoordError>;

    /// The earliest kept head that covers the entry and stands on this word.
    async fn earliest_kept(
        &self,
        index: LeafIndex,
        by: KeptBy,
    ) -> Result<Option<KeptHead>, CoordError>;

    /// The heads that a quorum of the witnesses cosigned.
    async fn witnessed(&self) -> Result<WitnessedHeads, CoordError>;

    /// Stores the note of a head that a quorum cosigned, and keeps it for ever if asked to. The newest one only goes
    /// forward; a kept one stays as it is.
    async fn store_witnessed(&self, head: &Head, note: &str, keep: bool) -> Result<(), CoordError>;

    /// What each witness cosigned last, as far as it was stored.
    async fn seen(&self) -> Result<Vec<Seen>, CoordError>;

    /// Behind the head: stores what witnesses cosigned last, all of it or nothing. Each only goes forward.
    async fn store_seen(&self, seen: &[Seen]) -> Result<(), CoordError>;

    /// All heads whose rows are here, from this size on, in order of (size, time); at most `limit`.
    async fn heads_from(&self, size: TreeSize, limit: u32) -> Result<Vec<KeptHead>, CoordError>;

    /// Stores the signed note of a kept head; the first one stored stays.
    async fn store_note(&self, head: &Head, note: &str) -> Result<(), CoordError>;

    /// Behind the head: full tiles below `stored` are durable.
    async fn mark_stored(&self, stored: TreeSize) -> Result<(), CoordError>;

    /// Behind the head: fills the lookup by leaf hash with the leaves from `first` on, gapless. It never holds the
    /// head for the whole; a fill that was cut off is done again from [`Coord::leaves_indexed`].
    async fn index_leaves(&self, first: LeafIndex, leaves: &[Hash]) -> Result<(), CoordError>;

    /// Up to where the lookup by leaf hash is filled.
    async fn leaves_indexed(&self) -> Result<TreeSize, CoordError>;

    /// Puts right rows that were damaged: the entries from `first` on, as far as their rows are here. Only for bytes that
    /// hash to the tree, which the caller has proved.
    async fn replace_rows(&self, first: LeafIndex, packed: &[u8]) -> Result<(), CoordError>;

    /// Puts right lookups that lost rows, by slot and by leaf hash. Only for entries that stand there.
    async fn restore_lookups(
        &self,
        slots: &[(Slot, LeafIndex)],
        leaves: &[(Hash, LeafIndex)],
    ) -> Result<(), CoordError>;

    /// Behind the head: drops the rows of entries that are stored and whose batch was committed before `before_ms`,
    /// and head rows that are neither kept nor among the newest `heads`. Never drops an entry at or above `stored`.
    async fn trim(&self, before_ms: u64, heads: u32) -> Result<(), CoordError>;

    /// Behind the head: moves what steps wrote in a hurry to where it belongs, the write-ahead log above all. What is
    /// found does not change.
    async fn checkpoint(&self) -> Result<(), CoordError>;
}

/// The locked head row: what one transaction sees and writes.
#[async_trait]
pub trait HeadLock: Send {
    /// The committed state, read under the lock.
    fn committed(&self) -> &Committed;

    /// As [`Coord::slot_candidates`], under the lock.
    async fn slot_candidates(&mut self, slots: &[Slot]) -> Result<Vec<Vec<LeafIndex>>, CoordError>;

    /// Writes the step and commits it durably. Dropping the lock instead rolls back.
    async fn advance(self: Box<Self>, advance: &Advance) -> Result<(), CoordError>;
}
