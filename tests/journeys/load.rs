//! The load generator against a log of the town: small, but whole.

use crate::reader::{Reader, number};
use crate::witness_house::{WitnessHouse, done};
use demo::person::Person;
use demo::process::{Process, ask};
use demo::town::Town;
use libtest_mimic::{Failed, Trial};
use serde_json::Value;
use std::time::Duration;

/// The trials.
pub fn trials() -> Vec<Trial> {
    vec![
        Trial::test(
            "a_measured_load_is_in_the_log_and_its_report_says_what_was_verified",
            measured,
        ),
        Trial::test(
            "a_witnessed_load_satisfies_the_policy_in_a_closed_and_an_open_loop",
            witnessed,
        ),
        Trial::test(
            "the_steps_of_many_logs_are_cosigned_with_every_key_of_a_witness",
            witness,
        ),
        Trial::test(
            "a_seeded_log_fits_in_every_part_and_goes_on_taking_entries",
            seeded,
        ),
    ]
}

fn measured() -> Result<(), Failed> {
    let mut town = Town::found(None)?;
    town.open_log()?;
    let bureau = town.enrol("bureau", "Bureau")?;
    let key = bureau.path("bureau.pem");
    let before = Reader::read(&town)?.size.get();
    let mut sent = 0;
    for mode in [
        &["single", "--connections", "8"][..],
        &["batch", "--connections", "2", "--size", "50"],
    ] {
        let report = town.folder().join(format!("{}.json", mode[0]));
        let mut args: Vec<std::ffi::OsString> = mode.iter().map(Into::into).collect();
        args.extend(["--log".into(), town.url().into(), "--key".into()]);
        args.extend([key.clone().into(), "--entries".into(), "500".into()]);
        args.extend(["--warmup".into(), "0".into()]);
        args.extend(["--out".into(), report.clone().into()]);
        town.loadtest(args)?.done()?;
        let report: Value = serde_json::from_slice(&std::fs::read(report)?)?;
        assert_eq!(report["passed"], true, "{report:#}");
        assert_eq!(report["verified"]["failed"], 0, "{report:#}");
        assert!(number(&report["verified"], "answers")? > 0, "{report:#}");
        assert_eq!(report["load"]["logged"], 500, "{report:#}");
        assert_eq!(number(&report["log"], "size_before")?, before + sent);
        sent += 500;
    }
    let after = Reader::read(&town)?.size.get();
    assert_eq!(after, before + sent);
    Ok(())
}

fn witnessed() -> Result<(), Failed> {
    let mut town = Town::found_with_witnesses(None)?;
    town.open_log()?;
    town.log_serves()?;
    let bureau = town.enrol("bureau", "Bureau")?;
    let key = bureau.path("bureau.pem").display().to_string();
    let url = town.url().to_owned();
    for (loop_, options) in [("closed", &[][..]), ("open", &["--rate", "100"])] {
        let out = town.folder().join(format!("{loop_}.json"));
        let file = out.display().to_string();
        let mut args = vec!["witnessed", "--log", &url, "--key", &key, "--out", &file];
        args.extend(["--connections", "16", "--entries", "200", "--warmup", "0"]);
        args.extend(options);
        town.loadtest(args)?.done()?;
        let report: Value = serde_json::from_slice(&std::fs::read(out)?)?;
        assert_eq!(
            (&report["passed"], &report["log"]["unwitnessed"]),
            (&true.into(), &false.into())
        );
        assert_eq!(report["load"]["logged"], 200, "{report:#}");
    }
    Ok(())
}

fn witness() -> Result<(), Failed> {
    let mut house = WitnessHouse::found()?;
    let printed = done(ask(
        Person::Loadtest,
        ["witness", "--print-enrol", "--logs", "3"],
        &house.beside(""),
    )?)?;
    let mut options = vec!["--first-run"];
    options.extend(printed.stdout.lines().flat_map(|vkey| ["--enrol", vkey]));
    house.open(&options)?;
    let out = house.beside("report.json");
    let (url, file) = (house.url().to_owned(), out.display().to_string());
    let vkeys: Vec<String> = house.vkeys().iter().map(ToString::to_string).collect();
    let mut args = vec!["witness", "--witness", &url, "--logs", "3", "--out", &file];
    args.extend(["--seconds", "1", "--warmup", "0"]);
    args.extend(vkeys.iter().flat_map(|vkey| ["--vkey", vkey]));
    let said = ask(Person::Loadtest, &args, &house.beside(""))?;
    let report: Value = serde_json::from_slice(&std::fs::read(out)?)?;
    assert!(number(&report["verified"], "answers")? > 0, "{report:#}");
    assert_eq!(report["verified"]["failed"], 0, "{report:#}");
    // The rate of a log is limited on purpose; nothing else may go wrong.
    let refused = report["errors"]["by_type"].as_object().ok_or("no errors")?;
    assert!(refused.keys().all(|why| why == "http-429"), "{said:?}");
    house.close()
}

/// How long a log may take to start or stop.
const PATIENCE: Duration = Duration::from_mins(1);

/// More than the log takes in one batch, and a bundle that is not full.
const SEEDED: u64 = 9_000;

fn seeded() -> Result<(), Failed> {
    let town = Town::found(None)?;
    for lean in [false, true] {
        let folder = town.folder().join(if lean { "lean" } else { "seeded" });
        let folder = folder.display().to_string();
        let size = SEEDED.to_string();
        let mut seed = vec!["seed", "--entries", &size, &folder];
        seed.extend(lean.then_some("--lean"));
        town.loadtest(seed)?.done()?;
        let check = ["check", "--signatures", "--json", &folder];
        let report = town.notarylog(check)?.done()?.stdout;
        let report: Value = serde_json::from_str(&report)?;
        assert_eq!(report["clean"], true, "{report:#}");
        assert_eq!(number(&report, "entries")?, SEEDED);
        assert_eq!(number(&report, "signatures")?, SEEDED);

        let out = town.folder().join("seeded.json").display().to_string();
        let key = format!("{folder}/loadtest.pem");
        let (log, url) = served(&town, &folder)?;
        let args = ["single", "--log", &url, "--key", &key, "--out", &out];
        let length = ["--entries", "300", "--warmup", "0"];
        town.loadtest(args.iter().chain(&length))?.done()?;
        let report: Value = serde_json::from_slice(&std::fs::read(out)?)?;
        assert_eq!(number(&report["log"], "size_before")?, SEEDED);
        assert_eq!(number(&report["log"], "size_after")?, SEEDED + 300);
        assert!(log.stop(PATIENCE)?.success());
        town.notarylog(["check", &folder])?.done()?;

        let bundle = format!("{folder}/tiles/tile/entries/034");
        let mut bytes = std::fs::read(&bundle)?;
        bytes[1_000] ^= 1;
        std::fs::write(&bundle, bytes)?;
        assert_eq!(town.notarylog(["check", &folder])?.said.code, 1);
    }
    Ok(())
}

/// A log that serves this folder, and its address.
fn served(town: &Town, folder: &str) -> Result<(Process, String), Failed> {
    let anywhere = ["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"];
    let args = ["serve", folder, "--json"].into_iter().chain(anywhere);
    let mut log = Process::start(Person::Log, args, &town.diary())?;
    let line: Value = serde_json::from_str(&log.line(PATIENCE)?)?;
    let url = line["url"].as_str().ok_or("no address")?.to_owned();
    Ok((log, url))
}
