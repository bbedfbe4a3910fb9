//! A log on a simulated machine: the real heart over simulated ports, one life after the other, under a clock that
//! stands still until everybody waits.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must panic")]

use super::Log;
use super::genesis::log_genesis;
use super::house::House;
use super::operator_notice;
use super::pool::{Candidate, NotSequenced, Outcome, Sequenced};
use super::runner::{Runner, Settings};
use super::start::Ports;
use super::witnessing::Witnessing;
use crate::check::folder::FolderCheck;
use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::oracle::{Evidence, Final, Judged, Receipt, Seen, judge};
use crate::signer::key_files::KeyFiles;
use crate::signer::simulated::{SignedHeads, SimulatedSigner};
use crate::storage::anchor::Anchor;
use crate::storage::coord::{Coord as _, Head};
use crate::storage::simulated::{
    Disk, Fault, Machine, Process, SimulatedAnchor, SimulatedCoord, SimulatedObjects,
};
use evidence::{ENTRY_LEN, Notice};
use service::Stop;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tlog::{Frontier, TreeSize};
use tokio::time::Instant;

/// Nothing is spared for healing: rows and journal are dropped as soon as they may.
pub(crate) const SETTINGS: Settings = Settings {
    leaf_lookup: true,
    healing_window_ms: 0,
};

/// More lives than any fault needs; a log that wants more does not recover.
const LIVES_MAX: usize = 8;

/// The log's name, keys and papers, which no crash touches.
pub(crate) struct SimulatedLog {
    /// Whose keys they are.
    pub(crate) house: House,
    keys: Arc<KeyFiles>,
    papers: Vec<Notice>,
}

/// What became of a process.
#[derive(Debug)]
pub(crate) enum End {
    /// It did what was asked of it.
    Stopped,
    /// It was killed.
    Killed,
    /// It ended by itself, or did not start, and said why.
    Ended(#[expect(dead_code, reason = "whoever reads a failure wants to see it")] String),
    /// It takes nothing more, and says why.
    ReadOnly(String),
}

/// A clock that follows the runtime's, which stands still until everybody waits.
pub(crate) struct PausedClock {
    base_ms: AtomicU64,
    begun: Instant,
}

impl PausedClock {
    /// A clock that shows this time now.
    pub(crate) fn at(base_ms: u64) -> Arc<Self> {
        Arc::new(Self {
            base_ms: AtomicU64::new(base_ms),
            begun: Instant::now(),
        })
    }

    /// Steps, forwards or backwards.
    pub(crate) fn step(&self, to_ms: impl FnOnce(u64) -> u64) {
        let now = self.now_ms();
        let then = to_ms(now).saturating_sub(now - self.base_ms.load(Ordering::SeqCst));
        self.base_ms.store(then, Ordering::SeqCst);
    }
}

impl Clock for PausedClock {
    fn now_ms(&self) -> u64 {
        let since = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.base_ms.load(Ordering::SeqCst) + since
    }

    fn steady_ms(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// Somebody who sends batches, one after the other, each again and again until it is answered.
#[derive(Default)]
pub(crate) struct Sender {
    /// What is not answered yet.
    pub(crate) waiting: VecDeque<Vec<Candidate>>,
    /// What was answered and seen.
    pub(crate) evidence: Evidence,
}

impl Sender {
    /// Somebody who has these batches to send.
    pub(crate) fn of(batches: impl IntoIterator<Item = Vec<Candidate>>) -> Self {
        Self {
            waiting: batches.into_iter().collect(),
            evidence: Evidence {
                observers: vec![Vec::new()],
                ..Evidence::default()
            },
        }
    }

    fn sees(&mut self, log: &Log) {
        if let Some(newest) = log.heart().publisher.newest() {
            self.evidence.observers[0].push(seen(&newest.head));
        }
    }

    /// Sends what waits until all of it is answered; an error when the log takes nothing more.
    async fn send(&mut self, log: &Log) -> Result<(), NotSequenced> {
        self.sees(log);
        while let Some(batch) = self.waiting.front() {
            match log.sequence(batch.clone()).await {
                Ok(answer) => {
                    self.answered(log, &answer).await;
                    self.sees(log);
                    self.waiting.pop_front();
                }
                Err(NotSequenced::ReadOnly) => return Err(NotSequenced::ReadOnly),
                Err(_) => tokio::time::sleep(Duration::from_secs(1)).await,
            }
        }
        Ok(())
    }

    async fn answered(&mut self, log: &Log, answer: &Sequenced) {
        let published = answer.published.as_ref().unwrap();
        for outcome in &answer.outcomes {
            let Outcome::Logged { index, entry } = outcome else {
                panic!("{outcome:?}");
            };
            let from_batch = answer
                .growth
                .as_ref()
                .map(|growth| growth.inclusion_proof(*index));
            let proof = match from_batch {
                Some(Ok(proof)) => proof,
                _ => loop {
                    let history = Arc::clone(&log.heart().history);
                    // A store that fails here only costs the reader another try.
                    let (leaf, size) = (entry.leaf_hash(), published.head.size);
                    match history.inclusion_proof(*index, leaf, size).await {
                        Ok(proof) => break proof,
                        Err(_) => tokio::time::sleep(Duration::from_secs(1)).await,
                    }
                },
            };
            self.evidence.receipts.push(Receipt {
                index: *index,
                entry: entry.to_bytes().to_vec(),
                head: seen(&published.head),
                proof,
            });
        }
    }
}

/// A head as somebody sees it.
pub(crate) fn seen(head: &Head) -> Seen {
    Seen {
        size: head.size,
        root: head.root,
        time_ms: Some(head.time_ms),
    }
}

impl SimulatedLog {
    /// A new log.
    pub(crate) fn new() -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let house = runtime.block_on(House::new());
        let notices = runtime.block_on(async { house.coord().await.notices_from(0).await });
        let papers = notices
            .unwrap()
            .iter()
            .map(|stored| Notice::parse(&stored.document).unwrap())
            .collect();
        Self {
            keys: Arc::new(house.signer()),
            house,
            papers,
        }
    }

    /// The keys of its heads.
    pub(crate) fn vkeys(&self) -> &[tlog::Vkey; 3] {
        use crate::signer::Signer as _;
        self.keys.vkeys()
    }

    /// Records with these numbers.
    pub(crate) fn records(&self, numbers: impl IntoIterator<Item = u32>) -> Vec<Candidate> {
        let record = |number| self.house.record_with_any_signature(number);
        numbers.into_iter().map(record).collect()
    }

    /// A disk with the genesis, a bureau, and so many records, all of whose tiles are stored.
    pub(crate) fn founded(&self, records: u32) -> Disk {
        let machine = Machine::with(Disk::default());
        let process = machine.start(None);
        paused().block_on(async {
            let coord = SimulatedCoord::new(&process, &Arc::default());
            let mut anchor = SimulatedAnchor::open(&process).unwrap();
            let clock = PausedClock::at(1_800_000_000_000);
            let keys = self.keys.as_ref();
            log_genesis(&self.papers[0], &coord, &mut anchor, keys, clock.as_ref())
                .await
                .unwrap();
        });
        let enrolment = vec![self.house.notice_candidate(&self.papers[1])];
        let numbers: Vec<u32> = (0..records).collect();
        let batches = numbers.chunks(8_000);
        let batches = batches.map(|numbers| self.records(numbers.iter().copied()));
        let mut sender = Sender::of(std::iter::once(enrolment).chain(batches));
        let end = self.live(&machine, &[], &mut sender, &SignedHeads::default());
        assert!(matches!(end, End::Stopped), "{end:?}");
        machine.disk()
    }

    /// The ports of a process.
    pub(crate) fn ports(
        &self,
        process: &Process,
        clock: Arc<dyn Clock>,
        signed: &SignedHeads,
        witnessing: Option<Arc<Witnessing>>,
    ) -> Ports {
        let anchors = process.clone();
        Ports {
            coord: Arc::new(SimulatedCoord::new(process, &Arc::default())),
            objects: Arc::new(SimulatedObjects(process.clone())),
            open_anchor: Box::new(move || {
                Ok(Box::new(SimulatedAnchor::open(&anchors)?) as Box<dyn Anchor>)
            }),
            signer: Arc::new(SimulatedSigner {
                process: process.clone(),
                keys: Arc::clone(&self.keys),
                signed: signed.clone(),
            }),
            clock,
            witnessing,
            read_only: None,
        }
    }

    /// One life: a process starts on the machine's disk, takes what the sender has, and stops when all of it is answered
    /// and the keeper has nothing to do; or it ends before that.
    pub(crate) fn live(
        &self,
        machine: &Arc<Machine>,
        plan: &[(usize, Fault)],
        sender: &mut Sender,
        signed: &SignedHeads,
    ) -> End {
        let process = machine.start_with(plan);
        paused().block_on(async {
            // A minute after the last head: the log begins with an idle one.
            let newest = machine.disk().tables.committed().head;
            let clock = PausedClock::at(newest.time_ms.max(1_800_000_000_000) + 61_000);
            let ports = self.ports(&process, clock, signed, None);
            tokio::select! {
                biased;
                () = machine.killed() => End::Killed,
                end = serve(ports, machine, sender) => end,
            }
        })
    }

    /// Lives until everything is answered; what the oracle says of it is the answer. `plans` are the faults of the first
    /// lives; no other life has any. A clean check costs a walk through everything.
    pub(crate) fn survive(
        &self,
        disk: &Disk,
        batches: Vec<Vec<Candidate>>,
        plans: &[Vec<(usize, Fault)>],
        is_checked: bool,
    ) -> Result<Judged, String> {
        let machine = Machine::with(disk.clone());
        let (mut sender, signed) = (Sender::of(batches), SignedHeads::default());
        let mut ends = Vec::new();
        for life in 0..LIVES_MAX {
            let plan = plans.get(life).map_or(&[][..], Vec::as_slice);
            match self.live(&machine, plan, &mut sender, &signed) {
                End::Stopped if life >= plans.len() => {
                    sender.evidence.signed = signed.all().iter().map(seen).collect();
                    return Self::judge(&machine, disk, &sender.evidence, is_checked);
                }
                End::ReadOnly(why) => return Err(format!("the log is read-only: {why}")),
                end => ends.push(end),
            }
            if plans.len() <= life + 1 {
                // Whatever was relied on is on the disk by now.
                machine.change(Disk::lose_power);
            }
        }
        Err(format!("the log does not recover: {ends:?}"))
    }

    /// Asks the oracle about the log as it stands on the machine's disk, which was this one before.
    fn judge(
        machine: &Arc<Machine>,
        before: &Disk,
        evidence: &Evidence,
        is_checked: bool,
    ) -> Result<Judged, String> {
        let before = before.tables.committed();
        let size = machine.disk().tables.committed().head.size;
        let (faults, packed) = paused().block_on(async {
            let process = machine.start(None);
            let coord = SimulatedCoord::new(&process, &Arc::default());
            let objects = SimulatedObjects(process.clone());
            let anchor = SimulatedAnchor::open(&process).unwrap();
            let mut faults = Vec::new();
            if is_checked {
                let check = FolderCheck {
                    coord: &coord,
                    objects: &objects,
                    anchor: &anchor,
                    verify_signatures: false,
                    policy: None,
                    today: evidence::UtcDate::of_unix_ms(0),
                };
                let report = check.run(&mut |_, _| {}).await.unwrap();
                faults.extend(report.findings.iter().map(ToString::to_string));
            }
            let packed = entries(&coord, &objects, before.head.size, size).await;
            (faults, packed)
        });
        let entries: Vec<Vec<u8>> = packed?.chunks(ENTRY_LEN).map(<[u8]>::to_vec).collect();
        let log = Final {
            before: Frontier::clone(&before.frontier),
            entries: &entries,
            faults: &faults,
        };
        judge(evidence, &log)
    }
}

/// The entries `from..to`: from the rows, or from the bundles where those are gone.
async fn entries(
    coord: &SimulatedCoord,
    objects: &SimulatedObjects,
    from: TreeSize,
    to: TreeSize,
) -> Result<Vec<u8>, String> {
    use super::history::packed as unframed;
    use crate::storage::objects::Objects as _;
    let mut packed = Vec::new();
    let mut at = from.get();
    while at < to.get() {
        let end = (at - at % 256 + 256).min(to.get());
        let place = |index: u64| usize::try_from(index % 256).unwrap() * ENTRY_LEN;
        let bundle = tlog::Bundle::new(at / 256, 256).unwrap();
        match objects.get(&bundle.path()).await {
            Ok(Some(framed)) => {
                let whole = unframed(&framed).unwrap_or_default();
                let last = if end.is_multiple_of(256) {
                    whole.len()
                } else {
                    place(end)
                };
                packed.extend_from_slice(&whole[place(at)..last]);
            }
            _ => {
                let (from, to) = (tlog::LeafIndex::new(at), TreeSize::new(end).unwrap());
                let rows = coord.read_back(from, to).await;
                packed.extend(rows.map_err(|error| format!("entries from {at} on: {error}"))?);
            }
        }
        at = end;
    }
    Ok(packed)
}

/// A runtime of one thread whose clock stands still until everybody waits.
pub(crate) fn paused() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
}

async fn serve(ports: Ports, machine: &Machine, sender: &mut Sender) -> End {
    let metrics = Arc::new(Metrics::new().unwrap());
    let runner = match Runner::open(ports, SETTINGS, Arc::clone(&metrics)).await {
        Ok(runner) => runner,
        Err(error) => return End::Ended(error.to_string()),
    };
    let (log, stop) = (runner.log(), Stop::new());
    let mut running = tokio::spawn(runner.run(stop.clone()));
    let work = async {
        let sent = sender.send(&log).await;
        // The keeper looks every 200 ms, and enters leaves when nothing was added since its last look.
        let size = log.heart().history.size().get();
        let is_done = || {
            let tables = machine.disk().tables;
            tables.committed().stored.get() == size / 256 * 256 && tables.leaves_indexed() == size
        };
        while !is_done() && !log.status().is_final() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        sent
    };
    let sent = tokio::select! {
        biased;
        ended = &mut running => return match ended.unwrap() {
            Ok(()) => End::Ended("it stopped by itself".to_owned()),
            Err(fatal) => End::Ended(fatal.to_string()),
        },
        sent = work => sent,
    };
    let state = log.status().get();
    if sent.is_err() || log.status().is_final() {
        return End::ReadOnly(state.why().unwrap_or("it does not say why").to_owned());
    }
    let ended = tokio::select! {
        biased;
        ended = &mut running => Some(ended),
        () = operator_notice::tell_stop(&log) => None,
    };
    stop.trigger();
    let ended = match ended {
        Some(ended) => ended,
        None => running.await,
    };
    match ended.unwrap() {
        Ok(()) => End::Stopped,
        Err(fatal) => End::Ended(fatal.to_string()),
    }
}
