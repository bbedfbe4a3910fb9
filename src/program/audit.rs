//! `notarylog audit`: what was done to the log, row by row.

use super::{Failure, config, folder};
use crate::check::{Report, audit};
use crate::storage::coord::Coord as _;
use crate::storage::sqlite::SqliteCoord;
use clap::{ArgMatches, Args};
use evidence::{AuditAction, AuditRow, OriginHash};
use std::path::PathBuf;

/// Lists the audit rows.
#[derive(Args)]
pub(crate) struct Audit {
    /// The log's folder, also beside a running `serve`
    dir: PathBuf,
    /// One JSON object instead of sentences
    #[arg(long)]
    json: bool,
}

/// How far the newest notice names the chain.
struct Told {
    entry: u64,
    rows: u64,
}

impl Audit {
    pub(crate) fn run(self, matches: &ArgMatches) -> Result<(), Failure> {
        let config = config::load_of_log(&self.dir, matches)?;
        let origin = OriginHash::of(folder::origin(&config)?.as_str());
        let (rows, settled, notices) = super::runtime()?.block_on(async {
            let database = folder::database(&self.dir);
            let coord = SqliteCoord::open_read_only(&database, origin.as_bytes())
                .await
                .map_err(Failure::could_not)?;
            let settled = audit::rows(&coord).await.map_err(Failure::could_not)?.len();
            let notices = coord.notices_from(0).await.map_err(Failure::could_not)?;
            let rows = audit::rows(&coord).await.map_err(Failure::could_not)?;
            Ok::<_, Failure>((rows, settled, notices))
        })?;
        let mut report = Report::default();
        audit::compare(&mut report, &rows, settled, &notices);
        let told = notices.iter().rev().find_map(|stored| {
            let entry = stored.index.get();
            audit::span(stored).map(|span| Told {
                entry,
                rows: span.count,
            })
        });
        if self.json {
            println!("{}", json(&rows, &report, told.as_ref()));
        } else {
            for row in &rows {
                println!("{}", sentence(row));
            }
            for finding in &report.findings {
                println!("{finding}");
            }
        }
        if !report.is_clean() {
            return Err(Failure::wrong(
                "the audit rows are not what was written: somebody changed them behind the log's back, or the database \
                 was damaged. Compare with the last backup that was clean",
            ));
        }
        if !self.json {
            match told {
                Some(Told { entry, rows: named }) => println!(
                    "The chain of {} rows is whole; the notice at entry {entry} names the first {named}.",
                    rows.len()
                ),
                None => println!(
                    "The chain of {} rows is whole; no notice names it yet.",
                    rows.len()
                ),
            }
        }
        Ok(())
    }
}

fn json(rows: &[AuditRow], report: &Report, told: Option<&Told>) -> serde_json::Value {
    let findings: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
    let listed: Vec<serde_json::Value> = rows
        .iter()
        .map(|row| {
            serde_json::json!({
                "seq": row.seq, "time_ms": row.time_ms, "action": row.action, "subject": row.subject,
                "prev": row.prev, "hash": row.hash, "says": says(row),
            })
        })
        .collect();
    let told = told.map(|told| serde_json::json!({"entry": told.entry, "rows": told.rows}));
    serde_json::json!({
        "event": "audit", "whole": report.is_clean(), "rows": listed, "head": rows.last().map(|row| row.hash),
        "named": told, "findings": findings,
    })
}

fn sentence(row: &AuditRow) -> String {
    let time = i64::try_from(row.time_ms).ok();
    let time = time.and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    let time = time.map_or_else(|| row.time_ms.to_string(), |time| time.to_string());
    format!("{:>5}  {time}  {}", row.seq, says(row))
}

/// The row as a person says it.
fn says(row: &AuditRow) -> String {
    let subject = &row.subject;
    let Some(action) = AuditAction::from_word(&row.action) else {
        return format!(
            "{} ({subject}), which this version does not know.",
            row.action
        );
    };
    match action {
        AuditAction::Start => format!("A process took the log to serve it, at {subject} entries."),
        AuditAction::Stop => format!("The process was told to stop, at {subject} entries."),
        AuditAction::Restore => format!("The database came from a backup of {subject} entries."),
        AuditAction::RollForward => {
            format!(
                "The database was behind its journal, and was rolled forward to {subject} entries."
            )
        }
        AuditAction::RowsLost => {
            format!(
                "The audit rows up to the head {subject} went with another copy of the database."
            )
        }
        AuditAction::End => format!("The log was ended, at {subject} entries."),
        AuditAction::Genesis => format!("The log was founded, by the notice {subject}."),
        AuditAction::KeyEnrol => format!("A key was enrolled, by the notice {subject}."),
        AuditAction::KeyRotate => format!("A key took over from another, by the notice {subject}."),
        AuditAction::KeyRevoke => format!("A key was revoked, by the notice {subject}."),
        AuditAction::Policy => format!("A policy was published, by the notice {subject}."),
        AuditAction::Catalogue => format!("A catalogue was published, by the notice {subject}."),
        AuditAction::Calendar => format!("A calendar was published, by the notice {subject}."),
        AuditAction::Operator => format!("The log wrote into its diary, by the notice {subject}."),
    }
}
