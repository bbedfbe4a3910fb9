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

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on must panic")]
mod tests {
    use super::{Judgement, against};
    use crate::log::five_witnesses::{Witnesses, serves, size, witnessed};
    use crate::log::house::House;
    use crate::signer::Signer as _;
    use std::sync::Arc;
    use tlog::Note;

    /// A log that has logged as many records more; the newest note that was published, and what this process knows.
    async fn grown(
        house: &House,
        witnesses: &Witnesses,
        numbers: std::ops::Range<u32>,
    ) -> (Note, Arc<crate::log::history::History>) {
        house
            .run_with(Some(witnesses.witnessing(house)), async |log| {
                serves(log).await;
                for number in numbers {
                    witnessed(house, witnesses, log, number).await;
                }
                let heart = log.heart();
                let newest = heart.publisher.newest().unwrap();
                (newest.note.clone(), Arc::clone(&heart.history))
            })
            .await
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_standby_that_asks_while_the_leader_commits_finds_nothing_against_itself() {
        let house = House::new().await;
        let witnesses = Witnesses::of(&house);
        let vkeys = house.signer().vkeys().clone();
        let copy = house.copy();
        let (before, standby) = grown(&house, &witnesses, 1..2).await;
        // The leader goes on in the same store, of which the standby remembers what it was.
        let (after, leader) = grown(&house, &witnesses, 2..4).await;
        let coord = house.coord().await;
        let judged = |note, history| {
            let (vkeys, coord) = (&vkeys, &coord);
            async move { against(note, vkeys, history, coord).await.unwrap() }
        };
        assert_eq!(
            judged(&before, &standby).await,
            Judgement::Consistent(size(3))
        );
        assert_eq!(
            judged(&after, &leader).await,
            Judgement::Consistent(size(5))
        );
        let late = judged(&after, &standby).await;
        assert!(matches!(late, Judgement::Silent(_)), "{late:?}");

        // Only a head that the store does not have, or contradicts, stands against it.
        let (theirs, elsewhere) = (Witnesses::of(&copy), copy.coord().await);
        let (forked, its_history) = grown(&copy, &theirs, 7..8).await;
        let Judgement::Contradicts { size: at, note } = judged(&forked, &leader).await else {
            panic!("another history of the same size");
        };
        assert_eq!((at, note.lines().len()), (size(3), 3), "our lines alone");
        let behind = against(&after, &vkeys, &its_history, &elsewhere).await;
        assert_eq!(behind.unwrap(), Judgement::Behind(size(5)));
    }
}
