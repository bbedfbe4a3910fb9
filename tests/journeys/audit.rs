//! What an operator did is told by the log itself: in rows, and by the notices that name their chain.

use crate::reader::number;
use crate::submitter::{Submitter, bytes, post};
use demo::town::Town;
use libtest_mimic::{Failed, Trial};
use serde_json::Value;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};

/// The trials.
pub fn trials() -> Vec<Trial> {
    vec![
        Trial::test(
            "what_an_operator_did_is_told_by_rows_whose_head_a_notice_names",
            told,
        ),
        Trial::test(
            "a_row_that_is_changed_or_taken_out_behind_the_logs_back_is_named",
            changed,
        ),
    ]
}

/// What `notarylog audit` says of the log, as JSON, and whether the chain is whole.
fn rows(town: &Town) -> Result<(Value, bool), Failed> {
    let said = town.notarylog(["audit", "log", "--json"])?.said;
    assert!([0, 1].contains(&said.code), "{said:?}");
    Ok((serde_json::from_str(&said.stdout)?, said.code == 0))
}

fn actions(listed: &Value) -> Vec<&str> {
    let rows = listed["rows"].as_array().map(Vec::as_slice);
    let rows = rows.unwrap_or_default().iter();
    rows.filter_map(|row| row["action"].as_str()).collect()
}

/// A town whose log was started, has a bureau, and was stopped.
fn stopped() -> Result<Town, Failed> {
    let mut town = Town::found(None)?;
    town.open_log()?;
    town.enrol("bureau", "Bureau")?;
    town.close_log()?;
    Ok(town)
}

fn told() -> Result<(), Failed> {
    let mut town = Town::found(None)?;
    town.open_log()?;
    let bureau = Submitter::of(&town.enrol("bureau", "Bureau")?)?;
    let (running, is_whole) = rows(&town)?;
    assert!(is_whole && running["named"].is_null(), "{running}");
    town.close_log()?;

    let (listed, is_whole) = rows(&town)?;
    assert!(is_whole, "{listed}");
    let expected = [
        "notice.genesis",
        "start",
        "notice.key.enrol",
        "stop",
        "notice.operator",
    ];
    assert_eq!(actions(&listed), expected);
    // The notice is the entry behind the bureau's enrolment, and names the chain up to the stop.
    assert_eq!(number(&listed["named"], "entry")?, 2);
    assert_eq!(number(&listed["named"], "rows")?, 4);

    town.open_log()?;
    let notices = town.get("/v1/notices")?.json();
    let line = &notices["notices"][2];
    assert_eq!(line["type"], "operator", "{notices}");
    let address = line["sha256"].as_str().unwrap_or_default();
    let notice = town.get(&format!("/v1/notices/{address}"))?.json();
    assert_eq!(notice["body"]["event"], "audit", "{notice}");
    let detail = &notice["body"]["detail"];
    assert_eq!(detail["head"], listed["rows"][3]["hash"], "{notice}");
    assert_eq!(number(detail, "count")?, 4);
    assert!(detail["after"].is_null(), "{notice}");
    assert_eq!(listed["rows"][4]["subject"], address);
    // A stranger verifies the notice's signature and its place.
    town.notarylog(["check", town.url()])?.done()?;
    town.notarylog(["check", "log"])?.done()?;

    // The next stop follows on it.
    let entry = bureau.entry(bytes("audit", 0), bytes("content", 0));
    assert_eq!(
        number(&post(town.url(), &entry)?.json()["results"][0], "index")?,
        3
    );
    town.close_log()?;
    let (again, _) = rows(&town)?;
    assert_eq!(actions(&again)[5..], ["start", "stop", "notice.operator"]);
    assert_eq!(number(&again["named"], "rows")?, 7);
    let sentences = town.notarylog(["audit", "log"])?.done()?.stdout;
    assert!(
        sentences.contains("The process was told to stop, at 4 entries."),
        "{sentences}"
    );
    town.notarylog(["check", "log"])?.done()?;
    Ok(())
}

fn changed() -> Result<(), Failed> {
    let changes = [
        // As somebody would who does not know of the chain.
        (
            "UPDATE audit SET subject = '9' WHERE seq = 1",
            "audit row 1",
        ),
        // Whoever knows of it still cannot change what the notice names.
        ("DELETE FROM audit WHERE seq >= 2", "entry 2"),
        ("DELETE FROM audit", "entry 2"),
    ];
    let mut town = stopped()?;
    for (change, named) in changes {
        let database = town.log_folder().join("log.sqlite");
        let kept = std::fs::read(&database)?;
        alter(&town, change)?;
        let check = town.notarylog(["check", "log"])?.said;
        assert_eq!(check.code, 1, "{change}: {check:?}");
        assert!(check.stdout.contains(named), "{change}: {check:?}");
        let (listed, is_whole) = rows(&town)?;
        assert!(!is_whole, "{change}: {listed}");
        std::fs::write(&database, kept)?;
    }
    town.notarylog(["check", "log"])?.done()?;
    town.open_log()?;
    Ok(())
}

/// Changes the stopped log's database, whose own triggers would refuse it.
fn alter(town: &Town, statement: &'static str) -> Result<(), Failed> {
    let database = town.log_folder().join("log.sqlite");
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let options = SqliteConnectOptions::new().filename(database);
        let mut connection = options.connect().await?;
        let refused = sqlx::query(statement).execute(&mut connection).await;
        assert!(refused.is_err(), "a trigger refuses: {statement}");
        for trigger in [
            "DROP TRIGGER audit_is_never_changed",
            "DROP TRIGGER audit_is_never_taken_out",
            statement,
        ] {
            sqlx::query(trigger).execute(&mut connection).await?;
        }
        connection.close().await?;
        Ok(())
    })
}
