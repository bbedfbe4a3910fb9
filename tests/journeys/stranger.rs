//! A stranger with Python's standard library and openssl, and none of our code, checks the log by HTTP.

use crate::skip;
use crate::submitter::{Submitter, bytes, post};
use demo::town::Town;
use libtest_mimic::{Failed, Trial};
use std::process::Command;

const NAME: &str = "a_stranger_without_our_code_re_hashes_the_log_and_verifies_its_signatures";

/// The trials.
pub fn trials() -> Vec<Trial> {
    vec![Trial::test(NAME, stranger)]
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
    for body in [0..1, 1..300] {
        let body: Vec<u8> = body
            .flat_map(|n| bureau.entry(bytes("tag", n), bytes("commitment", n)))
            .collect();
        assert_eq!(post(town.url(), &body)?.status, 200);
    }
    let said = Command::new("python3")
        .args([
            concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stranger.py"),
            town.url(),
        ])
        .output()?;
    let words = String::from_utf8_lossy(&said.stdout);
    assert!(
        said.status.success(),
        "{words}{}",
        String::from_utf8_lossy(&said.stderr)
    );
    assert!(
        words.contains("302 entries") && words.ends_with("All of it holds.\n"),
        "{words}"
    );
    Ok(())
}
