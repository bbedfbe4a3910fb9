//! The mathematics of a transparency log.
//!
//! Trees and proofs (RFC 6962, RFC 9162), tiles, signed notes, checkpoints, cosignatures, policies and
//! self-contained proofs of inclusion (c2sp.org). This crate never reads a clock, a socket or a file and never
//! makes a random number: hashes come in through a [`HashReader`] that is asked once, signatures are checked
//! behind one small trait, [`SignatureChecks`].
#![no_std]
extern crate alloc;

mod hash;
mod node;
mod signature;
mod size;

pub use hash::{Hash, MalformedHash};
pub use node::{HashReader, NodeId};
pub use signature::{PureRust, SignatureChecks};
pub use size::{LeafIndex, MalformedSize, TreeSize};
