//! The twin of the journal.

use super::{Fault, Process, atomic, divisible, read};
use crate::storage::anchor::{Anchor, AnchorError, AnchorRecord};
use crate::storage::coord::Head;
use evidence::ENTRY_LEN;
use std::io;
use std::sync::Arc;
use tlog::TreeSize;

/// The records on a simulated disk.
#[derive(Clone, Default)]
pub(crate) struct SimulatedJournal {
    records: Vec<Arc<AnchorRecord>>,
    /// How many of them are synced.
    synced: usize,
    /// A record was cut off behind them.
    is_torn: bool,
}

impl SimulatedJournal {
    pub(super) fn lose_power(&mut self) {
        self.records.truncate(self.synced);
    }

    fn last(&self) -> Option<Head> {
        self.records.last().map(|record| record.head)
    }
}

/// A handle that appends.
pub(crate) struct SimulatedAnchor {
    process: Process,
    last: Option<Head>,
    failed: bool,
}

impl SimulatedAnchor {
    /// Opens the journal: what is torn is cut off, and what is there is synced, since whoever reads it relies on it.
    pub(crate) fn open(process: &Process) -> Result<Self, AnchorError> {
        let opened = process.at_once(
            atomic("open anchor"),
            unreadable,
            |disk| {
                disk.journal.is_torn = false;
                disk.journal.synced = disk.journal.records.len();
                Ok(disk.journal.last())
            },
            |_| {},
        );
        Ok(Self {
            process: process.clone(),
            last: alive(opened)?,
            failed: false,
        })
    }

    fn check_follows(&self, record: &AnchorRecord) -> Result<(), AnchorError> {
        let count = record.entries.len() / ENTRY_LEN;
        if record.first.plus(count as u64) != Some(record.head.size)
            || !record.entries.len().is_multiple_of(ENTRY_LEN)
        {
            return Err(AnchorError::NotAStep);
        }
        match self.last {
            Some(last) if record.first != last.size || record.head.time_ms <= last.time_ms => {
                Err(AnchorError::DoesNotExtend {
                    have: last.size,
                    have_ms: last.time_ms,
                    got: record.first,
                    got_ms: record.head.time_ms,
                })
            }
            Some(last) if record.head.size == last.size && record.head.root != last.root => {
                Err(AnchorError::Forked { size: last.size })
            }
            _ => Ok(()),
        }
    }
}

impl Anchor for SimulatedAnchor {
    fn last(&self) -> Option<Head> {
        self.last
    }

    fn append(&mut self, record: &AnchorRecord) -> Result<(), AnchorError> {
        if self.failed {
            return Err(fatal());
        }
        self.check_follows(record)?;
        let (head, record) = (record.head, Arc::new(record.clone()));
        let appended = self.process.at_once(
            divisible("append"),
            |fault| match fault {
                // Nothing was appended.
                Fault::Full => AnchorError::DiskFull,
                Fault::Refused => unreadable(fault),
                _ => fatal(),
            },
            |disk| {
                disk.journal.records.push(record);
                disk.journal.synced = disk.journal.records.len();
                Ok(())
            },
            |disk| disk.journal.is_torn = true,
        );
        let appended = alive(appended);
        match &appended {
            Ok(()) => self.last = Some(head),
            Err(AnchorError::Fatal(_)) => self.failed = true,
            Err(_) => {}
        }
        appended
    }

    fn replay(
        &self,
        after: TreeSize,
        visit: &mut dyn FnMut(AnchorRecord) -> bool,
    ) -> Result<(), AnchorError> {
        let records = self.process.at_once(
            read("replay"),
            unreadable,
            |disk| Ok(disk.journal.records.clone()),
            |_| {},
        );
        for record in alive(records)? {
            if record.head.size > after && !visit(record.as_ref().clone()) {
                break;
            }
        }
        Ok(())
    }

    fn trim(&mut self, stored: TreeSize, before_ms: u64) -> Result<(), AnchorError> {
        if self.failed {
            return Err(fatal());
        }
        let droppable = move |disk: &super::Disk| {
            let records = &disk.journal.records;
            let old = |record: &Arc<AnchorRecord>| {
                record.head.size <= stored && record.head.time_ms < before_ms
            };
            let count = records.iter().take_while(|record| old(record)).count();
            count.min(records.len().saturating_sub(1))
        };
        let drop_some = |disk: &mut super::Disk, count: usize| {
            disk.journal.records.drain(..count);
            disk.journal.synced -= count;
        };
        let trimmed = self.process.at_once(
            divisible("trim anchor"),
            unreadable,
            |disk| {
                let count = droppable(disk);
                drop_some(disk, count);
                Ok(())
            },
            |disk| {
                let count = droppable(disk) / 2;
                drop_some(disk, count);
            },
        );
        alive(trimmed)
    }
}

fn unreadable(fault: Fault) -> AnchorError {
    AnchorError::Unreadable(io::Error::other(format!("simulated: {fault:?}")))
}

fn fatal() -> AnchorError {
    AnchorError::Fatal(io::Error::other("simulated: a write or its sync failed"))
}

/// A call that waits for nobody cannot stay unanswered: to a process that was killed the answer is an error, and nothing
/// that it does afterwards is seen by anyone.
fn alive<T>(answer: Option<Result<T, AnchorError>>) -> Result<T, AnchorError> {
    answer.unwrap_or_else(|| Err(fatal()))
}
