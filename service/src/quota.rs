//! Quotas: so much at once and so much a second for each bureau or address, with a true `Retry-After`.
//!
//! A refusal says when the same request would pass (`Retry-After`, whole seconds, rounded up) and which quota it went
//! beyond (`"violated-policies":["bureau"]`), and every answer may say how it stands:
//! `RateLimit-Policy: "bureau";q=100;w=10` and `RateLimit: "bureau";r=97;t=1`.
//! <https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-ratelimit-headers-11>

use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::Mutex;
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue};
use governor::RateLimiter;
use governor::clock::{Clock, DefaultClock, Reference};
use governor::middleware::{StateInformationMiddleware, StateSnapshot};

use crate::Problem;
use crate::door_problems::{TOO_MANY_AT_ONCE, TOO_MANY_REQUESTS};
use crate::tally::Tallies;

/// Keys with a state of their own: 65,536 × about 64 bytes. More than there are bureaus, and a flood of addresses
/// above it shares one state.
pub const QUOTA_KEYS_MAX: usize = 65_536;
/// When the states are full, those that are as good as new are dropped at most this often: it touches all of them.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// A rate for each key of one kind.
#[derive(Debug)]
pub struct Quota<K: Hash + Eq + Clone, C: Clock = DefaultClock> {
    name: &'static str,
    rate: Rate,
    tallies: Tallies<K>,
    limiter: RateLimiter<K, Tallies<K>, C, StateInformationMiddleware>,
    swept: Mutex<C::Instant>,
}

/// How much a key may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// For ever, each second.
    pub per_second: NonZeroU32,
    /// At once, after a pause.
    pub burst: NonZeroU32,
}

impl<K: Hash + Eq + Clone> Quota<K> {
    /// A quota that refusals and headers call `name` (lower-case letters and `-`).
    pub fn new(name: &'static str, rate: Rate) -> Quota<K> {
        Quota::bounded(name, rate, QUOTA_KEYS_MAX, DefaultClock::default())
    }
}

impl<K: Hash + Eq + Clone, C: Clock> Quota<K, C> {
    fn bounded(name: &'static str, rate: Rate, keys_max: usize, clock: C) -> Quota<K, C> {
        let tallies = Tallies::new(keys_max);
        let quota = governor::Quota::per_second(rate.per_second).allow_burst(rate.burst);
        let swept = Mutex::new(clock.now());
        let limiter = RateLimiter::new(quota, tallies.clone(), clock);
        Quota {
            name,
            rate,
            tallies,
            limiter,
            swept,
        }
    }

    /// Takes `count` for `key`, all or nothing.
    ///
    /// # Errors
    /// [`Exceeded`], which says when to try again.
    pub fn take(&self, key: &K, count: NonZeroU32) -> Result<Standing, Exceeded> {
        self.sweep();
        match self.limiter.check_key_n(key, count) {
            Ok(Ok(snapshot)) => Ok(self.standing(&snapshot)),
            Ok(Err(not_until)) => {
                let wait = not_until.wait_time_from(self.limiter.clock().now());
                // Rounded up: a client that comes when we said must not be too early.
                let retry_after_s = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
                Err(Exceeded::Wait {
                    retry_after_s: retry_after_s.max(1),
                    standing: self.empty(),
                })
            }
            Err(_above_burst) => Err(Exceeded::NeverAtOnce {
                burst: self.rate.burst.get(),
                standing: self.empty(),
            }),
        }
    }

    /// Takes as much of `count` as is left: for what shows only afterwards that it had to be paid.
    pub fn spend(&self, key: &K, count: NonZeroU32) {
        // Powers of two from the largest down: so every unit is taken that is left, in a few steps.
        let mut rest = count.get();
        for power in (0..=count.get().ilog2()).rev() {
            let Some(wanted) = NonZeroU32::new(rest.min(1 << power)) else {
                return;
            };
            if self.take(key, wanted).is_ok() {
                rest -= wanted.get();
            }
        }
    }

    /// Gives back what was taken for a request that failed through our own fault.
    pub fn give_back(&self, key: &K, count: NonZeroU32) {
        self.tallies.give_back(
            key,
            u64::from(count.get()) * (1_000_000_000 / u64::from(self.rate.per_second.get())),
        );
    }

    /// Drops the states that are as good as new, when there is no room for another.
    fn sweep(&self) {
        if !self.tallies.is_full() {
            return;
        }
        let now = self.limiter.clock().now();
        let mut swept = self
            .swept
            .lock()
            .expect("no code panics while it holds the time");
        if now.duration_since(*swept) >= SWEEP_EVERY.into() {
            *swept = now;
            drop(swept);
            self.limiter.retain_recent();
        }
    }

    fn standing(&self, snapshot: &StateSnapshot) -> Standing {
        Standing {
            name: self.name,
            rate: self.rate,
            remaining: snapshot.remaining_burst_capacity(),
        }
    }

    fn empty(&self) -> Standing {
        Standing {
            name: self.name,
            rate: self.rate,
            remaining: 0,
        }
    }
}

/// How a key stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    name: &'static str,
    rate: Rate,
    remaining: u32,
}

impl Standing {
    /// How much the key may take now.
    pub fn remaining(&self) -> u32 {
        self.remaining
    }

    /// The two header fields that say so.
    ///
    /// # Panics
    /// When the quota's name is not visible ASCII.
    pub fn headers(&self) -> [(HeaderName, HeaderValue); 2] {
        let Rate { per_second, burst } = self.rate;
        let seconds = |count: u32| count.div_ceil(per_second.get());
        let (name, remaining) = (self.name, self.remaining);
        let value = |text: String| {
            HeaderValue::try_from(text).expect("the name of a quota is visible ASCII")
        };
        let missing = burst.get().saturating_sub(remaining);
        [
            (
                RATE_LIMIT_POLICY,
                value(format!("\"{name}\";q={burst};w={}", seconds(burst.get()))),
            ),
            (
                RATE_LIMIT,
                value(format!("\"{name}\";r={remaining};t={}", seconds(missing))),
            ),
        ]
    }
}

/// The key may not have so much now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exceeded {
    /// It may after a wait.
    Wait {
        /// Whole seconds, at least 1; after them the same request passes if the key takes nothing in between.
        retry_after_s: u64,
        /// How the key stands.
        standing: Standing,
    },
    /// So much at once is never given.
    NeverAtOnce {
        /// The most at once.
        burst: u32,
        /// How the key stands.
        standing: Standing,
    },
}

impl Exceeded {
    /// The name of the quota.
    pub const fn quota(&self) -> &'static str {
        match self {
            Exceeded::Wait { standing, .. } | Exceeded::NeverAtOnce { standing, .. } => {
                standing.name
            }
        }
    }
}

impl From<Exceeded> for Problem {
    fn from(exceeded: Exceeded) -> Problem {
        let (problem, standing) = match exceeded {
            Exceeded::Wait {
                retry_after_s,
                standing,
            } => (
                TOO_MANY_REQUESTS.problem().retry_after(retry_after_s),
                standing,
            ),
            Exceeded::NeverAtOnce { burst, standing } => {
                (TOO_MANY_AT_ONCE.problem().with("burst", burst), standing)
            }
        };
        standing.headers().into_iter().fold(
            // A list, as §5.1 of the draft has it.
            problem.with("violated-policies", vec![standing.name]),
            |problem, (name, value)| problem.header(name, value),
        )
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;
    use std::time::Duration;

    use axum::response::IntoResponse;
    use governor::clock::FakeRelativeClock;

    use super::{Exceeded, Quota, Rate};
    use crate::Problem;

    fn n(count: u32) -> NonZeroU32 {
        NonZeroU32::new(count).unwrap()
    }

    fn quota(keys_max: usize) -> (Quota<&'static str, FakeRelativeClock>, FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        let rate = Rate {
            per_second: n(2),
            burst: n(10),
        };
        (
            Quota::bounded("bureau", rate, keys_max, clock.clone()),
            clock,
        )
    }

    #[test]
    fn who_comes_when_retry_after_says_passes_and_a_moment_earlier_does_not() {
        let (quota, clock) = quota(10);
        assert_eq!(quota.take(&"a", n(10)).unwrap().remaining(), 0);
        let Exceeded::Wait { retry_after_s, .. } = quota.take(&"a", n(3)).unwrap_err() else {
            panic!("a wait")
        };
        assert_eq!(retry_after_s, 2, "1.5 s, rounded up");
        clock.advance(Duration::from_millis(1499));
        assert!(quota.take(&"a", n(3)).is_err());
        clock.advance(Duration::from_millis(501));
        assert_eq!(quota.take(&"a", n(3)).unwrap().remaining(), 1);
        assert_eq!(
            quota.take(&"b", n(1)).unwrap().remaining(),
            9,
            "another key stands for itself"
        );
    }

    #[test]
    fn a_refusal_is_a_problem_that_says_when_and_how_much() {
        let (quota, _clock) = quota(10);
        let headers = quota.take(&"a", n(7)).unwrap().headers();
        assert_eq!(headers[0].1, "\"bureau\";q=10;w=5");
        assert_eq!(headers[1].1, "\"bureau\";r=3;t=4");
        let response = Problem::from(quota.take(&"a", n(4)).unwrap_err()).into_response();
        assert_eq!(response.status(), 429);
        assert_eq!(response.headers()["retry-after"], "1");
        assert_eq!(response.headers()["ratelimit"], "\"bureau\";r=0;t=5");
        let never = Problem::from(quota.take(&"a", n(11)).unwrap_err());
        assert_eq!(never.slug(), "too-many-at-once");
        assert_eq!(never.to_json()["burst"], 10);
        assert_eq!(never.to_json()["violated-policies"][0], "bureau");
    }

    #[test]
    fn what_failed_through_our_fault_costs_nothing() {
        let (quota, _clock) = quota(10);
        quota.take(&"a", n(10)).unwrap();
        quota.give_back(&"a", n(4));
        assert_eq!(quota.take(&"a", n(4)).unwrap().remaining(), 0);
        assert!(quota.take(&"a", n(1)).is_err());
        quota.give_back(&"unknown", n(4));
    }

    #[test]
    fn what_must_be_paid_afterwards_takes_all_that_is_left_and_no_more() {
        for (left, owed) in [
            (10, 1),
            (10, 10),
            (10, 11),
            (7, 1000),
            (1, 6),
            (0, 3),
            (9, 8),
        ] {
            let (quota, clock) = quota(10);
            if let Some(taken) = NonZeroU32::new(10 - left) {
                quota.take(&"a", taken).unwrap();
            }
            quota.spend(&"a", n(owed));
            let rest = left.saturating_sub(owed);
            if let Some(rest) = NonZeroU32::new(rest) {
                assert_eq!(quota.take(&"a", rest).unwrap().remaining(), 0);
            }
            assert!(quota.take(&"a", n(1)).is_err(), "{owed} of {left}");
            // There is no debt: half a second gives one again.
            clock.advance(Duration::from_millis(500));
            assert_eq!(quota.take(&"a", n(1)).unwrap().remaining(), 0);
        }
    }

    #[test]
    fn a_flood_of_keys_takes_neither_memory_nor_anything_from_known_ones() {
        let (quota, clock) = quota(2);
        quota.take(&"a", n(1)).unwrap();
        quota.take(&"b", n(1)).unwrap();
        // Two keys have their own state; all others share one.
        quota.take(&"c", n(6)).unwrap();
        assert_eq!(quota.take(&"d", n(4)).unwrap().remaining(), 0);
        assert!(quota.take(&"e", n(1)).is_err());
        assert_eq!(quota.limiter.len(), 2);
        assert_eq!(quota.take(&"a", n(1)).unwrap().remaining(), 8);
        // When the known ones are as good as new they make room.
        clock.advance(Duration::from_secs(10));
        assert_eq!(quota.take(&"e", n(10)).unwrap().remaining(), 0);
        assert_eq!(quota.take(&"f", n(10)).unwrap().remaining(), 0);
        assert_eq!(quota.limiter.len(), 2);
    }
}
