//! `notary policy fetch|show|fingerprint`.

use super::answer::{Answer, Failure};
use crate::durable_file::{self, Readers};
use crate::{LogClient, PolicyFingerprint, Word};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::Path;
use tlog::{Operator, Operators, POLICY_BYTES_MAX, Policy, QuorumSearch, QuorumStrength, Vkey};
use words::{Code, Lang};

/// Reads a policy file.
pub fn read(file: &Path) -> Result<Policy, Failure> {
    let bytes = durable_file::read_at_most(file, POLICY_BYTES_MAX as u64)
        .map_err(|error| Failure::could_not(format!("{}: {error}", file.display())))?;
    Policy::parse(&bytes)
        .map_err(|error| Failure::could_not(format!("{}: {error}", file.display())))
}

/// Fetches the policy that a log proposes.
pub async fn fetch(url: &str, out: Option<&Path>, lang: Lang) -> Result<Answer, Failure> {
    let log = LogClient::new(url).map_err(|error| Failure::usage(error.to_string()))?;
    let text = log
        .policy()
        .await
        .map_err(|error| Failure::could_not(error.to_string()))?;
    let policy = Policy::parse(text.as_bytes())
        .map_err(|error| Failure::could_not(format!("the log's policy is malformed: {error}")))?;
    let mut json = in_json(&policy);
    json["policy"] = Value::from(text.clone());
    let shown = in_words(&policy, lang);
    let answer = match out {
        Some(out) => {
            durable_file::replace(out, text.as_bytes(), Readers::All)
                .map_err(|error| Failure::could_not(format!("{}: {error}", out.display())))?;
            Answer::done(shown, json)
        }
        // The text alone on stdout, so that it can be redirected into a file.
        None => shown
            .lines()
            .fold(Answer::done(text.trim_end().to_owned(), json), Answer::hint),
    };
    Ok(answer.hint(
        "this policy comes from the log that it is to judge: compare the fingerprint with the one that the bureau of \
         justice, the court or a witness publishes, before you believe it",
    ))
}

/// Says whom a policy believes.
pub fn show(file: &Path, lang: Lang) -> Result<Answer, Failure> {
    let policy = read(file)?;
    Ok(Answer::done(in_words(&policy, lang), in_json(&policy)))
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
        "operators": operators_in_json(policy, &Operators::of(policy)),
        "unwitnessed": policy.is_unwitnessed(),
    })
}

/// Each operator: its keys, where it answers, and how often the quorum counts it.
pub fn operators_in_json(policy: &Policy, operators: &Operators) -> Value {
    let all = operators.all().iter().map(|operator| {
        let witnesses = operator.keys().iter().map(|&key| &policy.witnesses()[key]);
        let keys: Vec<String> = witnesses
            .map(|witness| witness.name().to_string())
            .collect();
        json!({
            "name": operator.name(),
            "keys": keys,
            "url": url(policy, operator),
            "votes": operator.votes(),
        })
    });
    all.collect()
}

/// A line for each operator.
pub fn operator_lines(policy: &Policy, operators: &Operators) -> String {
    let mut text = String::new();
    for operator in operators.all() {
        let witnesses: Vec<_> = operator
            .keys()
            .iter()
            .map(|&key| policy.witnesses()[key].vkey())
            .collect();
        let kinds: Vec<String> = witnesses.iter().map(|key| key.kind().to_string()).collect();
        let key_name = witnesses.first().map_or("", |key| key.name().as_str());
        let _ = write!(
            text,
            "\nwitness     {}: {key_name}, {}",
            operator.name(),
            kinds.join(" and ")
        );
        if let Some(url) = url(policy, operator) {
            let _ = write!(text, ", {url}");
        }
    }
    text
}

/// How many are asked, and how many must confirm.
pub fn asks(strength: QuorumStrength) -> Word {
    Word::plain(Code::QuorumAsks)
        .with("n", &strength.operators)
        .with("k", &strength.smallest)
}

fn in_words(policy: &Policy, lang: Lang) -> String {
    let mut text = format!("fingerprint {}", PolicyFingerprint::of(policy));
    for log in policy.logs() {
        let vkey = log.vkey();
        let _ = write!(text, "\nlog         {}, {}", vkey.name(), vkey.kind());
    }
    let operators = Operators::of(policy);
    text.push_str(&operator_lines(policy, &operators));
    let quorum = match QuorumSearch::new(policy, &operators) {
        Ok(search) => asks(search.strength()).say(lang),
        Err(_) if policy.is_unwitnessed() => Code::Unwitnessed.say(lang, &[]),
        Err(_) => quorum_line(policy),
    };
    let _ = write!(text, "\nquorum      {quorum}");
    text
}

fn url(policy: &Policy, operator: &Operator) -> Option<String> {
    let mut urls = operator.keys().iter();
    urls.find_map(|&key| policy.witnesses()[key].url())
        .map(ToString::to_string)
}

/// The words behind `quorum` in the file.
fn quorum_line(policy: &Policy) -> String {
    let text = policy.to_string();
    text.lines()
        .map(str::trim)
        .find_map(|line| line.strip_prefix("quorum"))
        .map_or_else(String::new, |name| name.trim().to_owned())
}
