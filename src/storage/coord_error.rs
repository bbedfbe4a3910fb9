//! What can happen when the place where indices are assigned is asked.

/// What can happen when the store is asked.
#[derive(Debug, thiserror::Error)]
pub enum CoordError {
    /// Nothing was written: tell the waiters and go on.
    #[error("the database refused: {0}")]
    Refused(String),
    /// The outcome of the commit is not known: drop all memory, reload, ask again.
    #[error("the database did not say whether it committed: {0}")]
    Unknown(String),
    /// The row is not here (its entry lies in a stored bundle).
    #[error("the row is not in the database any more")]
    Absent,
    /// What is stored cannot be right: stop before anything is signed over it.
    #[error("the database holds something that cannot be right: {0}")]
    Damaged(String),
    /// The database belongs to another log.
    #[error("the database belongs to a log of another origin: name the database of this log")]
    ForeignOrigin,
    /// The disk is full: nothing was written.
    #[error("the disk is full")]
    DiskFull,
}
