//! What a log says when it says no: problem details (RFC 9457), made safe to print.

use serde::Deserialize;
use std::fmt;

/// No sentence of a log is longer; what a stranger's server sends goes to a terminal.
const SENTENCE_CHARS_MAX: usize = 400;

/// `{"type":"/docs/problems#slot-taken","title":…,"status":409,"detail":…,"remedy":…,"index":7}`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogProblem {
    status: u16,
    slug: String,
    sentence: String,
    remedy: Option<String>,
    index: Option<u64>,
}

impl LogProblem {
    /// Reads a problem's JSON. Anything else that came with this `status` becomes a problem without a slug, so that
    /// a proxy's HTML page is no second failure.
    pub fn from_body(status: u16, body: &[u8]) -> Self {
        serde_json::from_slice::<ProblemJson>(body).map_or_else(
            |_| Self::bare(status),
            |json| Self::from_json(status, &json),
        )
    }

    pub(crate) fn from_json(status: u16, json: &ProblemJson) -> Self {
        let slug = json.type_.rsplit_once('#').map_or("", |(_, slug)| slug);
        Self {
            status,
            slug: printable(slug),
            sentence: printable(json.detail.as_deref().unwrap_or(&json.title)),
            remedy: json.remedy.as_deref().map(printable),
            index: json.index,
        }
    }

    fn bare(status: u16) -> Self {
        Self {
            status,
            slug: String::new(),
            sentence: format!("the server answered {status} and did not say why"),
            remedy: None,
            index: None,
        }
    }

    /// The HTTP status, or the entry's own status within a batch.
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// The stable name, such as `slot-taken`; empty if the answer had none.
    pub fn slug(&self) -> &str {
        &self.slug
    }

    /// What happened.
    pub fn sentence(&self) -> &str {
        &self.sentence
    }

    /// What to do.
    pub fn remedy(&self) -> Option<&str> {
        self.remedy.as_deref()
    }

    /// The entry that holds the slot, in `slot-taken`.
    pub const fn index(&self) -> Option<u64> {
        self.index
    }

    /// True if the same request may succeed later: overload, quota, a log that starts or is read-only, a proxy.
    pub const fn is_passing(&self) -> bool {
        matches!(self.status, 408 | 425 | 429 | 500..=599)
    }
}

impl fmt::Display for LogProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)?;
        match &self.remedy {
            Some(remedy) => write!(f, " {remedy}"),
            None => Ok(()),
        }
    }
}

/// Control characters would let a server write over the terminal's earlier lines; direction marks reorder a line.
pub(crate) fn printable(text: &str) -> String {
    text.chars()
        .filter(|character| {
            !character.is_control()
                && !matches!(*character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        })
        .take(SENTENCE_CHARS_MAX)
        .collect()
}

#[derive(Deserialize)]
pub(crate) struct ProblemJson {
    #[serde(rename = "type", default)]
    type_: String,
    #[serde(default)]
    title: String,
    detail: Option<String>,
    remedy: Option<String>,
    index: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_keeps_its_slug_index_and_remedy() {
        let problem = LogProblem::from_body(
            409,
            br#"{"type":"/docs/problems#slot-taken","title":"Taken","detail":"Entry 7 holds it.","remedy":"Look.","index":7}"#,
        );
        assert_eq!(problem.slug(), "slot-taken");
        assert_eq!(problem.index(), Some(7));
        assert_eq!(problem.to_string(), "Entry 7 holds it. Look.");
        assert!(!problem.is_passing());
    }

    #[test]
    fn a_proxys_page_is_a_problem_too() {
        let problem = LogProblem::from_body(502, b"<html>Bad Gateway</html>");
        assert!(problem.is_passing());
        assert_eq!(problem.slug(), "");
    }

    #[test]
    fn a_server_cannot_write_over_the_terminal() {
        let problem = LogProblem::from_body(
            400,
            "{\"title\":\"\\u001b[2Jall is \\u202ewell\"}".as_bytes(),
        );
        assert_eq!(problem.sentence(), "[2Jall is well");
    }
}
