//! `notary submit`: seals files of a case, sends them, and keeps the proofs beside them.

use super::answer::{Answer, Failure};
use super::command::SubmitArgs;
use super::submit_report::{Item, Report};
use super::voice::Voice;
use super::{policy, progress};
use crate::{
    CallError, CaseStore, Courier, DEFAULTS_BYTES_MAX, Doubt, ENTRIES_MAX, FetchNoticesError,
    FileToRecord, FileType, ItemFiles, Keypair, LogClient, Outcome, RecordDraft, SealError,
    check_receipt, durable_file, fetch_notices, patiently, seal,
};
use evidence::{EvidenceFile, KeyHash, LoggedNotice, UtcTime};
use jiff::Timestamp;
use service::AwsLc;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tlog::{Checkpoint, Origin, Policy, Receipt};
use words::{Code, Exit};

/// Submits files.
pub async fn submit(args: &SubmitArgs, voice: Voice) -> Result<Answer, Failure> {
    let policy = args.policy.as_deref().map(policy::read).transpose()?;
    let key = Keypair::load(&args.key).map_err(|error| Failure::could_not(error.to_string()))?;
    let log = LogClient::new(&args.log).map_err(|error| Failure::usage(error.to_string()))?;
    let waiting = |why: &str, wait: Duration| {
        voice.hint(&format!(
            "{why}; trying again in {:.1} s",
            wait.as_secs_f64()
        ));
    };
    let store = CaseStore::open(&args.case)
        .map_err(|error| Failure::could_not(format!("{}: {error}", args.case.display())))?;
    let mut errand = Errand {
        origin: origin(args, &log, policy.as_ref(), &waiting).await?,
        draft: draft(args, &store)?,
        store,
        key,
        log,
        policy,
        patience: args.patience,
        waiting: &waiting,
        report: Report::default(),
    };
    errand.draft.head = errand.newest_head().await;
    // Items of earlier runs first: their numbers are lower, and an item counts only behind those before it.
    let open = errand.open_items(&args.files);
    errand.send(open).await?;
    for files in args.files.chunks(ENTRIES_MAX) {
        let mut items = Vec::new();
        for file in files {
            items.extend(errand.seal(file, voice)?);
        }
        errand.send(items).await?;
    }
    errand.complete().await?;
    if errand.policy.is_none() {
        errand.report.hint(
            "the log's answers were not checked against a policy, since none was given with --policy: that the entries \
             are included is checked, whose log it is not",
        );
    }
    Ok(errand.report.answer(voice.lang))
}

/// One run: what it works with.
struct Errand<'a> {
    origin: Origin,
    draft: RecordDraft,
    store: CaseStore,
    key: Keypair,
    log: LogClient,
    policy: Option<Policy>,
    patience: Duration,
    waiting: &'a (dyn Fn(&str, Duration) + Sync),
    report: Report,
}

impl Errand<'_> {
    /// The newest head, which brackets the record's time from below. Without an answer the record has none.
    async fn newest_head(&self) -> Option<Checkpoint> {
        let note = self.log.checkpoint().await.ok()?;
        let head = Checkpoint::parse(note.text()).ok()?;
        (head.origin() == self.origin.as_str()).then_some(head)
    }

    /// Items of earlier runs that have no proof yet, but for those that this run was asked for.
    fn open_items(&mut self, asked: &[PathBuf]) -> Vec<Item> {
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
    fn seal(&mut self, file: &Path, voice: Voice) -> Result<Option<Item>, Failure> {
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
        if check_receipt(&receipt, entry, origin, self.policy.as_ref(), &AwsLc).is_err() {
            return Ok(Some(item));
        }
        self.close(item.evidence.handle_index)?;
        self.report
            .proved(item, Code::AlreadyProved, receipt.index());
        Ok(None)
    }

    async fn send(&mut self, mut items: Vec<Item>) -> Result<(), Failure> {
        items.sort_by_key(|item| item.evidence.handle_index);
        let mut items = items.into_iter().peekable();
        while items.peek().is_some() {
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
                waiting: self.waiting,
            };
            // Step 3 of `CaseStore::claim`: what is sent is on the disk.
            let sent = courier.send(&entries).await;
            for (item, outcome) in batch.into_iter().zip(sent.outcomes) {
                self.keep(item, outcome, sent.failure.as_ref())?;
            }
        }
        Ok(())
    }

    fn keep(
        &mut self,
        item: Item,
        outcome: Outcome,
        failure: Option<&CallError>,
    ) -> Result<(), Failure> {
        match outcome {
            Outcome::Proved(receipt) => {
                // Step 4: the proof is on the disk before step 5 forgets that the item is open.
                item.files
                    .write_receipt(&receipt)
                    .map_err(|error| disk(&item.files.receipt(), &error))?;
                self.close(item.evidence.handle_index)?;
                self.report.proved(item, Code::Submitted, receipt.index());
            }
            Outcome::Logged(index) => self.report.logged(item, index),
            Outcome::Refused(problem) => self.report.refused(item, &problem),
            Outcome::NotProved(doubt) => {
                let code = match doubt {
                    Doubt::Refused(_) | Doubt::OtherLog => Code::FailSignature,
                    _ => Code::FailProof,
                };
                self.report.doubted(item, code, &doubt);
            }
            Outcome::Unanswered => self.report.unanswered(item, failure),
        }
        Ok(())
    }

    fn close(&mut self, number: u64) -> Result<(), Failure> {
        self.store
            .close(number)
            .map_err(|error| Failure::could_not(error.to_string()))
    }

    /// Adds the notices that enrol the key to each proved item that lacks them.
    async fn complete(&mut self) -> Result<(), Failure> {
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

/// The origin that entries are signed for: the policy's log, else what the log says of itself. If both are at hand they
/// must agree.
async fn origin(
    args: &SubmitArgs,
    log: &LogClient,
    policy: Option<&Policy>,
    waiting: &(dyn Fn(&str, Duration) + Sync),
) -> Result<Origin, Failure> {
    let mut of_policy: Vec<&str> = policy.map_or_else(Vec::new, |policy| {
        policy
            .logs()
            .iter()
            .map(|log| log.vkey().name().as_str())
            .collect()
    });
    of_policy.dedup();
    let told = match (log.log_info().await, of_policy.as_slice()) {
        (Ok(info), _) => info.origin,
        // The log is away and the policy names one: sealing goes on, and sending waits.
        (Err(_), [only]) => (*only).to_owned(),
        (Err(_), _) => {
            patiently(args.patience, waiting, async || log.log_info().await)
                .await
                .map_err(|error| Failure::could_not(error.to_string()))?
                .origin
        }
    };
    if policy.is_some() && !of_policy.contains(&told.as_str()) {
        return Err(Failure {
            exit: Exit::ProvenWrong,
            sentence: format!(
                "the log at {} is {told}, which the policy does not list",
                args.log
            ),
        });
    }
    Origin::new(told.as_str())
        .map_err(|_| Failure::could_not(format!("{told} is no origin of a log")))
}

fn draft(args: &SubmitArgs, store: &CaseStore) -> Result<RecordDraft, Failure> {
    let mut draft = match &args.record_defaults {
        Some(path) => {
            let bytes = durable_file::read_at_most(path, DEFAULTS_BYTES_MAX)
                .map_err(|error| Failure::could_not(format!("{}: {error}", path.display())))?;
            RecordDraft::from_defaults(&bytes)
                .map_err(|error| Failure::usage(format!("{}: {error}", path.display())))?
        }
        None => RecordDraft::default(),
    };
    draft.case_number = Some(store.case_number().clone());
    draft.stage = args.stage;
    draft.kind = args.kind;
    Ok(draft)
}

fn disk(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::could_not(format!("{}: {error}", path.display()))
}
