//! The persons of the town: each daemon and command line, as a separate process of this very program.
//!
//! `cargo run -p demo` and `cargo test` build their own program and no other package's. So that program carries every
//! person inside, and starts itself anew with `--person NAME …` to become one: a process of its own, with its own
//! memory and its own end, and never a stale build.

use rustix::process::{Pid, Signal, getppid, set_parent_process_death_signal};
use std::ffi::OsString;
use std::process::{Command, ExitCode};

/// Somebody in the town, who is a program in life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Person {
    /// `notarylog`: the log and its operator's verbs.
    Log,
    /// `notarylog-witness`: a witness and its operator's verbs.
    Witness,
    /// `notary`: the command line of a bureau and of a citizen.
    Notary,
    /// `loadtest`: the load generator.
    Loadtest,
    /// `demo`: the whole town, within a town's test.
    Demo,
}

/// The argument that turns this program into a person.
const FLAG: &str = "--person";

/// The variable by which a parent tells its process id, so that the child can see whether the parent still lives.
const PARENT: &str = "TOWN_PARENT";

impl Person {
    /// Everybody.
    pub const ALL: [Self; 5] = [
        Self::Log,
        Self::Witness,
        Self::Notary,
        Self::Loadtest,
        Self::Demo,
    ];

    /// The name of this person's program.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Log => "notarylog",
            Self::Witness => "notarylog-witness",
            Self::Notary => "notary",
            Self::Loadtest => "loadtest",
            Self::Demo => "demo",
        }
    }

    /// A command that starts this person as a process of its own. Its arguments are those that the person's own program
    /// takes.
    pub fn command(self) -> std::io::Result<Command> {
        let mut command = Command::new(std::env::current_exe()?);
        command
            .arg(FLAG)
            .arg(self.name())
            .env(PARENT, std::process::id().to_string());
        Ok(command)
    }

    /// The same under a tracer, as `strace -D` is one: it starts the command that follows its own arguments, in its own
    /// place, and watches it.
    pub fn command_under(self, tracer: &[OsString]) -> std::io::Result<Command> {
        let alone = self.command()?;
        let Some((program, args)) = tracer.split_first() else {
            return Ok(alone);
        };
        let mut command = Command::new(program);
        command
            .args(args)
            .arg(alone.get_program())
            .args(alone.get_args());
        command.env(PARENT, std::process::id().to_string());
        Ok(command)
    }

    fn live(self, args: Vec<OsString>) -> ExitCode {
        match self {
            Self::Log => notarylog::program::run(args),
            Self::Witness => notarylog_witness::program::run(args),
            Self::Notary => notarylog_client::program::run(args),
            Self::Loadtest => notarylog_loadtest::program::run(args),
            Self::Demo => crate::program::run(args),
        }
    }
}

/// What a program of the town asks first: was it started as a person? Then it lives that person's life and this is its
/// exit code; `None` means that the program is itself.
pub fn called(args: impl IntoIterator<Item = OsString>) -> Option<ExitCode> {
    let (person, args) = read(args)?;
    die_with_parent();
    Some(person.live(args))
}

/// `demo --person notarylog serve DIR` → the log, with `notarylog serve DIR`.
fn read(args: impl IntoIterator<Item = OsString>) -> Option<(Person, Vec<OsString>)> {
    let mut args = args.into_iter().skip(1);
    if args.next()? != FLAG {
        return None;
    }
    let name = args.next()?;
    let person = Person::ALL
        .into_iter()
        .find(|person| name == person.name())?;
    Some((person, std::iter::once(name).chain(args).collect()))
}

/// Leaves no orphan: when the thread that started this process ends, the system kills this process.
fn die_with_parent() {
    let Some(parent) = std::env::var(PARENT)
        .ok()
        .and_then(|pid| pid.parse::<i32>().ok())
    else {
        return; // a person typed `--person` at a shell: nobody to die with
    };
    // Where the system has no such signal the parent's own clean-up has to do.
    let _ = set_parent_process_death_signal(Some(Signal::KILL));
    // The parent may have ended before the signal was asked for: then nobody would ever send it.
    if getppid()
        .map(Pid::as_raw_nonzero)
        .is_none_or(|pid| pid.get() != parent)
    {
        std::process::exit(1);
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may fail loudly")]
mod tests {
    use super::*;

    fn typed(line: &str) -> Option<(Person, Vec<OsString>)> {
        read(line.split(' ').map(OsString::from))
    }

    #[test]
    fn a_person_gets_its_own_arguments_under_its_own_name() {
        let (person, args) = typed("demo --person notarylog serve here --json").unwrap();
        assert_eq!(person, Person::Log);
        assert_eq!(args, ["notarylog", "serve", "here", "--json"]);
    }

    #[test]
    fn without_a_known_person_the_program_is_itself() {
        for line in [
            "demo",
            "demo --once",
            "demo --person",
            "demo --person nobody",
            "demo serve --person notary",
        ] {
            assert!(typed(line).is_none(), "{line}");
        }
    }
}
