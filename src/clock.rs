//! The port `Clock`: the log's only source of time.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Tells the time. It may go backwards or jump: whoever stores a time takes the larger of it and what is stored.
pub trait Clock: Send + Sync {
    /// Milliseconds since 1970 (UTC).
    fn now_ms(&self) -> u64;

    /// Milliseconds of a clock that nobody sets and that never goes back: only differences mean something. It may stand
    /// still while the machine sleeps.
    fn steady_ms(&self) -> u64;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now_ms(&self) -> u64 {
        // A clock before 1970 reads as 0: the stored time is later and is taken instead.
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }

    fn steady_ms(&self) -> u64 {
        static FIRST_ASKED: OnceLock<Instant> = OnceLock::new();
        let since = FIRST_ASKED.get_or_init(Instant::now).elapsed();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }
}

/// A clock that is set by hand: the simulated twin of [`SystemClock`].
#[derive(Debug, Default)]
pub struct SetClock {
    now_ms: AtomicU64,
    steady_ms: AtomicU64,
}

impl SetClock {
    /// A clock that stands at this time.
    pub const fn at(ms: u64) -> Self {
        Self {
            now_ms: AtomicU64::new(ms),
            steady_ms: AtomicU64::new(0),
        }
    }

    /// Sets it, forwards or backwards: no time passes.
    pub fn set(&self, ms: u64) {
        self.now_ms.store(ms, Ordering::SeqCst);
    }

    /// Lets so much time pass.
    pub fn pass(&self, ms: u64) {
        self.steady_ms.fetch_add(ms, Ordering::SeqCst);
        self.now_ms.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for SetClock {
    fn now_ms(&self) -> u64 {
        self.now_ms.load(Ordering::SeqCst)
    }

    fn steady_ms(&self) -> u64 {
        self.steady_ms.load(Ordering::SeqCst)
    }
}
