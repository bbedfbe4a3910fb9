//! The roster: the enrolled logs in memory, read again when the table changed.

use crate::committed::Committed;
use crate::cosigner::Cosigner;
use crate::head::Head;
use crate::known_log::{KnownLog, LogId};
use crate::ledger::{Ledger, LedgerError, Row};
use crate::standing::Standing;
use arc_swap::ArcSwap;
use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tlog::{Checkpoint, Note};

/// The enrolled logs at one moment.
#[derive(Debug, Default)]
pub struct Roster {
    by_origin: HashMap<String, Arc<KnownLog>>,
    by_hash: HashMap<String, Arc<KnownLog>>,
}

impl Roster {
    /// The log with this origin.
    pub fn by_origin(&self, origin: &str) -> Option<&Arc<KnownLog>> {
        self.by_origin.get(origin)
    }

    /// The log whose origin has this SHA-256, in lower-case hex.
    pub fn by_hash(&self, hash: &str) -> Option<&Arc<KnownLog>> {
        self.by_hash.get(hash)
    }

    /// All logs, in no order.
    pub fn logs(&self) -> impl Iterator<Item = &Arc<KnownLog>> {
        self.by_origin.values()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.by_origin.len()
    }

    /// Whether no log is enrolled.
    pub fn is_empty(&self) -> bool {
        self.by_origin.is_empty()
    }
}

/// Keeps the roster as the table has it.
pub struct RosterKeeper {
    ledger: Arc<dyn Ledger>,
    cosigner: Arc<Cosigner>,
    roster: ArcSwap<Roster>,
    version: AtomicI64,
    /// The standing of every log that this process has seen, also of removed ones: one that comes back goes on from it.
    standings: Mutex<HashMap<LogId, Arc<Standing>>>,
}

impl RosterKeeper {
    /// Reads the table and all rows.
    pub async fn open(
        ledger: Arc<dyn Ledger>,
        cosigner: Arc<Cosigner>,
    ) -> Result<Self, LedgerError> {
        let keeper = Self {
            ledger,
            cosigner,
            roster: ArcSwap::default(),
            version: AtomicI64::new(-1),
            standings: Mutex::default(),
        };
        keeper.refresh().await?;
        Ok(keeper)
    }

    /// The logs that are enrolled now.
    pub fn roster(&self) -> Arc<Roster> {
        self.roster.load_full()
    }

    /// Reads the table again if it has changed; true if it had.
    pub async fn refresh(&self) -> Result<bool, LedgerError> {
        let version = self.ledger.roster_version().await?;
        if self.version.load(Ordering::Acquire) == version {
            return Ok(false);
        }
        let logs = self.ledger.logs().await?;
        let is_new = {
            let standings = self.standings();
            logs.iter().any(|log| !standings.contains_key(&log.id))
        };
        if is_new {
            for row in self.ledger.rows().await? {
                let known = self.standings().contains_key(&row.log);
                if !known {
                    let standing = self.standing_of(&row)?;
                    self.standings().insert(row.log, Arc::new(standing));
                }
            }
        }
        let mut roster = Roster::default();
        for enrolled in logs {
            let standing = self.standings().get(&enrolled.id).map(Arc::clone);
            let standing = standing.ok_or_else(|| no_row(&enrolled.origin))?;
            let log = Arc::new(KnownLog::new(enrolled, standing));
            roster
                .by_hash
                .insert(log.origin_hash.clone(), Arc::clone(&log));
            roster.by_origin.insert(log.enrolled.origin.clone(), log);
        }
        self.roster.store(Arc::new(roster));
        self.version.store(version, Ordering::Release);
        Ok(true)
    }

    /// Reads all rows again, after a commit whose outcome is not known.
    pub async fn reload_heads(&self) -> Result<(), LedgerError> {
        for row in self.ledger.rows().await? {
            if let Some(standing) = self.standings().get(&row.log) {
                standing.set_head(row.head);
            }
        }
        Ok(())
    }

    /// A standing from its row. The note that monitors see bears our lines again: the same message with the same time as
    /// before, so nothing new is said.
    fn standing_of(&self, row: &Row) -> Result<Standing, LedgerError> {
        let standing = Standing::new(row.head);
        if row.head.is_signed() {
            let note = self.shown_note(row).ok_or_else(|| {
                LedgerError::Damaged(format!(
                    "the note of log {} does not fit its row",
                    row.log.0
                ))
            })?;
            standing.show(row.head, note);
        }
        Ok(standing)
    }

    fn shown_note(&self, row: &Row) -> Option<Arc<str>> {
        let (note, checkpoint) = stored_note(&row.note, &row.head)?;
        let committed = Committed::of_row(row.head, checkpoint, Arc::new(note));
        let ours = self.cosigner.sign(&committed).ok()?;
        Some(committed.shown_with(&ours).ok()?.to_string().into())
    }

    fn standings(&self) -> std::sync::MutexGuard<'_, HashMap<LogId, Arc<Standing>>> {
        self.standings
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// The note of a row, if it is the checkpoint that the row says.
pub fn stored_note(note: &str, head: &Head) -> Option<(Note, Checkpoint)> {
    let note = Note::parse(note.as_bytes()).ok()?;
    let checkpoint = Checkpoint::parse(note.text()).ok()?;
    (checkpoint.size() == head.size() && checkpoint.root() == head.root())
        .then_some((note, checkpoint))
}

fn no_row(origin: &str) -> LedgerError {
    LedgerError::Damaged(format!("the log {origin} has no row"))
}
