//! `notary verify FILE…`: reads the files, lets the verifier judge, and says what came of it. Opens no socket.

use super::answer::{Answer, Failure};
use super::command::VerifyArgs;
use super::voice::Voice;
use super::{misbehavior, policy, progress, verdict_json};
use crate::{Accusation, Exhibit, FileRole, ItemFiles, Reason, Verdict, Word, verify as judge};
use serde_json::{Value, json};
use service::AwsLc;
use std::fmt::Write as _;
use std::io;
use std::path::Path;
use tlog::{Policy, Vkey};
use words::{Code, Exit, Lang};

/// Verifies files.
pub fn verify(args: &VerifyArgs, voice: Voice) -> Result<Answer, Failure> {
    if args.require_policy && args.policy.is_none() {
        return Err(Failure {
            exit: Code::PolicyRequired.exit(),
            sentence: Code::PolicyRequired.say(voice.lang, &[]),
        });
    }
    let policy = args.policy.as_deref().map(policy::read).transpose()?;
    let accused = misbehavior::key(args.accused.as_deref())?;
    let mut answer = Answer::done(String::new(), Value::Null);
    let mut verdicts = Vec::new();
    for path in &args.files {
        let (exit, text, json) = match accusation(path, accused.as_ref()) {
            Ok(Some(accusation)) => (
                accusation.verdict.exit,
                misbehavior::in_words(&accusation, voice.lang),
                misbehavior::in_json(path, &accusation, voice.lang),
            ),
            // A file that is not there may have its record and its proof beside it.
            Ok(None) | Err(_) => {
                let verdict = verify_one(path, policy.as_ref(), voice).unwrap_or_else(|error| {
                    Verdict::cannot_check(Reason::Unreadable(error.to_string()))
                });
                let text = in_words(&verdict, policy.as_ref(), voice);
                (
                    verdict.exit,
                    text,
                    verdict_json::in_json(path, &verdict, voice.lang),
                )
            }
        };
        answer.exit = answer.exit.and(exit);
        if !answer.text.is_empty() {
            answer.text.push('\n');
        }
        if args.files.len() > 1 {
            let _ = writeln!(answer.text, "{}:", path.display());
        }
        answer.text.push_str(&text);
        verdicts.push(json);
    }
    answer.json = json!({
        "schema": "notarylog/verdicts/1",
        "exit": answer.exit.number(),
        "policy": policy.as_ref().map(policy::in_json),
        "verdicts": verdicts,
    });
    Ok(answer)
}

/// A proof of misbehaviour is told by its first line; where an accused is named, everything must be one.
fn accusation(path: &Path, accused: Option<&Vkey>) -> io::Result<Option<Accusation>> {
    let bytes = match accused {
        Some(_) => Some(misbehavior::read(path)?),
        None => misbehavior::read_if_one(path)?,
    };
    Ok(bytes.map(|bytes| Accusation::judge(&bytes, accused, &AwsLc)))
}

fn verify_one(path: &Path, policy: Option<&Policy>, voice: Voice) -> io::Result<Verdict> {
    let (files, role) = ItemFiles::of_any(path);
    // A proof is judged alone: whoever was given it has nothing else.
    let evidence = match role {
        FileRole::Receipt => None,
        FileRole::Original | FileRole::Evidence => files.read_evidence()?,
    };
    let receipt = files.read_receipt()?;
    let there = match role {
        FileRole::Original => true,
        FileRole::Evidence => evidence.is_some(),
        FileRole::Receipt => receipt.is_some(),
    };
    if !there {
        return Err(io::ErrorKind::NotFound.into());
    }
    let read = match role {
        FileRole::Original => Some(progress::read_file(path, voice)?),
        FileRole::Evidence | FileRole::Receipt => None,
    };
    let exhibit = Exhibit {
        file: read.as_ref().map(|read| &read.digest),
        evidence: evidence.as_ref().map(|bytes| bytes.as_slice()),
        receipt: receipt.as_deref(),
    };
    Ok(judge(&exhibit, policy, &AwsLc))
}

fn in_words(verdict: &Verdict, policy: Option<&Policy>, voice: Voice) -> String {
    let lang = voice.lang;
    let mut text = verdict.word.say(lang);
    if verdict.confirmations.count() > 0 {
        let word = verdict.confirmations.fill(Word::plain(Code::WitnessedBy));
        let _ = write!(text, "\n{}", word.say(lang));
    }
    if voice.verbose {
        for check in &verdict.checks {
            let mark = if check.passed { '✓' } else { '✗' };
            let sentence = check.word.as_ref().map_or_else(
                || check.name.meaning(lang).to_owned(),
                |word| word.say(lang),
            );
            let _ = write!(text, "\n  {mark} {sentence}");
        }
        if let Some(policy) = policy {
            let fingerprint = crate::PolicyFingerprint::of(policy).to_string();
            let used = Code::PolicyUsed.say(lang, &[("fingerprint", &fingerprint)]);
            let _ = write!(text, "\n  · {used}");
        }
    }
    if verdict.exit == Exit::Verified && !verdict.not_proved.is_empty() {
        text.push_str(match lang {
            Lang::En => "\nNot proved by this:",
            Lang::Zh => "\n以下内容未经证明：",
        });
        for code in &verdict.not_proved {
            let _ = write!(text, "\n  – {}", code.say(lang, &[]));
        }
    }
    text
}
