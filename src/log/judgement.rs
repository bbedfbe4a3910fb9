//! The judgement: what it means when a witness says that a head of ours does not follow.
//!
//! A status code is a claim. The only proof is a note under our own key, and it is compared with the tree that the
//! store holds now: a process that asked while another one committed must not halt itself.

use super::history::{History, HistoryError};
use crate::storage::coord::{Coord, CoordError};
use crate::witnesses::Witness;
use service::AwsLc;
use tlog::{Note, SignatureLine, SignedCheckpoint, TreeSize, Vkey};

/// What a witness could show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// Nothing that stands against us: it counts as silent, because of this.
    Silent(String),
    /// A head of ours that our tree contains: it recorded this size.
    Consistent(TreeSize),
    /// A head that we signed and have lost: its size is beyond our tree.
    Behind(TreeSize),
    /// A head that we signed and that our tree contradicts: the text with our own lines.
    Contradicts {
        /// Its size.
        size: TreeSize,
        /// The note: the checkpoint and the log's lines alone.
        note: Note,
    },
}

/// Asks the witness what it can show, and compares.
pub async fn judge(
    witness: &dyn Witness,
    log_keys: &[Vkey],
    history: &History,
    coord: &dyn Coord,
) -> Result<Judgement, NotJudged> {
    let note = match witness.shown().await {
        Ok(Some(note)) => note,
        Ok(None) => {
            return Ok(Judgement::Silent(
                "it claims that our head does not follow, and shows no checkpoint".to_owned(),
            ));
        }
        Err(silence) => return Ok(Judgement::Silent(silence.to_string())),
    };
    against(&note, log_keys, history, coord).await
}

/// Compares a note with the tree that the store holds now.
pub async fn against(
    note: &Note,
    log_keys: &[Vkey],
    history: &History,
    coord: &dyn Coord,
) -> Result<Judgement, NotJudged> {
    let Ok(signed) = SignedCheckpoint::open(note, log_keys, &AwsLc) else {
        return Ok(Judgement::Silent(
            "it shows a checkpoint that this log did not sign".to_owned(),
        ));
    };
    let (size, root) = (signed.checkpoint().size(), signed.checkpoint().root());
    let committed = coord.committed().await?;
    if size > committed.head.size {
        return Ok(Judgement::Behind(size));
    }
    if size > history.size() {
        return Ok(Judgement::Silent(
            "our own memory is behind our store".to_owned(),
        ));
    }
    if history.root(size).await? == root {
        return Ok(Judgement::Consistent(size));
    }
    Ok(Judgement::Contradicts {
        size,
        note: with_lines_of(note, log_keys),
    })
}

/// The note with the lines of these keys alone.
pub(super) fn with_lines_of(note: &Note, keys: &[Vkey]) -> Note {
    let is_theirs = |line: &&SignatureLine| {
        keys.iter()
            .any(|key| key.name() == line.name() && key.id() == line.id())
    };
    let lines = note.lines().iter().filter(is_theirs).cloned().collect();
    Note::new(note.text(), lines).unwrap_or_else(|_| note.clone())
}

/// Our own store could not be read: nothing is decided.
#[derive(Debug, thiserror::Error)]
pub enum NotJudged {
    /// The database.
    #[error(transparent)]
    Coord(#[from] CoordError),
    /// The tiles.
    #[error(transparent)]
    History(#[from] HistoryError),
}
