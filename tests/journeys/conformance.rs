//! The conformance suite finds nothing at our witness, and at a wrong one its mistake: in the cases that it touches and
//! in no other.

use crate::witness_house::{WitnessHouse, done};
use crate::wrong_witness::{Mistake, WrongWitness};
use demo::person::Person;
use demo::process::{Said, ask};
use libtest_mimic::{Failed, Trial};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use tlog::Vkey;

/// The trials.
pub fn trials() -> Vec<Trial> {
    vec![
        Trial::test("our_witness_passes_its_conformance_suite", ours),
        Trial::test(
            "a_witness_with_a_certificate_passes_its_suite_over_https",
            over_https,
        ),
        Trial::test(
            "the_suite_finds_each_mistake_of_a_witness_and_no_other",
            mistakes,
        ),
        Trial::test("a_suite_that_cannot_be_played_says_so", not_played),
        Trial::test("the_logs_of_the_suite_are_told_as_witnesses_are_told", told),
    ]
}

fn ours() -> Result<(), Failed> {
    let mut house = WitnessHouse::found()?;
    let config = house.dir().join("witness.toml");
    let bare = std::fs::read_to_string(&config)?;
    for suffix in ["", "again"] {
        let logs = logs(&house.beside(""), "ours", suffix)?;
        std::fs::write(&config, format!("{bare}{logs}"))?;
        house.open(&["--first-run"])?;
        let url = house.url();
        let mut args = vec!["--monitoring", url, "--strict", "--suffix", suffix];
        let said = done(play(&house.beside(""), url, house.vkeys(), &args)?)?;
        assert!(said.stdout.contains(" 0 failed, 0 differ"), "{said:?}");
        assert!(said.stdout.contains(" 0 skipped, 0 could"), "{said:?}");
        // The same logs once more: the witness remembers them, which is no fault of it.
        args.extend(["--only", "proof"]);
        let again = play(&house.beside(""), url, house.vkeys(), &args)?;
        assert_eq!(again.code, 5, "{again:?}");
        assert!(again.stderr.contains("--suffix"), "{again:?}");
        house.close()?;
    }
    Ok(())
}

fn over_https() -> Result<(), Failed> {
    let mut house = WitnessHouse::found()?;
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["127.0.0.1".to_owned()])?;
    let (certificate, key) = (house.beside("chain.pem"), house.beside("key.pem"));
    std::fs::write(&certificate, cert.pem())?;
    std::fs::write(&key, signing_key.serialize_pem())?;
    std::fs::set_permissions(&key, Permissions::from_mode(0o600))?;
    let config = house.dir().join("witness.toml");
    let tls = "tls-certificate = \"../chain.pem\"\ntls-key = \"../key.pem\"\n";
    let (bare, logs) = (
        std::fs::read_to_string(&config)?,
        logs(&house.beside(""), "ours", "")?,
    );
    std::fs::write(&config, format!("{tls}{bare}{logs}"))?;
    house.open(&["--first-run"])?;
    let url = house.url();
    assert!(url.starts_with("https://"), "{url}");
    let play = |trusted: Option<&Path>| -> Result<_, Failed> {
        let mut command = Person::Witness.command()?;
        command.args(["conformance", url, "--strict", "--monitoring", url]);
        for vkey in house.vkeys() {
            command.args(["--vkey", &vkey.to_string()]);
        }
        if let Some(trusted) = trusted {
            command.env("SSL_CERT_FILE", trusted);
        }
        Ok(command.output()?)
    };
    let stranger = play(None)?;
    assert_eq!(stranger.status.code(), Some(5), "{stranger:?}");
    let trusting = play(Some(&certificate))?;
    let said = String::from_utf8_lossy(&trusting.stdout);
    assert!(trusting.status.success(), "{said}");
    // Over HTTP/2 all requests share a connection; the one case that counts connections is left out.
    assert!(said.contains(" 0 failed, 0 differ"), "{said}");
    assert!(said.contains(" 1 skipped, 0 could"), "{said}");
    house.close()
}

fn not_played() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let (url, vkeys) = WrongWitness::open(Mistake::None, &[])?;
    let said = play(folder.path(), "http://127.0.0.1:1", &vkeys, &[])?;
    assert_eq!(said.code, 5, "nobody is there: {said:?}");
    let said = play(folder.path(), &url, &vkeys, &[])?;
    assert_eq!(said.code, 5, "no log is enrolled: {said:?}");
    assert!(said.stderr.contains("conformance logs"), "{said:?}");
    for wrong in [["--only", "no such case"], ["--suffix", "a+b"]] {
        assert_eq!(play(folder.path(), &url, &vkeys, &wrong)?.code, 2);
    }
    Ok(())
}

fn told() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let has = |format, suffix, needle: &str| -> Result<(), Failed> {
        let logs = logs(folder.path(), format, suffix)?;
        assert!(logs.starts_with("# TEST KEYS"), "{logs}");
        assert!(logs.contains(needle), "{logs}");
        Ok(())
    };
    let log = "conformance.notarylog.example/a-first-contact";
    has("ours", "", &format!("\n  \"{log}+"))?;
    has("yaml", "", "Logs:\n  - Origin: ")?;
    has("yaml", "", &format!("    PublicKey: {log}+"))?;
    has(
        "witnessctl",
        "",
        &format!("witnessctl add-log -origin {log}\n"),
    )?;
    has(
        "witnessctl",
        "",
        &format!("witnessctl add-key -origin {log} -key {log}+"),
    )?;
    has("network", "", &format!("\nvkey {log}+"))?;
    has("network", "7", &format!("\nvkey {log}/7+"))
}

fn mistakes() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let logs = logs(folder.path(), "ours", "")?;
    let vkeys = logs.split('"').filter(|word| word.contains('+'));
    let vkeys = vkeys.map(Vkey::parse).collect::<Result<Vec<_>, _>>()?;
    let mut wrong = Vec::new();
    for (mistake, verdicts) in FOUND {
        let (url, own) = WrongWitness::open(*mistake, &vkeys)?;
        let said = play(folder.path(), &url, &own, &["--json", "--monitoring", &url])?;
        let found = found(&said)?;
        let expected: BTreeMap<String, String> = verdicts
            .iter()
            .map(|(name, verdict)| ((*name).to_owned(), (*verdict).to_owned()))
            .collect();
        let fails = expected.values().any(|verdict| verdict == FAILED);
        if found != expected || said.code != i32::from(fails) {
            wrong.push(format!("{mistake:?}: exit {}, {found:#?}", said.code));
        }
    }
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(wrong.join("\n").into())
    }
}

/// The cases that did not pass, and their verdicts.
fn found(said: &Said) -> Result<BTreeMap<String, String>, Failed> {
    let mut found = BTreeMap::new();
    for line in said.stdout.lines() {
        let line: Value = serde_json::from_str(line)?;
        if let (Some(name), Some(verdict)) = (line["name"].as_str(), line["verdict"].as_str())
            && verdict != "passed"
        {
            found.insert(name.to_owned(), verdict.to_owned());
        }
    }
    Ok(found)
}

/// Plays the suite.
fn play(dir: &Path, url: &str, vkeys: &[Vkey], options: &[&str]) -> Result<Said, Failed> {
    let vkeys: Vec<String> = vkeys.iter().map(ToString::to_string).collect();
    let mut args = vec!["conformance", url];
    for vkey in &vkeys {
        args.extend(["--vkey", vkey]);
    }
    args.extend(options);
    Ok(ask(Person::Witness, args, dir)?)
}

/// What enrols the logs of the suite.
fn logs(dir: &Path, format: &str, suffix: &str) -> Result<String, Failed> {
    let args = [
        "conformance",
        "logs",
        "--format",
        format,
        "--suffix",
        suffix,
    ];
    Ok(done(ask(Person::Witness, args, dir)?)?.stdout)
}

const FAILED: &str = "failed";
const DIFFERS: &str = "differs";

/// What the suite finds at a witness with this mistake: all of it, and nothing else.
const FOUND: &[(Mistake, &[(&str, &str)])] = &[
    (Mistake::None, &[]),
    (
        Mistake::ForgetsToCompareAndSwap,
        &[
            ("eight first contacts at once", FAILED),
            ("eight times the same step at once", FAILED),
            (
                "two steps from one size, eight times, and no size rolls back",
                FAILED,
            ),
            ("two trees of one size at once", FAILED),
        ],
    ),
    (Mistake::TellsItsSizeAsPlainText, CONFLICTS),
    (Mistake::TellsItsSizeWithoutNewline, CONFLICTS),
    (
        Mistake::SignsAnotherRootOfTheSameSize,
        &[
            ("the cosigned checkpoint after a fork was refused", FAILED),
            ("the same size with another root", FAILED),
        ],
    ),
    (
        Mistake::AcceptsABadSignatureBesideAGoodOne,
        &[
            ("a bad and a good signature by one key of the log", FAILED),
            ("a good and a bad signature by one key of the log", FAILED),
            ("two keys of a log, the first signature bad", FAILED),
            ("two keys of a log, the second signature bad", FAILED),
        ],
    ),
    (
        Mistake::AcceptsOtherSpellingsOfTheOldSize,
        &[
            ("a malformed old size before a bad signature", DIFFERS),
            ("a malformed old size before an unknown origin", DIFFERS),
            ("a space after the old size", FAILED),
            ("an old size line that ends in CR and LF", FAILED),
            ("an old size of two zeroes", FAILED),
            ("an old size with a leading zero", FAILED),
            ("an old size with a plus sign", FAILED),
            ("two spaces before the old size", FAILED),
            ("words after the old size", FAILED),
        ],
    ),
    (
        Mistake::OmitsTheTime,
        &[
            ("a cosignature by ML-DSA-44", DIFFERS),
            ("the cosignature of a first contact", FAILED),
            ("the cosignature of a larger tree", FAILED),
            ("the cosignature of extension lines", FAILED),
            ("the cosignature of the empty tree", FAILED),
            ("the cosignature of the same size again", FAILED),
            ("the cosigned checkpoint after a fork was refused", FAILED),
            ("the first cosigned checkpoint", FAILED),
            ("the newest cosigned checkpoint", FAILED),
            ("times that do not go back", DIFFERS),
        ],
    ),
    (
        Mistake::SignsExtensionLinesByMlDsa,
        &[("the cosignature of extension lines", FAILED)],
    ),
    (
        Mistake::GoesOnFromAnySizeThatItSigned,
        &[
            ("a log that asks for the recorded size with zero", FAILED),
            ("an old size below the recorded one", FAILED),
            ("another recorded size before a proof from zero", DIFFERS),
            (
                "another recorded size before another root of the empty tree",
                DIFFERS,
            ),
            ("eight first contacts at once", FAILED),
            ("eight times the same step at once", FAILED),
            ("the same first contact twice", FAILED),
            (
                "two steps from one size, eight times, and no size rolls back",
                FAILED,
            ),
            ("two trees of one size at once", FAILED),
        ],
    ),
    (
        Mistake::AnswersNotFoundForALogWithoutState,
        &[
            ("a first contact with an old size", FAILED),
            (
                "a first contact with the checkpoint's size as the old",
                FAILED,
            ),
            ("a log that was asked for and never cosigned", FAILED),
        ],
    ),
    (
        Mistake::AcceptsAProofFromZero,
        &[
            ("a proof from the old size zero", FAILED),
            ("the empty tree with a proof", FAILED),
            ("the proof of another step from the old size zero", FAILED),
        ],
    ),
    (
        Mistake::AcceptsAProofToTheSameSize,
        &[
            ("the same size with a proof line", FAILED),
            ("the same size with the root as its proof", FAILED),
        ],
    ),
    (
        Mistake::AcceptsAnyRootOfTheEmptyTree,
        &[
            ("the empty tree with 32 zero bytes as its root", FAILED),
            ("the empty tree with another root", FAILED),
        ],
    ),
    (
        Mistake::TellsItsSizeToStrangers,
        &[
            ("a bad signature before an old size above", DIFFERS),
            ("a bad signature before another recorded size", DIFFERS),
            ("an old size above before another recorded size", DIFFERS),
        ],
    ),
    (
        Mistake::ClosesEveryConnection,
        &[("three requests on one connection", DIFFERS)],
    ),
    (
        Mistake::ShowsMonitorsNoLineOfItsOwn,
        &[
            ("the cosigned checkpoint after a fork was refused", FAILED),
            ("the first cosigned checkpoint", FAILED),
            ("the newest cosigned checkpoint", FAILED),
        ],
    ),
];

/// The cases in which a 409 is looked at.
const CONFLICTS: &[(&str, &str)] = &[
    ("a checkpoint smaller than the recorded one", FAILED),
    ("a first contact with an old size", FAILED),
    (
        "a first contact with the checkpoint's size as the old",
        FAILED,
    ),
    ("a log that asks for the recorded size with zero", FAILED),
    ("a log that was asked for and never cosigned", FAILED),
    ("a recorded size of several digits", FAILED),
    ("an old size above the recorded one", FAILED),
    ("an old size below the recorded one", FAILED),
    ("another recorded size before a proof from zero", DIFFERS),
    ("another recorded size before a wrong proof", DIFFERS),
    (
        "another recorded size before another root of that size",
        DIFFERS,
    ),
    (
        "another recorded size before another root of the empty tree",
        DIFFERS,
    ),
    ("eight first contacts at once", FAILED),
    ("eight times the same step at once", FAILED),
    ("the same first contact twice", FAILED),
    (
        "two steps from one size, eight times, and no size rolls back",
        FAILED,
    ),
    ("two trees of one size at once", FAILED),
];
