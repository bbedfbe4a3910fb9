//! A stranger with Python's standard library and openssl, and none of our code, checks the log by HTTP.

use crate::liar::{self, Lie};
use crate::skip;
use crate::submitter::{Submitter, bytes, post};
use demo::town::Town;
use libtest_mimic::{Failed, Trial};
use std::process::Command;

const NAME: &str =
    "a_stranger_without_our_code_finds_an_honest_log_whole_and_every_changed_answer_wrong";

/// The trials.
pub fn trials() -> Vec<Trial> {
    vec![
        Trial::test(NAME, stranger),
        Trial::test(WITNESSED, witnessed_log),
    ]
}

const WITNESSED: &str = "a_stranger_without_our_code_verifies_the_witnesses_of_a_log_too";

fn witnessed_log() -> Result<(), Failed> {
    for program in ["python3", "openssl"] {
        if !skip::found(WITNESSED, program)? {
            return Ok(());
        }
    }
    let mut town = Town::found_with_witnesses(None)?;
    town.open_log()?;
    town.log_serves()?;
    town.enrol("bureau", "Bureau")?;
    let (code, words) = check(town.url())?;
    assert_eq!(code, Some(0), "{words}");
    let cosigned = words.matches(" of 5 witnesses, Ed25519 verified: ").count();
    assert_eq!(cosigned, 2, "checkpoint and receipt: {words}");

    let lie = Lie {
        path: "/checkpoint",
        behind: "\n\u{2014} witness.town.example/",
        skip: 60,
    };
    let (code, words) = check(&liar::between(town.url(), &lie)?)?;
    assert_eq!(code, Some(1), "{words}");
    assert!(words.contains("WRONG: the cosignature by "), "{words}");
    Ok(())
}

fn stranger() -> Result<(), Failed> {
    for program in ["python3", "openssl"] {
        if !skip::found(NAME, program)? {
            return Ok(());
        }
    }
    let mut town = Town::found(None)?;
    town.open_log()?;
    let bureau = Submitter::of(&town.enrol("bureau", "Bureau")?)?;
    for numbers in [0..1, 1..300] {
        let entry = |n| bureau.entry(bytes("tag", n), bytes("commitment", n));
        let body: Vec<u8> = numbers.flat_map(entry).collect();
        assert_eq!(post(town.url(), &body)?.status, 200);
    }
    let (code, words) = check(town.url())?;
    assert_eq!(code, Some(0), "{words}");
    assert!(words.contains("302 entries"), "{words}");
    assert!(words.ends_with("All of it holds.\n"), "{words}");

    // One byte of each kind of answer, changed on the way: the script must see it, or it proves nothing.
    for (path, behind, skip) in [
        ("/checkpoint", "\n302\n", 5),
        ("/checkpoint", "\n\u{2014} log.town.example/demo ", 20),
        ("/ct/v1/get-sth", "\"timestamp\":", 10),
        ("/ct/v1/get-sth", "\"tree_head_signature\":\"", 30),
        ("/tile/entries/000", "", 5_000),
        ("/tile/0/000", "", 5_000),
        ("/tile/0/001.p/46", "", 500),
        ("/tile/1/000.p/1", "", 5),
        ("/v1/receipts/301?newest=1", "extra ", 50),
        ("/v1/receipts/301?newest=1", "\nindex 301\n", 5),
    ] {
        let lie = Lie { path, behind, skip };
        let (code, words) = check(&liar::between(town.url(), &lie)?)?;
        assert_eq!(code, Some(1), "{lie:?}: {words}");
        assert!(words.contains("\nWRONG: "), "{lie:?}: {words}");
    }
    Ok(())
}

fn check(url: &str) -> Result<(Option<i32>, String), Failed> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stranger.py");
    let said = Command::new("python3").args([script, url]).output()?;
    let words = [said.stdout, said.stderr].concat();
    Ok((said.status.code(), String::from_utf8(words)?))
}
