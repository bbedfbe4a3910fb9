//! Two faults in one request. The specification demands an answer to each and no order; ours is that of its text: form,
//! origin, signature, old size above, recorded size, tree.

use crate::conformance::case::Case;
use crate::conformance::case::Expected::{Conflict, Refused};
use crate::conformance::case::Weight::Ours;
use crate::conformance::sample_log::{SampleLog, node, proof};
use tlog::Hash;

const ORDER: &str = "checks run in the specification's order: form 400, origin 404, signature 403, old above size 400, recorded size 409, then 422 (our table)";

/// The cases.
pub(super) fn cases(suffix: &str) -> Vec<Case> {
    let case = |name| Case::new(("order", suffix), Ours, name, ORDER);
    let other = Hash::of(b"another tree");
    vec![
        case("a malformed old size before an unknown origin")
            .not_enrolled()
            .post(Refused(400), |log| {
                log.step(0, 5).replacen("old 0", "old 00", 1)
            }),
        case("64 proof lines before an unknown origin")
            .not_enrolled()
            .post(Refused(400), |log| {
                let hashes = format!("old 0\n{}", format!("{}\n", Hash::EMPTY_ROOT).repeat(64));
                log.step(0, 5).replacen("old 0\n", &hashes, 1)
            }),
        case("a malformed old size before a bad signature").refused_at_5(400, |log| {
            forged(log, 5, &proof(5, 7), &log.text(7)).replacen("old 5", "old 05", 1)
        }),
        case("an unknown origin before an old size above")
            .not_enrolled()
            .post(Refused(404), |log| log.ask(9, &[], &log.text(5))),
        case("an unknown origin before a bad signature")
            .not_enrolled()
            .post(Refused(404), |log| forged(log, 0, &[], &log.text(5))),
        case("a bad signature before an old size above")
            .refused_at_5(403, |log| forged(log, 9, &[], &log.text(7))),
        case("a bad signature before another recorded size")
            .refused_at_5(403, |log| forged(log, 3, &proof(3, 7), &log.text(7))),
        case("a bad signature before a wrong proof")
            .refused_at_5(403, |log| forged(log, 5, &[], &log.text(7))),
        case("a bad signature before another root of the same size")
            .refused_at_5(403, |log| forged(log, 5, &[], &log.text_with(5, &other))),
        case("an old size above before another recorded size")
            .refused_at_5(400, |log| log.ask(9, &[], &log.text(8))),
        case("an old size above before a proof")
            .refused_at_5(400, |log| log.ask(5, &[node(0, 0)], &log.text(3))),
        conflict_at_5(case("another recorded size before a wrong proof"), |log| {
            log.ask(3, &[], &log.text(7))
        }),
        conflict_at_5(
            case("another recorded size before another root of that size"),
            |log| log.ask(3, &proof(3, 5), &log.text_with(5, &other)),
        ),
        conflict_at_5(
            case("another recorded size before another root of the empty tree"),
            |log| log.ask(0, &[], &log.text_with(0, &other)),
        ),
        conflict_at_5(
            case("another recorded size before a proof from zero"),
            |log| log.ask(0, &[node(0, 0)], &log.text(7)),
        ),
    ]
}

fn conflict_at_5(case: Case, request: impl FnOnce(&SampleLog) -> String) -> Case {
    case.step(0, 5).post(Conflict(5), request).step(5, 6)
}

/// A request whose signature is none.
fn forged(log: &SampleLog, old: u64, proof: &[Hash], text: &str) -> String {
    log.ask_with(old, proof, text, vec![log.forged(0)])
}
