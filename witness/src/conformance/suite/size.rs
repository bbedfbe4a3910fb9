//! The old size, the recorded size and the checkpoint's.

use crate::conformance::case::Case;
use crate::conformance::case::Expected::{Accepted, Conflict, Refused};
use crate::conformance::case::Weight::Must;
use crate::conformance::sample_log::{node, root};
use tlog::Hash;

const ABOVE: &str = "add-checkpoint: the old size MUST be equal to or lower than the checkpoint size; otherwise 400";
const CONFLICT: &str = "add-checkpoint: if the old size is not that of the latest checkpoint it cosigned (zero if none), the witness MUST respond 409 with that size, a newline and Content-Type text/x.tlog.size";
const SAME: &str = "add-checkpoint: if the old size matches the checkpoint size, the root hashes MUST be identical; otherwise 422";
const SAME_PROOF: &str = "add-checkpoint: the proof lines MUST encode a consistency proof from the old size to the checkpoint size (to the same size it is empty); otherwise 422";
const EMPTY: &str = "add-checkpoint: a checkpoint of size zero MUST have the root hash of the empty tree; otherwise 422";
const FROM_ZERO: &str =
    "add-checkpoint: if the old size is zero, the consistency proof MUST be empty; otherwise 422";
const RECORD: &str =
    "add-checkpoint: if all checks pass, the witness MUST update its record and respond 200";

/// The cases.
pub(super) fn cases(suffix: &str) -> Vec<Case> {
    let case = |name, paragraph| Case::new(("size", suffix), Must, name, paragraph);
    let other = Hash::of(b"another tree");
    vec![
        case("a first contact", RECORD).step(0, 5).step(5, 6),
        case("a first contact of one leaf", RECORD)
            .step(0, 1)
            .step(1, 2),
        case("an old size above the checkpoint's", ABOVE)
            .step(0, 8)
            .post(Refused(400), |log| log.ask(8, &[], &log.text(5)))
            .step(8, 9),
        case("an old size above the empty tree's", ABOVE)
            .refused_at_5(400, |log| log.ask(5, &[], &log.text(0))),
        case("a first contact with an old size", CONFLICT)
            .post(Conflict(0), |log| log.step(3, 5))
            .step(0, 5),
        case(
            "a first contact with the checkpoint's size as the old",
            CONFLICT,
        )
        .post(Conflict(0), |log| log.step(5, 5))
        .step(0, 5),
        case("an old size below the recorded one", CONFLICT)
            .step(0, 5)
            .step(5, 8)
            .post(Conflict(8), |log| log.step(5, 9))
            .step(8, 9),
        case("an old size above the recorded one", CONFLICT)
            .step(0, 5)
            .post(Conflict(5), |log| log.step(7, 9))
            .step(5, 9),
        case("a log that asks for the recorded size with zero", CONFLICT)
            .step(0, 12)
            .post(Conflict(12), |log| log.step(0, 13))
            .step(12, 13),
        case("the same first contact twice", CONFLICT)
            .step(0, 5)
            .post(Conflict(5), |log| log.step(0, 5))
            .step(5, 6),
        case("a checkpoint smaller than the recorded one", CONFLICT)
            .step(0, 8)
            .post(Conflict(8), |log| log.step(3, 5))
            .step(8, 9),
        case("a recorded size of several digits", CONFLICT)
            .step(0, 60)
            .post(Conflict(60), |log| log.step(7, 61))
            .step(60, 61),
        case("the same size with the same root", SAME)
            .step(0, 5)
            .post(Accepted, |log| log.step(5, 5))
            .post(Accepted, |log| log.step(5, 5))
            .step(5, 6),
        case("the same size with another root", SAME)
            .refused_at_5(422, |log| log.ask(5, &[], &log.text_with(5, &other))),
        case("the same size with a proof line", SAME_PROOF)
            .refused_at_5(422, |log| log.ask(5, &[node(0, 4)], &log.text(5))),
        case("the same size with the root as its proof", SAME_PROOF)
            .refused_at_5(422, |log| log.ask(5, &[root(5)], &log.text(5))),
        case("the empty tree", EMPTY).step(0, 0).step(0, 5),
        case("the empty tree twice", EMPTY)
            .step(0, 0)
            .step(0, 0)
            .step(0, 5),
        case("the empty tree with another root", EMPTY)
            .post(Refused(422), |log| {
                log.ask(0, &[], &log.text_with(0, &other))
            })
            .step(0, 5),
        case("the empty tree with 32 zero bytes as its root", EMPTY)
            .post(Refused(422), |log| {
                log.ask(0, &[], &log.text_with(0, &Hash::new([0; 32])))
            })
            .step(0, 5),
        case("the empty tree with a proof", FROM_ZERO)
            .post(Refused(422), |log| log.ask(0, &[node(0, 0)], &log.text(0)))
            .step(0, 5),
        case("a proof from the old size zero", FROM_ZERO)
            .post(Refused(422), |log| log.ask(0, &[root(5)], &log.text(5)))
            .step(0, 5),
        case(
            "the proof of another step from the old size zero",
            FROM_ZERO,
        )
        .post(Refused(422), |log| {
            log.ask(
                0,
                &crate::conformance::sample_log::proof(3, 5),
                &log.text(5),
            )
        })
        .step(0, 5),
    ]
}
