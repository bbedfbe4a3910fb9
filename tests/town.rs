//! One test binary for the whole town. It can start itself as each person, so that journeys meet real processes and
//! never a stale build: see `demo::person`.

mod attack;
mod attacked;
mod backup;
mod bit_rot;
mod crashes;
mod deploy;
mod eavesdropper;
mod fuzz;
mod house;
mod injection;
mod journeys;
mod liar;
mod lying_witness;
mod oracle;
mod reader;
mod receipt;
mod skip;
mod small_log;
mod submitter;
mod successor;
mod witness_crashes;
mod witness_house;
mod wrong_witness;

use demo::person;
use libtest_mimic::{Arguments, Trial};
use std::process::ExitCode;

fn main() -> ExitCode {
    if let Some(code) = person::called(std::env::args_os()) {
        return code;
    }
    let arguments = Arguments::from_args();
    // `cargo test --test town house` runs those that are listed as [house].
    let trials: Vec<Trial> = [
        ("house", house::trials()),
        ("deploy", deploy::trials()),
        ("skip", skip::trials()),
        ("journey", journeys::trials()),
        ("crash", crashes::trials()),
        ("fuzz", fuzz::trials()),
        ("crash", witness_crashes::trials()),
        ("crash", injection::trials()),
        ("crash", bit_rot::trials()),
    ]
    .into_iter()
    .flat_map(|(kind, trials)| trials.into_iter().map(move |trial| trial.with_kind(kind)))
    .collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    // Some of the journeys alone meet some of the problems: only the whole is judged.
    let whole = arguments.filter.is_none() && arguments.skip.is_empty() && !arguments.list;
    if !whole || conclusion.has_failed() {
        return conclusion.exit_code();
    }
    libtest_mimic::run(&arguments, journeys::afterwards()).exit_code()
}
