//! Reads the test vectors of `tests/vectors`, which every implementation runs; `README.md` there says how they look.

use serde_json::Value;
use std::fmt::Debug;
use std::{collections::BTreeSet, fs, path::PathBuf};
use tlog::{Hash, LeafIndex, MalformedHash, MalformedSize, TreeSize};

/// Judges every case of a file, named like `merkle/inclusion`, and holds each verdict against what the case expects.
pub fn check(file: &str, judge: impl Fn(&Case) -> Result<(), Refused>) {
    let cases = cases(file);
    let mut names = BTreeSet::new();
    let mut expected = BTreeSet::new();
    for case in &cases {
        let name = format!("{file}: {}", case.text("name"));
        assert!(names.insert(name.clone()), "{name}: two cases of one name");
        expected.insert(case.text("expect"));
        match (case.text("expect"), judge(case)) {
            ("ok", Ok(())) => {}
            ("ok", Err(Refused(why))) => panic!("{name}: refused ({why}), and should be accepted"),
            ("refused", Ok(())) => panic!("{name}: accepted, and should be refused"),
            ("refused", Err(Refused(why))) => {
                let because = case.optional("because").unwrap_or(&why);
                assert_eq!(why, because, "{name}: refused for another reason");
            }
            (other, _) => panic!("{name}: expect is {other:?}"),
        }
    }
    assert_eq!(expected.len(), 2, "{file}: good and bad cases both");
}

/// The vector files of a folder, named as for [`check`]: a test that lists them fails when a new one is forgotten.
pub fn files(folder: &str) -> Vec<String> {
    let mut files: Vec<String> = fs::read_dir(folder_path().join(folder))
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| Some(format!("{folder}/{}", name.strip_suffix(".json")?)))
        .collect();
    files.sort();
    files
}

/// Why a case was refused: the name of the error, as `because` states it.
pub struct Refused(String);

impl Refused {
    /// What is stated is not what was computed.
    pub fn unless_equal<T: PartialEq>(computed: &T, stated: &T) -> Result<(), Self> {
        if computed == stated {
            Ok(())
        } else {
            Err(Self("Differs".into()))
        }
    }
}

impl<E: Debug> From<E> for Refused {
    fn from(error: E) -> Self {
        Self(format!("{error:?}"))
    }
}

/// One case; each getter takes the name of a member and fails the test if the case has none such.
pub struct Case(Value);

impl Case {
    pub fn text(&self, member: &str) -> &str {
        self.optional(member)
            .unwrap_or_else(|| panic!("no text {member:?} in {}", self.0))
    }

    pub fn optional(&self, member: &str) -> Option<&str> {
        self.0.get(member)?.as_str()
    }

    pub fn texts(&self, member: &str) -> Vec<&str> {
        let texts = self.0.get(member).and_then(Value::as_array);
        let texts = texts.unwrap_or_else(|| panic!("no list {member:?} in {}", self.0));
        texts.iter().map(|text| text.as_str().unwrap()).collect()
    }

    /// Bytes, written in hex.
    pub fn bytes(&self, member: &str) -> Vec<u8> {
        hex::decode(self.text(member)).unwrap()
    }

    pub fn hash(&self, member: &str) -> Result<Hash, MalformedHash> {
        Hash::from_slice(&self.bytes(member))
    }

    pub fn hashes(&self, member: &str) -> Result<Vec<Hash>, MalformedHash> {
        let texts = self.texts(member);
        texts
            .iter()
            .map(|text| Hash::from_slice(&hex::decode(text).unwrap()))
            .collect()
    }

    pub fn size(&self, member: &str) -> Result<TreeSize, MalformedSize> {
        TreeSize::from_decimal(self.text(member))
    }

    pub fn index(&self, member: &str) -> Result<LeafIndex, MalformedSize> {
        LeafIndex::from_decimal(self.text(member))
    }

    /// A number of the case that is no part of what is judged.
    pub fn number<N: std::str::FromStr<Err: Debug>>(&self, member: &str) -> N {
        self.text(member).parse().unwrap()
    }
}

fn cases(file: &str) -> Vec<Case> {
    let path = folder_path().join(format!("{file}.json"));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}"));
    let document: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{file}: {e}"));
    let cases = document["cases"].as_array().expect("a list of cases");
    cases.iter().cloned().map(Case).collect()
}

fn folder_path() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/vectors"))
}
