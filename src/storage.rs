//! The ports of the log's heart: where it keeps what it must not lose.
//!
//! The heart ([`crate::log`]) names these traits and no adapter. Each trait states its contract in prose; every
//! adapter passes the same contract test. Two fates for a failed write: *refused* (nothing happened: tell the
//! waiters and go on) and *unknown* (it may have happened: drop all memory, reload, ask again).

pub mod anchor;
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod anchor_contract;
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod audit_contract;
pub mod coord;
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod coord_contract;
mod coord_error;
mod folder;
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
pub(crate) mod full_disk;
pub mod journal;
pub mod lookup;
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod lookup_contract;
pub mod objects;
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod objects_contract;
pub mod room;
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
pub(crate) mod sample_step;
#[cfg(test)]
pub(crate) mod simulated;
pub mod sqlite;
pub mod tile_store;
