//! The program `loadtest`: from its arguments to its exit code.

pub mod command;
pub mod measurement;
mod progress;
pub mod receipt;
pub mod seed;
pub mod witness;

use crate::report::Report;
use crate::summary::Summary;
use clap::Parser as _;
use command::{Command, Order, Verb};
use measurement::{NotMeasured, measure};
use std::ffi::OsString;
use std::fs;
use std::process::ExitCode;
use witness::WitnessArgs;

/// An answer does not verify, or there are too many errors.
const FAILED: u8 = 1;

/// The run could not be made: nothing is said about the log.
const NOT_MEASURED: u8 = 5;

/// Does what the arguments ask; the first is the program's own name.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let command = match Command::try_parse_from(args) {
        Ok(command) => command,
        Err(usage) => {
            // When not even this can be written, there is nobody to tell.
            let _ = usage.print();
            return ExitCode::from(u8::try_from(usage.exit_code()).unwrap_or(2));
        }
    };
    let order = match command.verb {
        Verb::Witness(args) => return witness_measured(&args),
        Verb::Receipt(args) => return told(args.run().map(|()| true)),
        Verb::Seed(args) => return told(args.run().map(|()| true)),
        Verb::Single(_) | Verb::Batch(_) | Verb::Witnessed(_) => Order::from(command.verb),
    };
    told(carry_out(&order).map(|report| report.passed))
}

fn witness_measured(args: &WitnessArgs) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    told(match runtime {
        Ok(runtime) => runtime.block_on(args.run()),
        Err(error) => Err(error.into()),
    })
}

/// The exit code of what was done: whether it passed, or why there is nothing to judge.
fn told<E: std::fmt::Display>(done: Result<bool, E>) -> ExitCode {
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(FAILED),
        Err(why) => {
            eprintln!("loadtest: {why}");
            ExitCode::from(NOT_MEASURED)
        }
    }
}

/// Measures, and tells it in the way that was asked for.
fn carry_out(order: &Order) -> Result<Report, NotMeasured> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(NotMeasured::Runtime)?;
    let report = runtime.block_on(measure(order))?;
    // First to the screen: a file that cannot be written must not cost the run.
    if order.load.markdown {
        println!("{}", report.markdown_row());
        if !report.passed {
            eprintln!("{}", Summary(&report));
        }
    } else {
        println!("{}", Summary(&report));
    }
    if let Some(path) = &order.load.out {
        fs::write(path, report.to_json()).map_err(|error| NotMeasured::Out {
            path: path.clone(),
            error,
        })?;
    }
    Ok(report)
}
