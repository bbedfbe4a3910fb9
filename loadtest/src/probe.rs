//! Probes of the machine, printed beside every figure: how fast it syncs a disk and verifies a signature.
//!
//! Two runs are comparable when their probes are: the same machine has spells that differ by 20 %.

use crate::rounded::rounded;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _,
    ParsedPublicKey,
};
use rustix::fs::fdatasync;
use serde::Serialize;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

/// How often the disk probe appends and syncs.
const APPENDS: usize = 200;

/// What it appends: a page, about what a small batch adds to the journal.
const APPEND_LEN: usize = 4096;

/// How long signatures are verified: long enough that a core is at its speed.
const VERIFY_FOR: Duration = Duration::from_millis(500);

/// The length of what an entry's signature is over.
const MESSAGE_LEN: usize = 149;

/// How long an append of 4 KiB with fdatasync takes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct DiskSync {
    /// The median, in milliseconds.
    pub p50_ms: f64,
    /// Of a hundred, the second slowest, in milliseconds.
    pub p99_ms: f64,
}

impl DiskSync {
    /// Measures in a folder, which should lie on the log's disk. The file it makes is gone afterwards.
    pub fn measure(folder: &Path) -> io::Result<Self> {
        let path = folder.join(format!("loadtest-probe-{}", std::process::id()));
        let mut file = File::create_new(&path)?;
        let measured = measure_appends(&mut file);
        fs::remove_file(&path)?;
        let mut took = measured?;
        took.sort_unstable();
        let at = |percent: usize| {
            let took = took[(took.len() * percent).div_ceil(100) - 1];
            rounded(took.as_secs_f64() * 1e3)
        };
        Ok(Self {
            p50_ms: at(50),
            p99_ms: at(99),
        })
    }
}

/// How many ECDSA P-256 signatures one core verifies in a second, by aws-lc-rs.
pub fn p256_verifies_per_s() -> f64 {
    let random = SystemRandom::new();
    let key =
        EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a P-256 key can be made");
    let message = [7; MESSAGE_LEN];
    let signature = key.sign(&random, &message).expect("a key signs");
    let public = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.public_key().as_ref())
        .expect("the public half of a key parses");
    let began = Instant::now();
    let mut verified = 0_u32;
    while began.elapsed() < VERIFY_FOR {
        public
            .verify_sig(&message, signature.as_ref())
            .expect("what the key signed verifies");
        verified += 1;
    }
    (f64::from(verified) / began.elapsed().as_secs_f64()).round()
}

fn measure_appends(file: &mut File) -> io::Result<Vec<Duration>> {
    let page = [0xa5; APPEND_LEN];
    (0..APPENDS)
        .map(|_| {
            let began = Instant::now();
            file.write_all(&page)?;
            fdatasync(&*file)?;
            Ok(began.elapsed())
        })
        .collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn the_disk_probe_is_sane_and_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let probe = DiskSync::measure(folder.path()).unwrap();
        assert!(probe.p50_ms > 0.0, "{probe:?}");
        assert!(probe.p50_ms <= probe.p99_ms, "{probe:?}");
        assert!(probe.p99_ms < 60_000.0, "{probe:?}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        assert!(DiskSync::measure(&folder.path().join("no")).is_err());
    }

    #[test]
    fn a_core_verifies_between_a_hundred_and_a_million_signatures_a_second() {
        let rate = p256_verifies_per_s();
        assert!((100.0..1_000_000.0).contains(&rate), "{rate}");
    }
}
