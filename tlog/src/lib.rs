//! The mathematics of a transparency log.
//!
//! Trees and proofs (RFC 6962, RFC 9162), tiles, signed notes, checkpoints, cosignatures, policies and
//! self-contained proofs of inclusion (c2sp.org). This crate never reads a clock, a socket or a file and never
//! makes a random number: hashes come in through a [`HashReader`] that is asked once, signatures are checked
//! behind one small trait, [`SignatureChecks`].
#![no_std]
extern crate alloc;

mod add_checkpoint;
mod bundle;
mod checkpoint;
mod cosignature;
mod cosigned_checkpoint;
mod frontier;
mod growth;
mod hash;
mod latest;
mod misbehavior;
mod node;
mod note;
mod plan;
mod policy;
mod proof;
mod receipt;
mod refusal;
mod signature;
mod signed_checkpoint;
mod size;
mod spki;
mod spot;
mod tile;
mod treehead;
mod verified_line;
mod vkey;

pub use add_checkpoint::{ADD_CHECKPOINT_BYTES_MAX, AddCheckpoint, MalformedAddCheckpoint};
pub use bundle::Bundle;
pub use checkpoint::{Checkpoint, MalformedCheckpoint, Origin};
pub use cosignature::{
    COSIGNATURE_TIME_MAX, NameTooLong, cosignature_line, cosignature_message, cosigned_message,
    ed25519_line,
};
pub use cosigned_checkpoint::CosignedCheckpoint;
pub use frontier::{Frontier, WrongFrontier};
pub use growth::Growth;
pub use hash::{Hash, MalformedHash};
pub use latest::{Latest, NotForward};
pub use misbehavior::{
    AccusedNote, MISBEHAVIOR_BYTES_MAX, MalformedMisbehavior, MisbehaviorKind, MisbehaviorProof,
    NoProof, NotProven, TwoHeads,
};
pub use node::{HashReader, NodeId};
pub use note::{MalformedLine, MalformedNote, NOTE_BYTES_MAX, Note, SIGNATURES_MAX, SignatureLine};
pub use plan::{OutOfRange, ProofPlan, RootPlan};
pub use policy::{
    Grip, Group, LogKey, MalformedPolicy, Member, NotSearched, OPERATORS_MAX, Octets, Operator,
    Operators, POLICY_BYTES_MAX, POLICY_LINES_MAX, Policy, PolicyFault, PolicyWarning, Quorum,
    QuorumSearch, QuorumStrength, Witness,
};
pub use proof::{
    BadProof, ProofError, consistency_proof, fold_consistency, fold_inclusion, inclusion_proof,
    root, verify_consistency, verify_inclusion,
};
pub use receipt::{MalformedReceipt, PROOF_LINES_MAX, RECEIPT_BYTES_MAX, Receipt};
pub use refusal::Refusal;
pub use signature::{
    ED25519_KEY_LEN, ED25519_SIGNATURE_LEN, ML_DSA_44_KEY_LEN, ML_DSA_44_SIGNATURE_LEN, PureRust,
    SignatureChecks, ed25519_key_is_sound, ed25519_signature_is_sound, p256_is_low_s,
    p256_signature_from_der, p256_signature_to_der, p256_to_low_s,
};
pub use signed_checkpoint::SignedCheckpoint;
pub use size::{LeafIndex, MalformedSize, TreeSize};
pub use spki::{MalformedSpki, P256Spki, p256_spki_from_der};
pub use tile::{MalformedTile, TILE_HEIGHT, TILE_WIDTH, Tile};
pub use treehead::{digitally_signed, tree_head_line, tree_head_message};
pub use verified_line::{BadLine, LineTime, VerifiedLine, verify_line, verify_text_line};
pub use vkey::{KeyId, KeyKind, KeyName, ML_DSA_NAME_MAX, MalformedName, MalformedVkey, Vkey};
