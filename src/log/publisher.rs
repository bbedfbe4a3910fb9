//! The publisher: the newest head that may leave the house, under the log's signatures.
//!
//! A head is signed only from a [`CheckedHead`], with the time that was stored with it. Size and time of what is
//! published never go back. With a quorum configured, what is signed goes to the [`cosigner`](super::cosigner) alone,
//! and is published when the quorum has cosigned it.

use super::second_path::{CheckedHead, Mismatch, SecondPath};
use crate::signer::{SignError, Signer};
use crate::storage::coord::Head;
use arc_swap::ArcSwapOption;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use tlog::{Growth, Hash, Note, TreeSize};
use tokio::sync::watch;

const HELD: &str = "no holder of the published heads panics";

/// A head that may be shown to anyone.
pub struct Published {
    /// The head.
    pub head: Head,
    /// The signed checkpoint.
    pub note: Note,
    /// The signed checkpoint as text.
    pub text: String,
    /// The same as a JSON string, quotes included: written once, copied into every answer.
    pub json: Box<serde_json::value::RawValue>,
    /// What the head adds to the one published before, from which the proofs of its entries are made.
    pub growth: Option<Arc<Growth>>,
}

impl Published {
    /// A note over this head, ready to be shown.
    pub fn new(head: Head, note: Note) -> Self {
        let text = note.to_string();
        let json = serde_json::value::to_raw_value(&text).expect("a string is always JSON");
        Self {
            head,
            note,
            text,
            json,
            growth: None,
        }
    }

    /// The same, with what it adds to the one before.
    #[must_use]
    pub fn with_growth(self, growth: Option<Arc<Growth>>) -> Self {
        Self { growth, ..self }
    }
}

/// Published heads that a waiter may still ask for: a round or two behind the newest.
const RECENT_MAX: usize = 16;

/// Signs heads and keeps the newest one that may be shown.
pub struct Publisher {
    signer: Arc<dyn Signer>,
    newest: ArcSwapOption<Published>,
    recent: Mutex<VecDeque<Arc<Published>>>,
    /// The size of the newest head, for those who wait.
    size: watch::Sender<Option<TreeSize>>,
    withheld: AtomicBool,
}

impl Publisher {
    /// A publisher that has published nothing yet.
    pub fn new(signer: Arc<dyn Signer>) -> Self {
        Self {
            signer,
            newest: ArcSwapOption::const_empty(),
            recent: Mutex::default(),
            size: watch::Sender::new(None),
            withheld: AtomicBool::new(false),
        }
    }

    /// Signs a head and publishes it: the way of a log without witnesses.
    // The store and the anchor have the head before a signature exists: a crash here loses nothing, and the next
    // start signs the same row with the same time.
    pub fn publish(&self, head: &CheckedHead) -> Result<Arc<Published>, SignError> {
        let published = Arc::new(Published::new(*head.head(), self.signer.sign_head(head)?));
        self.take_in(&published);
        Ok(published)
    }

    /// Signs a head for the witnesses: nobody else sees the note before a quorum has cosigned it.
    pub(super) fn sign(&self, head: &CheckedHead) -> Result<Note, SignError> {
        self.signer.sign_head(head)
    }

    /// Publishes a head that a quorum cosigned; the same head again brings more cosignatures.
    pub(super) fn publish_witnessed(&self, published: Published) {
        self.take_in(&Arc::new(published));
        self.withheld.store(false, Ordering::Release);
    }

    fn take_in(&self, published: &Arc<Published>) {
        let mut recent = self.recent.lock().expect(HELD);
        match recent.back_mut() {
            Some(newest) if newest.head.time_ms > published.head.time_ms => return,
            Some(newest) if newest.head == published.head => *newest = Arc::clone(published),
            _ => recent.push_back(Arc::clone(published)),
        }
        if recent.len() > RECENT_MAX {
            recent.pop_front();
        }
        self.newest.store(Some(Arc::clone(published)));
        drop(recent);
        self.size.send_replace(Some(published.head.size));
    }

    /// The earliest of the newest published heads that covers a tree of this size; waits until there is one.
    pub async fn covering(&self, size: TreeSize) -> Arc<Published> {
        let mut sizes = self.size.subscribe();
        loop {
            sizes.borrow_and_update();
            let covers = |published: &&Arc<Published>| published.head.size >= size;
            if let Some(earliest) = self.recent.lock().expect(HELD).iter().find(covers) {
                return Arc::clone(earliest);
            }
            if sizes.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Signs a kept head whose note was not stored, with the time of its row, once its tree was hashed again.
    pub fn sign_kept(&self, head: Head, subtrees: &[Hash]) -> Result<Published, NotSigned> {
        let second_path = SecondPath::resume(
            head.size.get(),
            subtrees.iter().map(|hash| *hash.as_bytes()),
        );
        let checked = second_path.vouch(&head)?;
        Ok(Published::new(head, self.signer.sign_head(&checked)?))
    }

    /// Shows a note that was signed and stored earlier, until there is a newer one.
    pub fn show(&self, published: Published) {
        self.take_in(&Arc::new(published));
    }

    /// Takes back what is shown, until a newer head is witnessed: a witness has seen a newer one than was stored, and
    /// so may have a reader.
    pub(crate) fn withhold(&self) {
        self.recent.lock().expect(HELD).clear();
        self.newest.store(None);
        self.withheld.store(true, Ordering::Release);
    }

    /// Whether a head is withheld until a newer one is witnessed.
    pub fn is_withholding(&self) -> bool {
        self.withheld.load(Ordering::Acquire)
    }

    /// The newest published head; none before the first.
    pub fn newest(&self) -> Option<Arc<Published>> {
        self.newest.load_full()
    }

    /// The log's keys.
    pub fn signer(&self) -> &Arc<dyn Signer> {
        &self.signer
    }
}

/// Why a kept head could not be signed again.
#[derive(Debug, thiserror::Error)]
pub enum NotSigned {
    /// Its tree does not hash to its root.
    #[error(transparent)]
    Mismatch(#[from] Mismatch),
    /// A key failed.
    #[error(transparent)]
    Sign(#[from] SignError),
}
