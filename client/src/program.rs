//! The program `notary`: a thin layer that opens files and sockets, asks the library, and says what came of it.
//!
//! Results go to stdout, progress and hints to stderr. Exit codes are those of [`words::Exit`].

mod answer;
mod case;
mod command;
mod completion;
mod errand;
mod hash;
mod key;
mod misbehavior;
mod observe;
mod policy;
mod policy_explain;
mod progress;
mod submit;
mod submit_report;
mod verdict_json;
mod verify;
mod voice;

use answer::{Answer, Failure};
use command::{Command, KeyVerb, MisbehaviorVerb, PolicyVerb, Verb};
use std::ffi::OsString;
use std::future::Future;
use std::process::ExitCode;
use voice::Voice;
use words::Exit;

/// Runs the program with these arguments, `argv[0]` first.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let command = match command::parse(args) {
        Ok(command) => command,
        Err(error) => {
            // Help and version are no errors; nobody is left to tell if the output is closed.
            let _ = error.print();
            return u8::try_from(error.exit_code())
                .map_or_else(|_| Exit::Usage.into(), ExitCode::from);
        }
    };
    let voice = Voice::of(command.voice);
    match dispatch(command, voice) {
        Ok(answer) => voice.answer(&answer),
        Err(failure) => voice.failure(&failure),
    }
    .into()
}

fn dispatch(command: Command, voice: Voice) -> Result<Answer, Failure> {
    match command.verb {
        Verb::Key(KeyVerb::New { file }) => key::new(&file),
        Verb::Key(KeyVerb::Show { file }) => key::show(&file),
        Verb::Case(command::CaseVerb::New {
            number,
            bureau,
            out,
        }) => case::new(&number, bureau.as_deref(), &out),
        Verb::Hash(args) => hash::hash(&args, voice),
        Verb::Submit(args) => wait_for(submit::submit(&args, voice)),
        Verb::Verify(args) => verify::verify(&args, voice),
        Verb::Misbehavior(MisbehaviorVerb::Explain { accused, file }) => {
            misbehavior::explain(&file, accused.as_deref(), voice)
        }
        Verb::Observe { file, urls } => wait_for(observe::observe(&file, &urls, voice)),
        Verb::Policy(PolicyVerb::Fetch { url, out }) => {
            wait_for(policy::fetch(&url, out.as_deref(), voice.lang))
        }
        Verb::Policy(PolicyVerb::Show { file }) => policy::show(&file, voice.lang),
        Verb::Policy(PolicyVerb::Explain { file, superiors }) => {
            policy_explain::explain(&file, &superiors, voice.lang)
        }
        Verb::Policy(PolicyVerb::Fingerprint { file }) => policy::fingerprint(&file),
        Verb::Completions { shell } => Ok(completion::script(shell)),
    }
}

/// Only verbs that speak to a log get a runtime: the others could not open a socket if they tried.
fn wait_for(work: impl Future<Output = Result<Answer, Failure>>) -> Result<Answer, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::could_not(format!("the program cannot start: {error}")))?
        .block_on(work)
}
