//! The twin of the signer: real keys on a simulated machine, and a record of every head that was signed.

use super::key_files::KeyFiles;
use super::{SignError, Signer};
use crate::log::second_path::CheckedHead;
use crate::storage::coord::Head;
use crate::storage::simulated::Process;
use evidence::{Entry, UnsignedEntry};
use std::sync::{Arc, Mutex, PoisonError};
use tlog::{Note, Origin, Vkey};

/// Every head that any process of this log signed.
#[derive(Clone, Default)]
pub(crate) struct SignedHeads(Arc<Mutex<Vec<Head>>>);

impl SignedHeads {
    /// All of them so far.
    pub(crate) fn all(&self) -> Vec<Head> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// A process's access to the keys.
pub(crate) struct SimulatedSigner {
    /// Whose operations these are.
    pub(crate) process: Process,
    /// The keys.
    pub(crate) keys: Arc<KeyFiles>,
    /// Where each signed head is noted.
    pub(crate) signed: SignedHeads,
}

impl Signer for SimulatedSigner {
    fn origin(&self) -> &Origin {
        self.keys.origin()
    }

    fn vkeys(&self) -> &[Vkey; 3] {
        self.keys.vkeys()
    }

    fn entry_spki(&self) -> &[u8] {
        self.keys.entry_spki()
    }

    fn sign_head(&self, head: &CheckedHead) -> Result<Note, SignError> {
        let sign = || {
            let mut signed = self.signed.0.lock().unwrap_or_else(PoisonError::into_inner);
            signed.push(*head.head());
            self.keys.sign_head(head)
        };
        let failed = SignError::Failed("simulated");
        self.process.sign(sign).unwrap_or(Err(failed))
    }

    fn sign_entry(&self, entry: &UnsignedEntry) -> Result<Entry, SignError> {
        self.keys.sign_entry(entry)
    }
}
