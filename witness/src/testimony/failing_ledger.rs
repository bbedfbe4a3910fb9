//! A ledger that fails as it is told: before it writes, after it wrote, or not knowing which.

use crate::enrolment::EnrolmentError;
use crate::known_log::{Enrolled, LogId};
use crate::ledger::kept::KeptHead;
use crate::ledger::sqlite::SqliteLedger;
use crate::ledger::{Change, Ledger, LedgerError, NewLog, Resumption, Row, Seen, Step};
use crate::log_list::Issue;
use async_trait::async_trait;
use std::sync::Mutex;
use tlog::Vkey;

/// What the next `advance` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Writes nothing and says so.
    DiskFull,
    /// Writes nothing and does not know.
    UnknownAndNot,
    /// Writes and does not know.
    UnknownAndDone,
}

pub struct FailingLedger {
    pub inner: SqliteLedger,
    next: Mutex<Option<Fault>>,
}

impl FailingLedger {
    pub fn new(inner: SqliteLedger) -> Self {
        Self {
            inner,
            next: Mutex::new(None),
        }
    }

    pub fn fail_next(&self, fault: Fault) {
        *self.next.lock().unwrap() = Some(fault);
    }
}

#[async_trait]
impl Ledger for FailingLedger {
    async fn advance(&self, steps: &[Step]) -> Result<(), LedgerError> {
        let fault = self.next.lock().unwrap().take();
        let unknown = || Err(LedgerError::Unknown("told to".to_owned()));
        match fault {
            None => self.inner.advance(steps).await,
            Some(Fault::DiskFull) => Err(LedgerError::DiskFull),
            Some(Fault::UnknownAndNot) => unknown(),
            Some(Fault::UnknownAndDone) => {
                self.inner.advance(steps).await.unwrap();
                unknown()
            }
        }
    }

    async fn roster_version(&self) -> Result<i64, LedgerError> {
        self.inner.roster_version().await
    }

    async fn logs(&self) -> Result<Vec<Enrolled>, LedgerError> {
        self.inner.logs().await
    }

    async fn rows(&self) -> Result<Vec<Row>, LedgerError> {
        self.inner.rows().await
    }

    async fn enrol_all(
        &self,
        new: &[NewLog],
        own: &[Vkey; 2],
    ) -> Result<Vec<Result<Change, EnrolmentError>>, LedgerError> {
        self.inner.enrol_all(new, own).await
    }

    async fn remove(&self, origin: &str) -> Result<bool, LedgerError> {
        self.inner.remove(origin).await
    }

    async fn take_issue(&self, issue: &Issue) -> Result<(), EnrolmentError> {
        self.inner.take_issue(issue).await
    }

    async fn kept(&self, log: LogId) -> Result<Vec<KeptHead>, LedgerError> {
        self.inner.kept(log).await
    }

    async fn seen(&self) -> Result<Vec<Seen>, LedgerError> {
        self.inner.seen().await
    }

    async fn seen_note(&self, peer: &str, log: LogId) -> Result<Option<String>, LedgerError> {
        self.inner.seen_note(peer, log).await
    }

    async fn remember(&self, seen: &[(Seen, String)]) -> Result<(), LedgerError> {
        self.inner.remember(seen).await
    }

    async fn resumptions(&self) -> Result<Vec<Resumption>, LedgerError> {
        self.inner.resumptions().await
    }

    async fn resume(&self, resumption: &Resumption) -> Result<(), LedgerError> {
        self.inner.resume(resumption).await
    }

    async fn file_kept(&self) -> Result<bool, LedgerError> {
        self.inner.file_kept().await
    }

    async fn checkpoint(&self) -> Result<(), LedgerError> {
        self.inner.checkpoint().await
    }
}
