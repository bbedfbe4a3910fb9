//! The audit chain, held against the notices that name it and those that it tells of.

use super::{Finding, Report};
use crate::log::operator_notice::tells_lost;
use crate::storage::coord::{Coord, CoordError, StoredNotice};
use evidence::{AuditAction, AuditChain, AuditRow, AuditSpan, Notice};
use std::collections::HashSet;
use tlog::LeafIndex;

/// Rows read at once.
const ROWS_AT_ONCE: u32 = 10_000;

/// Every audit row.
pub async fn rows(coord: &dyn Coord) -> Result<Vec<AuditRow>, CoordError> {
    let mut rows: Vec<AuditRow> = Vec::new();
    loop {
        let next = rows.last().map_or(0, |last| last.seq.saturating_add(1));
        let more = coord.audit_from(next, ROWS_AT_ONCE).await?;
        if more.is_empty() {
            return Ok(rows);
        }
        rows.extend(more);
    }
}

/// Follows the chain, and compares it with the notices. Of the rows the first `settled` were there before the notices
/// were read, and the notices were all there before the last of the rows: so a running log is not misjudged.
pub fn compare(report: &mut Report, rows: &[AuditRow], settled: usize, notices: &[StoredNotice]) {
    let mut chain = AuditChain::default();
    for row in rows {
        report.audit_rows += 1;
        if let Err(broken) = chain.follow(row.clone()) {
            // What comes behind would only repeat it.
            return report.find(Finding::Audit(broken));
        }
    }
    for stored in notices {
        if let Some(span) = span(stored)
            && !is_led_to(rows, &span)
        {
            report.find(Finding::AuditHead(stored.index));
        }
    }
    let is_taken = |row: &&AuditRow| row.action.starts_with("notice.");
    let told: HashSet<(&str, &str)> = (rows.iter().filter(is_taken))
        .map(|row| (row.action.as_str(), row.subject.as_str()))
        .collect();
    let taken: Vec<(LeafIndex, (&str, String))> = notices
        .iter()
        .map(|notice| {
            let action = AuditAction::of_notice(notice.notice_type);
            (
                notice.index,
                (action.as_str(), notice.commitment.to_string()),
            )
        })
        .collect();
    let has_row = |(_, (action, subject)): &&(LeafIndex, (&str, String))| {
        told.contains(&(*action, subject.as_str()))
    };
    // A log that is older than its audit rows has notices without.
    let since = taken.iter().find(has_row).map(|(index, _)| *index);
    for notice in taken
        .iter()
        .filter(|(index, _)| since.is_some_and(|since| *index > since))
    {
        if !has_row(&notice) {
            report.find(Finding::AuditMissing(notice.0));
        }
    }
    let taken: HashSet<(&str, &str)> = (taken.iter())
        .map(|(_, (action, subject))| (*action, subject.as_str()))
        .collect();
    for row in rows.iter().take(settled).filter(is_taken) {
        if !taken.contains(&(row.action.as_str(), row.subject.as_str())) {
            report.find(Finding::AuditNotice(row.seq));
        }
    }
}

/// What a notice says of the chain. One that says it wrongly is found on the walk through the entries.
pub fn span(stored: &StoredNotice) -> Option<AuditSpan> {
    let notice = Notice::parse(&stored.document).ok()?;
    AuditSpan::of(&notice).ok().flatten()
}

/// The chain leads to the named head, or tells that the rows up to it were lost with a database.
fn is_led_to(rows: &[AuditRow], span: &AuditSpan) -> bool {
    let place = usize::try_from(span.count - 1).ok();
    let named = place.and_then(|place| rows.get(place));
    named.is_some_and(|row| row.hash == span.head)
        || rows.iter().any(|row| tells_lost(row, &span.head))
}
