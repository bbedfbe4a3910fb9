//! The port `Clock`: the witness's only source of time.

use std::fmt;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Tells two times. The first is signed, and may be wrong or jump; the second only measures how much has passed.
pub trait Clock: fmt::Debug + Send + Sync {
    /// Seconds since 1970 (UTC).
    fn now_s(&self) -> u64;

    /// Milliseconds since an arbitrary moment; never goes back.
    fn elapsed_ms(&self) -> u64;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    begun: Instant,
}

impl SystemClock {
    /// The machine's clock.
    pub fn new() -> Self {
        Self {
            begun: Instant::now(),
        }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now_s(&self) -> u64 {
        // A clock before 1970 reads as 0: the stored time is later and is taken instead.
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        since.unwrap_or_default().as_secs()
    }

    fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
