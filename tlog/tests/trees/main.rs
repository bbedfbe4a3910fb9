//! Trees, proofs and tiles, from small to large: small worlds exhaustively, then the vectors of `tests/vectors`.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod consistency;
mod growth;
mod inclusion;
mod largest;
mod mutation;
mod stored;
mod tile;
mod vector;
#[path = "../support/vectors.rs"]
mod vectors;
