//! Writes vector files: each forge says its cases in code, and the files are what the forges make.

use serde_json::{Map, Value};
use std::fmt::Write as _;
use std::{env, fs};

/// One case to be: its inputs, what it should answer, and whether it should be accepted.
#[derive(Clone)]
pub struct Case(Vec<(&'static str, Value)>);

/// A case of this name.
pub fn case(name: &str) -> Case {
    Case(vec![("name", name.into())])
}

impl Case {
    /// With this input or answer.
    pub fn with(mut self, member: &'static str, value: impl Into<Value>) -> Self {
        self.0.push((member, value.into()));
        self
    }

    /// With these bytes, in hex.
    pub fn with_bytes(self, member: &'static str, bytes: impl AsRef<[u8]>) -> Self {
        self.with(member, hex::encode(bytes))
    }

    /// To be accepted.
    pub fn ok(self) -> Self {
        self.with("expect", "ok")
    }

    /// To be refused, for this reason.
    pub fn refused(self, because: &str) -> Self {
        self.with("expect", "refused").with("because", because)
    }
}

/// Holds the file, named like `note/vkey`, against what the forge makes; with `WRITE_VECTORS=1` writes it.
pub fn file(name: &str, about: &str, spec: &[&str], cases: &[Case]) {
    let mut text = String::from("{\n");
    writeln!(text, "  \"about\": {},", Value::from(about)).unwrap();
    let spec: Vec<String> = spec
        .iter()
        .map(|&spec| Value::from(spec).to_string())
        .collect();
    writeln!(text, "  \"spec\": [{}],\n  \"cases\": [", spec.join(", ")).unwrap();
    let cases: Vec<String> = cases.iter().map(line).collect();
    writeln!(text, "{}\n  ]\n}}", cases.join(",\n")).unwrap();
    serde_json::from_str::<Map<String, Value>>(&text).unwrap();
    let path = format!(
        "{}/../tests/vectors/{name}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    if env::var_os("WRITE_VECTORS").is_some() {
        fs::write(&path, &text).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == text,
        "{name}.json is not what the forge makes: run the tests once with WRITE_VECTORS=1"
    );
}

fn line(Case(members): &Case) -> String {
    let members: Vec<String> = members
        .iter()
        .map(|(member, value)| format!("{}: {value}", Value::from(*member)))
        .collect();
    format!("    {{{}}}", members.join(", "))
}
