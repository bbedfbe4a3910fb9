//! The drill of a fork: a log shows two histories to five honest witnesses, and what comes of it is measured and checked.
//!
//! ```text
//! DIR/witness-NAME/                                        a witness's folder
//! DIR/witness-NAME/misbehavior/HASH/SHA256.misbehavior     the proof that it found or was sent
//! ```

use crate::evil_log::{EVIL_ORIGIN, EvilLog};
use crate::http;
use crate::person::Person;
use crate::process::{Process, Said, ask};
use crate::story::Failure;
use crate::town::{PATIENCE, TownError, first_line};
use crate::voice::{Line, Voice};
use crate::witness_row::{OPERATORS, texts};
use serde_json::{Value, json};
use std::io;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often witnesses ask each other in the drill, in seconds.
const INTERVAL_S: u64 = 1;

/// How many of the witnesses are shown the first history; the others are shown the second.
const SHOWN_THE_FIRST: usize = 3;

/// The sizes of the two heads: unequal, so that the log's own tiles must convict it.
const SIZES: [u64; 2] = [270, 290];

/// How often it is looked whether a witness has a proof.
const GLANCE: Duration = Duration::from_millis(20);

/// A witness of the drill.
struct Watcher {
    name: &'static str,
    address: String,
    vkey: String,
    process: Option<Process>,
    /// After how long it had the proof, and under which name.
    found: Option<(Duration, String)>,
}

/// Runs the drill in a folder that is empty or not there yet. `stays` says whether the folder outlives the drill.
pub fn fork(folder: &Path, stays: bool, mut voice: Voice) -> Result<(), Failure> {
    std::fs::create_dir_all(folder).map_err(|error| at(folder, error))?;
    voice.open(
        "A log that shows two histories",
        "Five witnesses cosign what an evil log shows them, ask each other, and keep what convicts it.",
    );
    let evil = Arc::new(EvilLog::new().map_err(TownError::Http)?);
    // Its public side has the tiles of the second history alone.
    let url = evil.open(1).map_err(TownError::Http)?;
    let mut watchers = found(folder, &evil, &url)?;

    voice.begin("The log shows two histories");
    for (place, watcher) in watchers.iter().enumerate() {
        let history = usize::from(place >= SHOWN_THE_FIRST);
        let status = watcher.shown(&evil, history, 0, SIZES[history])?;
        check(status == 200, || {
            format!("{} answered {status}", watcher.name)
        })?;
    }
    let begun = Instant::now();
    wait_for_proofs(&mut watchers, begun)?;
    let hash = notarylog_witness::known_log::origin_hash(EVIL_ORIGIN);
    let (first, seconds) = first_of(&watchers)?;
    let last_s = watchers
        .iter()
        .filter_map(Watcher::seconds)
        .fold(0.0, f64::max);
    let names = |of: &[Watcher]| -> Vec<&str> { of.iter().map(|one| one.name).collect() };
    let (shown_first, shown_second) = watchers.split_at(SHOWN_THE_FIRST);
    voice.done(
        "shown",
        json!({"first": names(shown_first), "second": names(shown_second), "sizes": SIZES, "interval_s": INTERVAL_S}),
        &[Line::Refused(format!(
            "{} saw {} entries, {} saw {} others",
            names(shown_first).join(", "),
            SIZES[0],
            names(shown_second).join(", "),
            SIZES[1]
        ))],
    );

    voice.begin("The witnesses find it");
    let stopped = refusals(&watchers, &evil)?;
    let (finder, sha256) = (&watchers[first], watchers[first].sha256());
    let proof = folder
        .join(finder.folder())
        .join("misbehavior")
        .join(&hash)
        .join(format!("{sha256}.misbehavior"));
    voice.done(
        "found",
        json!({
            "by": finder.name, "seconds": seconds, "all_seconds": last_s, "proof": proof,
            "within_two_rounds": seconds <= 2.0 * f64::from(u32::try_from(INTERVAL_S).unwrap_or(1)),
            "stopped": stopped,
        }),
        &[
            Line::Passed(format!(
                "{} had a proof after {seconds:.2} s, all five after {last_s:.2} s",
                finder.name
            )),
            Line::Passed("none of them cosigns this log any more".to_owned()),
            Line::Plain(proof.display().to_string()),
        ],
    );

    voice.begin("Everything is switched off, and a stranger looks at the file");
    for watcher in &mut watchers {
        if let Some(process) = watcher.process.take() {
            process.stop(PATIENCE).map_err(TownError::Process)?;
        }
    }
    let judged = judge(&proof, &evil, folder)?;
    let (kind, finding) = (
        &judged["misbehavior"]["kind"],
        &judged["misbehavior"]["finding"],
    );
    voice.done(
        "verified",
        json!({"exit": judged["exit"], "kind": kind, "finding": finding}),
        &[Line::Passed(
            finding.as_str().unwrap_or_default().to_owned(),
        )],
    );
    let mut last = "The file alone convicts the log: whoever has its public key can check it, offline, for ever.".to_owned();
    if !stays {
        last.push_str(" With --dir DIR it stays when the drill is over.");
    }
    voice.close("done", json!({"steps": 3}), &[Line::Text(last)]);
    Ok(())
}

/// Makes five witnesses that know the log and each other, and opens them.
fn found(folder: &Path, evil: &EvilLog, url: &str) -> Result<Vec<Watcher>, Failure> {
    let mut watchers = Vec::new();
    for name in OPERATORS {
        let mut watcher = Watcher {
            name,
            address: free().map_err(TownError::Http)?,
            vkey: String::new(),
            process: None,
            found: None,
        };
        let (dir, own) = (watcher.folder(), format!("witness.town.example/{name}"));
        let said = witness(folder, &["init", &dir, "--name", &own, "--json"])?;
        let made: Value = serde_json::from_str(&said.stdout).unwrap_or_default();
        watcher.vkey = texts(&made["vkeys"]).into_iter().next().unwrap_or_default();
        let vkey = evil.vkey().to_string();
        let add = ["log", "add", &dir, "--origin", EVIL_ORIGIN];
        witness(
            folder,
            &[&add[..], &["--vkey", &vkey, "--url", url]].concat(),
        )?;
        watchers.push(watcher);
    }
    let peers: Vec<String> = watchers
        .iter()
        .map(|one| format!("{} http://{}", one.vkey, one.address))
        .collect();
    for (place, watcher) in watchers.iter_mut().enumerate() {
        let (dir, every) = (watcher.folder(), INTERVAL_S.to_string());
        let mut args = vec!["run", &dir, "--json", "--first-run"];
        args.extend([
            "--listen",
            &watcher.address,
            "--admin-listen",
            "127.0.0.1:0",
        ]);
        args.extend(["--gossip-interval", &every]);
        let others = peers
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != place);
        args.extend(others.flat_map(|(_, peer)| ["--peer", peer.as_str()]));
        let diary = folder.join(format!("{dir}.stderr"));
        let process = Process::start_in(Person::Witness, args, folder, &diary);
        let mut process = process.map_err(TownError::Process)?;
        first_line(&process.line(PATIENCE).map_err(TownError::Process)?)?;
        watcher.process = Some(process);
    }
    Ok(watchers)
}

impl Watcher {
    fn folder(&self) -> String {
        format!("witness-{}", self.name)
    }

    fn seconds(&self) -> Option<f64> {
        self.found.as_ref().map(|(after, _)| after.as_secs_f64())
    }

    fn sha256(&self) -> String {
        let found = self.found.as_ref();
        found.map_or_else(String::new, |(_, sha256)| sha256.clone())
    }

    /// Shows it a head of one history; the status of its answer.
    fn shown(&self, evil: &EvilLog, history: usize, from: u64, to: u64) -> Result<u16, Failure> {
        let request = evil.step(history, from, to).map_err(TownError::Http)?;
        let url = format!("http://{}", self.address);
        let answer = http::post(&url, "/add-checkpoint", "text/plain", request.as_bytes());
        Ok(answer.map_err(TownError::Http)?.status)
    }

    /// The name of the proof that it shows, if it has one.
    fn proof(&self, hash: &str) -> Result<Option<String>, Failure> {
        let url = format!("http://{}", self.address);
        let list = http::get(&url, &format!("/{hash}/misbehavior")).map_err(TownError::Http)?;
        let list = list.json();
        Ok(list["proofs"][0]["sha256"].as_str().map(str::to_owned))
    }
}

/// Waits until each of them has a proof.
fn wait_for_proofs(watchers: &mut [Watcher], begun: Instant) -> Result<(), Failure> {
    let hash = notarylog_witness::known_log::origin_hash(EVIL_ORIGIN);
    while watchers.iter().any(|watcher| watcher.found.is_none()) {
        for watcher in watchers.iter_mut().filter(|one| one.found.is_none()) {
            if let Some(sha256) = watcher.proof(&hash)? {
                watcher.found = Some((begun.elapsed(), sha256));
            }
        }
        check(begun.elapsed() < PATIENCE, || {
            "not every witness has a proof".to_owned()
        })?;
        std::thread::sleep(GLANCE);
    }
    Ok(())
}

/// Which of them had it first, and after how many seconds.
fn first_of(watchers: &[Watcher]) -> Result<(usize, f64), Failure> {
    let found = watchers
        .iter()
        .enumerate()
        .filter_map(|(place, one)| Some((place, one.seconds()?)));
    found
        .min_by(|(_, a), (_, b)| a.total_cmp(b))
        .ok_or_else(|| Failure::Check("nobody found it".to_owned()))
}

/// None cosigns the next honest step of the history that it knows.
fn refusals(watchers: &[Watcher], evil: &EvilLog) -> Result<Vec<&'static str>, Failure> {
    for (place, watcher) in watchers.iter().enumerate() {
        let history = usize::from(place >= SHOWN_THE_FIRST);
        let from = SIZES[history];
        let status = watcher.shown(evil, history, from, from + 1)?;
        check(status == 403, || {
            format!("{} still answers {status}", watcher.name)
        })?;
    }
    Ok(watchers.iter().map(|watcher| watcher.name).collect())
}

/// What `notary verify` says of the file, with nothing running.
fn judge(proof: &Path, evil: &EvilLog, folder: &Path) -> Result<Value, Failure> {
    let (file, accused) = (proof.display().to_string(), evil.vkey().to_string());
    let args = [
        "verify",
        &file,
        "--accused",
        &accused,
        "--json",
        "--lang",
        "en",
    ];
    let said = ask(Person::Notary, args, folder).map_err(TownError::Process)?;
    check(said.code == 6, || {
        format!("notary verify ended with {}", said.code)
    })?;
    let json: Value = serde_json::from_str(&said.stdout).unwrap_or_default();
    Ok(json["verdicts"][0].clone())
}

fn witness(folder: &Path, args: &[&str]) -> Result<Said, Failure> {
    let said = ask(Person::Witness, args, folder).map_err(TownError::Process)?;
    if said.code == 0 {
        return Ok(said);
    }
    let args = args.iter().map(Into::into).collect();
    Err(TownError::Refused(Person::Witness, args, said).into())
}

/// An address at which nobody listens yet: each must know where the others will be.
fn free() -> io::Result<String> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}

fn check(holds: bool, why: impl FnOnce() -> String) -> Result<(), Failure> {
    if holds {
        Ok(())
    } else {
        Err(Failure::Check(why()))
    }
}

fn at(path: &Path, error: io::Error) -> TownError {
    TownError::File(PathBuf::from(path), error)
}
