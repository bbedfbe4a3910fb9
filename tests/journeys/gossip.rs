//! Witnesses that talk to each other: a log that shows two histories leaves a file that convicts it.

use crate::backup::copy;
use crate::small_log::SmallLog;
use crate::submitter::{Submitter, bytes, post as submit};
use crate::witness_house::{WitnessHouse, done};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use demo::http::{self, Answer};
use demo::person::Person;
use demo::process::ask;
use demo::town::{ORIGIN, Town};
use libtest_mimic::{Failed, Trial};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tlog::{Checkpoint, Hash, KeyKind, Note, Origin, PureRust, TwoHeads, Vkey, ed25519_line};

/// The trials.
pub fn trials() -> Vec<Trial> {
    vec![
        Trial::test(
            "a_log_that_shows_two_histories_is_convicted_by_a_file_and_cosigned_no_more",
            fork,
        ),
        Trial::test(
            "a_log_that_is_convicted_shows_the_proof_and_publishes_nothing_more",
            convicted,
        ),
        Trial::test(
            "a_witness_with_an_older_state_is_told_by_its_peer_while_the_log_is_down",
            older_state,
        ),
    ]
}

/// How long anything may take to become known: CI machines are slow.
const PATIENCE: Duration = Duration::from_mins(1);

fn hash(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

/// `--peer` for somebody who asks this witness every second.
fn as_peer(house: &WitnessHouse) -> [String; 4] {
    let peer = format!("{} {}", house.vkeys()[0], house.url());
    [
        "--peer".into(),
        peer,
        "--gossip-interval".into(),
        "1".into(),
    ]
}

fn open(house: &mut WitnessHouse, options: &[String]) -> Result<(), Failed> {
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    house.open(&options)
}

fn until(what: &str, holds: impl Fn() -> Result<bool, Failed>) -> Result<(), Failed> {
    let begun = Instant::now();
    while !holds()? {
        if begun.elapsed() > PATIENCE {
            return Err(format!("never: {what}").into());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

fn list(house: &WitnessHouse, log: &SmallLog) -> Result<Value, Failed> {
    Ok(house
        .get(&format!("/{}/misbehavior", hash(log.origin())))?
        .json())
}

fn has_proof(house: &WitnessHouse, log: &SmallLog) -> Result<bool, Failed> {
    let list = list(house, log)?;
    Ok(list["proofs"].as_array().is_some_and(|all| !all.is_empty()))
}

fn fork() -> Result<(), Failed> {
    let mut log = SmallLog::new("log.example/a")?;
    let mut first = WitnessHouse::opened(&[&log])?;
    let mut second = WitnessHouse::found()?;
    second.enrol(&log, None)?;
    let hook = hook(&second)?;
    let mut options = as_peer(&first).to_vec();
    options.extend([
        "--first-run".into(),
        "--hook".into(),
        hook.display().to_string(),
    ]);
    open(&mut second, &options)?;
    first.cosigned(&log.step(0, 5)?)?;
    log.set_leaf(3, Hash::of_leaf(b"another"));
    second.cosigned(&log.step(0, 5)?)?;
    until("the second finds it", || has_proof(&second, &log))?;
    // The first, to whom it was sent, knows no peer: it checked for itself.
    until("the first is told", || has_proof(&first, &log))?;
    for house in [&first, &second] {
        let list = list(house, &log)?;
        assert_eq!(list["stopped"], true, "{list}");
        assert_eq!(list["proofs"][0]["against"], "log");
        let logs = house.get("/v1/logs")?.json();
        assert_eq!(logs["logs"][0]["verdicts"][0], "proven", "{logs}");
    }
    let refused = second.post(&log.step(5, 6)?)?;
    let problem = http::problem(&refused.json());
    assert_eq!(
        (refused.status, problem.as_deref()),
        (403, Some("log-convicted"))
    );
    let metrics = second.admin("/metrics")?.text();
    let counted = "notarylog_witness_misbehavior_total{against=\"log\",kind=\"same-size\"} 1\n";
    assert!(metrics.contains(counted), "{metrics}");
    until("the hook is told", || Ok(second.beside("told").exists()))?;

    let path = list(&second, &log)?["proofs"][0]["path"].clone();
    let proof = second.get(path.as_str().ok_or("no path")?)?;
    let key = hash(&first.vkeys()[0].to_string());
    let seen = second.get(&format!("/v1/seen/{key}/{}", hash(log.origin())))?;
    assert_eq!(seen.status, 200, "{}", seen.text());
    // A citizen who was shown the other head shows it to the first.
    let shown = first.beside("checkpoint");
    std::fs::write(&shown, second.monitored(&log)?.body)?;
    let shown = shown.display().to_string();
    let observe = ["observe", &shown, first.url(), "--json", "--lang", "en"];
    let said = ask(Person::Notary, observe, &std::env::temp_dir())?;
    assert!(
        said.code == 6 && said.stdout.contains("CONTRADICTION"),
        "{said:?}"
    );
    assert!(first.beside("checkpoint.misbehavior").exists());
    first.close()?;
    second.close()?;
    convicts(&second, &log, &proof)?;

    let said = done(second.run_verb(["status", "w"])?)?;
    assert!(
        said.stdout.contains("PROVEN") && said.stdout.contains("no more"),
        "{said:?}"
    );
    let resume = [
        "log",
        "resume",
        "w",
        log.origin(),
        "--reason",
        "decision 2026-17",
    ];
    let first_list = first.run_verb(resume)?;
    done(first_list)?;
    log.set_leaf(3, Hash::of_leaf(&3_u64.to_be_bytes()));
    first.open(&["--first-run"])?;
    first.cosigned(&log.step(5, 6)?)?;
    let list = list(&first, &log)?;
    assert_eq!(list["stopped"], false);
    assert_eq!(list["resumptions"][0]["reason"], "decision 2026-17");
    Ok(())
}

/// A program that leaves a copy of what it is told beside the witness's folder.
fn hook(house: &WitnessHouse) -> Result<PathBuf, Failed> {
    let (path, told) = (house.beside("hook"), house.beside("told"));
    std::fs::write(
        &path,
        format!("#!/bin/sh\ncp \"$1\" '{}'\n", told.display()),
    )?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))?;
    Ok(path)
}

/// With everything stopped, the file on disk, the one that was served and the one that the hook had are one, and convict.
fn convicts(house: &WitnessHouse, log: &SmallLog, served: &Answer) -> Result<(), Failed> {
    let folder = house.dir().join("misbehavior").join(hash(log.origin()));
    let files: Vec<PathBuf> = std::fs::read_dir(&folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    assert_eq!(std::fs::read(house.beside("told"))?, served.body);
    let file = files
        .iter()
        .find(|file| std::fs::read(file).is_ok_and(|bytes| bytes == served.body))
        .ok_or("what was served is not on disk")?;
    let proof = tlog::MisbehaviorProof::parse(&served.body)?;
    let accused = proof.accused();
    assert!(log.vkeys().contains(accused), "{accused}");
    let said = verify(file, &accused.to_string())?;
    assert!(said.contains("\"exit\":6"), "{said}");
    Ok(())
}

fn verify(file: &Path, accused: &str) -> Result<String, Failed> {
    let file = file.display().to_string();
    let args = ["verify", &file, "--accused", accused, "--json"];
    Ok(ask(Person::Notary, args, &std::env::temp_dir())?.stdout)
}

fn convicted() -> Result<(), Failed> {
    let mut town = Town::found(None)?;
    town.open_log()?;
    let bureau = Submitter::of(&town.enrol("bureau", "Bureau")?)?;
    let entry = bureau.entry(bytes("tag", 1), bytes("commitment", 1));
    assert_eq!(submit(town.url(), &entry)?.status, 200);
    let send = |body: &[u8]| http::post(town.url(), "/v1/misbehavior", "text/plain", body);
    let told = |answer: Answer| (answer.status, http::problem(&answer.json()));
    assert_eq!(
        told(send(b"no proof")?),
        (400, Some("malformed-proof".into()))
    );
    let head = town.get("/checkpoint")?;
    let proof = forge(&town.log_folder(), &head.body)?;
    // Against another key: what somebody else signed is no concern of this log's.
    let stranger = SmallLog::new(ORIGIN)?;
    let other = stranger.text(5)?.replace("\n5\n", "\n6\n");
    let notes = [stranger.text(6)?, other].map(|text| {
        let lines = stranger.sign(&text)?;
        Ok::<_, Failed>(Note::new(text, lines)?)
    });
    let [a, b] = notes;
    let heads = TwoHeads::of(&stranger.vkeys()[0], [&a?, &b?], &PureRust)?;
    let against_other = heads.alone().ok_or("no fork")?.to_string();
    assert_eq!(
        told(send(against_other.as_bytes())?),
        (422, Some("not-proven".into()))
    );
    assert_eq!(town.get("/v1/log")?.json()["state"], "serving");

    let answer = send(proof.as_bytes())?;
    assert_eq!(
        (answer.status, &answer.json()["state"]),
        (200, &"frozen".into())
    );
    let info = town.get("/v1/log")?.json();
    assert_eq!(info["misbehavior"], proof.as_str());
    assert_eq!(info["contradiction"].as_array().map(Vec::len), Some(2));
    let more = bureau.entry(bytes("tag", 2), bytes("commitment", 2));
    assert_eq!(submit(town.url(), &more)?.status, 503);
    assert_eq!(town.get("/checkpoint")?.body, head.body, "reads go on");
    assert_eq!(
        town.get("/v1/proofs/inclusion?index=2")?.status,
        200,
        "so do proofs"
    );
    Ok(())
}

/// A proof against a log, by whoever has its key: another head of the size that it shows.
fn forge(log: &Path, head: &[u8]) -> Result<String, Failed> {
    let note = Note::parse(head)?;
    let checkpoint = Checkpoint::parse(note.text())?;
    let pem = std::fs::read_to_string(log.join("keys/ed25519.pem"))?;
    let base64: String = pem
        .lines()
        .skip_while(|line| !line.starts_with("-----BEGIN"))
        .skip(1)
        .take_while(|line| !line.starts_with("-----END"))
        .collect();
    let key = Ed25519KeyPair::from_pkcs8(&STANDARD.decode(base64)?)?;
    let origin = Origin::new(checkpoint.origin())?;
    let vkey = Vkey::new(
        origin.key_name(),
        KeyKind::Ed25519,
        key.public_key().as_ref(),
    )?;
    let text = Checkpoint::new(&origin, checkpoint.size(), Hash::of(b"another")).text();
    let signature = key.sign(text.as_bytes());
    let line = ed25519_line(&vkey, signature.as_ref().try_into()?);
    let forged = Note::new(text, vec![line])?;
    let heads = TwoHeads::of(&vkey, [&note, &forged], &PureRust)?;
    Ok(heads.alone().ok_or("no fork")?.to_string())
}

fn older_state() -> Result<(), Failed> {
    let log = SmallLog::new("log.example/a")?;
    let (mut house, mut peer) = (WitnessHouse::found()?, WitnessHouse::found()?);
    // The log has no address: the peer alone can tell.
    house.enrol(&log, None)?;
    peer.enrol(&log, None)?;
    let (at_house, at_peer) = (free()?, free()?);
    let of_house = at(&at_house, &peer, &at_peer);
    let mut first_run = of_house.to_vec();
    first_run.push("--first-run".into());
    open(&mut house, &first_run)?;
    let mut of_peer = at(&at_peer, &house, &at_house).to_vec();
    of_peer.push("--first-run".into());
    open(&mut peer, &of_peer)?;
    let (key, origin) = (hash(&house.vkeys()[0].to_string()), hash(log.origin()));
    let saw = |size: u64| {
        let line = format!("\n{size}\n");
        until("the peer sees it", || {
            let seen = peer.get(&format!("/v1/seen/{key}/{origin}"))?;
            Ok(seen.text().contains(&line))
        })
    };
    house.cosigned(&log.step(0, 5)?)?;
    saw(5)?;
    house.close()?;
    copy(&house.dir(), &house.beside("backup"))?;
    // What the peer saw agrees, so no word of the operator is needed.
    open(&mut house, &of_house)?;
    house.wait_for(200, &log.step(5, 6)?)?;
    saw(6)?;
    house.close()?;
    std::fs::remove_dir_all(house.dir())?;
    std::fs::rename(house.beside("backup"), house.dir())?;
    let mut run = vec!["run".to_owned(), "w".to_owned(), "--json".to_owned()];
    run.extend(of_house);
    let said = house.run_verb(&run)?;
    assert_eq!(said.code, 1, "{said:?}");
    assert!(
        said.stderr.contains("older than our own signatures"),
        "{said:?}"
    );
    Ok(())
}

/// An address at which nobody listens yet.
fn free() -> Result<String, Failed> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}

/// The options of a witness here, whose peer is there.
fn at(here: &str, peer: &WitnessHouse, there: &str) -> [String; 6] {
    let peer = format!("{} http://{there}", peer.vkeys()[0]);
    let [listen, name, every] = ["--listen", "--peer", "--gossip-interval"].map(str::to_owned);
    [listen, here.to_owned(), name, peer, every, "1".into()]
}
