//! The demo, from its first word to its last.

use demo::person::Person;
use demo::process;
use libtest_mimic::{Failed, Trial};
use serde_json::Value;

/// The trials.
pub fn trials() -> Vec<Trial> {
    vec![
        Trial::test(
            "the_demo_checks_every_step_and_says_one_event_for_each",
            events,
        ),
        Trial::test(
            "the_drill_of_a_fork_ends_with_a_file_that_convicts_the_log",
            fork,
        ),
    ]
}

fn fork() -> Result<(), Failed> {
    let said = process::ask(
        Person::Demo,
        ["fork", "--once", "--json"],
        &std::env::temp_dir(),
    )?;
    assert_eq!(said.code, 0, "{said:?}");
    let events: Vec<Value> = said
        .stdout
        .lines()
        .map(serde_json::from_str)
        .collect::<Result<_, _>>()?;
    let names: Vec<&str> = events
        .iter()
        .filter_map(|event| event["event"].as_str())
        .collect();
    assert_eq!(names, ["shown", "found", "verified", "done"]);
    let (found, verified) = (&events[1], &events[2]);
    assert_eq!(found["stopped"].as_array().map(Vec::len), Some(5));
    assert_eq!(
        (&verified["exit"], &verified["kind"]),
        (&6.into(), &"prefix".into())
    );
    println!("a fork was a file after {} s", found["seconds"]);
    Ok(())
}

fn events() -> Result<(), Failed> {
    let said = process::ask(Person::Demo, ["--once", "--json"], &std::env::temp_dir())?;
    assert_eq!(said.code, 0, "{said:?}");
    let events: Vec<Value> = said
        .stdout
        .lines()
        .map(serde_json::from_str)
        .collect::<Result<_, _>>()?;
    let names: Vec<String> = events
        .iter()
        .map(|event| match event["step"].as_str() {
            Some(step) => format!("{}: {step}", event["event"].as_str().unwrap_or_default()),
            None => event["event"].as_str().unwrap_or_default().to_owned(),
        })
        .collect();
    assert_eq!(
        names,
        [
            "log",
            "bureau",
            "submit",
            "verify",
            "change",
            "restart",
            "witness: witnessed",
            "witness: one_lost",
            "witness: two_lost",
            "witness: returned",
            "done"
        ]
    );
    let processes: Vec<u64> = events[0]["witnesses"]
        .as_array()
        .into_iter()
        .flatten()
        .chain([&events[0]])
        .filter_map(|one| one["process"].as_u64())
        .collect();
    assert_eq!(processes.len(), 6, "{}", events[0]);
    let states: Vec<_> = events[6..10]
        .iter()
        .map(|event| (event["state"].as_str(), event["exit"].as_u64()))
        .collect();
    let witnessed = (Some("witnessed"), Some(0));
    let logged = (Some("logged"), Some(3));
    assert_eq!(states, [witnessed, witnessed, logged, witnessed]);
    assert_eq!(events[8]["index"], events[9]["index"]);
    Ok(())
}
