//! One test binary for the whole town. It can start itself as each person, so that journeys meet real processes and
//! never a stale build: see `demo::person`.

mod crashes;
mod house;
mod journeys;
mod liar;
mod reader;
mod receipt;
mod skip;
mod submitter;

use demo::person;
use libtest_mimic::{Arguments, Trial};
use std::process::ExitCode;

fn main() -> ExitCode {
    if let Some(code) = person::called(std::env::args_os()) {
        return code;
    }
    let arguments = Arguments::from_args();
    let trials: Vec<Trial> = [
        house::trials(),
        skip::trials(),
        journeys::trials(),
        crashes::trials(),
    ]
    .into_iter()
    .flatten()
    .collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}
