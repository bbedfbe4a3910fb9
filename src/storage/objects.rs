//! The port `Objects`: full tiles and entry bundles, written once.

use async_trait::async_trait;
use bytes::Bytes;

/// Where full tiles and bundles lie: a local folder, or a bucket.
///
/// Contract: an object is durable when `put` answers; it is never changed afterwards. A path is made from numbers
/// (`tile/0/x001/234`), never from a stranger's text.
#[async_trait]
pub trait Objects: Send + Sync {
    /// Puts the object if it is absent. If it is there, its bytes are compared: equal is done, else
    /// [`ObjectError::Conflict`], which stops the log.
    async fn put(&self, path: &str, bytes: Bytes) -> Result<(), ObjectError>;

    /// Puts right an object whose bytes were damaged or lost: durable when it answers, and never half of it. Only for
    /// bytes that follow from the log, which the caller has proved.
    async fn replace(&self, path: &str, bytes: Bytes) -> Result<(), ObjectError>;

    /// The whole object; `None` when there is none.
    async fn get(&self, path: &str) -> Result<Option<Bytes>, ObjectError>;
}

/// What can happen to an object.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    /// There already is an object with other bytes at this path.
    #[error("{path} already holds other bytes than those that follow from the log")]
    Conflict {
        /// Where.
        path: String,
    },
    /// The disk is full.
    #[error("the disk of the tiles is full")]
    DiskFull,
    /// It could not be read or written; it may be there or not.
    #[error("{path} could not be read or written: {cause}")]
    Unavailable {
        /// Where.
        path: String,
        /// Why.
        cause: String,
    },
}
