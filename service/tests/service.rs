//! The service crate as its users meet it: real sockets, real files.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod admin;
mod authority;
mod database;
mod door;
mod http2;
mod option;
mod peer;
mod slow;
mod stop;
mod tls;
