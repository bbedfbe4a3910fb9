//! The pool: verified entries that wait for the next batch. Bounded; one waiter a request.

use super::publisher::Published;
use crate::storage::coord::Head;
use evidence::{ENTRY_LEN, Entry, Notice, RefusedAuthor, RefusedNotice, Slot};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use tlog::{Growth, LeafIndex};
use tokio::sync::{Notify, oneshot};

/// Entries that may wait at once: at 20,000 a second more than three seconds' worth, about 20 MB.
pub const POOL_ENTRIES_MAX: usize = 65_536;

/// An entry whose form and signature were checked at the door.
#[derive(Clone)]
pub struct Candidate {
    /// The entry.
    pub entry: Entry,
    /// Its final bytes.
    pub bytes: [u8; ENTRY_LEN],
    /// The slot that it asks for.
    pub slot: Slot,
    /// The notice that it carries, if it is one of the log's own.
    pub notice: Option<Notice>,
}

/// What became of one entry.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It is in the log: now, or since earlier. `entry` is the stored one, whose signature may be another.
    Logged {
        /// Where.
        index: LeafIndex,
        /// What is stored there.
        entry: Entry,
    },
    /// Another entry holds its slot.
    SlotTaken {
        /// Which.
        index: LeafIndex,
    },
    /// The key is not enrolled (any more), or not for this.
    Refused(RefusedAuthor),
    /// The notice does not follow.
    RefusedNotice(RefusedNotice),
}

/// The answer to a request: one outcome for each entry, in order, under one head.
#[derive(Clone)]
pub struct Sequenced {
    /// One for each entry.
    pub outcomes: Vec<Outcome>,
    /// The newest logged head, which covers them all.
    pub logged: Head,
    /// The head that covers all that were logged, on a log without witnesses.
    pub published: Option<Arc<Published>>,
    /// What the batch added, from which its proofs are made; none when the whole batch was known already.
    pub growth: Option<Arc<Growth>>,
}

/// Nothing is promised, and the entries may be sent again as they are: the same content has one index for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotSequenced {
    /// The log has ended: it takes nothing any more.
    #[error("the log has ended")]
    Ended,
    /// The log takes nothing at present.
    #[error("the log is read-only")]
    ReadOnly,
    /// Too many entries wait already.
    #[error("too many entries wait already")]
    PoolFull,
    /// The machine's clock was set forward: no head can be signed with its time.
    #[error("the log's clock is wrong")]
    Clock,
    /// The disk is full.
    #[error("the log's disk is full")]
    DiskFull,
    /// The store failed; it is read again.
    #[error("the log's store failed and is read again")]
    Unavailable,
}

/// A request that waits.
pub struct Submission {
    /// Its entries.
    pub candidates: Vec<Candidate>,
    /// Where its answer goes.
    pub answer: oneshot::Sender<Result<Sequenced, NotSequenced>>,
}

/// The requests that wait for the next batch.
#[derive(Default)]
pub struct Pool {
    queue: Mutex<Queue>,
    arrived: Notify,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Submission>,
    entries: usize,
}

impl Pool {
    /// Lets a request wait; its answer comes through the receiver.
    pub fn submit(
        &self,
        candidates: Vec<Candidate>,
    ) -> Result<oneshot::Receiver<Result<Sequenced, NotSequenced>>, NotSequenced> {
        let (answer, receiver) = oneshot::channel();
        {
            let mut queue = self.queue.lock().expect("no holder of the queue panics");
            if queue.entries + candidates.len() > POOL_ENTRIES_MAX {
                return Err(NotSequenced::PoolFull);
            }
            queue.entries += candidates.len();
            queue.waiting.push_back(Submission { candidates, answer });
        }
        self.arrived.notify_one();
        Ok(receiver)
    }

    /// Waits until a request is there.
    pub async fn arrival(&self) {
        loop {
            if !self
                .queue
                .lock()
                .expect("no holder of the queue panics")
                .waiting
                .is_empty()
            {
                return;
            }
            self.arrived.notified().await;
        }
    }

    /// Takes whole requests, in the order of their arrival, until a batch of `most` entries is full.
    pub fn take(&self, most: usize) -> Vec<Submission> {
        let mut queue = self.queue.lock().expect("no holder of the queue panics");
        let mut taken = Vec::new();
        let mut entries = 0;
        while let Some(next) = queue.waiting.front() {
            let more = next.candidates.len();
            if !taken.is_empty() && entries + more > most {
                break;
            }
            entries += more;
            taken.extend(queue.waiting.pop_front());
        }
        queue.entries -= entries;
        taken
    }

    /// How many entries wait.
    pub fn waiting(&self) -> usize {
        self.queue
            .lock()
            .expect("no holder of the queue panics")
            .entries
    }
}
