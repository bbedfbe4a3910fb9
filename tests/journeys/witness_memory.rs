//! What a witness remembers: over races, crashes and restored backups it never goes back on what it signed.

use crate::backup::copy;
use crate::small_log::SmallLog;
use crate::witness_house::{WitnessHouse, done, post};
use demo::http;
use libtest_mimic::{Failed, Trial};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The trials.
pub fn trials() -> Vec<Trial> {
    vec![
        Trial::test(
            "racing_requests_never_cross_sizes_and_times_at_a_witness",
            race,
        ),
        Trial::test(
            "killed_at_random_moments_a_witness_forgets_nothing_that_it_signed",
            kills,
        ),
        Trial::test("a_witness_refuses_to_run_from_an_older_state", older_state),
        Trial::test(
            "a_witness_waits_until_a_log_shows_that_its_state_is_the_newest",
            waits,
        ),
    ]
}

/// What the witness signed: for each time the sizes.
type Signed = BTreeMap<u64, Vec<u64>>;

/// No later time has a smaller size than an earlier one, and one time may have several.
fn nothing_went_back(signed: &Signed) {
    let mut largest = 0;
    for (time_s, sizes) in signed {
        let smallest = sizes.iter().min().copied().unwrap_or(largest);
        assert!(
            smallest >= largest,
            "at {time_s} s size {smallest} after {largest}"
        );
        largest = sizes.iter().max().copied().unwrap_or(largest).max(largest);
    }
}

/// One racer's steps that were cosigned: the request and its answer.
type Steps = Vec<(String, http::Answer)>;

fn race() -> Result<(), Failed> {
    // The racers sign smaller trees at later times, which convicts a log whose lines state times; those under this name,
    // whose keys are everybody's, are not judged so.
    let log = SmallLog::new("conformance.notarylog.example/race")?;
    let house = WitnessHouse::opened(&[&log])?;
    let url = house.url();
    let steps = std::thread::scope(|scope| {
        let racers: Vec<_> = (0..6)
            .map(|racer| {
                let log = &log;
                scope.spawn(move || run_race(log, url, racer))
            })
            .collect();
        let mut steps = Steps::new();
        for racer in racers {
            steps.extend(racer.join().map_err(|_| "a racer panicked")??);
        }
        Ok::<_, Failed>(steps)
    })?;
    assert!(steps.len() > 6, "only {} steps", steps.len());
    let mut signed = Signed::new();
    let mut from = BTreeMap::new();
    for (body, answer) in steps {
        let (time_s, request) = (
            time_of(&house, &body, &answer)?,
            tlog::AddCheckpoint::parse(body.as_bytes())?,
        );
        let (old, size) = (request.old().get(), request.checkpoint().size().get());
        signed.entry(time_s).or_default().push(size);
        if size != old {
            assert_eq!(from.insert(old, size), None, "two steps from size {old}");
        }
    }
    nothing_went_back(&signed);
    Ok(())
}

/// Nine requests, each from the size that the witness told last: six racers stay below what a log may send at once.
fn run_race(log: &SmallLog, url: &str, racer: u64) -> Result<Steps, Failed> {
    let (mut old, mut steps) = (0, Steps::new());
    for _ in 0..9 {
        let to = (old + 1 + racer).min(99);
        let body = log.step(old, to)?;
        let answer = post(url, &body)?;
        match answer.status {
            200 => {
                old = to;
                steps.push((body, answer));
            }
            409 => old = answer.text().trim().parse()?,
            status => return Err(format!("{status}: {}", answer.text()).into()),
        }
    }
    Ok(steps)
}

/// The time of a valid answer.
fn time_of(house: &WitnessHouse, body: &str, answer: &http::Answer) -> Result<u64, Failed> {
    let lines = house.verified(body, answer)?;
    let time_s = lines.first().and_then(|line| line.time.seconds());
    Ok(time_s.ok_or("no time")?)
}

/// How often the witness is killed.
const KILLS: u32 = 12;

fn kills() -> Result<(), Failed> {
    let log = SmallLog::new("log.example/a")?;
    let mut house = WitnessHouse::found()?;
    house.enrol(&log, None)?;
    let fast = [
        "--first-run",
        "--rate-per-log",
        "100000",
        "--burst-per-log",
        "100000",
    ];
    let mut signed = Signed::new();
    let mut largest = 0;
    for kill in 0..KILLS {
        house.open(&fast)?;
        let size: u64 = recorded(&house, &log)?;
        assert!(size >= largest, "it forgot: {size} after {largest}");
        let (over, answers) = (AtomicBool::new(false), std::sync::Mutex::new(Vec::new()));
        let url = house.url().to_owned();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut size = size;
                while !over.load(Ordering::SeqCst) {
                    // Small steps; at the end of the tree the same head again, whose time goes on.
                    let to = (size + 1).min(99);
                    let Ok(body) = log.step(size, to) else { return };
                    let Ok(answer) = post(&url, &body) else {
                        return;
                    };
                    if answer.status == 200 {
                        size = to;
                        answers
                            .lock()
                            .unwrap_or_else(std::sync::PoisonError::into_inner)
                            .push((body, answer));
                    }
                }
            });
            // The moments differ from kill to kill, from before the first answer to many answers later.
            std::thread::sleep(Duration::from_millis(u64::from(kill * 7 % 40)));
            house.kill();
            over.store(true, Ordering::SeqCst);
        });
        for (body, answer) in answers.into_inner().map_err(|_| "poisoned")? {
            let time_s = time_of(&house, &body, &answer)?;
            let size = tlog::AddCheckpoint::parse(body.as_bytes())?
                .checkpoint()
                .size()
                .get();
            signed.entry(time_s).or_default().push(size);
            largest = largest.max(size);
        }
        if kill % 3 == 0 {
            // A fault while it recovers from a fault.
            let starting = house.start(&fast)?;
            std::thread::sleep(Duration::from_millis(u64::from(kill * 5)));
            drop(starting);
        }
        done(house.run_verb(["check", "w"])?)?;
    }
    assert!(largest > 5, "only {largest} steps: that was no load");
    nothing_went_back(&signed);
    house.open(&fast)?;
    let size = recorded(&house, &log)?;
    house.cosigned(&log.step(size, 100)?)?;
    assert!(!house.diary()?.contains("panicked"));
    Ok(())
}

/// The size that the witness has recorded, as a 409 tells it.
fn recorded(house: &WitnessHouse, log: &SmallLog) -> Result<u64, Failed> {
    let answer = house.post(&log.ask(99, Vec::new(), &log.text(99)?, &[])?)?;
    match answer.status {
        409 => Ok(answer.text().trim().parse()?),
        200 => Ok(99),
        status => Err(format!("{status}: {}", answer.text()).into()),
    }
}

fn older_state() -> Result<(), Failed> {
    let log = SmallLog::new("log.example/a")?;
    let mut house = WitnessHouse::found()?;
    house.enrol(&log, Some(&log.open()?))?;
    house.open(&[])?;
    house.wait_for(200, &log.step(0, 5)?)?;
    house.close()?;
    copy(&house.dir(), &house.beside("backup"))?;
    house.open(&["--first-run"])?;
    house.cosigned(&log.step(5, 8)?)?;
    log.serve(house.monitored(&log)?.text());
    house.close()?;

    // The newest state agrees with what the log serves.
    house.open(&[])?;
    house.wait_for(200, &log.step(8, 8)?)?;
    log.serve(house.monitored(&log)?.text());
    house.close()?;

    copy(&house.dir(), &house.beside("newest"))?;
    std::fs::remove_dir_all(house.dir())?;
    std::fs::rename(house.beside("backup"), house.dir())?;
    let said = house.run_verb(["run", "w", "--json"])?;
    assert_eq!(said.code, 1, "{said:?}");
    assert!(
        said.stderr.contains("older than our own signatures"),
        "{said:?}"
    );
    assert!(
        said.stderr.contains("Put the newest state back"),
        "{said:?}"
    );

    std::fs::remove_dir_all(house.dir())?;
    std::fs::rename(house.beside("newest"), house.dir())?;
    house.open(&[])?;
    house.wait_for(200, &log.step(8, 9)?)
}

fn waits() -> Result<(), Failed> {
    let log = SmallLog::new("log.example/a")?;
    let url = log.open()?;
    let mut house = WitnessHouse::found()?;
    house.enrol(&log, Some(&url))?;
    house.open(&["--first-run"])?;
    house.cosigned(&log.step(0, 5)?)?;
    let shown = house.monitored(&log)?;
    house.close()?;

    house.open(&[])?;
    let refused = house.post(&log.step(5, 6)?)?;
    assert_eq!(refused.status, 503, "{}", refused.text());
    assert!(refused.header("retry-after").is_some());
    assert_eq!(
        http::problem(&refused.json()).as_deref(),
        Some("unconfirmed")
    );
    std::thread::sleep(Duration::from_millis(300));
    let ready = house.admin("/readyz")?;
    assert_eq!(ready.status, 503);
    assert!(
        ready.text().contains("bears no cosignature of ours"),
        "{}",
        ready.text()
    );
    assert!(house.diary()?.contains("bears no cosignature of ours"));
    assert_eq!(house.monitored(&log)?.status, 200, "reads go on");
    log.serve(shown.text());
    house.wait_for(200, &log.step(5, 6)?)?;
    assert_eq!(house.admin("/readyz")?.status, 200);
    Ok(())
}
