//! The keeper: what is done behind, so that no commit stops for it. It sees changes of the table of logs, moves the
//! write-ahead log, and files the heads that were signed.

use crate::ledger::{Ledger, LedgerError};
use crate::metrics::Metrics;
use crate::witness::Witness;
use service::Stop;
use std::sync::Arc;
use std::time::Duration;

/// A command's change of the table is seen within this.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// How many looks pass between two rounds of moving and filing: a second.
const LOOKS_PER_ROUND: u32 = 4;

/// Keeps until the stop.
pub async fn run(witness: Arc<Witness>, ledger: Arc<dyn Ledger>, stop: Stop) {
    let mut looks = 0;
    loop {
        tokio::select! {
            () = stop.stopped() => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        looks += 1;
        let mut kept = look(&witness).await;
        if looks % LOOKS_PER_ROUND == 0 {
            kept = kept.and(round(ledger.as_ref(), &stop).await);
        }
        if let Err(error) = kept {
            witness.metrics.keeper_failures.inc();
            tracing::error!(%error, "A round of the keeper failed; it is tried again.");
        }
    }
}

async fn look(witness: &Witness) -> Result<(), LedgerError> {
    if witness.roster.refresh().await? {
        let roster = witness.logs();
        count(&witness.metrics, roster.len());
        witness
            .drift
            .retain(|origin| roster.by_origin(origin).is_some());
        // An operator's decision after a conviction changes the table's number too.
        witness.docket.refresh(&roster).await?;
        tracing::info!(logs = roster.len(), "The table of logs was read again.");
    }
    Ok(())
}

/// Sets the gauge of enrolled logs.
pub fn count(metrics: &Metrics, logs: usize) {
    metrics.logs.set(i64::try_from(logs).unwrap_or(i64::MAX));
}

async fn round(ledger: &dyn Ledger, stop: &Stop) -> Result<(), LedgerError> {
    while ledger.file_kept().await? {
        // Commits go in between.
        tokio::task::yield_now().await;
        if stop.is_triggered() {
            break;
        }
    }
    ledger.checkpoint().await
}
