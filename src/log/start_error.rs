//! Why a log does not start.

use super::history::HistoryError;
use crate::storage::anchor::AnchorError;
use crate::storage::coord::CoordError;
use crate::storage::objects::ObjectError;

/// Why a log cannot even be read.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The folder was never initialised, or `init` was interrupted.
    #[error("the database holds no genesis notice: make a new folder with `notarylog init`")]
    NoGenesis,
    /// The keys are not this log's.
    #[error("{0}")]
    Keys(String),
    /// What is stored does not fit together.
    #[error(
        "the store is damaged: {0}. Nothing was signed; run `notarylog check` and restore a copy"
    )]
    Damaged(String),
    /// No randomness.
    #[error("the operating system gives no randomness: {0}")]
    Random(#[from] getrandom::Error),
    /// The database.
    #[error(transparent)]
    Coord(#[from] CoordError),
    /// The tiles.
    #[error(transparent)]
    Objects(#[from] ObjectError),
    /// The journal.
    #[error(transparent)]
    Anchor(#[from] AnchorError),
}

impl From<HistoryError> for StartError {
    fn from(error: HistoryError) -> Self {
        match error {
            HistoryError::Coord(error) => Self::Coord(error),
            HistoryError::Objects(error) => Self::Objects(error),
            HistoryError::Lost | HistoryError::NotThere => Self::Damaged(error.to_string()),
        }
    }
}
