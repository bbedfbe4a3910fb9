//! What the witness signs, and how it answers.

use crate::conformance::case::Expected::{Cosigned, CosignedByMlDsa, CosignedInTime};
use crate::conformance::case::Weight::{Must, Ours, Should};
use crate::conformance::case::{Case, Step};
use crate::conformance::sample_log::proof;

const LINES: &str = "add-checkpoint: the body MUST be one or more signature lines, which MUST be cosignatures from the witness key(s) on the checkpoint, of the entire tree, and MUST NOT omit the timestamp";
const EXTENSIONS: &str = "tlog-cosignature: an Ed25519 cosignature signs the whole note body with its extension lines, and an ML-DSA-44 one MUST be over cosigned_message, which has none";
const ML_DSA: &str = "add-checkpoint: witnesses SHOULD use ML-DSA-44 cosignatures";
const TIME: &str = "a time is never before the one signed for a smaller size, and is the time of signing (our table)";
const ALIVE: &str = "HTTP Interface: witnesses SHOULD support HTTP keep-alive connections";

/// The cases.
pub(super) fn cases(suffix: &str) -> Vec<Case> {
    let case =
        |weight, name, paragraph| Case::new(("cosignature", suffix), weight, name, paragraph);
    let keep_alive = case(Should, "three requests on one connection", ALIVE);
    let requests = [(0, 3), (3, 5), (5, 9)].map(|(from, to)| keep_alive.log.step(from, to));
    vec![
        case(Must, "the cosignature of a first contact", LINES)
            .post(Cosigned, |log| log.step(0, 5)),
        case(Must, "the cosignature of a larger tree", LINES)
            .step(0, 5)
            .post(Cosigned, |log| log.step(5, 13)),
        case(Must, "the cosignature of the same size again", LINES)
            .step(0, 5)
            .post(Cosigned, |log| log.step(5, 5)),
        case(Must, "the cosignature of the empty tree", LINES).post(Cosigned, |log| log.step(0, 0)),
        case(Must, "the cosignature of extension lines", EXTENSIONS)
            .step(0, 5)
            .post(Cosigned, |log| {
                let text = format!("{}an extension\nand a second one\n", log.text(7));
                log.ask(5, &proof(5, 7), &text)
            })
            .step(7, 8),
        case(Should, "a cosignature by ML-DSA-44", ML_DSA)
            .post(CosignedByMlDsa, |log| log.step(0, 5)),
        case(Ours, "times that do not go back", TIME)
            .post(CosignedInTime, |log| log.step(0, 5))
            .post(CosignedInTime, |log| log.step(5, 7))
            .post(CosignedInTime, |log| log.step(7, 7))
            .post(CosignedInTime, |log| log.step(7, 9)),
        keep_alive.then(Step::KeepAlive {
            requests: requests.to_vec(),
        }),
    ]
}
