//! Who has confirmed a head: operators of a policy, not keys, and when each did.

use crate::verdict::Word;
use jiff::Timestamp;
use std::collections::BTreeSet;
use tlog::{CosignedCheckpoint, Operators, Policy};
use words::Lang;

/// One operator of a policy, and whether it stands behind a head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirmation {
    /// What the policy calls the operator.
    pub operator: String,
    /// The time that it states, in seconds since 1970; none if it has not confirmed, or states no time.
    pub time: Option<u64>,
    /// Whether it has confirmed: with as many of its keys as the policy asks.
    pub is_given: bool,
}

/// All operators whom a policy asks, in its order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Confirmations(Vec<Confirmation>);

impl Confirmations {
    /// Those of a head that the policy has judged.
    pub fn of(policy: &Policy, head: &CosignedCheckpoint) -> Self {
        let line_of = |key: &usize| {
            let vkey = policy.witnesses()[*key].vkey();
            let mut lines = head.cosignatures().iter();
            lines.find(|line| line.name == *vkey.name() && line.id == vkey.id())
        };
        let cosigned: Vec<bool> = (0..policy.witnesses().len())
            .map(|key| line_of(&key).is_some())
            .collect();
        let operators = Operators::of(policy);
        let confirmed = operators.confirmed(policy, &cosigned);
        let asked = operators.all().iter().zip(confirmed);
        let all = asked
            .filter(|(operator, _)| operator.votes() > 0)
            .map(|(operator, is_given)| {
                let lines = operator.keys().iter().filter_map(line_of);
                let time = lines.filter_map(|line| line.time.seconds()).max();
                Confirmation {
                    operator: operator.name().to_owned(),
                    time: time.filter(|_| is_given),
                    is_given,
                }
            });
        Self(all.collect())
    }

    /// All of them, given or not.
    pub fn all(&self) -> &[Confirmation] {
        &self.0
    }

    /// How many operators have confirmed.
    pub fn count(&self) -> usize {
        self.given().count()
    }

    /// Fills `{k}`, `{m}` and `{names}` of a sentence.
    #[must_use]
    pub fn fill(&self, word: Word) -> Word {
        word.with("k", &self.count())
            .with("m", &self.0.len())
            .with_confirmations("names", self.clone())
    }

    /// Who has confirmed and when, `justice, court, all at …`; the time once if they state the same minute.
    pub fn say(&self, lang: Lang) -> String {
        let dates: BTreeSet<Option<String>> = self.given().map(|one| one.time.map(date)).collect();
        let is_same = dates.len() == 1 && self.count() > 1;
        let names: Vec<String> = self
            .given()
            .map(|one| match one.time {
                Some(time) if !is_same => format!("{} ({})", one.operator, date(time)),
                _ => one.operator.clone(),
            })
            .collect();
        let names = lang.list(&names);
        match (dates.into_iter().next().flatten(), lang) {
            (Some(date), Lang::En) if is_same => format!("{names}, all at {date}"),
            (Some(date), Lang::Zh) if is_same => format!("{names}，时间均为 {date}"),
            _ => names,
        }
    }

    fn given(&self) -> impl Iterator<Item = &Confirmation> {
        self.0.iter().filter(|confirmation| confirmation.is_given)
    }
}

/// `2026-06-11 02:02 UTC`
pub fn date(seconds: u64) -> String {
    i64::try_from(seconds)
        .ok()
        .and_then(|seconds| Timestamp::from_second(seconds).ok())
        .map_or_else(
            || "–".to_owned(),
            |time| time.strftime("%Y-%m-%d %H:%M UTC").to_string(),
        )
}
