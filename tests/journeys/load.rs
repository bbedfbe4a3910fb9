//! The load generator against a log of the town: small, but whole.

use crate::reader::{Reader, number};
use demo::town::Town;
use libtest_mimic::{Failed, Trial};
use serde_json::Value;

/// The trials.
pub fn trials() -> Vec<Trial> {
    vec![Trial::test(
        "a_measured_load_is_in_the_log_and_its_report_says_what_was_verified",
        measured,
    )]
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
