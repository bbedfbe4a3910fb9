//! The runner: starts the heart, lets it work, and starts it anew from the store when its memory must be dropped.

use super::clock_gate::ClockGate;
use super::cosigner::Cosigner;
use super::keeper::Keeper;
use super::policy_notice::PolicyWatch;
use super::pool::{NotSequenced, Pool};
use super::publisher::Publisher;
use super::sequencer::{Outlet, Sequencer, Setback};
use super::start::{Heart, NoSequencer, Occasion, Ports, Started, start};
use super::start_error::StartError;
use super::status::{State, Status};
use super::{Log, gate, seen};
use crate::metrics::Metrics;
use service::Stop;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;

/// A pause before the store is read again: a fault that stays must not spin.
const RELOAD_PAUSE: Duration = Duration::from_millis(500);

/// How soon it is noticed that the cosigner has ended.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What an operator can set about the heart.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Whether the lookup by leaf hash is filled.
    pub leaf_lookup: bool,
    /// How long rows and journal stay after their bundle is stored, in milliseconds.
    pub healing_window_ms: u64,
}

/// A heart that is ready to run.
pub struct Runner {
    ports: Ports,
    settings: Settings,
    log: Arc<Log>,
    sequencer: Option<Sequencer>,
}

impl Runner {
    /// Reads the store and opens the log; it serves reads at once and takes entries once it runs.
    pub async fn open(
        ports: Ports,
        settings: Settings,
        metrics: Arc<Metrics>,
    ) -> Result<Self, StartError> {
        let pool = Arc::new(Pool::default());
        let status = Status::new(match &ports.witnessing {
            Some(witnessing) => State::Waiting(witnessing.board.awaited()),
            None => State::Serving,
        });
        let publisher = Arc::new(Publisher::new(Arc::clone(&ports.signer)));
        let Started { heart, sequencer } =
            start(&ports, &publisher, &pool, &metrics, Occasion::Start).await?;
        if settings.leaf_lookup {
            heart.history.remember_recent().await?;
        }
        if let Some(witnessing) = &ports.witnessing {
            seen::recall(witnessing, ports.signer.origin(), ports.coord.as_ref()).await?;
        }
        let log = Arc::new(Log::new(heart, &ports, pool, status, metrics, settings));
        policy_watch(&log).look(log.now_ms());
        let sequencer = taken_or_halted(&log, sequencer, settings);
        Ok(Self {
            ports,
            settings,
            log,
            sequencer,
        })
    }

    /// The log, for its doors.
    pub fn log(&self) -> Arc<Log> {
        Arc::clone(&self.log)
    }

    /// Runs until told to stop. An error is fatal: the process must end, and the next start reads everything again.
    pub async fn run(mut self, stop: Stop) -> Result<(), Fatal> {
        while let Some(mut sequencer) = self.sequencer.take() {
            let cosigner = match self.open_gate(&sequencer, &stop).await {
                Ok(cosigner) => cosigner,
                Err(Closed::Stopped) => return Ok(()),
                Err(Closed::ForGood) => break,
                Err(Closed::Unreadable(why)) => {
                    drop(sequencer);
                    tracing::warn!(%why, "All memory is dropped and the store is read again.");
                    self.sequencer = self.reload(&stop).await;
                    continue;
                }
            };
            match self.log.heart().registry.load().ended_at() {
                // Its last head is still to be published; then there is nothing to do for ever.
                Some(last) => self.log.status.end(last),
                None => self.log.status.serve(),
            }
            let is_serving = self.log.status.is_serving();
            self.log.metrics.serving.set(i64::from(is_serving));
            let behind = Stop::new();
            let keeper = tokio::spawn(self.keeper().run(behind.clone()));
            let cosigner = cosigner.map(|cosigner| tokio::spawn(cosigner.run(behind.clone())));
            let setback = tokio::select! {
                setback = sequencer.run(&stop) => setback,
                // A cosigner ends by itself only when the log must take nothing any more.
                () = ended(cosigner.as_ref()) => None,
                // A proof against our key came from outside.
                () = convicted(&self.log.status) => None,
            };
            behind.trigger();
            let _ended = keeper.await;
            if let Some(cosigner) = cosigner {
                let _ended = cosigner.await;
            }
            match setback {
                None if stop.is_triggered() => return Ok(()),
                None => self.log.status.halt("the witnesses' part of the log ended"),
                Some(Setback::Fatal(why)) => return Err(Fatal(why)),
                Some(Setback::Halt(why)) => self.log.status.halt(why),
                Some(Setback::Refused(_)) => self.sequencer = Some(sequencer),
                Some(Setback::Clock(ahead)) => {
                    self.log.metrics.clock_steps.inc();
                    self.log.metrics.clock_ahead.set(1);
                    self.log.status.wait_for_clock(format!(
                        "{ahead}, and nothing is signed until its witnesses' clocks \
                        confirm it or it is set right"
                    ));
                    self.sequencer = Some(sequencer);
                }
                Some(Setback::Reload(why)) => {
                    drop(sequencer);
                    tracing::warn!(%why, "All memory is dropped and the store is read again.");
                    self.sequencer = self.reload(&stop).await;
                }
            }
        }
        self.log.metrics.serving.set(0);
        self.refuse_waiters(&stop).await;
        Ok(())
    }

    /// With witnesses: asks them whether they have seen what this store lacks, before anything is signed.
    async fn open_gate(
        &self,
        sequencer: &Sequencer,
        stop: &Stop,
    ) -> Result<Option<Cosigner>, Closed> {
        let (Outlet::Witnesses(heads), Some(witnessing)) =
            (&sequencer.outlet, &self.ports.witnessing)
        else {
            return Ok(None);
        };
        self.log.metrics.serving.set(0);
        let Heart {
            history, publisher, ..
        } = self.log.heart().as_ref().clone();
        let (coord, status) = (&self.ports.coord, &self.log.status);
        let passed = tokio::select! {
            passed = gate::pass(witnessing, &publisher, &history, coord.as_ref(), status) => passed,
            () = stop.stopped() => return Err(Closed::Stopped),
        };
        match passed {
            Ok(Ok(mut passed)) => {
                let clock_gate = ClockGate {
                    watch: &sequencer.watch,
                    witnessing,
                    vkeys: publisher.signer().vkeys(),
                    history: &history,
                    status,
                    metrics: &self.log.metrics,
                };
                tokio::select! {
                    () = clock_gate.pass(passed.stored.as_ref(), &mut passed.recorded) => {}
                    () = stop.stopped() => return Err(Closed::Stopped),
                }
                Ok(Some(Cosigner {
                    witnessing: Arc::clone(witnessing),
                    publisher,
                    history,
                    coord: Arc::clone(coord),
                    status: status.clone(),
                    metrics: Arc::clone(&self.log.metrics),
                    heads: heads.subscribe(),
                    recorded: passed.recorded,
                }))
            }
            Ok(Err(gate::Shut)) => Err(Closed::ForGood),
            Err(error) => Err(Closed::Unreadable(error.to_string())),
        }
    }

    /// Starts anew from the store, again and again until it can be read.
    async fn reload(&self, stop: &Stop) -> Option<Sequencer> {
        loop {
            self.log.metrics.reloads.inc();
            tokio::select! {
                () = stop.stopped() => return None,
                () = tokio::time::sleep(RELOAD_PAUSE) => {}
            }
            let publisher = Arc::clone(&self.log.heart().publisher);
            let (pool, metrics) = (&self.log.pool, &self.log.metrics);
            let reload = Occasion::Reload;
            let started = match start(&self.ports, &publisher, pool, metrics, reload).await {
                Ok(started) if self.settings.leaf_lookup => {
                    let remembered = started.heart.history.remember_recent().await;
                    remembered.map(|()| started).map_err(StartError::from)
                }
                started => started,
            };
            match started {
                Ok(Started { heart, sequencer }) => {
                    self.log.heart.store(Arc::new(heart));
                    return taken_or_halted(&self.log, sequencer, self.settings);
                }
                Err(error) => {
                    tracing::error!(%error, "The store cannot be read; it is tried again.");
                }
            }
        }
    }

    fn keeper(&self) -> Keeper {
        let Heart { history, .. } = self.log.heart().as_ref().clone();
        Keeper {
            policy: policy_watch(&self.log),
            coord: Arc::clone(&self.ports.coord),
            objects: Arc::clone(&self.ports.objects),
            history,
            clock: Arc::clone(&self.ports.clock),
            status: self.log.status.clone(),
            metrics: Arc::clone(&self.log.metrics),
            leaf_lookup: self.settings.leaf_lookup,
            healing_window_ms: self.settings.healing_window_ms,
        }
    }

    /// A halted log answers whoever still waits, until it is told to stop.
    async fn refuse_waiters(&self, stop: &Stop) {
        loop {
            tokio::select! {
                () = stop.stopped() => return,
                () = self.log.pool.arrival() => {
                    for submission in self.log.pool.take(usize::MAX) {
                        let _gone = submission.answer.send(Err(NotSequenced::ReadOnly));
                    }
                }
            }
        }
    }
}

/// Why the log does not open.
enum Closed {
    /// It was told to stop.
    Stopped,
    /// A witness holds what this store lacks; the status says it.
    ForGood,
    /// The store could not be read.
    Unreadable(String),
}

async fn convicted(status: &Status) {
    while status.proof().is_none() {
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn ended(task: Option<&JoinHandle<()>>) {
    match task {
        Some(task) => {
            while !task.is_finished() {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        }
        None => std::future::pending().await,
    }
}

fn policy_watch(log: &Log) -> PolicyWatch {
    let registry = Arc::clone(&log.heart().registry);
    PolicyWatch::new(registry, log.policy(), Arc::clone(&log.metrics))
}

fn taken_or_halted(
    log: &Log,
    sequencer: Result<Sequencer, NoSequencer>,
    settings: Settings,
) -> Option<Sequencer> {
    match sequencer {
        Ok(mut sequencer) => {
            sequencer.healing_window_ms = settings.healing_window_ms;
            Some(sequencer)
        }
        Err(NoSequencer::Halted(why)) => {
            log.status.halt(why);
            None
        }
        Err(NoSequencer::Ended(last)) => {
            log.status.end(last);
            None
        }
    }
}

/// What is on disk is not known any more; the process must end.
#[derive(Debug, thiserror::Error)]
#[error(
    "{0}. The process ends, since what is on disk is not known any more; the next start reads everything again"
)]
pub struct Fatal(String);
