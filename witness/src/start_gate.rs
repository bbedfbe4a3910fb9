//! The start gate: nothing is signed before our state was found no older than our own signatures.

use crate::head::Head;
use crate::known_log::KnownLog;
use crate::memory::{Agreement, Memory, OlderState, compare_all};
use crate::metrics::Metrics;
use crate::roster::RosterKeeper;
use futures_util::StreamExt as _;
use futures_util::stream;
use service::Stop;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How often those are asked who have not answered yet.
const ASK_EVERY: Duration = Duration::from_secs(1);

/// How often it is looked whether a log was enrolled meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// How many logs are asked at once.
const ASKED_AT_ONCE: usize = 16;

/// The gate. Shut, the witness answers reads alone.
pub struct StartGate {
    roster: Arc<RosterKeeper>,
    memory: Arc<dyn Memory>,
    metrics: Arc<Metrics>,
    /// Why it is shut; none once it is open.
    awaits: Mutex<Option<String>>,
}

impl StartGate {
    /// A gate that is shut.
    pub fn new(
        roster: Arc<RosterKeeper>,
        memory: Arc<dyn Memory>,
        metrics: Arc<Metrics>,
    ) -> Arc<Self> {
        let awaits = Mutex::new(Some("the logs were not asked yet".to_owned()));
        Arc::new(Self {
            roster,
            memory,
            metrics,
            awaits,
        })
    }

    /// Why nothing is signed; none when the gate is open.
    pub fn awaits(&self) -> Option<String> {
        self.awaits
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Opens at once what need not be asked: when the operator gives his word that no signature was ever made from a
    /// newer state (`first_run`), and when no log is enrolled. Before the doors open, so that nobody is turned away.
    pub fn begin(&self, first_run: bool) {
        if first_run {
            self.open("the operator says that this is the first run");
        } else if self.roster.roster().is_empty() {
            self.open("no log is enrolled, so nothing was signed");
        }
    }

    /// Asks until the gate is open, then for each log that is enrolled later, until the stop.
    ///
    /// # Errors
    /// Others hold signatures of ours that the state does not know: the process must end.
    pub async fn run(&self, stop: Stop) -> Result<(), OlderState> {
        let mut wait = Duration::ZERO;
        loop {
            tokio::select! {
                () = stop.stopped() => return Ok(()),
                () = tokio::time::sleep(wait) => {}
            }
            let unconfirmed: Vec<Arc<KnownLog>> = self
                .roster
                .roster()
                .logs()
                .filter(|log| !log.standing.is_confirmed())
                .map(Arc::clone)
                .collect();
            wait = if unconfirmed.is_empty() {
                LOOK_EVERY
            } else {
                self.ask(&unconfirmed).await?;
                ASK_EVERY
            };
        }
    }

    async fn ask(&self, logs: &[Arc<KnownLog>]) -> Result<(), OlderState> {
        let is_open = self.awaits().is_none();
        // An answer about a row that was never signed says nothing about the others.
        let someone_signed = logs.iter().any(|log| log.standing.head().is_signed());
        let answers: Vec<(Arc<KnownLog>, Head, Agreement)> = stream::iter(logs.iter().cloned())
            .map(async |log| {
                let row = log.standing.head();
                let agreement = if is_open && log.enrolled.url.is_none() {
                    // Enrolled just now, with nobody to ask: that is its operator's word.
                    Agreement::Consistent
                } else {
                    compare_all(&row, self.memory.recall(&log.enrolled).await)
                };
                (log, row, agreement)
            })
            .buffer_unordered(ASKED_AT_ONCE)
            .collect()
            .await;
        let mut silent = Vec::new();
        let mut opens = false;
        for (log, row, agreement) in answers {
            match agreement {
                Agreement::Older(seen) => {
                    return Err(OlderState {
                        origin: log.enrolled.origin.clone(),
                        row,
                        seen,
                    });
                }
                Agreement::Silent(why) => silent.push(format!("{}: {why}", log.enrolled.origin)),
                Agreement::Consistent => {
                    opens |= row.is_signed() || !someone_signed;
                    if is_open {
                        log.standing.confirm();
                    }
                }
            }
        }
        if !is_open && opens {
            self.open("what a log or a peer shows agrees with the state");
        } else if !is_open {
            self.wait_for(&silent);
        }
        Ok(())
    }

    /// Opens the gate for all logs that are enrolled now.
    fn open(&self, why: &str) {
        for log in self.roster.roster().logs() {
            log.standing.confirm();
        }
        let mut awaits = self.awaits.lock().unwrap_or_else(PoisonError::into_inner);
        *awaits = None;
        self.metrics.signing.set(1);
        tracing::info!(why, "The witness signs from now on.");
    }

    fn wait_for(&self, silent: &[String]) {
        let sentence = format!(
            "no log or peer has shown yet that this state is the newest: {}. Give the logs' addresses (`log add --url`), or run \
             once with --first-run if these keys never signed from a newer state",
            silent.join("; ")
        );
        let mut awaits = self.awaits.lock().unwrap_or_else(PoisonError::into_inner);
        if awaits.as_ref() != Some(&sentence) {
            tracing::warn!("The witness waits: {sentence}");
            *awaits = Some(sentence);
        }
    }
}

#[cfg(test)]
mod tests;
