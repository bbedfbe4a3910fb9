//! `notarylog-witness check`: everything that is stored is verified again, also beside a running witness.

use super::{Failure, Folder, folder};
use crate::head::Head;
use crate::known_log::{Enrolled, KnownLog};
use crate::ledger::sqlite::SqliteLedger;
use crate::ledger::{Ledger as _, Row};
use crate::roster::stored_note;
use crate::standing::Standing;
use std::collections::HashMap;
use std::sync::Arc;
use tlog::{Checkpoint, Note, TreeSize};

/// `notarylog-witness check DIR`.
pub(crate) fn run(folder: &Folder) -> Result<(), Failure> {
    let (logs, heads, findings) = super::runtime()?.block_on(async {
        let (_, ledger) = folder::open_read_only(&folder.dir).await?;
        let found = examine(&ledger).await.map_err(Failure::could_not);
        ledger.close().await.map_err(Failure::could_not)?;
        found
    })?;
    if folder.json {
        let event = serde_json::json!({
            "event": "checked", "clean": findings.is_empty(), "logs": logs, "heads": heads, "findings": findings,
        });
        println!("{event}");
    } else if findings.is_empty() {
        println!("Clean: {logs} logs, {heads} signed heads.");
    } else {
        for finding in &findings {
            println!("{finding}");
        }
    }
    if findings.is_empty() {
        Ok(())
    } else {
        Err(Failure::wrong(
            "the state is damaged: do not run this witness, and do not restore a backup of it",
        ))
    }
}

type Examined = (usize, usize, Vec<String>);

async fn examine(ledger: &SqliteLedger) -> Result<Examined, crate::ledger::LedgerError> {
    let mut findings: Vec<String> = ledger
        .faults()
        .await?
        .into_iter()
        .map(|fault| format!("The database's structure: {fault}"))
        .collect();
    let logs = ledger.logs().await?;
    let rows: HashMap<_, _> = ledger
        .rows()
        .await?
        .into_iter()
        .map(|row| (row.log, row))
        .collect();
    let mut heads = 0;
    for enrolled in &logs {
        let Some(row) = rows.get(&enrolled.id) else {
            findings.push(format!("{}: it has no row", enrolled.origin));
            continue;
        };
        if let Err(why) = check_row(enrolled, row) {
            findings.push(format!("{}: {why}", enrolled.origin));
        }
        // Read after the row, beside a running witness: the row may be older than the newest of these.
        let kept = ledger.kept(enrolled.id).await?;
        heads += kept.len();
        let notes = kept.iter().map(|head| (head.time_s, head.note.as_ref()));
        if let Err(why) = check_kept(&enrolled.origin, notes, row) {
            findings.push(format!("{}: {why}", enrolled.origin));
        }
    }
    Ok((logs.len(), heads, findings))
}

/// The note is the row's checkpoint, and the log's keys verify it.
fn check_row(enrolled: &Enrolled, row: &Row) -> Result<(), String> {
    if !row.head.is_signed() {
        return if row.head == Head::NEVER && row.note.is_empty() {
            Ok(())
        } else {
            Err("its row says that it was never cosigned, and holds a head".to_owned())
        };
    }
    let (note, checkpoint) =
        stored_note(&row.note, &row.head).ok_or("its note is not the checkpoint of its row")?;
    let log = KnownLog::new(enrolled.clone(), Arc::new(Standing::new(row.head)));
    // Keys may have been changed by the operator since; a line by none of them is no damage.
    match log.verify_note(&note, &checkpoint) {
        Err(crate::known_log::NotSigned::BadLine(why)) => {
            Err(format!("the log's signature does not verify: {why}"))
        }
        _ if checkpoint.origin() != enrolled.origin => {
            Err("its note is of another origin".to_owned())
        }
        _ => Ok(()),
    }
}

/// Sizes and times never go back, one size has one root, and nothing is newer than the row was when it was read.
fn check_kept<'a>(
    origin: &str,
    kept: impl Iterator<Item = (u64, &'a str)>,
    row: &Row,
) -> Result<(), String> {
    let mut last: Option<(TreeSize, tlog::Hash, u64)> = None;
    let mut holds_row = !row.head.is_signed();
    for (time_s, note) in kept {
        let checkpoint = Note::parse(note.as_bytes())
            .ok()
            .and_then(|note| Checkpoint::parse(note.text()).ok())
            .filter(|checkpoint| checkpoint.origin() == origin)
            .ok_or("a kept head is no checkpoint of this log")?;
        let (size, root) = (checkpoint.size(), checkpoint.root());
        if let Some((last_size, last_root, last_time_s)) = last
            && (size < last_size
                || time_s < last_time_s
                || (size == last_size && root != last_root))
        {
            return Err(format!("the kept heads go back at size {size}"));
        }
        holds_row |= size == row.head.size() && root == row.head.root();
        last = Some((size, root, time_s));
    }
    if holds_row {
        Ok(())
    } else {
        Err("the newest head is not among the kept ones".to_owned())
    }
}
