//! Simulated twins of the ports on one simulated machine, which can fail at every operation.
//!
//! A machine has a disk and lives. In each life a process holds handles on the ports; every call is one numbered
//! operation, and a plan says which of them fails and how. After a crash only what was synced is on the disk, and the
//! handles of the life before are dead: they never answer again.

mod anchor;
mod coord;
mod objects;
mod tables;

pub(crate) use anchor::{SimulatedAnchor, SimulatedJournal};
pub(crate) use coord::SimulatedCoord;
pub(crate) use objects::SimulatedObjects;
pub(crate) use tables::Tables;

use crate::signer::SignError;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;

/// How one operation fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Fault {
    /// The power fails before anything happened: what was not synced is gone.
    Before,
    /// The process is killed when everything is durable, and nobody was told.
    After,
    /// It is killed in the middle. What it wrote and did not sync is there until the power fails.
    Torn,
    /// Everything is durable, and the answer is a failure. The process lives on.
    Reported,
    /// Nothing happened, and the answer is a failure. The process lives on.
    Refused,
    /// Nothing happened, since the disk is full. The process lives on.
    Full,
}

/// What an operation does to the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Nothing.
    Read,
    /// All or nothing: a transaction.
    Atomic,
    /// It may be cut off in the middle.
    Divisible,
}

impl Kind {
    /// The faults that differ for such an operation. A read changes nothing, so it makes no difference whether a process
    /// dies before or after it, nor whether its failure is true; a transaction that is cut off is none.
    pub(crate) const fn faults(self) -> &'static [Fault] {
        match self {
            Self::Read => &[Fault::Before, Fault::Refused],
            Self::Atomic => &[
                Fault::Before,
                Fault::After,
                Fault::Reported,
                Fault::Refused,
                Fault::Full,
            ],
            Self::Divisible => &[
                Fault::Before,
                Fault::After,
                Fault::Torn,
                Fault::Reported,
                Fault::Refused,
                Fault::Full,
            ],
        }
    }
}

/// One operation that was called in a life.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Operation {
    /// What was called.
    pub(crate) name: &'static str,
    /// What it does.
    pub(crate) kind: Kind,
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// Everything that is stored. A clone costs little: large parts are shared until one of them changes.
#[derive(Clone, Default)]
pub(crate) struct Disk {
    /// The database.
    pub(crate) tables: Tables,
    /// Tiles and bundles.
    pub(crate) objects: Arc<BTreeMap<String, Object>>,
    /// The journal.
    pub(crate) journal: SimulatedJournal,
}

/// A tile or bundle.
#[derive(Clone)]
pub(crate) struct Object {
    pub(crate) bytes: Bytes,
    pub(crate) is_synced: bool,
}

impl Disk {
    /// The power fails: what was not synced is gone.
    pub(crate) fn lose_power(&mut self) {
        if self.objects.values().any(|object| !object.is_synced) {
            Arc::make_mut(&mut self.objects).retain(|_, object| object.is_synced);
        }
        self.journal.lose_power();
    }
}

/// A machine with a disk.
#[derive(Default)]
pub(crate) struct Machine {
    state: Mutex<State>,
    ended: Notify,
}

#[derive(Default)]
struct State {
    disk: Disk,
    life: u64,
    is_dead: bool,
    /// What was called in this life, in order.
    called: Vec<Operation>,
    /// Which operations of this life fail.
    plan: Vec<(usize, Fault)>,
    /// Bits that are flipped in what the process has in its memory.
    flip: Option<Flip>,
}

/// A bit that flips in the memory of the process, between hashing and signing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Flip {
    /// Where.
    pub(crate) place: FlipPlace,
    /// Which bit of it, modulo its length.
    pub(crate) bit: usize,
}

/// What a bit flips in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FlipPlace {
    /// The entry that is about to be written.
    Leaf,
    /// A hash of the frontier, as the database was handed it.
    Frontier,
    /// The root of the head, as the database was handed it.
    Root,
    /// The rows, as they are read back.
    ReadBack,
}

/// Who holds a handle: a process, as long as it lives.
#[derive(Clone)]
pub(crate) struct Process {
    machine: Arc<Machine>,
    life: u64,
}

/// What becomes of an operation.
enum Fate {
    Goes,
    Fails(Fault),
    /// The process is dead: nobody hears.
    Never,
}

impl Machine {
    /// A machine with this disk.
    pub(crate) fn with(disk: Disk) -> Arc<Self> {
        let machine = Self::default();
        machine.state().disk = disk;
        Arc::new(machine)
    }

    /// A process starts, of which at most this operation fails.
    pub(crate) fn start(self: &Arc<Self>, fault: Option<(usize, Fault)>) -> Process {
        self.start_with(fault.as_slice())
    }

    /// A process starts; the one before it, if it still lived, is killed. The plan says which of its operations fail,
    /// counted from 0.
    pub(crate) fn start_with(self: &Arc<Self>, plan: &[(usize, Fault)]) -> Process {
        let mut state = self.state();
        state.life += 1;
        state.is_dead = false;
        state.called = Vec::new();
        state.plan = plan.to_vec();
        Process {
            machine: Arc::clone(self),
            life: state.life,
        }
    }

    /// What the process of this life called so far.
    pub(crate) fn called(&self) -> Vec<Operation> {
        self.state().called.clone()
    }

    /// What is on the disk.
    pub(crate) fn disk(&self) -> Disk {
        self.state().disk.clone()
    }

    /// Changes what is on the disk: a restored copy, or damage.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Disk) -> T) -> T {
        change(&mut self.state().disk)
    }

    /// The next operation that touches this place meets a flipped bit.
    pub(crate) fn flip(&self, flip: Flip) {
        self.state().flip = Some(flip);
    }

    /// Whether the flip has happened.
    pub(crate) fn has_flipped(&self) -> bool {
        self.state().flip.is_none()
    }

    /// Waits until the process of this life is killed.
    pub(crate) async fn killed(&self) {
        loop {
            let ended = self.ended.notified();
            if self.state().is_dead {
                return;
            }
            ended.await;
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Process {
    /// One operation that may wait: the effect happens at one moment, and others come before and behind it.
    async fn operate<T, E>(
        &self,
        operation: Operation,
        failure: impl Fn(Fault) -> E,
        effect: impl FnOnce(&mut Disk) -> Result<T, E>,
        half: impl FnOnce(&mut Disk),
    ) -> Result<T, E> {
        tokio::task::yield_now().await;
        let answer = self.at_once(operation, failure, effect, half);
        match answer {
            Some(answer) => {
                tokio::task::yield_now().await;
                answer
            }
            None => std::future::pending().await,
        }
    }

    /// One operation that does not wait. `None` when the process is dead.
    fn at_once<T, E>(
        &self,
        operation: Operation,
        failure: impl Fn(Fault) -> E,
        effect: impl FnOnce(&mut Disk) -> Result<T, E>,
        half: impl FnOnce(&mut Disk),
    ) -> Option<Result<T, E>> {
        let mut state = self.machine.state();
        match state.fate(self.life, operation) {
            Fate::Goes => Some(effect(&mut state.disk)),
            Fate::Never => None,
            Fate::Fails(fault @ (Fault::Refused | Fault::Full)) => Some(Err(failure(fault))),
            Fate::Fails(Fault::Reported) => {
                Some(effect(&mut state.disk).and_then(|_| Err(failure(Fault::Reported))))
            }
            Fate::Fails(fault) => {
                match fault {
                    Fault::After => drop(effect(&mut state.disk)),
                    Fault::Torn => half(&mut state.disk),
                    _ => state.disk.lose_power(),
                }
                state.is_dead = true;
                self.machine.ended.notify_waiters();
                None
            }
        }
    }

    /// A signature. `None` when the process is dead.
    pub(crate) fn sign<T>(
        &self,
        sign: impl FnOnce() -> Result<T, SignError>,
    ) -> Option<Result<T, SignError>> {
        self.at_once(
            read("sign"),
            |_| SignError::Failed("simulated"),
            |_| sign(),
            |_| {},
        )
    }

    /// Flips a bit of these bytes, if it is their turn.
    fn pass_through(&self, place: FlipPlace, bytes: &mut [u8]) {
        let mut state = self.machine.state();
        if let Some(flip) = state.flip
            && flip.place == place
            && !bytes.is_empty()
        {
            let bit = flip.bit % (bytes.len() * 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
            state.flip = None;
        }
    }
}

impl State {
    fn fate(&mut self, life: u64, operation: Operation) -> Fate {
        if self.is_dead || self.life != life {
            return Fate::Never;
        }
        let number = self.called.len();
        self.called.push(operation);
        let planned = self.plan.iter().find(|(at, _)| *at == number);
        planned.map_or(Fate::Goes, |(_, fault)| Fate::Fails(*fault))
    }
}

/// A read.
const fn read(name: &'static str) -> Operation {
    Operation {
        name,
        kind: Kind::Read,
    }
}

/// A transaction.
const fn atomic(name: &'static str) -> Operation {
    Operation {
        name,
        kind: Kind::Atomic,
    }
}

/// What may be cut off.
const fn divisible(name: &'static str) -> Operation {
    Operation {
        name,
        kind: Kind::Divisible,
    }
}

#[cfg(test)]
mod tests;
