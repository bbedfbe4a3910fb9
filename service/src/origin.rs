//! Where a value came from.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value as Json, json};

/// Where a value came from; each wins over those above.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The program.
    Default,
    /// A line of the file.
    File {
        /// The file.
        path: Arc<Path>,
        /// The line, from 1.
        line: usize,
    },
    /// An environment variable.
    Variable(String),
    /// A flag of the command line.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::File { path, line } => write!(f, "{}:{line}", path.display()),
            Origin::Variable(name) | Origin::Flag(name) => f.write_str(name),
        }
    }
}

impl Origin {
    pub(crate) fn to_json(&self) -> Json {
        match self {
            Origin::Default => json!({"kind": "default"}),
            Origin::File { path, line } => {
                json!({"kind": "file", "path": path.to_string_lossy(), "line": line})
            }
            Origin::Variable(name) => json!({"kind": "environment", "name": name}),
            Origin::Flag(name) => json!({"kind": "flag", "name": name}),
        }
    }
}
