//! The program `demo`: founds a town, tells the story, and says how it ended.

use crate::drill;
use crate::part::Part;
use crate::story::{Failure, Story};
use crate::town::Town;
use crate::voice::Voice;
use clap::{Parser, Subcommand};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Runs the program with these arguments, the first of which is its name.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let options = Options::parse_from(args);
    let voice = Voice::new(options.json);
    if options.drill == Some(Drill::Fork) {
        return drilled(options.dir.as_deref(), voice);
    }
    voice.open(
        "A public log for evidence, on this machine",
        "Everything below happens now, with real files and real programs, and each step is checked.",
    );
    let town = match Town::found_with_witnesses(options.dir.as_deref()) {
        Ok(town) => town,
        Err(error) => {
            voice.fail("town", &error.to_string());
            return ExitCode::FAILURE;
        }
    };
    let mut story = Story::new(town, voice, options.with);
    let parts = Part::plan(options.only);
    for part in &parts {
        if let Err(failure) = story.tell(*part) {
            story.fail(part.name(), &failure);
            return ExitCode::FAILURE;
        }
    }
    let ended = if options.once {
        story.end(&parts)
    } else {
        stay(&mut story)
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            story.fail("end", &failure);
            ExitCode::FAILURE
        }
    }
}

/// Runs a drill: everything is stopped at its end, also without `--once`.
fn drilled(dir: Option<&Path>, voice: Voice) -> ExitCode {
    let told = Voice::new(voice.is_json());
    let fresh = match tempfile::tempdir() {
        Ok(fresh) => fresh,
        Err(error) => {
            told.fail("fork", &error.to_string());
            return ExitCode::FAILURE;
        }
    };
    match drill::fork(dir.unwrap_or_else(|| fresh.path()), dir.is_some(), voice) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            told.fail("fork", &failure.to_string());
            ExitCode::FAILURE
        }
    }
}

/// A drill: one thing goes wrong on purpose, and what comes of it is measured and checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
enum Drill {
    /// An evil log shows two histories to five witnesses, who ask each other
    #[command(after_help = "Example:\n  cargo run -p demo -- fork --once --json")]
    Fork,
}

/// Watch real evidence being sealed, logged and verified, and a changed copy refused
#[derive(Debug, Parser)]
#[command(
    name = "demo",
    version,
    after_help = "Examples:\n  \
        cargo run -p demo\n  \
        cargo run -p demo -- --once --json\n  \
        cargo run -p demo -- --with my-video.mp4 --dir town\n  \
        cargo run -p demo -- fork --once"
)]
struct Options {
    /// A drill instead of the story
    #[command(subcommand)]
    drill: Option<Drill>,
    /// Stop everything at the end; the exit code is 0 only if every step was checked
    #[arg(long, global = true)]
    once: bool,
    /// Tell one part alone, with what it needs before it
    #[arg(long, value_enum, value_name = "PART")]
    only: Option<Part>,
    /// Keep everything in DIR, which must be empty or not there yet; by default a folder that goes at the end
    #[arg(long, value_name = "DIR", global = true)]
    dir: Option<PathBuf>,
    /// Seal these files too
    #[arg(long, value_name = "FILE", num_args = 1..)]
    with: Vec<PathBuf>,
    /// Say one JSON event a step instead of sentences
    #[arg(long, global = true)]
    json: bool,
}

/// Leaves the log open until somebody presses Ctrl-C or asks this process to end.
fn stay(story: &mut Story) -> Result<(), Failure> {
    story.leave_open()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build();
    // Without a runtime there is nobody to hear Ctrl-C: then the system's own answer to it, our end, has to do, and the
    // log's process ends with ours.
    if let Ok(runtime) = runtime {
        runtime.block_on(asked_to_end());
    } else {
        loop {
            std::thread::park();
        }
    }
    story.stop()
}

async fn asked_to_end() {
    use tokio::signal::unix::{SignalKind, signal};
    match (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
    ) {
        (Ok(mut interrupt), Ok(mut terminate)) => {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        }
        _ => std::future::pending().await,
    }
}
