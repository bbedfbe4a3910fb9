//! Crashes of the real witness: killed on entering a system call, one call after the other, while two requests race.
//!
//! What it signed must hold ever after: no signature that anybody received is newer than the state that the next start
//! finds, and sizes and times never crossed. The calls are counted for each thread from the moment at which `strace` has
//! taken hold; what a count meets differs from run to run.

use crate::skip;
use crate::small_log::SmallLog;
use crate::witness_house::{WitnessHouse, done, post};
use demo::http::Answer;
use libtest_mimic::{Failed, Trial};
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tlog::{AddCheckpoint, Checkpoint, Hash, Note};

/// The trials.
pub fn trials() -> Vec<Trial> {
    vec![
        Trial::test(KILLED, killed_at_each_step),
        Trial::test(
            "the_oracle_of_the_witnesss_crashes_sees_a_witness_that_forgot_or_crossed",
            forgetful_witness,
        ),
    ]
}

const KILLED: &str =
    "killed_at_each_step_of_two_racing_requests_a_witness_signed_nothing_that_is_not_on_disk";

/// The system calls of a request, in their order, and which of them the witness does not live to make.
const CALLS: [(&str, &[u32]); 5] = [
    ("recvfrom", &[1, 2]),
    // A commit is some pages of the write-ahead log, and its sync.
    ("pwrite64", &[1, 2, 4, 7, 11]),
    ("fsync,fdatasync", &[1, 2]),
    // A thread wakes another one: the desk its store, the store the desk, the desk the door.
    ("write", &[1, 2, 3, 5]),
    // The answers.
    ("writev,sendto", &[1, 2]),
];

/// How long `strace` may take to take hold, and to see a death.
const PATIENCE: Duration = Duration::from_secs(20);

/// A death that two answered requests have not met yet comes soon or not at all.
const MOMENT: Duration = Duration::from_millis(300);

/// A head under the witness's lines.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Signed {
    size: u64,
    root: Hash,
    time_s: u64,
}

fn killed_at_each_step() -> Result<(), Failed> {
    if !skip::found(KILLED, "strace")? {
        return Ok(());
    }
    // A log that forks is cosigned no more; those under this name, whose keys are everybody's, are not judged so.
    let mut log = SmallLog::new("conformance.notarylog.example/two-trees")?;
    let mut house = WitnessHouse::opened(&[&log])?;
    let mut received = Vec::new();
    let mut size = 5;
    let first = log.step(0, size)?;
    received.extend(signed(&house, &first, &house.post(&first)?)?);
    let (mut deaths, mut silent) = (0, 0);
    for (call, counts) in CALLS {
        for count in counts {
            let (own, other) = (log.leaf(size)?, Hash::of_leaf(&count.to_be_bytes()));
            let honest = log.step(size, size + 1)?;
            // The other request leads to another tree of the same size: at most one of the two may ever be signed.
            log.set_leaf(size, other);
            let forked = log.step(size, size + 1)?;

            let process = house.process().ok_or("no process")?;
            let mut trap = Trap::set(process, call, *count)?;
            let answers = race(house.url(), [&honest, &forked])?;
            let is_dead = trap.has_sprung(answers.iter().all(Option::is_some))?;
            drop(trap);
            house.kill();
            let before = received.len();
            for (request, answer) in [&honest, &forked].into_iter().zip(&answers) {
                let answer = answer.as_ref().filter(|answer| answer.status == 200);
                received.extend(
                    answer
                        .map(|answer| signed(&house, request, answer))
                        .transpose()?
                        .flatten(),
                );
            }
            house.open(&["--first-run"])?;
            let state = state(&house, &log)?;
            holds(&received, &state).map_err(|why| format!("{call} {count}: {why}"))?;
            deaths += u32::from(is_dead);
            silent += u32::from(state.size > size && received.len() == before);
            let Some(won) = [own, other].into_iter().find(|leaf| {
                log.set_leaf(size, *leaf);
                log.root(size + 1).is_ok_and(|root| root == state.root)
            }) else {
                // Neither: the state is as it was.
                log.set_leaf(size, own);
                continue;
            };
            log.set_leaf(size, won);
            size = state.size;
            // It goes on from there.
            let again = log.step(size, size)?;
            received.extend(signed(&house, &again, &house.post(&again)?)?);
        }
    }
    println!(
        "crashes of the witness: {deaths} on entering a system call, {} signed heads received, {silent} on disk and not",
        received.len()
    );
    assert!(deaths >= 8, "only {deaths} deaths: that were no steps");
    let checked = done(house.run_verb(["check", "w"])?)?;
    assert!(checked.stdout.contains("Clean"), "{checked:?}");
    Ok(())
}

/// Sends two requests at once; an answer each, or none where the connection broke off.
fn race(url: &str, requests: [&str; 2]) -> Result<[Option<Answer>; 2], Failed> {
    std::thread::scope(|scope| {
        let sent = requests.map(|body| scope.spawn(move || post(url, body).ok()));
        let [one, other] = sent.map(|thread| thread.join().map_err(|_| "a sender panicked"));
        Ok([one?, other?])
    })
}

/// The head of a request under the lines that the answer holds, if they are whole.
fn signed(house: &WitnessHouse, request: &str, answer: &Answer) -> Result<Option<Signed>, Failed> {
    let told: Option<usize> = answer
        .header("content-length")
        .and_then(|told| told.parse().ok());
    if answer.status == 200 && told.is_some_and(|told| answer.body.len() < told) {
        return Ok(None); // Cut off by the death: nobody can use it.
    }
    let asked = AddCheckpoint::parse(request.as_bytes())?;
    let lines = house.verified(request, answer)?;
    let time_s = lines.iter().filter_map(|line| line.time.seconds()).max();
    Ok(Some(Signed {
        size: asked.checkpoint().size().get(),
        root: asked.checkpoint().root(),
        time_s: time_s.ok_or("no line states a time")?,
    }))
}

/// What the witness found on its disk when it started.
fn state(house: &WitnessHouse, log: &SmallLog) -> Result<Signed, Failed> {
    let note = Note::parse(&house.monitored(log)?.body)?;
    let checkpoint = Checkpoint::parse(note.text())?;
    let keys = house.vkeys();
    let is_own = |line: &&tlog::SignatureLine| keys.iter().any(|key| key.id() == line.id());
    let own: Vec<_> = note.lines().iter().filter(is_own).cloned().collect();
    let lines = house.verify(&note, &checkpoint, &own)?;
    let time_s = lines.iter().filter_map(|line| line.time.seconds()).max();
    Ok(Signed {
        size: checkpoint.size().get(),
        root: checkpoint.root(),
        time_s: time_s.ok_or("no line states a time")?,
    })
}

/// Whether the state covers everything that was received, and nothing that was received crosses another.
fn holds(received: &[Signed], state: &Signed) -> Result<(), String> {
    let mut all = received.to_vec();
    all.push(state.clone());
    // By size, and of one size by time: the state is then the last one.
    all.sort_by_key(|head| (head.size, head.time_s));
    for pair in all.windows(2) {
        let [before, after] = pair else { continue };
        if before.time_s > after.time_s {
            return Err(format!("sizes and times cross: {before:?}, {after:?}"));
        }
        if before.size == after.size && before.root != after.root {
            return Err(format!("two roots for one size: {before:?}, {after:?}"));
        }
    }
    match all.last() {
        Some(newest) if newest == state => Ok(()),
        newest => Err(format!("{newest:?} was signed, and on disk is {state:?}")),
    }
}

fn forgetful_witness() -> Result<(), Failed> {
    let head = |size: u64, tree: &[u8], time_s| Signed {
        size,
        root: Hash::of_leaf(tree),
        time_s,
    };
    let received = [
        head(5, b"five", 10),
        head(6, b"six", 10),
        head(6, b"six", 11),
    ];
    assert_eq!(holds(&received, &head(6, b"six", 11)), Ok(()));
    assert_eq!(holds(&received, &head(7, b"seven", 11)), Ok(()));
    for (forgot, why) in [
        (head(5, b"five", 10), "was signed, and on disk is"),
        (head(6, b"six", 10), "was signed, and on disk is"),
        (head(6, b"another", 12), "two roots"),
        (head(7, b"seven", 9), "cross"),
    ] {
        let seen = holds(&received, &forgot)
            .err()
            .ok_or("the oracle saw nothing")?;
        assert!(seen.contains(why), "{seen}");
    }
    Ok(())
}

/// `strace`, which kills a process that enters a system call for the n-th time.
struct Trap(Child);

impl Trap {
    /// Takes hold of all threads of a process.
    fn set(process: u32, calls: &str, count: u32) -> Result<Self, Failed> {
        let mut child = Command::new("strace")
            .args(["-f", "-o", "/dev/null", "-p", &process.to_string()])
            .args(["-e", &format!("trace={calls}")])
            .args(["-e", &format!("inject={calls}:signal=KILL:when={count}")])
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let told = child.stderr.take().ok_or("strace has no stderr")?;
        let trap = Self(child);
        let mut line = String::new();
        BufReader::new(told).read_line(&mut line)?;
        if line.contains("attached") {
            Ok(trap)
        } else {
            Err(format!("strace cannot take hold of a process of ours: {line}").into())
        }
    }

    /// Whether the process has died of it. Two answers that came say nothing yet.
    fn has_sprung(&mut self, is_answered: bool) -> Result<bool, Failed> {
        let begun = Instant::now();
        let patience = if is_answered { MOMENT } else { PATIENCE };
        while begun.elapsed() < patience {
            if self.0.try_wait()?.is_some() {
                return Ok(true);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(false)
    }
}

impl Drop for Trap {
    fn drop(&mut self) {
        // An error means that it has ended with the process that it held.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
