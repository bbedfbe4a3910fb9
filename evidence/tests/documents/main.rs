//! The documents of the house: what is let in, and what may be concluded from it.
#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod entry;
mod evidence_file;
mod log;
mod notice;
mod property;
mod record;
mod registry;
mod sample;
mod schema;
