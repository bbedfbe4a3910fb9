//! Keeps the house: persons never import each other, and pure crates stay pure.
//!
//! Reads `cargo metadata` and the sources. What a crate may import is written here and nowhere else: whoever adds a crate
//! or a dependency of a pure crate changes these tables, and says why in the commit.

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};
use libtest_mimic::{Failed, Trial};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Which crates of the house each crate may import. Persons (the log, the client, the load test) share mathematics and
/// plumbing and do not know each other; the load test seeds a log; the demo starts them all.
const IMPORTS: &[(&str, &[&str])] = &[
    ("tlog", &[]),
    ("words", &[]),
    ("evidence", &["tlog"]),
    // The fast signature checks (aws-lc-rs) behind tlog's trait, and the exit codes, serve every person alike.
    ("service", &["tlog", "words"]),
    ("notarylog", &["tlog", "evidence", "words", "service"]),
    // A witness knows no entry and no log's code: it checks any log that keeps to the specifications.
    ("notarylog-witness", &["tlog", "words", "service"]),
    (
        "notarylog-client",
        &["tlog", "evidence", "words", "service"],
    ),
    (
        "notarylog-loadtest",
        &["tlog", "evidence", "words", "service", "notarylog"],
    ),
    (
        "demo",
        &[
            "tlog",
            "evidence",
            "words",
            "service",
            "notarylog",
            "notarylog-client",
            "notarylog-witness",
            "notarylog-loadtest",
        ],
    ),
];

/// What a pure crate may depend on besides the house: cryptography and encodings, nothing that knows a clock, a socket, a
/// file or randomness.
const PURE: &[(&str, &[&str])] = &[
    (
        "tlog",
        &["base64", "ed25519-dalek", "ml-dsa", "p256", "sha2"],
    ),
    (
        "evidence",
        &[
            "base64",
            "hex",
            "hkdf",
            "hmac",
            "jiff",
            "schemars",
            "serde",
            "serde_json",
            "serde_json_canonicalizer",
            "sha2",
            "thiserror",
            "unicode-normalization",
            "zeroize",
        ],
    ),
    ("words", &[]),
];

/// Features by which an allowed dependency would bring the world in.
const WORLDLY_FEATURES: &[&str] = &[
    "getrandom",
    "os_rng",
    "sys_rng",
    "rand",
    "rand_core",
    "rng",
    "tz-system",
];

/// What the sources of a pure crate never name.
const WORLDLY_NAMES: &[&str] = &[
    "std::env",
    "std::fs",
    "std::net",
    "std::os",
    "process::Command",
    "process::exit",
    "process::id",
    "std::thread",
    "std::time",
    "SystemTime",
    "Instant",
    "::now(",
    "OsRng",
    "SysRng",
    "getrandom",
    "rand_core",
    "rand::",
    "tokio",
    "stdin(",
    "stdout(",
    "stderr(",
    "println!",
    "dbg!",
];

/// Names that say nothing of what is inside: each file defines one noun and bears it.
const DRAWERS: &[&str] = &[
    "common", "error", "errors", "helper", "helpers", "misc", "mod", "shared", "types", "util",
    "utils",
];

/// The trials.
pub fn trials() -> Vec<Trial> {
    vec![
        Trial::test("no_person_imports_another", || {
            none(&strangers(&metadata()?))
        }),
        Trial::test("a_pure_crate_depends_on_nothing_worldly", || {
            none(&impurities(&metadata()?))
        }),
        Trial::test("the_sources_of_a_pure_crate_name_nothing_worldly", || {
            none(&worldly_sources()?)
        }),
        Trial::test(
            "worldly_names_are_seen_in_code_and_not_in_comments_or_tests",
            || {
                worldly_names_are_seen();
                Ok(())
            },
        ),
        Trial::test("every_member_is_tested_by_plain_cargo_test", || {
            none(&forgotten(&metadata()?))
        }),
        Trial::test(
            "versions_of_dependencies_stand_once_in_the_workspace",
            || none(&own_versions(&metadata()?)?),
        ),
        Trial::test("no_source_file_is_a_drawer", || {
            none(&drawers(&metadata()?)?)
        }),
    ]
}

/// Imports that the table does not allow.
fn strangers(metadata: &Metadata) -> Vec<String> {
    let members: BTreeSet<&str> = metadata
        .workspace_packages()
        .iter()
        .map(|package| package.name.as_str())
        .collect();
    let mut strangers = Vec::new();
    for package in metadata.workspace_packages() {
        let Some((_, allowed)) = IMPORTS
            .iter()
            .find(|(name, _)| *name == package.name.as_str())
        else {
            strangers.push(format!(
                "{} stands in no table: write in house.rs what it may import",
                package.name
            ));
            continue;
        };
        for name in imports(package) {
            if members.contains(name) && !allowed.contains(&name) {
                strangers.push(format!(
                    "{} imports {name}, and must not know it",
                    package.name
                ));
            }
        }
    }
    strangers
}

/// Dependencies, and features of dependencies, that a pure crate must not have.
fn impurities(metadata: &Metadata) -> Vec<String> {
    let mut impurities = Vec::new();
    for (pure, allowed) in PURE {
        let Some(package) = member(metadata, pure) else {
            impurities.push(format!(
                "there is no crate {pure} any more: mend the table in house.rs"
            ));
            continue;
        };
        for dependency in package
            .dependencies
            .iter()
            .filter(|dependency| dependency.kind != DependencyKind::Development)
        {
            let (name, path) = (dependency.name.as_str(), &dependency.path);
            if path.is_none() && !allowed.contains(&name) {
                impurities.push(format!(
                    "{pure} depends on {name}, which its list does not allow"
                ));
            }
            for feature in dependency
                .features
                .iter()
                .filter(|feature| WORLDLY_FEATURES.contains(&feature.as_str()))
            {
                impurities.push(format!("{pure} takes {name} with the feature {feature}"));
            }
        }
    }
    impurities
}

/// Places in the sources of pure crates that name the world.
fn worldly_sources() -> Result<Vec<String>, Failed> {
    let mut found = Vec::new();
    for (pure, _) in PURE {
        let folder = root().join(pure).join("src");
        let files = rust_files(&folder)?;
        if files.is_empty() {
            found.push(format!(
                "{} holds no sources: mend the table in house.rs",
                folder.display()
            ));
        }
        for file in files.iter().filter(|file| !is_test_file(file)) {
            let text = read(file)?;
            found.extend(
                worldly(&text)
                    .map(|(line, name)| format!("{}:{line} names {name}", file.display())),
            );
        }
    }
    let lib = read(&root().join("tlog/src/lib.rs"))?;
    if !lib.lines().any(|line| line.trim() == "#![no_std]") {
        found.push("tlog/src/lib.rs is not #![no_std] any more".to_owned());
    }
    Ok(found)
}

/// The worldly names in a source text with their lines, outside comments and outside the test module at its end.
fn worldly(text: &str) -> impl Iterator<Item = (usize, &'static str)> {
    let code = text
        .lines()
        .scan(false, |in_tests, line| {
            // An inline test module ends a file; `#[cfg(test)]` alone may also stand above a single item.
            *in_tests |= line.starts_with("mod ") && line.ends_with("tests {");
            (!*in_tests).then_some(line)
        })
        .map(|line| line.split("//").next().unwrap_or_default());
    code.enumerate().flat_map(|(at, line)| {
        WORLDLY_NAMES
            .iter()
            .filter(move |name| names(line, name))
            .map(move |name| (at + 1, *name))
    })
}

/// Whether a line of code holds a name, and not only a longer one that ends or begins with it.
fn names(line: &str, name: &str) -> bool {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(name).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + name.len()..].chars().next();
        let begins = !name.starts_with(word) || !before.is_some_and(word);
        let ends = !name.ends_with(word) || !after.is_some_and(word);
        begins && ends
    })
}

fn worldly_names_are_seen() {
    let seen = |text: &str| worldly(text).map(|(line, _)| line).collect::<Vec<_>>();
    assert_eq!(seen("fn f() {}\nlet t = std::time::Duration::ZERO;"), [2]);
    assert_eq!(seen("use std::fs;\nlet x = Timestamp::now();"), [1, 2]);
    assert_eq!(seen("let i = Instant::elapsed;"), [1]);
    assert_eq!(
        seen("// std::fs would be a sin\n/// as would getrandom"),
        [0_usize; 0]
    );
    assert_eq!(
        seen("struct Instantaneous;\nlet operand = 1;"),
        [0_usize; 0]
    );
    assert_eq!(
        seen("#[cfg(test)]\nmod tests {\n    use std::fs;\n}"),
        [0_usize; 0]
    );
}

/// Members that plain `cargo test` would leave out.
fn forgotten(metadata: &Metadata) -> Vec<String> {
    let defaults: BTreeSet<_> = metadata
        .workspace_default_packages()
        .iter()
        .map(|package| package.name.clone())
        .collect();
    metadata
        .workspace_packages()
        .iter()
        .filter(|package| !defaults.contains(&package.name))
        .map(|package| {
            format!(
                "{} is no default member, so `cargo test` would not test it",
                package.name
            )
        })
        .collect()
}

/// Dependencies whose version or features a member names itself: then two builds could differ.
fn own_versions(metadata: &Metadata) -> Result<Vec<String>, Failed> {
    let mut own = Vec::new();
    for package in metadata.workspace_packages() {
        let manifest = package.manifest_path.as_std_path();
        let mut dependencies = false;
        for line in read(manifest)?.lines().map(str::trim) {
            if line.starts_with('[') {
                dependencies =
                    line.ends_with("dependencies]") && line != "[workspace.dependencies]";
            } else if dependencies
                && !line.is_empty()
                && !line.starts_with('#')
                && !line.contains("workspace = true")
            {
                own.push(format!("{}: {line}", manifest.display()));
            }
        }
    }
    Ok(own)
}

/// Source files whose names say nothing.
fn drawers(metadata: &Metadata) -> Result<Vec<String>, Failed> {
    let mut drawers = Vec::new();
    for package in metadata.workspace_packages() {
        let Some(folder) = package.manifest_path.parent() else {
            continue;
        };
        for inside in ["src", "tests"] {
            for file in rust_files(&folder.as_std_path().join(inside))? {
                let stem = file.file_stem().unwrap_or_default().to_string_lossy();
                if DRAWERS.contains(&stem.as_ref()) {
                    drawers.push(format!("{} names no noun", file.display()));
                }
            }
        }
    }
    Ok(drawers)
}

fn metadata() -> Result<Metadata, Failed> {
    let metadata = MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .other_options(vec!["--offline".to_owned()])
        .exec()?;
    Ok(metadata)
}

fn member<'a>(metadata: &'a Metadata, name: &str) -> Option<&'a Package> {
    metadata
        .workspace_packages()
        .into_iter()
        .find(|package| package.name.as_str() == name)
}

/// What a package needs to be built: what its tests need is its own affair.
fn imports(package: &Package) -> impl Iterator<Item = &str> {
    package
        .dependencies
        .iter()
        .filter(|dependency| dependency.kind != DependencyKind::Development)
        .map(|dependency| dependency.name.as_str())
}

fn none(found: &[String]) -> Result<(), Failed> {
    if found.is_empty() {
        Ok(())
    } else {
        Err(found.join("\n").into())
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn is_test_file(file: &Path) -> bool {
    file.file_stem().is_some_and(|stem| stem == "tests")
}

fn read(path: &Path) -> Result<String, Failed> {
    std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()).into())
}

/// All `.rs` files under a folder, which need not be there.
fn rust_files(folder: &Path) -> Result<Vec<PathBuf>, Failed> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}
