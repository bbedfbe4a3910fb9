//! The targets under libFuzzer: `FUZZ_TARGET=note fuzz CORPUS`. See `run.sh`.
#![no_main]

#[cfg(feature = "daemons")]
#[path = "../daemon_targets.rs"]
mod daemon_targets;
#[path = "../targets.rs"]
mod targets;

use std::sync::LazyLock;
use targets::{TARGETS, Target};

static TARGET: LazyLock<Target> = LazyLock::new(|| {
    let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
    let targets = TARGETS.iter();
    #[cfg(feature = "daemons")]
    let targets = targets.chain(daemon_targets::DAEMON_TARGETS);
    let mut known = targets.copied();
    match known.find(|(known, _)| *known == name) {
        Some((_, target)) => target,
        None => panic!("FUZZ_TARGET is no target of this build: {name}"),
    }
});

libfuzzer_sys::fuzz_target!(|data: &[u8]| TARGET(data));
