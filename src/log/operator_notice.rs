//! Operator notices: the log's own diary names the head of the audit chain, so that no row can be changed unseen.
//!
//! The rows of a day are named once the day is over, by the log's clock, and those of a run when it stops. Only new rows
//! call for a notice, and the row that a notice of the diary leaves itself is none.

use super::Log;
use super::genesis::notice_candidate;
use super::pool::{NotSequenced, Outcome};
use crate::signer::SignError;
use crate::storage::coord::{Coord, CoordError};
use evidence::{
    AUDIT_EVENT, AuditAction, AuditEvent, AuditRow, AuditSpan, Digest, DraftNotice,
    MalformedNotice, RefusedNotice, Registry, UtcDate,
};
use service::Stop;
use std::sync::Arc;
use std::time::Duration;
use tlog::LeafIndex;

/// How often it is looked whether the day of an unnamed row is over.
const LOOK_EVERY: Duration = Duration::from_mins(1);

/// How long a stop waits for its notice: a commit takes milliseconds, and of the ten seconds of a stop the door may have
/// taken eight.
const STOP_NOTICE_WAIT: Duration = Duration::from_millis(1_500);

/// How often a notice is drawn up again when another one came first.
const TRIES: usize = 3;

/// Audit rows read at once.
const ROWS_AT_ONCE: u32 = 1_000;

/// Names the rows of each day when the day is over, until told to stop.
pub async fn tell_daily(log: Arc<Log>, stop: Stop) {
    loop {
        if log.status().is_serving() {
            match tell_if_the_day_is_over(&log).await {
                Ok(Some(index)) => tracing::info!(
                    entry = index.get(),
                    "The diary names the audit rows of the days before."
                ),
                Ok(None) => {}
                Err(error) => {
                    tracing::warn!(%error, "The audit rows could not be named in the diary; it is tried again.");
                }
            }
        }
        tokio::select! {
            () = stop.stopped() => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

/// The stop is a row, and the rows up to it are named. A log that halted writes nothing more, and one that waits has its
/// rows named another time. It never takes longer than a second and a half.
pub async fn tell_stop(log: &Log) {
    if log.status().is_final() {
        return;
    }
    let told = tokio::time::timeout(STOP_NOTICE_WAIT, async {
        let size = log.heart().history.size().get();
        let stop = AuditEvent::at_size(AuditAction::Stop, size, log.now_ms());
        log.coord().record(stop).await?;
        if log.status().is_serving() {
            publish(log, AUDIT_EVENT).await?;
        }
        Ok::<_, NotTold>(())
    });
    match told.await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            tracing::warn!(%error, "The stop could not be named in the diary; the next notice names it.");
        }
        Err(_) => {
            tracing::warn!(
                "The stop was not named in the diary in time; the next notice names it."
            );
        }
    }
}

/// Names the rows that no notice named yet, if the day of the first of them is over.
pub async fn tell_if_the_day_is_over(log: &Log) -> Result<Option<LeafIndex>, NotTold> {
    let registry = log.heart().registry.load_full();
    let today = UtcDate::of_unix_ms(log.now_ms());
    match untold(log.coord(), &registry).await? {
        Some(untold) if UtcDate::of_unix_ms(untold.calls_ms) < today => {
            publish(log, AUDIT_EVENT).await
        }
        _ => Ok(None),
    }
}

/// Logs a notice that names the chain's head under this event; nothing if there is nothing new to name.
pub async fn publish(log: &Log, event: &str) -> Result<Option<LeafIndex>, NotTold> {
    let mut refused = None;
    for _ in 0..TRIES {
        let heart = log.heart();
        let registry = heart.registry.load_full();
        let Some(untold) = untold(log.coord(), &registry).await? else {
            return Ok(None);
        };
        let draft = DraftNotice {
            seq: registry.next_seq(),
            prev: Some(registry.last()),
            effective: Some(UtcDate::of_unix_ms(log.now_ms())),
            body: untold.span.into_body(event),
        };
        let notice = draft.into_notice(Vec::new())?;
        let candidate = notice_candidate(notice, heart.publisher.signer().as_ref())?;
        match log.sequence(vec![candidate]).await?.outcomes.pop() {
            Some(Outcome::Logged { index, .. }) => return Ok(Some(index)),
            // An administrator's notice came first.
            Some(Outcome::RefusedNotice(why)) => refused = Some(why),
            _ => return Err(NotTold::Unanswered),
        }
    }
    Err(refused.map_or(NotTold::Unanswered, NotTold::Refused))
}

/// The rows that no notice named yet.
struct Untold {
    span: AuditSpan,
    /// When the first of them happened that calls for a notice.
    calls_ms: u64,
}

async fn untold(coord: &dyn Coord, registry: &Registry) -> Result<Option<Untold>, CoordError> {
    let told = registry.audit_span();
    let from = match told {
        None => 0,
        Some(span) => first_behind(coord, span).await?,
    };
    let (mut first, mut newest, mut calls_ms) = (None::<AuditRow>, None::<AuditRow>, None);
    loop {
        let next = newest.as_ref().map_or(from, |newest| newest.seq + 1);
        let rows = coord.audit_from(next, ROWS_AT_ONCE).await?;
        let Some(last) = rows.last() else { break };
        let calling = rows.iter().find(|row| !row.is_of_the_diary());
        calls_ms = calls_ms.or(calling.map(|row| row.time_ms));
        first = first.or_else(|| rows.first().cloned());
        newest = Some(last.clone());
    }
    let (Some(first), Some(newest), Some(calls_ms)) = (first, newest, calls_ms) else {
        return Ok(None);
    };
    let span = AuditSpan::new(told.map(|told| told.head), &first, &newest);
    Ok(Some(Untold { span, calls_ms }))
}

/// The first row that the newest notice did not name. If the database lost the rows that it named, that is the row which
/// says so.
async fn first_behind(coord: &dyn Coord, told: &AuditSpan) -> Result<u64, CoordError> {
    let named = coord.audit_from(told.count - 1, 1).await?;
    if named.first().map(|row| row.hash) == Some(told.head) {
        return Ok(told.count);
    }
    let mut from = 0;
    loop {
        let rows = coord.audit_from(from, ROWS_AT_ONCE).await?;
        let Some(last) = rows.last() else {
            return Ok(0);
        };
        if let Some(lost) = rows.iter().find(|row| tells_lost(row, &told.head)) {
            return Ok(lost.seq);
        }
        from = last.seq + 1;
    }
}

/// Whether this row tells that the rows up to this head were lost.
pub fn tells_lost(row: &AuditRow, head: &Digest) -> bool {
    row.action == AuditAction::RowsLost.as_str() && row.subject == head.to_string()
}

/// Why the diary does not name the rows. They are named another time.
#[derive(Debug, thiserror::Error)]
pub enum NotTold {
    /// The store.
    #[error(transparent)]
    Coord(#[from] CoordError),
    /// The log takes nothing at present.
    #[error(transparent)]
    NotSequenced(#[from] NotSequenced),
    /// The entry key.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// The notice does not follow on those before.
    #[error(transparent)]
    Refused(RefusedNotice),
    /// The clock shows a time that no notice can bear.
    #[error(transparent)]
    Malformed(#[from] MalformedNotice),
    /// The log answered something else.
    #[error("the log did not say what became of its own notice")]
    Unanswered,
}

#[cfg(test)]
mod tests;
