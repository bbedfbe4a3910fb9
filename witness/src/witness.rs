//! The witness: what happens to a request, in the specification's order.
//! <https://c2sp.org/tlog-witness#add-checkpoint>
//!
//! form → origin → (rate) → signature → our clock → (turn) → old size and proof → on disk, with the time → signatures.
//!
//! A head that is refused is compared with what we signed before its sender is told: a proof that the log forked is on
//! disk before the refusal leaves.

use crate::clock::Clock;
use crate::cosigner::{Cosigner, SignError};
use crate::desk::{Candidate, Desk, NotCommitted};
use crate::dispute::Disputes;
use crate::docket::Docket;
use crate::drift::{Ahead, Drift};
use crate::examiner::Examiner;
use crate::judgement::{Refusal, judge};
use crate::known_log::{KnownLog, LogId, NotSigned};
use crate::ledger::{Ledger, LedgerError};
use crate::metrics::{self, Metrics};
use crate::observer::Observer;
use crate::roster::{Roster, RosterKeeper};
use crate::sighting::Sighting;
use crate::standing::LastRefusal;
use crate::start_gate::StartGate;
use crate::turn::Turns;
use axum::body::Bytes;
use service::{Exceeded, Network, Quota, Rate};
use std::num::NonZeroU32;
use std::sync::Arc;
use tlog::{AddCheckpoint, Hash, MalformedAddCheckpoint, TreeSize};

/// What an address may send to one log's account that the log has not signed: enough for a log that tries out its keys,
/// and a five-hundredth of what a core verifies. Behind a proxy all addresses are one: let the proxy limit too.
pub const UNSIGNED_RATE: Rate = Rate {
    per_second: NonZeroU32::new(20).expect("not zero"),
    burst: NonZeroU32::new(100).expect("not zero"),
};

const ONE: NonZeroU32 = NonZeroU32::MIN;

/// Everything that a door needs.
pub struct Witness {
    /// The enrolled logs.
    pub roster: Arc<RosterKeeper>,
    /// Our keys.
    pub cosigner: Arc<Cosigner>,
    /// The only writer.
    pub desk: Desk,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What the logs say the time is.
    pub drift: Drift,
    /// Whether we may sign.
    pub gate: Arc<StartGate>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// What each log may send.
    pub of_log: Quota<LogId>,
    /// What each address may send for each log unsigned. It is taken for each request and given back when its signature
    /// holds.
    pub unsigned: Quota<(LogId, Network)>,
    /// Whose turn it is.
    pub turns: Turns,
    /// What is proven against whom.
    pub docket: Arc<Docket>,
    /// What stands apart.
    pub disputes: Arc<Disputes>,
    /// Compares a head that is refused with what we signed.
    pub examiner: Arc<Examiner>,
    /// Takes what anybody brings.
    pub observer: Arc<Observer>,
    /// What peers showed.
    pub ledger: Arc<dyn Ledger>,
}

impl Witness {
    /// The logs that are enrolled now.
    pub fn logs(&self) -> Arc<Roster> {
        self.roster.roster()
    }

    /// Answers a request: the lines to send back, or why not.
    pub async fn add_checkpoint(
        self: &Arc<Self>,
        body: Bytes,
        from: Network,
    ) -> Result<String, Declined> {
        let timer = self.metrics.request_seconds.start_timer();
        // Whoever asked may be gone before the answer: what was committed is shown all the same. Else a log that was
        // stopped while it asked would be held to a head that nobody shows it.
        let witness = Arc::clone(self);
        let answer = tokio::spawn(async move { witness.answer(body, from).await });
        let answer = answer.await.unwrap_or(Err(Declined::Busy));
        timer.observe_duration();
        let outcome = answer
            .as_ref()
            .map_or_else(Declined::outcome, |_| metrics::COSIGNED);
        self.metrics.requests.with_label_values(&[outcome]).inc();
        answer
    }

    async fn answer(&self, body: Bytes, from: Network) -> Result<String, Declined> {
        let request = AddCheckpoint::parse(&body)?;
        // The connection has its buffer back while the request waits.
        drop(body);
        let logs = self.logs();
        let log = logs
            .by_origin(request.checkpoint().origin())
            .ok_or(Declined::UnknownLog)?;
        let answer = self.answer_for(log, request, from).await;
        if let Err(declined) = &answer
            && declined.is_of_log()
        {
            log.standing.refused(LastRefusal {
                at_s: self.clock.now_s(),
                status: declined.status(),
                outcome: declined.outcome(),
            });
        }
        answer
    }

    async fn answer_for(
        &self,
        log: &Arc<KnownLog>,
        request: AddCheckpoint,
        from: Network,
    ) -> Result<String, Declined> {
        if !log.standing.is_confirmed() {
            return Err(Declined::Unconfirmed(self.gate.awaits()));
        }
        // Both are asked before the costly check, so that a flood costs nothing; and a stranger's requests are given
        // back to the log, so that nobody can use up what is another's.
        let id = log.enrolled.id;
        let from = (id, from);
        self.unsigned.take(&from, ONE)?;
        self.of_log
            .take(&id, ONE)
            .inspect_err(|_| self.unsigned.give_back(&from, ONE))?;
        let lines = log
            .verify(&request)
            .inspect_err(|_| self.of_log.give_back(&id, ONE))?;
        self.unsigned.give_back(&from, ONE);
        self.drift.judge(
            &log.enrolled.origin,
            lines.time_s,
            self.clock.now_s(),
            self.clock.elapsed_ms(),
        )?;
        // What bears no signature of the log never waits.
        let _turn = self.turns.take().await.ok_or(Declined::Busy)?;
        let known = log.standing.head().latest;
        let latest = match judge(&request, &known) {
            Ok(latest) => latest,
            Err(refusal) => {
                let (old, proof) = (request.old(), request.proof());
                if let Ok(seen) = Sighting::of(log, request.note()) {
                    self.refuse(log, &seen, old, proof).await;
                }
                return Err(refusal.into());
            }
        };
        // In its place in the specification's order: whoever sends what is wrong is told so also by a log that is
        // convicted.
        if log.standing.is_stopped() {
            return Err(Declined::Convicted(log.origin_hash.clone()));
        }
        let (old, proof) = (request.old(), request.proof().to_vec());
        let candidate = Candidate::new(Arc::clone(log), request, lines, (known, latest));
        let seen = candidate.sighting();
        let committed = match self.desk.commit(candidate).await {
            Ok(committed) => committed,
            Err(why) => {
                if matches!(why, NotCommitted::Refused(_)) {
                    self.refuse(log, &seen, old, &proof).await;
                }
                return Err(why.into());
            }
        };
        let timer = self.metrics.sign_seconds.start_timer();
        let ours = self.cosigner.sign(&committed)?;
        timer.observe_duration();
        if let Ok(note) = committed.shown_with(&ours) {
            log.standing.show(committed.head(), note.to_string().into());
        }
        Ok(ours.iter().map(ToString::to_string).collect())
    }

    /// Compares a head that the log signed and we refuse with what we signed. What is proven is on disk when this
    /// returns; what is not is left to the next round of gossip, if the log's own tiles could decide it.
    async fn refuse(&self, log: &KnownLog, seen: &Sighting, old: TreeSize, proof: &[Hash]) {
        let finding = self.examiner.refuse(log, seen, old, proof).await;
        self.observer.take_up(log, seen, &finding);
    }
}

/// Why a request is not cosigned.
#[derive(Debug)]
pub enum Declined {
    /// 400.
    Malformed(MalformedAddCheckpoint),
    /// 404.
    UnknownLog,
    /// 403.
    NotSigned(NotSigned),
    /// 400, 409 or 422.
    Refused(Refusal),
    /// 403: a proof of misbehaviour stands against the log; its hash, under which the proof is served.
    Convicted(String),
    /// 429.
    Rate(Exceeded),
    /// 503: our state is not confirmed yet.
    Unconfirmed(Option<String>),
    /// 503: our clock is ahead.
    Clock(Ahead),
    /// 503: too many wait.
    Busy,
    /// 503 or 507.
    Store(LedgerError),
    /// 503: a key failed. What was committed may be asked for again.
    Key(SignError),
}

impl Declined {
    /// In one word, as the metrics have it.
    pub const fn outcome(&self) -> &'static str {
        match self {
            Self::Malformed(_) => metrics::MALFORMED,
            Self::UnknownLog => metrics::UNKNOWN_LOG,
            Self::NotSigned(_) => metrics::BAD_SIGNATURE,
            Self::Convicted(_) => metrics::CONVICTED,
            Self::Refused(Refusal::OldAboveSize) => metrics::OLD_ABOVE_SIZE,
            Self::Refused(Refusal::OtherSize(_)) => metrics::OTHER_SIZE,
            Self::Refused(Refusal::NotForward(_)) => metrics::NOT_FORWARD,
            Self::Rate(_) => metrics::RATE_LIMITED,
            Self::Unconfirmed(_) => metrics::UNCONFIRMED,
            Self::Clock(_) => metrics::CLOCK,
            Self::Busy => metrics::BUSY,
            Self::Store(LedgerError::DiskFull) => metrics::DISK_FULL,
            Self::Store(_) | Self::Key(_) => metrics::STORE,
        }
    }

    /// The HTTP status.
    pub const fn status(&self) -> u16 {
        match self {
            Self::Malformed(_) | Self::Refused(Refusal::OldAboveSize) => 400,
            Self::NotSigned(_) | Self::Convicted(_) => 403,
            Self::UnknownLog => 404,
            Self::Refused(Refusal::OtherSize(_)) => 409,
            Self::Refused(Refusal::NotForward(_)) => 422,
            Self::Rate(_) => 429,
            Self::Store(LedgerError::DiskFull) => 507,
            Self::Unconfirmed(_) | Self::Clock(_) | Self::Busy | Self::Store(_) | Self::Key(_) => {
                503
            }
        }
    }

    /// Whether the log itself must have sent it: what a stranger can cause is no news of the log.
    const fn is_of_log(&self) -> bool {
        matches!(
            self,
            Self::Refused(_) | Self::Convicted(_) | Self::Rate(_) | Self::Clock(_)
        )
    }
}

impl From<MalformedAddCheckpoint> for Declined {
    fn from(malformed: MalformedAddCheckpoint) -> Self {
        Self::Malformed(malformed)
    }
}

impl From<NotSigned> for Declined {
    fn from(why: NotSigned) -> Self {
        Self::NotSigned(why)
    }
}

impl From<Refusal> for Declined {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Exceeded> for Declined {
    fn from(exceeded: Exceeded) -> Self {
        Self::Rate(exceeded)
    }
}

impl From<Ahead> for Declined {
    fn from(ahead: Ahead) -> Self {
        Self::Clock(ahead)
    }
}

impl From<SignError> for Declined {
    fn from(error: SignError) -> Self {
        Self::Key(error)
    }
}

impl From<NotCommitted> for Declined {
    fn from(why: NotCommitted) -> Self {
        match why {
            NotCommitted::Refused(refusal) => Self::Refused(refusal),
            NotCommitted::Full => Self::Busy,
            NotCommitted::Store(error) => Self::Store(error),
        }
    }
}

#[cfg(test)]
mod tests;
