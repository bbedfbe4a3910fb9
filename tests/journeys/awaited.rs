//! A bureau and a citizen at a log with witnesses: *logged* becomes *witnessed*, and nothing less is verified.

use crate::reader::number;
use demo::media;
use demo::process::Said;
use demo::town::{Home, Town};
use demo::witness_row::OPERATORS;
use libtest_mimic::{Failed, Trial};
use serde_json::Value;
use tlog::{Note, Receipt, SignatureLine};

/// The trials.
pub fn trials() -> Vec<Trial> {
    vec![
        Trial::test(
            "what_is_logged_while_witnesses_are_out_is_witnessed_when_they_return",
            logged_then_witnessed,
        ),
        Trial::test(
            "a_receipt_below_the_quorum_is_not_yet_enough_and_says_how_many_confirmed",
            below_quorum,
        ),
    ]
}

/// A town with witnesses, and a bureau that holds the policy, a case and the photo.
fn town() -> Result<(Town, Home), Failed> {
    let mut town = Town::found_with_witnesses(None)?;
    town.open_log()?;
    town.log_serves()?;
    let bureau = town.enrol("bureau", "Bureau")?;
    bureau
        .notary(["case", "new", "--number", "A 1", "--out", "case.json"])?
        .done()?;
    let fetch = ["policy", "fetch", town.url(), "--out", "policy"];
    let told = bureau.notary(["--lang", "en"].into_iter().chain(fetch))?;
    let told = told.done()?.stdout;
    assert!(told.starts_with("fingerprint "), "{told}");
    for name in OPERATORS {
        assert!(told.contains(&format!("\nwitness     {name}: ")), "{told}");
    }
    let quorum = "\nquorum      5 operators are asked, and at least 4 of them must confirm.\n";
    assert!(told.ends_with(quorum), "{told}");
    bureau.write(media::PHOTO.name, media::PHOTO.bytes)?;
    Ok((town, bureau))
}

/// Runs `notary submit`: its exit code and what it says of the photo.
fn submit(town: &Town, bureau: &Home, wait: &str) -> Result<(i32, Value), Failed> {
    result(&run_submit(town, bureau, wait)?)
}

fn result(said: &Said) -> Result<(i32, Value), Failed> {
    let answer: Value = serde_json::from_str(&said.stdout)?;
    Ok((said.code, answer["results"][0].clone()))
}

fn run_submit(town: &Town, bureau: &Home, wait: &str) -> Result<Said, Failed> {
    let log = ["submit", "--log", town.url(), "--wait", wait, "--json"];
    let with = [
        "--key",
        "bureau.pem",
        "--case",
        "case.json",
        "--policy",
        "policy",
        media::PHOTO.name,
    ];
    Ok(bureau.notary(log.into_iter().chain(with))?.said)
}

/// Runs `notary verify` on a file of this home: its exit code and the verdict.
fn verify(home: &Home, file: &str) -> Result<(i32, Value), Failed> {
    let said = home.notary(["verify", "--policy", "policy", "--json", file])?;
    let answer: Value = serde_json::from_str(&said.said.stdout)?;
    Ok((said.said.code, answer["verdicts"][0].clone()))
}

fn logged_size(town: &Town) -> Result<u64, Failed> {
    number(&town.get("/v1/log")?.json()["logged"], "size")
}

fn logged_then_witnessed() -> Result<(), Failed> {
    let (mut town, bureau) = town()?;
    for name in ["justice", "university"] {
        town.witness(name).ok_or("no such witness")?.kill();
    }
    let proof = bureau.path("photo.jpg.tlog-proof");
    let said = run_submit(&town, &bureau, "1")?;
    let progress = "notary: logged, not yet witnessed; awaiting ";
    assert_eq!(said.stderr.matches(progress).count(), 1, "{said:?}");
    let (code, logged) = result(&said)?;
    let awaits = logged["awaits"].as_str().unwrap_or_default();
    assert_eq!((code, &logged["code"]), (3, &"LOGGED_AWAITS".into()));
    assert_eq!(logged["state"], "logged");
    assert!(
        awaits.contains("justice (") && awaits.contains("university ("),
        "{logged}"
    );
    assert!(!proof.exists() && logged["tlog_proof"].is_null());
    let size = logged_size(&town)?;

    // Nobody waits with `--wait 0`; the same bytes are the same entry.
    let (code, again) = submit(&town, &bureau, "0")?;
    assert_eq!((code, &again["index"]), (3, &logged["index"]));
    assert!(!proof.exists());
    let (code, unproved) = verify(&bureau, "photo.jpg")?;
    assert_eq!((code, &unproved["code"]), (5, &"CANNOT_CHECK".into()));

    town.witness("justice")
        .ok_or("no such witness")?
        .open(&[])?;
    let (code, witnessed) = submit(&town, &bureau, "60")?;
    assert_eq!((code, &witnessed["state"]), (0, &"witnessed".into()));
    assert_eq!(witnessed["index"], logged["index"]);
    let (code, proved) = submit(&town, &bureau, "0")?;
    assert_eq!((code, &proved["code"]), (0, &"ALREADY_PROVED".into()));
    assert_eq!(logged_size(&town)?, size, "nothing was logged twice");

    let (code, verdict) = verify(&bureau, "photo.jpg")?;
    assert_eq!((code, &verdict["code"]), (0, &"FILE_MATCH".into()));
    let confirmed: Vec<_> = verdict["witnesses"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|one| (one["name"].as_str(), one["time"].is_string()))
        .collect();
    let all: Vec<_> = OPERATORS
        .map(|name| (Some(name), name != "university"))
        .to_vec();
    assert_eq!(confirmed, all);
    let said = bureau.notary(["--lang", "zh", "verify", "--policy", "policy", "photo.jpg"])?;
    let said = said.done()?.stdout;
    assert!(said.contains("5 家见证机构中已有 4 家确认。\n"), "{said}");
    // Their times are told one by one where they are not of one minute.
    let names: String = said
        .lines()
        .filter(|line| line.starts_with("确认方："))
        .flat_map(|line| {
            line.split(" (")
                .map(|part| part.rsplit(')').next().unwrap_or(part))
        })
        .collect();
    assert!(
        names.starts_with("确认方：justice、notary、court、bar"),
        "{said}"
    );
    Ok(())
}

fn below_quorum() -> Result<(), Failed> {
    let (town, bureau) = town()?;
    assert_eq!(submit(&town, &bureau, "60")?.0, 0);
    let receipt = Receipt::parse(&bureau.read("photo.jpg.tlog-proof")?)?;
    let own = |line: &&SignatureLine| line.name().as_str().starts_with("witness.town.example/");
    let witnesses: Vec<&SignatureLine> = receipt.note().lines().iter().filter(own).collect();
    assert!(witnesses.len() >= 8, "two lines each by four");
    let log_lines = || receipt.note().lines().iter().filter(|line| !own(line));
    // Seven lines are three operators and a half one.
    for (count, confirmed) in [(8, 4), (7, 3), (6, 3), (2, 1), (0, 0)] {
        let kept = log_lines().chain(witnesses[..count].iter().copied());
        let note = Note::new(receipt.note().text(), kept.cloned().collect::<Vec<_>>())?;
        let cut = Receipt::new(
            receipt.extra().map(<[u8]>::to_vec),
            receipt.index(),
            receipt.proof().to_vec(),
            note,
        )?;
        bureau.write("cut.tlog-proof", cut.to_string().as_bytes())?;
        let (code, verdict) = verify(&bureau, "cut.tlog-proof")?;
        if confirmed == 4 {
            assert_eq!((code, &verdict["code"]), (0, &"RECORD_WITNESSED".into()));
            continue;
        }
        assert_eq!((code, &verdict["code"]), (3, &"FAIL_QUORUM".into()));
        let told = &verdict["arguments"];
        assert_eq!(
            (told["k"].as_str(), told["q"].as_str()),
            (Some(confirmed.to_string().as_str()), Some("4"))
        );
        // A wrong path is wrong, however few confirmed it.
        let text = cut.to_string();
        let path = text.lines().nth(3).ok_or("no path")?;
        let other = tlog::Hash::EMPTY_ROOT.to_base64();
        bureau.write("cut.tlog-proof", text.replacen(path, &other, 1).as_bytes())?;
        assert_eq!(verify(&bureau, "cut.tlog-proof")?.0, 1, "{count} lines");
    }
    Ok(())
}
