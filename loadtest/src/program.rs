//! The program `loadtest`: from its arguments to its exit code.

pub mod all;
pub mod check;
pub mod command;
pub mod duplicates;
pub mod footprint;
pub mod measurement;
pub mod plot;
mod progress;
pub mod reads;
pub mod receipt;
pub mod seed;
pub mod start;
mod table;
pub mod witness;
mod wrk;

use crate::question::Subject;
use crate::report::Report;
use crate::summary::Summary;
use clap::Parser as _;
use command::{AboutArgs, Command, Order, Verb};
use duplicates::{Compared, DuplicatesArgs};
use measurement::{NotMeasured, measure};
use reads::{ReadArgs, measure_reads};
use std::ffi::OsString;
use std::fs;
use std::process::ExitCode;

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
    match command.verb {
        Verb::Single(args) => told(ordered(&args.into())),
        Verb::Batch(args) => told(ordered(&args.into())),
        Verb::Witnessed(args) => told(ordered(&args.into())),
        Verb::Duplicates(args) => told(compared(&args)),
        Verb::ReadProofs(args) => told(read(Subject::Proofs, &args)),
        Verb::ReadTiles(args) => told(read(args.subject(), &args.read)),
        Verb::All(args) => told(within(args.run())),
        Verb::Witness(args) => told(within(args.run())),
        Verb::Start(args) => told(within(async { args.run().await.map(|()| true) })),
        Verb::Receipt(args) => told(args.run().map(|()| true)),
        Verb::Footprint(args) => told(args.run().map(|()| true)),
        Verb::Check(args) => told(args.run().map(|()| true)),
        Verb::Plot(args) => told(args.run().map(|()| true)),
        Verb::Seed(args) => told(args.run().map(|()| true)),
    }
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

/// Runs what waits, on this thread: the generator shares the machine with the server, and one thread is cheaper than two.
fn within<T, E: From<std::io::Error>>(work: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(work)
}

fn ordered(order: &Order) -> Result<bool, NotMeasured> {
    let report = within(measure(order))?;
    tell(&report, &order.load.about)
}

fn read(subject: Subject, args: &ReadArgs) -> Result<bool, NotMeasured> {
    let report = within(measure_reads(subject, args))?;
    tell(&report, &args.about)
}

fn compared(args: &DuplicatesArgs) -> Result<bool, NotMeasured> {
    let compared = within(Compared::measure(args))?;
    let about = AboutArgs {
        out: None,
        ..args.single.load.about.clone()
    };
    for report in compared.without.iter().chain(&compared.with) {
        tell(report, &about)?;
    }
    if !compared.passed() {
        return Ok(false);
    }
    println!(
        "one entry in {} sent before: {:.1} % of throughput lost",
        args.one_in,
        compared.loss() * 100.0
    );
    Ok(true)
}

/// Tells a report in the way that was asked for, and answers whether its run passed.
fn tell(report: &Report, about: &AboutArgs) -> Result<bool, NotMeasured> {
    // First to the screen: a file that cannot be written must not cost the run.
    if about.markdown {
        println!("{}", report.markdown_row());
        if !report.passed {
            eprintln!("{}", Summary(report));
        }
    } else {
        println!("{}", Summary(report));
    }
    if let Some(path) = &about.out {
        fs::write(path, report.to_json()).map_err(|error| NotMeasured::Out {
            path: path.clone(),
            error,
        })?;
    }
    Ok(report.passed)
}
