//! Sending sealed entries until each is proved, refused, or patience runs out. Always the same bytes, so that nothing is
//! recorded twice however often the line breaks.

use crate::log_answer::{Placed, ReceiptAnswer, Submitted};
use crate::log_client::{CallError, ENTRIES_MAX, LogClient, ReceiptOf};
use crate::log_problem::LogProblem;
use crate::patience::{Passing as _, Patience, random_number};
use crate::receipt_check::{Doubt, check_receipt};
use evidence::Entry;
use std::time::Duration;
use tlog::{LeafIndex, Policy, Receipt, SignatureChecks};

/// What became of one entry.
#[derive(Debug)]
pub enum Outcome {
    /// The receipt, checked: keep it.
    Proved(Box<Receipt>),
    /// The log says that it stands there; no head that the policy accepts covers it yet. A claim, no proof: send again.
    Logged(LeafIndex),
    /// The log refused it, and will again.
    Refused(LogProblem),
    /// The log answered, and its answer does not prove what it says.
    NotProved(Doubt),
    /// No answer. The entry may have been logged: send it again.
    Unanswered,
}

/// Sends entries to one log.
#[derive(Clone, Copy)]
pub struct Courier<'a> {
    /// The log.
    pub log: &'a LogClient,
    /// Its origin: what the entries are signed for.
    pub origin: &'a str,
    /// Whom to believe; without it only the hashes of an answer are checked.
    pub policy: Option<&'a Policy>,
    /// What checks signatures.
    pub checks: &'a (dyn SignatureChecks + Sync),
    /// How long to go on after failures that may pass.
    pub patience: Duration,
    /// Hears why it waits, and for how long.
    pub waiting: &'a (dyn Fn(&str, Duration) + Sync),
}

/// What became of all entries, and the failure that ended it early, if one did.
#[derive(Debug)]
pub struct Sent {
    /// One for each entry, in their order.
    pub outcomes: Vec<Outcome>,
    /// Why some are [`Outcome::Unanswered`].
    pub failure: Option<CallError>,
}

impl Courier<'_> {
    /// Sends at most [`ENTRIES_MAX`] entries in their order, and asks again until each has a final outcome or patience
    /// has run out.
    pub async fn send(&self, entries: &[Entry]) -> Sent {
        let entries = entries.get(..ENTRIES_MAX).unwrap_or(entries);
        let mut patience = Patience::new(self.patience);
        let mut outcomes: Vec<_> = entries.iter().map(|_| Outcome::Unanswered).collect();
        loop {
            let failure = self.round(entries, &mut outcomes).await.err();
            if let Some(error) = &failure
                && !error.is_passing()
            {
                return Sent { outcomes, failure };
            }
            let open = outcomes.iter().any(Outcome::is_open);
            if !open && failure.is_none() {
                return Sent { outcomes, failure };
            }
            let unanswered = outcomes.iter().any(|o| matches!(o, Outcome::Unanswered));
            let why = match &failure {
                Some(error) => error.to_string(),
                None if unanswered => "the log could not take every entry yet".to_owned(),
                None => "logged, waiting for witnesses".to_owned(),
            };
            let asked = failure.as_ref().and_then(CallError::retry_after);
            let Some(wait) = patience.wait(asked, random_number()) else {
                return Sent { outcomes, failure };
            };
            (self.waiting)(&why, wait);
            tokio::time::sleep(wait).await;
        }
    }

    /// One attempt for whatever is still open.
    async fn round(&self, entries: &[Entry], outcomes: &mut [Outcome]) -> Result<(), CallError> {
        // Unanswered ones are sent, together and in order: the log then orders them as the case does.
        let unanswered: Vec<usize> = (0..entries.len())
            .filter(|&at| matches!(outcomes.get(at), Some(Outcome::Unanswered)))
            .collect();
        if !unanswered.is_empty() {
            let batch: Vec<Entry> = unanswered
                .iter()
                .filter_map(|&at| entries.get(at).cloned())
                .collect();
            let submitted = self.log.submit(&batch).await?;
            for ((&at, entry), result) in unanswered.iter().zip(&batch).zip(&submitted.results) {
                if let Some(outcome) = outcomes.get_mut(at) {
                    *outcome = self.judge(entry, &submitted, result);
                }
            }
            return Ok(());
        }
        for (entry, outcome) in entries.iter().zip(outcomes) {
            if matches!(outcome, Outcome::Logged(_)) {
                *outcome = self.ask_for_receipt(entry, outcome).await?;
            }
        }
        Ok(())
    }

    fn judge(
        &self,
        entry: &Entry,
        submitted: &Submitted,
        result: &Result<Placed, LogProblem>,
    ) -> Outcome {
        let placed = match result {
            Ok(placed) => placed,
            Err(problem) if problem.is_passing() => return Outcome::Unanswered,
            Err(problem) => return Outcome::Refused(problem.clone()),
        };
        // The receipt carries the entry that the log says it stored: `check_receipt` holds it against ours. We signed
        // with a low S, as the log stores, so the two are equal to the byte.
        match submitted.receipt(placed) {
            Some(receipt) => self.judge_receipt(entry, receipt),
            None => Outcome::Logged(placed.index),
        }
    }

    fn judge_receipt(&self, entry: &Entry, receipt: Receipt) -> Outcome {
        match check_receipt(&receipt, entry, self.origin, self.policy, self.checks) {
            Ok(()) => Outcome::Proved(Box::new(receipt)),
            Err(Doubt::NotWitnessed { .. }) => Outcome::Logged(receipt.index()),
            Err(doubt) => Outcome::NotProved(doubt),
        }
    }

    async fn ask_for_receipt(
        &self,
        entry: &Entry,
        outcome: &Outcome,
    ) -> Result<Outcome, CallError> {
        match self.log.receipt(ReceiptOf::Leaf(entry.leaf_hash())).await {
            Ok(ReceiptAnswer::Kept(receipt)) => Ok(self.judge_receipt(entry, *receipt)),
            Ok(ReceiptAnswer::NotYet { .. }) => Ok(match outcome {
                Outcome::Logged(index) => Outcome::Logged(*index),
                _ => Outcome::Unanswered,
            }),
            // After a restore the entry may stand nowhere: then it is sent again.
            Err(CallError::Refused(problem)) if problem.status() == 404 => Ok(Outcome::Unanswered),
            Err(error) => Err(error),
        }
    }
}

impl Outcome {
    const fn is_open(&self) -> bool {
        matches!(self, Self::Unanswered | Self::Logged(_))
    }
}
