//! The first entry of a log: its genesis notice, which names its keys and its admins.

use super::pool::Candidate;
use super::second_path::SecondPath;
use super::sequencer::anchor_record;
use super::start::fresh_incarnation;
use crate::clock::Clock;
use crate::signer::{SignError, Signer};
use crate::storage::anchor::{Anchor, AnchorError};
use crate::storage::coord::{Advance, Coord, CoordError, Head, NewEntry, StoredNotice};
use evidence::{BureauId, KeyHash, Kind, Notice, Slot, Tag, UnsignedEntry};
use tlog::{Frontier, Growth, Hash, LeafIndex, TreeSize};

/// Logs the genesis notice as entry 0 of an empty log: committed, anchored and checked as every later step.
pub async fn log_genesis(
    notice: &Notice,
    coord: &dyn Coord,
    anchor: &mut dyn Anchor,
    signer: &dyn Signer,
    clock: &dyn Clock,
) -> Result<Head, GenesisError> {
    let entry = signer.sign_entry(&notice_entry(notice, signer.entry_spki()))?;
    let bytes = entry.to_bytes();
    let slot = Slot::of(&BureauId::new(*entry.key_id()), entry.tag());
    let growth = Growth::new(&Frontier::empty(), vec![Hash::of_leaf(&bytes)]);
    let head = Head {
        size: growth.after(),
        root: growth.root(),
        time_ms: clock.now_ms().max(1),
    };
    let stored = StoredNotice {
        seq: notice.seq(),
        index: LeafIndex::new(0),
        notice_type: notice.notice_type(),
        commitment: notice.commitment(),
        document: notice.to_bytes(),
    };
    let entries = vec![NewEntry { bytes, slot }];
    let advance = Advance {
        entries,
        notices: vec![stored],
        head,
        frontier: growth.frontier(),
        keep: true,
        audit: vec![],
    };
    coord.open(fresh_incarnation()?, None).await?;
    let lock = coord.lock().await?;
    if lock.committed().head.size != TreeSize::ZERO {
        return Err(GenesisError::NotEmpty);
    }
    lock.advance(&advance).await?;
    anchor.append(&anchor_record(TreeSize::ZERO, &advance))?;
    let mut second_path = SecondPath::default();
    let read_back = coord.read_back(LeafIndex::new(0), head.size).await?;
    second_path
        .extend(&read_back)
        .and_then(|()| second_path.vouch(&head))
        .map_err(|_| GenesisError::NotReadBack)?;
    Ok(head)
}

/// The entry that carries a notice: by the log's own entry key, its tag from the document.
pub fn notice_entry(notice: &Notice, entry_spki: &[u8]) -> UnsignedEntry {
    let commitment = notice.commitment();
    UnsignedEntry {
        kind: Kind::Notice,
        key_id: KeyHash::of_spki(entry_spki),
        tag: Tag::of_notice(&commitment),
        commitment,
    }
}

/// The entry that carries a notice, signed, ready for the pool.
pub fn notice_candidate(notice: Notice, signer: &dyn Signer) -> Result<Candidate, SignError> {
    let entry = signer.sign_entry(&notice_entry(&notice, signer.entry_spki()))?;
    Ok(Candidate {
        bytes: entry.to_bytes(),
        slot: Slot::of(&BureauId::new(*entry.key_id()), entry.tag()),
        entry,
        notice: Some(notice),
    })
}

/// Why no genesis could be logged.
#[derive(Debug, thiserror::Error)]
pub enum GenesisError {
    /// The database holds a log already.
    #[error("the database holds a log already")]
    NotEmpty,
    /// What came back from the store is something else.
    #[error("the genesis notice could not be read back from the database as it was written")]
    NotReadBack,
    /// The database.
    #[error(transparent)]
    Coord(#[from] CoordError),
    /// The journal.
    #[error(transparent)]
    Anchor(#[from] AnchorError),
    /// The keys.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// No randomness.
    #[error(transparent)]
    Random(#[from] getrandom::Error),
}
