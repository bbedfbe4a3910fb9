//! The form of a request. The specification says what a client must send, and not what a witness answers to anything
//! else: 400 is our own table's. That it is not cosigned is held to be the specification's.

use crate::conformance::case::Expected::{self, Accepted, Cut, Refused, Strict};
use crate::conformance::case::Weight::{Must, Ours};
use crate::conformance::case::{Case, Step};
use crate::conformance::sample_log::{SampleLog, ask, node, proof, root, stranger, tree_size};
use tlog::{Hash, KeyId, fold_consistency};

const OLD: &str = "add-checkpoint: the old size line MUST consist of the string old, a single space and an ASCII decimal with no leading zeroes; else 400 (our table)";
const LINES: &str = "add-checkpoint: the body MUST be an old size line, proof lines, an empty line and a checkpoint, each line ended by U+000A; else 400 (our table)";
const HASH: &str = "add-checkpoint: each consistency proof line MUST encode a single hash in base64; else 400 (our table)";
const NOTE: &str = "signed-note: a note MUST be UTF-8 without control characters, and ends in signature lines; else 400 (our table)";
const CHECKPOINT: &str = "tlog-checkpoint: an origin, a decimal size without leading zeroes, a root in base64, no empty line; else 400 (our table)";
const COUNT: &str = "add-checkpoint: the client MUST NOT send more than 63 consistency proof lines";

/// The cases.
pub(super) fn cases(suffix: &str) -> Vec<Case> {
    let mut cases = old_lines(suffix);
    cases.extend(spoilt_lines(suffix));
    cases.extend(spoilt_proofs(suffix));
    cases.extend(spoilt_checkpoints(suffix));
    cases.extend(lengths(suffix));
    cases.extend(methods(suffix));
    cases
}

/// Makes a fault in a good request.
type Spoil<T> = fn(T) -> T;

/// Makes a fault in a good hash.
type SpoilHash = fn(&str) -> String;

/// A request from size 5 to size 7 with one fault.
fn fault<R: Into<Vec<u8>>>(
    suffix: &str,
    name: &'static str,
    paragraph: &'static str,
    spoilt: impl FnOnce(&SampleLog, String) -> R,
) -> Case {
    Case::new(("form", suffix), Ours, name, paragraph)
        .refused_at_5(400, |log| spoilt(log, log.step(5, 7)))
}

/// Spellings of an old size that are not the right one.
fn old_lines(suffix: &str) -> Vec<Case> {
    let lines = [
        ("an old size with a leading zero", "old 05"),
        ("an old size with a plus sign", "old +5"),
        ("words after the old size", "old 5 x"),
        ("a space after the old size", "old 5 "),
        ("two spaces before the old size", "old  5"),
        ("a tab before the old size", "old\t5"),
        ("the word old with a capital", "Old 5"),
        ("an old size in hexadecimal", "old 0x5"),
        ("an old size with a fraction", "old 5.0"),
        ("no old size", "old "),
        (
            "an old size that is 5 after an overflow",
            "old 18446744073709551621",
        ),
    ];
    let mut cases: Vec<Case> = lines
        .into_iter()
        .map(|(name, line)| fault(suffix, name, OLD, |_, good| good.replacen("old 5", line, 1)))
        .collect();
    for (name, line) in [
        ("an old size of two zeroes", "old 00"),
        ("an old size of minus zero", "old -0"),
    ] {
        let spoilt = |log: &SampleLog| log.step(0, 5).replacen("old 0", line, 1);
        let case = Case::new(("form", suffix), Ours, name, OLD);
        cases.push(case.post(Refused(400), spoilt).step(0, 5));
    }
    cases
}

fn spoilt_lines(suffix: &str) -> Vec<Case> {
    let spoils: [(&str, Spoil<String>); 9] = [
        ("an empty body", |_| String::new()),
        ("no old size line", |good| good.replacen("old 5\n", "", 1)),
        ("no empty line before the checkpoint", |good| {
            good.replacen("\n\n", "\n", 1)
        }),
        ("two empty lines before the checkpoint", |good| {
            good.replacen("\n\n", "\n\n\n", 1)
        }),
        ("an empty line before the proof", |good| {
            good.replacen("old 5\n", "old 5\n\n", 1)
        }),
        ("lines that end in CR and LF", |good| {
            good.replace('\n', "\r\n")
        }),
        ("an old size line that ends in CR and LF", |good| {
            good.replacen('\n', "\r\n", 1)
        }),
        ("no newline at the end", |good| good.trim_end().to_owned()),
        ("a line after the last signature line", |good| {
            format!("{good}more\n")
        }),
    ];
    spoils
        .into_iter()
        .map(|(name, spoil)| fault(suffix, name, LINES, |_, good| spoil(good)))
        .collect()
}

fn spoilt_proofs(suffix: &str) -> Vec<Case> {
    let spoils: [(&str, Expected, SpoilHash); 8] = [
        ("a proof line that is not base64", Refused(400), |_| {
            "*".repeat(43) + "="
        }),
        ("a proof line of 31 bytes", Refused(400), |_| {
            "A".repeat(42) + "=="
        }),
        ("a proof line of 33 bytes", Refused(400), |_| "A".repeat(44)),
        ("a proof line without padding", Refused(400), |hash| {
            hash.replace('=', "")
        }),
        (
            "a proof line in base64 of another alphabet",
            Refused(400),
            |hash| hash.replace('+', "-").replace('/', "_"),
        ),
        (
            "a proof line whose last bits are not zero",
            Strict(400),
            last_bits_not_zero,
        ),
        (
            "a proof line with a space at its end",
            Refused(400),
            |hash| format!("{hash} "),
        ),
        ("a proof line of two hashes", Refused(400), |hash| {
            format!("{hash} {hash}")
        }),
    ];
    spoils
        .into_iter()
        .map(|(name, expected, spoil)| {
            let case = Case::new(("form", suffix), Ours, name, HASH);
            case.step(0, 5)
                .post(expected, |log| {
                    let (good, hash) = (log.step(5, 8), proof(5, 8)[SPELT].to_string());
                    good.replacen(&hash, &spoil(&hash), 1)
                })
                .step(5, 6)
        })
        .collect()
}

/// Which hash of the proof from 5 to 8 is spoilt: one whose base64 has a character of either alphabet.
const SPELT: usize = 1;

/// The same 32 bytes to a decoder that does not look at the last two bits.
fn last_bits_not_zero(hash: &str) -> String {
    let mut spelt = hash.as_bytes().to_vec();
    // The character before the padding stands for a multiple of four, and the next in ASCII for one more.
    spelt[42] += 1;
    String::from_utf8(spelt).expect("base64 is ASCII")
}

fn spoilt_checkpoints(suffix: &str) -> Vec<Case> {
    let of_text = |name, spoil: fn(String) -> String| {
        fault(suffix, name, CHECKPOINT, |log, _| {
            log.ask(5, &proof(5, 7), &spoil(log.text(7)))
        })
    };
    vec![
        of_text("a checkpoint's size with a leading zero", |text| {
            text.replacen("\n7\n", "\n07\n", 1)
        }),
        of_text("a checkpoint's size of 2^63", |text| {
            text.replacen("\n7\n", "\n9223372036854775808\n", 1)
        }),
        of_text("a checkpoint's root of 31 bytes", |text| {
            let short = "A".repeat(42) + "==";
            text.replacen(&root(7).to_string(), &short, 1)
        }),
        of_text("a checkpoint without a root", |text| {
            text.replacen(&format!("{}\n", root(7)), "", 1)
        }),
        fault(
            suffix,
            "a checkpoint without signature lines",
            NOTE,
            |log, _| {
                let unsigned = log.text(7);
                ask(5, &proof(5, 7), &format!("{unsigned}\n"))
            },
        ),
        fault(suffix, "a body that is not UTF-8", NOTE, |log, _| {
            let good = log.ask(5, &proof(5, 7), &format!("{}extension ?\n", log.text(7)));
            let mut bytes = good.into_bytes();
            for byte in &mut bytes {
                if *byte == b'?' {
                    *byte = 0xff;
                }
            }
            bytes
        }),
        fault(suffix, "a control character in a line", NOTE, |_, good| {
            good.replacen("\u{2014} ", "\u{2014} \u{1}", 1)
        }),
    ]
}

fn lengths(suffix: &str) -> Vec<Case> {
    let case = |weight, name, paragraph| Case::new(("form", suffix), weight, name, paragraph);
    let others = |log: &SampleLog, count: u8, len: usize| {
        let text = log.text(5);
        let mut lines = log.lines(&text);
        lines.extend((0..count).map(|n| stranger(log.origin(), KeyId::new([n; 4]), len)));
        log.ask_with(0, &[], &text, lines)
    };
    vec![
        case(Must, "a proof of 63 lines that is right", COUNT)
            .step(0, 3)
            .post(Accepted, |log| deep(log, 1 << 62, 63)),
        case(Ours, "a proof of 64 lines that is right", COUNT)
            .step(0, 3)
            .post(Refused(400), |log| deep(log, (1 << 63) - 1, 64))
            .step(3, 4),
        case(
            Must,
            "sixteen signature lines, fifteen as long as ML-DSA-44's",
            "signed-note: verifiers MUST accept at least up to 16 signatures",
        )
        .post(Accepted, |log| others(log, 15, 2428)),
        case(
            Ours,
            "a body of 100 KiB",
            "a body of up to 128 KiB is read (our table)",
        )
        .post(Accepted, |log| others(log, 15, 5000)),
        case(
            Ours,
            "a body of 160 KiB",
            "a body above 128 KiB is answered 413, or cut (our table)",
        )
        .step(0, 5)
        .post(Cut(413), |log| others(log, 15, 8_100))
        .step(5, 6),
    ]
}

/// A request from size 3 to a size so large that its proof has so many lines, most of them free to choose.
fn deep(log: &SampleLog, size: u64, lines: u64) -> String {
    let mut proof = vec![node(0, 2), node(0, 3), node(1, 0)];
    proof.extend((3..lines).map(|n| Hash::of(&n.to_be_bytes())));
    let folded = fold_consistency(tree_size(3), tree_size(size), &root(3), &proof);
    let (old, new) = folded.expect("so many lines lead from size 3 to this size");
    assert_eq!(old, root(3), "the proof begins at the suite's tree");
    log.ask(3, &proof, &log.text_with(size, &new))
}

fn methods(suffix: &str) -> Vec<Case> {
    let paragraph = "add-checkpoint: the request MUST be an HTTP POST";
    [
        ("GET is no way to add a checkpoint", "GET"),
        ("PUT is no way to add a checkpoint", "PUT"),
    ]
    .into_iter()
    .map(|(name, method)| {
        let case = Case::new(("form", suffix), Must, name, paragraph);
        let request = case.log.step(0, 5);
        case.then(Step::Method { method, request }).step(0, 3)
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::cases;
    use crate::conformance::case::{Expected, Step};
    use tlog::{AddCheckpoint, MalformedAddCheckpoint};

    #[test]
    fn what_is_answered_400_is_no_request_and_all_else_is_one() {
        for case in cases("") {
            for step in &case.steps {
                let Step::Post { request, expected } = step else {
                    continue;
                };
                let parsed = AddCheckpoint::parse(request);
                let wanted = matches!(
                    expected,
                    Expected::Refused(_) | Expected::Cut(_) | Expected::Strict(_)
                );
                assert_eq!(parsed.is_err(), wanted, "{}: {parsed:?}", case.name);
            }
        }
    }

    #[test]
    fn the_longest_bodies_are_as_long_as_they_are_called() {
        let kib = |name: &str| {
            let case = cases("").into_iter().find(|case| case.name == name);
            let longest = case
                .unwrap()
                .steps
                .into_iter()
                .filter_map(|step| match step {
                    Step::Post { request, .. } => Some(request.len()),
                    _ => None,
                });
            longest.max().unwrap() / 1024
        };
        assert!((95..105).contains(&kib("a body of 100 KiB")));
        assert!((155..165).contains(&kib("a body of 160 KiB")));
    }

    #[test]
    fn an_old_size_of_5_in_other_words_is_an_old_size_fault() {
        for case in super::old_lines("") {
            let first_refused = case.steps.iter().find_map(|step| match step {
                Step::Post { request, expected } if expected.status() == 400 => Some(request),
                _ => None,
            });
            let parsed = AddCheckpoint::parse(first_refused.unwrap());
            assert_eq!(
                parsed,
                Err(MalformedAddCheckpoint::OldSize),
                "{}",
                case.name
            );
        }
    }
}
