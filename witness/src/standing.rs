//! What this process knows of one log: the row in memory, the note that it shows, and the last refusal.

use crate::head::Head;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tlog::{Hash, Latest, TreeSize};

/// The heads of late that are known without a look at the ledger: peers show those of the last round. 64 × 40 bytes a log;
/// a thousand logs keep 3 MB.
const LATE_HEADS: usize = 64;

/// The standing of one log. The head is a copy of the row on disk, never ahead of it.
#[derive(Debug)]
pub struct Standing {
    head: Mutex<Head>,
    late: Mutex<VecDeque<Latest>>,
    shown: Mutex<Option<Shown>>,
    last_refusal: Mutex<Option<LastRefusal>>,
    confirmed: AtomicBool,
    stopped: AtomicBool,
    /// Since when the log's address does not answer; 0 while it does.
    silent_since_s: AtomicU64,
}

/// The note that monitors are shown.
#[derive(Clone, Debug)]
struct Shown {
    head: Head,
    note: Arc<str>,
}

/// When a request of the log was refused last, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastRefusal {
    /// Seconds since 1970.
    pub at_s: u64,
    /// The HTTP status.
    pub status: u16,
    /// In one word, as the metrics have it.
    pub outcome: &'static str,
}

impl Standing {
    /// Of a log with this row.
    pub fn new(head: Head) -> Self {
        Self {
            head: Mutex::new(head),
            late: Mutex::new(VecDeque::from([head.latest])),
            shown: Mutex::new(None),
            last_refusal: Mutex::new(None),
            confirmed: AtomicBool::new(false),
            stopped: AtomicBool::new(false),
            silent_since_s: AtomicU64::new(0),
        }
    }

    /// The newest head on disk.
    pub fn head(&self) -> Head {
        *lock(&self.head)
    }

    /// Takes over what is on disk now.
    pub fn set_head(&self, head: Head) {
        let before = std::mem::replace(&mut *lock(&self.head), head);
        if before.latest != head.latest {
            let mut late = lock(&self.late);
            if late.len() == LATE_HEADS {
                late.pop_front();
            }
            late.push_back(head.latest);
        }
    }

    /// The root that we signed for this size, if it is one of the heads of late.
    pub fn root_of_late(&self, size: TreeSize) -> Option<Hash> {
        let late = lock(&self.late);
        let found = late.iter().rev().find(|head| head.size() == size);
        found.map(Latest::root)
    }

    /// The newest note that monitors may see.
    pub fn shown(&self) -> Option<Arc<str>> {
        lock(&self.shown)
            .as_ref()
            .map(|shown| Arc::clone(&shown.note))
    }

    /// Shows a note, unless a newer one is shown: answers are signed side by side and end in any order.
    pub fn show(&self, head: Head, note: Arc<str>) {
        let mut shown = lock(&self.shown);
        let order = |head: &Head| (head.size(), head.time_s);
        if shown
            .as_ref()
            .is_none_or(|now| order(&now.head) <= order(&head))
        {
            *shown = Some(Shown { head, note });
        }
    }

    /// The last refusal, if there was one.
    pub fn last_refusal(&self) -> Option<LastRefusal> {
        *lock(&self.last_refusal)
    }

    /// Remembers a refusal.
    pub fn refused(&self, refusal: LastRefusal) {
        *lock(&self.last_refusal) = Some(refusal);
    }

    /// Whether our state of this log was found consistent with what others remember, so that we may sign.
    pub fn is_confirmed(&self) -> bool {
        self.confirmed.load(Ordering::Acquire)
    }

    /// Whether the log is convicted and its operator has not decided yet: it is cosigned no more.
    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }

    /// It is convicted, or the operator decided.
    pub fn stop(&self, stopped: bool) {
        self.stopped.store(stopped, Ordering::Release);
    }

    /// The log's address does not answer, at this time (seconds since 1970).
    pub fn silent_since(&self, now_s: u64) {
        let (order, now_s) = (Ordering::AcqRel, now_s.max(1));
        // Who was silent before stays silent since then.
        let _was = self
            .silent_since_s
            .compare_exchange(0, now_s, order, Ordering::Acquire);
    }

    /// The log's address answers.
    pub fn answers(&self) {
        self.silent_since_s.store(0, Ordering::Release);
    }

    /// Since when the log's address does not answer, in seconds since 1970.
    pub fn silence(&self) -> Option<u64> {
        let since_s = self.silent_since_s.load(Ordering::Acquire);
        (since_s != 0).then_some(since_s)
    }

    /// Whether the log's address does not answer.
    pub fn is_silent(&self) -> bool {
        self.silence().is_some()
    }

    /// It was found consistent, or the operator said so.
    pub fn confirm(&self) {
        self.confirmed.store(true, Ordering::Release);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // No code panics while it holds one of these, and each holds whole values only.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::Standing;
    use crate::head::Head;
    use crate::testimony::Tree;

    #[test]
    fn an_older_note_never_takes_the_place_of_a_newer_one() {
        let tree = Tree::grown(3);
        let head = |size, time_s| Head {
            latest: tree.latest(size),
            time_s,
        };
        let standing = Standing::new(Head::NEVER);
        standing.show(head(2, 10), "two".into());
        standing.show(head(1, 11), "one".into());
        standing.show(head(2, 9), "two, earlier".into());
        assert_eq!(standing.shown().as_deref(), Some("two"));
        standing.show(head(2, 12), "two, later".into());
        standing.show(head(3, 12), "three".into());
        assert_eq!(standing.shown().as_deref(), Some("three"));
    }
}
