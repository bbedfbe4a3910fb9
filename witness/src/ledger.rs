//! The port `Ledger`: what a witness never forgets.
//!
//! - [`advance`](Ledger::advance) compares and sets, all or nothing, and returns after the sync.
//! - An error says whether anything was written: [`LedgerError::Unknown`] and [`LedgerError::Behind`] ask for all memory
//!   to be dropped and read again.

pub mod kept;
pub mod resumption;
pub mod seen;
pub mod sqlite;

use crate::enrolment::EnrolmentError;
use crate::head::Head;
use crate::known_log::{Enrolled, LogId, Source};
use crate::log_list::Issue;
use async_trait::async_trait;
use kept::KeptHead;
pub use resumption::Resumption;
pub use seen::{Seen, SeenHead};
use std::sync::Arc;
use tlog::Vkey;

/// How many of the heads that we signed stay of each log: they make a fork at equal sizes findable, and a log that
/// steps every second fills them in an hour.
pub const KEPT_HEADS: u64 = 4096;

/// A step of one log: from the row as it was to the row as it shall be.
#[derive(Clone, Debug)]
pub struct Step {
    /// Which log.
    pub log: LogId,
    /// The row as it must be.
    pub was: Head,
    /// The row as it will be.
    pub now: Head,
    /// The checkpoint with the log's verified lines.
    pub note: Arc<str>,
    /// The heads on the way that are new, the last of them `now`'s.
    pub signed: Vec<KeptHead>,
}

/// A row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Which log.
    pub log: LogId,
    /// What we signed last.
    pub head: Head,
    /// The checkpoint with the log's verified lines; empty if we never signed.
    pub note: String,
}

/// A log to enrol.
#[derive(Clone, Debug)]
pub struct NewLog {
    /// Its origin.
    pub origin: String,
    /// Its keys.
    pub vkeys: Vec<Vkey>,
    /// Where it serves `/checkpoint`.
    pub url: Option<String>,
    /// Who enrols it. Only a command changes what is there.
    pub source: Source,
}

/// What became of an enrolment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// The log is new, or is back.
    Added,
    /// A command gave it other keys or another address.
    Changed,
    /// It was so already.
    None,
}

/// The store.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// A number that changes with the table of logs.
    async fn roster_version(&self) -> Result<i64, LedgerError>;

    /// All active logs.
    async fn logs(&self) -> Result<Vec<Enrolled>, LedgerError>;

    /// The rows of all logs, also of those that were removed.
    async fn rows(&self) -> Result<Vec<Row>, LedgerError>;

    /// Takes all steps, or none: every row must be as it was. On disk when it returns.
    async fn advance(&self, steps: &[Step]) -> Result<(), LedgerError>;

    /// Enrols logs, after all rules were asked (see [`crate::enrolment`]): what became of each, in their order.
    async fn enrol_all(
        &self,
        new: &[NewLog],
        own: &[Vkey; 2],
    ) -> Result<Vec<Result<Change, EnrolmentError>>, LedgerError>;

    /// Enrols one log.
    async fn enrol(&self, new: &NewLog, own: &[Vkey; 2]) -> Result<Change, EnrolmentError> {
        let mut changes = self.enrol_all(std::slice::from_ref(new), own).await?;
        changes.pop().unwrap_or(Ok(Change::None))
    }

    /// Removes a log from the table and keeps its row. False if it was not there.
    async fn remove(&self, origin: &str) -> Result<bool, LedgerError>;

    /// Remembers that this issue of a signed list was taken; refuses one that is older than the newest, or another of
    /// the same number.
    async fn take_issue(&self, issue: &Issue) -> Result<(), EnrolmentError>;

    /// The heads of a log that were signed of late, oldest first.
    async fn kept(&self, log: LogId) -> Result<Vec<KeptHead>, LedgerError>;

    /// The newest head of each log that each peer showed.
    async fn seen(&self) -> Result<Vec<Seen>, LedgerError>;

    /// The note of it: the checkpoint, the log's verified lines and the peer's.
    async fn seen_note(&self, peer: &str, log: LogId) -> Result<Option<String>, LedgerError>;

    /// Remembers what peers showed, each with its note.
    async fn remember(&self, seen: &[(Seen, String)]) -> Result<(), LedgerError>;

    /// What operators decided after a conviction, oldest first.
    async fn resumptions(&self) -> Result<Vec<Resumption>, LedgerError>;

    /// Records such a decision; a running witness sees it with its next look at the table of logs.
    async fn resume(&self, resumption: &Resumption) -> Result<(), LedgerError>;

    /// Sorts recent heads into their logs and drops the oldest; true if there is more to do.
    async fn file_kept(&self) -> Result<bool, LedgerError>;

    /// Moves the write-ahead log into the database.
    async fn checkpoint(&self) -> Result<(), LedgerError>;
}

/// Why the store did not do it.
#[derive(Clone, Debug, thiserror::Error)]
pub enum LedgerError {
    /// Nothing was written; it may be tried again.
    #[error("the database refused: {0}")]
    Refused(String),
    /// Nothing was written: the disk is full.
    #[error("the disk is full")]
    DiskFull,
    /// Nothing was written: a row is not as memory has it.
    #[error("a row in the database is not what memory has")]
    Behind,
    /// It may have been written or not.
    #[error("whether the database wrote is not known: {0}")]
    Unknown(String),
    /// A row does not say what it must.
    #[error(
        "the database is damaged: {0}; run `notarylog-witness check`, and do not sign from a backup"
    )]
    Damaged(String),
}
