//! Requests that come at once: one is recorded, and the others meet what it recorded.

use crate::conformance::case::Weight::Must;
use crate::conformance::case::{Case, Step};
use crate::conformance::sample_log::{SampleLog, root, tree_size};
use tlog::{Hash, fold_consistency};

const ATOMIC: &str = "add-checkpoint: checking the old size and persisting the new checkpoint must be atomic, and the old size MUST match the latest checkpoint; otherwise 409";

/// Rounds of the race that goes on: a witness that loses one in two is caught in 255 of 256 runs.
const ROUNDS: u64 = 8;

/// Requests that are sent at once where all say the same.
const CROWD: usize = 8;

/// The cases.
pub(super) fn cases(suffix: &str) -> Vec<Case> {
    let case = |name| Case::new(("race", suffix), Must, name, ATOMIC);
    let mut steps = case("two steps from one size, eight times, and no size rolls back").step(0, 5);
    for round in 0..ROUNDS {
        let from = 5 + round * 6;
        let (near, far) = (from + 2, from + 4);
        let race = Step::Race {
            requests: vec![
                (steps.log.step(from, near), near),
                (steps.log.step(from, far), far),
            ],
            then: vec![
                steps.log.step(near, from + 6),
                steps.log.step(far, from + 6),
            ],
        };
        steps = steps.then(race);
    }
    vec![
        steps,
        crowd(case("eight first contacts at once"), 0, 5),
        crowd(case("eight times the same step at once"), 5, 9),
        forks(case("two trees of one size at once")),
    ]
}

/// Eight equal requests.
fn crowd(case: Case, from: u64, to: u64) -> Case {
    let case = if from > 0 { case.step(0, from) } else { case };
    let race = Step::Race {
        requests: vec![(case.log.step(from, to), to); CROWD],
        then: vec![case.log.step(to, to + 1); CROWD],
    };
    case.then(race)
}

/// The log signs two trees of size 7, both after that of size 5.
fn forks(case: Case) -> Case {
    let case = case.step(0, 5);
    let honest = (case.log.step(5, 7), case.log.step(7, 7));
    let forked = fork(&case.log);
    case.then(Step::Race {
        requests: vec![(honest.0, 7), (forked.0, 7)],
        then: vec![honest.1, forked.1],
    })
}

/// Another tree of seven leaves, of which the first five are the same; and the same again.
fn fork(log: &SampleLog) -> (String, String) {
    let mut proof = crate::conformance::sample_log::proof(5, 7);
    // The proof names the fifth leaf, the sixth, the seventh, and the four before: another sixth makes another tree.
    proof[1] = Hash::of_leaf(b"another sixth leaf");
    let folded = fold_consistency(tree_size(5), tree_size(7), &root(5), &proof);
    let (old, new) = folded.expect("a proof of the right length");
    assert_eq!(old, root(5), "the first five leaves are the same");
    assert_ne!(new, root(7), "the trees are two");
    let text = log.text_with(7, &new);
    (log.ask(5, &proof, &text), log.ask(7, &[], &text))
}
