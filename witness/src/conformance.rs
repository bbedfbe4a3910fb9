//! The conformance suite for witnesses, ours and any other. <https://c2sp.org/tlog-witness>
//!
//! [`suite`] makes the cases, the same bytes whenever it is asked; `tests/vectors/witness` is what it makes, as files.
//! [`trial`] plays a case against a witness at its address and judges the answers. Each case has a log of its own with a
//! test key that anybody can make, so cases disturb each other in nothing.
//!
//! Out of scope: what a witness keeps over a restart; that needs its machine.

pub mod answer;
pub mod case;
pub mod enrolment;
pub mod keep_alive;
pub mod sample_log;
pub mod suite;
pub mod trial;
pub mod verdict;

/// How the origins of the suite's logs begin, under a domain that nobody has. Their keys are made of their names, so a
/// proof of misbehaviour against one of them says nothing about anybody.
pub const SAMPLE_ORIGINS: &str = "conformance.notarylog.example/";

#[cfg(test)]
mod vectors;
