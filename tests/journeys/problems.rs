//! Every problem that the log can answer with is met by a test: here those that the other journeys do not meet, and the
//! comparison when all are through.

use crate::backup::copy;
use crate::submitter::{Submitter, bytes, post};
use demo::http;
use demo::town::Town;
use libtest_mimic::{Failed, Trial};
use notarylog::http::problems;
use serde_json::Value;
use service::ProblemKind;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// The trials.
pub fn trials() -> Vec<Trial> {
    vec![
        Trial::test(
            "questions_that_the_log_cannot_answer_are_refused_in_words",
            questions,
        ),
        Trial::test(
            "a_notice_that_the_admins_did_not_sign_or_that_does_not_follow_is_refused",
            notices,
        ),
        Trial::test(
            "two_histories_make_the_log_read_only_and_it_says_why",
            read_only,
        ),
        Trial::test("a_lost_tile_fails_its_own_path_and_no_other", lost_tile),
    ]
}

/// What is judged when all journeys are through: what they were really told.
pub fn afterwards() -> Vec<Trial> {
    vec![Trial::test(
        "the_journeys_were_told_every_problem_that_a_request_can_bring_about",
        all_met,
    )]
}

fn all_met() -> Result<(), Failed> {
    let met = http::problems_met();
    let slugs = |kinds: &[&ProblemKind]| -> BTreeSet<String> {
        kinds.iter().map(|kind| kind.slug.to_owned()).collect()
    };
    // The tests beside the list bring about the faults, and ask the log's own routes under each.
    let missed = &(&slugs(problems::ALL) - &slugs(problems::OF_FAULTS)) - &met;
    if !missed.is_empty() {
        return Err(format!("no journey was told {missed:?}").into());
    }
    // Journeys ask witnesses too, each of whom has a page of its own.
    let of_log = slugs(&problems::every().collect::<Vec<_>>());
    let listed = &of_log | &slugs(notarylog_witness::http::problems::ALL);
    let unlisted = &met - &listed;
    if !unlisted.is_empty() {
        return Err(
            format!("journeys were told problems that no page explains: {unlisted:?}").into(),
        );
    }
    Ok(())
}

fn expect(town: &Town, path: &str, status: u16, slug: &str) -> Result<(), Failed> {
    let answer = town.get(path)?;
    if (answer.status, answer.problem().as_deref()) == (status, Some(slug)) {
        Ok(())
    } else {
        Err(format!("{path}: {} {}", answer.status, answer.text()).into())
    }
}

fn questions() -> Result<(), Failed> {
    let mut town = Town::found(None)?;
    let config = town.log_folder().join("notarylog.toml");
    let text = std::fs::read_to_string(&config)?;
    std::fs::write(&config, format!("leaf-lookup = \"false\"\n{text}"))?;
    town.open_log()?;
    let nobody = "00".repeat(32);
    expect(&town, "/v1/receipts/99", 404, "not-stored")?;
    expect(
        &town,
        &format!("/v1/receipts?slot={nobody}"),
        404,
        "not-stored",
    )?;
    expect(
        &town,
        &format!("/v1/receipts?hash={nobody}"),
        404,
        "lookup-off",
    )?;
    expect(&town, &format!("/v1/notices/{nobody}"), 404, "not-stored")?;
    expect(&town, "/v1/receipts?slot=xyz", 400, "malformed-query")?;
    expect(&town, "/v1/receipts", 400, "malformed-query")?;
    expect(
        &town,
        "/v1/proofs/inclusion?index=0&size=99",
        400,
        "out-of-range",
    )?;
    expect(
        &town,
        "/v1/proofs/consistency?old=2&new=1",
        400,
        "out-of-range",
    )?;
    expect(
        &town,
        "/ct/v1/get-entries?start=5&end=9",
        400,
        "out-of-range",
    )?;
    expect(&town, "/tile/0/x000", 404, "not-found")?;
    let bureau = Submitter::of(&town.enrol("bureau", "Bureau")?)?;
    let entry = bureau.entry(bytes("tag", 0), bytes("commitment", 0));
    let answer = http::post(
        town.url(),
        "/v1/entries?wait=witnessed",
        "application/octet-stream",
        &entry,
    )?;
    assert_eq!(
        (answer.status, answer.problem().as_deref()),
        (400, Some("wait-unsupported"))
    );
    let home = town.home("supervisor")?;
    home.notary(["key", "new", "key.pem"])?.done()?;
    town.admin(
        [
            "bureau",
            "enrol",
            "--name",
            "Supervisor",
            "--role",
            "supervise",
            "--key",
        ],
        &home.path("key.pem"),
    )?
    .done()?;
    let supervisor = Submitter::with_key(&home, "key.pem")?;
    let answer = post(
        town.url(),
        &supervisor.entry(bytes("tag", 0), bytes("commitment", 0)),
    )?;
    assert_eq!(
        (answer.status, answer.problem().as_deref()),
        (403, Some("wrong-role"))
    );
    Ok(())
}

fn notices() -> Result<(), Failed> {
    let mut town = Town::found(None)?;
    town.open_log()?;
    town.enrol("bureau", "Bureau")?;
    let listed = town.get("/v1/notices")?.json();
    let enrolment = listed
        .pointer("/notices/1/sha256")
        .and_then(Value::as_str)
        .ok_or("no enrolment is listed")?;
    let document = town.get(&format!("/v1/notices/{enrolment}"))?.text();
    let send = |document: &str| {
        http::post(
            town.url(),
            "/v1/notices",
            "application/json",
            document.as_bytes(),
        )
    };

    let again = send(&document)?;
    assert_eq!(
        again.status,
        200,
        "the same notice has the same place: {}",
        again.text()
    );
    assert_eq!(
        again.json().pointer("/results/0/index"),
        Some(&Value::from(1))
    );

    let spaced = document.replacen(',', ", ", 1);
    let malformed = send(&spaced)?;
    assert_eq!(
        (malformed.status, malformed.problem().as_deref()),
        (400, Some("malformed-notice"))
    );

    let old = document.replace("\"name\":\"Bureau\"", "\"name\":\"Other\"");
    let out_of_order = send(&old)?;
    assert_eq!(
        (out_of_order.status, out_of_order.problem().as_deref()),
        (409, Some("notice-out-of-order"))
    );
    assert_eq!(out_of_order.json().get("next_seq"), Some(&Value::from(2)));

    let next = old.replace("\"seq\":1", "\"seq\":2").replace(
        &format!(
            "\"prev\":\"{}\"",
            listed
                .pointer("/notices/0/sha256")
                .and_then(Value::as_str)
                .unwrap_or_default()
        ),
        &format!("\"prev\":\"{enrolment}\""),
    );
    let unsigned = send(&next)?;
    assert_eq!(
        (unsigned.status, unsigned.problem().as_deref()),
        (403, Some("refused-notice")),
        "{}",
        unsigned.text()
    );
    Ok(())
}

fn read_only() -> Result<(), Failed> {
    let mut town = Town::found(None)?;
    town.open_log()?;
    let bureau = Submitter::of(&town.enrol("bureau", "Bureau")?)?;
    town.close_log()?;
    let (log, anchor, aside) = (
        town.log_folder(),
        town.folder().join("anchor"),
        town.folder().join("aside"),
    );
    copy(&log, &aside.join("log"))?;
    copy(&anchor, &aside.join("anchor"))?;
    // One history: its journal is kept.
    town.open_log()?;
    assert_eq!(
        post(town.url(), &bureau.entry(bytes("tag", 1), bytes("one", 1)))?.status,
        200
    );
    town.close_log()?;
    copy(&anchor, &aside.join("other"))?;
    // Another history, from the same restored copy; then the journal of the first comes back.
    for (part, to) in [("log", &log), ("anchor", &anchor)] {
        std::fs::remove_dir_all(to)?;
        copy(&aside.join(part), to)?;
    }
    town.open_log()?;
    assert_eq!(
        post(town.url(), &bureau.entry(bytes("tag", 1), bytes("two", 1)))?.status,
        200
    );
    town.close_log()?;
    std::fs::remove_dir_all(&anchor)?;
    copy(&aside.join("other"), &anchor)?;
    town.open_log()?;
    let about = town.get("/v1/log")?.json();
    assert_eq!(
        about.get("state").and_then(Value::as_str),
        Some("read-only")
    );
    let why = about.get("why").and_then(Value::as_str).unwrap_or_default();
    assert!(why.contains("two different histories"), "{why}");
    let refused = post(
        town.url(),
        &bureau.entry(bytes("tag", 2), bytes("three", 1)),
    )?;
    assert_eq!(
        (refused.status, refused.problem().as_deref()),
        (503, Some("read-only"))
    );
    assert!(refused.header("retry-after").is_some());
    assert_eq!(
        town.get("/tile/entries/000.p/3")?.status,
        200,
        "reads go on"
    );
    let ready = http::get(town.admin_url(), "/readyz")?;
    assert_eq!(ready.status, 503);
    Ok(())
}

fn lost_tile() -> Result<(), Failed> {
    let mut town = Town::found(None)?;
    town.open_log()?;
    let bureau = Submitter::of(&town.enrol("bureau", "Bureau")?)?;
    let entries: Vec<u8> = (0..600)
        .flat_map(|number| bureau.entry(bytes("tag", number), bytes("commitment", number)))
        .collect();
    assert_eq!(post(town.url(), &entries)?.status, 200);
    let tile = town.log_folder().join("tiles/tile/0/001");
    let patience = Instant::now() + Duration::from_secs(30);
    while !tile.exists() || !stored(&town)? {
        if Instant::now() > patience {
            return Err("the full tiles were not stored".into());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    std::fs::remove_file(&tile)?;
    expect(&town, "/tile/0/001", 500, "stored-data-lost")?;
    assert_eq!(town.get("/tile/0/000")?.status, 200);
    assert_eq!(town.get("/checkpoint")?.status, 200);
    Ok(())
}

/// Whether the log has moved its mark past two full tiles, so that they are read from their files.
fn stored(town: &Town) -> Result<bool, Failed> {
    let metrics = http::get(town.admin_url(), "/metrics")?.text();
    Ok(metrics
        .lines()
        .any(|line| line == "notarylog_stored_size 512"))
}
