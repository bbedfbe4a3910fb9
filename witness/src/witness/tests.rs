//! A witness as its logs meet it, without doors.

use super::Declined;
use crate::judgement::Refusal;
use crate::ledger::Ledger as _;
use crate::testimony::bench::{Bench, NOON};
use crate::testimony::failing_ledger::Fault;
use crate::testimony::size;
use crate::testimony::test_log::{TestLog, ask_with, text};
use crate::turn::{AT_WORK_MAX, WAITING_MAX};
use futures_util::FutureExt as _;
use std::sync::atomic::Ordering;
use tlog::{Hash, KeyId, KeyName, Note, SignatureLine};

const ORIGIN: &str = "log.example/a";

async fn bench() -> (Bench, TestLog, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let bench = Bench::open(folder.path()).await;
    let log = TestLog::new(ORIGIN);
    bench.enrol(&log).await;
    (bench, log, folder)
}

#[tokio::test]
async fn every_case_has_its_status() {
    let (bench, log, _folder) = bench().await;
    let stranger = TestLog::new("log.example/stranger");
    let other_key = TestLog::new(ORIGIN);
    assert_eq!(bench.status(&stranger.step(0, 1, NOON)).await, 404);
    assert_eq!(bench.status(&other_key.step(0, 1, NOON)).await, 403);
    assert_eq!(bench.status("old 05\n\nx\n").await, 400);
    assert_eq!(
        bench.status(&log.step(3, 5, NOON)).await,
        409,
        "first contact"
    );
    let forger = TestLog::new("log.example/forger");
    bench.enrol(&forger).await;
    let empty = text("log.example/forger", 0, &Hash::of(b"x"));
    assert_eq!(
        bench.status(&forger.ask(0, Vec::new(), &empty, NOON)).await,
        422
    );
    let proof_from_zero = log.ask(0, vec![Hash::EMPTY_ROOT], &log.text(5), NOON);
    assert_eq!(bench.status(&proof_from_zero).await, 422);
    assert!(bench.shown(&log).is_none());

    bench.cosigned(&log.step(0, 0, NOON)).await;
    bench.cosigned(&log.step(0, 5, NOON)).await;
    bench.cosigned(&log.step(5, 5, NOON)).await;
    bench.cosigned(&log.step(5, 9, NOON)).await;
    let above = log.ask(10, Vec::new(), &log.text(9), NOON);
    assert_eq!(bench.status(&above).await, 400, "old above size");
    let stale = bench.ask(&log.step(5, 12, NOON)).await;
    assert!(matches!(stale, Err(Declined::Refused(Refusal::OtherSize(nine))) if nine == size(9)));
    let forked = log.ask(9, Vec::new(), &text(ORIGIN, 9, &Hash::of(b"fork")), NOON);
    assert_eq!(bench.status(&forked).await, 422);
    let same_with_proof = log.ask(9, vec![Hash::EMPTY_ROOT], &log.text(9), NOON);
    assert_eq!(bench.status(&same_with_proof).await, 422);
    let wrong = log.ask(9, log.tree.proof(8, 12), &log.text(12), NOON);
    assert_eq!(bench.status(&wrong).await, 422);
    let refusal = bench
        .witness
        .logs()
        .by_origin(ORIGIN)
        .unwrap()
        .standing
        .last_refusal();
    assert_eq!(refusal.unwrap().status, 422);
}

#[tokio::test]
async fn the_first_fault_in_the_specifications_order_is_the_one_that_is_told() {
    let (bench, log, _folder) = bench().await;
    bench.cosigned(&log.step(0, 9, NOON)).await;
    let spoilt = |line: &SignatureLine| {
        let mut body = line.body().to_vec();
        body[9] ^= 1;
        SignatureLine::new(line.name().clone(), line.id(), body).unwrap()
    };
    // Signature before old above size; old above size before the recorded one; the recorded one before the proof.
    let unsigned = vec![spoilt(&log.ed25519_line(&log.text(3)))];
    assert_eq!(
        bench
            .status(&ask_with(7, Vec::new(), &log.text(3), unsigned))
            .await,
        403
    );
    assert_eq!(
        bench
            .status(&log.ask(7, Vec::new(), &log.text(3), NOON))
            .await,
        400
    );
    assert_eq!(
        bench
            .status(&log.ask(7, Vec::new(), &log.text(8), NOON))
            .await,
        409
    );
}

#[tokio::test]
async fn a_line_with_a_known_name_and_id_that_does_not_verify_spoils_the_note() {
    let (bench, log, _folder) = bench().await;
    let body = log.text(5);
    for at in [4, 70] {
        let good = log.ml_dsa_line(&body, NOON);
        let mut spoilt = log.ed25519_line(&body).body().to_vec();
        spoilt[at % 64] ^= 1;
        let bad = SignatureLine::new(good.name().clone(), log.ed25519.id(), spoilt).unwrap();
        let request = ask_with(0, Vec::new(), &body, vec![good, bad]);
        assert_eq!(bench.status(&request).await, 403);
    }
    assert!(bench.shown(&log).is_none());
}

#[tokio::test]
async fn a_strangers_forged_line_in_a_good_note_poisons_nothing() {
    let (bench, log, _folder) = bench().await;
    let body = log.text(5);
    let own = bench.witness.cosigner.vkeys()[0].clone();
    let forge =
        |name: &KeyName, id: KeyId| SignatureLine::new(name.clone(), id, vec![7; 72]).unwrap();
    let lines = vec![
        forge(own.name(), own.id()),
        forge(log.ed25519.name(), KeyId::new([9; 4])),
        log.ed25519_line(&body),
        forge(&KeyName::new("witness.example/other").unwrap(), own.id()),
        log.ml_dsa_line(&body, NOON),
    ];
    bench.cosigned(&ask_with(0, Vec::new(), &body, lines)).await;
    let shown = bench.shown(&log).unwrap();
    assert_eq!(shown.text(), body);
    assert_eq!(shown.lines().len(), 4, "two by the log, two by us");
    let known = bench.witness.logs();
    let known = known.by_origin(ORIGIN).unwrap();
    let checkpoint = tlog::Checkpoint::parse(&body).unwrap();
    assert_eq!(
        known.verify_note(&shown, &checkpoint).unwrap().lines.len(),
        2
    );
    assert_eq!(bench.verified(&shown, &shown.lines()[2..]).len(), 2);
    // And the log goes on.
    bench.cosigned(&log.step(5, 6, NOON)).await;
}

#[tokio::test]
async fn extension_lines_are_under_our_ed25519_line_alone_and_must_be_signed() {
    let (bench, log, _folder) = bench().await;
    let extended = format!("{}an extension\n", log.text(5));
    bench
        .cosigned(&log.ask(0, Vec::new(), &extended, NOON))
        .await;
    let shown = bench.shown(&log).unwrap();
    assert_eq!((shown.text(), shown.lines().len()), (extended.as_str(), 3));
    // Whoever strips the line that signs them could write any.
    let forged = format!("{}forged\n", log.text(5));
    let stripped = vec![log.ml_dsa_line(&forged, NOON)];
    assert_eq!(
        bench
            .status(&ask_with(5, Vec::new(), &forged, stripped))
            .await,
        403
    );
}

#[tokio::test]
async fn racing_requests_never_cross_sizes_and_times() {
    let (bench, log, _folder) = bench().await;
    bench.cosigned(&log.step(0, 10, NOON)).await;
    let requests: Vec<(u64, String)> = (11..50).map(|to| (to, log.step(10, to, NOON))).collect();
    let answers = futures_util::future::join_all(
        requests
            .iter()
            .map(async |(to, request)| (*to, bench.status(request).await)),
    )
    .await;
    let won: Vec<u64> = answers
        .iter()
        .filter(|(_, status)| *status == 200)
        .map(|(to, _)| *to)
        .collect();
    assert_eq!(won.len(), 1, "{answers:?}");
    assert!(
        answers
            .iter()
            .all(|(_, status)| [200, 409].contains(status)),
        "{answers:?}"
    );
    let head = bench
        .witness
        .logs()
        .by_origin(ORIGIN)
        .unwrap()
        .standing
        .head();
    assert_eq!(head.size(), size(won[0]));
}

#[tokio::test]
async fn the_time_that_is_signed_never_goes_back() {
    let (bench, log, _folder) = bench().await;
    assert_eq!(bench.cosigned(&log.step(0, 5, NOON)).await, NOON);
    bench.clock.0.store(NOON - 100, Ordering::SeqCst);
    assert_eq!(bench.cosigned(&log.step(5, 6, NOON)).await, NOON);
    bench.clock.0.store(NOON + 7, Ordering::SeqCst);
    assert_eq!(bench.cosigned(&log.step(6, 6, NOON)).await, NOON + 7);
    let row = bench.ledger.rows().await.unwrap().remove(0);
    assert_eq!((row.head.size(), row.head.time_s), (size(6), NOON + 7));
}

#[tokio::test]
async fn a_clock_ahead_of_the_logs_signs_nothing() {
    let (bench, log, _folder) = bench().await;
    bench.cosigned(&log.step(0, 5, NOON)).await;
    bench.clock.0.store(NOON + 3600, Ordering::SeqCst);
    assert_eq!(bench.status(&log.step(5, 6, NOON)).await, 503);
    bench.clock.0.store(NOON + 5, Ordering::SeqCst);
    assert_eq!(bench.cosigned(&log.step(5, 6, NOON)).await, NOON + 5);
}

#[tokio::test]
async fn what_was_signed_is_there_after_a_restart_and_goes_on() {
    let (bench, log, folder) = bench().await;
    bench.cosigned(&log.step(0, 5, NOON)).await;
    bench.cosigned(&log.step(5, 7, NOON)).await;
    drop(bench);
    let bench = Bench::open(folder.path()).await;
    let shown = bench.shown(&log).unwrap();
    assert_eq!(shown.text(), log.text(7));
    assert_eq!(bench.verified(&shown, &shown.lines()[2..]).len(), 2);
    assert_eq!(bench.status(&log.step(5, 8, NOON)).await, 409);
    bench.clock.0.store(NOON - 9, Ordering::SeqCst);
    assert_eq!(bench.cosigned(&log.step(7, 8, NOON)).await, NOON);
}

#[tokio::test]
async fn whatever_a_commit_did_nothing_is_signed_that_is_not_on_disk() {
    let (bench, log, _folder) = bench().await;
    bench.cosigned(&log.step(0, 5, NOON)).await;
    for (fault, status, after) in [
        (Fault::DiskFull, 507, 5),
        (Fault::UnknownAndNot, 503, 5),
        (Fault::UnknownAndDone, 503, 6),
    ] {
        bench.ledger.fail_next(fault);
        assert_eq!(
            bench.status(&log.step(5, 6, NOON)).await,
            status,
            "{fault:?}"
        );
        let head = bench
            .witness
            .logs()
            .by_origin(ORIGIN)
            .unwrap()
            .standing
            .head();
        assert_eq!(head.size(), size(after), "{fault:?}");
        assert_eq!(bench.shown(&log).unwrap().text(), log.text(5), "{fault:?}");
        let row = bench.ledger.rows().await.unwrap().remove(0);
        assert_eq!(row.head, head, "{fault:?}");
    }
    // It was written and never signed: asked again, it is.
    bench.cosigned(&log.step(6, 6, NOON)).await;
    assert_eq!(bench.shown(&log).unwrap().text(), log.text(6));
}

#[tokio::test]
async fn a_row_that_somebody_else_changed_is_read_again_and_not_signed_over() {
    let (bench, log, folder) = bench().await;
    bench.cosigned(&log.step(0, 5, NOON)).await;
    let second = Bench::open(folder.path()).await;
    second.cosigned(&log.step(5, 9, NOON)).await;
    assert_eq!(bench.status(&log.step(5, 7, NOON)).await, 503);
    let now = bench.ask(&log.step(5, 7, NOON)).await;
    assert!(matches!(now, Err(Declined::Refused(Refusal::OtherSize(nine))) if nine == size(9)));
}

#[tokio::test]
async fn a_logs_flood_is_refused_and_a_strangers_does_not_use_it_up() {
    let (bench, log, _folder) = bench().await;
    let quiet = TestLog::new("log.example/quiet");
    bench.enrol(&quiet).await;
    let forged = TestLog::new(ORIGIN).step(0, 5, NOON);
    let mut unsigned = 0;
    for _ in 0..300 {
        match bench.ask_from("198.51.100.7:9", &forged).await {
            Err(Declined::NotSigned(_)) => unsigned += 1,
            Err(Declined::Rate(_)) => {}
            other => panic!("{other:?}"),
        }
    }
    assert!((100..300).contains(&unsigned), "{unsigned}");
    bench.cosigned(&log.step(0, 5, NOON)).await;
    let again = log.step(5, 5, NOON);
    let mut refused = 0;
    for _ in 0..200 {
        if let Err(declined) = bench.ask(&again).await {
            assert!(matches!(declined, Declined::Rate(_)), "{declined:?}");
            refused += 1;
        }
    }
    assert!(refused > 0);
    bench.cosigned(&quiet.step(0, 5, NOON)).await;
}

#[tokio::test]
async fn a_log_waits_for_its_turn_and_what_is_refused_does_not() {
    let (bench, log, _folder) = bench().await;
    let mut others = Vec::new();
    for _ in 0..AT_WORK_MAX {
        others.push(bench.witness.turns.take().await.unwrap());
    }
    let request = log.step(0, 5, NOON);
    let mut waiting = Box::pin(bench.ask(&request));
    assert!(waiting.as_mut().now_or_never().is_none());
    let stranger = TestLog::new("log.example/stranger");
    assert_eq!(bench.status(&stranger.step(0, 5, NOON)).await, 404);
    let forged = TestLog::new(ORIGIN).step(0, 5, NOON);
    assert_eq!(bench.status(&forged).await, 403);
    assert!(bench.shown(&log).is_none());
    drop(others);
    assert!(waiting.await.is_ok());
}

#[tokio::test]
async fn when_too_many_wait_the_next_is_told_to_come_again() {
    let (bench, log, _folder) = bench().await;
    let mut others: Vec<_> = (0..WAITING_MAX)
        .map(|_| Box::pin(tokio::task::unconstrained(bench.witness.turns.take())))
        .collect();
    let at_work: Vec<_> = others
        .iter_mut()
        .filter_map(|other| other.as_mut().now_or_never())
        .collect();
    assert_eq!(at_work.len(), AT_WORK_MAX);
    let busy = bench.ask(&log.step(0, 5, NOON)).await;
    assert!(matches!(busy, Err(Declined::Busy)), "{busy:?}");
}

#[tokio::test]
async fn several_keys_may_sign_for_one_origin_and_a_removed_log_is_not_forgotten() {
    let (bench, log, _folder) = bench().await;
    let body = log.text(5);
    let one = vec![log.ml_dsa_line(&body, NOON)];
    bench.cosigned(&ask_with(0, Vec::new(), &body, one)).await;
    let body = log.text(6);
    let other = vec![log.ed25519_line(&body)];
    let proof = log.tree.proof(5, 6);
    bench.cosigned(&ask_with(5, proof, &body, other)).await;
    assert!(bench.ledger.remove(ORIGIN).await.unwrap());
    bench.witness.roster.refresh().await.unwrap();
    assert_eq!(bench.status(&log.step(6, 7, NOON)).await, 404);
    bench.enrol(&log).await;
    assert_eq!(bench.status(&log.step(0, 7, NOON)).await, 409);
    bench.cosigned(&log.step(6, 7, NOON)).await;
}

#[tokio::test]
async fn a_note_is_rebuilt_of_what_was_verified_and_read_back_whole() {
    let (bench, log, _folder) = bench().await;
    bench.cosigned(&log.step(0, 5, NOON)).await;
    let row = bench.ledger.rows().await.unwrap().remove(0);
    let note = Note::parse(row.note.as_bytes()).unwrap();
    assert_eq!((note.text(), note.lines().len()), (log.text(5).as_str(), 2));
}

#[tokio::test]
async fn what_was_committed_is_shown_also_when_whoever_asked_is_gone() {
    let (bench, log, _folder) = bench().await;
    bench.cosigned(&log.step(0, 5, NOON)).await;
    let request = log.step(5, 9, NOON);
    let mut asking = Box::pin(bench.ask(&request));
    assert!(asking.as_mut().now_or_never().is_none());
    drop(asking);
    let size = || {
        let shown = bench.shown(&log).unwrap();
        tlog::Checkpoint::parse(shown.text()).unwrap().size().get()
    };
    for _ in 0..1_000 {
        if size() == 9 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("the head of {} is shown", size());
}
