//! What a bureau, an integrator and a citizen rely on. Nothing here needs a log server: a small log is signed in place.
#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod delivery;
mod fake;
mod log;
mod order;
mod verdicts;
