//! The check: everything that a log holds is hashed and compared again, by somebody who trusts none of it.
//!
//! [`walk`] is pure: it takes the entries in order and says what does not fit. [`folder`] leads it through a log's own
//! files, [`remote`] through a log's public addresses.

pub mod audit;
pub mod finding;
pub mod folder;
mod lookup;
pub mod remote;
pub mod walk;

pub use finding::{Finding, Report};
