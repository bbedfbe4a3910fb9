//! `notary misbehavior explain`, and what `notary verify` says of a proof of misbehaviour.

use super::answer::{Answer, Failure};
use super::verdict_json;
use super::voice::Voice;
use crate::Accusation;
use serde_json::{Value, json};
use service::AwsLc;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use tlog::{AccusedNote, MISBEHAVIOR_BYTES_MAX, Vkey};
use words::{Code, Lang};

/// Says in two sentences what a file proves, against whom, and what it does not prove.
pub fn explain(file: &Path, accused: Option<&str>, voice: Voice) -> Result<Answer, Failure> {
    let accused = key(accused)?;
    let bytes =
        read(file).map_err(|error| Failure::could_not(format!("{}: {error}", file.display())))?;
    let accusation = Accusation::judge(&bytes, accused.as_ref(), &AwsLc);
    let lang = voice.lang;
    let text = match accusation.finding() {
        Some(finding) => {
            let between = match lang {
                Lang::En => " ",
                Lang::Zh => "",
            };
            format!(
                "{}{between}{}",
                finding.say(lang),
                Code::ProofLimits.say(lang, &[])
            )
        }
        None => accusation.verdict.word.say(lang),
    };
    let mut answer = Answer::done(text, in_json(file, &accusation, lang));
    answer.json["schema"] = Value::from("notarylog/misbehavior/1");
    answer.exit = accusation.verdict.exit;
    Ok(match accusation.caution() {
        Some(caution) => answer.hint(caution.say(lang)),
        None => answer,
    })
}

/// The key in `--accused`.
pub fn key(text: Option<&str>) -> Result<Option<Vkey>, Failure> {
    let parsed = text.map(Vkey::parse).transpose();
    parsed.map_err(|error| Failure::usage(format!("--accused: {error}")))
}

/// The bytes of a file that says that it is a proof of misbehaviour; `None` of any other, whose rest is not read.
pub fn read_if_one(file: &Path) -> io::Result<Option<Vec<u8>>> {
    let mut first = Vec::new();
    File::open(file)?.take(64).read_to_end(&mut first)?;
    if Accusation::claims_to_be_one(&first) {
        read(file).map(Some)
    } else {
        Ok(None)
    }
}

/// A file that is to be a proof of misbehaviour. One that is too long is cut behind the limit, where it is malformed.
pub fn read(file: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = MISBEHAVIOR_BYTES_MAX as u64 + 1;
    File::open(file)?.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The verdict, what is proven, and whose key it is.
pub fn in_words(accusation: &Accusation, lang: Lang) -> String {
    let mut text = accusation.verdict.word.say(lang);
    for word in [accusation.finding(), accusation.caution()]
        .into_iter()
        .flatten()
    {
        let _ = write!(text, "\n{}", word.say(lang));
    }
    text
}

/// The verdict as every other, and what the file says of itself.
pub fn in_json(file: &Path, accusation: &Accusation, lang: Lang) -> Value {
    let mut verdict = verdict_json::in_json(file, &accusation.verdict, lang);
    let head = |note: &AccusedNote| {
        let checkpoint = note.checkpoint();
        json!({
            "size": checkpoint.size().get(),
            "root": checkpoint.root().to_string(),
            "note": note.to_string(),
        })
    };
    verdict["misbehavior"] = accusation.proof.as_ref().map_or(Value::Null, |proof| {
        json!({
            "kind": proof.kind().word(),
            "accused": proof.accused().to_string(),
            "accused_is_known": accusation.is_known,
            "origin": proof.first().checkpoint().origin(),
            "first": head(proof.first()),
            "second": proof.second().map(head),
            "index": proof.index().map(tlog::LeafIndex::get),
            "finding": accusation.finding().map(|word| word.say(lang)),
            "limits": accusation.finding().map(|_| Code::ProofLimits.say(lang, &[])),
            "caution": accusation.caution().map(|word| word.say(lang)),
        })
    });
    verdict
}
