//! The fuzz targets, run here by proptest: over every text of the vectors, over what a fuzzer once found, and over both
//! with a few bytes spoilt.

#[path = "../fuzz/daemon_targets.rs"]
mod daemon_targets;
#[path = "../fuzz/targets.rs"]
mod targets;

use daemon_targets::DAEMON_TARGETS;
use libtest_mimic::{Failed, Trial};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestRunner};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use targets::{TARGETS, Target};

/// Inputs for each target: five seconds of a core for all targets.
const CASES: u32 = 1_000;
/// Spoilt places of one input.
const SPOILS_MAX: usize = 4;

/// The trials.
pub fn trials() -> Vec<Trial> {
    let of_target = |&(name, target): &(&'static str, Target)| {
        let test = format!("no_bytes_of_a_stranger_break_the_parser_of_{name}");
        Trial::test(test, move || never_breaks(target))
    };
    TARGETS
        .iter()
        .chain(DAEMON_TARGETS)
        .map(of_target)
        .collect()
}

/// Texts of the vectors, and their bytes where they are hex or base64; and what a fuzzer found.
static SEEDS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut seeds = Vec::new();
    for file in files(&root.join("tests/vectors")) {
        let bytes = std::fs::read(&file).unwrap_or_default();
        match serde_json::from_slice(&bytes) {
            Ok(document) => gather(&document, &mut seeds),
            Err(_) => seeds.push(bytes),
        }
    }
    seeds.extend(
        files(&root.join("fuzz/found"))
            .into_iter()
            .filter_map(|file| std::fs::read(file).ok()),
    );
    seeds
});

fn never_breaks(target: Target) -> Result<(), Failed> {
    if SEEDS.len() < 100 {
        return Err("the vectors are not there".into());
    }
    SEEDS.iter().for_each(|seed| target(seed));
    let config = Config {
        cases: CASES,
        failure_persistence: None,
        ..Config::default()
    };
    let mut runner = TestRunner::new(config);
    let spoilt = (
        select(SEEDS.as_slice()),
        prop::collection::vec((any::<Index>(), any::<Spoil>()), 1..=SPOILS_MAX),
    );
    runner
        .run(&spoilt, |(mut bytes, spoils)| {
            for (at, spoil) in spoils {
                spoil.apply(&mut bytes, at);
            }
            target(&bytes);
            Ok(())
        })
        .map_err(|error| error.to_string())?;
    Ok(())
}

/// What can be done to one place of a text.
#[derive(Clone, Debug)]
enum Spoil {
    Set(u8),
    Insert(Vec<u8>),
    Remove(usize),
    Repeat(usize),
    Cut,
}

impl Arbitrary for Spoil {
    type Parameters = ();
    type Strategy = BoxedStrategy<Self>;

    fn arbitrary_with((): ()) -> Self::Strategy {
        // Bytes that mean something to one of the formats, before any.
        let byte = prop_oneof![
            select(b"\n\r\t \0+-=/.0919aAxp{}[]\",:\\\xe2".as_slice()),
            any::<u8>()
        ];
        prop_oneof![
            byte.clone().prop_map(Self::Set),
            prop::collection::vec(byte, 1..5).prop_map(Self::Insert),
            (1..40_usize).prop_map(Self::Remove),
            (1..200_usize).prop_map(Self::Repeat),
            Just(Self::Cut),
        ]
        .boxed()
    }
}

impl Spoil {
    fn apply(self, bytes: &mut Vec<u8>, at: Index) {
        if bytes.is_empty() {
            bytes.push(b'\n');
        }
        let at = at.index(bytes.len());
        let end = |length: usize| (at + length).min(bytes.len());
        match self {
            Self::Set(byte) => bytes[at] = byte,
            Self::Insert(more) => drop(bytes.splice(at..at, more)),
            Self::Remove(length) => drop(bytes.drain(at..end(length))),
            Self::Repeat(length) => {
                let again = bytes[at..end(length)].to_vec();
                drop(bytes.splice(at..at, again));
            }
            Self::Cut => bytes.truncate(at),
        }
    }
}

/// Every text in a document, its objects as JSON, and what its texts are the hex or base64 of.
fn gather(document: &Value, seeds: &mut Vec<Vec<u8>>) {
    use base64::Engine as _;
    match document {
        Value::String(text) => {
            seeds.push(text.clone().into_bytes());
            seeds.extend(hex::decode(text).ok());
            seeds.extend(base64::engine::general_purpose::STANDARD.decode(text).ok());
        }
        Value::Array(values) => values.iter().for_each(|value| gather(value, seeds)),
        Value::Object(members) => {
            seeds.push(document.to_string().into_bytes());
            members.values().for_each(|value| gather(value, seeds));
        }
        _ => {}
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path
                .extension()
                .is_none_or(|end| end == "json" || end == "txt")
            {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}
