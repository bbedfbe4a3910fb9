//! What a check finds: each fault in one sentence that names the place.

use crate::log::policy_notice::PolicyNotice;
use evidence::BrokenAudit;
use tlog::{LeafIndex, TreeSize};

/// Faults that are listed; more are only counted.
const LISTED_MAX: usize = 100;

/// One thing that does not fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Finding {
    /// The bytes are no entry.
    #[error("entry {0} is malformed")]
    MalformedEntry(LeafIndex),
    /// Its key was not valid at its position.
    #[error("entry {0} is by a key that was not enrolled at its position")]
    Author(LeafIndex),
    /// Its signature does not verify.
    #[error("the signature of entry {0} does not verify")]
    EntrySignature(LeafIndex),
    /// A notice is missing, malformed, or not authorised.
    #[error(
        "the notice of entry {0} is missing, or is not what its entry or the admins' signatures say"
    )]
    Notice(LeafIndex),
    /// Two entries hold one slot.
    #[error("entries {0} and {1} hold one slot")]
    SlotTwice(LeafIndex, LeafIndex),
    /// A tile holds other hashes than follow from the entries.
    #[error("{0} does not hold the hashes that follow from the entries")]
    Tile(String),
    /// A bundle or tile is missing or cannot be read.
    #[error("{0} is missing or cannot be read")]
    Missing(String),
    /// A row differs from the stored bundle.
    #[error("the rows of the entries {0} to {1} differ from the stored bundle")]
    Row(LeafIndex, LeafIndex),
    /// The entry is not found by its slot.
    #[error("entry {0} is not found by its slot: the row is missing")]
    SlotRow(LeafIndex),
    /// The entry is not found by its leaf hash.
    #[error("entry {0} is not found by its leaf hash: the row is missing")]
    LeafRow(LeafIndex),
    /// A head's root is not the root of the entries.
    #[error("the head of size {0} has another root than the entries")]
    Head(TreeSize),
    /// A head's signature does not verify.
    #[error("the note of the head of size {0} does not verify under the log's keys")]
    HeadSignature(TreeSize),
    /// The journal differs from the entries.
    #[error("the journal's step to size {0} differs from the entries")]
    Journal(TreeSize),
    /// The journal cannot be read to its end.
    #[error("the journal is damaged: {0}")]
    JournalDamaged(String),
    /// The audit rows are no chain.
    #[error("{0}")]
    Audit(BrokenAudit),
    /// An operator notice names another head than the audit rows lead to.
    #[error(
        "the notice of entry {0} names a head of the audit chain to which the rows do not lead"
    )]
    AuditHead(LeafIndex),
    /// An operator notice does not follow on the one before, or does not say what it must.
    #[error(
        "the notice of entry {0} names the audit chain, and does not follow on the notice that named it before"
    )]
    AuditSpan(LeafIndex),
    /// A notice left no audit row.
    #[error("the notice of entry {0} has no audit row")]
    AuditMissing(LeafIndex),
    /// An audit row tells of a notice that was not taken.
    #[error("audit row {0} tells of a notice that is not in the log")]
    AuditNotice(u64),
    /// There are fewer entries than the head says.
    #[error("only {have} of {want} entries could be read")]
    Short {
        /// How many came.
        have: u64,
        /// How many there must be.
        want: u64,
    },
}

/// What came out.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// How many entries were hashed.
    pub entries: u64,
    /// How many tiles were compared.
    pub tiles: u64,
    /// How many heads were compared.
    pub heads: u64,
    /// How many steps of the journal were compared.
    pub journal_steps: u64,
    /// How many entry signatures were verified.
    pub signatures: u64,
    /// How many audit rows were followed.
    pub audit_rows: u64,
    /// How many faults there are.
    pub faults: u64,
    /// The first of them.
    pub findings: Vec<Finding>,
    /// How the log's policy stands to the one that it published; of a folder alone. It is no fault of what is stored.
    pub policy_notice: Option<PolicyNotice>,
}

impl Report {
    /// Takes down a fault.
    pub fn find(&mut self, finding: Finding) {
        self.faults += 1;
        if self.findings.len() < LISTED_MAX {
            self.findings.push(finding);
        }
    }

    /// Whether nothing was found.
    pub const fn is_clean(&self) -> bool {
        self.faults == 0
    }
}
