//! `notary observe FILE URL…`: shows witnesses the head that somebody was shown, and judges what they answer.

use super::answer::{Answer, Failure};
use super::voice::Voice;
use crate::durable_file::{self, Readers};
use crate::{Accusation, Reason, WitnessClient, WitnessError, Word};
use serde_json::{Value, json};
use service::AwsLc;
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};
use tlog::{Checkpoint, Note, RECEIPT_BYTES_MAX, Receipt};
use words::Code;

/// How a proof that a witness had is called beside the file.
const ENDING: &str = "misbehavior";

/// Sends the head in FILE, a checkpoint or a proof, to witnesses.
pub async fn observe(file: &Path, urls: &[String], voice: Voice) -> Result<Answer, Failure> {
    let note = head_in(file)?;
    let mut answer = Answer::done(String::new(), Value::Null);
    let mut all = Vec::new();
    for url in urls {
        let witness = WitnessClient::new(url);
        let witness = witness.map_err(|error| Failure::usage(format!("{url}: {error}")))?;
        let said = ask(&witness, url, &note, file).await;
        answer.exit = answer.exit.and(said.word.code.exit());
        let sentence = said.word.say(voice.lang);
        let line_end = if answer.text.is_empty() { "" } else { "\n" };
        let _ = write!(answer.text, "{line_end}{sentence}");
        for more in &said.more {
            let _ = write!(answer.text, "\n{}", more.say(voice.lang));
        }
        if let Some(saved) = &said.saved {
            let _ = write!(answer.text, "\n{}", saved.display());
        }
        all.push(json!({
            "url": url,
            "code": said.word.code.as_str(),
            "exit": said.word.code.exit().number(),
            "sentence": sentence,
            "proof": said.saved,
        }));
    }
    answer.json = json!({
        "schema": "notarylog/observed/1",
        "exit": answer.exit.number(),
        "witnesses": all,
    });
    Ok(answer)
}

/// What one witness said, and what it is worth.
struct Said {
    word: Word,
    more: Vec<Word>,
    saved: Option<PathBuf>,
}

impl From<Word> for Said {
    fn from(word: Word) -> Self {
        Self {
            word,
            more: Vec::new(),
            saved: None,
        }
    }
}

async fn ask(witness: &WitnessClient, url: &str, note: &Note, file: &Path) -> Said {
    let of_witness = |code| Word::plain(code).with("witness", url);
    let observed = match witness.observe(&note.to_string()).await {
        Ok(observed) => observed,
        Err(why) => return could_not(url, &why).into(),
    };
    match (observed.verdict.as_str(), observed.proof) {
        ("known" | "follows", _) => of_witness(Code::ObservedOne).into(),
        ("uncompared", _) => of_witness(Code::ObservedNothing).into(),
        ("apart", _) => of_witness(Code::ObservedApart).into(),
        ("proven", Some(path)) => match witness.proof(&path).await {
            Ok(bytes) => judged(url, note, &bytes, file),
            Err(why) => could_not(url, &why).into(),
        },
        _ => could_not(url, &WitnessError::Answer).into(),
    }
}

/// A witness's word that the log lied is worth nothing; its file is judged, and kept.
fn judged(url: &str, note: &Note, bytes: &[u8], file: &Path) -> Said {
    let accusation = Accusation::judge(bytes, None, &AwsLc);
    let origin = |note: &Note| Checkpoint::parse(note.text()).map(|one| one.origin().to_owned());
    let of_this_log = accusation.proof.as_ref().is_some_and(|proof| {
        origin(note).is_ok_and(|origin| origin == proof.first().checkpoint().origin())
    });
    let Some(finding) = accusation.finding().filter(|_| of_this_log) else {
        return could_not(url, &WitnessError::Answer).into();
    };
    let path = durable_file::beside(file, ENDING);
    let saved = match durable_file::create(&path, bytes, Readers::All) {
        Ok(()) => Some(path),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Some(path),
        Err(_) => None,
    };
    let more = [Some(finding), accusation.caution()];
    Said {
        word: accusation.verdict.word,
        more: more.into_iter().flatten().collect(),
        saved,
    }
}

fn could_not(url: &str, why: &WitnessError) -> Word {
    let reason = Reason::Witness(url.to_owned(), why.to_string());
    Word::because(Code::CannotCheck, reason)
}

/// The head in a file: a checkpoint as it was served, or the one in a proof (c2sp.org/tlog-proof).
fn head_in(file: &Path) -> Result<Note, Failure> {
    let could_not =
        |why: &dyn std::fmt::Display| Failure::could_not(format!("{}: {why}", file.display()));
    let bytes = durable_file::read_at_most(file, RECEIPT_BYTES_MAX as u64)
        .map_err(|error| could_not(&error))?;
    if Accusation::claims_to_be_one(&bytes) {
        return Err(could_not(
            &"this is a proof of misbehaviour: judge it with `notary verify`",
        ));
    }
    if let Ok(receipt) = Receipt::parse(&bytes) {
        return Ok(receipt.note().clone());
    }
    Note::parse(&bytes).map_err(|error| could_not(&error))
}
