//! The log server: entries in, proofs out.
//!
//! [`http`] → [`log`] (pool, sequencer, cosigner, publisher) → [`storage`] and [`witnesses`]. The heart names ports and no adapter; only
//! [`program`] chooses and opens things.

pub mod check;
pub mod clock;
pub mod http;
pub mod log;
pub mod metrics;
// What the tests of the real processes ask, the simulations ask too.
#[cfg(test)]
#[path = "../tests/oracle.rs"]
mod oracle;
pub mod program;
pub mod signer;
pub mod storage;
pub mod witnesses;
