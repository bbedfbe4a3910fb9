//! The port `Shelf`: where proofs of misbehaviour lie, each a file that is never changed.

pub mod folder_shelf;

use std::io;

/// Keeps files. Its verbs wait for the disk.
pub trait Shelf: Send + Sync {
    /// Keeps a file of a log under the SHA-256 of its bytes (hex). It outlives a power cut when this returns; what is
    /// there already is left as it is.
    fn keep(&self, origin_hash: &str, sha256: &str, bytes: &[u8]) -> io::Result<()>;

    /// The bytes of a file, if there is one of this name.
    fn read(&self, origin_hash: &str, sha256: &str) -> io::Result<Option<Vec<u8>>>;

    /// The files of a log.
    fn of_log(&self, origin_hash: &str) -> io::Result<Vec<KeptFile>>;
}

/// A file on the shelf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptFile {
    /// Its name: the SHA-256 of its bytes, in lower-case hex.
    pub sha256: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// When it was kept, in seconds since 1970.
    pub kept_s: u64,
}
