//! Fetching the two notices that show a key's enrolment: the genesis, and the one that enrols the key.

use crate::log_answer::{MalformedAnswer, ReceiptAnswer};
use crate::log_client::{CallError, LogClient, ReceiptOf};
use crate::patience::Passing;
use evidence::{KeyHash, LoggedNotice, Notice};
use std::time::Duration;
use tlog::LeafIndex;

/// Fetches the genesis notice and the one that enrols this key, each with its receipt under the newest head, which the
/// log has at once: of a notice only its position counts, not how early it is proved.
///
/// Nothing is verified here: the verifier believes none of it unseen.
pub async fn fetch_notices(
    log: &LogClient,
    key: &KeyHash,
) -> Result<Vec<LoggedNotice>, FetchNoticesError> {
    let notices = log.notices().await?;
    let genesis = notices
        .iter()
        .find(|line| line.seq == 0)
        .ok_or(MalformedAnswer { what: "no genesis" })
        .map_err(CallError::from)?;
    let keys = log.keys().await?;
    let enrolment = keys
        .iter()
        .find(|line| line.key_id == *key.as_bytes())
        .ok_or(FetchNoticesError::NotEnrolled(*key))?;
    Ok(vec![
        fetch(log, &genesis.sha256, genesis.index).await?,
        fetch(log, &enrolment.notice, enrolment.enrolled_at).await?,
    ])
}

async fn fetch(
    log: &LogClient,
    sha256: &[u8; 32],
    index: LeafIndex,
) -> Result<LoggedNotice, FetchNoticesError> {
    let notice = Notice::parse(&log.notice(sha256).await?)
        .map_err(|_| MalformedAnswer { what: "notice" })
        .map_err(CallError::from)?;
    match log.receipt(ReceiptOf::Newest(index)).await? {
        ReceiptAnswer::Kept(receipt) => Ok(LoggedNotice {
            notice,
            receipt: *receipt,
        }),
        ReceiptAnswer::NotYet { awaits } => Err(FetchNoticesError::NotYet(awaits)),
    }
}

/// Why the notices are not at hand.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchNoticesError {
    /// The log gave no answer.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The log knows no such key.
    #[error("the key {0} is not enrolled at this log; ask the log's administrators to enrol it")]
    NotEnrolled(KeyHash),
    /// No head that may leave the house covers a notice yet; what is awaited.
    #[error("the log has no receipt for a notice yet ({0})")]
    NotYet(String),
}

impl Passing for FetchNoticesError {
    fn is_passing(&self) -> bool {
        match self {
            Self::Call(error) => error.is_passing(),
            Self::NotYet(_) => true,
            Self::NotEnrolled(_) => false,
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Call(error) => error.retry_after(),
            Self::NotYet(_) | Self::NotEnrolled(_) => None,
        }
    }
}
