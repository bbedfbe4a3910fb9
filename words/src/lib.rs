//! Words: one catalogue of reason codes, in English and Simplified Chinese, and the exit codes.
//!
//! The page, the certificate, the command line and the JSON use the same sentences, so that a person who reads two of
//! them reads one thing. This crate depends on nothing, and never reads an environment, a clock or a file.

mod catalogue;
mod exit;
mod lang;
mod sentence;

pub use catalogue::{Code, UnknownCode};
pub use exit::Exit;
pub use lang::{Lang, UnknownLang};
