//! What a verb comes to: an answer in two forms, or a failure with its exit code.

use serde_json::Value;
use words::Exit;

/// A result, as text for people and as JSON for programs.
#[derive(Debug)]
pub struct Answer {
    /// For stdout, without the last line feed.
    pub text: String,
    /// For stdout with `--json`.
    pub json: Value,
    /// Hints for stderr, one a line.
    pub hints: Vec<String>,
    /// The exit code.
    pub exit: Exit,
}

impl Answer {
    /// A result that is done.
    pub const fn done(text: String, json: Value) -> Self {
        Self {
            text,
            json,
            hints: Vec::new(),
            exit: Exit::Verified,
        }
    }

    /// With a hint.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

/// A verb that came to nothing.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// What happened and what to do.
    pub sentence: String,
}

impl Failure {
    /// The arguments contradict each other or the files that they name.
    pub fn usage(sentence: impl Into<String>) -> Self {
        Self {
            exit: Exit::Usage,
            sentence: sentence.into(),
        }
    }

    /// It could not be done: unreadable, malformed, an outage.
    pub fn could_not(sentence: impl Into<String>) -> Self {
        Self {
            exit: Exit::CouldNotCheck,
            sentence: sentence.into(),
        }
    }
}
