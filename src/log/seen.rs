//! What each witness cosigned last, kept over restarts: the log remembers for a witness what that one may have forgotten.
//!
//! It is written behind the head, some seconds late: an older cosignature than the newest is one that the witness knows
//! too. What is read back is believed no more than what comes from the network.

use super::witnessing::Witnessing;
use crate::storage::coord::{Coord, CoordError, Seen};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tlog::{Checkpoint, Note, Origin};
use tokio::time::Instant;

/// How often it is stored at most: one small transaction beside hundreds of commits, whatever the load.
const STORE_EVERY: Duration = Duration::from_secs(5);

/// What was heard of the witnesses and is not stored yet. Only verified lines get here.
pub struct SeenStore {
    coord: Arc<dyn Coord>,
    /// By witness, in the order of the policy.
    unsaved: BTreeMap<usize, Seen>,
    stored_at: Option<Instant>,
}

impl SeenStore {
    /// Nothing was heard yet.
    pub fn new(coord: Arc<dyn Coord>) -> Self {
        Self {
            coord,
            unsaved: BTreeMap::new(),
            stored_at: None,
        }
    }

    /// Keeps what this witness cosigned last.
    pub fn keep(&mut self, witness: usize, seen: Seen) {
        self.unsaved.insert(witness, seen);
    }

    /// When something has to be stored; never while there is nothing.
    pub fn due_at(&self) -> Option<Instant> {
        let begun = || Instant::now();
        (!self.unsaved.is_empty()).then(|| self.stored_at.map_or_else(begun, |at| at + STORE_EVERY))
    }

    /// Stores what is due, without being waited for.
    pub fn store_if_due(&mut self) {
        if self.due_at().is_some_and(|due| due <= Instant::now()) {
            self.stored_at = Some(Instant::now());
            let (coord, unsaved) = (Arc::clone(&self.coord), std::mem::take(&mut self.unsaved));
            tokio::spawn(async move { store(coord.as_ref(), unsaved).await });
        }
    }

    /// Stores what is left, at the end.
    pub async fn store_rest(&mut self) {
        let unsaved = std::mem::take(&mut self.unsaved);
        store(self.coord.as_ref(), unsaved).await;
    }
}

async fn store(coord: &dyn Coord, unsaved: BTreeMap<usize, Seen>) {
    let seen: Vec<Seen> = unsaved.into_values().collect();
    if !seen.is_empty()
        && let Err(error) = coord.store_seen(&seen).await
    {
        tracing::warn!(%error, "What the witnesses cosigned last could not be stored; their next cosignatures will be.");
    }
}

/// Puts what is stored of the witnesses on the board. Of a witness that the policy does not name nothing is shown.
pub async fn recall(
    witnessing: &Witnessing,
    origin: &Origin,
    coord: &dyn Coord,
) -> Result<(), CoordError> {
    for seen in coord.seen().await? {
        let Some(witness) = witnessing.quorum.operator_by_key(&seen.key_hash) else {
            continue;
        };
        match own_lines(witnessing, witness, origin, &seen) {
            Some(note) => witnessing.board.recall(witness, &note),
            None => tracing::warn!(
                witness = %witnessing.quorum.operators()[witness].name,
                "What is stored of a witness does not verify and is not shown."
            ),
        }
    }
    Ok(())
}

/// The note under those of its lines that are this witness's cosignatures of a checkpoint of this log.
fn own_lines(
    witnessing: &Witnessing,
    witness: usize,
    origin: &Origin,
    seen: &Seen,
) -> Option<Note> {
    let note = Note::parse(seen.note.as_bytes()).ok()?;
    let checkpoint = Checkpoint::parse(note.text()).ok()?;
    if checkpoint.origin() != origin.as_str() {
        return None;
    }
    let (text, lines) = (note.text(), note.lines().to_vec());
    let lines = witnessing
        .quorum
        .verified(witness, &checkpoint, text, lines);
    let lines: Vec<_> = lines.into_iter().map(|(_, line)| line).collect();
    (!lines.is_empty()).then(|| Note::new(text, lines).ok())?
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on must panic")]
mod tests {
    use crate::http::quotas::{QuotaRates, Quotas};
    use crate::http::router;
    use crate::log::Log;
    use crate::log::five_witnesses::{Witnesses, newest_cosigned_by, until, witnessed};
    use crate::log::house::House;
    use crate::storage::coord::{Coord as _, Seen};
    use crate::witnesses::simulated::Manner;
    use axum::body::Body;
    use axum::http::Request;
    use std::sync::Arc;
    use tlog::{Hash, Note, Vkey};
    use tower::ServiceExt as _;

    /// What is kept of this witness, as it asks for it.
    async fn kept(log: &Arc<Log>, vkey: &Vkey) -> Option<Note> {
        let (key, origin) = (key_hash(vkey), log.origin_hash().as_bytes());
        let path = format!(
            "/v1/seen/{}/{}",
            hex::encode(key.as_bytes()),
            hex::encode(origin)
        );
        let request = Request::get(path).body(Body::empty()).unwrap();
        let doors = router(log, Quotas::new(QuotaRates::default()));
        let response = doors.oneshot(request).await.unwrap();
        let is_there = response.status() == 200;
        let body = axum::body::to_bytes(response.into_body(), 1 << 20)
            .await
            .unwrap();
        is_there.then(|| Note::parse(&body).unwrap())
    }

    fn key_hash(vkey: &Vkey) -> Hash {
        Hash::of(vkey.to_string().as_bytes())
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_restarted_log_shows_a_witness_what_it_cosigned_last() {
        let house = House::new().await;
        let witnesses = Witnesses::of(&house);
        let out = witnesses.0[4].vkey().clone();
        let before = witnesses
            .serve(&house, async |log| {
                until(log, "all cosigned", |log| {
                    let standings = log.witnessing().unwrap().board.standings();
                    standings.iter().all(|standing| standing.seen.is_some())
                })
                .await;
                let before = kept(log, &out).await.unwrap();
                witnesses.behave(&[4], &Manner::Off);
                witnessed(&house, &witnesses, log, 1).await;
                before
            })
            .await;
        // Also before the gate: log and witness may start together.
        let runner = house.runner_with(Some(witnesses.witnessing(&house))).await;
        assert_eq!(kept(&runner.log(), &out).await.as_ref(), Some(&before));
        drop(runner);
        witnesses
            .serve(&house, async |log| {
                let publisher = Arc::clone(&log.heart().publisher);
                witnessed(&house, &witnesses, log, 2).await;
                until(log, "nothing is withheld", |_| !publisher.is_withholding()).await;
                assert_eq!(kept(log, &out).await, Some(before));
                // A cosignature that comes late shows the head anew, and nothing is withheld again.
                newest_cosigned_by(4, log).await;
                publisher.withhold();
                assert_eq!(kept(log, &out).await, None, "the store may have gone back");
                log.status().halt("the store went back");
                assert_eq!(kept(log, &out).await, None);
                let heard = kept(log, witnesses.0[0].vkey()).await;
                assert!(heard.is_some(), "what this process heard itself is shown");
            })
            .await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_is_stored_and_does_not_verify_is_not_shown() {
        let house = House::new().await;
        let witnesses = Witnesses::of(&house);
        let seen = witnesses
            .serve(&house, async |log| {
                until(log, "all cosigned", |log| {
                    let standings = log.witnessing().unwrap().board.standings();
                    standings.iter().all(|standing| standing.seen.is_some())
                })
                .await;
                kept(log, witnesses.0[0].vkey()).await.unwrap()
            })
            .await;
        let head = house.coord().await.committed().await.unwrap().head;
        let theirs = witnesses.0[1].vkey();
        house
            .coord()
            .await
            .store_seen(&[Seen {
                key_hash: key_hash(theirs),
                head,
                // Another witness's line.
                note: seen.to_string(),
            }])
            .await
            .unwrap();
        witnesses.behave(&[0, 1], &Manner::Off);
        house
            .run_with(Some(witnesses.witnessing(&house)), async |log| {
                assert!(kept(log, witnesses.0[0].vkey()).await.is_some());
                assert_eq!(kept(log, theirs).await, None);
            })
            .await;
    }
}
