//! A load generator: how many entries a second a log takes, how soon it answers, and whether its answers are true.
//!
//! A run signs its entries beforehand, sends them in a closed or an open loop over plain HTTP/1.1, keeps a random hundredth
//! of the answers, and verifies these when the clock has stopped: index, inclusion proof, and the checkpoint's signatures of all
//! three kinds. A run that does not verify is no measurement; it fails.
//!
//! # In scope
//! Entries by one enrolled key, one or many a request; reads; latency by HDR histograms; the machine and its probes beside
//! every figure; the generator's own processor time, since it shares the machine with the server; making a log of a size.
//!
//! # Out of scope
//! TLS, which would be measured on both sides at once.
#![expect(
    clippy::missing_panics_doc,
    reason = "a panic here is our own mistake and says so where it stands; nothing that a log answers leads to one"
)]

pub mod aim;
pub mod answer;
pub mod batches;
pub mod connection;
pub mod fill;
pub mod footprint;
pub mod growing_log;
pub mod lot;
pub mod machine;
pub mod meter;
pub mod plot;
pub mod probe;
pub mod program;
pub mod provenance;
pub mod question;
pub mod reading;
pub mod report;
pub mod rounded;
pub mod run;
pub mod seed;
pub mod server;
pub mod status;
pub mod submitter;
pub mod summary;
pub mod tally;
pub mod target;
pub mod verification;
pub mod workload;
