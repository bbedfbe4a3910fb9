//! How the program speaks: its language, its form, and which stream gets what.

use super::answer::{Answer, Failure};
use super::command::{Language, VoiceArgs};
use serde_json::json;
use std::env;
use std::io::{self, Write as _};
use words::{Exit, Lang};

/// The language and the form of answers.
#[derive(Clone, Copy, Debug)]
pub struct Voice {
    /// The language of sentences.
    pub lang: Lang,
    /// Whether to say more.
    pub verbose: bool,
    json: bool,
}

impl Voice {
    /// The voice that the arguments and the locale ask for.
    pub fn of(args: VoiceArgs) -> Self {
        let lang = match args.lang {
            Some(Language::En) => Lang::En,
            Some(Language::Zh) => Lang::Zh,
            None => {
                let locale = ["LC_ALL", "LC_MESSAGES", "LANG"]
                    .map(|name| env::var(name).unwrap_or_default());
                Lang::of_locale(&locale.each_ref().map(String::as_str))
            }
        };
        Self {
            lang,
            verbose: args.verbose,
            json: args.json,
        }
    }

    /// Whether a person is to see progress.
    pub const fn shows_progress(self) -> bool {
        !self.json
    }

    /// Says a result.
    pub fn answer(self, answer: &Answer) -> Exit {
        for hint in &answer.hints {
            self.hint(hint);
        }
        let text = if self.json {
            answer.json.to_string()
        } else {
            answer.text.clone()
        };
        if text.is_empty() {
            return answer.exit;
        }
        match writeln!(io::stdout(), "{text}") {
            Ok(()) => {}
            // A reader that has seen enough closes the pipe.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
            Err(error) => {
                self.hint(&format!("the output could not be written: {error}"));
                return answer.exit.and(Exit::CouldNotCheck);
            }
        }
        answer.exit
    }

    /// Says a failure.
    pub fn failure(self, failure: &Failure) -> Exit {
        self.hint(&failure.sentence);
        if self.json {
            let json = json!({
                "schema": "notarylog/failure/1",
                "exit": failure.exit.number(),
                "detail": failure.sentence,
            });
            let _ = writeln!(io::stdout(), "{json}");
        }
        failure.exit
    }

    /// Says something beside the result.
    #[expect(
        clippy::unused_self,
        reason = "hints are said by the voice, like all else"
    )]
    pub fn hint(self, hint: &str) {
        let _ = writeln!(io::stderr(), "notary: {hint}");
    }
}
