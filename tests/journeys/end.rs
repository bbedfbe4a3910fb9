//! The end of a log: its last head is final, whoever submits is told, and the successor names it.

use crate::reader::number;
use crate::submitter::{Submitter, bytes, post};
use crate::successor::predecessor_named;
use demo::http;
use demo::town::{ORIGIN, Town};
use libtest_mimic::{Failed, Trial};
use serde_json::Value;

/// The trials.
pub fn trials() -> Vec<Trial> {
    vec![
        Trial::test(
            "a_log_that_ended_answers_reads_for_ever_and_its_successor_names_it",
            alone,
        ),
        Trial::test(
            "the_last_head_of_a_log_with_witnesses_is_cosigned_and_needs_them_no_more",
            with_witnesses,
        ),
    ]
}

/// Ends the stopped log; answers what the program says.
fn end(town: &Town) -> Result<Value, Failed> {
    let said = town
        .notarylog(["end", "log", "--confirm", ORIGIN, "--json"])?
        .done()?;
    Ok(serde_json::from_str(&said.stdout)?)
}

fn alone() -> Result<(), Failed> {
    let mut town = Town::found(None)?;
    town.open_log()?;
    let bureau = Submitter::of(&town.enrol("bureau", "Bureau")?)?;
    let entry = |name| bureau.entry(bytes("tag", name), bytes("content", name));
    assert_eq!(post(town.url(), &entry(0))?.status, 200);
    let running = town.notarylog(["end", "log", "--confirm", ORIGIN])?.said;
    assert_eq!(running.code, 5, "it is not stopped: {running:?}");
    town.close_log()?;
    let other = town
        .notarylog(["end", "log", "--confirm", "log.example.org/other"])?
        .said;
    assert_eq!(other.code, 2, "{other:?}");
    assert!(other.stderr.contains("nothing was done"), "{other:?}");

    let said = end(&town)?;
    let size = number(&said, "size")?;
    assert_eq!(number(&said, "entry")?, size - 1, "{said}");
    let last = std::fs::read(town.log_folder().join("final-checkpoint"))?;
    // Once more it changes nothing.
    assert_eq!(end(&town)?, said);
    for late in ["late", "later"] {
        town.open_log()?;
        let info = town.get("/v1/log")?.json();
        assert_eq!(info["state"], "ended", "{info}");
        assert_eq!(number(&info["logged"], "size")?, size);
        assert_eq!(town.get("/checkpoint")?.body, last);
        for again in [0, 1] {
            let answer = post(town.url(), &entry(again))?;
            assert_eq!(answer.status, 410, "{}", answer.text());
            assert!(answer.text().contains("log-ended"), "{}", answer.text());
        }
        for index in [0, size - 1] {
            assert_eq!(town.get(&format!("/v1/receipts/{index}"))?.status, 200);
        }
        let ready = http::get(town.admin_url(), "/readyz")?;
        assert_eq!(ready.status, 200, "{}", ready.text());
        let refused = town.enrol(late, "Late Bureau").map(drop);
        assert!(refused.is_err_and(|error| error.to_string().contains("has ended")));
        town.notarylog(["check", town.url()])?.done()?;
        town.close_log()?;
    }
    town.notarylog(["check", "log"])?.done()?;
    let rows = town.notarylog(["audit", "log"])?.done()?.stdout;
    let before = size - 1;
    assert!(
        rows.contains(&format!("The log was ended, at {before} entries.")),
        "{rows}"
    );

    let new = [
        "init",
        "next",
        "--origin",
        "log.town.example/next",
        "--predecessor",
        "log/final-checkpoint",
        "--listen",
        "127.0.0.1:0",
        "--admin-listen",
        "127.0.0.1:0",
    ];
    town.notarylog(new)?.done()?;
    let named = predecessor_named(&town)?;
    assert_eq!(
        (&named["origin"], &named["root"]),
        (&ORIGIN.into(), &said["root"])
    );
    assert_eq!(number(&named, "size")?, size);
    Ok(())
}

fn with_witnesses() -> Result<(), Failed> {
    let mut town = Town::found_with_witnesses(None)?;
    town.open_log()?;
    town.log_serves()?;
    let bureau = Submitter::of(&town.enrol("bureau", "Bureau")?)?;
    let entry = bureau.entry(bytes("tag", 0), bytes("content", 0));
    let answer = post(town.url(), &entry)?;
    assert!([200, 202].contains(&answer.status), "{}", answer.text());
    town.close_log()?;
    let size = number(&end(&town)?, "size")?;
    town.close_witnesses()?;
    let last = std::fs::read_to_string(town.log_folder().join("final-checkpoint"))?;
    let lines = last.lines().filter(|line| line.starts_with("— witness"));
    assert!(lines.count() >= 4, "{last}");
    town.open_log()?;
    let info = town.get("/v1/log")?.json();
    assert_eq!(info["state"], "ended", "{info}");
    let shown = town.get("/checkpoint")?.text();
    assert_eq!(
        shown.lines().take(3).collect::<Vec<_>>(),
        last.lines().take(3).collect::<Vec<_>>()
    );
    assert_eq!(town.get(&format!("/v1/receipts/{}", size - 1))?.status, 200);
    assert_eq!(post(town.url(), &entry)?.status, 410);
    town.close_log()?;
    town.notarylog(["check", "log"])?.done()?;
    Ok(())
}
