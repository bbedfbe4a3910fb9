//! The witness: it checks that logs only grow, remembers, and only then cosigns. <https://c2sp.org/tlog-witness>
//!
//! [`http`] → [`witness`] (form, log, signature, clock, [`turn`], [`judgement`]) → [`desk`] (one writer, one sync for all
//! that wait) → [`ledger`] → [`cosigner`], which signs a [`committed`] head and nothing else. [`start_gate`] keeps it from
//! signing on from an old copy of its state. The heart names ports and no adapter; only [`program`] opens things.
//!
//! [`gossip`] asks the peers and the logs what they show; [`examiner`] compares it with what we signed ([`comparison`]
//! is the pure part), [`docket`] keeps what is proven, on disk before anything follows, and [`dispute`] what only stands
//! apart. [`observer`] takes what anybody brings.
//!
//! Out of scope: what a log holds. A witness reads no entry.
#![cfg_attr(
    test,
    expect(clippy::unwrap_used, reason = "a test fails by panicking")
)]

pub mod clock;
pub mod committed;
pub mod comparison;
pub mod conformance;
pub mod conviction;
pub mod cosigner;
pub mod desk;
pub mod dispute;
pub mod docket;
pub mod drift;
pub mod enrolment;
pub mod examiner;
pub mod gossip;
pub mod head;
pub mod hook;
pub mod http;
pub mod judgement;
pub mod keeper;
pub mod known_log;
pub mod ledger;
pub mod log_list;
pub mod log_tiles;
pub mod memory;
pub mod metrics;
pub mod observer;
pub mod outside;
pub mod peer;
pub mod program;
pub mod roster;
pub mod shelf;
pub mod sighting;
pub mod standing;
pub mod start_gate;
pub mod turn;
pub mod witness;

#[cfg(test)]
mod testimony;
