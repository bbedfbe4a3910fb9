//! The port `Witness`: an independent process that checks and cosigns the log's heads.
//!
//! A status code of a witness is a claim, no proof: whoever asks compares it with what the witness can show under our
//! own key (`log/judgement`).

pub mod http_witness;
#[cfg(test)]
pub(crate) mod simulated;

use async_trait::async_trait;
use tlog::{AddCheckpoint, Note, SignatureLine, TreeSize};

/// One witness, wherever it is. <https://c2sp.org/tlog-witness>
#[async_trait]
pub trait Witness: Send + Sync {
    /// Asks it to cosign a checkpoint. Whatever takes longer than the adapter's bound is [`Silence`].
    async fn add_checkpoint(&self, request: &AddCheckpoint) -> Result<Answer, Silence>;

    /// The newest checkpoint of this log that it shows to everybody; `None` when it cosigned none yet.
    async fn shown(&self) -> Result<Option<Note>, Silence>;
}

/// What a witness answers. None of it is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// 200: signature lines, said to be its own.
    Cosigned(Vec<SignatureLine>),
    /// 409: the size that it says it recorded; none when it is no size that a tree can have.
    Recorded(Option<TreeSize>),
    /// 422: it says that the checkpoint does not follow.
    DoesNotFollow,
    /// Any other status: it does not know this log, or asks for patience, or is no witness.
    Status(u16),
}

/// No answer, or none that is one: why, as a clause for the operator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Silence(pub String);
