//! The bench on which a verification is done: what was checked is written down in order, and the first failure ends it.

use crate::confirmation::date;
use crate::reason::Reason;
use crate::verdict::{Check, CheckName, Verdict, Word};
use evidence::Entry;
use tlog::{CosignedCheckpoint, LeafIndex, Note, Policy, Receipt, Refusal, SignatureChecks, Vkey};
use words::Code;

/// The end of a verification before its end.
#[derive(Debug)]
pub(crate) struct Failed {
    verdict: Box<Verdict>,
}

impl Failed {
    /// What there is to say at this end.
    pub(crate) fn into_verdict(self) -> Verdict {
        *self.verdict
    }
}

impl From<Verdict> for Failed {
    fn from(verdict: Verdict) -> Self {
        Self {
            verdict: Box::new(verdict),
        }
    }
}

impl From<Reason> for Failed {
    fn from(reason: Reason) -> Self {
        Verdict::cannot_check(reason).into()
    }
}

/// Where the checks are done and written down.
pub(crate) struct Bench<'a> {
    /// How signatures are verified.
    pub(crate) checks: &'a dyn SignatureChecks,
    /// What was checked, in order.
    pub(crate) done: Vec<Check>,
    /// Where the entry stands, once it is proved.
    pub(crate) index: Option<LeafIndex>,
    /// What a success does not prove.
    pub(crate) not_proved: Vec<Code>,
}

impl<'a> Bench<'a> {
    /// An empty bench.
    pub(crate) fn new(checks: &'a dyn SignatureChecks) -> Self {
        Self {
            checks,
            done: Vec::new(),
            index: None,
            not_proved: Vec::new(),
        }
    }

    pub(crate) fn passed(&mut self, name: CheckName, word: Option<Word>) {
        self.done.push(Check {
            name,
            passed: true,
            word,
        });
    }

    pub(crate) fn failed(&mut self, name: CheckName, word: Word) -> Failed {
        self.done.push(Check {
            name,
            passed: false,
            word: Some(word.clone()),
        });
        Verdict::new(word).into()
    }

    /// Judges a head by the policy. `also` are more keys of the same log, whose lines must be valid too.
    pub(crate) fn head(
        &mut self,
        note: &Note,
        policy: &Policy,
        also: &[Vkey],
        written_down: bool,
    ) -> Result<CosignedCheckpoint, Failed> {
        let head = policy
            .judge_with(note, also, self.checks)
            .map_err(|refusal| self.refused(&refusal))?;
        if written_down {
            let kinds: Vec<_> = head.log_kinds().map(|kind| kind.to_string()).collect();
            let word = Word::plain(Code::SignaturesByLog).with("kinds", &kinds.join(", "));
            self.passed(CheckName::LogSignatures, Some(word));
            for line in head.cosignatures() {
                let time = line.time.seconds().map_or_else(|| "–".to_owned(), date);
                let word = Word::plain(Code::CosignedBy)
                    .with("name", &&line.name)
                    .with("time", &time)
                    .with("kind", &line.kind);
                self.passed(CheckName::Quorum, Some(word));
            }
            if policy.is_unwitnessed() {
                self.passed(CheckName::Quorum, Some(Word::plain(Code::Unwitnessed)));
            }
        }
        Ok(head)
    }

    /// As [`head`](Self::head), of the receipt of an entry: "not yet" is said only of an entry that stands there.
    pub(crate) fn head_of(
        &mut self,
        receipt: &Receipt,
        entry: &Entry,
        policy: &Policy,
        also: &[Vkey],
        written_down: bool,
    ) -> Result<CosignedCheckpoint, Failed> {
        let judged = self.head(receipt.note(), policy, also, written_down);
        judged.map_err(|failed| {
            if failed.verdict.code() != Code::FailQuorum {
                return failed;
            }
            let not_yet = self.done.pop();
            match self.inclusion(receipt, entry, false) {
                Err(wrong) => wrong,
                Ok(()) => {
                    self.done.extend(not_yet);
                    failed
                }
            }
        })
    }

    fn refused(&mut self, refusal: &Refusal) -> Failed {
        match refusal {
            Refusal::Quorum { have, need, .. } => {
                let word = Word::plain(Code::FailQuorum)
                    .with("k", &have)
                    .with("q", &need);
                self.failed(CheckName::Quorum, word)
            }
            Refusal::Malformed(_) => Reason::ReceiptMalformed.into(),
            // An unknown log, no signature, a bad one: for this policy the proof is not from its log.
            _ => self.failed(CheckName::LogSignatures, Word::plain(Code::FailSignature)),
        }
    }

    /// Checks that an entry stands under its receipt's head.
    pub(crate) fn inclusion(
        &mut self,
        receipt: &Receipt,
        entry: &Entry,
        written_down: bool,
    ) -> Result<(), Failed> {
        let checkpoint = receipt.checkpoint();
        let included = tlog::verify_inclusion(
            &entry.leaf_hash(),
            receipt.index(),
            checkpoint.size(),
            &checkpoint.root(),
            receipt.proof(),
        );
        if included.is_err() {
            return Err(self.failed(CheckName::Inclusion, Word::plain(Code::FailProof)));
        }
        if written_down {
            self.passed(CheckName::Inclusion, None);
        }
        Ok(())
    }
}
