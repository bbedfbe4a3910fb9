//! Exit codes of the command line: frozen, since scripts and other programs read them.

use core::fmt;
use std::process::ExitCode;

/// How a command ended. The numbers never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Exit {
    /// 0: verified, or done.
    Verified = 0,
    /// 1: proven wrong: a proof, a signature or a hash fails, or a file differs from the record that stands beside it.
    ProvenWrong = 1,
    /// 2: the command was not understood.
    Usage = 2,
    /// 3: not yet: logged and not yet witnessed, or stale.
    NotYet = 3,
    /// 4: no match: no record at hand knows this file, or two heads that nobody has joined.
    NoMatch = 4,
    /// 5: the check could not be made: unreadable, malformed, or an outage.
    CouldNotCheck = 5,
    /// 6: a contradiction is proven.
    Contradiction = 6,
}

impl Exit {
    /// Every exit code, ascending.
    pub const ALL: [Exit; 7] = [
        Exit::Verified,
        Exit::ProvenWrong,
        Exit::Usage,
        Exit::NotYet,
        Exit::NoMatch,
        Exit::CouldNotCheck,
        Exit::Contradiction,
    ];

    /// The number that the process ends with, 0 to 6.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The graver of two, for a command that checks several things: a contradiction before proven wrong, proven wrong
    /// before anything that was merely not found out.
    #[must_use]
    pub fn and(self, other: Exit) -> Exit {
        if self.gravity() >= other.gravity() {
            self
        } else {
            other
        }
    }

    const fn gravity(self) -> u8 {
        match self {
            Exit::Verified => 0,
            Exit::NotYet => 1,
            Exit::NoMatch => 2,
            Exit::CouldNotCheck => 3,
            Exit::Usage => 4,
            Exit::ProvenWrong => 5,
            Exit::Contradiction => 6,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.number())
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.number())
    }
}

#[cfg(test)]
mod tests {
    use super::Exit;

    #[test]
    fn the_numbers_are_frozen() {
        assert_eq!(Exit::ALL.map(Exit::number), [0, 1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn a_contradiction_outweighs_everything_and_success_outweighs_nothing() {
        for exit in Exit::ALL {
            assert_eq!(exit.and(Exit::Contradiction), Exit::Contradiction);
            assert_eq!(exit.and(Exit::Verified), exit);
            assert_eq!(Exit::Verified.and(exit), exit);
        }
        assert_eq!(
            Exit::CouldNotCheck.and(Exit::ProvenWrong),
            Exit::ProvenWrong
        );
    }
}
