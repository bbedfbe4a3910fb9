//! Sending sealed entries until each is proved, refused, or patience runs out. Always the same bytes, so that nothing is
//! recorded twice however often the line breaks.

use crate::confirmation::Confirmations;
use crate::log_answer::{Placed, ReceiptAnswer, Submitted};
use crate::log_client::{CallError, ENTRIES_MAX, LogClient, ReceiptOf, Until};
use crate::log_problem::LogProblem;
use crate::patience::{Passing as _, Patience, random_number};
use crate::receipt_check::{Doubt, check_receipt};
use evidence::{Entry, Slot};
use std::time::Duration;
use tlog::{LeafIndex, Policy, Receipt, SignatureChecks};

/// Witnesses that come back are noticed within this time; the log itself asks them as often.
const LONGEST_BETWEEN_LOOKS: Duration = Duration::from_secs(2);

/// What became of one entry.
#[derive(Debug)]
pub enum Outcome {
    /// The receipt, checked: keep it.
    Proved(Box<Proof>),
    /// The log says that it stands there; no head that the policy accepts covers it yet. A claim, no proof: send again.
    Logged(Claim),
    /// The log refused it, and will again.
    Refused(LogProblem),
    /// The log answered, and its answer does not prove what it says.
    NotProved(Doubt),
    /// No answer. The entry may have been logged: send it again.
    Unanswered,
}

/// A receipt that holds.
#[derive(Debug)]
pub struct Proof {
    /// What to keep.
    pub receipt: Receipt,
    /// Who has confirmed it; nobody without a policy that asks for witnesses.
    pub confirmations: Confirmations,
}

/// What a log says of an entry before witnesses stand behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The position; after a restore the entry may stand elsewhere or nowhere.
    pub index: LeafIndex,
    /// What is awaited, safe to print.
    pub awaits: String,
    /// Where the receipt will be, if the log said so.
    pub slot: Option<Slot>,
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
    /// How long to wait for witnesses once all entries are logged. With zero the log answers at once, and its receipts
    /// are asked for once.
    pub wait: Duration,
    /// Hears why it waits, and for how long.
    pub waiting: &'a (dyn Fn(&str, Duration) + Sync),
    /// Hears what is awaited of the witnesses, and how long it will still wait for them.
    pub awaiting: &'a (dyn Fn(&str, Duration) + Sync),
}

/// What became of all entries, and the failure that ended it early, if one did.
#[derive(Debug)]
pub struct Sent {
    /// One for each entry, in their order.
    pub outcomes: Vec<Outcome>,
    /// Why some are [`Outcome::Unanswered`], or [`Outcome::Logged`] and no more.
    pub failure: Option<CallError>,
}

impl Courier<'_> {
    /// Sends at most [`ENTRIES_MAX`] entries in their order, and asks again until each has a final outcome or patience
    /// has run out.
    pub async fn send(&self, entries: &[Entry]) -> Sent {
        let entries = entries.get(..ENTRIES_MAX).unwrap_or(entries);
        let mut patience = Patience::new(self.patience);
        let mut for_witnesses = Patience::new(self.wait).with_longest(LONGEST_BETWEEN_LOOKS);
        let mut outcomes: Vec<_> = entries.iter().map(|_| Outcome::Unanswered).collect();
        loop {
            let failure = self.round(entries, &mut outcomes).await.err();
            if let Some(error) = &failure
                && !error.is_passing()
            {
                return Sent { outcomes, failure };
            }
            if failure.is_none() && !outcomes.iter().any(Outcome::is_open) {
                return Sent { outcomes, failure };
            }
            let claim = outcomes.iter().find_map(Outcome::claim);
            let is_unanswered = outcomes.iter().any(Outcome::is_unanswered);
            let wait = match (&failure, claim) {
                (None, Some(claim)) if !is_unanswered => {
                    let wait = for_witnesses.wait(None, random_number());
                    if wait.is_some() {
                        (self.awaiting)(&claim.awaits, for_witnesses.left());
                    }
                    wait
                }
                _ => {
                    let asked = failure.as_ref().and_then(CallError::retry_after);
                    let wait = patience.wait(asked, random_number());
                    if let Some(wait) = wait {
                        let why = failure.as_ref().map_or_else(
                            || "the log could not take every entry yet".to_owned(),
                            ToString::to_string,
                        );
                        (self.waiting)(&why, wait);
                    }
                    wait
                }
            };
            let Some(wait) = wait else {
                return Sent { outcomes, failure };
            };
            tokio::time::sleep(wait).await;
        }
    }

    /// One attempt for whatever is still open: what has no answer is sent, then what is logged is asked for.
    async fn round(&self, entries: &[Entry], outcomes: &mut [Outcome]) -> Result<(), CallError> {
        // Unanswered ones are sent, together and in order: the log then orders them as the case does.
        let unanswered: Vec<usize> = (0..entries.len())
            .filter(|&at| outcomes.get(at).is_some_and(Outcome::is_unanswered))
            .collect();
        if !unanswered.is_empty() {
            let batch: Vec<Entry> = unanswered
                .iter()
                .filter_map(|&at| entries.get(at).cloned())
                .collect();
            let until = if self.wait.is_zero() {
                Until::Logged
            } else {
                Until::Witnessed
            };
            let submitted = self.log.submit(&batch, until).await?;
            for ((&at, entry), result) in unanswered.iter().zip(&batch).zip(&submitted.results) {
                if let Some(outcome) = outcomes.get_mut(at) {
                    *outcome = self.judge(entry, &submitted, result);
                }
            }
        }
        let mut claimed: Vec<usize> = (0..entries.len())
            .filter(|&at| outcomes.get(at).is_some_and(|o| o.claim().is_some()))
            .collect();
        claimed.sort_by_key(|&at| outcomes.get(at).and_then(Outcome::claim).map(|c| c.index));
        for (entry, at) in claimed
            .iter()
            .filter_map(|&at| Some((entries.get(at)?, at)))
        {
            let Some(outcome) = outcomes.get_mut(at) else {
                continue;
            };
            *outcome = self.ask_for_receipt(entry, outcome).await?;
            // A head that does not cover this one covers none behind it.
            if outcome.claim().is_some() {
                return Ok(());
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
            Some(receipt) => self.judge_receipt(entry, receipt, placed.slot),
            None => Outcome::Logged(Claim {
                index: placed.index,
                awaits: submitted
                    .awaits
                    .clone()
                    .unwrap_or_else(|| AWAITS.to_owned()),
                slot: placed.slot,
            }),
        }
    }

    fn judge_receipt(&self, entry: &Entry, receipt: Receipt, slot: Option<Slot>) -> Outcome {
        match check_receipt(&receipt, entry, self.origin, self.policy, self.checks) {
            Ok(confirmations) => Outcome::Proved(Box::new(Proof {
                receipt,
                confirmations,
            })),
            Err(doubt @ Doubt::NotWitnessed { .. }) => Outcome::Logged(Claim {
                index: receipt.index(),
                awaits: format!("the witnesses of the policy that was given; {doubt}"),
                slot,
            }),
            Err(doubt) => Outcome::NotProved(doubt),
        }
    }

    async fn ask_for_receipt(
        &self,
        entry: &Entry,
        outcome: &Outcome,
    ) -> Result<Outcome, CallError> {
        let Some(claim) = outcome.claim() else {
            return Ok(Outcome::Unanswered);
        };
        let of = claim
            .slot
            .map_or_else(|| ReceiptOf::Leaf(entry.leaf_hash()), ReceiptOf::Slot);
        match self.log.receipt(of).await {
            Ok(ReceiptAnswer::Kept(receipt)) => Ok(self.judge_receipt(entry, *receipt, claim.slot)),
            Ok(ReceiptAnswer::NotYet { awaits }) => Ok(Outcome::Logged(Claim {
                awaits,
                ..claim.clone()
            })),
            // After a restore the entry may stand nowhere: then it is sent again.
            Err(CallError::Refused(problem)) if problem.status() == 404 => Ok(Outcome::Unanswered),
            Err(error) => Err(error),
        }
    }
}

/// What is awaited if the log does not say it.
const AWAITS: &str = "the cosignatures of a quorum of the witnesses";

impl Outcome {
    const fn is_open(&self) -> bool {
        matches!(self, Self::Unanswered | Self::Logged(_))
    }

    const fn is_unanswered(&self) -> bool {
        matches!(self, Self::Unanswered)
    }

    const fn claim(&self) -> Option<&Claim> {
        match self {
            Self::Logged(claim) => Some(claim),
            _ => None,
        }
    }
}
