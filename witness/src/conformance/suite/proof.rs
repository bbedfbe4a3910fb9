//! Consistency proofs.

use crate::conformance::case::Case;
use crate::conformance::case::Expected::Refused;
use crate::conformance::case::Weight::Must;
use crate::conformance::sample_log::{SampleLog, node, proof, root, tree_size as size};
use tlog::{Hash, PROOF_LINES_MAX, fold_consistency};

const VERIFIES: &str =
    "add-checkpoint: if a Merkle Consistency Proof does not verify, the witness MUST respond 422";
const RFC: &str = "add-checkpoint: the proof lines MUST encode a Merkle Consistency Proof according to RFC 6962, Section 2.1.2";

/// Makes a fault in a good proof.
type Spoil = fn(&mut Vec<Hash>);

/// The cases.
pub(super) fn cases(suffix: &str) -> Vec<Case> {
    let case = |name, paragraph| Case::new(("proof", suffix), Must, name, paragraph);
    let spoils: [(&str, Spoil); 9] = [
        ("a proof without its first hash", |proof| {
            proof.remove(0);
        }),
        ("a proof without its last hash", |proof| {
            proof.pop();
        }),
        ("a proof with a hash more at its end", |proof| {
            proof.push(node(0, 0));
        }),
        ("a proof with a hash more at its beginning", |proof| {
            proof.insert(0, node(0, 0));
        }),
        ("a proof with its last hash twice", |proof| {
            proof.extend(proof.last().copied());
        }),
        ("a proof with one bit flipped", |proof| {
            let mut bytes = *proof[1].as_bytes();
            bytes[31] ^= 1;
            proof[1] = Hash::new(bytes);
        }),
        ("a proof with two hashes in each other's place", |proof| {
            proof.swap(1, 2);
        }),
        ("a proof in reverse order", |proof| proof.reverse()),
        ("no proof for a larger tree", Vec::clear),
    ];
    let mut cases: Vec<Case> = spoils
        .into_iter()
        .map(|(name, spoil)| {
            case(name, VERIFIES)
                .step(0, 5)
                .post(Refused(422), |log| {
                    let mut proof = proof(5, 13);
                    spoil(&mut proof);
                    log.ask(5, &proof, &log.text(13))
                })
                .step(5, 13)
        })
        .collect();
    cases.extend([
        case("a proof from another old size", VERIFIES)
            .refused_at_5(422, |log| log.ask(5, &proof(6, 13), &log.text(13))),
        case("a proof to another size", VERIFIES)
            .refused_at_5(422, |log| log.ask(5, &proof(5, 12), &log.text(13))),
        case("a right proof under another root", VERIFIES).refused_at_5(422, |log| {
            let text = log.text_with(13, &Hash::of(b"another tree"));
            log.ask(5, &proof(5, 13), &text)
        }),
        case("the same root for a larger tree", VERIFIES)
            .refused_at_5(422, |log| log.ask(5, &[], &log.text_with(6, &root(5)))),
        case("a proof of 63 lines that is wrong", VERIFIES).refused_at_5(422, |log| {
            log.ask(5, &[Hash::EMPTY_ROOT; PROOF_LINES_MAX], &log.text(13))
        }),
        case("a fork that has a proof of its own", VERIFIES).refused_at_5(422, forked_from_5),
        case("a fork from a power of two", VERIFIES)
            .step(0, 4)
            .post(Refused(422), forked_from_4)
            .step(4, 5),
        chain(case("every step of one leaf, to 33", RFC), 1..=33, |_| 1),
        chain(
            case("every step to twice the size, to 64", RFC),
            1..=64,
            |size| size,
        ),
        chain(case("steps of seven leaves, to 64", RFC), 1..=64, |_| 7),
    ]);
    cases
}

/// Honest steps from the size where the range begins.
fn chain(case: Case, sizes: std::ops::RangeInclusive<u64>, by: impl Fn(u64) -> u64) -> Case {
    let mut size = *sizes.start();
    let mut case = case.step(0, size);
    while size + by(size) <= *sizes.end() {
        let next = size + by(size);
        case = case.step(size, next);
        size = next;
    }
    case
}

/// The log goes on from another tree of five leaves. Its proof leads to the new root, and from another old one.
fn forked_from_5(log: &SampleLog) -> String {
    let mut proof = proof(5, 13);
    proof[0] = Hash::of_leaf(b"another fifth leaf");
    ask_folded(log, 5, 13, &proof)
}

/// The old root of a power of two stands in no proof: the fold begins with what is remembered.
fn forked_from_4(log: &SampleLog) -> String {
    let proof = proof(4, 7);
    let other = Hash::of(b"another tree of four");
    let folded = fold_consistency(size(4), size(7), &other, &proof);
    let (_, new) = folded.expect("a proof of the right length");
    log.ask(4, &proof, &log.text_with(7, &new))
}

fn ask_folded(log: &SampleLog, old: u64, new: u64, proof: &[Hash]) -> String {
    let folded = fold_consistency(size(old), size(new), &root(old), proof);
    let (from, to) = folded.expect("a proof of the right length");
    assert_ne!(from, root(old), "that was no fork");
    log.ask(old, proof, &log.text_with(new, &to))
}
