//! A witness at its door: it answers as its specification says, and for the logs that its operator enrolled.

use crate::small_log::SmallLog;
use crate::witness_house::{WitnessHouse, done, post};
use demo::town::{ORIGIN, Town};
use libtest_mimic::{Failed, Trial};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tlog::{Checkpoint, Hash, KeyId, KeyKind, KeyName, Note, SignatureLine, TreeSize};

/// The trials.
pub fn trials() -> Vec<Trial> {
    vec![
        Trial::test("a_witness_cosigns_the_steps_of_the_towns_log", towns_log),
        Trial::test(
            "a_witness_answers_each_case_as_its_specification_says",
            table,
        ),
        Trial::test(
            "a_strangers_line_in_a_good_note_poisons_no_witness",
            strangers_line,
        ),
        Trial::test(
            "a_flood_of_one_log_leaves_a_witnesss_answers_to_others_as_they_were",
            flood,
        ),
        Trial::test(
            "a_log_is_enrolled_and_removed_beside_a_running_witness",
            enrolment,
        ),
        Trial::test(
            "a_witnesss_folder_has_one_process_and_keys_for_its_owner_alone",
            folder,
        ),
    ]
}

fn towns_log() -> Result<(), Failed> {
    let mut town = Town::found(None)?;
    town.open_log()?;
    let info = town.get("/v1/log")?.json();
    let vkeys: Vec<&str> = info["vkeys"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|vkey| vkey.as_str())
        .collect();
    assert_eq!(vkeys.len(), 3);
    let mut house = WitnessHouse::found()?;
    let mut args = vec!["log", "add", "w", "--origin", ORIGIN, "--url", town.url()];
    for vkey in &vkeys {
        args.extend(["--vkey", vkey]);
    }
    done(house.run_verb(args)?)?;
    // The log's head bears no line of ours, and we have none: that agrees, so no word of the operator is needed.
    house.open(&[])?;
    let mut old = 0;
    for round in 0..3 {
        let note = town.get("/checkpoint")?;
        let note = Note::parse(&note.body)?;
        let size = Checkpoint::parse(note.text())?.size().get();
        let proof = if old == 0 {
            Vec::new()
        } else {
            let proof = town.get(&format!("/v1/proofs/consistency?old={old}&new={size}"))?;
            crate::reader::hashes(&proof.json(), "proof")?
        };
        let request = tlog::AddCheckpoint::new(TreeSize::new(old)?, proof, note)?.to_string();
        house.wait_for(200, &request)?;
        let again = request.replacen(&format!("old {old}\n"), &format!("old {size}\n"), 1);
        let status = house.post(&again)?.status;
        assert_eq!(
            status,
            if old == 0 || old == size { 200 } else { 422 },
            "the proof is for another step"
        );
        old = size;
        town.enrol(&format!("bureau{round}"), "Bureau")?;
    }
    let status = done(house.run_verb(["status", "w", "--json"])?)?;
    assert!(
        status.stdout.contains(&format!("\"size\":{old}")),
        "{status:?}"
    );
    house.close()
}

fn table() -> Result<(), Failed> {
    let log = SmallLog::new("log.example/a")?;
    let house = WitnessHouse::opened(&[&log])?;
    let stranger = SmallLog::new("log.example/stranger")?;
    let impostor = SmallLog::new("log.example/a")?;
    let status = |body: &str| house.post(body).map(|answer| answer.status);
    assert_eq!(house.monitored(&log)?.status, 404, "never cosigned");
    assert_eq!(status(&stranger.step(0, 5)?)?, 404);
    assert_eq!(status(&impostor.step(0, 5)?)?, 403);
    assert_eq!(
        status(&log.step(0, 5)?.replacen("old 0", "old 00", 1))?,
        400
    );
    let many = vec![Hash::EMPTY_ROOT; 63];
    let many = log.ask(0, many, &log.text(5)?, &[])?;
    assert_eq!(status(&many)?, 422);
    let more = many.replacen("old 0\n", &format!("old 0\n{}\n", Hash::EMPTY_ROOT), 1);
    assert_eq!(status(&more)?, 400, "64 hashes");
    assert_eq!(status(&format!("{many}{}", "x".repeat(128 * 1024)))?, 413);

    let first = house.post(&log.step(3, 5)?)?;
    assert_eq!((first.status, first.text().as_str()), (409, "0\n"));
    assert_eq!(first.header("content-type"), Some("text/x.tlog.size"));
    for (from, to) in [(0, 0), (0, 5), (5, 5), (5, 8)] {
        let body = log.step(from, to)?;
        let answer = house.post(&body)?;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(
            answer.header("content-type"),
            Some("text/plain; charset=utf-8")
        );
        let kinds: Vec<KeyKind> = house
            .verified(&body, &answer)?
            .iter()
            .map(|line| line.kind)
            .collect();
        assert_eq!(kinds, [KeyKind::Cosignature, KeyKind::MlDsa44]);
    }
    let stale = house.post(&log.step(5, 9)?)?;
    assert_eq!((stale.status, stale.text().as_str()), (409, "8\n"));
    assert_eq!(
        status(&log.ask(9, Vec::new(), &log.text(8)?, &[])?)?,
        400,
        "old above size"
    );
    assert_eq!(
        status(&log.ask(8, log.proof(7, 9)?, &log.text(9)?, &[])?)?,
        422
    );

    let extended = format!("{}an extension\n", log.text(9)?);
    let lines = house.cosigned(&log.ask(8, log.proof(8, 9)?, &extended, &[])?)?;
    assert_eq!(lines.len(), 1);
    assert_eq!(
        lines[0].kind,
        KeyKind::Cosignature,
        "ML-DSA signs no extension lines"
    );

    // A fork comes last: it convicts the log.
    assert_eq!(
        status(&log.ask(9, Vec::new(), &forked(&log, 9), &[])?)?,
        422
    );
    let shown = house.monitored(&log)?;
    let note = Note::parse(&shown.body)?;
    assert_eq!((note.text(), note.lines().len()), (extended.as_str(), 3));
    let metrics = house.admin("/metrics")?.text();
    for (outcome, count) in [
        ("cosigned", 5),
        ("other_size", 2),
        ("bad_signature", 1),
        ("disk_full", 0),
    ] {
        let line = format!("notarylog_witness_requests_total{{outcome=\"{outcome}\"}} {count}\n");
        assert!(metrics.contains(&line), "{line} is not in {metrics}");
    }
    let logs = house.get("/v1/logs")?.json();
    assert_eq!(logs["logs"][0]["size"], 9);
    assert_eq!(logs["logs"][0]["last_refusal"]["outcome"], "not_forward");
    let said = done(house.run_verb(["check", "w"])?)?;
    assert!(
        said.stdout.contains("Clean: 1 logs, 4 signed heads"),
        "{said:?}"
    );
    Ok(())
}

/// The text of a head of this size that belongs to no honest tree.
fn forked(log: &SmallLog, size: u64) -> String {
    format!("{}\n{size}\n{}\n", log.origin(), Hash::of(b"another tree"))
}

fn strangers_line() -> Result<(), Failed> {
    let log = SmallLog::new("log.example/a")?;
    let mut house = WitnessHouse::opened(&[&log])?;
    let own = &house.vkeys()[0];
    let forge = |name: &KeyName, id: KeyId| SignatureLine::new(name.clone(), id, vec![7; 72]);
    let forged = [
        forge(own.name(), own.id())?,
        forge(log.vkeys()[0].name(), KeyId::new([9; 4]))?,
        forge(&KeyName::new("witness.example/other")?, own.id())?,
    ];
    house.cosigned(&log.ask(0, Vec::new(), &log.text(5)?, &forged)?)?;
    for restarted in [false, true] {
        if restarted {
            house.close()?;
            house.open(&["--first-run"])?;
        }
        let note = Note::parse(&house.monitored(&log)?.body)?;
        let checkpoint = Checkpoint::parse(note.text())?;
        assert_eq!(note.lines().len(), 4, "two by the log, two by the witness");
        assert_eq!(
            house.verify(&note, &checkpoint, &note.lines()[2..])?.len(),
            2
        );
        tlog::SignedCheckpoint::open(&note, log.vkeys(), &tlog::PureRust)?;
    }
    house.cosigned(&log.step(5, 6)?).map(drop)
}

fn flood() -> Result<(), Failed> {
    let (quiet, noisy) = (
        SmallLog::new("log.example/quiet")?,
        SmallLog::new("log.example/noisy")?,
    );
    let house = WitnessHouse::opened(&[&quiet, &noisy])?;
    house.cosigned(&quiet.step(0, 5)?)?;
    house.cosigned(&noisy.step(0, 5)?)?;
    let again = quiet.step(5, 5)?;
    let pause = Duration::from_millis(60);
    let alone = median(&house, &again, pause)?;
    let (over, refused) = (AtomicBool::new(false), AtomicU64::new(0));
    let url = house.url().to_owned();
    let (signed, forged) = (
        noisy.step(5, 5)?,
        SmallLog::new("log.example/noisy")?.step(5, 5)?,
    );
    let beside = std::thread::scope(|scope| {
        for body in [&signed, &forged] {
            let (over, refused, url) = (&over, &refused, &url);
            scope.spawn(move || {
                while !over.load(Ordering::SeqCst) {
                    if let Ok(answer) = post(url, body)
                        && answer.status == 429
                        && answer.header("retry-after").is_some()
                    {
                        refused.fetch_add(1, Ordering::SeqCst);
                    }
                }
            });
        }
        let beside = median(&house, &again, pause);
        over.store(true, Ordering::SeqCst);
        beside
    })?;
    assert!(refused.load(Ordering::SeqCst) > 100, "that was no flood");
    // Generous, since the flood's senders share this machine: unbounded, the quiet log would be refused or wait.
    let most = alone * 5 + Duration::from_millis(50);
    assert!(beside < most, "{beside:?} beside a flood, {alone:?} alone");
    Ok(())
}

/// The median of some answer times; each request must be cosigned.
fn median(house: &WitnessHouse, body: &str, pause: Duration) -> Result<Duration, Failed> {
    let mut times = Vec::new();
    for _ in 0..25 {
        let begun = Instant::now();
        let answer = house.post(body)?;
        times.push(begun.elapsed());
        if answer.status != 200 {
            return Err(format!("{}: {}", answer.status, answer.text()).into());
        }
        std::thread::sleep(pause);
    }
    times.sort();
    Ok(times[times.len() / 2])
}

fn enrolment() -> Result<(), Failed> {
    let log = SmallLog::new("log.example/a")?;
    let house = WitnessHouse::opened(&[])?;
    let first = log.step(0, 5)?;
    assert_eq!(house.post(&first)?.status, 404);
    house.enrol(&log, None)?;
    let begun = Instant::now();
    house.wait_for(200, &first)?;
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "{:?}",
        begun.elapsed()
    );
    let own = house.vkeys()[1].to_string();
    let name = house.vkeys()[1].name().to_string();
    let vkey = log.vkeys()[0].to_string();
    for (origin, vkey) in [
        (name.as_str(), &vkey),
        ("log.example/b", &own),
        ("log.example/b", &vkey),
    ] {
        let said = house.run_verb(["log", "add", "w", "--origin", origin, "--vkey", vkey])?;
        assert_eq!(said.code, 1, "{origin}: {said:?}");
    }
    done(house.run_verb(["log", "remove", "w", "--origin", log.origin()])?)?;
    house.wait_for(404, &log.step(5, 5)?)?;
    house.enrol(&log, None)?;
    house.wait_for(409, &first)?;
    house.cosigned(&log.step(5, 6)?).map(drop)
}

fn folder() -> Result<(), Failed> {
    use std::os::unix::fs::PermissionsExt as _;
    let house = WitnessHouse::opened(&[])?;
    let second = house.run_verb(["run", "w"])?;
    assert!(
        second.code != 0 && second.stderr.contains("in use by process"),
        "{second:?}"
    );
    let again = house.run_verb(["init", "w", "--name", "witness.example/other"])?;
    assert!(
        again.code != 0 && again.stderr.contains("not empty"),
        "{again:?}"
    );
    for key in ["ed25519", "mldsa44"] {
        let file = house.dir().join("keys").join(format!("{key}.pem"));
        assert_eq!(std::fs::metadata(file)?.permissions().mode() & 0o777, 0o600);
    }
    let shown = done(house.run_verb(["key", "show", "w"])?)?;
    let vkeys: Vec<String> = house.vkeys().iter().map(ToString::to_string).collect();
    assert_eq!(shown.stdout.lines().collect::<Vec<_>>(), vkeys);
    for verb in [
        &["check", "w"][..],
        &["config", "w"],
        &["status", "w"],
        &["log", "list", "w"],
        &["completions", "bash"],
    ] {
        done(house.run_verb(verb)?)?;
    }
    Ok(())
}
