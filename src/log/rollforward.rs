//! Rolling forward: what the database lacks and the journal has is replayed, step by step.
//!
//! A restored or damaged database is behind its journal. Every replayed step must lead from the database's own tree
//! to the very root that the journal names: so the database was a prefix of what the journal knows.

use super::sequencer::is_kept;
use crate::storage::anchor::{Anchor, AnchorError, AnchorRecord};
use crate::storage::coord::{Advance, Committed, Coord, CoordError, NewEntry, StoredNotice};
use evidence::{ENTRY_LEN, Entry, Kind, Notice, Registry, Slot};
use service::AwsLc;
use tlog::{Growth, Hash, LeafIndex};

/// Replays what the journal has beyond the database; answers how many entries that were.
pub async fn roll_forward(
    coord: &dyn Coord,
    anchor: &dyn Anchor,
    registry: &mut Registry,
) -> Result<u64, CannotRollForward> {
    let mut committed = coord.committed().await?;
    let before = committed.head.size.get();
    let mut records = Vec::new();
    anchor.replay(committed.head.size, &mut |record| {
        records.push(record);
        true
    })?;
    for record in records {
        let advance = step(&committed, &record, registry)?;
        let lock = coord.lock().await?;
        lock.advance(&advance).await?;
        committed = coord.committed().await?;
    }
    Ok(committed.head.size.get() - before)
}

fn step(
    committed: &Committed,
    record: &AnchorRecord,
    registry: &mut Registry,
) -> Result<Advance, CannotRollForward> {
    if record.first != committed.head.size {
        return Err(CannotRollForward::Gap {
            have: committed.head.size.get(),
            next: record.first.get(),
        });
    }
    let leaves: Vec<Hash> = record
        .entries
        .chunks_exact(ENTRY_LEN)
        .map(Hash::of_leaf)
        .collect();
    let growth = Growth::new(&committed.frontier, leaves);
    if growth.root() != record.head.root || growth.after() != record.head.size {
        return Err(CannotRollForward::OtherHistory(record.head.size.get()));
    }
    let mut documents = record.notices.iter();
    let (mut entries, mut notices) = (Vec::new(), Vec::new());
    for (index, bytes) in (record.first.get()..).zip(record.entries.chunks_exact(ENTRY_LEN)) {
        let index = LeafIndex::new(index);
        let entry = Entry::parse(bytes).map_err(|_| CannotRollForward::Unreadable(index))?;
        if entry.kind() == Kind::Notice {
            let document = documents
                .next()
                .ok_or(CannotRollForward::Unreadable(index))?;
            let notice =
                Notice::parse(document).map_err(|_| CannotRollForward::Unreadable(index))?;
            registry
                .apply(index, &notice, &AwsLc)
                .map_err(|_| CannotRollForward::Unreadable(index))?;
            notices.push(StoredNotice {
                seq: notice.seq(),
                index,
                notice_type: notice.notice_type(),
                commitment: notice.commitment(),
                document: document.clone(),
            });
        }
        let author = registry
            .author_at(&entry, index)
            .map_err(|_| CannotRollForward::Unreadable(index))?;
        let bureau = author.bureau();
        entries.push(NewEntry {
            bytes: entry.to_bytes(),
            slot: Slot::of(&bureau, entry.tag()),
        });
    }
    let keep = is_kept(committed.kept.as_ref(), &record.head);
    Ok(Advance {
        entries,
        notices,
        head: record.head,
        frontier: growth.frontier(),
        keep,
    })
}

/// Why the log stays read-only.
#[derive(Debug, thiserror::Error)]
pub enum CannotRollForward {
    /// Records between the database and the journal are gone.
    #[error(
        "the database ends at size {have} and the journal goes on at {next}: entries between them are missing"
    )]
    Gap {
        /// The database's size.
        have: u64,
        /// Where the journal goes on.
        next: u64,
    },
    /// The database is no prefix of what the journal knows.
    #[error(
        "the database does not lead to the journal's head at size {0}: they hold two different histories"
    )]
    OtherHistory(u64),
    /// A journal record holds something that is no valid entry or notice.
    #[error("the journal's entry {0} cannot be replayed")]
    Unreadable(LeafIndex),
    /// The journal could not be read.
    #[error(transparent)]
    Anchor(#[from] AnchorError),
    /// The database could not be read or written.
    #[error(transparent)]
    Coord(#[from] CoordError),
}
