//! The whole town on one machine: each person of the story as a process of its own.
//!
//! `cargo run -p demo` tells the [`story`]; the journeys in `tests/` live in a [`town`] of their own. In scope: starting,
//! hearing and stopping processes, and saying plainly what happened. Out of scope: everything that a log, a bureau or a
//! citizen does; those are their own programs, which a [`person`] becomes.

pub mod drill;
pub mod evil_log;
pub mod http;
pub mod media;
pub mod original;
pub mod part;
pub mod person;
pub mod process;
pub mod program;
pub mod story;
pub mod town;
pub mod voice;
pub mod witness_row;
