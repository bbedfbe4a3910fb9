//! What `notary submit` says of each item.

use super::answer::Answer;
use super::verdict_json::confirmations_in_json;
use crate::{
    CallError, Claim, Confirmations, Doubt, ItemFiles, LogProblem, Passing as _, SealError, Word,
};
use evidence::EvidenceFile;
use serde_json::{Value, json};
use std::fmt::Write as _;
use tlog::LeafIndex;
use words::{Code, Exit, Lang};

/// A sealed item on its way.
#[derive(Debug)]
pub struct Item {
    /// Where its files are.
    pub files: ItemFiles,
    /// What is sent.
    pub evidence: EvidenceFile,
}

impl Item {
    /// An item whose evidence is on the disk.
    pub const fn new(files: ItemFiles, evidence: EvidenceFile) -> Self {
        Self { files, evidence }
    }
}

/// What became of the items, in the order in which it became known.
#[derive(Debug, Default)]
pub struct Report {
    lines: Vec<Line>,
    hints: Vec<String>,
    without_notices: Option<String>,
}

#[derive(Debug)]
struct Line {
    files: ItemFiles,
    evidence: Option<EvidenceFile>,
    word: Word,
    // What the word alone does not say, in the log's or the system's words.
    detail: Option<String>,
    exit: Exit,
    index: Option<LeafIndex>,
    state: Option<State>,
    awaits: Option<String>,
    confirmations: Confirmations,
}

/// How far an entry is, in the words that the log uses too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Logged,
    Witnessed,
}

impl State {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Logged => "logged",
            Self::Witnessed => "witnessed",
        }
    }
}

impl Report {
    /// Says something beside the results.
    pub fn hint(&mut self, hint: impl Into<String>) {
        self.hints.push(hint.into());
    }

    /// The proof is on the disk. Witnessed is only said of what a policy's witnesses were seen to confirm.
    pub fn proved(
        &mut self,
        item: Item,
        is_new: bool,
        index: LeafIndex,
        confirmations: Confirmations,
    ) {
        let is_witnessed = confirmations.count() > 0;
        let code = match (is_new, is_witnessed) {
            (false, _) => Code::AlreadyProved,
            (true, false) => Code::Submitted,
            (true, true) => Code::SubmittedWitnessed,
        };
        let word = Word::plain(code)
            .with("index", &index)
            .with("path", &item.files.receipt().display());
        let word = if is_witnessed {
            confirmations.fill(word)
        } else {
            word
        };
        let line = self.line(item, word);
        line.index = Some(index);
        line.state = Some(if is_witnessed {
            State::Witnessed
        } else {
            State::Logged
        });
        line.confirmations = confirmations;
    }

    /// Logged, and no head that the policy accepts covers it yet.
    pub fn logged(&mut self, item: Item, claim: Claim) {
        let word = Word::plain(Code::LoggedAwaits)
            .with("index", &claim.index)
            .with("awaits", claim.awaits.trim_end_matches('.'));
        let line = self.line(item, word);
        line.index = Some(claim.index);
        line.state = Some(State::Logged);
        line.awaits = Some(claim.awaits);
    }

    /// The log refused the entry.
    pub fn refused(&mut self, item: Item, problem: &LogProblem) {
        if problem.slug() == "slot-taken" {
            let holder = problem
                .index()
                .map_or_else(|| "?".to_owned(), |i| i.to_string());
            let line = self.line(item, Word::plain(Code::SlotTaken).with("index", &holder));
            line.detail = Some(format!(
                "Another copy of the case file has given this number to another record: find the newest copy. {problem}"
            ));
            return;
        }
        let word =
            Word::plain(Code::Refused).with("reason", &problem.sentence().trim_end_matches('.'));
        let line = self.line(item, word);
        // Nothing is proven wrong by a refusal; the item could not be logged.
        line.exit = Exit::CouldNotCheck;
        let remedy = problem
            .remedy()
            .map_or_else(String::new, |remedy| format!("{remedy} "));
        line.detail = Some(format!(
            "{remedy}It stays sealed and is sent again by the next run; to give its number to another record instead, \
             remove its .evidence file."
        ));
    }

    /// The answer does not prove what it says.
    pub fn doubted(&mut self, item: Item, code: Code, doubt: &Doubt) {
        self.line(item, Word::plain(code)).detail = Some(doubt.to_string());
    }

    /// No answer, and why.
    pub fn unanswered(&mut self, item: Item, failure: Option<&CallError>) {
        let reason = failure.map_or_else(
            || "it takes no more entries at this moment".to_owned(),
            ToString::to_string,
        );
        let reason = reason.trim_end_matches('.');
        if failure.is_some_and(|failure| !failure.is_passing()) {
            // The same again would fare the same.
            let word = Word::plain(Code::CannotCheck).with("reason", reason);
            self.line(item, word);
            return;
        }
        let after = failure.and_then(CallError::retry_after);
        let after = after.map_or(60, |after| after.as_secs());
        let word = Word::plain(Code::TryAgain)
            .with("reason", reason)
            .with("x", &format!("{after} s"));
        self.line(item, word);
    }

    /// The file was not sealed.
    pub fn failed(&mut self, files: ItemFiles, error: &SealError) {
        let word = match error {
            SealError::FileChanged => Word::plain(Code::FileChangedSinceSealed),
            _ => Word::plain(Code::CannotCheck).with("reason", &error),
        };
        self.lines.push(Line {
            files,
            evidence: None,
            exit: word.code.exit(),
            word,
            detail: None,
            index: None,
            state: None,
            awaits: None,
            confirmations: Confirmations::default(),
        });
    }

    /// Proved items whose evidence has no notices yet.
    pub fn incomplete(&mut self) -> impl Iterator<Item = (&ItemFiles, &mut EvidenceFile)> {
        self.lines
            .iter_mut()
            .filter(|line| line.exit == Exit::Verified)
            .filter_map(|line| Some((&line.files, line.evidence.as_mut()?)))
            .filter(|(_, evidence)| evidence.notices.is_empty())
    }

    /// The notices could not be fetched, and why.
    pub fn not_complete(&mut self, why: String) {
        self.without_notices = Some(why);
    }

    /// All in words and in JSON.
    pub fn answer(self, lang: Lang) -> Answer {
        let mut exit = Exit::Verified;
        let mut text = String::new();
        for line in &self.lines {
            exit = exit.and(line.exit);
            let gap = if text.is_empty() { "" } else { "\n" };
            let file = line.files.original().display();
            let _ = write!(text, "{gap}{file}: {}", line.word.say(lang));
            if let Some(detail) = &line.detail {
                let _ = write!(text, " {detail}");
            }
        }
        let mut hints = self.hints;
        if let Some(why) = &self.without_notices {
            // Proved, and not yet to be verified by others: "not yet" is what is left.
            exit = exit.and(Exit::NotYet);
            hints.push(format!(
                "the notices that enrol the key are not beside the records yet, so `notary verify` cannot finish; run \
                 this again ({why})"
            ));
        }
        let results: Vec<Value> = self.lines.iter().map(|line| line.in_json(lang)).collect();
        let json = json!({
            "schema": "notarylog/submission/1",
            "exit": exit.number(),
            "results": results,
        });
        Answer {
            text,
            json,
            hints,
            exit,
        }
    }

    fn line(&mut self, item: Item, word: Word) -> &mut Line {
        self.lines.push(Line {
            files: item.files,
            evidence: Some(item.evidence),
            exit: word.code.exit(),
            word,
            detail: None,
            index: None,
            state: None,
            awaits: None,
            confirmations: Confirmations::default(),
        });
        self.lines.last_mut().expect("a line was just pushed")
    }
}

impl Line {
    fn in_json(&self, lang: Lang) -> Value {
        let evidence = self.evidence.as_ref();
        let arguments = super::verdict_json::arguments(&self.word, lang);
        // A claim is no proof: its receipt is not on the disk.
        let is_proved = self.index.is_some() && self.awaits.is_none();
        json!({
            "file": self.files.original().display().to_string(),
            "code": self.word.code.as_str(),
            "exit": self.exit.number(),
            "sentence": self.word.say(lang),
            "arguments": arguments,
            "detail": self.detail,
            "index": self.index.map(LeafIndex::get),
            "state": self.state.map(State::as_str),
            "awaits": self.awaits,
            "witnesses": confirmations_in_json(&self.confirmations),
            "number": evidence.map(|evidence| evidence.handle_index),
            "evidence": evidence.map(|_| self.files.evidence().display().to_string()),
            "tlog_proof": is_proved.then(|| self.files.receipt().display().to_string()),
            "complete": evidence.is_some_and(|evidence| !evidence.notices.is_empty()),
        })
    }
}
