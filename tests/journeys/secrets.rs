//! What a log and its witnesses say about themselves at the finest level: nothing of what they were given.

use crate::submitter::{Submitter, bytes, post};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use demo::town::{Home, Town};
use libtest_mimic::{Failed, Trial};
use serde_json::Value;
use std::path::Path;

/// The number of the case, which names a person in life.
const CASE: &str = "苏市监罚〔2026〕一七三号";
/// The name of the file that is submitted.
const FILE: &str = "photo-of-wang-xiaoming.jpg";
/// What is in it.
const CONTENT: &[u8] = b"the-very-bytes-of-the-photo-5b1d2c";

/// The trials.
pub fn trials() -> Vec<Trial> {
    vec![Trial::test(
        "at_the_finest_level_no_key_tag_opener_body_case_or_file_name_is_told",
        nothing_is_told,
    )]
}

fn nothing_is_told() -> Result<(), Failed> {
    let mut town = Town::found_with_witnesses(None)?;
    add_line(
        &town.log_folder().join("notarylog.toml"),
        "log-level = \"trace\"",
    )?;
    town.close_witnesses()?;
    let names: Vec<String> = town
        .witnesses()
        .iter()
        .map(|one| one.name().to_owned())
        .collect();
    for name in &names {
        let witness = town.witness(name).ok_or("no such witness")?;
        witness.open(&["--log-level", "trace"])?;
    }
    town.open_log()?;
    town.log_serves()?;
    let bureau = town.enrol("bureau", "Bureau of Secrets")?;
    bureau.open_case(CASE)?;
    bureau.write(FILE, CONTENT)?;
    bureau.submit(town.url(), [FILE])?;
    bureau.submit(town.url(), [FILE])?;

    let submitter = Submitter::of(&bureau)?;
    let (tag, commitment) = (bytes("told", 1), bytes("told", 2));
    let entry = submitter.entry(tag, commitment);
    let mut told = answers(&town, &entry)?;
    told.push(town.get("/v1/log")?.text());
    told.push(metrics(&town)?);
    town.close_log()?;
    town.open_log()?;
    town.log_serves()?;
    told.push(town.notarylog(["check", "log"])?.done()?.stdout);
    town.close_log()?;
    town.close_witnesses()?;
    let diary = std::fs::read_to_string(town.diary())?;
    assert!(diary.contains("TRACE"), "the finest level was not told");
    told.push(diary);
    for name in &names {
        told.push(std::fs::read_to_string(
            town.folder().join(format!("witness-{name}.stderr")),
        )?);
    }

    let mut secrets = secrets_of(&bureau)?;
    secrets.extend(private_keys(&town.log_folder().join("keys"))?);
    for name in &names {
        secrets.extend(private_keys(
            &town.folder().join(format!("witness-{name}/keys")),
        )?);
    }
    for (what, bytes) in [
        ("a tag", tag.as_slice()),
        ("a commitment", &commitment),
        ("an entry's signature", &entry[98..]),
        ("a key's id", submitter.key_id()),
        ("a file's bytes", CONTENT),
    ] {
        secrets.extend(forms(what, bytes));
    }
    secrets.push(("the number of the case".to_owned(), CASE.to_owned()));
    secrets.push(("the name of the file".to_owned(), FILE.to_owned()));
    assert!(
        secrets.len() > 40,
        "{} secrets are looked for",
        secrets.len()
    );
    for text in &told {
        for (what, secret) in &secrets {
            if let Some(at) = text.find(secret.as_str()) {
                let from = text[..at].rfind('\n').map_or(0, |at| at + 1);
                let line: String = text[from..]
                    .lines()
                    .next()
                    .unwrap_or_default()
                    .chars()
                    .take(400)
                    .collect();
                return Err(format!("{what} is told: {line}").into());
            }
        }
    }
    Ok(())
}

/// Sends what is logged, what is refused for each reason, and what is no request at all; the refusals' words.
fn answers(town: &Town, entry: &[u8]) -> Result<Vec<String>, Failed> {
    let mut told = Vec::new();
    let logged = post(town.url(), entry)?;
    assert!(logged.status < 300, "{}", logged.text());
    let mut wrong = entry.to_vec();
    wrong[161] ^= 1;
    let mut unknown = entry.to_vec();
    unknown[2] ^= 1;
    let mut taken = entry.to_vec();
    taken[66] ^= 1;
    for body in [wrong.as_slice(), &unknown, &taken, &entry[..161], CONTENT] {
        let answer = post(town.url(), body)?;
        assert!(answer.status >= 400, "{}", answer.text());
        told.push(answer.text());
    }
    for path in [
        "/v1/receipts/99999",
        "/v1/notices/zz",
        "/tile/0/000.p/300",
        "/ct/v1/get-entries?start=5&end=1",
    ] {
        told.push(town.get(path)?.text());
    }
    Ok(told)
}

/// What the bureau keeps to itself: its key, the case's handle, and everything that opens the record.
fn secrets_of(bureau: &Home) -> Result<Vec<(String, String)>, Failed> {
    let mut secrets = pem_lines(
        "the bureau's key",
        &String::from_utf8(bureau.read("bureau.pem")?)?,
    );
    let case: Value = serde_json::from_slice(&bureau.read("case.json")?)?;
    let handle = case["handle"].as_str().ok_or("a case without a handle")?;
    secrets.extend(forms("the case's handle", &hex::decode(handle)?));
    let evidence: Value = serde_json::from_slice(&bureau.read(&format!("{FILE}.evidence"))?)?;
    let openers = evidence["openers"]
        .as_object()
        .ok_or("evidence without openers")?;
    for opener in openers.values().filter_map(Value::as_str) {
        secrets.extend(forms("an opener", &hex::decode(opener)?));
    }
    let entry = evidence["entry"]
        .as_str()
        .ok_or("evidence without an entry")?;
    let entry = STANDARD.decode(entry)?;
    secrets.extend(forms("the file's tag", &entry[34..66]));
    secrets.extend(forms("the file's commitment", &entry[66..98]));
    Ok(secrets)
}

/// The lines of every private key in a folder.
fn private_keys(folder: &Path) -> Result<Vec<(String, String)>, Failed> {
    let mut lines = Vec::new();
    for file in std::fs::read_dir(folder)? {
        let path = file?.path();
        lines.extend(pem_lines("a private key", &std::fs::read_to_string(path)?));
    }
    assert!(!lines.is_empty(), "{} holds no key", folder.display());
    Ok(lines)
}

fn pem_lines(what: &str, pem: &str) -> Vec<(String, String)> {
    let lines = pem
        .lines()
        .skip_while(|line| !line.starts_with("-----BEGIN"));
    let lines = lines.filter(|line| !line.starts_with("-----") && line.len() > 20);
    lines
        .map(|line| (what.to_owned(), line.to_owned()))
        .collect()
}

/// How bytes are commonly written.
fn forms(what: &str, bytes: &[u8]) -> Vec<(String, String)> {
    let as_list = format!("{bytes:?}");
    let mut forms = vec![
        hex::encode(bytes),
        hex::encode_upper(bytes),
        STANDARD.encode(bytes),
        URL_SAFE_NO_PAD.encode(bytes),
        as_list.trim_matches(['[', ']']).to_owned(),
        bytes.escape_ascii().to_string(),
    ];
    forms.sort();
    forms.dedup();
    forms
        .into_iter()
        .map(|form| (what.to_owned(), form))
        .collect()
}

fn metrics(town: &Town) -> Result<String, Failed> {
    Ok(demo::http::get(town.admin_url(), "/metrics")?.text())
}

fn add_line(file: &Path, line: &str) -> Result<(), Failed> {
    let text = std::fs::read_to_string(file)?;
    Ok(std::fs::write(file, format!("{text}{line}\n"))?)
}
