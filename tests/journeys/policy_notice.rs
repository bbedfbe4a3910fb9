//! A log whose policy was not published, or is another than the published one, says so and goes on.

use crate::reader::number;
use demo::http;
use demo::town::Town;
use libtest_mimic::{Failed, Trial};
use serde_json::Value;
use std::fs;
use std::time::{Duration, Instant};

/// The trials.
pub fn trials() -> Vec<Trial> {
    vec![Trial::test(
        "a_log_says_whether_its_policy_is_the_one_that_it_published",
        published,
    )]
}

fn published() -> Result<(), Failed> {
    let mut town = Town::found_with_witnesses(None)?;
    town.open_log()?;
    town.log_serves()?;
    let told = says(&town, "not-published", 1)?;
    assert!(
        told.contains("notarylog notice publish --type policy"),
        "{told}"
    );
    assert!(fs::read_to_string(town.diary())?.contains("was never published"));

    let policy = town.log_folder().join("policy.txt");
    let publish = ["notice", "publish", "--type", "policy", "--file"];
    let answer = town.admin(publish, &policy)?.done()?.stdout;
    assert!(answer.contains("is entry 1 of the log"), "{answer}");
    says(&town, "published", 0)?;
    let about = town.get("/v1/log")?.json();
    assert_eq!(number(&about["policy_notice"], "index")?, 1);
    let notice = about["policy_notice"]["notice"]
        .as_str()
        .unwrap_or_default();
    let document = town.get(&format!("/v1/notices/{notice}"))?.json();
    assert_eq!(document["body"]["policy"], fs::read_to_string(&policy)?);

    // Another file is no reason to stop.
    town.close_log()?;
    let text = fs::read_to_string(&policy)?;
    fs::write(&policy, format!("# changed\n{text}"))?;
    town.open_log()?;
    town.log_serves()?;
    let told = says(&town, "other", 1)?;
    assert!(told.contains("entry 1"), "{told}");
    Ok(())
}

/// `/v1/log`, `check` and the metric agree; answers the sentence.
fn says(town: &Town, state: &str, metric: u64) -> Result<String, Failed> {
    let compared = town.get("/v1/log")?.json()["policy_notice"].clone();
    assert_eq!(compared["state"], state, "{compared}");
    let sentence = compared["says"].as_str().unwrap_or_default().to_owned();
    let checked = town.notarylog(["check", "log"])?.done()?.stdout;
    assert!(
        checked.starts_with("Everything fits") && checked.contains(&sentence),
        "{checked}"
    );
    let checked = town.notarylog(["check", "log", "--json"])?.done()?.stdout;
    let checked: Value = serde_json::from_str(&checked)?;
    assert_eq!(checked["policy_notice"]["state"], state);
    assert_eq!(checked["clean"], true);
    let begun = Instant::now();
    let line = format!("notarylog_policy_unpublished {metric}\n");
    while !http::get(town.admin_url(), "/metrics")?
        .text()
        .contains(&line)
    {
        assert!(begun.elapsed() < Duration::from_mins(1), "{line}");
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(sentence)
}
