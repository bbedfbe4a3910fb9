//! What a quorum bears, found by search, against the formulas and against a search that is written otherwise.

use crate::keys::{log, witness, witness_pq};
use std::fmt::Write as _;
use tlog::{Grip, NotSearched, Operators, Policy, QuorumSearch, QuorumStrength};

/// A policy file whose operators a, b, c … each have one key.
fn policy(count: u8, groups: &str) -> Policy {
    let mut text = format!("log {}\n", log("log.example/a").ed25519.vkey);
    for letter in (b'a'..).take(count.into()).map(char::from) {
        writeln!(text, "witness {letter} {}", witness(letter).vkey).unwrap();
    }
    Policy::parse((text + groups).as_bytes()).unwrap()
}

/// k of n.
fn threshold(n: u8, k: u8) -> Policy {
    let members: Vec<String> = (b'a'..)
        .take(n.into())
        .map(|letter| char::from(letter).to_string())
        .collect();
    policy(
        n,
        &format!("group enough {k} {}\nquorum enough\n", members.join(" ")),
    )
}

fn search(policy: &Policy) -> QuorumSearch {
    QuorumSearch::new(policy, &Operators::of(policy)).unwrap()
}

fn strength(policy: &Policy) -> QuorumStrength {
    search(policy).strength()
}

#[test]
fn the_table_of_quorums() {
    // n, k, f prevented, outages borne, f detected
    for (n, k, prevented, outages, detected) in [
        (3, 2, 0, 1, 1),
        (5, 3, 0, 2, 2),
        (5, 4, 2, 1, 3),
        (7, 5, 2, 2, 4),
    ] {
        let found = strength(&threshold(n, k));
        let row = (found.prevented(), found.outages, found.detected());
        assert_eq!(row, (Some(prevented), outages, detected), "{k} of {n}");
        assert_eq!((found.operators, found.smallest), (n.into(), k.into()));
    }
}

#[test]
fn the_search_finds_what_the_formulas_say_for_every_k_of_n() {
    for n in 1..=9u8 {
        for k in 1..=n {
            let (n_, k_) = (usize::from(n), usize::from(k));
            let found = strength(&threshold(n, k));
            assert_eq!(found.shared, (2 * k_).saturating_sub(n_), "{k} of {n}");
            assert_eq!(found.outages, n_ - k_, "{k} of {n}");
            assert_eq!(found.detected(), k_ - 1, "{k} of {n}");
        }
    }
}

#[test]
fn nested_groups_are_searched_as_they_are_counted() {
    for groups in [
        "group x 2 a b c\ngroup y any d e\ngroup q all x y\nquorum q\n",
        "group x 2 a b c\ngroup y 2 d e f\ngroup q any x y\nquorum q\n",
        "group x all a b\ngroup q 3 x c d e\nquorum q\n",
        "group x 2 a b c\ngroup y 2 x d e\ngroup q 2 y f\nquorum q\n",
        "group x all a b c\nquorum x\n",
        "quorum a\n",
    ] {
        let policy = policy(6, groups);
        let found = search(&policy);
        let naive = Naive::of(&policy);
        let strength = found.strength();
        assert_eq!(strength.shared, naive.shared(), "{groups}");
        assert_eq!(strength.outages, naive.outages(), "{groups}");
        assert_eq!(strength.smallest, naive.smallest(), "{groups}");
        for held in 0..64usize {
            let places: Vec<usize> = (0..6).filter(|at| held & (1 << at) != 0).collect();
            assert_eq!(found.grip(&places), naive.grip(held), "{groups}{held:b}");
        }
    }
}

/// The definitions, word for word, over all pairs of sets of six witnesses.
struct Naive {
    quorums: Vec<usize>,
}

impl Naive {
    fn of(policy: &Policy) -> Self {
        let is_quorum = |set: &usize| {
            let cosigned: Vec<bool> = (0..6).map(|at| set & (1 << at) != 0).collect();
            policy.is_met_by(&cosigned)
        };
        Self {
            quorums: (0..64).filter(is_quorum).collect(),
        }
    }

    fn shared(&self) -> usize {
        let pairs = self
            .quorums
            .iter()
            .flat_map(|a| self.quorums.iter().map(move |b| a & b));
        pairs.map(|both| both.count_ones() as usize).min().unwrap()
    }

    fn outages(&self) -> usize {
        let bears = |down: usize| {
            (0..64usize)
                .filter(|out| out.count_ones() as usize == down)
                .all(|out| self.quorums.contains(&(63 & !out)))
        };
        (0..=6).rev().find(|&down| (0..=down).all(bears)).unwrap()
    }

    fn smallest(&self) -> usize {
        let sizes = self.quorums.iter().map(|set| set.count_ones() as usize);
        sizes.min().unwrap()
    }

    fn grip(&self, held: usize) -> Grip {
        let mut pairs = self
            .quorums
            .iter()
            .flat_map(|a| self.quorums.iter().map(move |b| a & b));
        Grip {
            can_fork: pairs.any(|both| both & !held == 0),
            can_stop: !self.quorums.iter().any(|set| set & held == 0),
            is_quorum: self.quorums.contains(&held),
        }
    }
}

#[test]
fn an_operator_with_two_keys_is_counted_once() {
    let text = |groups: &str| {
        let mut text = format!("log {}\n", log("log.example/a").ed25519.vkey);
        for letter in "abcde".chars() {
            writeln!(text, "witness {letter}.ed {}", witness(letter).vkey).unwrap();
            writeln!(text, "witness {letter}.pq {}", witness_pq(letter).vkey).unwrap();
        }
        Policy::parse((text + groups).as_bytes()).unwrap()
    };
    let grouped = "group A all a.ed a.pq\ngroup B all b.ed b.pq\ngroup C all c.ed c.pq\ngroup D all d.ed d.pq\n\
                   group E all e.ed e.pq\ngroup q 4 A B C D E\nquorum q\n";
    let policy = text(grouped);
    let operators = Operators::of(&policy);
    let names: Vec<&str> = operators.all().iter().map(tlog::Operator::name).collect();
    assert_eq!(names, ["A", "B", "C", "D", "E"]);
    assert!(operators.all().iter().all(|operator| operator.votes() == 1));
    assert_eq!(strength(&policy), strength(&threshold(5, 4)));
    // Half of an operator's lines is not its confirmation.
    let mut cosigned = vec![true; 10];
    cosigned[3] = false;
    let confirmed = operators.confirmed(&policy, &cosigned);
    assert_eq!(confirmed, [true, false, true, true, true]);
    assert_eq!(operators.find(&policy, "b.pq"), Some(1));
    assert_eq!(operators.find(&policy, "B"), Some(1));
    assert_eq!(operators.find(&policy, "nobody"), None);

    // Ten flat lines under `4` look as safe, and two operators are enough.
    let flat = text("group q 4 a.ed a.pq b.ed b.pq c.ed c.pq d.ed d.pq e.ed e.pq\nquorum q\n");
    let operators = Operators::of(&flat);
    assert!(operators.all().iter().all(|operator| operator.votes() == 2));
    let found = strength(&flat);
    assert_eq!((found.operators, found.smallest), (5, 2));
    assert_eq!(found.prevented(), None);
}

#[test]
fn keys_with_one_address_are_one_operators() {
    let keys = [witness('a'), witness('b'), witness('c')].map(|key| key.vkey.to_string());
    let text = format!(
        "log {}\nwitness a {} https://one.example\nwitness b {} https://two.example\nwitness c {} https://one.example\n\
         group q 2 a b c\nquorum q\n",
        log("log.example/a").ed25519.vkey,
        keys[0],
        keys[1],
        keys[2]
    );
    let policy = Policy::parse(text.as_bytes()).unwrap();
    let operators = Operators::of(&policy);
    let keys: Vec<&[usize]> = operators.all().iter().map(tlog::Operator::keys).collect();
    assert_eq!(keys, [&[0, 2][..], &[1]]);
    assert_eq!(operators.all()[0].votes(), 2);
}

#[test]
fn whom_the_quorum_does_not_ask_has_no_say() {
    let policy = policy(5, "group q 2 a b c\ngroup idle all d e\nquorum q\n");
    let operators = Operators::of(&policy);
    let votes: Vec<usize> = operators.all().iter().map(tlog::Operator::votes).collect();
    assert_eq!(votes, [1, 1, 1, 0, 0]);
    assert_eq!(strength(&policy), strength(&threshold(3, 2)));
}

#[test]
fn at_most_2k_minus_n_minus_1_may_answer_to_one_superior() {
    let search = search(&threshold(5, 4));
    assert!(!search.grip(&[0, 1]).can_fork);
    assert!(search.grip(&[0, 1]).can_stop);
    assert!(search.grip(&[0, 1, 2]).can_fork);
    assert!(search.grip(&[0, 1, 2, 3]).is_quorum);
}

#[test]
fn more_operators_than_are_searched_are_refused_and_nobody_is_searched_for_nobody() {
    let refused = |policy: &Policy| QuorumSearch::new(policy, &Operators::of(policy)).unwrap_err();
    assert_eq!(refused(&threshold(21, 15)), NotSearched::TooMany(21));
    assert_eq!(strength(&threshold(20, 14)).shared, 8);
    assert_eq!(
        refused(&policy(3, "quorum none\n")),
        NotSearched::Unwitnessed
    );
}
