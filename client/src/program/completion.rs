//! `notary completions SHELL`.

use super::answer::Answer;
use super::command::Command;
use clap::CommandFactory as _;
use clap_complete::Shell;
use serde_json::json;

/// The completion script.
pub fn script(shell: Shell) -> Answer {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Command::command(), "notary", &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    let json = json!({ "schema": "notarylog/completions/1", "script": script });
    Answer::done(script, json)
}
