//! How long to wait before asking again: growing, jittered, never sooner than the log asked for.

use std::time::Duration;

/// The first wait.
pub const WAIT_FIRST: Duration = Duration::from_millis(200);
/// No single wait that we choose ourselves is longer, so that a log that comes back is noticed soon.
pub const WAIT_LONGEST: Duration = Duration::from_secs(20);
/// What a log may ask for at most in `Retry-After`: more means "come back another day", which a person decides.
pub const RETRY_AFTER_LONGEST: Duration = Duration::from_mins(5);

/// The waits between the attempts of one errand. It reads no clock and rolls no dice: the caller sleeps, and hands in
/// a random number.
#[derive(Clone, Debug)]
pub struct Patience {
    next: Duration,
    longest: Duration,
    left: Duration,
}

impl Patience {
    /// All waits together last at most `total`.
    pub const fn new(total: Duration) -> Self {
        Self {
            next: WAIT_FIRST,
            longest: WAIT_LONGEST,
            left: total,
        }
    }

    /// The same with no single wait of ours longer than `longest`: for what is expected any moment.
    #[must_use]
    pub const fn with_longest(self, longest: Duration) -> Self {
        Self { longest, ..self }
    }

    /// What is left of all waits together.
    pub const fn left(&self) -> Duration {
        self.left
    }

    /// The next wait: between a half and the whole of a step that doubles, so that many clients that failed together
    /// do not come back together; never less than the log `asked` for. `None` when patience has run out.
    pub fn wait(&mut self, asked: Option<Duration>, random: u32) -> Option<Duration> {
        let half = self.next / 2;
        let own = half + half.mul_f64(f64::from(random) / f64::from(u32::MAX));
        // What was asked for is a floor; the jitter comes on top.
        let wait = asked
            .map(|asked| asked.min(RETRY_AFTER_LONGEST))
            .map_or(own, |asked| asked + own / 2);
        self.next = (self.next * 2).min(self.longest);
        self.left = self.left.checked_sub(wait)?;
        Some(wait)
    }
}

/// Calls until there is an answer, a failure that will not pass, or patience has run out. `waiting` hears why it waits,
/// and for how long.
pub async fn patiently<T, E: Passing>(
    total: Duration,
    waiting: &(dyn Fn(&str, Duration) + Sync),
    mut call: impl AsyncFnMut() -> Result<T, E>,
) -> Result<T, E> {
    let mut patience = Patience::new(total);
    loop {
        let error = match call().await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        if !error.is_passing() {
            return Err(error);
        }
        let Some(wait) = patience.wait(error.retry_after(), random_number()) else {
            return Err(error);
        };
        waiting(&error.to_string(), wait);
        tokio::time::sleep(wait).await;
    }
}

/// A failure that may or may not pass by itself.
pub trait Passing: ToString {
    /// True if asking again may help.
    fn is_passing(&self) -> bool;

    /// When the other side asked to be asked again.
    fn retry_after(&self) -> Option<Duration>;
}

/// Four random bytes as a number, for [`Patience::wait`]. Without randomness the wait has no jitter, which is no
/// reason to give up.
pub fn random_number() -> u32 {
    let mut bytes = [0; 4];
    match getrandom::fill(&mut bytes) {
        Ok(()) => u32::from_be_bytes(bytes),
        Err(_) => u32::MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_and_stop_growing() {
        let mut patience = Patience::new(Duration::from_secs(1_000));
        let waits: Vec<_> = (0..12)
            .filter_map(|_| patience.wait(None, u32::MAX))
            .collect();
        assert_eq!(waits[0], WAIT_FIRST);
        assert_eq!(waits[1], WAIT_FIRST * 2);
        assert_eq!(waits[11], WAIT_LONGEST);
    }

    #[test]
    fn jitter_takes_at_most_a_half() {
        let shortest = Patience::new(Duration::from_secs(9)).wait(None, 0);
        assert_eq!(shortest, Some(WAIT_FIRST / 2));
    }

    #[test]
    fn a_log_that_asks_for_seven_seconds_is_not_asked_sooner() {
        let wait = Patience::new(Duration::from_mins(1)).wait(Some(Duration::from_secs(7)), 0);
        assert!(wait.is_some_and(|wait| wait >= Duration::from_secs(7)));
    }

    #[test]
    fn patience_runs_out() {
        let mut patience = Patience::new(Duration::from_secs(1));
        assert_eq!(patience.wait(Some(Duration::from_secs(2)), 0), None);
        let mut patience = Patience::new(Duration::from_secs(1));
        assert!(std::iter::from_fn(|| patience.wait(None, 0)).count() < 10);
    }
}
