//! `notary policy fetch|show|fingerprint`.

use super::answer::{Answer, Failure};
use crate::durable_file::{self, Readers};
use crate::{LogClient, PolicyFingerprint};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::Path;
use tlog::{POLICY_BYTES_MAX, Policy, Vkey};

/// Reads a policy file.
pub fn read(file: &Path) -> Result<Policy, Failure> {
    let bytes = durable_file::read_at_most(file, POLICY_BYTES_MAX as u64)
        .map_err(|error| Failure::could_not(format!("{}: {error}", file.display())))?;
    Policy::parse(&bytes)
        .map_err(|error| Failure::could_not(format!("{}: {error}", file.display())))
}

/// Fetches the policy that a log proposes.
pub async fn fetch(url: &str, out: Option<&Path>) -> Result<Answer, Failure> {
    let log = LogClient::new(url).map_err(|error| Failure::usage(error.to_string()))?;
    let text = log
        .policy()
        .await
        .map_err(|error| Failure::could_not(error.to_string()))?;
    let policy = Policy::parse(text.as_bytes())
        .map_err(|error| Failure::could_not(format!("the log's policy is malformed: {error}")))?;
    let fingerprint = PolicyFingerprint::of(&policy);
    if let Some(out) = out {
        durable_file::replace(out, text.as_bytes(), Readers::All)
            .map_err(|error| Failure::could_not(format!("{}: {error}", out.display())))?;
    }
    let mut json = in_json(&policy);
    json["policy"] = Value::from(text.clone());
    // The text alone on stdout, so that it can be redirected into a file.
    let text = match out {
        Some(_) => fingerprint.to_string(),
        None => text.trim_end().to_owned(),
    };
    Ok(Answer::done(text, json)
        .hint(format!("fingerprint {fingerprint}"))
        .hint(
            "this policy comes from the log that it is to judge: compare the fingerprint with the one that the \
             bureau of justice, the court or a witness publishes, before you believe it",
        ))
}

/// Says whom a policy believes.
pub fn show(file: &Path) -> Result<Answer, Failure> {
    let policy = read(file)?;
    let mut text = format!("fingerprint {}", PolicyFingerprint::of(&policy));
    for log in policy.logs() {
        let vkey = log.vkey();
        let _ = write!(text, "\nlog         {}, {}", vkey.name(), vkey.kind());
    }
    for witness in policy.witnesses() {
        let vkey = witness.vkey();
        let _ = write!(
            text,
            "\nwitness     {}: {}, {}",
            witness.name(),
            vkey.name(),
            vkey.kind()
        );
    }
    let quorum = if policy.is_unwitnessed() {
        "none: the log alone is believed; a restored backup could contradict it".to_owned()
    } else {
        quorum_line(&policy)
    };
    let _ = write!(text, "\nquorum      {quorum}");
    Ok(Answer::done(text, in_json(&policy)))
}

/// Prints the fingerprint alone.
pub fn fingerprint(file: &Path) -> Result<Answer, Failure> {
    let policy = read(file)?;
    let text = PolicyFingerprint::of(&policy).to_string();
    Ok(Answer::done(text, in_json(&policy)))
}

/// The policy's parts that a program needs.
pub fn in_json(policy: &Policy) -> Value {
    let key =
        |vkey: &Vkey| json!({ "name": vkey.name().as_str(), "kind": vkey.kind().to_string() });
    let logs: Vec<_> = policy.logs().iter().map(|log| key(log.vkey())).collect();
    let witnesses = policy.witnesses().iter();
    let witnesses: Vec<_> = witnesses.map(|witness| key(witness.vkey())).collect();
    json!({
        "schema": "notarylog/policy/1",
        "fingerprint": PolicyFingerprint::of(policy).to_string(),
        "sha256": hex::encode(policy.fingerprint().as_bytes()),
        "logs": logs,
        "witnesses": witnesses,
        "unwitnessed": policy.is_unwitnessed(),
    })
}

/// The words behind `quorum` in the file.
fn quorum_line(policy: &Policy) -> String {
    let text = policy.to_string();
    text.lines()
        .map(str::trim)
        .find_map(|line| line.strip_prefix("quorum"))
        .map_or_else(String::new, |name| name.trim().to_owned())
}
