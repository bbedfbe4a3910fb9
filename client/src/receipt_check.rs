//! Whether a receipt is the proof of one entry of ours: asked before an answer is believed and before anything is sent.

use crate::confirmation::Confirmations;
use evidence::Entry;
use tlog::{Policy, Receipt, Refusal, SignatureChecks};

/// Why a receipt is not the proof of this entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    /// It carries another entry.
    #[error("the log's answer is about another entry")]
    OtherEntry,
    /// Its checkpoint is another log's.
    #[error("the log's answer has the checkpoint of another log")]
    OtherLog,
    /// The hashes do not lead to the root.
    #[error("the log's answer does not prove that the entry is in it")]
    Inclusion,
    /// The log has signed and the quorum has not cosigned.
    #[error("{have} witnesses have confirmed and {need} are required")]
    NotWitnessed {
        /// Members of the quorum that have cosigned.
        have: usize,
        /// Members that are needed.
        need: usize,
    },
    /// The policy refuses the checkpoint.
    #[error("the policy refuses the log's answer: {0}")]
    Refused(Refusal),
}

/// Checks that `receipt` proves `entry` in the log `origin`. With a policy the head is judged too; without one only the
/// hashes are checked, which shows that the answer is consistent and not who gave it.
///
/// Answers who has confirmed the head; nobody without a policy, or by one that asks for no witness.
pub fn check_receipt(
    receipt: &Receipt,
    entry: &Entry,
    origin: &str,
    policy: Option<&Policy>,
    checks: &dyn SignatureChecks,
) -> Result<Confirmations, Doubt> {
    if receipt
        .extra()
        .is_some_and(|extra| extra != entry.to_bytes())
    {
        return Err(Doubt::OtherEntry);
    }
    let checkpoint = receipt.checkpoint();
    if checkpoint.origin() != origin {
        return Err(Doubt::OtherLog);
    }
    tlog::verify_inclusion(
        &entry.leaf_hash(),
        receipt.index(),
        checkpoint.size(),
        &checkpoint.root(),
        receipt.proof(),
    )
    .map_err(|_| Doubt::Inclusion)?;
    let Some(policy) = policy else {
        return Ok(Confirmations::default());
    };
    match policy.judge(receipt.note(), checks) {
        Ok(head) => Ok(Confirmations::of(policy, &head)),
        Err(Refusal::Quorum { have, need, .. }) => Err(Doubt::NotWitnessed { have, need }),
        Err(refusal) => Err(Doubt::Refused(refusal)),
    }
}
