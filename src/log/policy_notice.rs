//! Whether the policy that this log runs under is the one that it published: a change of witnesses is a notice.
//!
//! Whoever verifies trusts a policy file; the notice is how the public learns that it changed. A log whose file and
//! notice differ still runs, since stopping it would help nobody: it says so, until an operator mends it.

use crate::metrics::Metrics;
use arc_swap::ArcSwap;
use evidence::{PublishedPolicy, Registry, UtcDate};
use std::sync::Arc;
use tlog::{Hash, Policy};

/// How the policy file stands to the newest policy notice that counts today.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PolicyNotice {
    /// No policy, and none was published.
    None,
    /// The file is the published policy.
    Published(PublishedPolicy),
    /// The file is published and counts from a later day.
    Announced(PublishedPolicy),
    /// No policy was published yet.
    NotPublished,
    /// Another policy counts.
    Other(PublishedPolicy),
    /// A policy was published, and the log runs without one.
    Unused(PublishedPolicy),
}

impl PolicyNotice {
    /// Compares on this day.
    pub fn of(registry: &Registry, policy: Option<&Policy>, today: UtcDate) -> Self {
        Self::of_fingerprint(registry, policy.map(Policy::fingerprint), today)
    }

    fn of_fingerprint(registry: &Registry, policy: Option<Hash>, today: UtcDate) -> Self {
        let in_force = registry.policy_on(today).cloned();
        let Some(fingerprint) = policy else {
            return in_force.map_or(Self::None, Self::Unused);
        };
        let is_ours = |published: &&PublishedPolicy| published.fingerprint == fingerprint;
        let announced = || {
            let later = registry.policies().iter().rev();
            let mut later = later.filter(|published| published.effective > today);
            later.find(is_ours).cloned().map(Self::Announced)
        };
        match in_force {
            Some(published) if is_ours(&&published) => Self::Published(published),
            Some(other) => announced().unwrap_or(Self::Other(other)),
            None => announced().unwrap_or(Self::NotPublished),
        }
    }

    /// The word for it, as `/v1/log` says it.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Published(_) => "published",
            Self::Announced(_) => "announced",
            Self::NotPublished => "not-published",
            Self::Other(_) => "other",
            Self::Unused(_) => "unused",
        }
    }

    /// The notice, if there is one.
    pub const fn notice(&self) -> Option<&PublishedPolicy> {
        match self {
            Self::None | Self::NotPublished => None,
            Self::Published(notice)
            | Self::Announced(notice)
            | Self::Other(notice)
            | Self::Unused(notice) => Some(notice),
        }
    }

    /// Whether an operator has to do something.
    pub const fn is_to_be_mended(&self) -> bool {
        matches!(self, Self::NotPublished | Self::Other(_) | Self::Unused(_))
    }

    /// The sentence for it, with what to do.
    pub fn sentence(&self) -> String {
        match self {
            Self::None => "This log has no witnesses, and published no policy.".to_owned(),
            Self::Published(notice) => format!(
                "The policy is the one that the notice at entry {} published, in force since {}.",
                notice.index, notice.effective
            ),
            Self::Announced(notice) => format!(
                "The policy is the one that the notice at entry {} published; it counts from {} on.",
                notice.index, notice.effective
            ),
            Self::NotPublished => format!(
                "The policy of this log was never published: no notice tells the public who its witnesses are. {PUBLISH}"
            ),
            Self::Other(notice) => format!(
                "The policy is not the one that the notice at entry {} published, in force since {}: this log asks \
                 other witnesses than the public was told. Put the published policy back, or publish this one. \
                 {PUBLISH}",
                notice.index, notice.effective
            ),
            Self::Unused(notice) => format!(
                "The notice at entry {} published a policy, in force since {}, and this log runs without one: no \
                 verifier accepts what no witness cosigned. Name the policy's file in the option policy and start \
                 again.",
                notice.index, notice.effective
            ),
        }
    }
}

const PUBLISH: &str =
    "Publish it with `notarylog notice publish --type policy --file POLICY`, signed by two admins";

/// Looks now and then, and tells the operator when it changed.
pub struct PolicyWatch {
    registry: Arc<ArcSwap<Registry>>,
    fingerprint: Option<Hash>,
    metrics: Arc<Metrics>,
    said: Option<PolicyNotice>,
}

impl PolicyWatch {
    /// Over this registry and policy; nothing was said yet.
    pub fn new(
        registry: Arc<ArcSwap<Registry>>,
        policy: Option<&Policy>,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self {
            registry,
            fingerprint: policy.map(Policy::fingerprint),
            metrics,
            said: None,
        }
    }

    /// Compares as of this time, and says what is new.
    pub fn look(&mut self, now_ms: u64) {
        let today = UtcDate::of_unix_ms(now_ms);
        let now = PolicyNotice::of_fingerprint(&self.registry.load(), self.fingerprint, today);
        if self.said.as_ref() == Some(&now) {
            return;
        }
        self.metrics
            .policy_unpublished
            .set(i64::from(now.is_to_be_mended()));
        if now.is_to_be_mended() {
            tracing::warn!("{}", now.sentence());
        } else {
            tracing::info!("{}", now.sentence());
        }
        self.said = Some(now);
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on must panic")]
mod tests {
    use super::PolicyNotice;
    use crate::log::five_witnesses::{Witnesses, until};
    use crate::log::house::House;

    /// The day that the house's clock shows, and those beside it.
    const YESTERDAY: &str = "2027-01-14";
    const TODAY: &str = "2027-01-15";
    const TOMORROW: &str = "2027-01-16";

    #[tokio::test(flavor = "multi_thread")]
    async fn a_policy_is_held_against_the_notice_that_counts_today() {
        let house = House::new().await;
        let witnesses = Witnesses::of(&house);
        let ours = str::from_utf8(witnesses.1.text()).unwrap().to_owned();
        let other = format!("# another\n{ours}");
        witnesses
            .serve(&house, async |log| {
                let says = async |state: &str, to_be_mended: bool| {
                    let compared = log.policy_notice();
                    assert_eq!(compared.word(), state, "{}", compared.sentence());
                    until(log, "the metric follows", |log| {
                        log.metrics().policy_unpublished.get() == i64::from(to_be_mended)
                    })
                    .await;
                };
                says("not-published", true).await;
                house.publish_policy(log, &ours, TOMORROW).await;
                says("announced", false).await;
                house.publish_policy(log, &other, YESTERDAY).await;
                says("announced", false).await;
                house.publish_policy(log, &ours, TODAY).await;
                says("published", false).await;
                house.publish_policy(log, &other, TODAY).await;
                says("announced", false).await;
                house.publish_policy(log, &other, TOMORROW).await;
                house.clock.pass(86_400_000);
                says("other", true).await;
                let told = log.policy_notice().sentence();
                assert!(told.contains("notarylog notice publish"), "{told}");
            })
            .await;
        // The same log without its policy.
        house
            .run(async |log| {
                let compared = log.policy_notice();
                assert!(matches!(compared, PolicyNotice::Unused(_)), "{compared:?}");
            })
            .await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_log_that_never_had_witnesses_has_nothing_to_mend() {
        let house = House::new().await;
        house
            .run(async |log| {
                assert_eq!(log.policy_notice(), PolicyNotice::None);
                assert_eq!(log.metrics().policy_unpublished.get(), 0);
            })
            .await;
    }
}
