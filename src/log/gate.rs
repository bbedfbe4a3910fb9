//! The start-up gate: before anything is signed, a quorum of the witnesses must have seen nothing that this store lacks.
//!
//! Each is shown the newest note that is stored here, which gives away nothing: it was published. Whoever recorded a
//! later head of ours shows what our store lost. Nothing could be published with fewer witnesses than a quorum, so as
//! many consistent answers open the gate; the others are asked at the same time and have as long as an answer may take.

use super::cosigner::behind;
use super::history::History;
use super::judgement::{Judgement, NotJudged, against, judge, with_lines_of};
use super::publisher::Publisher;
use super::status::Status;
use super::witnessing::Witnessing;
use crate::storage::coord::Coord;
use crate::witnesses::{Answer, Witness};
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use std::time::Duration;
use tlog::{AddCheckpoint, Checkpoint, Note, TreeSize, Vkey};

/// The pause before witnesses that did not answer are asked again.
const ASK_AGAIN: Duration = Duration::from_millis(500);

/// What opens the gate.
#[derive(Debug)]
pub struct Passed {
    /// For each witness the size that it recorded, as far as it told.
    pub recorded: Vec<TreeSize>,
    /// What the witnesses were shown; none while nothing was ever published.
    pub(super) stored: Option<Stored>,
}

/// Why the gate stays shut for good; the status says so already.
#[derive(Debug)]
pub struct Shut;

/// Asks the witnesses until a quorum is consistent. Reads go on meanwhile, and the status says what is awaited.
pub async fn pass(
    witnessing: &Witnessing,
    publisher: &Publisher,
    history: &History,
    coord: &dyn Coord,
    status: &Status,
) -> Result<Result<Passed, Shut>, NotJudged> {
    #[cfg(test)]
    if super::historical_bug::HistoricalBug::NobodyIsAskedAfterARestore.is_active() {
        let recorded = vec![TreeSize::ZERO; witnessing.witnesses.len()];
        return Ok(Ok(Passed {
            recorded,
            stored: None,
        }));
    }
    let vkeys = publisher.signer().vkeys();
    let stored = Stored::read(coord, vkeys).await?;
    let mut recorded: Vec<Option<TreeSize>> = vec![None; witnessing.witnesses.len()];
    loop {
        status.wait(witnessing.board.awaited());
        let mut answers: FuturesUnordered<_> = (recorded.iter().enumerate())
            .filter(|(_, recorded)| recorded.is_none())
            .map(|(place, _)| {
                let (witness, stored) = (&witnessing.witnesses[place], stored.as_ref());
                async move {
                    let answer = consult(witness.as_ref(), stored, vkeys, history, coord).await;
                    (place, answer)
                }
            })
            .collect();
        while let Some((place, answer)) = answers.next().await {
            match answer? {
                Judgement::Consistent(size) => {
                    recorded[place] = Some(size);
                    witnessing.board.is_consistent(place);
                }
                Judgement::Silent(why) => witnessing.board.silent(place, &why),
                Judgement::Behind(size) => {
                    status.halt(behind(size));
                    return Ok(Err(Shut));
                }
                Judgement::Contradicts { size, note } => {
                    // Only what was signed can contradict: the note that is stored here was.
                    match &stored {
                        Some(ours) if ours.size >= size => status.freeze(&note, &ours.note),
                        _ => status.halt(behind(size)),
                    }
                    return Ok(Err(Shut));
                }
            }
        }
        drop(answers);
        let consistent: Vec<bool> = recorded.iter().map(Option::is_some).collect();
        if witnessing.quorum.is_met_by_operators(&consistent) {
            let seen = recorded.iter().flatten().max().copied();
            if seen > stored.as_ref().map(|stored| stored.size) && publisher.newest().is_some() {
                publisher.withhold();
            }
            let recorded = recorded
                .into_iter()
                .map(|size| size.unwrap_or(TreeSize::ZERO));
            return Ok(Ok(Passed {
                recorded: recorded.collect(),
                stored,
            }));
        }
        tokio::time::sleep(ASK_AGAIN).await;
    }
}

/// The newest note that was published and stored.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) size: TreeSize,
    pub(super) note: Note,
    request: AddCheckpoint,
}

impl Stored {
    async fn read(coord: &dyn Coord, vkeys: &[Vkey]) -> Result<Option<Self>, NotJudged> {
        let newest = coord.witnessed().await?.newest;
        let text = newest.and_then(|kept| kept.note);
        let note = text.and_then(|text| Note::parse(text.as_bytes()).ok());
        Ok(note.and_then(|note| {
            let size = Checkpoint::parse(note.text()).ok()?.size();
            // A witness that recorded this very head needs no proof; any other says what it recorded.
            let request = AddCheckpoint::new(size, Vec::new(), with_lines_of(&note, vkeys)).ok()?;
            Some(Self {
                size,
                note,
                request,
            })
        }))
    }
}

/// What one witness has to say about our store.
async fn consult(
    witness: &dyn Witness,
    stored: Option<&Stored>,
    vkeys: &[Vkey],
    history: &History,
    coord: &dyn Coord,
) -> Result<Judgement, NotJudged> {
    let Some(stored) = stored else {
        return match witness.shown().await {
            Ok(None) => Ok(Judgement::Consistent(TreeSize::ZERO)),
            Ok(Some(note)) => against(&note, vkeys, history, coord).await,
            Err(silence) => Ok(Judgement::Silent(silence.to_string())),
        };
    };
    match witness.add_checkpoint(&stored.request).await {
        Ok(Answer::Cosigned(_)) => Ok(Judgement::Consistent(stored.size)),
        Ok(Answer::Recorded(Some(size))) if size < stored.size => Ok(Judgement::Consistent(size)),
        Ok(Answer::Recorded(_) | Answer::DoesNotFollow) => {
            judge(witness, vkeys, history, coord).await
        }
        Ok(Answer::Status(404)) => Ok(Judgement::Silent("it does not know this log".to_owned())),
        Ok(Answer::Status(status)) => Ok(Judgement::Silent(format!(
            "it answered with status {status}"
        ))),
        Err(silence) => Ok(Judgement::Silent(silence.to_string())),
    }
}
