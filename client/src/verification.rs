//! The verifier: bytes in, a verdict out. It opens no file, no socket and no clock, and makes no random number.
//!
//! What is checked, in this order; the first thing that fails is the verdict:
//! 1. the receipt's entry is the evidence's entry;
//! 2. the record is canonical and with its openers gives the entry's commitment;
//! 3. the entry's signature, for this log's origin, by the key beside the record;
//! 4. the file has the length and the fingerprints that the record states;
//! 5. the head is signed by a log of the policy, with every key of it that is known, and cosigned by the quorum;
//! 6. the entry stands under that head: without a quorum it is checked too, so that "not yet" is said of a true proof alone;
//! 7. the key was enrolled at an earlier position ([`crate::enrolment`]).
//!
//! Steps 1 to 4 need no policy: a file that differs from the record beside it is wrong whomever one believes.

use crate::bench::{Bench, Failed};
use crate::confirmation::{Confirmations, date};
use crate::enrolment::{self, Enrolment};
use crate::reason::Reason;
use crate::verdict::{CheckName, Verdict, Word};
use evidence::{Entry, EvidenceFile, FileDigest, Kind, OriginHash};
use tlog::{CosignedCheckpoint, Policy, Receipt, SignatureChecks};
use words::Code;

/// What is laid before the verifier.
#[derive(Clone, Copy, Debug, Default)]
pub struct Exhibit<'a> {
    /// The fingerprints of the original, if it is at hand.
    pub file: Option<&'a FileDigest>,
    /// The bytes of `FILE.evidence`, if they are at hand.
    pub evidence: Option<&'a [u8]>,
    /// The bytes of `FILE.tlog-proof`, if they are at hand.
    pub receipt: Option<&'a [u8]>,
}

/// Judges an exhibit by a policy. Without a policy nothing is ever verified, only refuted.
pub fn verify(
    exhibit: &Exhibit<'_>,
    policy: Option<&Policy>,
    checks: &dyn SignatureChecks,
) -> Verdict {
    let mut bench = Bench::new(checks);
    let mut verdict = bench
        .judge(exhibit, policy)
        .unwrap_or_else(Failed::into_verdict);
    verdict.checks = bench.done;
    verdict.index = bench.index;
    if verdict.not_proved.is_empty() {
        verdict.not_proved = bench.not_proved;
    }
    verdict
}

impl Bench<'_> {
    fn judge(&mut self, exhibit: &Exhibit<'_>, policy: Option<&Policy>) -> Result<Verdict, Failed> {
        let evidence = exhibit
            .evidence
            .map(EvidenceFile::parse)
            .transpose()
            .map_err(|_| Reason::EvidenceMalformed)?;
        if let Some(evidence) = &evidence {
            self.record(evidence)?;
            self.entry_signature(evidence)?;
        }
        match (exhibit.file, &evidence) {
            (Some(file), Some(evidence)) => self.file(file, evidence)?,
            (Some(_), None) => {
                let mut verdict = Verdict::cannot_check(Reason::NoRecord);
                verdict.exit = words::Exit::NoMatch;
                return Err(verdict.into());
            }
            (None, _) => {}
        }
        let receipt = exhibit.receipt.ok_or(Reason::NoProof)?;
        let receipt = Receipt::parse(receipt).map_err(|_| Reason::ReceiptMalformed)?;
        let entry = self.one_entry(&receipt, evidence.as_ref())?;
        if let Some(evidence) = &evidence
            && evidence.origin.as_str() != receipt.checkpoint().origin()
        {
            return Err(self.failed(CheckName::SameEntry, Word::plain(Code::ReceiptOfOtherEntry)));
        }
        let Some(policy) = policy else {
            // A proof that leads nowhere is wrong whomever one believes.
            self.inclusion(&receipt, &entry, false)?;
            return Err(Reason::NoPolicy(receipt.checkpoint().origin().to_owned()).into());
        };
        let enrolment = match &evidence {
            // The plain judgement first: its failures say most.
            Some(evidence) => {
                self.head_of(&receipt, &entry, policy, &[], false)?;
                self.inclusion(&receipt, &entry, false)?;
                Some(enrolment::check(self, evidence, &entry, &receipt, policy)?)
            }
            None => None,
        };
        let also = enrolment.as_ref().map_or(&[][..], Enrolment::log_vkeys);
        let head = self.head_of(&receipt, &entry, policy, also, true)?;
        self.inclusion(&receipt, &entry, true)?;
        self.index = Some(receipt.index());
        if let Some(enrolment) = &enrolment {
            self.passed(CheckName::KeyEnrolment, Some(enrolment.word(&entry)));
            self.not_proved.push(Code::RevocationNotKnown);
        }
        if policy.is_unwitnessed() {
            self.not_proved.push(Code::Unwitnessed);
        }
        self.not_proved.push(Code::Meaning);
        let confirmations = Confirmations::of(policy, &head);
        let word = verified(exhibit.file.is_some(), &receipt, &head, &confirmations);
        let mut verdict = Verdict::new(word);
        verdict.confirmations = confirmations;
        Ok(verdict)
    }

    fn one_entry(
        &mut self,
        receipt: &Receipt,
        evidence: Option<&EvidenceFile>,
    ) -> Result<Entry, Failed> {
        // `extra` is signed by nobody: it must be the entry that we know, or be the only one there is.
        let Some(evidence) = evidence else {
            let extra = receipt.extra().ok_or(Reason::ReceiptWithoutEntry)?;
            return Ok(Entry::parse(extra).map_err(|_| Reason::ReceiptWithoutEntry)?);
        };
        if receipt
            .extra()
            .is_some_and(|extra| extra != evidence.entry.to_bytes())
        {
            let word = Word::plain(Code::ReceiptOfOtherEntry);
            return Err(self.failed(CheckName::SameEntry, word));
        }
        self.passed(CheckName::SameEntry, None);
        Ok(evidence.entry.clone())
    }

    fn record(&mut self, evidence: &EvidenceFile) -> Result<(), Failed> {
        let sealed = evidence.record.seal(&evidence.openers);
        let is_record = evidence.entry.kind() == Kind::Record;
        if !is_record || sealed.commitment() != *evidence.entry.commitment() {
            let word = Word::plain(Code::CommitmentDiffers);
            return Err(self.failed(CheckName::Commitment, word));
        }
        self.passed(CheckName::Commitment, None);
        Ok(())
    }

    fn entry_signature(&mut self, evidence: &EvidenceFile) -> Result<(), Failed> {
        let entry = &evidence.entry;
        if evidence.spki.key_hash() != *entry.key_id() {
            let word = Word::because(Code::FailKey, Reason::KeyOfAnotherEntry);
            return Err(self.failed(CheckName::EntrySignature, word));
        }
        let origin = OriginHash::of(evidence.origin.as_str());
        if entry
            .verify(&origin, evidence.spki.as_der(), self.checks)
            .is_err()
        {
            let word = Word::plain(Code::FailEntrySignature);
            return Err(self.failed(CheckName::EntrySignature, word));
        }
        let word = Word::plain(Code::EntrySignatureOk).with("key", &entry.key_id());
        self.passed(CheckName::EntrySignature, Some(word));
        Ok(())
    }

    fn file(&mut self, file: &FileDigest, evidence: &EvidenceFile) -> Result<(), Failed> {
        if !evidence.record.body().file.is(file) {
            return Err(self.failed(CheckName::File, Word::plain(Code::FileDiffers)));
        }
        self.passed(CheckName::File, None);
        Ok(())
    }
}

/// The sentence of a success.
fn verified(
    with_file: bool,
    receipt: &Receipt,
    head: &CosignedCheckpoint,
    confirmations: &Confirmations,
) -> Word {
    let code = match (with_file, confirmations.count()) {
        (false, 0) => Code::RecordOk,
        (false, _) => Code::RecordWitnessed,
        (true, 0) => Code::FileMatchUnwitnessed,
        (true, _) => Code::FileMatch,
    };
    let time = proved_time(head).map_or_else(|| "–".to_owned(), date);
    let word = Word::plain(code)
        .with("n", &receipt.index())
        .with("date", &time);
    confirmations.fill(word)
}

/// The time until which the entry was surely recorded: the latest that a witness states, so that one honest witness
/// among those counted is enough; without witnesses, the log's own.
fn proved_time(head: &CosignedCheckpoint) -> Option<u64> {
    let latest =
        |lines: &[tlog::VerifiedLine]| lines.iter().filter_map(|line| line.time.seconds()).max();
    latest(head.cosignatures()).or_else(|| latest(head.log_lines()))
}
