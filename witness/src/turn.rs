//! A turn: how many verified requests wait, and how many of them are worked on.

use tokio::sync::{Semaphore, SemaphorePermit};

/// Verified requests that wait or are at work; more are told to come again. A thousand logs that all ask at once are taken,
/// twice over: whatever waits here bears a signature of an enrolled log.
pub const WAITING_MAX: usize = 2_048;

/// Requests that are judged, written and signed at one time, in the order in which they came. One at work is some times as
/// large as one that waits, and more at once are not faster: a commit takes a few milliseconds, in which the processors
/// sign some tens.
pub const AT_WORK_MAX: usize = 256;

/// The turns of all logs.
#[derive(Debug)]
pub struct Turns {
    waiting: Semaphore,
    at_work: Semaphore,
}

/// A turn, over when dropped.
#[derive(Debug)]
pub struct Turn<'a> {
    _waiting: SemaphorePermit<'a>,
    _at_work: SemaphorePermit<'a>,
}

impl Turns {
    /// All of them free.
    pub fn new() -> Self {
        Self {
            waiting: Semaphore::new(WAITING_MAX),
            at_work: Semaphore::new(AT_WORK_MAX),
        }
    }

    /// Waits for a turn; none when too many wait already.
    pub async fn take(&self) -> Option<Turn<'_>> {
        let waiting = self.waiting.try_acquire().ok()?;
        let at_work = self.at_work.acquire().await.ok()?;
        Some(Turn {
            _waiting: waiting,
            _at_work: at_work,
        })
    }
}

impl Default for Turns {
    fn default() -> Self {
        Self::new()
    }
}
