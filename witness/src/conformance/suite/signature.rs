//! Whose signature a checkpoint needs.

use crate::conformance::case::Case;
use crate::conformance::case::Expected::{Accepted, Refused};
use crate::conformance::case::Weight::Must;
use crate::conformance::sample_log::{SampleLog, stranger};
use tlog::{KeyId, SignatureLine};

const IGNORED: &str = "add-checkpoint: the witness MUST ignore signatures from unknown keys";
const BAD: &str = "add-checkpoint: 403 MUST be the answer if a line's key name and ID match a trusted key but the signature fails to verify";
const NONE: &str = "add-checkpoint: 403 MUST be the answer if no signature from a trusted key for the origin is present";
const TRUSTED: &str = "add-checkpoint: the witness MUST verify the checkpoint signature against the public key(s) it trusts for the origin";
const UNKNOWN: &str =
    "add-checkpoint: if the checkpoint origin is unknown, the witness MUST respond 404";

/// The cases.
pub(super) fn cases(suffix: &str) -> Vec<Case> {
    let case = |name, paragraph| Case::new(("signature", suffix), Must, name, paragraph);
    let good = |name, paragraph, lines: fn(&SampleLog, &str) -> Vec<SignatureLine>| {
        case(name, paragraph)
            .post(Accepted, |log| first(log, lines))
            .step(5, 6)
    };
    let bad = |case: Case, lines: fn(&SampleLog, &str) -> Vec<SignatureLine>| {
        case.post(Refused(403), |log| first(log, lines)).step(0, 5)
    };
    vec![
        good(
            "lines by strangers around the log's line are ignored",
            IGNORED,
            |log, text| {
                let other = |id| stranger("stranger.example", KeyId::new([id; 4]), 64);
                vec![other(1), log.line(0, text), other(2)]
            },
        ),
        good(
            "a line with the log's name and another key's id is ignored",
            IGNORED,
            |log, text| {
                let other = stranger(log.origin(), KeyId::new([9; 4]), 64);
                vec![other, log.line(0, text)]
            },
        ),
        good(
            "a line with another name and the log's key id is ignored",
            IGNORED,
            |log, text| {
                let other = stranger("stranger.example", log.vkeys()[0].id(), 64);
                vec![other, log.line(0, text)]
            },
        ),
        bad(case("a bad signature by the log's key", BAD), |log, _| {
            vec![log.forged(0)]
        }),
        bad(
            case("a good and a bad signature by one key of the log", BAD),
            |log, text| vec![log.line(0, text), log.forged(0)],
        ),
        bad(
            case("a bad and a good signature by one key of the log", BAD),
            |log, text| vec![log.forged(0), log.line(0, text)],
        ),
        bad(
            case("two keys of a log, the second signature bad", BAD).keys(2),
            |log, text| vec![log.line(0, text), log.forged(1)],
        ),
        bad(
            case("two keys of a log, the first signature bad", BAD).keys(2),
            |log, text| vec![log.forged(0), log.line(1, text)],
        ),
        case("two keys of a log, both signatures good", TRUSTED)
            .keys(2)
            .step(0, 5)
            .step(5, 6),
        case(
            "two keys of a log, of which the second alone signs",
            TRUSTED,
        )
        .keys(2)
        .post(Accepted, |log| {
            first(log, |log, text| vec![log.line(1, text)])
        })
        .step(5, 6),
        bad(case("no line but a stranger's", NONE), |_, _| {
            vec![stranger("stranger.example", KeyId::new([1; 4]), 64)]
        }),
        bad(case("a signature of another checkpoint", BAD), |log, _| {
            vec![log.line(0, &log.text(6))]
        }),
        bad(
            case(
                "a signature of the checkpoint with an extension line more",
                BAD,
            ),
            |log, text| vec![log.line(0, &format!("{text}more\n"))],
        ),
        bad(case("a signature that is cut", BAD), |log, text| {
            let line = log.line(0, text);
            let cut = line.body()[..63].to_vec();
            SignatureLine::new(line.name().clone(), line.id(), cut)
                .into_iter()
                .collect()
        }),
        case("an origin that the witness does not know", UNKNOWN)
            .not_enrolled()
            .post(Refused(404), |log| log.step(0, 5)),
        case(
            "an unknown origin under the signature of a known log",
            UNKNOWN,
        )
        .post(Refused(404), |log| {
            let text = log.text(5).replacen('\n', "/other\n", 1);
            log.ask(0, &[], &text)
        })
        .step(0, 5),
    ]
}

/// The first contact, with these lines.
fn first(log: &SampleLog, lines: impl Fn(&SampleLog, &str) -> Vec<SignatureLine>) -> String {
    let text = log.text(5);
    log.ask_with(0, &[], &text, lines(log, &text))
}
