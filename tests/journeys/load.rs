//! The load generator against a log of the town: small, but whole.

use crate::reader::{Reader, number};
use crate::witness_house::{WitnessHouse, done};
use demo::person::Person;
use demo::process::{Process, ask};
use demo::town::Town;
use libtest_mimic::{Failed, Trial};
use serde_json::Value;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
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
        Trial::test(
            "a_seeded_log_is_read_started_and_weighed_and_false_tiles_fail_the_run",
            read,
        ),
        Trial::test(
            "one_command_measures_a_seeded_log_in_all_ways_and_judges_the_figures",
            all,
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

/// A log that serves this folder and heals nothing in it, and its address.
fn served(town: &Town, folder: &str) -> Result<(Process, String), Failed> {
    let anywhere = ["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"];
    let args = ["serve", folder, "--json", "--scrub-rate", "0"]
        .into_iter()
        .chain(anywhere);
    let mut log = Process::start(Person::Log, args, &town.diary())?;
    let line: Value = serde_json::from_str(&log.line(PATIENCE)?)?;
    let url = line["url"].as_str().ok_or("no address")?.to_owned();
    Ok((log, url))
}

fn read() -> Result<(), Failed> {
    let town = Town::found(None)?;
    let folder = town.folder().join("seeded").display().to_string();
    let size = SEEDED.to_string();
    town.loadtest(["seed", "--entries", &size, &folder])?
        .done()?;
    let (out, key) = (format!("{folder}.json"), format!("{folder}/loadtest.pem"));
    let (log, url) = served(&town, &folder)?;
    let short = [
        "--seconds",
        "1",
        "--warmup",
        "0",
        "--connections",
        "8",
        "--out",
        &out,
    ];
    for verb in [
        &["read-proofs"][..],
        &["read-tiles"],
        &["read-tiles", "--checkpoint"],
        &["read-proofs", "--rate", "50"],
    ] {
        let log = ["--log", &url];
        let args = verb.iter().chain(&log).chain(&short);
        town.loadtest(args)?.done()?;
        let report: Value = serde_json::from_slice(&std::fs::read(&out)?)?;
        assert_eq!(report["passed"], true, "{report:#}");
        assert!(number(&report["verified"], "answers")? > 0, "{report:#}");
    }
    let repeated = [
        "--entries",
        "400",
        "--warmup",
        "0",
        "--connections",
        "8",
        "--pairs",
        "1",
    ];
    let args = ["duplicates", "--log", &url, "--key", &key];
    let said = town.loadtest(args.iter().chain(&repeated))?.done()?;
    // Of 800 entries 30 had been sent before: they are answered, and are not in the tree twice.
    assert!(said.stdout.contains("→ 9770 "), "{}", said.stdout);
    assert!(log.stop(PATIENCE)?.success());

    let program = program(&town)?;
    let said = town.loadtest(["start", "--times", "2", "--notarylog", &program, &folder])?;
    assert!(said.done()?.stdout.starts_with("start · 2 times"));
    let said = town
        .loadtest(["footprint", "--entries", &size, &folder])?
        .done()?;
    assert!(said.stdout.contains("entry bundles"), "{}", said.stdout);
    // Each of the three stops since then logged a notice of the log's own.
    let check = ["check", "--notarylog", &program, &folder];
    assert!(
        town.loadtest(check)?
            .done()?
            .stdout
            .starts_with("check · 9773 ")
    );

    // A log does not start on such tiles: they become false under its hands. The newest ones it may hold in memory.
    let (_log, url) = served(&town, &folder)?;
    for tile in 0..30 {
        let tile = format!("{folder}/tiles/tile/0/{tile:03}");
        let mut bytes = std::fs::read(&tile)?;
        bytes[1_000] ^= 1;
        std::fs::write(&tile, bytes)?;
    }
    let args = ["read-tiles", "--log", &url];
    let refused = town.loadtest(args.iter().chain(&short))?.said;
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(
        refused
            .stdout
            .contains("does not hold the hashes of its entries")
    );
    assert_eq!(town.loadtest(check)?.said.code, 5);
    Ok(())
}

fn all() -> Result<(), Failed> {
    let town = Town::found(None)?;
    let folder = town.folder().join("seeded").display().to_string();
    let size = SEEDED.to_string();
    town.loadtest(["seed", "--entries", &size, "--lean", &folder])?
        .done()?;
    let (program, out) = (program(&town)?, town.folder().join("reports"));
    let reports = out.display().to_string();
    let mut args = vec![
        "all",
        "--notarylog",
        &program,
        "--out",
        &reports,
        "--pairs",
        "1",
    ];
    args.extend([
        "--seconds",
        "0.2",
        "--warmup",
        "0",
        "--ceiling",
        "2000",
        "--many",
        "300",
    ]);
    args.extend(["--commit", "0123456789abcdef", &folder]);
    let table = town.loadtest(args)?.done()?.stdout;
    assert!(table.starts_with("Commit 0123456789, "), "{table}");
    let rows = table.lines().filter(|line| line.contains("/s | "));
    assert!(rows.count() >= 8, "{table}");
    for what in [
        "start to first answer",
        "disk an entry",
        "10 % duplicates",
        "against 10,000",
    ] {
        let row = table.lines().find(|line| line.contains(what));
        let row = row.ok_or_else(|| format!("{what} is missing in {table}"))?;
        assert!(!row.contains("not reported"), "{row}");
    }
    let report: Value = serde_json::from_slice(&std::fs::read(out.join("batch-256.json"))?)?;
    assert!(number(&report["batches"], "batches")? > 0, "{report:#}");
    let threads = &report["cpu"]["server_threads_us_per_entry"];
    assert!(
        threads.as_object().is_some_and(|names| !names.is_empty()),
        "{report:#}"
    );
    Ok(())
}

/// The log's program as one file, which a measurement can start.
fn program(town: &Town) -> Result<String, Failed> {
    let program = town.folder().join("notarylog.sh");
    let myself = std::env::current_exe()?.display().to_string();
    let script = format!("unset TOWN_PARENT\nexec '{myself}' --person notarylog \"$@\"\n");
    std::fs::write(&program, format!("#!/bin/sh\n{script}"))?;
    std::fs::set_permissions(&program, Permissions::from_mode(0o755))?;
    Ok(program.display().to_string())
}
