//! Tallies: where a quota keeps its state, bounded in memory.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard};

use governor::nanos::Nanos;
use governor::state::StateStore;
use governor::state::keyed::ShrinkableKeyedStateStore;

/// One state a key, up to a cap; when it is reached, all further keys share one state. So a flood of new keys can
/// neither take our memory nor anything from the keys that are known.
#[derive(Debug)]
pub(crate) struct Tallies<K>(Arc<Mutex<State<K>>>);

#[derive(Debug)]
struct State<K> {
    // The time when the next arrival of each key would be due (GCRA).
    due: HashMap<K, u64>,
    crowd_due: Option<u64>,
    keys_max: usize,
}

// Derived, it would ask K to be Clone.
impl<K> Clone for Tallies<K> {
    fn clone(&self) -> Tallies<K> {
        Tallies(Arc::clone(&self.0))
    }
}

impl<K: Hash + Eq> Tallies<K> {
    pub(crate) fn new(keys_max: usize) -> Tallies<K> {
        Tallies(Arc::new(Mutex::new(State {
            due: HashMap::new(),
            crowd_due: None,
            keys_max,
        })))
    }

    /// Whether a new key would share the crowd's state.
    pub(crate) fn is_full(&self) -> bool {
        let state = self.state();
        state.due.len() >= state.keys_max
    }

    /// Undoes a charge.
    pub(crate) fn give_back(&self, key: &K, nanos: u64) {
        let mut state = self.state();
        let State { due, crowd_due, .. } = &mut *state;
        if let Some(due) = due.get_mut(key).or(crowd_due.as_mut()) {
            *due = due.saturating_sub(nanos);
        }
    }

    fn state(&self) -> MutexGuard<'_, State<K>> {
        self.0
            .lock()
            .expect("no code panics while it holds the tallies")
    }
}

impl<K: Hash + Eq + Clone> StateStore for Tallies<K> {
    type Key = K;

    fn measure_and_replace<T, F, E>(&self, key: &K, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut state = self.state();
        if let Some(due) = state.due.get_mut(key) {
            let (outcome, next) = decide(Some(Nanos::new(*due)))?;
            *due = next.as_u64();
            Ok(outcome)
        } else if state.due.len() < state.keys_max {
            let (outcome, next) = decide(None)?;
            state.due.insert(key.clone(), next.as_u64());
            Ok(outcome)
        } else {
            let (outcome, next) = decide(state.crowd_due.map(Nanos::new))?;
            state.crowd_due = Some(next.as_u64());
            Ok(outcome)
        }
    }
}

impl<K: Hash + Eq + Clone> ShrinkableKeyedStateStore<K> for Tallies<K> {
    fn retain_recent(&self, drop_below: Nanos) {
        self.state().due.retain(|_, due| *due > drop_below.as_u64());
    }

    fn len(&self) -> usize {
        self.state().due.len()
    }

    fn is_empty(&self) -> bool {
        self.state().due.is_empty()
    }
}
