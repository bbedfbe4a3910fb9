//! What the doctor found about one thing: a sentence, and what to do.

use serde_json::{Value, json};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    /// As it should be.
    Ok,
    /// It could not be found out.
    Unknown,
    /// The log works, and something that protects it is missing.
    Warning,
    /// The log does not work, or not for long.
    Fault,
}

impl Verdict {
    /// The word for it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Unknown => "unknown",
            Self::Warning => "warning",
            Self::Fault => "fault",
        }
    }
}

/// What was found about one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Diagnosis {
    /// What was looked at, for programs.
    pub(crate) about: &'static str,
    /// How bad it is.
    pub(crate) verdict: Verdict,
    /// What was found.
    pub(crate) says: String,
    /// What to do; none where nothing has to be done.
    pub(crate) remedy: Option<String>,
}

impl Diagnosis {
    /// As it should be.
    pub(crate) fn ok(about: &'static str, says: impl Into<String>) -> Self {
        Self {
            about,
            verdict: Verdict::Ok,
            says: says.into(),
            remedy: None,
        }
    }

    /// Something else, with what to do.
    pub(crate) fn of(
        verdict: Verdict,
        about: &'static str,
        says: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            about,
            verdict,
            says: says.into(),
            remedy: Some(remedy.into()),
        }
    }

    /// For programs.
    pub(crate) fn to_json(&self) -> Value {
        json!({"about": self.about, "verdict": self.verdict.word(), "says": self.says, "remedy": self.remedy})
    }
}

impl std::fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{:<8} {:<9} {}",
            self.verdict.word(),
            self.about,
            self.says
        )?;
        match &self.remedy {
            Some(remedy) => write!(f, "\n{:19}{remedy}", ""),
            None => Ok(()),
        }
    }
}
