//! Crashes of the real log: kill -9 at random moments, under load and while it starts.
//!
//! What the log answered must hold ever after: the entry stands where it said, under a head that lies in the one history.
//! What it did not answer may be there or not, once. The moments come from a seed, which is printed and can be given as
//! `CRASH_SEED`; the same seed gives the same waits, not the same crashes.

use crate::backup::copy;
use crate::oracle::{Evidence, Final, Judged, Receipt, Seen, judge};
use crate::reader::{Reader, hashes, number, open};
use crate::receipt;
use crate::submitter::{Submitter, bytes, post};
use demo::person::Person;
use demo::process::Process;
use demo::town::Town;
use libtest_mimic::{Failed, Trial};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::ScopedJoinHandle;
use std::time::Duration;
use tlog::{Frontier, LeafIndex, LineTime};

/// The trials.
pub fn trials() -> Vec<Trial> {
    vec![
        Trial::test(
            "killed_at_random_moments_under_load_the_log_keeps_what_it_answered",
            killed_under_load,
        ),
        Trial::test(
            "the_oracle_of_the_crashes_sees_a_log_that_forgot",
            forgetful_log,
        ),
    ]
}

/// How often the log is killed while it works: in the short form, and with `NOTARYLOG_LONG=1`.
const KILLS: u32 = 20;
const KILLS_LONG: u32 = 50;

/// How many senders press on the log at once. More make no more crashes, only fewer for the other tests.
const SENDERS: u64 = 4;

/// The longest time between an opening and a kill.
const LIFE_MAX: Duration = Duration::from_millis(700);

/// The longest time between the start of a process and a kill while it starts.
const START_MAX: Duration = Duration::from_millis(120);

/// What was sent and what came back, in one life of the log.
#[derive(Default)]
pub struct Life {
    /// Answers with status 200.
    answers: Vec<Value>,
    /// Entries whose sender never heard.
    unanswered: Vec<Vec<u8>>,
    /// The heads that each sender saw, in order.
    checkpoints: Vec<Vec<Vec<u8>>>,
}

impl Life {
    /// Another life of the same log, with the same senders, after this one.
    pub fn add(&mut self, next: Self) {
        self.answers.extend(next.answers);
        self.unanswered.extend(next.unanswered);
        self.checkpoints
            .resize_with(self.checkpoints.len().max(next.checkpoints.len()), Vec::new);
        for (seen, more) in self.checkpoints.iter_mut().zip(next.checkpoints) {
            seen.extend(more);
        }
    }
}

fn killed_under_load() -> Result<(), Failed> {
    let mut chance = Chance::from("CRASH_SEED")?;
    let kills = match std::env::var("NOTARYLOG_LONG") {
        Ok(_) => KILLS_LONG,
        Err(_) => KILLS,
    };
    let mut town = Town::found(None)?;
    town.open_log()?;
    let bureau = Submitter::of(&town.enrol("bureau", "Bureau")?)?;
    let numbers = AtomicU64::new(0);
    let mut all = Life::default();
    for kill in 0..kills {
        let life = live_until(&mut town, &bureau, &numbers, chance.up_to(LIFE_MAX))?;
        all.add(life);
        if kill % 3 == 0 {
            // A fault during recovery from a fault.
            let folder = town.log_folder();
            let starting = Process::start(
                Person::Log,
                ["serve".as_ref(), folder.as_os_str()],
                &town.diary(),
            )?;
            std::thread::sleep(chance.up_to(START_MAX));
            drop(starting);
        }
        town.open_log()?;
    }
    assert!(
        all.answers.len() > 20,
        "only {} answers: that was no load",
        all.answers.len()
    );
    let (reader, judged) = everything_holds(&town, &all)?;
    println!(
        "crashes: {kills} kills, {} answers, {} unanswered entries; {} receipts and {} heads verified",
        all.answers.len(),
        all.unanswered.len(),
        judged.receipts,
        judged.heads
    );
    unanswered_are_there_once_or_not(&town, &reader, &all.unanswered)?;
    town.notarylog(["check", town.url()])?.done()?;
    town.close_log()?;
    let folder = town.log_folder();
    town.notarylog(["check".as_ref(), folder.as_os_str()])?
        .done()?;
    let diary = std::fs::read_to_string(town.diary())?;
    assert!(!diary.contains("panicked"), "{diary}");
    Ok(())
}

/// What no crash may do, a restored backup of log and anchor together does to a log without witnesses: it forgets what it
/// answered and sets its places again. The oracle must see that, or its silence after the crashes means nothing.
fn forgetful_log() -> Result<(), Failed> {
    let mut town = Town::found(None)?;
    town.open_log()?;
    let bureau = Submitter::of(&town.enrol("bureau", "Bureau")?)?;
    let numbers = AtomicU64::new(0);
    town.close_log()?;
    let backup = town.folder().join("backup");
    for folder in ["log", "anchor"] {
        copy(&town.folder().join(folder), &backup.join(folder))?;
    }
    town.open_log()?;
    let answered = live_until(&mut town, &bureau, &numbers, LIFE_MAX)?;
    assert!(!answered.answers.is_empty());
    town.open_log()?;
    drop(everything_holds(&town, &answered)?);
    town.kill_log();
    for folder in ["log", "anchor"] {
        std::fs::remove_dir_all(town.folder().join(folder))?;
        std::fs::rename(backup.join(folder), town.folder().join(folder))?;
    }
    town.open_log()?;
    live_until(&mut town, &bureau, &numbers, LIFE_MAX)?;
    town.open_log()?;
    let seen = everything_holds(&town, &answered)
        .err()
        .ok_or("the oracle saw nothing")?;
    println!(
        "crashes: of a log that forgot, the oracle says: {}",
        seen.message().unwrap_or_default()
    );
    Ok(())
}

/// Lets the senders press on the log, kills it after `life`, and hears what they heard.
pub fn live_until(
    town: &mut Town,
    bureau: &Submitter,
    numbers: &AtomicU64,
    life: Duration,
) -> Result<Life, Failed> {
    let over = AtomicBool::new(false);
    let url = town.url().to_owned();
    let heard = std::thread::scope(|scope| {
        let senders: Vec<_> = (0..SENDERS)
            .map(|sender| {
                let (over, url) = (&over, url.as_str());
                scope.spawn(move || send_on(url, bureau, numbers, sender, over))
            })
            .collect();
        std::thread::sleep(life);
        town.kill_log();
        over.store(true, Ordering::SeqCst);
        senders
            .into_iter()
            .map(ScopedJoinHandle::join)
            .collect::<Vec<_>>()
    });
    let mut all = Life::default();
    for life in heard {
        let life = life.map_err(|_| "a sender panicked")??;
        all.answers.extend(life.answers);
        all.unanswered.extend(life.unanswered);
        // Each sender sees for itself.
        all.checkpoints.extend(life.checkpoints);
    }
    Ok(all)
}

/// Sends batches of one to sixty-four entries, one after the other, until the log is gone. Only a refusal is a failure: a
/// broken connection is what a crash looks like from outside.
fn send_on(
    url: &str,
    bureau: &Submitter,
    numbers: &AtomicU64,
    sender: u64,
    over: &AtomicBool,
) -> Result<Life, Failed> {
    let mut life = Life::default();
    let mut seen = Vec::new();
    let mut count = sender;
    while !over.load(Ordering::SeqCst) {
        count = count * 5 % 64 + 1;
        let from = numbers.fetch_add(count, Ordering::SeqCst);
        let entries: Vec<Vec<u8>> = (from..from + count)
            .map(|n| bureau.entry(bytes("tag", n), bytes("commitment", n)))
            .collect();
        let sent = demo::http::post(
            url,
            "/v1/entries",
            "application/octet-stream",
            &entries.concat(),
        );
        match sent {
            Ok(answer) if answer.status == 200 => life.answers.push(answer.json()),
            Ok(answer) if answer.status != 503 => {
                return Err(format!("{}: {}", answer.status, answer.text()).into());
            }
            _ => life.unanswered.extend(entries),
        }
        if let Ok(answer) = demo::http::get(url, "/checkpoint")
            && answer.status == 200
        {
            seen.push(answer.body);
        }
    }
    life.checkpoints.push(seen);
    Ok(life)
}

/// Reads the whole log as a stranger does and asks the oracle; answers what was read and what was verified.
pub fn everything_holds(town: &Town, life: &Life) -> Result<(Reader, Judged), Failed> {
    let reader = Reader::read(town)?;
    let mut evidence = Evidence::default();
    for answer in &life.answers {
        let head = seen(
            &reader,
            answer["checkpoint"].as_str().unwrap_or_default().as_bytes(),
        )?;
        let results = answer["results"]
            .as_array()
            .ok_or("an answer without results")?;
        for result in results {
            assert_eq!(number(result, "status")?, 200, "{result}");
            evidence.receipts.push(Receipt {
                index: LeafIndex::new(number(result, "index")?),
                entry: receipt::entry(result)?,
                head,
                proof: hashes(result, "proof")?,
            });
        }
    }
    for notes in &life.checkpoints {
        let heads = notes.iter().map(|note| seen(&reader, note));
        evidence.observers.push(heads.collect::<Result<_, _>>()?);
    }
    let folder = town.log_folder();
    let checked = town.notarylog(["check".as_ref(), folder.as_os_str()])?;
    let faults = match checked.said.code {
        0 => Vec::new(),
        _ => vec![format!("{}{}", checked.said.stdout, checked.said.stderr)],
    };
    let log = Final {
        before: Frontier::empty(),
        entries: &reader.entries,
        faults: &faults,
    };
    let judged = judge(&evidence, &log)?;
    assert!(reader.check_tiles(town)? > 0);
    Ok((reader, judged))
}

/// The head of a note whose three signatures verify.
fn seen(reader: &Reader, note: &[u8]) -> Result<Seen, Failed> {
    let signed = open(note, &reader.vkeys)?;
    let checkpoint = signed.checkpoint();
    let times = signed.verified().iter();
    let time_ms = times.filter_map(|line| match line.time {
        LineTime::Milliseconds(time_ms) => Some(time_ms),
        LineTime::Seconds(_) | LineTime::NotStated => None,
    });
    Ok(Seen {
        size: checkpoint.size(),
        root: checkpoint.root(),
        time_ms: time_ms.max(),
    })
}

/// Those whose senders never heard are sent again: each keeps its place if it had one, and is there once afterwards.
fn unanswered_are_there_once_or_not(
    town: &Town,
    before: &Reader,
    unanswered: &[Vec<u8>],
) -> Result<(), Failed> {
    let places: BTreeMap<&[u8], u64> = (0..)
        .zip(&before.entries)
        .map(|(at, entry)| (entry.as_slice(), at))
        .collect();
    let (mut had, mut new) = (0, 0);
    for batch in unanswered.chunks(200) {
        let answer = post(town.url(), &batch.concat())?;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let document = answer.json();
        let results = document["results"].as_array().ok_or("no results")?;
        for (entry, result) in batch.iter().zip(results) {
            let index = number(result, "index")?;
            if let Some(place) = places.get(entry.as_slice()) {
                assert_eq!(index, *place, "an entry moved");
                had += 1;
            } else {
                assert!(index >= before.size.get(), "an entry took another's place");
                new += 1;
            }
        }
    }
    println!("crashes: of the unanswered entries {had} were in the log and {new} were not");
    let after = Reader::read(town)?;
    assert_eq!(after.size.get(), before.size.get() + new);
    assert!(after.entries.starts_with(&before.entries));
    Ok(())
}

/// Random moments from a printed seed (xorshift64).
pub struct Chance(u64);

impl Chance {
    /// With the seed that this variable names.
    pub fn from(variable: &str) -> Result<Self, Failed> {
        let seed = match std::env::var(variable) {
            Ok(seed) => seed.parse()?,
            Err(_) => getrandom::u64()?,
        };
        println!("{variable}={seed}");
        Ok(Self(seed.max(1)))
    }

    /// A number below this one.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }

    fn up_to(&mut self, most: Duration) -> Duration {
        let micros = u64::try_from(most.as_micros()).unwrap_or(u64::MAX);
        Duration::from_micros(self.below(micros))
    }
}
