use super::*;
use crate::verification::tests::small_log::SmallLog;
use serde_json::{Value, json};

mod small_log;

#[test]
fn a_true_answer_proves_every_entry() {
    let mut log = SmallLog::new();
    let mut verifier = log.verifier();
    let (first, second) = (log.entries(1), log.entries(5));
    let answer = log.answer(&first);
    assert_eq!(verify(&mut verifier, &first, &answer), Ok(1));
    let answer = log.answer(&second);
    assert_eq!(verify(&mut verifier, &second, &answer), Ok(5));
    assert_eq!(verifier.heads(), 2);
}

#[test]
fn answers_under_one_head_verify_it_once() {
    let mut log = SmallLog::new();
    let mut verifier = log.verifier();
    let sent = log.entries(2);
    let answer = log.answer(&sent);
    for (number, entry) in sent.iter().enumerate() {
        let mut own = answer.clone();
        own["results"] = json!([answer["results"][number]]);
        assert_eq!(verify(&mut verifier, &[*entry], &own), Ok(1));
    }
    assert_eq!(verifier.heads(), 1);
}

#[test]
fn what_the_answer_itself_refuses_is_passed_over() {
    let mut log = SmallLog::new();
    let sent = log.entries(2);
    let mut answer = log.answer(&sent);
    answer["results"][1] = json!({"status": 409, "type": "/docs/problems#slot-taken"});
    assert_eq!(verify(&mut log.verifier(), &sent, &answer), Ok(1));
}

#[test]
fn each_tampered_answer_is_refused_by_name() {
    let mut log = SmallLog::new();
    log.entries(3).chunks(1).for_each(|earlier| {
        log.answer(earlier);
    });
    let sent = log.entries(2);
    let answer = log.answer(&sent);
    let tampered = |pointer: &str, value: Value| {
        let mut answer = answer.clone();
        *answer.pointer_mut(pointer).unwrap() = value;
        verify(&mut log.verifier(), &sent, &answer).unwrap_err()
    };
    let other_hash = Hash::of(b"another").to_base64();
    let other_entry = answer["results"][1]["entry"].clone();
    let proof = answer["results"][0]["proof"].as_array().unwrap();
    let extra = [proof.as_slice(), &[json!(other_hash)]].concat();
    let time_ms = answer["time_ms"].as_u64().unwrap();

    assert_eq!(
        tampered("/results/0/index", json!(2)),
        Unproven::Proof(BadProof::WrongRoot)
    );
    assert_eq!(
        tampered("/results/0/index", json!(99)),
        Unproven::Proof(BadProof::OutOfRange)
    );
    assert_eq!(
        tampered("/results/0/proof", json!(extra)),
        Unproven::Proof(BadProof::TooLong)
    );
    assert_eq!(
        tampered("/results/0/proof/0", json!(other_hash)),
        Unproven::Proof(BadProof::WrongRoot)
    );
    assert_eq!(
        tampered("/results/0/proof/0", json!("AAAA")),
        Unproven::Form
    );
    assert_eq!(tampered("/results/0/proof", Value::Null), Unproven::Form);
    assert_eq!(
        tampered("/results/0/entry", other_entry),
        Unproven::OtherEntry
    );
    assert_eq!(
        tampered("/results/0/entry", json!("AAAA")),
        Unproven::Entry(MalformedEntry::Length(3))
    );
    assert_eq!(
        tampered("/results/0/leaf_hash", json!(other_hash)),
        Unproven::OtherLeaf
    );
    assert_eq!(tampered("/results", json!([])), Unproven::Count);
    assert_eq!(tampered("/size", json!(6)), Unproven::OtherHead);
    assert_eq!(tampered("/size", json!(-1)), Unproven::Form);
    assert_eq!(tampered("/root", json!(other_hash)), Unproven::OtherHead);
    assert_eq!(
        tampered("/time_ms", json!(time_ms + 1)),
        Unproven::OtherTime
    );
}

#[test]
fn a_tampered_checkpoint_is_refused_however_often_it_comes() {
    let mut log = SmallLog::new();
    let sent = log.entries(1);
    let mut answer = log.answer(&sent);
    let checkpoint = answer["checkpoint"].as_str().unwrap();
    answer["checkpoint"] = json!(checkpoint.replacen("\n1\n", "\n2\n", 1));
    let mut verifier = log.verifier();
    for _ in 0..2 {
        let refused = verify(&mut verifier, &sent, &answer);
        assert!(
            matches!(
                refused,
                Err(Unproven::Checkpoint(Refusal::BadSignature { .. }))
            ),
            "{refused:?}"
        );
    }
}

#[test]
fn a_checkpoint_without_one_of_the_three_signatures_is_refused() {
    for (number, kind) in KINDS.into_iter().enumerate() {
        let mut log = SmallLog::new();
        log.leave_out(number);
        let sent = log.entries(1);
        let answer = log.answer(&sent);
        let refused = verify(&mut log.verifier(), &sent, &answer);
        assert_eq!(
            refused,
            Err(Unproven::Checkpoint(Refusal::MissingLogKind(kind)))
        );
    }
}

#[test]
fn a_checkpoint_by_another_log_is_refused() {
    let (mut log, other) = (SmallLog::new(), SmallLog::new());
    let sent = log.entries(1);
    let answer = log.answer(&sent);
    let refused = verify(&mut other.verifier(), &sent, &answer);
    assert_eq!(refused, Err(Unproven::Checkpoint(Refusal::NoLogSignature)));
}

#[test]
fn a_fork_is_seen_across_answers() {
    let mut log = SmallLog::new();
    let mut fork = log.clone();
    let (sent, hidden) = (log.entries(1), log.entries(1));
    let mut verifier = log.verifier();
    assert_eq!(verify(&mut verifier, &sent, &log.answer(&sent)), Ok(1));
    let refused = verify(&mut verifier, &hidden, &fork.answer(&hidden));
    assert_eq!(refused, Err(Unproven::TwoRoots(TreeSize::new(1).unwrap())));
}

#[test]
fn an_entry_that_is_another_than_the_one_sent_is_refused() {
    let mut log = SmallLog::new();
    let (sent, logged) = (log.entries(1), log.entries(1));
    let answer = log.answer(&logged);
    assert_eq!(
        verify(&mut log.verifier(), &sent, &answer),
        Err(Unproven::OtherEntry)
    );
}

#[test]
fn one_index_for_two_entries_is_refused() {
    let mut log = SmallLog::new();
    let mut fork = log.clone();
    let (sent, others) = (log.entries(1), log.entries(2));
    let answer = log.answer(&sent);
    let mut verifier = log.verifier();
    assert_eq!(verify(&mut verifier, &sent, &answer), Ok(1));
    // The same entry sent again keeps its index.
    assert_eq!(verify(&mut verifier, &sent, &answer), Ok(1));
    let refused = verify(&mut verifier, &others, &fork.answer(&others));
    assert_eq!(refused, Err(Unproven::IndexTwice(LeafIndex::new(0))));
}

fn verify(
    verifier: &mut Verifier,
    sent: &[[u8; evidence::ENTRY_LEN]],
    answer: &Value,
) -> Result<usize, Unproven> {
    verifier.verify(sent, answer.to_string().as_bytes())
}
