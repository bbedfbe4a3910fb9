//! The diary: what a daemon says about itself, to stderr and never to stdout, where results go.

use std::fmt;
use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::SubscriberInitExt;

/// Opens the diary of this process: sentences for people, or one JSON object a line.
///
/// `level` is a level (`info`) or a list of directives (`info,service=debug`).
///
/// # Errors
/// [`DiaryError`] when the level is not understood or a diary is already open.
pub fn diary(json: bool, level: &str) -> Result<(), DiaryError> {
    let filter = EnvFilter::builder()
        .parse(level)
        .map_err(|error| DiaryError::Level(error.to_string()))?;
    let diary = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false);
    let opened = if json {
        diary
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .finish()
            .try_init()
    } else {
        diary
            .with_ansi(std::io::stderr().is_terminal())
            .finish()
            .try_init()
    };
    opened.map_err(|_| DiaryError::AlreadyOpen)
}

/// The diary could not be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DiaryError {
    /// The level is not understood.
    Level(String),
    /// This process has one already.
    AlreadyOpen,
}

impl fmt::Display for DiaryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DiaryError::Level(why) => {
                write!(
                    f,
                    "the log level is not understood ({why}): say error, warn, info, debug or trace"
                )
            }
            DiaryError::AlreadyOpen => f.write_str("the diary of this process is already open"),
        }
    }
}

impl std::error::Error for DiaryError {}

#[cfg(test)]
mod tests {
    use super::{DiaryError, diary};

    #[test]
    fn a_diary_opens_once_and_a_wrong_level_is_named() {
        assert!(matches!(
            diary(false, "shout=loud=x"),
            Err(DiaryError::Level(_))
        ));
        assert_eq!(diary(true, "error"), Ok(()));
        assert_eq!(diary(false, "info"), Err(DiaryError::AlreadyOpen));
    }
}
