//! A log and five witnesses through restored copies, clock steps, lost and late answers, by seeds: a single thread, under
//! a clock that stands still until everybody waits.
//!
//! Any answer may be late or lost, and any copy of the log may be put back. Of the five witnesses at most two do what an
//! honest one never does: they refuse, lie, or are restored from a copy themselves. Four are a quorum, so two quorums
//! share three.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must panic")]

use super::Log;
use super::five_witnesses::Witnesses;
use super::historical_bug::HistoricalBug;
use super::publisher::Published;
use super::runner::Runner;
use super::simulated_log::{PausedClock, SETTINGS, SimulatedLog, paused};
use super::status::State;
use crate::clock::Clock as _;
use crate::metrics::Metrics;
use crate::signer::simulated::SignedHeads;
use crate::storage::simulated::{Disk, Machine};
use crate::witnesses::simulated::Manner;
use evidence::ENTRY_LEN;
use service::{AwsLc, Stop};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tlog::{Frontier, Hash, Note, SignedCheckpoint, TreeSize};

/// Seeds of the short form.
const SEEDS: u64 = 2_000;
/// Steps of one seed.
const STEPS: u64 = 6;
/// Witnesses that a quorum needs.
const QUORUM: usize = 4;
/// How many may do what an honest one never does.
const DISHONEST_MAX: usize = 2;

/// What happened in one seed.
#[derive(Clone, Copy, Debug, Default)]
struct Happened {
    restores: u64,
    clock_steps: u64,
    published: usize,
    witnessed: usize,
    signed: usize,
    read_only: u64,
    frozen: u64,
    /// Runs after which a witness holds a head that a restored copy lost.
    split: u64,
}

/// Numbers by chance (xorshift64*).
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % bound
    }
}

/// Every history that this log ever had: one, and those that a restored copy lost.
#[derive(Default)]
struct Histories(Vec<Vec<Hash>>);

impl Histories {
    fn add(&mut self, disk: &Disk) {
        let leaves = leaves(disk);
        if !self.0.iter().any(|known| known.starts_with(&leaves)) {
            self.0.push(leaves);
        }
    }

    /// Whether one history contains them all. Where not: two that contradict each other.
    fn contradiction(&self, heads: &BTreeSet<(TreeSize, Hash)>) -> Option<String> {
        let roots: Vec<BTreeMap<TreeSize, Hash>> =
            self.0.iter().map(|leaves| roots(leaves)).collect();
        let holds = |one: &(TreeSize, Hash), other: &(TreeSize, Hash)| {
            roots.iter().any(|history| {
                [one, other]
                    .iter()
                    .all(|head| history.get(&head.0) == Some(&head.1))
            })
        };
        let pairs = heads
            .iter()
            .flat_map(|one| heads.iter().map(move |other| (one, other)));
        pairs
            .filter(|(one, other)| !holds(one, other))
            .map(|(one, other)| format!("heads of {} and {} contradict each other", one.0, other.0))
            .next()
    }
}

/// The leaves on this disk.
fn leaves(disk: &Disk) -> Vec<Hash> {
    let size = disk.tables.committed().head.size.get();
    let packed = disk.tables.entries(0, size).unwrap();
    packed.chunks(ENTRY_LEN).map(Hash::of_leaf).collect()
}

fn roots(leaves: &[Hash]) -> BTreeMap<TreeSize, Hash> {
    let mut frontier = Frontier::empty();
    let mut roots = BTreeMap::from([(frontier.size(), frontier.root())]);
    for leaf in leaves {
        frontier.append(*leaf);
        roots.insert(frontier.size(), frontier.root());
    }
    roots
}

/// A log, its witnesses, and what anyone saw of them.
struct Simulation<'a> {
    log: &'a SimulatedLog,
    witnesses: Witnesses,
    dishonest: [usize; DISHONEST_MAX],
    machine: Arc<Machine>,
    chance: Chance,
    /// The true time, which the witnesses' clocks show, and how far the log's clock is ahead or behind.
    true_ms: u64,
    skew_ms: i64,
    numbers: u32,
    /// Copies of the disk and of the dishonest witnesses.
    copies: Vec<Disk>,
    /// The disk with the most entries: what an operator puts back when the log says that it went back.
    newest: Disk,
    histories: Histories,
    signed: SignedHeads,
    published: BTreeSet<(TreeSize, Hash)>,
    /// What was shown when somebody looked last.
    judged: Option<Arc<Published>>,
    happened: Happened,
}

impl<'a> Simulation<'a> {
    fn new(log: &'a SimulatedLog, disk: &Disk, seed: u64) -> Self {
        let mut chance = Chance((seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let first = usize::try_from(chance.below(5)).unwrap();
        Self {
            log,
            witnesses: Witnesses::of(&log.house),
            dishonest: [first, (first + 1) % 5],
            machine: Machine::with(disk.clone()),
            chance,
            true_ms: 1_800_000_500_000,
            skew_ms: 0,
            numbers: 0,
            copies: vec![disk.clone()],
            newest: disk.clone(),
            histories: Histories::default(),
            signed: SignedHeads::default(),
            published: BTreeSet::new(),
            judged: None,
            happened: Happened::default(),
        }
    }

    fn run(mut self) -> Result<Happened, String> {
        for _ in 0..STEPS {
            self.life()?;
            self.between_lives();
        }
        self.witnesses
            .0
            .iter()
            .for_each(|one| one.behave(Manner::Honest));
        self.skew_ms = 0;
        // What went back has to be put right once; then the log serves.
        let mut last = Ok(State::Serving);
        let serves = (0..3).any(|_| {
            let before = self.happened.read_only + self.happened.frozen;
            last = self.life();
            last.is_ok() && self.happened.read_only + self.happened.frozen == before
        });
        self.judge().and_then(|happened| {
            let why =
                format!("with honest witnesses and the newest copy it does not serve: {last:?}");
            // A witness that was out while the log was put back may hold a head that is lost: evidence against the log,
            // which then rightly stands still.
            let may_serve = happened.split == 0;
            (serves || !may_serve).then_some(happened).ok_or(why)
        })
    }

    /// What an operator, a thief or the weather does to a log that does not run.
    fn between_lives(&mut self) {
        let disk = self.machine.disk();
        self.histories.add(&disk);
        self.keep_newest(&disk);
        match self.chance.below(6) {
            0 => self.copies.push(disk),
            1 | 2 => {
                let copy = self.chance.below(self.copies.len() as u64);
                let copy = self.copies[usize::try_from(copy).unwrap()].clone();
                self.machine.change(|disk| *disk = copy);
                self.happened.restores += 1;
            }
            3 => {
                // The database alone: the journal shows what it lacks.
                let copy = self.copies.last().unwrap().clone();
                let newest = self.newest.clone();
                self.machine.change(|disk| {
                    *disk = newest;
                    disk.tables = copy.tables;
                });
                self.happened.restores += 1;
            }
            4 => {
                let step = i64::try_from(self.chance.below(7_200_000)).unwrap();
                self.skew_ms = step - 3_600_000;
                self.happened.clock_steps += 1;
            }
            _ => {}
        }
        for witness in 0..5 {
            let manner = self.manner(witness);
            self.witnesses.0[witness].behave(manner);
        }
        let restored = &self.witnesses.0[self.dishonest[0]];
        if self.chance.below(4) == 0 {
            restored.forget();
        }
    }

    /// The newest copy is the one with most of what anyone saw: first what was published, then what a witness cosigned.
    fn keep_newest(&mut self, disk: &Disk) {
        let cosigned: BTreeSet<(TreeSize, Hash)> = (self.witnesses.0.iter())
            .flat_map(|witness| witness.cosigned.lock().unwrap().clone())
            .collect();
        let holds = |disk: &Disk| {
            let roots = roots(&leaves(disk));
            let count = |heads: &BTreeSet<(TreeSize, Hash)>| {
                let held = heads
                    .iter()
                    .filter(|(size, root)| roots.get(size) == Some(root));
                held.count()
            };
            (count(&self.published), count(&cosigned), roots.len())
        };
        if holds(disk) >= holds(&self.newest) {
            self.newest = disk.clone();
        }
    }

    fn manner(&mut self, witness: usize) -> Manner {
        let late = Duration::from_millis(self.chance.below(3_000));
        let is_dishonest = self.dishonest.contains(&witness);
        match self.chance.below(if is_dishonest { 12 } else { 9 }) {
            0 => Manner::Off,
            1 => Manner::Silent,
            2 => Manner::Slow(late),
            3 => Manner::Unheard,
            9 => Manner::Refuses,
            10 => Manner::Claims(TreeSize::new(self.chance.below(40)).ok()),
            11 => Manner::LateGarbage(late),
            _ => Manner::Honest,
        }
    }

    /// The log runs for some seconds and is killed, or stopped.
    fn life(&mut self) -> Result<State, String> {
        let process = self.machine.start(None);
        let (batches, size) = (self.chance.below(4), self.chance.below(3) + 1);
        let pause = Duration::from_millis(self.chance.below(4_000));
        let goes_back = self.chance.below(3) == 0;
        let runtime = paused();
        let state = runtime.block_on(async {
            let clock = PausedClock::at(self.true_ms.saturating_add_signed(self.skew_ms));
            self.witnesses
                .set_clocks(&[0, 1, 2, 3, 4], self.true_ms / 1_000);
            let witnessing = Some(self.witnesses.witnessing_of(self.log.vkeys()));
            let ports = self
                .log
                .ports(&process, Arc::clone(&clock) as _, &self.signed, witnessing);
            let metrics = Arc::new(Metrics::new().unwrap());
            let opened = Runner::open(ports, SETTINGS, metrics).await;
            let runner = opened.map_err(|error| format!("it does not start: {error}"))?;
            let (log, stop) = (runner.log(), Stop::new());
            let running = tokio::spawn(runner.run(stop.clone()));
            let mut shown = TreeSize::ZERO;
            for batch in 0..batches {
                let numbers = self.numbers..self.numbers + u32::try_from(size).unwrap();
                self.numbers = numbers.end;
                // Whether it is taken or not: nobody is promised anything before a quorum cosigned.
                let sent = log.sequence(self.log.records(numbers));
                let _answer = tokio::time::timeout(Duration::from_secs(2), sent).await;
                self.watch(&log, pause / 4, &mut shown).await?;
                if batch == 1 && goes_back {
                    clock.step(|now| now.saturating_sub(30_000));
                    self.happened.clock_steps += 1;
                }
            }
            self.watch(&log, pause, &mut shown).await?;
            self.true_ms += clock.steady_ms();
            let state = log.status().get().as_ref().clone();
            stop.trigger();
            let _ended = running.await;
            Ok::<State, String>(state)
        })?;
        drop(runtime);
        self.after(&state)?;
        Ok(state)
    }

    /// Looks at what the log shows, again and again.
    async fn watch(
        &mut self,
        log: &Log,
        pause: Duration,
        shown: &mut TreeSize,
    ) -> Result<(), String> {
        let looks = u32::try_from(pause.as_millis() / 50).unwrap() + 1;
        for _ in 0..looks {
            tokio::time::sleep(Duration::from_millis(50)).await;
            let Some(newest) = log.heart().publisher.newest() else {
                continue;
            };
            if self
                .judged
                .as_ref()
                .is_some_and(|judged| Arc::ptr_eq(judged, &newest))
            {
                continue;
            }
            self.judged = Some(Arc::clone(&newest));
            let judged = self.witnesses.1.judge(&newest.note, &AwsLc);
            judged.map_err(|error| format!("what is shown has no quorum: {error}"))?;
            if newest.head.size < *shown {
                return Err("what is shown went back".to_owned());
            }
            *shown = newest.head.size;
            self.published.insert((newest.head.size, newest.head.root));
        }
        Ok(())
    }

    fn after(&mut self, state: &State) -> Result<(), String> {
        let disk = self.machine.disk();
        self.histories.add(&disk);
        self.keep_newest(&disk);
        match state {
            State::ReadOnly(why) if why.to_lowercase().contains("restore") => {
                // The operator does what it says.
                self.happened.read_only += 1;
                let newest = self.newest.clone();
                self.machine.change(|disk| *disk = newest);
            }
            State::ReadOnly(why) => return Err(format!("it is read-only: {why}")),
            State::Frozen(notes) => {
                // The two notes are the evidence: both under our key, and no history contains both.
                self.happened.frozen += 1;
                let heads: BTreeSet<(TreeSize, Hash)> =
                    notes.iter().map(|note| self.open(note)).collect();
                if self.histories.contradiction(&heads).is_none() {
                    return Err("it froze over two heads of one history".to_owned());
                }
                let newest = self.newest.clone();
                self.machine.change(|disk| *disk = newest);
            }
            State::Serving | State::Waiting(_) | State::Clock(_) => {}
            State::Ended(why) => return Err(format!("nobody ended it: {why}")),
        }
        Ok(())
    }

    fn open(&self, note: &str) -> (TreeSize, Hash) {
        let note = Note::parse(note.as_bytes()).unwrap();
        let vkeys = self.log.vkeys();
        let signed = SignedCheckpoint::open(&note, vkeys, &AwsLc).unwrap();
        (signed.checkpoint().size(), signed.checkpoint().root())
    }

    /// What must hold whatever happened.
    fn judge(mut self) -> Result<Happened, String> {
        self.histories.add(&self.machine.disk());
        self.histories.add(&self.newest);
        let mut cosigned: BTreeMap<(TreeSize, Hash), usize> = BTreeMap::new();
        for witness in &self.witnesses.0 {
            let heads: BTreeSet<_> = witness.cosigned.lock().unwrap().iter().copied().collect();
            for head in heads {
                *cosigned.entry(head).or_default() += 1;
            }
        }
        let by_anyone: BTreeSet<_> = cosigned.keys().copied().collect();
        self.happened.split = u64::from(self.histories.contradiction(&by_anyone).is_some());
        let with_quorum = cosigned.into_iter().filter(|(_, by)| *by >= QUORUM);
        let witnessed: BTreeSet<_> = with_quorum.map(|(head, _)| head).collect();
        if let Some(why) = self.histories.contradiction(&witnessed) {
            return Err(format!("witnessed: {why}"));
        }
        if !self.published.is_subset(&witnessed) {
            return Err("a head was shown that no quorum cosigned".to_owned());
        }
        // The gate's promise: over what a quorum cosigned nothing else is signed, not even for the witnesses.
        let signed: BTreeSet<_> = (self.signed.all().iter())
            .map(|head| (head.size, head.root))
            .collect();
        for head in &signed {
            let contradicts = |other: &&(TreeSize, Hash)| {
                let pair = BTreeSet::from([*head, **other]);
                self.histories.contradiction(&pair).is_some()
            };
            if let Some(other) = self.published.iter().find(contradicts) {
                return Err(format!(
                    "signed: a head of {} contradicts the published one of {}",
                    head.0, other.0
                ));
            }
        }
        self.happened.published = self.published.len();
        self.happened.witnessed = witnessed.len();
        self.happened.signed = signed.len();
        Ok(self.happened)
    }
}

/// The seeds of this run: from `NOTARYLOG_SEED` on, or this one alone with `NOTARYLOG_SEEDS=1`.
fn seeds() -> std::ops::Range<u64> {
    let number = |name: &str, otherwise| {
        let value = std::env::var(name).ok();
        value.map_or(otherwise, |value| value.parse().unwrap())
    };
    let first = number("NOTARYLOG_SEED", 0);
    first..first + number("NOTARYLOG_SEEDS", SEEDS)
}

#[test]
fn no_two_witnessed_heads_contradict_each_other_whatever_is_restored_lost_or_late() {
    let log = SimulatedLog::new();
    let disk = log.founded(0);
    let mut all = Happened::default();
    let seeds = seeds();
    for seed in seeds.clone() {
        let happened = match Simulation::new(&log, &disk, seed).run() {
            Ok(happened) => happened,
            Err(why) => panic!("{why}\nsee it again: NOTARYLOG_SEED={seed} NOTARYLOG_SEEDS=1"),
        };
        all.restores += happened.restores;
        all.clock_steps += happened.clock_steps;
        all.published += happened.published;
        all.witnessed += happened.witnessed;
        all.signed += happened.signed;
        all.read_only += happened.read_only;
        all.frozen += happened.frozen;
        all.split += happened.split;
    }
    println!("witness simulation: seeds {seeds:?}: {all:?}");
    assert!(all.restores > 0 && all.published > 0);
}

#[test]
fn a_log_that_asks_nobody_after_a_restore_is_found() {
    // Venafi 2017: a restored backup went on where it was.
    let log = SimulatedLog::new();
    let disk = log.founded(0);
    let found = HistoricalBug::NobodyIsAskedAfterARestore.with(|| {
        (0..200).find_map(|seed| {
            let found = Simulation::new(&log, &disk, seed).run().err();
            found.filter(|why| why.starts_with("signed: "))
        })
    });
    println!("witness simulation: of a log without its gate it says: {found:?}");
    assert!(found.is_some());
}
