//! The targets under libFuzzer: `FUZZ_TARGET=note fuzz CORPUS`. See `run.sh`.
#![no_main]

#[path = "../targets.rs"]
mod targets;

use std::sync::LazyLock;
use targets::{TARGETS, Target};

static TARGET: LazyLock<Target> = LazyLock::new(|| {
    let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
    match TARGETS.iter().find(|(known, _)| *known == name) {
        Some((_, target)) => *target,
        None => panic!("FUZZ_TARGET names one of {:?}", TARGETS.iter().map(|(name, _)| name).collect::<Vec<_>>()),
    }
});

libfuzzer_sys::fuzz_target!(|data: &[u8]| TARGET(data));
