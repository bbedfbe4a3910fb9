//! The program `notarylog-witness`, for a witness's operator. The only place that names adapters and opens things.

mod check;
mod config;
mod conformance;
mod folder;
mod init;
mod key;
mod list_reader;
mod log;
mod neighbours;
mod run;
mod status;

use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
pub(crate) use service::{Failure, runtime};
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use words::Exit;

/// A witness of transparency logs: it checks that they only grow, remembers, and cosigns.
#[derive(Parser)]
#[command(name = NAME, version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

const NAME: &str = "notarylog-witness";

#[derive(Subcommand)]
enum Verb {
    /// Makes a new witness: two keys, configuration, database
    #[command(
        after_help = "Example:\n  notarylog-witness init /srv/witness --name witness.example.org/w1"
    )]
    Init(init::Init),
    /// Runs the witness in DIR
    #[command(after_help = "Example:\n  notarylog-witness run /srv/witness --listen 0.0.0.0:8090")]
    Run(Folder),
    /// Shows the logs and what was cosigned last
    #[command(
        after_help = "Examples:\n  notarylog-witness status /srv/witness\n  notarylog-witness status https://witness.example.org"
    )]
    Status(status::Status),
    /// Enrols, removes and lists logs, also beside a running witness
    #[command(subcommand)]
    Log(log::LogVerb),
    /// Shows the witness's verifier keys
    #[command(subcommand)]
    Key(key::KeyVerb),
    /// Verifies everything that is stored: exit 0 clean, 1 damaged, 5 could not check
    #[command(after_help = "Example:\n  notarylog-witness check /srv/witness")]
    Check(Folder),
    /// Plays the conformance suite against any witness: exit 0 all passed, 1 some failed, 5 could not be played
    #[command(
        after_help = "Example:\n  notarylog-witness conformance https://witness.example.org --vkey …\n\nThe logs of the suite are enrolled first: see `notarylog-witness conformance logs --help`."
    )]
    Conformance(conformance::Conformance),
    /// Shows every option's value and where it came from
    #[command(after_help = "Example:\n  notarylog-witness config /srv/witness")]
    Config(Folder),
    /// Writes a completion script for a shell to standard output
    #[command(
        after_help = "Example:\n  notarylog-witness completions bash > /etc/bash_completion.d/notarylog-witness"
    )]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// The witness's folder.
#[derive(Args)]
pub(crate) struct Folder {
    /// The folder that `notarylog-witness init` made
    dir: PathBuf,
    /// One JSON object a line instead of sentences
    #[arg(long)]
    json: bool,
}

/// Runs the program with these arguments, the first of which is its name.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let matches = command().get_matches_from(args);
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    let options = matches.subcommand().map(|(_, matches)| matches);
    let done = match (cli.verb, options) {
        (Verb::Init(init), _) => init.run(),
        (Verb::Run(folder), Some(matches)) => run::run(&folder, matches),
        (Verb::Config(folder), Some(matches)) => config::run(&folder, matches),
        (Verb::Run(_) | Verb::Config(_), None) => Err(Failure::usage("no options were given")),
        (Verb::Status(status), _) => status.run(),
        (Verb::Log(log), _) => log.run(),
        (Verb::Key(key), _) => key.run(),
        (Verb::Conformance(conformance), _) => conformance.run(),
        (Verb::Check(folder), _) => check::run(&folder),
        (Verb::Completions { shell }, _) => {
            clap_complete::generate(shell, &mut command(), NAME, &mut std::io::stdout());
            Ok(())
        }
    };
    match done {
        Ok(()) => Exit::Verified.into(),
        Err(failure) => failure.tell(NAME),
    }
}

fn command() -> clap::Command {
    Cli::command()
        .mut_subcommand("run", |run| config::OPTIONS.add_to(run))
        .mut_subcommand("config", |shown| config::OPTIONS.add_to(shown))
}
