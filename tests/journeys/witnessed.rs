//! A log with five witnesses: nothing leaves the house before a quorum has cosigned it, whatever fails or goes back.

use crate::backup::copy;
use crate::eavesdropper;
use crate::reader::number;
use crate::submitter::{Submitter, bytes, post};
use crate::witness_house::done;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use demo::http::{self, Answer};
use demo::person::Person;
use demo::process::{Process, ask};
use demo::town::{ORIGIN, Town};
use libtest_mimic::{Failed, Trial};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tlog::{Checkpoint, Hash, Note, Policy, PureRust, Receipt};

/// The trials.
pub fn trials() -> Vec<Trial> {
    vec![
        Trial::test(
            "before_the_quorum_no_byte_that_leaves_the_log_holds_its_signature",
            nothing_leaves,
        ),
        Trial::test(
            "a_log_whose_database_or_tiles_were_restored_goes_on_by_itself",
            database_restored,
        ),
        Trial::test(
            "a_log_that_was_restored_with_its_journal_only_reads",
            all_restored,
        ),
        Trial::test(
            "a_witness_that_was_out_while_the_log_moved_on_returns_by_itself",
            moved_on,
        ),
        Trial::test(
            "a_witness_that_was_out_while_the_log_moved_on_and_restarted_returns_by_itself",
            moved_on_and_restarted,
        ),
        Trial::test(
            "of_two_copies_of_a_log_one_freezes_and_shows_two_notes",
            cloned,
        ),
    ]
}

pub(super) const PATIENCE: Duration = Duration::from_mins(1);

/// A town whose log serves, and a bureau.
pub(super) fn town() -> Result<(Town, Submitter), Failed> {
    let mut town = Town::found_with_witnesses(None)?;
    town.open_log()?;
    town.log_serves()?;
    let bureau = Submitter::of(&town.enrol("bureau", "Bureau")?)?;
    Ok((town, bureau))
}

pub(super) fn entry(bureau: &Submitter, name: u64) -> Vec<u8> {
    bureau.entry(bytes("tag", name), bytes("commitment", name))
}

/// Submits an entry; answers its index and the size of the head under which its proof stands.
pub(super) fn witnessed(url: &str, entry: &[u8]) -> Result<(u64, u64), Failed> {
    let begun = Instant::now();
    loop {
        let answer = post(url, entry)?;
        if answer.status == 200 {
            let said = answer.json();
            assert_eq!(
                (&said["state"], &said["unwitnessed"]),
                (&"witnessed".into(), &false.into())
            );
            return Ok((
                number(&said["results"][0], "index")?,
                number(&said, "size")?,
            ));
        }
        assert!(matches!(answer.status, 202 | 503), "{}", answer.text());
        assert!(begun.elapsed() < PATIENCE, "{}", answer.text());
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn policy(town: &Town) -> Result<Policy, Failed> {
    Ok(Policy::parse(&fs::read(
        town.log_folder().join("policy.txt"),
    )?)?)
}

fn nothing_leaves() -> Result<(), Failed> {
    let (mut town, bureau) = town()?;
    let policy = policy(&town)?;
    let (_, before) = witnessed(town.url(), &entry(&bureau, 0))?;
    for name in ["notary", "bar"] {
        town.witness(name).ok_or("no such witness")?.kill();
    }
    let url = town
        .witness("bar")
        .ok_or("no such witness")?
        .url()
        .to_owned();
    let heard = eavesdropper::in_place_of(&url)?;

    let mut answers: Vec<Answer> = Vec::new();
    let logged = http::post(
        town.url(),
        "/v1/entries?wait=logged",
        "application/octet-stream",
        &entry(&bureau, 1),
    )?;
    assert_eq!(logged.status, 202, "{}", logged.text());
    let said = logged.json();
    assert_eq!(
        (&said["state"], &said["unwitnessed"]),
        (&"logged".into(), &true.into())
    );
    assert_eq!(said.get("checkpoint"), None);
    let (index, size) = (
        number(&said["results"][0], "index")?,
        number(&said, "size")?,
    );
    assert!(size > before);
    answers.push(logged);
    // The log has signed this head by now: a witness was asked to cosign it.
    let note = heard.note_over(size)?;

    let waited = post(town.url(), &entry(&bureau, 1))?;
    assert_eq!(
        waited.status, 202,
        "past its bound the answer comes without a quorum"
    );
    let told = waited.json();
    let awaits = told["awaits"].as_str().unwrap_or_default();
    let names = ["notary", "bar"];
    assert!(names.iter().all(|name| awaits.contains(name)), "{awaits}");
    answers.push(waited);
    let receipt = said["results"][0]["receipt"]
        .as_str()
        .ok_or("no receipt")?
        .to_owned();
    for path in [
        "/checkpoint",
        "/ct/v1/get-sth",
        "/v1/log",
        "/v1/keys",
        "/v1/notices",
        &receipt,
        &format!("{receipt}&newest=1"),
        &format!("/v1/receipts/{index}"),
        &format!("/v1/receipts/{index}?newest=1"),
        &format!("/v1/proofs/inclusion?index={index}&size={size}"),
        &format!("/v1/proofs/consistency?old={before}&new={size}"),
        &format!("/ct/v1/get-entries?start=0&end={index}"),
        &format!("/ct/v1/get-entry-and-proof?leaf_index={index}&tree_size={size}"),
        &format!("/tile/0/000.p/{size}"),
        &format!("/tile/entries/000.p/{size}"),
        "/openapi.json",
        "/nothing",
    ] {
        answers.push(town.get(path)?);
    }
    answers.push(http::get(town.admin_url(), "/metrics")?);
    answers.push(http::get(town.admin_url(), "/readyz")?);
    for answer in &answers {
        holds_no_signature(&note, &answer.body, "an answer");
        for (name, value) in &answer.headers {
            holds_no_signature(&note, value.as_bytes(), name);
        }
    }
    for folder in [town.log_folder(), town.folder().join("anchor")] {
        in_no_file(&note, &folder)?;
    }
    holds_no_signature(&note, &fs::read(town.diary())?, "the diary");
    let shown = Note::parse(&town.get("/checkpoint")?.body)?;
    policy.judge(&shown, &PureRust)?;

    // One returns: the same entry is witnessed, where it stood.
    town.witness("notary").ok_or("no such witness")?.open(&[])?;
    let (again, _) = witnessed(town.url(), &entry(&bureau, 1))?;
    assert_eq!(again, index);
    let proof = town.get(&format!("{receipt}&newest=1"))?;
    let proof = Receipt::parse(&proof.body)?;
    let leaf = Hash::of_leaf(&entry(&bureau, 1));
    proof.verify(&policy, &leaf, &PureRust)?;
    assert_eq!(proof.index().get(), index);
    Ok(())
}

/// Neither the raw signatures of the note nor its lines stand in these bytes.
fn holds_no_signature(note: &Note, bytes: &[u8], place: &str) {
    for line in note.lines() {
        // Behind the four bytes of the key id and the eight of the time, which are no secret.
        let raw = line.body();
        let raw = raw.get(8..).unwrap_or(raw);
        for needle in [raw.to_vec(), STANDARD.encode(raw).into_bytes()] {
            let needle = &needle[..needle.len().min(40)];
            let found = bytes.windows(needle.len()).any(|window| window == needle);
            assert!(
                !found,
                "{place} holds a log signature that no quorum has cosigned"
            );
        }
        let line = line.to_string();
        let text = line.rsplit(' ').next().unwrap_or_default().trim();
        let found = bytes
            .windows(40)
            .any(|window| window == &text.as_bytes()[20..60]);
        assert!(
            !found,
            "{place} holds a line of the log that no quorum has cosigned"
        );
    }
}

fn in_no_file(note: &Note, folder: &Path) -> Result<(), Failed> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            in_no_file(note, &path)?;
        } else {
            holds_no_signature(note, &fs::read(&path)?, &path.display().to_string());
        }
    }
    Ok(())
}

fn database_restored() -> Result<(), Failed> {
    let (mut town, bureau) = town()?;
    let many = |names: std::ops::Range<u64>| {
        names
            .flat_map(|name| entry(&bureau, name))
            .collect::<Vec<u8>>()
    };
    witnessed(town.url(), &many(0..300))?;
    town.close_log()?;
    let kept = copy_of(
        &town,
        &[DATABASE[0], DATABASE[1], DATABASE[2], "tiles"],
        "kept",
    )?;
    town.open_log()?;
    let (first, _) = witnessed(town.url(), &many(300..600))?;
    stored(&town, 512)?;
    town.close_log()?;
    let newest = copy_of(&town, &DATABASE, "newest")?;
    // The database and the tiles, then the tiles alone: the journal has the entries, and so have the rows.
    for restored in [&kept[..], &kept[3..]] {
        put_back(&town, &newest)?;
        put_back(&town, restored)?;
        town.open_log()?;
        town.log_serves()?;
        assert_eq!(witnessed(town.url(), &entry(&bureau, 300))?.0, first);
        stored(&town, 512)?;
        town.close_log()?;
        town.notarylog(["check", "log"])?.done()?;
    }
    town.open_log()?;
    let (next, _) = witnessed(town.url(), &entry(&bureau, 600))?;
    // Each of the three stops that lasted logged a notice of the log's own.
    assert_eq!(next, first + 303);
    Ok(())
}

/// Waits until so many entries lie in tiles.
pub fn stored(town: &Town, entries: u64) -> Result<(), Failed> {
    until(|| {
        let metrics = http::get(town.admin_url(), "/metrics")?.text();
        let stored = metrics
            .lines()
            .find_map(|line| line.strip_prefix("notarylog_stored_size "));
        Ok(stored
            .and_then(|size| size.parse().ok())
            .is_some_and(|size: u64| size >= entries))
    })
}

fn all_restored() -> Result<(), Failed> {
    let (mut town, bureau) = town()?;
    witnessed(town.url(), &entry(&bureau, 0))?;
    town.close_log()?;
    let kept = copy_of(
        &town,
        &[DATABASE[0], DATABASE[1], DATABASE[2], "tiles", "../anchor"],
        "kept",
    )?;
    town.open_log()?;
    let (_, size) = witnessed(town.url(), &entry(&bureau, 1))?;
    town.close_log()?;
    put_back(&town, &kept)?;
    // One witness may be silent: the others saw enough.
    town.witness("court").ok_or("no such witness")?.kill();
    town.open_log()?;
    let why = read_only(town.url(), "read-only")?["why"].to_string();
    assert!(
        why.contains("went back") && why.contains("restore"),
        "{why}"
    );
    let refused = post(town.url(), &entry(&bureau, 2))?;
    assert_eq!(refused.status, 503, "{}", refused.text());
    assert!(
        shown_size(town.url())? < size,
        "what it lost it cannot show"
    );
    let tile = town.get("/tile/entries/000.p/2")?;
    assert_eq!(tile.status, 200, "reads go on");
    Ok(())
}

fn moved_on() -> Result<(), Failed> {
    let (mut town, bureau) = town()?;
    witnessed(town.url(), &entry(&bureau, 0))?;
    let out = "university";
    cosigned_by(&town, out, 3)?;
    town.witness(out).ok_or("no such witness")?.kill();
    for name in 1..4 {
        witnessed(town.url(), &entry(&bureau, name))?;
    }
    // The head that is served bears no line of the witness any more; the log remembers the last one.
    let name = format!("witness.town.example/{out}");
    assert!(!town.get("/checkpoint")?.text().contains(&name));
    town.witness(out).ok_or("no such witness")?.open(&[])?;
    let (_, size) = witnessed(town.url(), &entry(&bureau, 4))?;
    cosigned_by(&town, out, size)?;
    bears_its_own_lines_alone(&town, out)?;
    let hash = |text: &str| hex::encode(Sha256::digest(text.as_bytes()));
    let stranger = format!("/v1/seen/{}/{}", hash("stranger"), hash(ORIGIN));
    assert_eq!(town.get(&stranger)?.status, 404);
    Ok(())
}

/// What the log keeps for a witness bears the lines of that witness and none of the log's; answers its size.
fn bears_its_own_lines_alone(town: &Town, name: &str) -> Result<u64, Failed> {
    let policy = fs::read_to_string(town.log_folder().join("policy.txt"))?;
    let line = policy
        .lines()
        .find(|line| line.starts_with(&format!("witness {name}.ed ")));
    let vkey = line
        .and_then(|line| line.split(' ').nth(2))
        .ok_or("no such witness")?;
    let hash = |text: &str| hex::encode(Sha256::digest(text.as_bytes()));
    let path = format!("/v1/seen/{}/{}", hash(vkey), hash(ORIGIN));
    let seen = Note::parse(&town.get(&path)?.body)?;
    assert_eq!(seen.lines().len(), 2);
    let name = format!("witness.town.example/{name}");
    assert!(seen.lines().iter().all(|line| line.name().as_str() == name));
    Ok(Checkpoint::parse(seen.text())?.size().get())
}

fn moved_on_and_restarted() -> Result<(), Failed> {
    let (mut town, bureau) = town()?;
    let (_, before) = witnessed(town.url(), &entry(&bureau, 0))?;
    let out = "university";
    cosigned_by(&town, out, before)?;
    town.witness(out).ok_or("no such witness")?.kill();
    let (_, moved_on) = witnessed(town.url(), &entry(&bureau, 1))?;
    town.close_log()?;
    town.open_log()?;
    // Also a log that was killed has it by now: it was stored at the last stop.
    town.kill_log();
    town.open_log()?;
    town.log_serves()?;
    let name = format!("witness.town.example/{out}");
    assert!(!town.get("/checkpoint")?.text().contains(&name));
    let seen = bears_its_own_lines_alone(&town, out)?;
    assert!((before..moved_on).contains(&seen), "{before} {seen}");
    // The witness needs no word of its operator.
    town.witness(out).ok_or("no such witness")?.open(&[])?;
    let (_, size) = witnessed(town.url(), &entry(&bureau, 2))?;
    cosigned_by(&town, out, size)
}

/// Waits until a witness has cosigned a head of at least this size.
fn cosigned_by(town: &Town, name: &str, size: u64) -> Result<(), Failed> {
    until(|| {
        let witnesses = town.get("/v1/log")?.json()["witnesses"].clone();
        let reached = |witness: &Value| {
            witness["name"] == name && witness["size"].as_u64().is_some_and(|has| has >= size)
        };
        Ok(witnesses
            .as_array()
            .is_some_and(|all| all.iter().any(reached)))
    })
}

fn cloned() -> Result<(), Failed> {
    let (mut town, bureau) = town()?;
    witnessed(town.url(), &entry(&bureau, 0))?;
    town.close_log()?;
    let clone = town.folder().join("clone");
    copy(&town.log_folder(), &clone)?;
    copy(&town.folder().join("anchor"), &clone.join("anchor"))?;
    town.open_log()?;
    town.log_serves()?;
    let args = ["serve", "clone", "--json", "--anchor", "clone/anchor"];
    let diary = town.folder().join("clone.stderr");
    let mut process = Process::start_in(Person::Log, args, town.folder(), &diary)?;
    let first: Value = serde_json::from_str(&process.line(PATIENCE)?)?;
    let url = first["url"].as_str().ok_or("no address")?.to_owned();
    // Both know the same head, and every witness has cosigned it for either of them.
    until(|| {
        let witnesses = http::get(&url, "/v1/log")?.json()["witnesses"].clone();
        let heard = |witness: &Value| !witness["size"].is_null();
        Ok(witnesses
            .as_array()
            .is_some_and(|all| all.iter().all(heard)))
    })?;

    let (_, size) = witnessed(town.url(), &entry(&bureau, 1))?;
    let claim = http::post(
        &url,
        "/v1/entries?wait=logged",
        "application/octet-stream",
        &entry(&bureau, 2),
    )?;
    assert_eq!(claim.status, 202, "a claim, no receipt: {}", claim.text());
    let frozen = read_only(&url, "frozen")?;
    let notes: Vec<Note> = frozen["contradiction"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|note| Note::parse(note.as_str()?.as_bytes()).ok())
        .collect();
    assert_eq!(notes.len(), 2, "{frozen}");
    assert_ne!(notes[0].text(), notes[1].text());
    assert!(
        shown_size(&url)? < size,
        "the copy shows no head of its own"
    );
    assert_eq!(post(&url, &entry(&bureau, 3))?.status, 503);
    // Two heads under one key convict the key, whoever of the two meant no harm: no witness cosigns either of them.
    drop(process);
    let claim = post(town.url(), &entry(&bureau, 4))?;
    assert_ne!(claim.status, 200, "{}", claim.text());
    town.close_log()?;
    // Those who answer for the witnesses look at the proof, and decide: the copy is off, and the other goes on.
    for witness in town.witnesses() {
        let folder = witness.folder();
        let decide = [
            "log",
            "resume",
            &folder,
            ORIGIN,
            "--reason",
            "a copy ran by mistake",
        ];
        done(ask(Person::Witness, decide, town.folder())?)?;
    }
    town.open_log()?;
    witnessed(town.url(), &entry(&bureau, 4))?;
    Ok(())
}

/// Waits until the log is in this final state; answers what it says of itself.
pub(super) fn read_only(url: &str, state: &str) -> Result<Value, Failed> {
    let mut info = Value::Null;
    until(|| {
        info = http::get(url, "/v1/log")?.json();
        Ok(info["state"] == state)
    })
    .map_err(|_| format!("the log should be {state}: {info}"))?;
    Ok(info)
}

/// The size of the head that `/checkpoint` shows; 0 while it shows none.
fn shown_size(url: &str) -> Result<u64, Failed> {
    let text = http::get(url, "/checkpoint")?.text();
    Ok(text
        .lines()
        .nth(1)
        .and_then(|size| size.parse().ok())
        .unwrap_or(0))
}

pub(super) fn until(mut holds: impl FnMut() -> Result<bool, Failed>) -> Result<(), Failed> {
    let begun = Instant::now();
    while !holds()? {
        if begun.elapsed() > PATIENCE {
            return Err("it did not come".into());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

/// What SQLite leaves in a folder.
pub(super) const DATABASE: [&str; 3] = ["log.sqlite", "log.sqlite-wal", "log.sqlite-shm"];

/// Copies parts of the stopped log's folder aside under a name, as far as they are there.
fn copy_of(
    town: &Town,
    parts: &[&'static str],
    name: &str,
) -> Result<Vec<(&'static str, PathBuf)>, Failed> {
    let mut kept = Vec::new();
    for part in parts {
        let aside = town
            .folder()
            .join(name)
            .join(part.trim_start_matches("../"));
        let place = town.log_folder().join(part);
        if place.exists() {
            copy(&place, &aside)?;
        }
        kept.push((*part, aside));
    }
    Ok(kept)
}

/// Puts the copies in the place of what is there now.
fn put_back(town: &Town, kept: &[(&'static str, PathBuf)]) -> Result<(), Failed> {
    for (part, aside) in kept {
        let place = town.log_folder().join(part);
        if place.is_dir() {
            fs::remove_dir_all(&place)?;
        } else if place.exists() {
            fs::remove_file(&place)?;
        }
        if aside.exists() {
            copy(aside, &place)?;
        }
    }
    Ok(())
}
