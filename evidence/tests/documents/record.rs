//! Records: what is let in, and what a reader of one field learns of the others.

use crate::sample::{self, canonical, note, openers, recording, recording_value};
use evidence::{
    BadDisclosure, Disclosure, Half, HalfTree, MalformedDisclosure, MalformedJson, MalformedRecord,
    Openers, Record, Salt, SealedCommitment, Unsealable,
};
use serde_json::{Value, json};

fn refusal(change: impl FnOnce(&mut Value)) -> Option<MalformedRecord> {
    let mut value = recording_value();
    change(&mut value);
    Record::parse(&canonical(&value)).err()
}

#[test]
fn a_record_is_read_and_written_to_the_byte() {
    for record in [recording(), note()] {
        let bytes = record.to_canonical();
        assert_eq!(Record::parse(&bytes).unwrap(), record);
        assert_eq!(Record::parse(&bytes).unwrap().to_canonical(), bytes);
    }
    assert_eq!(
        recording().to_canonical(),
        canonical(&recording_value()),
        "nothing is lost or added"
    );
}

#[test]
fn nothing_unknown_is_let_into_any_object_of_a_record() {
    for pointer in sample::objects(&recording_value(), "") {
        let refusal = refusal(|value| {
            value.pointer_mut(&pointer).unwrap()["officer_name"] = json!("张某");
        });
        assert!(
            matches!(refusal, Some(MalformedRecord::Shape { .. })),
            "{pointer}: {refusal:?}"
        );
    }
}

#[test]
fn a_member_that_says_nothing_is_null_and_not_missing() {
    for pointer in sample::objects(&recording_value(), "") {
        let names: Vec<String> = recording_value()
            .pointer(&pointer)
            .and_then(Value::as_object)
            .unwrap()
            .keys()
            .cloned()
            .collect();
        for name in names {
            let refusal = refusal(|value| {
                let object = value.pointer_mut(&pointer).unwrap();
                object.as_object_mut().unwrap().remove(&name);
            });
            assert!(
                matches!(
                    refusal,
                    Some(MalformedRecord::Shape { .. } | MalformedRecord::MissingMember)
                ),
                "{pointer}/{name}: {refusal:?}"
            );
        }
    }
}

#[test]
fn what_the_schema_does_not_say_is_refused() {
    let bad: &[(&str, Value)] = &[
        ("/hdr/schema", json!("notarylog/evidence-record/2")),
        ("/hdr/kind", json!("seal")),
        ("/hdr/stage", json!("lunch")),
        ("/hdr/action", json!("张某")),
        ("/hdr/action", json!("")),
        ("/hdr/item/code", json!("av-06")),
        (
            "/hdr/plan",
            json!("sha256:41c0a3d2e5f60718293a4b5c6d7e8f90112233445566778899aabbccddeeff00"),
        ),
        (
            "/hdr/plan",
            json!("41C0A3D2E5F60718293A4B5C6D7E8F90112233445566778899AABBCCDDEEFF00"),
        ),
        ("/hdr/t_recv", json!("2026-06-11T02:02:06Z")),
        ("/hdr/t_recv", json!("2026-06-11T10:02:06.900+08:00")),
        ("/hdr/t_recv", Value::Null),
        ("/hdr/clock/source", json!("sundial")),
        ("/hdr/officer_count", json!("2")),
        ("/hdr/officer_count", json!(-1)),
        ("/hdr/id_shown", json!("true")),
        ("/hdr/device/battery_pct", json!([83])),
        ("/hdr/device/battery_pct", json!([83, 101])),
        ("/hdr/retention/class", json!("y3")),
        ("/hdr/retention/not_before_delete", json!("2026-02-30")),
        ("/hdr/training", json!(0)),
        ("/body/file/name", json!("a/b.mp4")),
        ("/body/file/media_type", json!("video")),
        ("/body/file/bytes", json!(-1)),
        ("/body/case_no", json!("a\nb")),
        ("/body/case_no", json!("")),
        (
            "/body/record_id",
            json!("0197645e-3c1a-7b52-9d0e-5a4f2c9b7e11"),
        ),
    ];
    for (pointer, bad) in bad {
        let refusal = refusal(|value| *value.pointer_mut(pointer).unwrap() = bad.clone());
        assert!(
            matches!(refusal, Some(MalformedRecord::Shape { .. })),
            "{pointer} {bad}: {refusal:?}"
        );
    }
}

#[test]
fn halves_that_contradict_each_other_or_themselves_are_refused() {
    let bad: &[(&str, Value, MalformedRecord)] = &[
        ("/hdr/interest", json!([]), MalformedRecord::Interest),
        (
            "/hdr/interest",
            json!(["none", "property"]),
            MalformedRecord::Interest,
        ),
        (
            "/hdr/interest",
            json!(["property", "liberty"]),
            MalformedRecord::Interest,
        ),
        (
            "/hdr/interest",
            json!(["property", "property"]),
            MalformedRecord::Interest,
        ),
        (
            "/hdr/t_end",
            json!("2026-06-11T01:32:04.119Z"),
            MalformedRecord::Times,
        ),
        ("/hdr/place/present", json!(false), MalformedRecord::Place),
        (
            "/hdr/place/absence",
            json!("no_fix"),
            MalformedRecord::Place,
        ),
        ("/body/place", Value::Null, MalformedRecord::Place),
        (
            "/body/place/lat_e7",
            json!(900_000_001),
            MalformedRecord::Place,
        ),
        (
            "/body/place/lon_e7",
            json!(-1_800_000_001),
            MalformedRecord::Place,
        ),
        ("/hdr/media", Value::Null, MalformedRecord::Media),
        ("/body/media", Value::Null, MalformedRecord::Media),
        (
            "/hdr/not_before/root",
            json!("5f0c6e2b7d8a9014"),
            MalformedRecord::NotBefore,
        ),
        (
            "/hdr/not_before/origin",
            json!(""),
            MalformedRecord::NotBefore,
        ),
        (
            "/body/legal_basis",
            json!(vec!["18"; 300]),
            MalformedRecord::Unsealable(Unsealable::TooManyLeaves),
        ),
        (
            "/body/file/bytes",
            json!(9_007_199_254_740_992_u64),
            MalformedRecord::Json(MalformedJson::IntegerTooLarge),
        ),
        (
            "/body/file/bytes",
            json!(1.5),
            MalformedRecord::Json(MalformedJson::NotAnInteger),
        ),
    ];
    for (pointer, bad, fault) in bad {
        let refusal = refusal(|value| *value.pointer_mut(pointer).unwrap() = bad.clone());
        assert_eq!(refusal, Some(*fault), "{pointer} {bad}");
    }
    let no_recording = refusal(|value| {
        value["hdr"]["media"] = Value::Null;
        value["body"]["media"] = Value::Null;
    });
    assert_eq!(no_recording, Some(MalformedRecord::Media));
}

#[test]
fn only_the_canonical_text_is_a_record() {
    let text = String::from_utf8(recording().to_canonical()).unwrap();
    let refusal = |text: &str| Record::parse(text.as_bytes()).err();
    let json = |fault| Some(MalformedRecord::Json(fault));
    assert_eq!(refusal(&text), None);
    assert_eq!(
        refusal(include_str!("recording.json")),
        json(MalformedJson::NotCanonical)
    );
    assert_eq!(
        refusal(&text.replacen("\"minor\":false", "\"minor\":true,\"minor\":false", 1)),
        json(MalformedJson::DuplicateMember)
    );
    assert_eq!(
        refusal(&"[".repeat(70_000)),
        json(MalformedJson::TooLarge(evidence::RECORD_LEN_MAX))
    );
}

#[test]
fn a_record_says_nothing_in_a_diary() {
    let text = format!("{:?} {:?}", recording(), recording().body());
    assert_eq!(text, "Record(media.final) RecordBody(confidential)");
}

fn all_disclosures(sealed: &evidence::SealedRecord) -> Vec<(Half, Disclosure)> {
    let of = |tree: &HalfTree| {
        tree.paths()
            .map(|path| (tree.half(), tree.disclose(path).unwrap()))
            .collect::<Vec<_>>()
    };
    [of(&sealed.hdr), of(&sealed.body)].concat()
}

#[test]
fn one_field_shown_alone_opens_no_other() {
    for record in [recording(), note()] {
        let openers = openers();
        let sealed = record.seal(&openers);
        let commitments = sealed.commitments();
        let disclosures = all_disclosures(&sealed);
        assert!(disclosures.len() > 40);

        for (half, shown) in &disclosures {
            let text = String::from_utf8(shown.to_bytes()).unwrap();
            let commit = match half {
                Half::Hdr => commitments.hdr_commit,
                Half::Body => commitments.body_commit,
            };
            let read = Disclosure::parse(text.as_bytes()).unwrap();
            assert_eq!(read.verify(&commit), Ok(()), "{text}");
            assert!(read.proof.len() <= 8);

            for secret in [openers.hdr.to_hex(), openers.body.to_hex()] {
                assert!(!text.contains(secret.as_str()), "an opener in {text}");
            }
            for (other_half, other) in &disclosures {
                if (other_half, &other.path) != (half, &shown.path) {
                    let salt = other.salt.to_string();
                    assert!(
                        !text.contains(&salt),
                        "the salt of {} in {text}",
                        other.path
                    );
                }
            }
        }
    }
}

#[test]
fn a_disclosure_proves_one_value_at_one_place_of_one_half() {
    let sealed = recording().seal(&openers());
    let SealedCommitment {
        hdr_commit,
        body_commit,
        ..
    } = sealed.commitments();
    let good = sealed.disclose(Half::Hdr, "/officer_count").unwrap();
    assert_eq!(good.value, json!(2));
    assert_eq!(good.verify(&hdr_commit), Ok(()));
    assert_eq!(good.verify(&body_commit), Err(BadDisclosure::Differs));

    let changed = |change: fn(&mut Disclosure)| {
        let mut changed = good.clone();
        change(&mut changed);
        changed.verify(&hdr_commit)
    };
    let differs = Err(BadDisclosure::Differs);
    assert_eq!(changed(|shown| shown.value = json!(3)), differs);
    assert_eq!(changed(|shown| shown.value = json!("2")), differs);
    assert_eq!(changed(|shown| shown.path = "/late".to_owned()), differs);
    assert_eq!(changed(|shown| shown.salt = Salt::new([0; 16])), differs);
    assert_eq!(changed(|shown| shown.half = Half::Body), differs);
    assert_eq!(changed(|shown| shown.index ^= 1), differs);
    let proof = Err(BadDisclosure::Proof);
    assert_eq!(changed(|shown| shown.index = shown.count), proof);
    assert_eq!(changed(|shown| shown.count = 0), proof);
    assert_eq!(
        changed(|shown| {
            shown.proof.pop();
        }),
        proof
    );
    assert_eq!(
        changed(|shown| shown.proof.push(tlog::Hash::EMPTY_ROOT)),
        proof
    );
}

#[test]
fn a_malformed_disclosure_is_refused() {
    let text = String::from_utf8(
        recording()
            .seal(&openers())
            .disclose(Half::Hdr, "/kind")
            .unwrap()
            .to_bytes(),
    )
    .unwrap();
    let refusal = |from: &str, to: &str| {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{from}");
        Disclosure::parse(changed.as_bytes()).err()
    };
    let shape = Some(MalformedDisclosure::Shape);
    assert_eq!(refusal("\"half\":\"hdr\"", "\"half\":\"foot\""), shape);
    assert_eq!(refusal("\"path\":\"/kind\",", ""), shape);
    assert_eq!(refusal("\"salt\":\"", "\"salt\":\"00"), shape);
    assert_eq!(refusal("\"proof\":[\"", "\"proof\":[\"00"), shape);
    assert_eq!(
        refusal("\"media.final\"", "[\"media.final\"]"),
        Some(MalformedDisclosure::Container)
    );
    assert_eq!(
        refusal("\"count\":", "\"count\":1000"),
        Some(MalformedDisclosure::Count)
    );
    assert_eq!(
        refusal("\"count\":", "\"count\":1,\"count\":"),
        Some(MalformedDisclosure::Json(MalformedJson::DuplicateMember))
    );
}

#[test]
fn every_field_and_both_openers_are_committed_to() {
    let base = recording().seal(&openers()).commitment();
    let Openers { hdr, body } = openers();
    let swapped = Openers {
        hdr: body,
        body: hdr,
    };
    assert_ne!(recording().seal(&swapped).commitment(), base);
    for pointer in ["/hdr/training", "/hdr/id_shown", "/body/persons/1/minor"] {
        let mut value = recording_value();
        let flag = value.pointer_mut(pointer).unwrap();
        *flag = json!(!flag.as_bool().unwrap());
        let record = Record::parse(&canonical(&value)).unwrap();
        assert_ne!(record.seal(&openers()).commitment(), base, "{pointer}");
    }
    assert_eq!(recording().seal(&openers()).commitment(), base);
}
