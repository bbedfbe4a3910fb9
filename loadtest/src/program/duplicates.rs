//! `loadtest duplicates`: what it costs when some of what is sent has been sent before.

use super::command::{Order, SingleArgs, positive};
use super::measurement::{NotMeasured, measure};
use crate::report::Report;
use clap::Args;

/// Options of `duplicates`.
#[derive(Args, Clone, Debug)]
pub struct DuplicatesArgs {
    /// One entry of so many has been sent before
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = positive)]
    pub one_in: usize,
    /// Pairs of runs, without and with duplicates in turn
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = positive)]
    pub pairs: usize,
    /// As for single entries
    #[command(flatten)]
    pub single: SingleArgs,
}

/// Runs without and with duplicates.
#[derive(Debug)]
pub struct Compared {
    /// Without.
    pub without: Vec<Report>,
    /// With.
    pub with: Vec<Report>,
}

impl Compared {
    /// Measures pair after pair, so that a slow spell of the machine meets both.
    pub async fn measure(args: &DuplicatesArgs) -> Result<Self, NotMeasured> {
        let plain = Order::from(args.single.clone());
        let repeating = Order {
            repeat_one_in: Some(args.one_in),
            ..plain.clone()
        };
        let (mut without, mut with) = (Vec::new(), Vec::new());
        for _ in 0..args.pairs {
            without.push(measure(&plain).await?);
            with.push(measure(&repeating).await?);
        }
        Ok(Self { without, with })
    }

    /// The share of throughput that is lost, 0 to 1: of the averages. Below 0 when runs with duplicates were faster.
    pub fn loss(&self) -> f64 {
        let sum = |reports: &[Report]| reports.iter().map(|report| report.rate_per_s).sum::<f64>();
        1.0 - sum(&self.with) / sum(&self.without).max(f64::MIN_POSITIVE)
    }

    /// Whether every run passed.
    pub fn passed(&self) -> bool {
        self.without
            .iter()
            .chain(&self.with)
            .all(|report| report.passed)
    }
}
