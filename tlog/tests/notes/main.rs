//! Notes, checkpoints, cosignatures, policies and receipts: the vectors of `tests/vectors`, made by the forges here and
//! judged through two implementations of the signature checks, then what no vector can say.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(clippy::too_many_lines, reason = "a forge is a list of cases")]

mod add_checkpoint;
mod aws_lc;
mod checkpoint;
mod cosignature;
mod forge;
mod judgement;
mod keys;
mod misbehaved;
mod misbehavior_forks;
mod misbehavior_framing;
mod misbehavior_text;
mod misbehavior_verdict;
mod note;
mod policy;
mod policy_file;
mod policy_judge;
mod property;
mod quorum_strength;
mod receipt;
mod signature;
mod signed_checkpoint;
#[path = "../trees/stored.rs"]
#[expect(dead_code, reason = "the tests of trees use all of it")]
mod stored;
#[path = "../support/vectors.rs"]
mod vectors;
mod vkey;

#[test]
fn every_vector_file_is_run() {
    let run = [
        "checkpoint/checkpoint",
        "checkpoint/signed",
        "checkpoint/tree_head",
        "cosignature/ed25519_message",
        "cosignature/line",
        "cosignature/ml_dsa_message",
        "misbehavior/text",
        "misbehavior/verdict",
        "note/note",
        "note/text_signature",
        "note/vkey",
        "policy/judge",
        "policy/policy",
        "policy/quorum",
        "proof/proof",
        "proof/verify",
        "signature/ed25519",
        "signature/ml_dsa_44",
        "signature/p256",
    ];
    let folders = [
        "checkpoint",
        "cosignature",
        "misbehavior",
        "note",
        "policy",
        "proof",
        "signature",
    ];
    let files: Vec<String> = folders
        .iter()
        .flat_map(|folder| vectors::files(folder))
        .collect();
    assert_eq!(files, run);
}
