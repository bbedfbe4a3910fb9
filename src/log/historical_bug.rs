//! Bugs that ended logs before this one, as switches: the tests turn each on and see that it is found. None of this is in
//! the shipped binary.

use crate::storage::coord::CoordError;
use crate::storage::objects::ObjectError;
use std::cell::Cell;

/// A bug of a log of the past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HistoricalBug {
    /// Venafi 2017: a restored backup went on where it was.
    NobodyIsAskedAfterARestore,
    /// Izenpe: one key in test and in production.
    AnyKeyIsTaken,
    /// `StartCom`, Nessie 2023 and 2025: a promise is given, and the entry never comes in.
    PromisedBeforeItIsIn,
    /// Mammoth 2024: the same after the disk was full.
    PromisedOnAFullDisk,
    /// Yeti 2022, Nessie 2024: what is signed is not hashed again, so a flipped bit is signed over.
    NothingIsHashedAgain,
    /// Raio 2025: transient errors of the object store, and tiles that are missing count as stored.
    MissingTilesCountAsStored,
}

thread_local! {
    static ACTIVE: Cell<Option<HistoricalBug>> = const { Cell::new(None) };
    static FLIPPED: Cell<Option<usize>> = const { Cell::new(None) };
}

impl HistoricalBug {
    /// Whether this thread has the bug.
    pub(crate) fn is_active(self) -> bool {
        ACTIVE.get() == Some(self)
    }

    /// Does something on this thread with the bug.
    pub(crate) fn with<T>(self, work: impl FnOnce() -> T) -> T {
        ACTIVE.set(Some(self));
        let done = work();
        ACTIVE.set(None);
        done
    }
}

/// Whether a batch whose commit failed is promised all the same.
pub(crate) fn is_promised(committed: &Result<(), CoordError>) -> bool {
    match committed {
        Ok(()) => false,
        Err(CoordError::DiskFull) => HistoricalBug::PromisedOnAFullDisk.is_active(),
        Err(_) => HistoricalBug::PromisedBeforeItIsIn.is_active(),
    }
}

/// What the keeper makes of a put that failed.
pub(crate) fn as_stored(put: Result<(), ObjectError>) -> Result<(), ObjectError> {
    match put {
        Err(_) if HistoricalBug::MissingTilesCountAsStored.is_active() => Ok(()),
        put => put,
    }
}

/// The next batch of this thread has this bit flipped in its leaf hashes, modulo their length.
pub(crate) fn flip_leaf_hash(bit: usize) {
    FLIPPED.set(Some(bit));
}

/// Leaf hashes as the process's memory has them: a bit may have flipped.
pub(crate) fn as_remembered(mut leaves: Vec<tlog::Hash>) -> Vec<tlog::Hash> {
    if let Some(bit) = FLIPPED.take()
        && !leaves.is_empty()
    {
        let count = leaves.len();
        let leaf = &mut leaves[bit / 256 % count];
        let mut bytes = *leaf.as_bytes();
        bytes[bit / 8 % 32] ^= 1 << (bit % 8);
        *leaf = tlog::Hash::new(bytes);
    }
    leaves
}
