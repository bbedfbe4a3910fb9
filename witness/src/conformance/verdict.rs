//! What became of a case.

use super::case::{Case, Weight};
use serde_json::{Value, json};
use std::fmt;

/// The verdict on one case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All that came was expected.
    Passed,
    /// The specification is not kept.
    Failed(Deviation),
    /// Another answer than ours, where the specification recommends or leaves it open.
    Differs(Deviation),
    /// It was not tried, and needs not be.
    Skipped(&'static str),
    /// It could not be tried.
    CouldNot(String),
}

/// What was expected and what came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deviation {
    /// What was done, in a few words.
    pub step: String,
    /// What should have come.
    pub expected: String,
    /// What came.
    pub came: String,
    /// A fault by the specification whatever the case's weight: what must not be cosigned was.
    pub grave: bool,
}

impl Verdict {
    /// The verdict on a deviation in this case.
    pub fn of(case: &Case, deviation: Deviation) -> Self {
        if deviation.grave || case.weight == Weight::Must {
            Self::Failed(deviation)
        } else {
            Self::Differs(deviation)
        }
    }

    /// In one word.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed(_) => "failed",
            Self::Differs(_) => "differs",
            Self::Skipped(_) => "skipped",
            Self::CouldNot(_) => "could_not",
        }
    }

    /// As a line of JSON.
    pub fn to_json(&self, case: &Case) -> Value {
        let mut line = json!({
            "file": case.file, "name": case.name, "origin": case.log.origin(),
            "paragraph": case.paragraph, "says": case.weight.word(), "verdict": self.word(),
        });
        match self {
            Self::Passed => {}
            Self::Failed(deviation) | Self::Differs(deviation) => {
                line["step"] = deviation.step.as_str().into();
                line["expected"] = deviation.expected.as_str().into();
                line["came"] = deviation.came.as_str().into();
            }
            Self::Skipped(why) => line["why"] = (*why).into(),
            Self::CouldNot(why) => line["why"] = why.as_str().into(),
        }
        line
    }

    /// As lines for people.
    pub fn to_text(&self, case: &Case) -> String {
        let head = format!("{:<9} {}: {}\n", self.word(), case.file, case.name);
        let said = match self {
            Self::Passed => return head,
            Self::Failed(deviation) => deviation.to_string(),
            Self::Differs(deviation) => match case.weight {
                Weight::Should => {
                    format!("{deviation}          The specification recommends it.\n")
                }
                _ => format!("{deviation}          Beyond the specification: our own table.\n"),
            },
            Self::Skipped(why) => return format!("{head}          {why}\n"),
            Self::CouldNot(why) => return format!("{head}          {why}\n"),
        };
        format!("{head}          {}\n{said}", case.paragraph)
    }
}

impl fmt::Display for Deviation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "          {}", self.step)?;
        writeln!(f, "          expected: {}", self.expected)?;
        writeln!(f, "          came:     {}", self.came)
    }
}

impl Weight {
    /// In one word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Must => "MUST",
            Self::Should => "SHOULD",
            Self::Ours => "ours",
        }
    }
}
