//! A log with five witnesses, in memory: what is published, when, and whom the log believes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must panic")]

use crate::log::Log;
use crate::log::five_witnesses::{
    SOON, Witnesses, newest_cosigned_by, serves, size, stays_inside, until, witnessed,
};
use crate::log::house::{DATABASE, House};
use crate::log::pool::NotSequenced;
use crate::log::status::State;
use crate::signer::Signer as _;
use crate::storage::coord::{Coord as _, Incarnation};
use crate::witnesses::simulated::Manner;
use service::AwsLc;
use std::collections::HashSet;
use std::time::Duration;
use tlog::{Checkpoint, LeafIndex, Note, SignedCheckpoint};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_shown_was_cosigned_by_a_quorum_and_later_lines_join_it() {
    let house = House::new().await;
    let witnesses = Witnesses::of(&house);
    witnesses.behave(&[4], &Manner::Slow(Duration::from_millis(300)));
    witnesses
        .serve(&house, async |log| {
            let index = witnessed(&house, &witnesses, log, 1).await;
            until(log, "the fifth line joins", |log| {
                let newest = log.heart().publisher.newest().unwrap();
                newest.head.size == size(index + 1) && newest.note.lines().len() == 3 + 5
            })
            .await;
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_witness_that_lies_or_fails_stops_nothing_and_is_named() {
    let house = House::new().await;
    let witnesses = Witnesses::of(&house);
    let wrong = [
        Manner::Off,
        Manner::Silent,
        Manner::Slow(Duration::from_secs(2)),
        Manner::Refuses,
        Manner::Claims(None),
        Manner::Claims(Some(size(1 << 40))),
        Manner::Claims(Some(size(0))),
        Manner::Garbage,
    ];
    witnesses
        .serve(&house, async |log| {
            let named = |log: &Log| {
                log.witnessing().unwrap().board.standings()[2]
                    .silent
                    .is_some()
            };
            for (number, manner) in (1..).zip(wrong) {
                witnesses.behave(&[2], &manner);
                witnessed(&house, &witnesses, log, number).await;
                if !matches!(manner, Manner::Slow(_)) {
                    until(log, &format!("{manner:?} is named"), named).await;
                }
                assert_eq!(*log.status().get(), State::Serving, "{manner:?}");
                witnesses.behave(&[2], &Manner::Honest);
                until(log, "it is heard again", |log| !named(log)).await;
            }
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_about_a_head_of_long_ago_is_verified_like_any_other() {
    let house = House::new().await;
    let witnesses = Witnesses::of(&house);
    let late = Duration::from_millis(300);
    witnesses
        .serve(&house, async |log| {
            let fifth = |log: &Log| log.witnessing().unwrap().board.standings().swap_remove(4);
            until(log, "the fifth is heard", |log| fifth(log).seen.is_some()).await;
            let mut numbers = 0..;
            for (manner, is_believed) in [
                (Manner::LateGarbage(late), false),
                (Manner::Slow(late), true),
                (Manner::LateGarbage(late), false),
            ] {
                witnesses.behave(&[4], &manner);
                let settled = async {
                    while fifth(log).silent.is_none() != is_believed {
                        witnessed(&house, &witnesses, log, numbers.next().unwrap()).await;
                    }
                };
                let settled = tokio::time::timeout(SOON, settled).await;
                assert!(settled.is_ok(), "{manner:?}: {:?}", fifth(log));
            }
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_two_out_nothing_leaves_and_when_one_returns_the_same_entry_is_witnessed() {
    let house = House::new().await;
    let witnesses = Witnesses::of(&house);
    witnesses
        .serve(&house, async |log| {
            witnesses.behave(&[0, 3], &Manner::Off);
            let index = house.log_records(log, [1]).await.unwrap()[0];
            stays_inside(log, index + 1).await;
            let awaited = log.witnessing().unwrap().board.awaited();
            assert!(
                awaited.contains("justice") && awaited.contains("bar"),
                "{awaited}"
            );
            let more = house.log_records(log, [2]).await.unwrap()[0];
            stays_inside(log, more + 1).await;
            witnesses.behave(&[3], &Manner::Honest);
            assert_eq!(witnessed(&house, &witnesses, log, 1).await, index);
            assert_eq!(witnessed(&house, &witnesses, log, 2).await, more);
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_witness_that_was_restored_from_a_backup_is_brought_forward() {
    let house = House::new().await;
    let witnesses = Witnesses::of(&house);
    witnesses
        .serve(&house, async |log| {
            witnessed(&house, &witnesses, log, 1).await;
            witnesses.0[1].forget();
            let index = witnessed(&house, &witnesses, log, 2).await;
            until(log, "it has caught up", |_| {
                witnesses.0[1].size() == index + 1
            })
            .await;
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_restored_with_its_journal_takes_nothing_and_shows_no_second_head() {
    let house = House::new().await;
    let witnesses = Witnesses::of(&house);
    let restore = house.keep(&[DATABASE[0], DATABASE[1], DATABASE[2], "journal", "tiles"]);
    witnesses
        .serve(&house, async |log| {
            witnessed(&house, &witnesses, log, 1).await;
        })
        .await;
    restore();
    // One liar cannot hide what the others saw, nor two that are out.
    witnesses.behave(&[0], &Manner::Claims(Some(size(0))));
    witnesses.behave(&[1, 2], &Manner::Off);
    house
        .run_with(Some(witnesses.witnessing(&house)), async |log| {
            until(log, "it is read-only", |log| log.status().is_final()).await;
            let State::ReadOnly(why) = log.status().get().as_ref().clone() else {
                panic!("{:?}", log.status().get());
            };
            assert!(why.contains("went back"), "{why}");
            assert!(house.log_records(log, [2]).await.is_err());
            stays_inside(log, 3).await;
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_copies_of_a_log_the_second_freezes_and_shows_both_notes() {
    let house = House::new().await;
    let witnesses = Witnesses::of(&house);
    let copy = house.copy();
    let (ours, theirs) = (witnesses.witnessing(&house), witnesses.witnessing(&copy));
    house
        .run_with(Some(ours), async |log| {
            copy.run_with(Some(theirs), async |second| {
                serves(log).await;
                serves(second).await;
                // No round is on its way when the two part.
                newest_cosigned_by(5, log).await;
                newest_cosigned_by(5, second).await;
                let index = witnessed(&house, &witnesses, log, 1).await;
                // A witness that had not seen this head yet could take the other one, and the first log would freeze too.
                newest_cosigned_by(5, log).await;
                copy.log_records(second, [2]).await.unwrap();
                until(second, "it is frozen", |second| second.status().is_final()).await;
                let State::Frozen(notes) = second.status().get().as_ref().clone() else {
                    panic!("{:?}", second.status().get());
                };
                let vkeys = house.signer().vkeys().clone();
                let heads = notes.each_ref().map(|text| {
                    let note = Note::parse(text.as_bytes()).unwrap();
                    let signed = SignedCheckpoint::open(&note, &vkeys, &AwsLc).unwrap();
                    (signed.checkpoint().size(), signed.checkpoint().root())
                });
                assert_eq!((heads[0].0, heads[1].0), (size(index + 1), size(index + 1)));
                assert_ne!(heads[0].1, heads[1].1);
                stays_inside(second, index + 1).await;
                assert!(copy.log_records(second, [3]).await.is_err());
                witnessed(&house, &witnesses, log, 4).await;
            })
            .await;
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_lying_witness_cannot_keep_the_gate_shut() {
    let house = House::new().await;
    let witnesses = Witnesses::of(&house);
    for manner in [
        Manner::Refuses,
        Manner::Claims(None),
        Manner::Claims(Some(size(1 << 40))),
        Manner::Silent,
        Manner::Off,
    ] {
        witnesses.behave(&[3], &manner);
        witnesses.serve(&house, async |_| {}).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_two_silent_the_log_reads_and_says_what_it_waits_for() {
    let house = House::new().await;
    let witnesses = Witnesses::of(&house);
    witnesses.behave(&[1, 4], &Manner::Off);
    house
        .run_with(Some(witnesses.witnessing(&house)), async |log| {
            until(log, "it says for whom", |log| {
                match log.status().get().as_ref() {
                    State::Waiting(why) => why.contains("notary") && why.contains("university"),
                    _ => false,
                }
            })
            .await;
            let first = log.heart().history.entry(LeafIndex::new(0)).await;
            assert!(first.is_ok(), "reads go on");
            assert!(house.log_records(log, [1]).await.is_err());
            witnesses.behave(&[1], &Manner::Honest);
            serves(log).await;
            witnessed(&house, &witnesses, log, 1).await;
        })
        .await;
}

/// Somebody else passes the gate of the same store: what this process remembers is dropped, and the store read again.
async fn reconnected(house: &House, log: &Log) {
    let reloads = log.metrics().reloads.get();
    let other = house.coord().await;
    other.open(Incarnation([9; 16]), None).await.unwrap();
    let refused = house.log_records(log, [99]).await;
    assert_eq!(refused, Err(NotSequenced::Unavailable));
    until(log, "the store is read again", |log| {
        log.metrics().reloads.get() > reloads
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_reconnect_the_witnesses_are_asked_as_at_a_start() {
    let house = House::new().await;
    let witnesses = Witnesses::of(&house);
    witnesses.serve(&house, async |log| {
            let index = witnessed(&house, &witnesses, log, 1).await;
            witnesses.behave(&[1, 4], &Manner::Off);
            reconnected(&house, log).await;
            until(log, "it says for whom it waits", |log| {
                matches!(log.status().get().as_ref(), State::Waiting(why) if why.contains("university"))
            })
            .await;
            assert!(house.log_records(log, [2]).await.is_err());
            let entry = log.heart().history.entry(LeafIndex::new(index)).await;
            assert!(entry.is_ok(), "reads go on");
            witnesses.behave(&[1], &Manner::Honest);
            serves(log).await;
            witnessed(&house, &witnesses, log, 2).await;
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_went_back_before_a_reconnect_takes_nothing_and_shows_no_second_head() {
    let house = House::new().await;
    let witnesses = Witnesses::of(&house);
    let copy = house.copy();
    witnesses
        .serve(&house, async |log| {
            // The copy stands for what this store was before it went back.
            let (_, newest) = copy
                .run_with(Some(witnesses.witnessing(&copy)), async |second| {
                    serves(second).await;
                    let index = witnessed(&copy, &witnesses, second, 1).await;
                    (index, second.heart().publisher.newest())
                })
                .await;
            reconnected(&house, log).await;
            until(log, "it is read-only", |log| log.status().is_final()).await;
            let State::ReadOnly(why) = log.status().get().as_ref().clone() else {
                panic!("{:?}", log.status().get());
            };
            assert!(why.contains("went back"), "{why}");
            let lost = newest.unwrap().head;
            stays_inside(log, lost.size.get()).await;
            let asked = witnesses.0[0].asked.lock().unwrap();
            let beyond = asked.iter().filter(|note| {
                Checkpoint::parse(note.text()).is_ok_and(|head| head.size() >= lost.size)
            });
            let roots: HashSet<&str> = beyond.map(Note::text).collect();
            assert_eq!(roots.len(), 1, "no second head for a size");
        })
        .await;
}
