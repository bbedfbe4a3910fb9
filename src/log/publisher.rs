//! The publisher: the newest head that may leave the house, under the log's signatures.
//!
//! A head is signed only from a [`CheckedHead`], with the time that was stored with it. Size and time of what is
//! published never go back.

use super::second_path::{CheckedHead, Mismatch, SecondPath};
use crate::signer::{SignError, Signer};
use crate::storage::coord::Head;
use arc_swap::ArcSwapOption;
use std::sync::Arc;
use tlog::{Hash, Note};

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
        }
    }
}

/// Signs heads and keeps the newest one.
pub struct Publisher {
    signer: Arc<dyn Signer>,
    newest: ArcSwapOption<Published>,
}

impl Publisher {
    /// A publisher that has published nothing yet.
    pub const fn new(signer: Arc<dyn Signer>) -> Self {
        Self {
            signer,
            newest: ArcSwapOption::const_empty(),
        }
    }

    /// Signs a head and publishes it.
    // The store and the anchor have the head before a signature exists: a crash here loses nothing, and the next
    // start signs the same row with the same time.
    pub fn publish(&self, head: &CheckedHead) -> Result<Arc<Published>, SignError> {
        let published = Arc::new(Published::new(*head.head(), self.signer.sign_head(head)?));
        self.newest.rcu(|newest| match newest {
            Some(newest) if newest.head.time_ms >= published.head.time_ms => {
                Some(Arc::clone(newest))
            }
            _ => Some(Arc::clone(&published)),
        });
        Ok(published)
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

    /// Shows a note that was signed and stored earlier, by a log that may sign nothing now.
    pub fn show(&self, published: Published) {
        self.newest.store(Some(Arc::new(published)));
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
