//! The operator looks at a log: `notarylog status` and `notarylog doctor`, beside a log that runs and one that does not.

use crate::successor::predecessor_named;
use demo::process::Said;
use demo::town::{ORIGIN, Town};
use libtest_mimic::{Failed, Trial};
use serde_json::Value;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;

/// The trials.
pub fn trials() -> Vec<Trial> {
    vec![
        Trial::test(
            "status_tells_by_folder_and_by_address_how_a_log_stands_and_who_is_silent",
            status,
        ),
        Trial::test(
            "the_doctor_finds_a_key_that_others_can_read_and_witnesses_that_are_gone",
            doctor,
        ),
        Trial::test(
            "the_successor_of_a_log_names_its_last_head_in_its_genesis",
            successor,
        ),
    ]
}

fn status() -> Result<(), Failed> {
    let mut town = Town::found_with_witnesses(None)?;
    let closed = json(&town.notarylog(["status", "log", "--json"])?.done()?)?;
    assert_eq!(closed["origin"], ORIGIN);
    assert_eq!(closed["process"], Value::Null);
    assert_eq!(closed["stored"]["size"], 1, "the genesis: {closed}");
    assert!(closed["quotas"]["rate-per-bureau"].is_string(), "{closed}");

    town.open_log()?;
    town.log_serves()?;
    let beside = json(&town.notarylog(["status", "log", "--json"])?.done()?)?;
    assert_eq!(beside["process"], town.log_process().unwrap_or_default());
    assert_eq!(beside["stored"]["witnessed"]["size"], 1, "{beside}");

    if let Some(witness) = town.witness("court") {
        witness.kill();
    }
    town.enrol("bureau", "Bureau")?;
    let asked = ["status", town.url(), "--json"];
    let begun = std::time::Instant::now();
    let serving = loop {
        let status = json(&town.notarylog(asked)?.done()?)?;
        if status["quorum"]["answer"] == 4 || begun.elapsed().as_secs() > 60 {
            break status;
        }
    };
    assert_eq!(serving["state"], "serving");
    assert_eq!(serving["published"]["size"], 2, "{serving}");
    assert!(serving["published"]["age_ms"].is_u64(), "{serving}");
    assert_eq!(serving["quorum"]["witnesses"], 5, "{serving}");
    assert_eq!(serving["quorum"]["reached"], true);
    let told = town.notarylog(["status", town.url()])?.done()?.stdout;
    assert!(told.contains("4 of 5 answer, enough"), "{told}");
    assert!(told.contains("court: "), "{told}");

    let nobody = town.notarylog(["status", "http://127.0.0.1:9"])?.said;
    assert_eq!(nobody.code, 5, "{nobody:?}");
    assert!(
        nobody.stderr.contains("nothing answers there"),
        "{nobody:?}"
    );
    Ok(())
}

fn doctor() -> Result<(), Failed> {
    let mut town = Town::found_with_witnesses(None)?;
    let key = town.log_folder().join("keys/p256.pem");
    std::fs::set_permissions(&key, Permissions::from_mode(0o644))?;
    let ill = town.notarylog(["doctor", "log", "--json"])?.said;
    assert_eq!(ill.code, 1, "{ill:?}");
    assert_eq!(verdict(&ill, "keys")?, "fault");
    let told = town.notarylog(["doctor", "log"])?.said;
    assert!(told.stdout.contains("chmod 600"), "{told:?}");
    std::fs::set_permissions(&key, Permissions::from_mode(0o600))?;

    town.open_log()?;
    town.log_serves()?;
    let well = town.notarylog(["doctor", "log", "--json"])?.said;
    for (about, expected) in [
        ("keys", "ok"),
        ("witnesses", "ok"),
        // The town's administrators and its journal are not where an operator keeps them.
        ("admins", "warning"),
        ("journal", "warning"),
    ] {
        assert_eq!(verdict(&well, about)?, expected, "{about}: {well:?}");
    }
    // Whatever the machine's clock is kept by, it is the witnesses' own.
    assert_ne!(verdict(&well, "clock")?, "fault", "{well:?}");

    for (name, expected) in [("court", "warning"), ("notary", "fault")] {
        if let Some(witness) = town.witness(name) {
            witness.kill();
        }
        let said = town.notarylog(["doctor", "log", "--json"])?.said;
        assert_eq!(verdict(&said, "witnesses")?, expected, "{said:?}");
        assert!(
            said.stdout.contains(&format!("{name}: nothing answers")),
            "{said:?}"
        );
    }
    let left: Vec<_> = std::fs::read_dir(town.log_folder())?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.contains("doctor"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
    Ok(())
}

fn successor() -> Result<(), Failed> {
    let mut town = Town::found(None)?;
    town.open_log()?;
    town.enrol("bureau", "Bureau")?;
    let last = town.get("/checkpoint")?;
    let head: Vec<String> = last.text().lines().take(3).map(str::to_owned).collect();
    std::fs::write(town.folder().join("final-checkpoint"), &last.body)?;
    town.close_log()?;
    let new = [
        "init",
        "next",
        "--origin",
        "log.town.example/next",
        "--predecessor",
    ];
    let anywhere = ["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"];
    let no_checkpoint = town
        .notarylog(new.into_iter().chain(["log/notarylog.toml"]))?
        .said;
    assert_eq!(no_checkpoint.code, 2, "{no_checkpoint:?}");
    assert!(!town.folder().join("next").exists(), "nothing was begun");
    town.notarylog(new.into_iter().chain(["final-checkpoint"]).chain(anywhere))?
        .done()?;

    let named = predecessor_named(&town)?;
    assert_eq!(named["origin"].as_str(), Some(head[0].as_str()), "{named}");
    assert_eq!(named["size"].to_string(), head[1], "{named}");
    assert_eq!(named["root"].as_str(), Some(head[2].as_str()), "{named}");
    Ok(())
}

/// What the doctor said about one thing.
fn verdict(said: &Said, about: &str) -> Result<String, Failed> {
    let examined = json(said)?;
    let findings = examined["findings"].as_array().ok_or("no findings")?;
    let found = findings.iter().find(|finding| finding["about"] == about);
    let verdict = found.and_then(|finding| finding["verdict"].as_str());
    Ok(verdict.ok_or("nothing about it")?.to_owned())
}

fn json(said: &Said) -> Result<Value, Failed> {
    serde_json::from_str(&said.stdout).map_err(|error| format!("{error}: {said:?}").into())
}
