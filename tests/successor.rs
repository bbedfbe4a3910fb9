//! The successor of a log: what its genesis says of the one before.

use demo::http;
use demo::person::Person;
use demo::process::Process;
use demo::town::Town;
use libtest_mimic::Failed;
use serde_json::Value;
use std::time::Duration;

/// Serves the log in the town's folder `next`, and reads whom its genesis names as its predecessor.
pub fn predecessor_named(town: &Town) -> Result<Value, Failed> {
    let next = town.folder().join("next");
    let args = ["serve".as_ref(), next.as_os_str(), "--json".as_ref()];
    let mut process = Process::start(Person::Log, args, &town.diary())?;
    let line: Value = serde_json::from_str(&process.line(Duration::from_mins(1))?)?;
    let url = line["url"].as_str().ok_or("no address")?;
    let notices = http::get(url, "/v1/notices")?.json();
    let sha256 = notices["notices"][0]["sha256"]
        .as_str()
        .ok_or("no genesis")?;
    let genesis = http::get(url, &format!("/v1/notices/{sha256}"))?.json();
    Ok(genesis["body"]["predecessor"].clone())
}
