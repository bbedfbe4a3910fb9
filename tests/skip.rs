//! Tests that need a program which a newcomer may not have.

use libtest_mimic::{Failed, Trial};

/// The trials of this rule itself.
pub fn trials() -> Vec<Trial> {
    vec![Trial::test(
        "a_missing_program_skips_a_test_at_home_and_fails_it_in_ci",
        || {
            assert_eq!(verdict(true, true), Verdict::Run);
            assert_eq!(verdict(true, false), Verdict::Run);
            assert_eq!(verdict(false, false), Verdict::Skip);
            assert_eq!(verdict(false, true), Verdict::Fail);
            assert!(is_there("sh") && !is_there("no-such-program"));
            Ok(())
        },
    )]
}

/// Whether `program` is there. If not, the test called `name` says that it is skipped; under `CI=true` it fails instead,
/// since there everything is installed and a skipped test proves nothing.
pub fn found(name: &str, program: &str) -> Result<bool, Failed> {
    let ci = std::env::var("CI").is_ok_and(|value| value == "true");
    match verdict(is_there(program), ci) {
        Verdict::Run => Ok(true),
        Verdict::Skip => {
            println!("SKIPPED {name}: {program} not found");
            Ok(false)
        }
        Verdict::Fail => Err(format!("{name}: {program} not found, and CI=true").into()),
    }
}

/// The same for a program that judges files of ours for somebody else's system and is no part of a usual machine: where it
/// is not, the test says that it is skipped, also under `CI=true`.
pub fn found_by_chance(name: &str, program: &str) -> bool {
    let found = is_there(program);
    if !found {
        println!("SKIPPED {name}: {program} not found");
    }
    found
}

#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Run,
    Skip,
    Fail,
}

fn verdict(found: bool, ci: bool) -> Verdict {
    match (found, ci) {
        (true, _) => Verdict::Run,
        (false, false) => Verdict::Skip,
        (false, true) => Verdict::Fail,
    }
}

fn is_there(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}
