//! What this process knows of one log: the row in memory, the note that it shows, and the last refusal.

use crate::head::Head;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The standing of one log. The head is a copy of the row on disk, never ahead of it.
#[derive(Debug)]
pub struct Standing {
    head: Mutex<Head>,
    shown: Mutex<Option<Shown>>,
    last_refusal: Mutex<Option<LastRefusal>>,
    confirmed: AtomicBool,
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
            shown: Mutex::new(None),
            last_refusal: Mutex::new(None),
            confirmed: AtomicBool::new(false),
        }
    }

    /// The newest head on disk.
    pub fn head(&self) -> Head {
        *lock(&self.head)
    }

    /// Takes over what is on disk now.
    pub fn set_head(&self, head: Head) {
        *lock(&self.head) = head;
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
