//! Why a program ends without having done what it was asked: a sentence and an exit code.

use std::fmt;
use std::process::ExitCode;

use words::Exit;

/// A verb that came to nothing.
#[derive(Debug)]
pub struct Failure {
    sentence: String,
    exit: Exit,
}

impl Failure {
    /// It could not be done: unreadable, malformed, or an outage.
    pub fn could_not(why: impl fmt::Display) -> Failure {
        Failure::new(why, Exit::CouldNotCheck)
    }

    /// It was asked wrongly.
    pub fn usage(why: impl fmt::Display) -> Failure {
        Failure::new(why, Exit::Usage)
    }

    /// Something was refused or proven wrong.
    pub fn wrong(why: impl fmt::Display) -> Failure {
        Failure::new(why, Exit::ProvenWrong)
    }

    /// Says on standard error what this program could not do; the code that it ends with.
    pub fn tell(&self, program: &str) -> ExitCode {
        eprintln!("{program}: {self}");
        self.exit.into()
    }

    fn new(why: impl fmt::Display, exit: Exit) -> Failure {
        Failure {
            sentence: why.to_string(),
            exit,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

impl std::error::Error for Failure {}
