//! The program `notarylog`, for the log's operator. The only place that names adapters and opens things.

mod audit;
mod backup;
mod bureau;
mod check;
mod clock_probe;
mod config;
mod diagnosis;
mod disk_probe;
mod doctor;
mod end;
mod folder;
mod health;
mod init;
mod manifest;
mod notice;
mod quotas;
mod restore;
mod serve;
mod status;
mod tile_copy;
mod witness_policy;
mod witness_probe;

use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
pub(crate) use service::{Failure, runtime};
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use words::Exit;

/// A transparency log for administrative law enforcement.
#[derive(Parser)]
#[command(name = "notarylog", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Makes a new log: keys, configuration, database, journal and its first entry
    #[command(
        after_help = "Example:\n  notarylog init /srv/log --origin log.example.org/suzhou-2026 --anchor /mnt/second/journal"
    )]
    Init(init::Init),
    /// Serves the log in DIR
    #[command(after_help = "Example:\n  notarylog serve /srv/log --listen 0.0.0.0:8080")]
    Serve(Folder),
    /// Shows every option's value and where it came from
    #[command(after_help = "Example:\n  notarylog config /srv/log")]
    Config(Folder),
    /// Hashes and compares everything again: exit 0 clean, 1 damaged, 5 could not check
    #[command(
        after_help = "Examples:\n  notarylog check /srv/log\n  notarylog check https://log.example.org"
    )]
    Check(check::Check),
    /// Copies the log in DIR to the new folder TO, also while it serves; the keys stay out of it
    #[command(after_help = "Example:\n  notarylog backup /srv/log /mnt/backup/2026-11-24")]
    Backup(backup::Backup),
    /// Makes a log in DIR from a backup and from what is left of the original
    #[command(
        after_help = "Examples:\n  notarylog restore /mnt/backup/2026-11-24 /srv/log\n  \
                      notarylog restore /mnt/backup/2026-11-24 /srv/log --keys /media/safe/keys --anchor /mnt/second/journal"
    )]
    Restore(restore::Restore),
    /// Shows how the log stands: size, published head, quorum, who is silent, why it takes nothing
    #[command(
        after_help = "Examples:\n  notarylog status /srv/log\n  notarylog status https://log.example.org"
    )]
    Status(status::Status),
    /// Examines clock, disks, keys and witnesses, with a remedy for each fault: exit 0 no fault, 1 a fault
    #[command(
        after_help = "Run it as the user that the log runs as, also while it serves.\n\nExample:\n  notarylog doctor /srv/log"
    )]
    Doctor(doctor::Doctor),
    /// Lists what was done to the log, and by whom it was authorised: exit 0 whole, 1 changed behind the log's back
    #[command(after_help = "Example:\n  notarylog audit /srv/log")]
    Audit(audit::Audit),
    /// Ends the stopped log in DIR for ever: a last notice, a last head, and nothing is logged any more
    #[command(
        after_help = "Example:\n  notarylog end /srv/log --confirm log.example.org/suzhou-2026"
    )]
    End(end::End),
    /// Enrols, rotates and revokes the keys of bureaus
    #[command(subcommand)]
    Bureau(bureau::Bureau),
    /// Publishes notices that two admins sign
    #[command(subcommand)]
    Notice(notice::NoticeVerb),
    /// Writes the policy of the witnesses that every head needs
    #[command(subcommand)]
    Witness(witness_policy::WitnessVerb),
    /// Writes a completion script for a shell to standard output
    #[command(
        after_help = "Example:\n  notarylog completions bash > /etc/bash_completion.d/notarylog"
    )]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// The log's folder.
#[derive(Args)]
pub(crate) struct Folder {
    /// The folder that `notarylog init` made
    dir: PathBuf,
    /// One JSON object a line instead of sentences
    #[arg(long)]
    json: bool,
}

/// Runs the program with these arguments, the first of which is its name.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let command = command();
    let matches = command.get_matches_from(args);
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    let options = matches.subcommand().map(|(_, matches)| matches);
    let done = match (cli.verb, options) {
        (Verb::Init(init), _) => init.run(),
        (Verb::Serve(folder), Some(matches)) => serve::run(&folder, matches),
        (Verb::Config(folder), Some(matches)) => config::run(&folder, matches),
        (Verb::Check(check), Some(matches)) => check.run(matches),
        (Verb::Backup(backup), Some(matches)) => backup.run(matches),
        (Verb::Restore(restore), _) => restore.run(),
        (Verb::Status(status), Some(matches)) => status.run(matches),
        (Verb::Doctor(doctor), Some(matches)) => doctor.run(matches),
        (Verb::Audit(audit), Some(matches)) => audit.run(matches),
        (
            Verb::Serve(_)
            | Verb::Config(_)
            | Verb::Check(_)
            | Verb::Backup(_)
            | Verb::Status(_)
            | Verb::Doctor(_)
            | Verb::Audit(_),
            None,
        ) => Err(Failure::usage("no options were given")),
        (Verb::End(end), _) => end.run(),
        (Verb::Bureau(bureau), _) => bureau.run(),
        (Verb::Notice(notice), _) => notice.run(),
        (Verb::Witness(witness), _) => witness.run(),
        (Verb::Completions { shell }, _) => {
            clap_complete::generate(
                shell,
                &mut self::command(),
                "notarylog",
                &mut std::io::stdout(),
            );
            Ok(())
        }
    };
    match done {
        Ok(()) => Exit::Verified.into(),
        Err(failure) => failure.tell("notarylog"),
    }
}

fn command() -> clap::Command {
    Cli::command()
        .mut_subcommand("serve", |serve| config::OPTIONS.add_to(serve))
        .mut_subcommand("check", |check| config::OPTIONS.add_to(check))
        .mut_subcommand("backup", |backup| config::OPTIONS.add_to(backup))
        .mut_subcommand("status", |status| config::OPTIONS.add_to(status))
        .mut_subcommand("doctor", |doctor| config::OPTIONS.add_to(doctor))
        .mut_subcommand("audit", |audit| config::OPTIONS.add_to(audit))
        .mut_subcommand("config", |shown| config::OPTIONS.add_to(shown))
}

/// Refuses a folder that holds something, with the reason.
pub(crate) fn refuse_unless_empty(dir: &std::path::Path, why: &str) -> Result<(), Failure> {
    match std::fs::read_dir(dir) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => Err(Failure::usage(format!(
                "{} is not empty: {why}",
                dir.display()
            ))),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Failure::could_not(format!("{}: {error}", dir.display()))),
    }
}
