//! What an `operator` notice says of the audit chain.
//!
//! ```json
//! {"after":"<64 hex>","count":12,"first_ms":1795000000000,"head":"<64 hex>","last_ms":1795086400000}
//! ```
//!
//! It is the `detail` of the events `audit` (daily, and at a stop) and `ended` (the last notice of a log). The members
//! name the chain of [`AuditRow`]s as it was when the notice was written: how many rows there are, the hash of the last,
//! and the times of the first and last of those that no notice named before. `after` is the head that the notice before
//! named, null in the first.

use crate::{AuditRow, Digest, Notice, NoticeBody, Operator};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The event of a notice that names the chain's head.
pub const AUDIT_EVENT: &str = "audit";

/// The event of the last notice of a log, behind which nothing is logged any more.
pub const ENDED_EVENT: &str = "ended";

/// The audit chain as an `operator` notice names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuditSpan {
    /// The head that the notice before named; null in the first.
    pub after: Option<Digest>,
    /// How many rows the chain has.
    pub count: u64,
    /// The time of the first row that no notice named before, in milliseconds since 1970 (UTC).
    pub first_ms: u64,
    /// The hash of the last row.
    pub head: Digest,
    /// The time of the last row.
    pub last_ms: u64,
}

impl AuditSpan {
    /// The span from the first row that no notice named to the newest.
    pub fn new(after: Option<Digest>, first: &AuditRow, newest: &AuditRow) -> Self {
        Self {
            after,
            count: newest.seq + 1,
            first_ms: first.time_ms,
            head: newest.hash,
            last_ms: newest.time_ms,
        }
    }

    /// What the notice says under this event.
    pub fn into_body(self, event: &str) -> NoticeBody {
        let detail = match serde_json::to_value(&self) {
            Ok(Value::Object(detail)) => detail,
            _ => Map::new(),
        };
        NoticeBody::Operator(Operator {
            detail,
            event: event.to_owned(),
        })
    }

    /// What this notice says of the chain: nothing, if it is about something else.
    pub fn of(notice: &Notice) -> Result<Option<Self>, MalformedSpan> {
        match notice.body() {
            NoticeBody::Operator(operator) => Self::of_operator(operator),
            _ => Ok(None),
        }
    }

    fn of_operator(operator: &Operator) -> Result<Option<Self>, MalformedSpan> {
        if ![AUDIT_EVENT, ENDED_EVENT].contains(&operator.event.as_str()) {
            return Ok(None);
        }
        let is_whole = operator.detail.contains_key("after");
        let span: Self = serde_json::from_value(Value::Object(operator.detail.clone()))
            .map_err(|_| MalformedSpan)?;
        if is_whole && span.count > 0 && span.first_ms <= span.last_ms {
            Ok(Some(span))
        } else {
            Err(MalformedSpan)
        }
    }
}

/// The detail of such a notice does not say what it must.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an operator notice on the audit chain says after, count, first_ms, head and last_ms")]
pub struct MalformedSpan;
