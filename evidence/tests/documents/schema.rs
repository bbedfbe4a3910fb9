//! The published schemas are those of the code, and judge as the code does.

use crate::log::{self, TestKey};
use crate::sample;
use evidence::{
    CaseFile, Handle, KeyEnrol, KeyRevoke, KeyRotate, Line, NoticeBody, Operator, PolicyText,
    RevocationReason, Role,
};
use jsonschema::Validator;
use serde_json::{Map, Value, json};
use std::{env, fs, path::PathBuf};

fn schema(name: &str) -> Validator {
    let (_, schema) = evidence::schemas()
        .into_iter()
        .find(|(file, _)| *file == name)
        .unwrap();
    jsonschema::draft202012::new(&schema).unwrap()
}

fn assert_valid(schema: &Validator, instance: &Value) {
    let errors: Vec<String> = schema
        .iter_errors(instance)
        .map(|error| format!("{} at {}", error, error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

/// BLESS=1 rewrites the files.
#[test]
fn the_published_schemas_are_those_of_the_code() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../schemas");
    for (name, schema) in evidence::schemas() {
        assert!(jsonschema::draft202012::meta::is_valid(&schema), "{name}");
        let text = serde_json::to_string_pretty(&sorted(&schema)).unwrap() + "\n";
        let path = folder.join(name);
        if env::var_os("BLESS").is_some() {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&path, &text).unwrap();
        }
        let published = fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(
            published, text,
            "schemas/{name} is not what the code says: run this test with BLESS=1 and read the difference"
        );
    }
}

/// Whatever features other crates switch on, members stand in one order.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(name, _)| *name);
            members
                .into_iter()
                .map(|(name, value)| (name.clone(), sorted(value)))
                .collect::<Map<_, _>>()
                .into()
        }
        Value::Array(values) => values.iter().map(sorted).collect(),
        other => other.clone(),
    }
}

#[test]
fn the_record_schema_accepts_what_the_code_accepts() {
    let schema = schema("evidence-record.schema.json");
    assert_valid(&schema, &sample::recording_value());
    let note = serde_json::from_slice(&sample::note().to_canonical()).unwrap();
    assert_valid(&schema, &note);
}

#[test]
fn the_record_schema_lets_nothing_unknown_in_and_misses_what_is_missing() {
    let schema = schema("evidence-record.schema.json");
    let mut checked = 0;
    for pointer in sample::objects(&sample::recording_value(), "") {
        let change = |change: &dyn Fn(&mut Map<String, Value>)| {
            let mut value = sample::recording_value();
            change(
                value
                    .pointer_mut(&pointer)
                    .unwrap()
                    .as_object_mut()
                    .unwrap(),
            );
            schema.is_valid(&value)
        };
        assert!(change(&|_| ()));
        let more = change(&|members| {
            members.insert("officer_name".to_owned(), json!("张某"));
        });
        assert!(!more, "officer_name in {pointer}");
        let value = sample::recording_value();
        for name in value.pointer(&pointer).unwrap().as_object().unwrap().keys() {
            let less = change(&|members| {
                members.remove(name);
            });
            assert!(!less, "no {pointer}/{name}");
            checked += 1;
        }
    }
    assert!(checked > 100);
}

#[test]
fn the_record_schema_refuses_what_the_code_refuses() {
    let schema = schema("evidence-record.schema.json");
    for (pointer, bad) in [
        ("/hdr/kind", json!("seal")),
        ("/hdr/action", json!("张某")),
        ("/hdr/item/code", json!("av-06")),
        ("/hdr/plan", json!("sha256:41c0")),
        ("/hdr/t_recv", json!("2026-06-11T02:02:06Z")),
        ("/hdr/t_recv", Value::Null),
        ("/hdr/device/battery_pct", json!([83])),
        ("/hdr/device/battery_pct", json!([83, 101])),
        ("/hdr/interest", json!([])),
        ("/body/file/name", json!("a/b.mp4")),
        ("/body/file/media_type", json!("video")),
        ("/body/file/bytes", json!(-1)),
        ("/body/file/bytes", json!(9_007_199_254_740_992_u64)),
        ("/body/place/lat_e7", json!(900_000_001)),
    ] {
        let mut value = sample::recording_value();
        *value.pointer_mut(pointer).unwrap() = bad.clone();
        assert!(!schema.is_valid(&value), "{pointer} {bad}");
    }
}

#[test]
fn the_notice_schema_judges_notices_as_the_code_does() {
    let schema = schema("notice.schema.json");
    let registry = log::registry();
    let bodies = [
        NoticeBody::KeyEnrol(KeyEnrol {
            bureau: None,
            name: "Bureau".to_owned(),
            roles: vec![Role::Submit],
            spki: TestKey::new(10).spki(),
        }),
        NoticeBody::KeyRotate(KeyRotate {
            key: TestKey::new(10).id(),
            roles: vec![Role::Submit, Role::Vrf],
            spki: TestKey::new(11).spki(),
        }),
        NoticeBody::KeyRevoke(KeyRevoke {
            key: TestKey::new(10).id(),
            reason: RevocationReason::Lost,
        }),
        NoticeBody::Policy(PolicyText {
            policy: "quorum none\n".to_owned(),
        }),
    ];
    let mut notices: Vec<_> = bodies
        .into_iter()
        .map(|body| log::notice(&registry, body))
        .collect();
    notices.push(log::genesis());
    let diary = NoticeBody::Operator(Operator {
        detail: Map::new(),
        event: "restored".to_owned(),
    });
    notices.push(log::draft(&registry, diary).into_notice(vec![]).unwrap());

    for notice in &notices {
        let value: Value = serde_json::from_slice(notice.as_bytes()).unwrap();
        assert_valid(&schema, &value);
        let pointers = ["", "/body"];
        for pointer in pointers {
            let mut unknown = value.clone();
            unknown.pointer_mut(pointer).unwrap()["more"] = json!(1);
            assert!(!schema.is_valid(&unknown), "{unknown}");
        }
        for (member, bad) in [
            ("v", json!(2)),
            ("type", json!("key.lend")),
            ("seq", json!(-1)),
            ("effective", json!("tomorrow")),
            ("prev", json!("00")),
            ("admins", json!([{}])),
        ] {
            let mut value = value.clone();
            value[member] = bad;
            assert!(!schema.is_valid(&value), "{value}");
        }
    }
}

#[test]
fn the_case_schema_accepts_what_the_code_writes() {
    let schema = schema("case.schema.json");
    let case = CaseFile {
        number: Line::new("苏市监案〔2026〕00417号").unwrap(),
        bureau: None,
        handle: Handle::new([7; 32]),
        next: 3,
    };
    let bytes = case.to_bytes();
    assert_valid(&schema, &serde_json::from_slice(&bytes).unwrap());
    assert_eq!(CaseFile::parse(&bytes).unwrap().next, 3);
}
