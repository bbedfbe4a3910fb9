//! Vectors of policies: the file, the quorum, the judgement of a note; and what no vector says.

use crate::aws_lc::Both;
use crate::forge::file;
use crate::judgement::{Because, written};
use crate::keys::{TOWN, TestKey, checkpoint, log, witness};
use crate::vectors::{self, Refused};
use crate::{policy_file, policy_judge};
use std::fmt::Write as _;
use tlog::{
    Hash, KeyKind, KeyName, Member, Note, POLICY_BYTES_MAX, POLICY_LINES_MAX, Policy, PolicyFault,
    PolicyWarning, Quorum, Refusal, Vkey,
};

#[test]
fn a_policy_is_read_to_the_octet() {
    let about = "`policy` (or the octets `policy_hex`) is a policy file with these `logs`, `witnesses`, `groups` and this `quorum`; `line` is where the fault is.";
    let spec = ["https://c2sp.org/tlog-policy"];
    file("policy/policy", about, &spec, &policy_file::cases());
    vectors::check("policy/policy", |case| {
        let octets = case.optional("policy").map_or_else(
            || case.bytes("policy_hex"),
            |policy| policy.as_bytes().to_vec(),
        );
        let policy = Policy::parse(&octets).map_err(|malformed| {
            assert_eq!(malformed.line.to_string(), case.text("line"), "{malformed}");
            Because::new(format!("{:?}", malformed.what))
        })?;
        assert_eq!(policy.text(), octets);
        assert_eq!(policy.fingerprint(), Hash::of(&octets));
        let told = told(&policy);
        ["logs", "witnesses", "groups", "quorum"]
            .iter()
            .zip(told)
            .try_for_each(|(member, told)| {
                Refused::unless_equal(
                    &told,
                    &case.texts(member).iter().map(ToString::to_string).collect(),
                )
            })
    });
}

#[test]
fn a_quorum_counts_members_of_groups() {
    let about = "The witnesses `cosigned`, by their names in `policy`, are a quorum.";
    let spec = ["https://c2sp.org/tlog-policy#defining-a-witness-group"];
    file("policy/quorum", about, &spec, &policy_file::quorum_cases());
    vectors::check("policy/quorum", |case| {
        let policy = Policy::parse(case.text("policy").as_bytes())?;
        let names = case.texts("cosigned");
        let cosigned: Vec<bool> = policy
            .witnesses()
            .iter()
            .map(|witness| names.contains(&witness.name().as_str().unwrap()))
            .collect();
        if policy.is_met_by(&cosigned) {
            Ok(())
        } else {
            Err(Because::new("Quorum").into())
        }
    });
}

#[test]
fn a_policy_judges_a_note() {
    let about = "`policy` accepts `note`, knowing `also` these keys of the log; `log` and `cosigned` are the lines that verified.";
    let spec = [
        "https://c2sp.org/tlog-policy#what-is-a-policy",
        "https://c2sp.org/signed-note#signatures",
    ];
    file("policy/judge", about, &spec, &policy_judge::cases());
    vectors::check("policy/judge", |case| {
        let policy = Policy::parse(case.text("policy").as_bytes())?;
        let note = Note::parse(case.text("note").as_bytes())?;
        let also: Vec<Vkey> = case
            .texts("also")
            .iter()
            .map(|vkey| Vkey::parse(vkey).unwrap())
            .collect();
        let verdict = policy
            .judge_with(&note, &also, &Both)
            .map_err(Because::from)?;
        assert_eq!(verdict.note(), &note);
        let owned = |texts: Vec<&str>| texts.iter().map(ToString::to_string).collect();
        let log: Vec<String> = verdict.log_lines().iter().map(written).collect();
        Refused::unless_equal(&log, &owned(case.texts("log")))?;
        let cosigned: Vec<String> = verdict.cosignatures().iter().map(written).collect();
        Refused::unless_equal(&cosigned, &owned(case.texts("cosigned")))
    });
}

#[test]
fn more_than_32_logs_witnesses_and_groups_are_read() {
    let mut text = String::new();
    for i in 0..40 {
        let log = TestKey::new(&format!("log.example/{i}"), KeyKind::MlDsa44);
        let witness = TestKey::new(&format!("witness.example/{i}"), KeyKind::MlDsa44);
        writeln!(text, "log {}", log.vkey).unwrap();
        writeln!(text, "witness w{i} {} https://w{i}.example/", witness.vkey).unwrap();
        let below = if i == 0 {
            String::new()
        } else {
            format!(" g{}", i - 1)
        };
        writeln!(text, "group g{i} all w{i}{below}").unwrap();
    }
    text.push_str("quorum g39\n");
    let policy = Policy::parse(text.as_bytes()).unwrap();
    assert_eq!(policy.logs().len(), 40);
    assert_eq!(policy.groups().len(), 40);
    assert!(policy.is_met_by(&[true; 40]));
    let mut all_but_the_deepest = [true; 40];
    all_but_the_deepest[0] = false;
    assert!(!policy.is_met_by(&all_but_the_deepest));
    assert!(!policy.is_met_by(&[]));
}

#[test]
fn a_file_beyond_its_limits_is_refused() {
    let full = format!("{}quorum none\n", "#\n".repeat(POLICY_LINES_MAX - 1));
    assert!(Policy::parse(full.as_bytes()).is_ok());
    let over = Policy::parse(format!("\n{full}").as_bytes()).unwrap_err();
    assert_eq!(
        (over.line, over.what),
        (POLICY_LINES_MAX + 1, PolicyFault::TooManyLines)
    );
    let comment = "#".repeat(POLICY_BYTES_MAX - 13);
    let full = format!("{comment}\nquorum none\n");
    assert_eq!(full.len(), POLICY_BYTES_MAX);
    assert!(Policy::parse(full.as_bytes()).is_ok());
    let over = Policy::parse(format!("#{full}").as_bytes()).unwrap_err();
    assert_eq!(over.what, PolicyFault::TooLarge);
}

#[test]
fn a_policy_for_a_log_without_witnesses_is_written_and_read() {
    let town = log(TOWN);
    let policy = Policy::unwitnessed(&town.ml_dsa.vkey, Some("https://log.example/town/")).unwrap();
    assert_eq!(
        policy.to_string(),
        format!(
            "log {} https://log.example/town/\nquorum none\n",
            town.ml_dsa.vkey
        )
    );
    assert!(policy.is_unwitnessed());
    assert_eq!(policy.quorum(), Quorum::None);
    assert!(policy.judge(&town.note(&checkpoint(), &[]), &Both).is_ok());
    for bad in ["https://a b", "https://a\nquorum none", "x\u{7f}"] {
        assert!(
            Policy::unwitnessed(&town.ml_dsa.vkey, Some(bad)).is_err(),
            "{bad:?}"
        );
    }
    assert!(Policy::unwitnessed(&witness('a').vkey, None).is_err());
    assert!(Policy::unwitnessed(&town.ed25519.vkey, None).is_ok());
}

#[test]
fn a_key_that_is_log_and_witness_is_a_warning() {
    let key = TestKey::new(TOWN, KeyKind::MlDsa44);
    let text = format!("log {0}\nwitness self {0}\nquorum self\n", key.vkey);
    let policy = Policy::parse(text.as_bytes()).unwrap();
    assert_eq!(
        policy.warnings(),
        [PolicyWarning::LogIsWitness { log: 0, witness: 0 }]
    );
    // The same Ed25519 key under the two kinds is the same key.
    let ed = TestKey::new(TOWN, KeyKind::Ed25519);
    let name = KeyName::new("witness.example/x").unwrap();
    let cosigner = Vkey::new(name, KeyKind::Cosignature, ed.vkey.material()).unwrap();
    let text = format!("log {}\nwitness x {cosigner}\nquorum x\n", ed.vkey);
    assert_eq!(Policy::parse(text.as_bytes()).unwrap().warnings().len(), 1);
    let text = format!(
        "log {}\nwitness a {}\nquorum a\n",
        ed.vkey,
        witness('a').vkey
    );
    assert!(
        Policy::parse(text.as_bytes())
            .unwrap()
            .warnings()
            .is_empty()
    );
}

#[test]
fn two_keys_that_share_a_name_and_an_id_are_refused() {
    // Found among 67,763 test keys: an id has 32 bits.
    let twins = [
        "witness.example/twin+36562399+BDGAk34J711k/rK6NtCruUGOkh8Nnf/F7QX0g1LY/iHm",
        "witness.example/twin+36562399+BA42R89hmr2mEe4ydvynKaVT+mPQthJCfHZoQhTcLatw",
    ];
    let text = format!("witness A {}\nwitness B {}\nquorum A\n", twins[0], twins[1]);
    let malformed = Policy::parse(text.as_bytes()).unwrap_err();
    assert_eq!(
        (malformed.line, malformed.what),
        (2, PolicyFault::AmbiguousKey(1))
    );
}

#[test]
fn a_caller_may_require_a_kind_that_the_policy_does_not_list() {
    let town = log(TOWN);
    let policy = Policy::unwitnessed(&town.ml_dsa.vkey, None).unwrap();
    let note = town.note(&checkpoint(), &[]);
    let plain = policy.judge(&note, &Both).unwrap();
    assert_eq!(plain.log_kinds().collect::<Vec<_>>(), [KeyKind::MlDsa44]);
    assert_eq!(
        plain.require_log_kind(KeyKind::TreeHead),
        Err(Refusal::MissingLogKind(KeyKind::TreeHead))
    );
    let also = [town.ed25519.vkey.clone(), town.tree_head.vkey.clone()];
    let verdict = policy.judge_with(&note, &also, &Both).unwrap();
    assert!(verdict.require_log_kind(KeyKind::TreeHead).is_ok());
    assert!(verdict.require_log_kind(KeyKind::Ed25519).is_ok());
}

/// What a policy says, as the vectors tell it.
fn told(policy: &Policy) -> [Vec<String>; 4] {
    let name = |member: &Member| match *member {
        Member::Witness(index) => policy.witnesses()[index].name().to_string(),
        Member::Group(index) => policy.groups()[index].name().to_string(),
    };
    let url = |url: Option<&tlog::Octets>| url.map_or(String::new(), |url| format!(" {url}"));
    [
        policy
            .logs()
            .iter()
            .map(|log| format!("{}{}", log.vkey().name(), url(log.url())))
            .collect(),
        policy
            .witnesses()
            .iter()
            .map(|w| format!("{} {}{}", w.name(), w.vkey().name(), url(w.url())))
            .collect(),
        policy
            .groups()
            .iter()
            .map(|group| {
                let members: Vec<String> = group.members().iter().map(name).collect();
                format!(
                    "{} {} {}",
                    group.name(),
                    group.threshold(),
                    members.join(" ")
                )
            })
            .collect(),
        vec![match policy.quorum() {
            Quorum::None => String::from("none"),
            Quorum::Of(member) => name(&member),
        }],
    ]
}
