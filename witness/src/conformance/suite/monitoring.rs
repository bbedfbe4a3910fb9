//! What monitors see.

use crate::conformance::case::Expected::{Conflict, Refused};
use crate::conformance::case::Weight::{Must, Should};
use crate::conformance::case::{Case, Step};
use tlog::Hash;

const NEVER: &str = "Monitor Retrieval: if the witness has never cosigned a checkpoint for that log, it MUST respond 404";
const SERVES: &str = "Monitor Retrieval: a witness SHOULD serve a recent checkpoint, which MUST include its cosignature(s) and the log's; it may be up to an hour late";

/// The cases.
pub(super) fn cases(suffix: &str) -> Vec<Case> {
    let case = |weight, name, paragraph| Case::new(("monitoring", suffix), weight, name, paragraph);
    let shown = |case: Case, size: Option<u64>| {
        let text = size.map(|size| case.log.text(size));
        case.then(Step::Monitor { text })
    };
    vec![
        shown(case(Must, "a log that was never cosigned", NEVER), None).step(0, 5),
        shown(
            case(Must, "a log that was asked for and never cosigned", NEVER)
                .post(Conflict(0), |log| log.step(3, 5)),
            None,
        )
        .step(0, 5),
        shown(
            case(Must, "a log that the witness does not know", NEVER).not_enrolled(),
            None,
        ),
        shown(
            case(Should, "the first cosigned checkpoint", SERVES).step(0, 5),
            Some(5),
        ),
        shown(
            case(Should, "the newest cosigned checkpoint", SERVES)
                .step(0, 5)
                .step(5, 9),
            Some(9),
        ),
        shown(
            case(
                Should,
                "the cosigned checkpoint after a fork was refused",
                SERVES,
            )
            .step(0, 5)
            .post(Refused(422), |log| {
                log.ask(5, &[], &log.text_with(5, &Hash::of(b"another tree")))
            }),
            Some(5),
        ),
    ]
}
