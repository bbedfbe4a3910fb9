//! Every point at which a process can die, on simulated ports: each operation of a workload fails in each manner, and
//! then each operation of the recovery.
//!
//! The short form takes every single fault and a sample of the double ones; `NOTARYLOG_LONG=1` takes all of them. The
//! sample comes from `NOTARYLOG_SEED`, which is printed. A point that fails prints how to see it again.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must panic")]

use super::historical_bug::HistoricalBug;
use super::pool::Candidate;
use super::simulated_log::{End, Sender, SimulatedLog};
use crate::oracle::Judged;
use crate::signer::key_files::KeyFiles;
use crate::signer::simulated::SignedHeads;
use crate::storage::simulated::{Disk, Fault, Machine, Operation};
use std::fmt;
use std::str::FromStr;

/// Double faults that the short form takes.
const DOUBLE_SAMPLED: usize = 400;
/// After a fault in the same life so many operations count as its recovery: a reload and a batch.
const RECOVERY_OPERATIONS: usize = 40;
/// A start reads one tile after the other, hundreds of them: the short form takes so many of a row.
const SAME_READS_MAX: usize = 6;
/// Of the points in a log of 65,000 entries every so-manieth is checked whole: a walk through all of them.
const CHECKED_EVERY: usize = 50;

/// A log before its workload, and the workload: three batches.
struct World {
    name: &'static str,
    log: SimulatedLog,
    disk: Disk,
    batches: [Vec<Candidate>; 3],
    is_small: bool,
}

impl World {
    /// Two entries, and three batches that cross 256 and 512.
    fn small() -> Self {
        let log = SimulatedLog::new();
        let disk = log.founded(0);
        let batches = [0..100, 90..600, 600..605].map(|numbers| log.records(numbers));
        Self {
            name: "small",
            log,
            disk,
            batches,
            is_small: true,
        }
    }

    /// A log just below 65,536 entries, and three batches that cross it: three levels of tiles are completed.
    fn large() -> Self {
        let log = SimulatedLog::new();
        let disk = log.founded(65_448);
        let batches = [70_000..70_050, 70_050..70_400, 70_400..70_405];
        let batches = batches.map(|numbers| log.records(numbers));
        Self {
            name: "large",
            log,
            disk,
            batches,
            is_small: false,
        }
    }

    /// What a life without the workload's end calls: with these faults before it.
    fn called(&self, first: Option<(usize, Fault)>) -> (bool, Vec<Operation>) {
        let machine = Machine::with(self.disk.clone());
        let (mut sender, signed) = (Sender::of(self.batches.clone()), SignedHeads::default());
        let end = self
            .log
            .live(&machine, first.as_slice(), &mut sender, &signed);
        if first.is_none() || matches!(end, End::Stopped) {
            return (true, machine.called());
        }
        self.log.live(&machine, &[], &mut sender, &signed);
        (false, machine.called())
    }

    fn singles(&self) -> Vec<Point> {
        let (_, called) = self.called(None);
        let is_another = |(at, operation): &(usize, &Operation)| {
            is_long() || !called[..*at].ends_with(&[**operation; SAME_READS_MAX])
        };
        let different = called.iter().enumerate().filter(is_another);
        let faults = different.flat_map(|(at, operation)| {
            let faults = operation.kind.faults();
            faults.iter().map(move |fault| (at, *fault))
        });
        let point = |first| Point {
            world: self.name.to_owned(),
            first,
            second: None,
        };
        faults.map(point).collect()
    }

    /// Every fault of the recovery from this one.
    fn doubles(&self, single: &Point) -> Vec<Point> {
        let (is_same_life, called) = self.called(Some(single.first));
        let from = if is_same_life { single.first.0 + 1 } else { 0 };
        let recovery = called
            .iter()
            .enumerate()
            .skip(from)
            .take(RECOVERY_OPERATIONS);
        let faults = recovery.flat_map(|(at, operation)| {
            let faults = operation.kind.faults();
            faults.iter().map(move |fault| (at, *fault))
        });
        let point = |second| Point {
            second: Some((is_same_life, second)),
            ..single.clone()
        };
        faults.map(point).collect()
    }

    fn survive(&self, point: &Point, is_checked: bool) -> Judged {
        let plans = match point.second {
            None => vec![vec![point.first]],
            Some((true, second)) => vec![vec![point.first, second]],
            Some((false, second)) => vec![vec![point.first], vec![second]],
        };
        let batches = self.batches.to_vec();
        match self.log.survive(&self.disk, batches, &plans, is_checked) {
            Ok(judged) => judged,
            Err(why) => panic!(
                "{why}\nsee it again: NOTARYLOG_POINT='{point}' cargo test -p notarylog --lib a_named_crash_point"
            ),
        }
    }
}

/// Where a process dies, and where the next one does. As text: `small 12 Torn`, `small 12 Torn then 7 After` (in the next
/// life), `small 12 Reported and 20 Before` (in the same).
#[derive(Clone, Debug, PartialEq, Eq)]
struct Point {
    world: String,
    first: (usize, Fault),
    second: Option<(bool, (usize, Fault))>,
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {:?}", self.world, self.first.0, self.first.1)?;
        match self.second {
            None => Ok(()),
            Some((true, (at, fault))) => write!(f, " and {at} {fault:?}"),
            Some((false, (at, fault))) => write!(f, " then {at} {fault:?}"),
        }
    }
}

impl FromStr for Point {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let words: Vec<&str> = text.split(' ').collect();
        let fault = |word: &str| {
            let all = [
                Fault::Before,
                Fault::After,
                Fault::Torn,
                Fault::Reported,
                Fault::Refused,
                Fault::Full,
            ];
            all.into_iter().find(|fault| format!("{fault:?}") == word)
        };
        let place = |at: &str, word| Some((at.parse().ok()?, fault(word)?));
        let (first, second) = match words[..] {
            [_, at, word] => (place(at, word), None),
            [_, at, word, "and", next, then] => (place(at, word), Some((true, place(next, then)))),
            [_, at, word, "then", next, then] => {
                (place(at, word), Some((false, place(next, then))))
            }
            _ => return Err("no point"),
        };
        let second = match second {
            Some((is_same_life, Some(second))) => Some((is_same_life, second)),
            Some((_, None)) => return Err("no second fault"),
            None => None,
        };
        Ok(Self {
            world: words[0].to_owned(),
            first: first.ok_or("no fault")?,
            second,
        })
    }
}

/// Whether everything is asked for, however long it takes.
fn is_long() -> bool {
    std::env::var("NOTARYLOG_LONG").is_ok()
}

/// The seed of this run.
fn seed() -> u64 {
    match std::env::var("NOTARYLOG_SEED") {
        Ok(seed) => seed.parse().unwrap(),
        Err(_) => getrandom::u64().unwrap(),
    }
}

/// So many of them, by chance (xorshift64).
fn sample(mut points: Vec<Point>, count: usize, seed: u64) -> Vec<Point> {
    let mut state = seed.max(1);
    let mut sampled = Vec::new();
    while sampled.len() < count && !points.is_empty() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let place = state % points.len() as u64;
        sampled.push(points.swap_remove(usize::try_from(place).unwrap()));
    }
    sampled
}

#[test]
fn a_log_survives_every_fault_of_every_operation_and_faults_of_its_recovery() {
    let (world, seed) = (World::small(), seed());
    let singles = world.singles();
    let mut judged = Judged::default();
    let mut take = |point: &Point| {
        let one = world.survive(point, true);
        judged.receipts += one.receipts;
        judged.heads += one.heads;
    };
    singles.iter().for_each(&mut take);
    // A recovery is asked for its operations only where a second fault is wanted.
    let doubles: Vec<Point> = if is_long() {
        singles
            .iter()
            .flat_map(|single| world.doubles(single))
            .collect()
    } else {
        let firsts = sample(singles.clone(), DOUBLE_SAMPLED / 8, seed);
        let all = firsts.iter().flat_map(|single| world.doubles(single));
        sample(all.collect(), DOUBLE_SAMPLED, seed)
    };
    doubles.iter().for_each(&mut take);
    println!(
        "crash points: {} single and {} double faults in a small log, NOTARYLOG_SEED={seed}; {} receipts and {} heads \
         verified",
        singles.len(),
        doubles.len(),
        judged.receipts,
        judged.heads
    );
    assert!(singles.len() + doubles.len() >= 400);
}

#[test]
fn a_log_survives_every_fault_while_it_crosses_65_536_entries() {
    let world = World::large();
    let singles = world.singles();
    let mut judged = Judged::default();
    for (place, point) in singles.iter().enumerate() {
        let one = world.survive(point, is_long() || place % CHECKED_EVERY == 0);
        judged.receipts += one.receipts;
        judged.heads += one.heads;
    }
    println!(
        "crash points: {} single faults while crossing 65,536 entries; {} receipts and {} heads verified",
        singles.len(),
        judged.receipts,
        judged.heads
    );
}

/// For whoever looks into one point: `NOTARYLOG_POINT='small 12 Torn'`.
#[test]
fn a_named_crash_point() {
    let Ok(point) = std::env::var("NOTARYLOG_POINT") else {
        return;
    };
    let point: Point = point.parse().unwrap();
    let world = match point.world.as_str() {
        "large" => World::large(),
        _ => World::small(),
    };
    let (_, called) = world.called(None);
    println!("{point}: {:?}", called.get(point.first.0));
    let judged = world.survive(&point, world.is_small);
    println!("{judged:?}");
}

#[test]
fn a_point_is_read_as_it_is_written() {
    for text in [
        "small 12 Torn",
        "large 3 Before then 7 After",
        "small 0 Reported and 9 Refused",
    ] {
        assert_eq!(text.parse::<Point>().unwrap().to_string(), text);
    }
}

/// What the oracle says when this bug meets this fault of the workload's first such operation after the idle head.
fn with_bug(bug: HistoricalBug, name: &str, fault: Fault) -> Result<Judged, String> {
    let world = World::small();
    let (_, called) = world.called(None);
    let mut places = (0..)
        .zip(&called)
        .filter(|(_, operation)| operation.name == name);
    // The first step of a life is an idle head, which promises nothing; and a start sees when the newest of the tiles are
    // missing, but not an older one.
    let place = places.nth(if name == "advance" { 1 } else { 3 });
    let plans = [vec![(place.unwrap().0, fault)]];
    let survive = || {
        let batches = world.batches.to_vec();
        world.log.survive(&world.disk, batches, &plans, true)
    };
    survive().unwrap();
    bug.with(survive)
}

#[test]
fn a_promise_for_an_entry_that_never_comes_in_is_found() {
    // StartCom, Nessie 2023 and 2025.
    let found = with_bug(
        HistoricalBug::PromisedBeforeItIsIn,
        "advance",
        Fault::Refused,
    );
    assert!(found.is_err());
}

#[test]
fn a_promise_on_a_full_disk_is_found() {
    // Mammoth 2024.
    let found = with_bug(HistoricalBug::PromisedOnAFullDisk, "advance", Fault::Full);
    assert!(found.is_err());
}

#[test]
fn tiles_that_count_as_stored_and_are_missing_are_found() {
    // Raio 2025: transient errors of the object store.
    let found = with_bug(
        HistoricalBug::MissingTilesCountAsStored,
        "put",
        Fault::Refused,
    );
    assert!(found.is_err());
}

#[test]
fn a_key_of_another_log_is_found() {
    // Izenpe: one key in test and in production.
    let log = SimulatedLog::new();
    let folder = log.house.path("keys");
    let other = tlog::Origin::new("log.example.org/production").unwrap();
    assert!(KeyFiles::load(&folder, &other).is_err());
    let taken = HistoricalBug::AnyKeyIsTaken.with(|| KeyFiles::load(&folder, &other).is_ok());
    assert!(taken, "the switch does something");
}
