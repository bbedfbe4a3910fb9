//! Whether the log takes entries, and if not, why: a log that halts says so in public.

use arc_swap::{ArcSwap, ArcSwapOption};
use std::sync::Arc;
use tlog::{LeafIndex, MisbehaviorProof, Note};

/// What the log is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It takes entries.
    Serving,
    /// It answers reads, and will take entries when this has happened.
    Waiting(String),
    /// The same, and what it waits for is a clock that may be signed.
    Clock(String),
    /// It answers reads and takes nothing, because of this.
    ReadOnly(String),
    /// It was ended by its operator, and answers reads for ever.
    Ended(String),
    /// Two heads under its own key contradict each other. It takes nothing, and shows both notes.
    Frozen(Box<[String; 2]>),
}

impl State {
    /// The word for it: `serving`, `waiting`, `read-only`, `ended`, `frozen`.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Serving => "serving",
            Self::Waiting(_) | Self::Clock(_) => "waiting",
            Self::ReadOnly(_) => "read-only",
            Self::Ended(_) => "ended",
            Self::Frozen(_) => "frozen",
        }
    }

    /// Why it takes nothing.
    pub fn why(&self) -> Option<&str> {
        match self {
            Self::Serving => None,
            Self::Waiting(why) | Self::Clock(why) | Self::ReadOnly(why) | Self::Ended(why) => {
                Some(why)
            }
            Self::Frozen(_) => Some(
                "two heads under this log's own key contradict each other; both notes are shown. Stop every copy of \
                 this log, keep all its folders, and find out which history is the true one",
            ),
        }
    }

    const fn is_final(&self) -> bool {
        matches!(self, Self::ReadOnly(_) | Self::Ended(_) | Self::Frozen(_))
    }
}

/// The shared state.
#[derive(Clone)]
pub struct Status {
    state: Arc<ArcSwap<State>>,
    proof: Arc<ArcSwapOption<String>>,
}

impl Status {
    /// A log in this state.
    pub fn new(state: State) -> Self {
        Self {
            state: Arc::new(ArcSwap::from_pointee(state)),
            proof: Arc::default(),
        }
    }

    /// What the log is doing now.
    pub fn get(&self) -> Arc<State> {
        self.state.load_full()
    }

    /// Stops intake for good, until an operator looks at it and starts the log again. The first reason stays.
    pub fn halt(&self, why: impl std::fmt::Display) {
        if !self.get().is_final() {
            tracing::error!(%why, "The log stops taking entries; reads go on.");
            self.state.store(Arc::new(State::ReadOnly(why.to_string())));
        }
    }

    /// The log was ended by its last notice, the entry at this index.
    pub(super) fn end(&self, last: LeafIndex) {
        if !self.get().is_final() {
            tracing::info!(entry = last.get(), "The log has ended; reads go on.");
            let why = format!(
                "this log was ended by the notice at entry {last}: its last head is final, and it answers reads for \
                 ever. Submit to its successor"
            );
            self.state.store(Arc::new(State::Ended(why)));
        }
    }

    /// Whether the log was ended.
    pub fn has_ended(&self) -> bool {
        matches!(**self.state.load(), State::Ended(_))
    }

    /// Two heads under our own key contradict each other: intake stops for good, and both notes are shown.
    // The one place where a head that no quorum cosigned leaves the house: it is the evidence.
    pub(super) fn freeze(&self, theirs: &Note, ours: &Note) {
        if !matches!(self.get().as_ref(), State::Frozen(_)) {
            tracing::error!(
                "Two heads under this log's own key contradict each other; it stops for good."
            );
            let notes = Box::new([theirs.to_string(), ours.to_string()]);
            self.state.store(Arc::new(State::Frozen(notes)));
        }
    }

    /// A proof stands against one of our keys, whoever used it: nothing is published any more, and the proof is shown with
    /// both notes. It must be verified. The first stays.
    pub fn convict(&self, proof: &MisbehaviorProof) {
        if self.proof().is_none() {
            self.proof.store(Some(Arc::new(proof.to_string())));
            let first = proof.first().note();
            self.freeze(first, proof.second().map_or(first, |second| second.note()));
        }
    }

    /// The proof that stands against one of our keys.
    pub fn proof(&self) -> Option<Arc<String>> {
        self.proof.load_full()
    }

    /// No entries until this has happened.
    pub(super) fn wait(&self, why: impl std::fmt::Display) {
        if !self.get().is_final() {
            self.state.store(Arc::new(State::Waiting(why.to_string())));
        }
    }

    /// No entries until the clock may be signed: it is said once for each reason.
    pub(super) fn wait_for_clock(&self, why: String) {
        let state = State::Clock(why);
        if !self.get().is_final() && *self.get() != state {
            tracing::warn!(
                why = state.why(),
                "The log signs nothing because of its clock; reads go on."
            );
            self.state.store(Arc::new(state));
        }
    }

    /// Whether it waits for a clock that may be signed.
    pub fn waits_for_clock(&self) -> bool {
        matches!(**self.state.load(), State::Clock(_))
    }

    /// Entries are taken from now on, unless intake was stopped for good.
    pub(super) fn serve(&self) {
        if !self.get().is_final() {
            self.state.store(Arc::new(State::Serving));
        }
    }

    /// Whether entries are taken.
    pub fn is_serving(&self) -> bool {
        **self.state.load() == State::Serving
    }

    /// Whether intake was stopped for good.
    pub fn is_final(&self) -> bool {
        self.state.load().is_final()
    }
}
