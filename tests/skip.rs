//! Tests that need a program which a newcomer may not have.

use libtest_mimic::Failed;

/// Whether `program` is there. If not, the test called `name` says that it is skipped; under `CI=true` it fails instead,
/// since there everything is installed and a skipped test proves nothing.
pub fn found(name: &str, program: &str) -> Result<bool, Failed> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|folder| folder.join(program).is_file());
    let ci = std::env::var("CI").is_ok_and(|value| value == "true");
    verdict(name, program, found, ci)
}

fn verdict(name: &str, program: &str, found: bool, ci: bool) -> Result<bool, Failed> {
    if found {
        return Ok(true);
    }
    if ci {
        return Err(format!("{name}: {program} not found, and CI=true").into());
    }
    println!("SKIPPED {name}: {program} not found");
    Ok(false)
}

/// The trials of this rule itself.
pub fn trials() -> Vec<libtest_mimic::Trial> {
    vec![libtest_mimic::Trial::test(
        "a_missing_program_skips_a_test_at_home_and_fails_it_in_ci",
        || {
            assert_eq!(verdict("t", "sh", true, true).ok(), Some(true));
            assert_eq!(
                verdict("(this rule's own test)", "no-such-program", false, false).ok(),
                Some(false)
            );
            assert!(verdict("t", "no-such-program", false, true).is_err());
            Ok(())
        },
    )]
}
