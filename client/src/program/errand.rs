//! One run of `notary submit`: seals, sends, keeps, completes. What is on the disk is always a step ahead of the line.

use super::answer::Failure;
use super::progress;
use super::submit_report::{Item, Report};
use super::voice::Voice;
use crate::{
    CallError, CaseStore, Courier, Doubt, ENTRIES_MAX, FetchNoticesError, FileToRecord, FileType,
    ItemFiles, Keypair, LogClient, Outcome, Proof, RecordDraft, SealError, check_receipt,
    fetch_notices, patiently, seal,
};
use evidence::{EvidenceFile, KeyHash, LoggedNotice, UtcTime};
use jiff::Timestamp;
use service::AwsLc;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tlog::{Checkpoint, Origin, Policy, Receipt};
use words::Code;

/// One run and what it works with.
pub struct Errand<'a> {
    /// The log that entries are signed for.
    pub origin: Origin,
    /// What the records have in common.
    pub draft: RecordDraft,
    /// The case, which this run alone works on.
    pub store: CaseStore,
    /// The submitter's key.
    pub key: Keypair,
    /// Where entries are sent.
    pub log: LogClient,
    /// Whom to believe.
    pub policy: Option<Policy>,
    /// How long to go on after failures that may pass.
    pub patience: Duration,
    /// How long this run still waits for witnesses, once its entries are logged.
    pub wait: Duration,
    /// Hears why it waits, and for how long.
    pub waiting: &'a (dyn Fn(&str, Duration) + Sync),
    /// Hears what is awaited of the witnesses, and how long it will still wait for them.
    pub awaiting: &'a (dyn Fn(&str, Duration) + Sync),
    /// What became of the items.
    pub report: Report,
    /// True once an item got no answer.
    pub stopped: bool,
    /// Why.
    pub failure: Option<CallError>,
}

impl Errand<'_> {
    /// The newest head, which brackets the record's time from below. Without an answer the record has none.
    pub async fn newest_head(&self) -> Option<Checkpoint> {
        let note = self.log.checkpoint().await.ok()?;
        let head = Checkpoint::parse(note.text()).ok()?;
        (head.origin() == self.origin.as_str()).then_some(head)
    }

    /// Refuses a key that the log would refuse, before a number is given to what would never be logged. A log that does
    /// not answer is no reason to stop: sealing goes on, and sending waits.
    pub async fn check_key(&self) -> Result<(), Failure> {
        let Ok(keys) = self.log.keys().await else {
            return Ok(());
        };
        let id = self.key.key_id();
        match keys.iter().find(|line| line.key_id == *id.as_bytes()) {
            None => Err(Failure::could_not(format!(
                "the key {id} is not enrolled at this log, so nothing was sealed: ask two of the log's administrators \
                 to enrol it, or give an enrolled key with --key"
            ))),
            Some(line) => line.revoked_at.map_or(Ok(()), |at| {
                Err(Failure::could_not(format!(
                    "the key {id} was revoked at index {at}, so nothing was sealed: give an enrolled key with --key"
                )))
            }),
        }
    }

    /// Items of earlier runs that have no proof yet, but for those that this run was asked for.
    pub fn open_items(&mut self, asked: &[PathBuf]) -> Vec<Item> {
        let asked: Vec<_> = asked
            .iter()
            .filter_map(|file| std::path::absolute(file).ok())
            .collect();
        let mut items = Vec::new();
        for open in self.store.open_items() {
            let (files, _) = ItemFiles::of_any(&open.evidence);
            if asked.iter().any(|file| file == files.original()) {
                continue;
            }
            match files.read_evidence().map(|bytes| bytes.map(|bytes| EvidenceFile::parse(&bytes))) {
                Ok(Some(Ok(evidence))) => items.push(Item::new(files, evidence)),
                _ => self.report.hint(format!(
                    "item {} of the case was sealed and its evidence is gone or damaged: look for {}",
                    open.number,
                    open.evidence.display()
                )),
            }
        }
        items
    }

    /// Seals one file. `None` if there is nothing to send: it is proved already, or it cannot be sealed.
    pub fn seal(&mut self, file: &Path, voice: Voice) -> Result<Option<Item>, Failure> {
        let files = ItemFiles::of_original(file.to_owned());
        let read = match progress::read_file(file, voice) {
            Ok(read) => read,
            Err(error) => {
                self.report.failed(files, &SealError::Disk(error));
                return Ok(None);
            }
        };
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let facts = FileToRecord {
            name: &name,
            file_type: FileType::of(file, &read.head),
            digest: &read.digest,
            received: UtcTime::from_unix_ms(Timestamp::now().as_millisecond())
                .map_err(|error| Failure::could_not(format!("this machine's clock: {error}")))?,
        };
        let draft = &self.draft;
        let sealed = seal(
            &mut self.store,
            &self.key,
            &self.origin,
            &files,
            &read.digest,
            || draft.record(&facts),
        );
        match sealed {
            Ok(sealed) => {
                let item = Item::new(files, sealed.evidence);
                Ok(self.not_proved_yet(item)?)
            }
            // After these the disk may lag behind what this run believes: the next run reads it afresh.
            Err(error @ (SealError::Case(_) | SealError::Evidence(_))) => {
                Err(Failure::could_not(format!("{}: {error}", file.display())))
            }
            Err(error) => {
                self.report.failed(files, &error);
                Ok(None)
            }
        }
    }

    /// Reports an item whose proof is on the disk and good; gives back any other.
    fn not_proved_yet(&mut self, item: Item) -> Result<Option<Item>, Failure> {
        let receipt = item.files.read_receipt().ok().flatten();
        let Some(receipt) = receipt.and_then(|bytes| Receipt::parse(&bytes).ok()) else {
            return Ok(Some(item));
        };
        let origin = self.origin.as_str();
        let entry = &item.evidence.entry;
        let checked = check_receipt(&receipt, entry, origin, self.policy.as_ref(), &AwsLc);
        let Ok(confirmations) = checked else {
            return Ok(Some(item));
        };
        self.close(item.evidence.handle_index)?;
        self.report
            .proved(item, false, receipt.index(), confirmations);
        Ok(None)
    }

    pub async fn send(&mut self, mut items: Vec<Item>) -> Result<(), Failure> {
        items.sort_by_key(|item| item.evidence.handle_index);
        let mut items = items.into_iter().peekable();
        while items.peek().is_some() {
            if self.stopped {
                // No later item overtakes one that got no answer: it is sealed, and a later run sends it.
                items.for_each(|item| self.report.unanswered(item, self.failure.as_ref()));
                return Ok(());
            }
            let batch: Vec<Item> = items.by_ref().take(ENTRIES_MAX).collect();
            let entries: Vec<_> = batch
                .iter()
                .map(|item| item.evidence.entry.clone())
                .collect();
            let courier = Courier {
                log: &self.log,
                origin: self.origin.as_str(),
                policy: self.policy.as_ref(),
                checks: &AwsLc,
                patience: self.patience,
                wait: self.wait,
                waiting: self.waiting,
                awaiting: self.awaiting,
            };
            // Step 4 of `CaseStore::claim`: what is sent is on the disk.
            let sent = courier.send(&entries).await;
            self.failure = sent.failure;
            for (item, outcome) in batch.into_iter().zip(sent.outcomes) {
                self.keep(item, outcome)?;
            }
        }
        Ok(())
    }

    fn keep(&mut self, item: Item, outcome: Outcome) -> Result<(), Failure> {
        match outcome {
            Outcome::Proved(proof) => {
                let Proof {
                    receipt,
                    confirmations,
                } = *proof;
                // Step 5: the proof is on the disk before step 6 forgets that the item is open.
                item.files
                    .write_receipt(&receipt)
                    .map_err(|error| disk(&item.files.receipt(), &error))?;
                self.close(item.evidence.handle_index)?;
                self.report
                    .proved(item, true, receipt.index(), confirmations);
            }
            Outcome::Logged(claim) => {
                // Witnesses that are out are out for the next batch too: it is logged and not waited for.
                self.wait = Duration::ZERO;
                self.report.logged(item, claim);
            }
            Outcome::Refused(problem) => self.report.refused(item, &problem),
            Outcome::NotProved(doubt) => {
                let code = match doubt {
                    Doubt::Refused(_) | Doubt::OtherLog => Code::FailSignature,
                    _ => Code::FailProof,
                };
                self.report.doubted(item, code, &doubt);
            }
            Outcome::Unanswered => {
                self.stopped = true;
                self.report.unanswered(item, self.failure.as_ref());
            }
        }
        Ok(())
    }

    fn close(&mut self, number: u64) -> Result<(), Failure> {
        self.store
            .close(number)
            .map_err(|error| Failure::could_not(error.to_string()))
    }

    /// Adds the notices that enrol the key to each proved item that lacks them.
    pub async fn complete(&mut self) -> Result<(), Failure> {
        let mut of_key: HashMap<KeyHash, Vec<LoggedNotice>> = HashMap::new();
        let mut why = None;
        for (files, evidence) in self.report.incomplete() {
            let key = *evidence.entry.key_id();
            let notices = match of_key.get(&key) {
                Some(notices) => notices.clone(),
                None => match fetch(&self.log, &key, self.patience, self.waiting).await {
                    Ok(notices) => of_key.entry(key).or_insert(notices).clone(),
                    Err(error) => {
                        why = Some(error.to_string());
                        break;
                    }
                },
            };
            evidence.notices = notices;
            files
                .write_evidence(evidence)
                .map_err(|error| disk(&files.evidence(), &error))?;
        }
        if let Some(why) = why {
            self.report.not_complete(why);
        }
        Ok(())
    }
}

async fn fetch(
    log: &LogClient,
    key: &KeyHash,
    patience: Duration,
    waiting: &(dyn Fn(&str, Duration) + Sync),
) -> Result<Vec<LoggedNotice>, FetchNoticesError> {
    patiently(patience, waiting, async || fetch_notices(log, key).await).await
}

fn disk(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::could_not(format!("{}: {error}", path.display()))
}
