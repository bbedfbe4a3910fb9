//! `demo`: watch evidence being sealed, logged, witnessed and verified, and a changed copy refused.

use demo::{person, program};
use std::process::ExitCode;

fn main() -> ExitCode {
    person::called(std::env::args_os()).unwrap_or_else(|| program::run(std::env::args_os()))
}
