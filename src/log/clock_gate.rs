//! The clock gate: before a log with witnesses signs, a quorum of them must not find its clock far ahead.
//!
//! Each is asked to cosign once more a head that was published already, which gives away nothing; the time of the new
//! cosignature is its clock. What a witness signed earlier does not count: a log that was off for a week would be a week
//! ahead of it. One witness whose clock is wrong changes nothing: it is the median that counts.

use super::clock_watch::ClockWatch;
use super::gate::Stored;
use super::history::History;
use super::judgement::with_lines_of;
use super::status::Status;
use super::witnessing::Witnessing;
use crate::metrics::Metrics;
use crate::witnesses::Answer;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use std::time::Duration;
use tlog::{AddCheckpoint, Checkpoint, TreeSize, Vkey};

/// So far the clock may be ahead of the witnesses': machines with a time daemon differ by less than a second, those without
/// by minutes, and after a head that is so early the log has its right time again in five minutes.
pub const AHEAD_MAX_MS: u64 = 300_000;
/// The pause before clock and witnesses are looked at again.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// What the gate looks at.
pub struct ClockGate<'a> {
    /// The clock.
    pub watch: &'a ClockWatch,
    /// Whose clocks it is compared with.
    pub witnessing: &'a Witnessing,
    /// The log's keys.
    pub vkeys: &'a [Vkey],
    /// For the proofs.
    pub history: &'a History,
    /// Says what is awaited.
    pub status: &'a Status,
    /// Shows it too.
    pub metrics: &'a Metrics,
}

impl ClockGate<'_> {
    /// Waits until the clock may be signed: at a start until the witnesses' clocks confirm it, later also until it was
    /// set back. `recorded` are the sizes that the witnesses have; while nothing was ever published there is nothing that
    /// they could cosign again, and nobody is asked.
    pub(super) async fn pass(&self, stored: Option<&Stored>, recorded: &mut [TreeSize]) {
        let Some(stored) = stored else {
            return self.watch.confirm(self.watch.shown_ms());
        };
        while !self.watch.is_confirmed() {
            match self.median(stored, recorded).await {
                Some(median_s) => {
                    let now_ms = self.watch.shown_ms();
                    let ahead_ms = now_ms.saturating_sub(median_s.saturating_mul(1000));
                    if ahead_ms <= AHEAD_MAX_MS {
                        self.watch.confirm(now_ms);
                        break;
                    }
                    self.say(format!(
                        "the machine's clock is {} s ahead of its witnesses' clocks, and nothing is signed, since no \
                         head could be earlier again. Set the clock right: the log goes on by itself",
                        ahead_ms / 1000
                    ));
                }
                None => self.say(format!(
                    "the clocks of a quorum of the witnesses, with which this machine's is compared before anything is \
                     signed; {}",
                    self.witnessing.board.awaited()
                )),
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        self.metrics.clock_ahead.set(0);
    }

    fn say(&self, why: String) {
        self.metrics.clock_ahead.set(1);
        self.status.wait_for_clock(why);
    }

    /// The median of what the clocks of a quorum show now, in seconds since 1970; none while too few tell.
    async fn median(&self, stored: &Stored, recorded: &mut [TreeSize]) -> Option<u64> {
        let mut clocks: Vec<Option<u64>> = vec![None; recorded.len()];
        let mut answers: FuturesUnordered<_> = (recorded.iter().enumerate())
            .map(|(place, size)| async move { (place, self.ask(place, *size, stored).await) })
            .collect();
        let mut told = Vec::new();
        while let Some((place, answer)) = answers.next().await {
            match answer {
                Some(Told::Time(seconds)) => clocks[place] = Some(seconds),
                Some(Told::Size(size)) => told.push((place, size)),
                None => {}
            }
            let have: Vec<bool> = clocks.iter().map(Option::is_some).collect();
            if self.witnessing.quorum.is_met_by_operators(&have) {
                let mut seconds: Vec<u64> = clocks.into_iter().flatten().collect();
                seconds.sort_unstable();
                return seconds.get(seconds.len() / 2).copied();
            }
        }
        drop(answers);
        for (place, size) in told {
            recorded[place] = size;
        }
        None
    }

    /// Asks a witness to cosign again what it has, or to come forward to what was published.
    async fn ask(&self, place: usize, recorded: TreeSize, stored: &Stored) -> Option<Told> {
        let witness = self.witnessing.witnesses.get(place)?;
        let (old, note) = if recorded > stored.size {
            let shown = witness.shown().await.ok()??;
            (Checkpoint::parse(shown.text()).ok()?.size(), shown)
        } else {
            (recorded, stored.note.clone())
        };
        let checkpoint = Checkpoint::parse(note.text()).ok()?;
        let size = checkpoint.size();
        let proof = if old == TreeSize::ZERO || old == size {
            Vec::new()
        } else {
            self.history.consistency_proof(old, size).await.ok()?
        };
        let request = AddCheckpoint::new(old, proof, with_lines_of(&note, self.vkeys)).ok()?;
        match witness.add_checkpoint(&request).await {
            Ok(Answer::Cosigned(lines)) => {
                let quorum = &self.witnessing.quorum;
                let time = quorum.time_of(place, &checkpoint, note.text(), lines);
                time.map(Told::Time)
            }
            Ok(Answer::Recorded(Some(size))) => Some(Told::Size(size)),
            _ => None,
        }
    }
}

/// What a witness told.
enum Told {
    /// Its clock, in seconds since 1970.
    Time(u64),
    /// That it has another size.
    Size(TreeSize),
}

#[cfg(test)]
mod tests;
