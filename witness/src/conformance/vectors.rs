//! The suite as files: `tests/vectors/witness` is what the suite makes.

use super::case::{Case, Expected, Step, Weight};
use super::suite::{FILES, suite};
use serde_json::{Value, json};
use std::{env, fs};

#[test]
fn the_files_are_what_the_suite_makes() {
    let cases = suite("");
    for (file, about) in FILES {
        let lines: Vec<String> = cases
            .iter()
            .filter(|case| case.file == file)
            .map(|case| format!("    {}", document(case)))
            .collect();
        let spec = json!(["https://c2sp.org/tlog-witness"]);
        let about = json!(about);
        let cases = lines.join(",\n");
        let text = format!(
            "{{\n  \"about\": {about},\n  \"spec\": {spec},\n  \"cases\": [\n{cases}\n  ]\n}}\n"
        );
        let path = format!(
            "{}/../tests/vectors/witness/{file}.json",
            env!("CARGO_MANIFEST_DIR")
        );
        if env::var_os("WRITE_VECTORS").is_some() {
            fs::write(&path, &text).unwrap();
        }
        let written = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            written == text,
            "{file}.json is not what the suite makes: run this test once with WRITE_VECTORS=1 and read the difference"
        );
    }
}

fn document(case: &Case) -> Value {
    let vkeys: Vec<String> = case.log.vkeys().iter().map(ToString::to_string).collect();
    let mut document = json!({
        "name": case.name,
        "paragraph": case.paragraph,
        "says": case.weight.word(),
        "origin": case.log.origin(),
        "vkeys": vkeys,
        "enrolled": case.enrolled,
        "steps": case.steps.iter().map(step).collect::<Vec<_>>(),
        "expect": if case.refuses() { "refused" } else { "ok" },
    });
    if case.weight == Weight::Ours {
        document["ours"] = true.into();
    }
    document
}

fn step(step: &Step) -> Value {
    match step {
        Step::Post { request, expected } => {
            let mut step = json!({"status": expected.status().to_string()});
            match std::str::from_utf8(request) {
                Ok(text) => step["post"] = text.into(),
                Err(_) => step["post_hex"] = hex::encode(request).into(),
            }
            match expected {
                Expected::Accepted | Expected::Refused(_) => {}
                Expected::Cosigned => step["lines"] = "cosignatures".into(),
                Expected::CosignedByMlDsa => {
                    step["lines"] = "cosignatures, one by ML-DSA-44".into();
                }
                Expected::CosignedInTime => step["lines"] = "cosignatures, in time".into(),
                Expected::Conflict(size) => {
                    step["content_type"] = "text/x.tlog.size".into();
                    step["body"] = format!("{size}\n").into();
                }
                Expected::Cut(_) => step["or"] = "cut".into(),
                Expected::Strict(_) => step["or"] = "overlooked".into(),
            }
            step
        }
        Step::Method { method, request } => {
            json!({"method": method, "request": request, "status": "no success"})
        }
        Step::Race { requests, then } => {
            let (race, sizes): (Vec<&String>, Vec<String>) = requests
                .iter()
                .map(|(request, size)| (request, size.to_string()))
                .unzip();
            json!({"race": race, "sizes": sizes, "then": then})
        }
        Step::KeepAlive { requests } => json!({"keep_alive": requests}),
        Step::Monitor { text } => {
            json!({"monitor": text, "status": if text.is_some() { "200" } else { "404" }})
        }
    }
}
