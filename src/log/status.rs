//! Whether the log takes entries, and if not, why: a log that halts says so in public.

use arc_swap::ArcSwap;
use std::sync::Arc;

/// What the log is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It takes entries.
    Serving,
    /// It answers reads and takes nothing, because of this.
    ReadOnly(String),
}

/// The shared state.
#[derive(Clone)]
pub struct Status(Arc<ArcSwap<State>>);

impl Status {
    /// A log in this state.
    pub fn new(state: State) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(state)))
    }

    /// What the log is doing now.
    pub fn get(&self) -> Arc<State> {
        self.0.load_full()
    }

    /// Stops intake for good, until an operator looks at it and starts the log again. The first reason stays.
    pub fn halt(&self, why: impl std::fmt::Display) {
        if *self.get() == State::Serving {
            tracing::error!(%why, "The log stops taking entries; reads go on.");
            self.0.store(Arc::new(State::ReadOnly(why.to_string())));
        }
    }

    /// Whether entries are taken.
    pub fn is_serving(&self) -> bool {
        **self.0.load() == State::Serving
    }
}
