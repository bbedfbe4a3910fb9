//! A log with four honest witnesses and one that lies: publication goes on, and the liar is named.

use super::witnessed::{PATIENCE, entry, town, witnessed};
use crate::lying_witness::{LyingWitness, Manner};
use demo::http;
use demo::town::Town;
use libtest_mimic::{Failed, Trial};
use std::time::{Duration, Instant};

/// The trials.
pub fn trials() -> Vec<Trial> {
    vec![Trial::test(
        "whatever_one_of_five_witnesses_answers_publication_goes_on_and_the_liar_is_named",
        liar,
    )]
}

/// The witness whose place the liar takes.
const LIAR: &str = "bar";

fn liar() -> Result<(), Failed> {
    let (mut town, bureau) = town()?;
    let honest = town.witness("court").ok_or("no such witness")?;
    let honest = honest.url().to_owned();
    let bar = town.witness(LIAR).ok_or("no such witness")?;
    bar.kill();
    let liar = LyingWitness::in_place_of(bar.url());
    let manners = [
        (Manner::Refused, "nothing answers at its address"),
        (Manner::DoesNotFollow, "shows no checkpoint"),
        (Manner::RecordedTheMost, "what it shows is no checkpoint"),
        (Manner::Garbage, "it answered with no signature lines"),
        (Manner::OfAnother(honest), "its signatures do not verify"),
        (Manner::Nothing, "it did not answer in time"),
        (Manner::Endless, "it answered with more than a note"),
        (Manner::Dribble, "it did not answer in time"),
    ];
    let mut last = 0;
    for (name, (manner, named)) in (0..).zip(manners) {
        let told = format!("{manner:?}");
        liar.lie(manner)?;
        let before = answers(&town)?;
        let (_, size) = witnessed(town.url(), &entry(&bureau, name))?;
        assert!(size > last, "{told}: no new head was published");
        last = size;
        until_named(&town, named).map_err(|failed| format!("{told}: {failed:?}"))?;
        let after = answers(&town)?;
        assert!(after.silent > before.silent, "{told}: {before:?} {after:?}");
        assert_eq!(after.cosigned, before.cosigned, "{told}");
        assert_eq!(town.get("/v1/log")?.json()["state"], "serving", "{told}");
    }
    liar.lie(Manner::Refused)?;
    town.witness(LIAR).ok_or("no such witness")?.open(&[])?;
    witnessed(town.url(), &entry(&bureau, 100))?;
    until(&town, <[_]>::is_empty)
}

/// Waits until the log says this of the liar, and nothing of the others.
fn until_named(town: &Town, named: &str) -> Result<(), Failed> {
    until(
        town,
        |silent| matches!(silent, [(name, why)] if name == LIAR && why.contains(named)),
    )
}

/// Waits until the witnesses that count as silent are these, with why.
fn until(town: &Town, holds: impl Fn(&[(String, String)]) -> bool) -> Result<(), Failed> {
    let begun = Instant::now();
    loop {
        let info = town.get("/v1/log")?.json();
        let witnesses = info["witnesses"].as_array().ok_or("no witnesses")?;
        let silent: Vec<(String, String)> = witnesses
            .iter()
            .filter_map(|one| Some((one["name"].as_str()?.into(), one["silent"].as_str()?.into())))
            .collect();
        if holds(&silent) {
            return Ok(());
        }
        if begun.elapsed() > PATIENCE {
            return Err(format!("{silent:?}").into());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// What the metrics count of the liar's answers.
#[derive(Debug)]
struct Answers {
    cosigned: u64,
    silent: u64,
}

fn answers(town: &Town) -> Result<Answers, Failed> {
    let metrics = http::get(town.admin_url(), "/metrics")?.text();
    let count = |outcome: &str| -> Result<u64, Failed> {
        let line =
            format!("notarylog_witness_answers_total{{outcome=\"{outcome}\",witness=\"{LIAR}\"}} ");
        let count = metrics.lines().find_map(|one| one.strip_prefix(&line));
        Ok(count.ok_or("the liar is not in the metrics")?.parse()?)
    };
    Ok(Answers {
        cosigned: count("cosigned")?,
        silent: count("silent")?,
    })
}
