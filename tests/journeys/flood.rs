//! Floods within the rules of HTTP: of one bureau, and of strangers. Each is told when to come again; others are served.

use crate::attacked::Attacked;
use crate::submitter::{SIGNATURE_AT, Submitter, bytes, post};
use demo::http::{Answer, send};
use demo::town::Town;
use libtest_mimic::{Failed, Trial};

/// The trials.
pub fn trials() -> Vec<Trial> {
    vec![
        Trial::test(
            "a_flood_of_one_bureau_is_told_when_to_come_again_and_another_is_served",
            bureau,
        ),
        Trial::test(
            "a_flood_of_a_stranger_takes_nothing_from_a_bureau_whose_entries_it_sends",
            stranger,
        ),
    ]
}

/// A log with these options and two bureaus.
fn town(options: &str) -> Result<(Town, Submitter, Submitter), Failed> {
    let mut town = Town::found(None)?;
    let config = town.log_folder().join("notarylog.toml");
    let text = std::fs::read_to_string(&config)?;
    std::fs::write(&config, format!("{options}{text}"))?;
    town.open_log()?;
    let one = Submitter::of(&town.enrol("one", "One")?)?;
    let other = Submitter::of(&town.enrol("other", "Other")?)?;
    Ok((town, one, other))
}

/// As many entries as one request holds, from this number on.
fn batch(bureau: &Submitter, from: u64) -> Vec<u8> {
    let numbers = from..from + 1_024;
    numbers
        .flat_map(|number| bureau.entry(bytes("flood", number), bytes("commitment", number)))
        .collect()
}

/// 429, and a wait of at least so many seconds.
fn told_to_wait(answer: &Answer, quota: &str, at_least_s: u64) -> Result<(), Failed> {
    assert_eq!(
        (answer.status, answer.problem().as_deref()),
        (429, Some("too-many-requests")),
        "{}",
        answer.text()
    );
    let wait: u64 = answer.header("retry-after").ok_or("no wait")?.parse()?;
    assert!(wait >= at_least_s, "{wait}");
    assert_eq!(answer.json()["violated-policies"][0], quota);
    let policy = answer.header("ratelimit-policy").unwrap_or_default();
    assert!(policy.starts_with(&format!("\"{quota}\";q=")), "{policy}");
    Ok(())
}

fn bureau() -> Result<(), Failed> {
    let options = "rate-per-bureau = \"1\"\nburst-per-bureau = \"1024\"\n";
    let (town, flooding, good) = town(options)?;
    let attacked = Attacked::log(&town, &good)?;
    let first = post(town.url(), &batch(&flooding, 0))?;
    assert_eq!(first.status, 200, "{}", first.text());
    let standing = first.header("ratelimit").unwrap_or_default();
    assert!(standing.starts_with("\"bureau\";r=0;t="), "{standing}");
    for round in 1..6 {
        let again = post(town.url(), &batch(&flooding, round * 1_024))?;
        told_to_wait(&again, "bureau", 600)?;
    }
    attacked.outlasted()?;
    let checkpoint = town.get("/checkpoint")?.text();
    let size: u64 = checkpoint.lines().nth(1).ok_or("no size")?.parse()?;
    assert!(
        size < 1_024 * 2,
        "{size}: one burst, and what was beside it"
    );
    Ok(())
}

fn stranger() -> Result<(), Failed> {
    let options = "rate-per-bureau = \"1\"\nburst-per-bureau = \"2048\"\n\
                   rate-per-address = \"1\"\nburst-per-address = \"5000\"\n\
                   trusted-proxy = [\"127.0.0.1\"]\n";
    let (town, victim, good) = town(options)?;
    let from = |address: &str, body: &[u8]| {
        let headers = [
            ("content-type", "application/octet-stream"),
            ("x-forwarded-for", address),
        ];
        send(town.url(), "POST", "/v1/entries", &headers, body)
    };
    let logged = batch(&victim, 0);
    assert_eq!(from("203.0.113.1", &logged)?.status, 200);
    let attacked = Attacked::log(&town, &good)?;
    // Everybody can read the victim's entries: the stranger sends them again and again, then forges some.
    let mut answers = Vec::new();
    for _ in 0..8 {
        answers.push(from("203.0.113.66", &logged)?);
    }
    let mut forged = logged.clone();
    for entry in forged.chunks_mut(162) {
        entry[SIGNATURE_AT - 1] ^= 1;
    }
    told_to_wait(&from("203.0.113.66", &forged)?, "address", 1)?;
    assert_eq!(answers[0].status, 200, "a few repetitions are no flood");
    // The victim has all that it had: its second burst passes, from its own address.
    let second = from("203.0.113.1", &batch(&victim, 1_024))?;
    assert_eq!(second.status, 200, "{}", second.text());
    attacked.outlasted()
}
