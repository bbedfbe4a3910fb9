//! The mathematics of a transparency log.
//!
//! Trees and proofs (RFC 6962, RFC 9162), tiles, signed notes, checkpoints, cosignatures, policies and
//! self-contained proofs of inclusion (c2sp.org). This crate never reads a clock, a socket or a file and never
//! makes a random number: hashes come in through a [`HashReader`] that is asked once, signatures are checked
//! behind one small trait, [`SignatureChecks`].
#![no_std]
extern crate alloc;

mod frontier;
mod growth;
mod hash;
mod latest;
mod node;
mod plan;
mod proof;
mod signature;
mod size;
mod tile;

pub use frontier::{Frontier, WrongFrontier};
pub use growth::Growth;
pub use hash::{Hash, MalformedHash};
pub use latest::{Latest, NotForward};
pub use node::{HashReader, NodeId};
pub use plan::{OutOfRange, ProofPlan, RootPlan};
pub use proof::{
    BadProof, ProofError, consistency_proof, fold_consistency, fold_inclusion, inclusion_proof,
    root, verify_consistency, verify_inclusion,
};
pub use signature::{PureRust, SignatureChecks};
pub use size::{LeafIndex, MalformedSize, TreeSize};
pub use tile::{Bundle, MalformedTile, TILE_HEIGHT, TILE_WIDTH, Tile};
