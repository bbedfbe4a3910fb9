//! Rolling forward: what the database lacks and the journal has is replayed, step by step.
//!
//! A restored or damaged database is behind its journal. Every replayed step must lead from the database's own tree
//! to the very root that the journal names: so the database was a prefix of what the journal knows. An older copy may end
//! where the journal does not begin yet: the entries between lie in full bundles, and count if they lead to the root of
//! the journal's first step.

use super::history::packed;
use super::sequencer::is_kept;
use crate::storage::anchor::{Anchor, AnchorError, AnchorRecord};
use crate::storage::coord::Head;
use crate::storage::coord::{Advance, Committed, Coord, CoordError, NewEntry, StoredNotice};
use crate::storage::objects::{ObjectError, Objects};
use evidence::{
    AuditAction, AuditEvent, AuditSpan, ENTRY_LEN, Entry, Kind, Notice, Registry, Slot,
};
use service::AwsLc;
use tlog::{Bundle, Growth, Hash, LeafIndex, TILE_WIDTH, TreeSize};

/// Bundles replayed in one transaction: 8,192 entries, as many as the largest batch.
const BUNDLES_A_STEP: u64 = 32;

/// Replays what the journal has beyond the database; answers how many entries that were.
pub async fn roll_forward(
    coord: &dyn Coord,
    objects: &dyn Objects,
    anchor: &dyn Anchor,
    registry: &mut Registry,
    now_ms: u64,
) -> Result<u64, CannotRollForward> {
    let mut committed = coord.committed().await?;
    let before = committed.head.size.get();
    let mut records = Vec::new();
    anchor.replay(committed.head.size, &mut |record| {
        records.push(record);
        true
    })?;
    if let Some(first) = records.first()
        && first.first > committed.head.size
    {
        check_bridge(objects, &committed, first).await?;
        committed = bridge(coord, objects, first.first, registry).await?;
    }
    let mut records = records.into_iter().peekable();
    while let Some(record) = records.next() {
        let mut advance = step(&committed, &record, registry)?;
        rows_lost(coord, &mut advance).await?;
        if records.peek().is_none() {
            let size = record.head.size.get();
            let done = AuditEvent::at_size(AuditAction::RollForward, size, now_ms);
            advance.audit.push(done);
        }
        let lock = coord.lock().await?;
        lock.advance(&advance).await?;
        committed = coord.committed().await?;
    }
    Ok(committed.head.size.get() - before)
}

/// A replayed notice may name a head of the audit chain whose rows went with the newer database: that is a row, too, since
/// else nobody could tell it from rows that somebody took out.
async fn rows_lost(coord: &dyn Coord, advance: &mut Advance) -> Result<(), CoordError> {
    for notice in &advance.notices {
        let notice = Notice::parse(&notice.document).ok();
        let span = notice.and_then(|notice| AuditSpan::of(&notice).ok().flatten());
        let Some(span) = span else { continue };
        let named = coord.audit_from(span.count - 1, 1).await?;
        if named.first().map(|row| row.hash) != Some(span.head) {
            let lost = AuditEvent::rows_lost(&span.head, advance.head.time_ms);
            advance.audit.push(lost);
        }
    }
    Ok(())
}

/// Whether the bundles lead from the database to the journal's first step. Nothing is written.
async fn check_bridge(
    objects: &dyn Objects,
    committed: &Committed,
    first: &AnchorRecord,
) -> Result<(), CannotRollForward> {
    let mut frontier = committed.frontier.clone();
    while frontier.size() < first.first {
        let entries = stored(objects, frontier.size(), first.first).await?;
        for (index, bytes) in (frontier.size().get()..).zip(entries.chunks_exact(ENTRY_LEN)) {
            let index = LeafIndex::new(index);
            let entry = Entry::parse(bytes).map_err(|_| CannotRollForward::Unreadable(index))?;
            if entry.kind() == Kind::Notice {
                return Err(CannotRollForward::NoticeLost(index));
            }
            frontier.append(Hash::of_leaf(bytes));
        }
    }
    for bytes in first.entries.chunks_exact(ENTRY_LEN) {
        frontier.append(Hash::of_leaf(bytes));
    }
    if frontier.root() == first.head.root && frontier.size() == first.head.size {
        Ok(())
    } else {
        Err(CannotRollForward::OtherHistory(first.head.size.get()))
    }
}

/// Replays the bundles up to this size. The heads between are nobody's: each is later than the one before, none is signed.
async fn bridge(
    coord: &dyn Coord,
    objects: &dyn Objects,
    to: TreeSize,
    registry: &mut Registry,
) -> Result<Committed, CannotRollForward> {
    let mut committed = coord.committed().await?;
    while committed.head.size < to {
        let at = committed.head.size;
        let mut entries = Vec::new();
        for _ in 0..BUNDLES_A_STEP {
            let read = at.get() + (entries.len() / ENTRY_LEN) as u64;
            let from = TreeSize::new(read).map_err(|_| CannotRollForward::OtherHistory(read))?;
            if from < to {
                entries.extend(stored(objects, from, to).await?);
            }
        }
        let leaves = entries.chunks_exact(ENTRY_LEN).map(Hash::of_leaf).collect();
        let growth = Growth::new(&committed.frontier, leaves);
        let record = AnchorRecord {
            first: at,
            entries,
            notices: Vec::new(),
            head: Head {
                size: growth.after(),
                root: growth.root(),
                time_ms: committed.head.time_ms + 1,
            },
        };
        let advance = Advance {
            keep: false,
            ..step(&committed, &record, registry)?
        };
        coord.lock().await?.advance(&advance).await?;
        committed = coord.committed().await?;
    }
    Ok(committed)
}

/// The entries from here to the end of their bundle, or to `to` if that comes first.
async fn stored(
    objects: &dyn Objects,
    from: TreeSize,
    to: TreeSize,
) -> Result<Vec<u8>, CannotRollForward> {
    let gap = || CannotRollForward::Gap {
        have: from.get(),
        next: to.get(),
    };
    let (index, skip) = (from.get() / TILE_WIDTH, from.get() % TILE_WIDTH);
    let bundle = Bundle::new(index, 256).map_err(|_| gap())?;
    let framed = objects.get(&bundle.path()).await?.ok_or_else(gap)?;
    let entries = packed(&framed).ok_or_else(gap)?;
    let until = (to.get() - index * TILE_WIDTH).min(TILE_WIDTH);
    let place = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX) * ENTRY_LEN;
    let wanted = entries.get(place(skip)..place(until)).ok_or_else(gap)?;
    Ok(wanted.to_vec())
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
    let mut audit = Vec::new();
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
            if registry.ended_at() == Some(index) {
                let (before, time_ms) = (committed.head.size.get(), record.head.time_ms);
                audit.push(AuditEvent::at_size(AuditAction::End, before, time_ms));
            }
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
        keep: keep || !audit.is_empty(),
        audit,
    })
}

/// Why the log stays read-only.
#[derive(Debug, thiserror::Error)]
pub enum CannotRollForward {
    /// Records between the database and the journal are gone.
    #[error(
        "the database ends at size {have} and the journal goes on at {next}: entries between them are in neither, and the \
         tiles lack them"
    )]
    Gap {
        /// The database's size.
        have: u64,
        /// Where the journal goes on.
        next: u64,
    },
    /// An entry between database and journal is a notice: its document lies in no tile.
    #[error(
        "entry {0} is a notice that neither the database nor the journal holds any more: a newer database is needed"
    )]
    NoticeLost(LeafIndex),
    /// The database is no prefix of what the journal knows.
    #[error(
        "the database does not lead to the journal's head at size {0}: they hold two different histories"
    )]
    OtherHistory(u64),
    /// A journal record holds something that is no valid entry or notice.
    #[error("the journal's entry {0} cannot be replayed")]
    Unreadable(LeafIndex),
    /// The tiles could not be read.
    #[error(transparent)]
    Objects(#[from] ObjectError),
    /// The journal could not be read.
    #[error(transparent)]
    Anchor(#[from] AnchorError),
    /// The database could not be read or written.
    #[error(transparent)]
    Coord(#[from] CoordError),
}
