//! The observer: what anybody brings, a citizen's page, a monitor, a peer. A head that they were shown, or a proof.

use crate::clock::Clock;
use crate::dispute::Disputes;
use crate::docket::{Docket, Kept, NotKept};
use crate::examiner::{Examiner, Finding, Why};
use crate::known_log::{KnownLog, LogId};
use crate::roster::{Roster, RosterKeeper};
use crate::sighting::{NotSeen, SIGHTING_BYTES_MAX, Sighting};
use service::{Exceeded, Network, Quota, Rate};
use std::num::NonZeroU32;
use std::sync::Arc;
use tlog::{
    AddCheckpoint, MalformedAddCheckpoint, MalformedCheckpoint, MalformedMisbehavior,
    MisbehaviorProof, Note,
};
use tokio::sync::Semaphore;

/// What an address may bring: a page that was shown a head, and a monitor of some logs.
pub const ADDRESS_RATE: Rate = Rate {
    per_second: NonZeroU32::new(2).expect("not zero"),
    burst: NonZeroU32::new(40).expect("not zero"),
};

/// What may be brought of one log by all together: each may cost some tiles of that log.
pub const LOG_RATE: Rate = Rate {
    per_second: NonZeroU32::new(10).expect("not zero"),
    burst: NonZeroU32::new(100).expect("not zero"),
};

/// What is looked at at one time; more are told to come again.
const AT_WORK_MAX: usize = 16;

/// Takes what anybody brings.
pub struct Observer {
    roster: Arc<RosterKeeper>,
    examiner: Arc<Examiner>,
    docket: Arc<Docket>,
    disputes: Arc<Disputes>,
    clock: Arc<dyn Clock>,
    of_address: Quota<Network>,
    of_log: Quota<LogId>,
    at_work: Semaphore,
}

impl Observer {
    /// With all quotas whole.
    pub fn new(
        roster: Arc<RosterKeeper>,
        examiner: Arc<Examiner>,
        docket: Arc<Docket>,
        disputes: Arc<Disputes>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            roster,
            examiner,
            docket,
            disputes,
            clock,
            of_address: Quota::new("observe-address", ADDRESS_RATE),
            of_log: Quota::new("observe-log", LOG_RATE),
            at_work: Semaphore::new(AT_WORK_MAX),
        }
    }

    /// Takes a head: a checkpoint, or what a log sends to a witness (c2sp.org/tlog-witness, add-checkpoint), whose proof
    /// may join two heads that stand apart. What contradicts is on disk when this returns.
    pub async fn observe(&self, body: &[u8], from: Network) -> Result<Observed, NotObserved> {
        self.of_address.take(&from, NonZeroU32::MIN)?;
        let brought = Brought::read(body)?;
        let roster = self.roster.roster();
        let log = roster.by_origin(&brought.origin).map(Arc::clone);
        let log = log.ok_or(NotObserved::UnknownLog)?;
        self.of_log.take(&log.enrolled.id, NonZeroU32::MIN)?;
        let _turn = self.at_work.try_acquire().map_err(|_| NotObserved::Busy)?;
        let seen = Sighting::of(&log, &brought.note)?;
        let finding = match self.joined(&log, &seen, &brought).await {
            Some(finding) => finding,
            None => self.examiner.examine(&log, &seen).await,
        };
        self.take_up(&log, &seen, &finding);
        Ok(Observed { log, finding })
    }

    /// Takes a proof of misbehaviour that concerns this log. It is on disk when this returns.
    pub async fn accuse(
        &self,
        origin_hash: &str,
        body: &[u8],
        from: Network,
    ) -> Result<Kept, NotAccused> {
        self.of_address.take(&from, NonZeroU32::MIN)?;
        let roster: Arc<Roster> = self.roster.roster();
        let log = roster.by_hash(origin_hash).ok_or(NotAccused::UnknownLog)?;
        let proof = MisbehaviorProof::parse(body).map_err(NotAccused::Malformed)?;
        self.of_log.take(&log.enrolled.id, NonZeroU32::MIN)?;
        let _turn = self.at_work.try_acquire().map_err(|_| NotAccused::Busy)?;
        self.docket
            .keep(log, &proof)
            .await
            .map_err(NotAccused::NotKept)
    }

    /// Notes what became of a head: a dispute is opened, looked at once more, or closed.
    pub fn take_up(&self, log: &KnownLog, seen: &Sighting, finding: &Finding) {
        let (id, origin) = (log.enrolled.id, &log.enrolled.origin);
        match finding {
            Finding::Known | Finding::Follows => {
                if self.disputes.close(id, seen) {
                    tracing::info!(
                        log = origin,
                        "A dispute is closed: the two heads are one log."
                    );
                }
            }
            Finding::Uncompared => {}
            Finding::Proven(_) => drop(self.disputes.close(id, seen)),
            Finding::Apart(apart) if apart.why == Why::NoAddress => {}
            Finding::Apart(apart) => {
                let why = apart.why.word();
                let now_s = self.clock.now_s();
                if self.disputes.note(id, seen, apart.clone(), now_s) {
                    tracing::warn!(
                        log = origin,
                        why,
                        "Two heads of the log stand apart, and nobody has joined them: both are shown as a dispute."
                    );
                }
            }
        }
    }

    /// What a proof that came along shows of the heads that stand apart.
    async fn joined(&self, log: &KnownLog, seen: &Sighting, brought: &Brought) -> Option<Finding> {
        let proof = brought.proof.as_ref()?;
        for dispute in self.disputes.all(log.enrolled.id) {
            let of_both = [&dispute.ours, &dispute.theirs];
            let brings_one = of_both
                .iter()
                .any(|head| head.size() == seen.size() && head.root() == seen.root());
            if !brings_one {
                continue;
            }
            let (ours, theirs) = (&dispute.ours, &dispute.theirs);
            if let Some(finding) = self.examiner.by_proof(log, ours, theirs, proof).await {
                self.take_up(log, theirs, &finding);
                return Some(finding);
            }
        }
        None
    }
}

/// What became of a head that was brought.
pub struct Observed {
    /// Its log.
    pub log: Arc<KnownLog>,
    /// What it came to.
    pub finding: Finding,
}

/// A head as somebody brings it.
struct Brought {
    origin: String,
    note: Note,
    proof: Option<Vec<tlog::Hash>>,
}

impl Brought {
    fn read(body: &[u8]) -> Result<Self, NotObserved> {
        if body.len() > SIGHTING_BYTES_MAX {
            return Err(NotObserved::TooLarge);
        }
        if body.starts_with(b"old ") {
            let request = AddCheckpoint::parse(body).map_err(NotObserved::MalformedRequest)?;
            return Ok(Self {
                origin: request.checkpoint().origin().to_owned(),
                proof: Some(request.proof().to_vec()),
                note: request.note().clone(),
            });
        }
        let malformed = |why| NotObserved::NotSeen(NotSeen::Malformed(why));
        let note = Note::parse(body).map_err(|note| malformed(MalformedCheckpoint::Note(note)))?;
        let origin = note.text().lines().next().unwrap_or_default().to_owned();
        Ok(Self {
            origin,
            note,
            proof: None,
        })
    }
}

/// Why a head was not looked at.
#[derive(Debug)]
pub enum NotObserved {
    /// 413.
    TooLarge,
    /// 400.
    MalformedRequest(MalformedAddCheckpoint),
    /// 400 or 403.
    NotSeen(NotSeen),
    /// 404.
    UnknownLog,
    /// 429.
    Rate(Exceeded),
    /// 503.
    Busy,
}

impl From<NotSeen> for NotObserved {
    fn from(why: NotSeen) -> Self {
        Self::NotSeen(why)
    }
}

impl From<Exceeded> for NotObserved {
    fn from(exceeded: Exceeded) -> Self {
        Self::Rate(exceeded)
    }
}

/// Why a proof was not taken.
#[derive(Debug)]
pub enum NotAccused {
    /// 400.
    Malformed(MalformedMisbehavior),
    /// 404.
    UnknownLog,
    /// 422, 403 or 503; enough of them are here already.
    NotKept(NotKept),
    /// 429.
    Rate(Exceeded),
    /// 503.
    Busy,
}

impl From<Exceeded> for NotAccused {
    fn from(exceeded: Exceeded) -> Self {
        Self::Rate(exceeded)
    }
}
