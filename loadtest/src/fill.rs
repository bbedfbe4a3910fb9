//! Filling: a log is brought to a size by batches before anything is measured.

use crate::connection::Lost;
use crate::run::{Limit, Run, Sampling};
use crate::submitter::Submitter;
use crate::target::Target;
use crate::workload::{TooLarge, Workload};
use evidence::OriginHash;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Entries that are signed at once: 10 MiB of them.
const PORTION: u64 = 1 << 16;

/// Entries a request: the most that the log takes.
const BATCH: usize = 1024;

/// Connections: enough that the log is never idle.
const CONNECTIONS: usize = 4;

/// Brings the log from a size to another; `grown` is told of each portion that is logged, in entries. Nothing happens
/// when the log is as large already.
pub async fn fill(
    target: &Arc<Target>,
    submitter: &Submitter,
    origin: &OriginHash,
    from: u64,
    to: u64,
    grown: impl Fn(u64),
) -> Result<(), NotFilled> {
    let mut size = from;
    while size < to {
        let portion = PORTION.min(to - size);
        let entries = usize::try_from(portion).expect("a portion fits an address space");
        let workload = Workload::sign(submitter, origin, entries, |_| ())?;
        // Opened for each portion: while the next one is signed, the log closes what is idle.
        let mut run = Run::open(target, CONNECTIONS, BATCH, Arc::new(workload)).await?;
        let limit = Limit {
            end: entries,
            time: None,
            arrivals: None,
        };
        let phase = run.phase(limit, Sampling::Off).await;
        if phase.tally.accepted != portion {
            return Err(NotFilled::Refused(phase.tally.errors));
        }
        size += portion;
        grown(portion);
    }
    Ok(())
}

/// Why a log could not be filled.
#[derive(Debug, thiserror::Error)]
pub enum NotFilled {
    /// No connection.
    #[error(transparent)]
    Lost(#[from] Lost),
    /// A portion is larger than a workload may be.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// The log refused entries, so many of each type.
    #[error("the log refused entries while it was filled: {0:?}")]
    Refused(BTreeMap<String, u64>),
}
