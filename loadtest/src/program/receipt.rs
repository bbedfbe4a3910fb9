//! `loadtest receipt`: how long it takes to verify a receipt, as whoever holds it would.

use clap::Args;
use service::AwsLc;
use std::path::{Path, PathBuf};
use std::time::Instant;
use tlog::{Hash, Policy, PureRust, Receipt, SignatureChecks};

/// Options of `receipt`.
#[derive(Args, Debug)]
pub struct ReceiptArgs {
    /// A c2sp tlog-proof with its entry in `extra`
    #[arg(value_name = "FILE.tlog-proof")]
    pub receipt: PathBuf,
    /// The policy that it must satisfy
    #[arg(long, value_name = "FILE")]
    pub policy: PathBuf,
    /// How often it is verified
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    pub times: u32,
}

/// Why nothing was timed.
#[derive(Debug, thiserror::Error)]
pub enum NotTimed {
    /// A file cannot be read.
    #[error("{0}: {1}")]
    File(PathBuf, #[source] std::io::Error),
    /// The receipt is malformed.
    #[error("the receipt cannot be read: {0}")]
    Receipt(#[from] tlog::MalformedReceipt),
    /// The policy is malformed.
    #[error("the policy cannot be read: {0}")]
    Policy(#[from] tlog::MalformedPolicy),
    /// It does not verify.
    #[error("the receipt does not verify: {0}")]
    Refused(#[from] tlog::Refusal),
}

impl ReceiptArgs {
    /// Verifies again and again, from the bytes on, with each of the two verifiers, and prints the medians.
    pub fn run(&self) -> Result<(), NotTimed> {
        let (receipt, policy) = (read(&self.receipt)?, read(&self.policy)?);
        let policy = Policy::parse(&policy)?;
        let parsed = Receipt::parse(&receipt)?;
        println!(
            "receipt · {} entries · {} hashes · {} lines",
            parsed.checkpoint().size(),
            parsed.proof().len(),
            parsed.note().lines().len()
        );
        for (name, checks) in [
            ("pure Rust", &PureRust as &dyn SignatureChecks),
            ("aws-lc-rs", &AwsLc),
        ] {
            let ms = self.median_ms(&receipt, &policy, checks)?;
            println!("  {name:<10} {ms:.2} ms");
        }
        Ok(())
    }

    fn median_ms(
        &self,
        receipt: &[u8],
        policy: &Policy,
        checks: &dyn SignatureChecks,
    ) -> Result<f64, NotTimed> {
        let mut took = Vec::new();
        for _ in 0..self.times.max(1) {
            let began = Instant::now();
            let parsed = Receipt::parse(receipt)?;
            let leaf = Hash::of_leaf(parsed.extra().unwrap_or_default());
            parsed.verify(policy, &leaf, checks)?;
            took.push(began.elapsed().as_secs_f64() * 1e3);
        }
        took.sort_by(f64::total_cmp);
        Ok(took[took.len() / 2])
    }
}

fn read(path: &Path) -> Result<Vec<u8>, NotTimed> {
    std::fs::read(path).map_err(|error| NotTimed::File(path.to_owned(), error))
}
