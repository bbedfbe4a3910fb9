//! The locked head: one step forward in one transaction.

use super::recent_slots::RecentSlots;
use super::short_key::insert_slots;
use super::{audit, batch, find_slots, head, notice, recent_slots, state};
use crate::storage::coord::{Advance, Committed, CoordError, HeadLock, Incarnation};
use async_trait::async_trait;
use evidence::{Commitment, Slot};
use service::WriteTransaction;
use std::collections::HashSet;
use tlog::{LeafIndex, TreeSize};

/// A transaction that holds the write lock, and what it found.
pub(super) struct SqliteHeadLock<'a> {
    pub(super) transaction: WriteTransaction<'a>,
    pub(super) committed: Committed,
    /// As they stand in this transaction.
    pub(super) recent: &'a RecentSlots,
    /// Who we are, if we passed the gate.
    pub(super) own: Option<Incarnation>,
}

#[async_trait]
impl HeadLock for SqliteHeadLock<'_> {
    fn committed(&self) -> &Committed {
        &self.committed
    }

    async fn slot_candidates(&mut self, slots: &[Slot]) -> Result<Vec<Vec<LeafIndex>>, CoordError> {
        let slots: Vec<_> = slots.iter().map(|slot| *slot.as_bytes()).collect();
        find_slots(self.recent, self.transaction.connection(), &slots).await
    }

    async fn advance(mut self: Box<Self>, advance: &Advance) -> Result<(), CoordError> {
        let own = self.own.ok_or_else(|| {
            CoordError::Refused("this process did not pass the start-up gate".into())
        })?;
        follows(&self.committed, advance).map_err(|why| CoordError::Refused(why.into()))?;
        let before = self.committed.head;
        let first = state::to_sql(before.size.get())?;
        let slots: Vec<_> = advance.entries.iter().map(|e| *e.slot.as_bytes()).collect();
        let waits = self.recent.have_room_for(slots.len());
        let connection = self.transaction.connection();
        if !advance.entries.is_empty() {
            batch::insert(
                connection,
                before.size,
                advance.head.time_ms,
                &advance.entries,
            )
            .await?;
            if slots.iter().collect::<HashSet<_>>().len() != slots.len() {
                return Err(CoordError::Refused("one batch has a slot twice".into()));
            }
            if waits {
                recent_slots::insert(connection, first, &slots).await?;
            } else {
                insert_slots(connection, first, &slots).await?;
            }
        }
        for notice in &advance.notices {
            notice::insert(connection, notice).await?;
        }
        audit::insert(connection, advance.audited()).await?;
        head::insert(connection, &advance.head, advance.keep).await?;
        state::advance(connection, &before, own, &advance.head, &advance.frontier).await?;
        self.transaction.commit().await?;
        if waits && !slots.is_empty() {
            self.recent.extend(first, &slots)?;
        }
        Ok(())
    }
}

/// Whether the step follows the locked head. The caller computed it so; a flipped bit in its memory shows here.
fn follows(committed: &Committed, advance: &Advance) -> Result<(), &'static str> {
    let (before, after) = (&committed.head, &advance.head);
    if before.size.plus(advance.entries.len() as u64) != Some(after.size) {
        return Err("the head does not grow by the entries of its step");
    }
    if after.size == TreeSize::ZERO {
        return Err("a log without entries has no head");
    }
    if after.time_ms <= before.time_ms {
        return Err("the head is not later than the one before");
    }
    if after.size == before.size && after.root != before.root {
        return Err("a tree of one size has one root");
    }
    if advance.frontier.size() != after.size || advance.frontier.root() != after.root {
        return Err("the frontier is not that of the head");
    }
    if advance.keep && committed.kept.is_some_and(|kept| kept.size >= after.size) {
        return Err("the head covers no more entries than the last one that is kept");
    }
    for (seq, notice) in (committed.notices..).zip(&advance.notices) {
        if notice.seq != seq {
            return Err("the notices do not follow one another");
        }
        if notice.index.lies_in(before.size) || !notice.index.lies_in(after.size) {
            return Err("a notice has no entry in the step");
        }
        if Commitment::of_document(&notice.document) != notice.commitment {
            return Err("a notice's commitment is not the hash of its document");
        }
    }
    Ok(())
}
