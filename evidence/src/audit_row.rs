//! Audit rows: what operators did to a log, one row an action, chained by hash. The chain's head stands in `operator`
//! notices ([`AuditSpan`](crate::AuditSpan)), so that no row can be changed or taken out unseen afterwards.
//!
//! ```text
//! hash = SHA-256( "notarylog/audit/v1\0"   19 bytes
//!                 seq                       8 bytes, big-endian; from 0, without a gap
//!                 time                      8 bytes, big-endian; milliseconds since 1970, UTC, never back
//!                 prev                     32 bytes: the hash of the row before; zeros in the first
//!                 length of the action      1 byte, 1..=64
//!                 action                    a word: start, stop, notice.key.enrol, …
//!                 length of the subject     1 byte
//!                 subject )                 what it was done to: hex, sizes; never a person
//! ```

use crate::word::words;
use crate::{Commitment, Digest, NoticeType};
use sha2::{Digest as _, Sha256};

const LABEL: &[u8] = b"notarylog/audit/v1\0";

/// The longest action in bytes: a word or three.
pub const AUDIT_ACTION_MAX: usize = 64;

/// The longest subject in bytes: its length is one byte.
pub const AUDIT_SUBJECT_MAX: usize = 255;

words! {
    /// What an operator did.
    pub enum AuditAction {
        /// A process took the log's store, to serve it. The subject is the size of the tree.
        Start = "start",
        /// A process was told to stop. The subject is the size of the tree.
        Stop = "stop",
        /// The database came from a backup. The subject is the size of the tree in it.
        Restore = "restore",
        /// A database that was behind its journal was rolled forward. The subject is the size that the journal reaches.
        RollForward = "roll-forward",
        /// A replayed notice named a head of this chain whose rows are in no database any more. The subject is that head.
        RowsLost = "rows-lost",
        /// The log was ended. The subject is the size of the tree before.
        End = "end",
        /// The log was founded. Here and below the subject is the SHA-256 of the notice.
        Genesis = "notice.genesis",
        /// A key was enrolled.
        KeyEnrol = "notice.key.enrol",
        /// A key took over from another.
        KeyRotate = "notice.key.rotate",
        /// A key was revoked.
        KeyRevoke = "notice.key.revoke",
        /// A policy was published.
        Policy = "notice.policy",
        /// A catalogue was published.
        Catalogue = "notice.catalogue",
        /// A calendar was published.
        Calendar = "notice.calendar",
        /// The log wrote into its own diary.
        Operator = "notice.operator",
    }
}

impl AuditAction {
    /// That a notice of this type was taken.
    pub const fn of_notice(notice_type: NoticeType) -> Self {
        match notice_type {
            NoticeType::Genesis => Self::Genesis,
            NoticeType::KeyEnrol => Self::KeyEnrol,
            NoticeType::KeyRotate => Self::KeyRotate,
            NoticeType::KeyRevoke => Self::KeyRevoke,
            NoticeType::Policy => Self::Policy,
            NoticeType::Catalogue => Self::Catalogue,
            NoticeType::Calendar => Self::Calendar,
            NoticeType::Operator => Self::Operator,
        }
    }
}

/// An action before it has its place in the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEvent {
    time_ms: u64,
    action: AuditAction,
    subject: String,
}

impl AuditEvent {
    /// An action at this time that concerns a tree of this size.
    pub fn at_size(action: AuditAction, size: u64, time_ms: u64) -> Self {
        Self {
            time_ms,
            action,
            subject: size.to_string(),
        }
    }

    /// A notice of this type was taken.
    pub fn notice(notice_type: NoticeType, commitment: &Commitment, time_ms: u64) -> Self {
        Self {
            time_ms,
            action: AuditAction::of_notice(notice_type),
            subject: commitment.to_string(),
        }
    }

    /// The rows up to this head are in no database any more.
    pub fn rows_lost(head: &Digest, time_ms: u64) -> Self {
        Self {
            time_ms,
            action: AuditAction::RowsLost,
            subject: head.to_string(),
        }
    }

    /// What was done.
    pub const fn action(&self) -> AuditAction {
        self.action
    }
}

/// A row as it stands in a store. What it says is as good as the chain that leads through it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// Its place, from 0.
    pub seq: u64,
    /// When, in milliseconds since 1970 (UTC).
    pub time_ms: u64,
    /// What was done: a word of [`AuditAction`].
    pub action: String,
    /// What it was done to.
    pub subject: String,
    /// The hash of the row before; zeros in the first.
    pub prev: Digest,
    /// The hash of this row.
    pub hash: Digest,
}

impl AuditRow {
    /// The row of this action behind the newest one, whose time it never goes below.
    pub fn behind(newest: Option<&Self>, event: &AuditEvent) -> Self {
        let mut row = Self {
            seq: newest.map_or(0, |newest| newest.seq + 1),
            time_ms: event.time_ms.max(newest.map_or(0, |newest| newest.time_ms)),
            action: event.action.as_str().to_owned(),
            subject: event.subject.clone(),
            prev: newest.map_or(Digest::new([0; 32]), |newest| newest.hash),
            hash: Digest::new([0; 32]),
        };
        row.hash = row.computed();
        row
    }

    /// The hash that follows from all the rest of the row.
    pub fn computed(&self) -> Digest {
        let length = |text: &str| [u8::try_from(text.len()).unwrap_or(u8::MAX)];
        let mut hash = Sha256::new();
        hash.update(LABEL);
        hash.update(self.seq.to_be_bytes());
        hash.update(self.time_ms.to_be_bytes());
        hash.update(self.prev.as_bytes());
        for text in [&self.action, &self.subject] {
            hash.update(length(text));
            hash.update(text.as_bytes());
        }
        Digest::new(hash.finalize().into())
    }

    /// Whether this row is only the trace of a diary entry: it is named by the next one, and calls for none.
    pub fn is_of_the_diary(&self) -> bool {
        self.action == AuditAction::Operator.as_str()
    }
}

/// Follows a chain from its first row.
#[derive(Clone, Debug, Default)]
pub struct AuditChain {
    newest: Option<AuditRow>,
}

impl AuditChain {
    /// Takes the next row; refuses one that is not the next.
    pub fn follow(&mut self, row: AuditRow) -> Result<(), BrokenAudit> {
        let newest = self.newest.as_ref();
        let next = newest.map_or(0, |newest| newest.seq + 1);
        if row.seq != next {
            return Err(BrokenAudit::Missing { seq: next });
        }
        let (seq, texts) = (row.seq, [&row.action, &row.subject]);
        let within = |limits: [usize; 2]| texts.iter().zip(limits).all(|(t, max)| t.len() <= max);
        if !within([AUDIT_ACTION_MAX, AUDIT_SUBJECT_MAX]) || row.action.is_empty() {
            return Err(BrokenAudit::Form { seq });
        }
        if row.prev != newest.map_or(Digest::new([0; 32]), |newest| newest.hash) {
            return Err(BrokenAudit::Prev { seq });
        }
        if row.hash != row.computed() {
            return Err(BrokenAudit::Hash { seq });
        }
        if newest.is_some_and(|newest| newest.time_ms > row.time_ms) {
            return Err(BrokenAudit::Time { seq });
        }
        self.newest = Some(row);
        Ok(())
    }

    /// The newest row that was followed.
    pub const fn newest(&self) -> Option<&AuditRow> {
        self.newest.as_ref()
    }
}

/// Why a row is not the next of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BrokenAudit {
    /// Another row stands in the place of this one.
    #[error("audit row {seq} is missing")]
    Missing {
        /// Which.
        seq: u64,
    },
    /// It does not follow on the row before.
    #[error(
        "audit row {seq} does not follow on the row before: one of them was changed or taken out"
    )]
    Prev {
        /// Which.
        seq: u64,
    },
    /// It does not say what was hashed.
    #[error("audit row {seq} does not say what was hashed: it was changed")]
    Hash {
        /// Which.
        seq: u64,
    },
    /// It is earlier than the row before.
    #[error("audit row {seq} is earlier than the row before")]
    Time {
        /// Which.
        seq: u64,
    },
    /// Its action or subject is empty or too long.
    #[error("the action or subject of audit row {seq} is empty or too long")]
    Form {
        /// Which.
        seq: u64,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(count: u64) -> Vec<AuditRow> {
        let mut rows: Vec<AuditRow> = Vec::new();
        for n in 0..count {
            let event = AuditEvent::at_size(AuditAction::Start, n, 1_000 + n);
            rows.push(AuditRow::behind(rows.last(), &event));
        }
        rows
    }

    fn followed(rows: &[AuditRow]) -> Result<(), BrokenAudit> {
        let mut chain = AuditChain::default();
        rows.iter().try_for_each(|row| chain.follow(row.clone()))
    }

    #[test]
    fn a_chain_is_followed_and_no_row_can_be_changed_or_taken_out() {
        let good = rows(5);
        assert_eq!(followed(&good), Ok(()));
        let spoilt = |spoil: fn(&mut Vec<AuditRow>)| {
            let mut rows = good.clone();
            spoil(&mut rows);
            followed(&rows)
        };
        assert_eq!(
            spoilt(|rows| drop(rows.remove(2))),
            Err(BrokenAudit::Missing { seq: 2 })
        );
        assert_eq!(
            spoilt(|rows| drop(rows.remove(0))),
            Err(BrokenAudit::Missing { seq: 0 })
        );
        assert_eq!(
            spoilt(|rows| rows[3].subject = "9".into()),
            Err(BrokenAudit::Hash { seq: 3 })
        );
        assert_eq!(
            spoilt(|rows| rows[3].time_ms += 1),
            Err(BrokenAudit::Hash { seq: 3 })
        );
        assert_eq!(
            spoilt(|rows| rows[4].action = "stop".into()),
            Err(BrokenAudit::Hash { seq: 4 })
        );
        assert_eq!(
            spoilt(|rows| rows[1].action.clear()),
            Err(BrokenAudit::Form { seq: 1 })
        );
        // With a hash of its own, it is the next row that no longer follows.
        let rehashed = spoilt(|rows| {
            rows[1].subject = "9".into();
            rows[1].hash = rows[1].computed();
        });
        assert_eq!(rehashed, Err(BrokenAudit::Prev { seq: 2 }));
        let back = spoilt(|rows| {
            rows[4].time_ms = 0;
            rows[4].hash = rows[4].computed();
        });
        assert_eq!(back, Err(BrokenAudit::Time { seq: 4 }));
    }

    #[test]
    fn a_row_is_never_earlier_than_the_one_before() {
        let first = AuditRow::behind(None, &AuditEvent::at_size(AuditAction::Start, 1, 500));
        let second = AuditRow::behind(Some(&first), &AuditEvent::at_size(AuditAction::Stop, 1, 3));
        assert_eq!(second.time_ms, 500);
    }
}
