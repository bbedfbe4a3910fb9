//! A verdict for programs: every command tells it in the same words.

use crate::{Confirmations, Verdict, Word};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::path::Path;
use words::Lang;

/// A verdict for programs.
pub fn in_json(path: &Path, verdict: &Verdict, lang: Lang) -> Value {
    let checks: Vec<_> = verdict
        .checks
        .iter()
        .map(|check| {
            json!({
                "check": check.name.as_str(),
                "passed": check.passed,
                "code": check.word.as_ref().map(|word| word.code.as_str()),
                "sentence": check.word.as_ref().map(|word| word.say(lang)),
                "arguments": check.word.as_ref().map(|word| arguments(word, lang)),
            })
        })
        .collect();
    let not_proved: Vec<_> = verdict
        .not_proved
        .iter()
        .map(|code| code.as_str())
        .collect();
    json!({
        "file": path.display().to_string(),
        "code": verdict.code().as_str(),
        "exit": verdict.exit.number(),
        "sentence": verdict.word.say(lang),
        "arguments": arguments(&verdict.word, lang),
        "index": verdict.index.map(tlog::LeafIndex::get),
        "witnesses": confirmations_in_json(&verdict.confirmations),
        "checks": checks,
        "not_proved": not_proved,
    })
}

/// Each operator whom the policy asks, and when it confirmed.
pub fn confirmations_in_json(confirmations: &Confirmations) -> Value {
    let all = confirmations.all().iter().map(|confirmation| {
        json!({
            "name": confirmation.operator,
            "confirmed": confirmation.is_given,
            "time": confirmation.time.and_then(rfc3339),
        })
    });
    all.collect()
}

fn rfc3339(seconds: u64) -> Option<String> {
    let time = Timestamp::from_second(i64::try_from(seconds).ok()?).ok()?;
    Some(time.to_string())
}

/// What fills a sentence's placeholders, for programs that would rather not read sentences.
pub fn arguments(word: &Word, lang: Lang) -> Value {
    let arguments = word.arguments.iter();
    arguments
        .map(|(name, argument)| ((*name).to_owned(), Value::from(argument.say(lang))))
        .collect::<Map<_, _>>()
        .into()
}
