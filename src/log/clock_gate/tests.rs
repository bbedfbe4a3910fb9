//! A clock that is wrong: nothing is signed with it, somebody is told, and the log goes on by itself.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must panic")]

use crate::log::Log;
use crate::log::five_witnesses::{Witnesses, serves, until, witnessed};
use crate::log::house::House;
use crate::log::pool::NotSequenced;
use crate::storage::coord::Coord as _;
use crate::witnesses::simulated::Manner;

/// What the house's clock and the witnesses' show at first.
const NOW_MS: u64 = 1_800_000_000_000;
const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;
const ALL: [usize; 5] = [0, 1, 2, 3, 4];

/// Waits until the log says that its clock is why it takes nothing.
async fn waits_for_clock(log: &Log, why: &str) {
    until(log, "it waits for its clock", |log| {
        let state = log.status().get();
        log.status().waits_for_clock() && state.why().is_some_and(|told| told.contains(why))
    })
    .await;
    assert_eq!(log.status().get().word(), "waiting");
    assert_eq!(log.metrics().clock_ahead.get(), 1);
}

/// That no head was made with a time from here on.
async fn nothing_from(house: &House, time_ms: u64) {
    let head = house.coord().await.committed().await.unwrap().head;
    assert!(head.time_ms < time_ms, "{head:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_set_forward_signs_nothing_until_it_is_set_back() {
    let house = House::new().await;
    let witnesses = Witnesses::of(&house);
    witnesses
        .serve(&house, async |log| {
            witnessed(&house, &witnesses, log, 1).await;
            house.clock.set(NOW_MS + HOUR_MS);
            let refused = house.log_records(log, [2]).await;
            assert_eq!(refused, Err(NotSequenced::Clock));
            waits_for_clock(log, "3600 s ahead of its witnesses' clocks").await;
            assert_eq!(log.metrics().clock_steps.get(), 1);
            let refused = house.log_records(log, [2]).await;
            assert_eq!(refused, Err(NotSequenced::Clock));
            nothing_from(&house, NOW_MS + MINUTE_MS).await;
            house.clock.set(NOW_MS);
            serves(log).await;
            assert_eq!(log.metrics().clock_ahead.get(), 0);
            witnessed(&house, &witnesses, log, 2).await;
            // The next step is found as well as the first.
            house.clock.set(NOW_MS + 2 * HOUR_MS);
            let refused = house.log_records(log, [3]).await;
            assert_eq!(refused, Err(NotSequenced::Clock));
            nothing_from(&house, NOW_MS + MINUTE_MS).await;
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_slept_signs_again_when_the_witnesses_confirm_its_clock() {
    let house = House::new().await;
    let witnesses = Witnesses::of(&house);
    witnesses
        .serve(&house, async |log| {
            // Without a published head there is nothing that a witness could tell the time by.
            witnessed(&house, &witnesses, log, 5).await;
            house.clock.set(NOW_MS + HOUR_MS);
            let refused = house.log_records(log, [1]).await;
            assert_eq!(refused, Err(NotSequenced::Clock));
            waits_for_clock(log, "3600 s ahead").await;
            // Two that lie are no majority.
            witnesses.set_clocks(&[0], (NOW_MS + HOUR_MS) / 1000);
            witnesses.behave(&[1, 2], &Manner::Off);
            waits_for_clock(log, "clocks of a quorum").await;
            nothing_from(&house, NOW_MS + MINUTE_MS).await;
            witnesses.behave(&[1, 2], &Manner::Honest);
            witnesses.set_clocks(&ALL, (NOW_MS + HOUR_MS) / 1000);
            serves(log).await;
            witnessed(&house, &witnesses, log, 1).await;
            let head = log.heart().publisher.newest().unwrap().head;
            assert!(head.time_ms >= NOW_MS + HOUR_MS, "{head:?}");
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_with_a_clock_far_ahead_waits_and_one_after_a_week_does_not() {
    let house = House::new().await;
    let witnesses = Witnesses::of(&house);
    witnesses
        .serve(&house, async |log| {
            witnessed(&house, &witnesses, log, 1).await;
        })
        .await;
    house.clock.set(NOW_MS + 6 * MINUTE_MS);
    house
        .run_with(Some(witnesses.witnessing(&house)), async |log| {
            waits_for_clock(log, "360 s ahead").await;
            nothing_from(&house, NOW_MS + MINUTE_MS).await;
            let reads = log.heart().history.size();
            assert!(reads.get() > 2, "reads go on");
            house.clock.set(NOW_MS);
            serves(log).await;
        })
        .await;
    house.clock.set(NOW_MS + 4 * MINUTE_MS);
    witnesses.serve(&house, async |_| {}).await;
    // What the witnesses signed last is a week old: that is no clock.
    let week_ms = 7 * 24 * HOUR_MS;
    house.clock.set(NOW_MS + week_ms);
    witnesses.set_clocks(&ALL, (NOW_MS + week_ms) / 1000);
    witnesses
        .serve(&house, async |log| {
            witnessed(&house, &witnesses, log, 2).await;
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_witness_with_a_wrong_clock_neither_stops_the_log_nor_deceives_it() {
    let house = House::new().await;
    let witnesses = Witnesses::of(&house);
    witnesses
        .serve(&house, async |log| {
            witnessed(&house, &witnesses, log, 1).await;
        })
        .await;
    for liar in [0, 4] {
        for time_s in [1, u64::from(u32::MAX)] {
            witnesses.set_clocks(&[liar], time_s);
            witnesses.serve(&house, async |_| {}).await;
        }
        house.clock.set(NOW_MS + HOUR_MS);
        house
            .run_with(Some(witnesses.witnessing(&house)), async |log| {
                waits_for_clock(log, "3600 s ahead").await;
            })
            .await;
        house.clock.set(NOW_MS);
        witnesses.set_clocks(&ALL, NOW_MS / 1000);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_witnesses_a_step_is_only_reported() {
    let house = House::new().await;
    house
        .run(async |log| {
            house.log_records(log, [1]).await.unwrap();
            house.clock.pass(HOUR_MS);
            house.log_records(log, [2]).await.unwrap();
            assert_eq!(log.metrics().clock_steps.get(), 0, "time passed");
            house.clock.set(NOW_MS);
            house.log_records(log, [3]).await.unwrap();
            house.clock.set(NOW_MS + HOUR_MS);
            house.log_records(log, [4]).await.unwrap();
            assert_eq!(log.metrics().clock_steps.get(), 0, "it came back");
            house.clock.set(NOW_MS + 2 * HOUR_MS);
            house.log_records(log, [5]).await.unwrap();
            assert_eq!(log.metrics().clock_steps.get(), 1);
            assert_eq!(log.metrics().clock_ahead.get(), 0);
        })
        .await;
}
