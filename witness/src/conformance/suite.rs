//! All cases, in the order of a report.

mod cosignature;
mod form;
mod monitoring;
mod order;
mod proof;
mod race;
mod signature;
mod size;

use super::case::Case;

/// The cases. A suffix makes other origins with other keys, for a witness that has met the suite before.
pub fn suite(suffix: &str) -> Vec<Case> {
    [
        form::cases(suffix),
        signature::cases(suffix),
        size::cases(suffix),
        proof::cases(suffix),
        cosignature::cases(suffix),
        order::cases(suffix),
        race::cases(suffix),
        monitoring::cases(suffix),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Each file of `tests/vectors/witness`, and its question.
pub const FILES: [(&str, &str); 8] = [
    (
        "form",
        "What is a request, and what is answered to what is none?",
    ),
    (
        "signature",
        "Whose signature does a checkpoint need, and which lines are ignored?",
    ),
    ("size", "Does the old size fit what the witness remembers?"),
    (
        "proof",
        "Does the checkpoint extend what the witness remembers?",
    ),
    ("cosignature", "What does the witness sign?"),
    (
        "order",
        "Of two faults, which one is answered? The specification leaves it open.",
    ),
    ("race", "What happens to requests that come at once?"),
    ("monitoring", "What do monitors see?"),
];

#[cfg(test)]
mod tests {
    use super::{FILES, suite};
    use crate::conformance::case::{Step, Weight};
    use std::collections::BTreeSet;

    #[test]
    fn a_case_has_a_name_and_an_origin_of_its_own() {
        let suite = suite("");
        assert!(suite.len() >= 60, "{}", suite.len());
        let names: BTreeSet<_> = suite.iter().map(|case| case.name).collect();
        let origins: BTreeSet<_> = suite.iter().map(|case| case.log.origin()).collect();
        assert_eq!((names.len(), origins.len()), (suite.len(), suite.len()));
        let files: BTreeSet<_> = suite.iter().map(|case| case.file).collect();
        assert_eq!(files, FILES.into_iter().map(|(file, _)| file).collect());
    }

    #[test]
    fn a_suffix_makes_other_logs_and_the_same_cases() {
        let (plain, again) = (suite(""), suite("2"));
        for (plain, again) in plain.iter().zip(&again) {
            assert_eq!(plain.name, again.name);
            assert_ne!(plain.log.vkeys(), again.log.vkeys());
        }
    }

    #[test]
    fn a_case_that_the_specification_decides_names_its_words() {
        for case in suite("") {
            let binds = case.paragraph.contains("MUST") || case.paragraph.contains("SHOULD");
            assert!(
                binds || case.weight == Weight::Ours,
                "{}: {}",
                case.name,
                case.paragraph
            );
            assert!(!case.steps.is_empty());
            for step in &case.steps {
                if let Step::Race { requests, then } = step {
                    assert_eq!(requests.len(), then.len(), "{}", case.name);
                }
            }
        }
    }
}
