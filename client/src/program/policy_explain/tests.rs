#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

use super::explain;
use crate::program::answer::Answer;
use serde_json::{Value, json};
use std::fmt::Write as _;
use tlog::{KeyKind, KeyName, Vkey};
use words::Lang;

fn vkey(name: &str, kind: KeyKind, secret: u8) -> Vkey {
    let ed25519 = ed25519_dalek::SigningKey::from_bytes(&[secret; 32]).verifying_key();
    let material = match kind {
        KeyKind::MlDsa44 => vec![secret; 1312],
        _ => ed25519.as_bytes().to_vec(),
    };
    Vkey::new(KeyName::new(name).unwrap(), kind, &material).unwrap()
}

/// A policy of five operators of two keys each, as `notarylog witness policy` writes it, up to the groups.
fn five() -> String {
    let mut text = format!("log {}\n", vkey("log.example", KeyKind::Ed25519, 1));
    for (secret, name) in (2..).zip(["justice", "notary", "court", "bar", "press"]) {
        let key_name = format!("{name}.example");
        for (ending, kind) in [("ed", KeyKind::Cosignature), ("pq", KeyKind::MlDsa44)] {
            let vkey = vkey(&key_name, kind, secret);
            writeln!(
                text,
                "witness {name}.{ending} {vkey} https://{name}.example"
            )
            .unwrap();
        }
    }
    text
}

fn grouped(threshold: &str) -> String {
    let mut text = five();
    for name in ["justice", "notary", "court", "bar", "press"] {
        writeln!(text, "group {name} all {name}.ed {name}.pq").unwrap();
    }
    text + &format!("group q {threshold} justice notary court bar press\nquorum q\n")
}

fn explained(policy: &str, superiors: &[&str], lang: Lang) -> Answer {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("policy");
    std::fs::write(&file, policy).unwrap();
    let superiors: Vec<String> = superiors.iter().map(ToString::to_string).collect();
    explain(&file, &superiors, lang).unwrap()
}

fn warnings(policy: &str, superiors: &[&str]) -> Vec<String> {
    let json = explained(policy, superiors, Lang::En).json;
    let warnings = json["warnings"].as_array().unwrap();
    warnings
        .iter()
        .map(|warning| warning["code"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn four_of_five_operators_are_explained_in_both_languages() {
    let superiors = ["justice bureau=justice,notary"];
    let english = explained(&grouped("4"), &superiors, Lang::En);
    assert_eq!(
        english.text,
        "\
witness     justice: justice.example, Ed25519 cosignature (0x04) and ML-DSA-44 (0x06), https://justice.example
witness     notary: notary.example, Ed25519 cosignature (0x04) and ML-DSA-44 (0x06), https://notary.example
witness     court: court.example, Ed25519 cosignature (0x04) and ML-DSA-44 (0x06), https://court.example
witness     bar: bar.example, Ed25519 cosignature (0x04) and ML-DSA-44 (0x06), https://bar.example
witness     press: press.example, Ed25519 cosignature (0x04) and ML-DSA-44 (0x06), https://press.example
5 operators are asked, and at least 4 of them must confirm.
Two histories cannot both be confirmed while no more than 2 of the operators lie.
Whoever reads the heads of all operators sees a fork while no more than 3 of them lie.
1 of them may be out at the same time, and entries are still witnessed.
Those who answer to justice bureau (justice, notary) cannot together have two histories confirmed.
Without those who answer to justice bureau nothing is witnessed."
    );
    let chinese = explained(&grouped("4"), &superiors, Lang::Zh).text;
    let sentences: Vec<&str> = chinese.lines().skip(5).collect();
    assert_eq!(
        sentences,
        [
            "共向 5 家运行方请求见证，至少需 4 家确认。",
            "说谎的运行方不超过 2 家时，两个互相矛盾的版本不可能都得到确认。",
            "说谎的不超过 3 家时，读取全部运行方日志头的人能发现分叉。",
            "同时停机不超过 1 家时，登记仍能得到见证。",
            "受 justice bureau 领导的各家（justice、notary）合起来也不能让两个版本都得到确认。",
            "没有受 justice bureau 领导的各家，任何登记都得不到见证。",
        ]
    );
}

#[test]
fn a_program_reads_the_strength_and_the_superiors() {
    let json = explained(&grouped("4"), &["x=justice.ed,court,press"], Lang::En).json;
    assert_eq!(json["schema"], "notarylog/policy-strength/1");
    assert_eq!(
        json["strength"],
        json!({ "operators": 5, "smallest_quorum": 4, "forks_prevented": 2, "forks_detected": 3,
            "outages_borne": 1 })
    );
    assert_eq!(
        json["superiors"],
        json!([{ "name": "x", "operators": ["justice", "court", "press"], "at_most": 2, "can_fork": true,
            "can_stop": true, "is_quorum": false }])
    );
    assert_eq!(
        json["operators"][1]["keys"],
        json!(["notary.ed", "notary.pq"])
    );
}

#[test]
fn what_is_unwise_is_warned_of() {
    let none: [&str; 0] = [];
    assert_eq!(warnings(&grouped("4"), &[]), none);
    assert_eq!(
        warnings(&grouped("3"), &[]),
        ["FORK_NOT_PREVENTED"],
        "a plain majority"
    );
    assert_eq!(warnings(&grouped("2"), &[]), ["FORK_BY_LOG_ALONE"]);
    assert_eq!(
        warnings(&grouped("4"), &["x=justice,notary,court"]),
        ["SUPERIOR_TOO_MANY"]
    );
    let flat = five()
        + "group q 4 justice.ed justice.pq notary.ed notary.pq court.ed court.pq\nquorum q\n";
    let found = warnings(&flat, &[]);
    let (many, rest) = found.split_at(3);
    assert_eq!(
        many, ["MANY_VOTES"; 3],
        "one operator with two keys counts twice"
    );
    assert_eq!(rest, ["NO_SAY", "NO_SAY", "FORK_NOT_PREVENTED"]);
    assert!(warnings(&grouped("any"), &[]).contains(&"ANY_IS_ENOUGH".to_owned()));
    let own = five().replace(
        &vkey("press.example", KeyKind::Cosignature, 6).to_string(),
        &vkey("press.example", KeyKind::Cosignature, 1).to_string(),
    );
    assert_eq!(
        warnings(&(own + "group q all press.ed press.pq\nquorum q\n"), &[]),
        [
            "NO_SAY",
            "NO_SAY",
            "NO_SAY",
            "NO_SAY",
            "LOG_IS_WITNESS",
            "FORK_NOT_PREVENTED"
        ],
        "a log that watches itself"
    );
    assert_eq!(
        warnings(&(five() + "quorum none\n"), &[]).last().unwrap(),
        "UNWITNESSED"
    );
}

#[test]
fn more_operators_than_are_searched_are_said_to_be_too_many() {
    let mut text = format!("log {}\n", vkey("log.example", KeyKind::Ed25519, 1));
    let mut names = String::new();
    for number in 2..23u8 {
        let name = format!("w{number}");
        let vkey = vkey(&name, KeyKind::Cosignature, number);
        writeln!(text, "witness {name} {vkey}").unwrap();
        names = names + " " + &name;
    }
    let text = text + &format!("group q 15{names}\nquorum q\n");
    let json = explained(&text, &[], Lang::En).json;
    assert_eq!(json["strength"], Value::Null);
    assert_eq!(json["warnings"][0]["code"], "STRENGTH_UNKNOWN");
}

#[test]
fn a_superior_of_nobody_is_a_mistake_of_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("policy");
    std::fs::write(&file, grouped("4")).unwrap();
    for superior in ["x", "x=", "x=justice,nobody"] {
        let failure = explain(&file, &[superior.to_owned()], Lang::En).unwrap_err();
        assert_eq!(failure.exit, words::Exit::Usage, "{superior}");
    }
}
