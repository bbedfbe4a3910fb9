//! The board: what each witness did last, for whoever asks how the log does.

use crate::metrics::Metrics;
use std::sync::{Arc, Mutex};
use tlog::{Note, TreeSize};

/// What is known of one witness.
#[derive(Clone, Debug)]
pub struct Standing {
    /// What the policy calls it.
    pub name: String,
    /// The size of the newest head that it cosigned for this process.
    pub size: Option<TreeSize>,
    /// The time of that head, in milliseconds since 1970.
    pub time_ms: Option<u64>,
    /// Why it counts as silent; none while it answers.
    pub silent: Option<String>,
    /// The head that it cosigned last, under its own lines alone: what it asks for when it starts again.
    pub seen: Option<Arc<str>>,
    /// Whether that was recalled from the store: this process has heard no cosignature from it yet.
    pub is_recalled: bool,
}

/// The witnesses, in the order of the policy.
pub struct Board {
    standings: Mutex<Vec<Standing>>,
    metrics: Arc<Metrics>,
}

impl Board {
    /// A board of witnesses that were not asked yet.
    pub fn new(names: impl IntoIterator<Item = String>, metrics: Arc<Metrics>) -> Self {
        let standings: Vec<Standing> = names
            .into_iter()
            .map(|name| Standing {
                name,
                size: None,
                time_ms: None,
                silent: Some("it was not asked yet".to_owned()),
                seen: None,
                is_recalled: false,
            })
            .collect();
        for standing in &standings {
            metrics.witness_size.with_label_values(&[&standing.name]);
            for outcome in ["cosigned", "silent"] {
                metrics
                    .witness_answers
                    .with_label_values(&[standing.name.as_str(), outcome]);
            }
        }
        Self {
            standings: Mutex::new(standings),
            metrics,
        }
    }

    /// All of them as of now.
    pub fn standings(&self) -> Vec<Standing> {
        self.standings.lock().expect(HELD).clone()
    }

    /// Whom a head waits for: a clause with the names of the silent ones.
    pub fn awaited(&self) -> String {
        let silent: Vec<String> = self
            .standings()
            .into_iter()
            .filter_map(|standing| Some(format!("{} ({})", standing.name, standing.silent?)))
            .collect();
        if silent.is_empty() {
            "the cosignatures of a quorum of the witnesses".to_owned()
        } else {
            format!(
                "the cosignatures of a quorum of the witnesses; not heard from: {}",
                silent.join(", ")
            )
        }
    }

    pub(super) fn cosigned(&self, witness: usize, size: TreeSize, time_ms: u64) {
        let mut standings = self.standings.lock().expect(HELD);
        if let Some(standing) = standings.get_mut(witness) {
            if standing.silent.take().is_some() {
                tracing::info!(witness = %standing.name, "The witness cosigns.");
            }
            standing.size = Some(size);
            standing.time_ms = Some(time_ms);
            let labels = [standing.name.as_str(), "cosigned"];
            self.metrics
                .witness_answers
                .with_label_values(&labels)
                .inc();
            self.metrics
                .witness_size
                .with_label_values(&[&standing.name])
                .set(i64::try_from(size.get()).unwrap_or(i64::MAX));
        }
    }

    /// Keeps what a witness cosigned. Our own lines are not in it: it may be shown before a quorum has cosigned.
    pub(super) fn keep(&self, witness: usize, seen: &Note) {
        if let Some(standing) = self.standings.lock().expect(HELD).get_mut(witness) {
            standing.seen = Some(seen.to_string().into());
            standing.is_recalled = false;
        }
    }

    /// Takes up what a process before this one kept of a witness; what was heard since stays.
    pub(super) fn recall(&self, witness: usize, seen: &Note) {
        if let Some(standing) = self.standings.lock().expect(HELD).get_mut(witness)
            && standing.seen.is_none()
        {
            standing.seen = Some(seen.to_string().into());
            standing.is_recalled = true;
        }
    }

    pub(super) fn is_consistent(&self, witness: usize) {
        if let Some(standing) = self.standings.lock().expect(HELD).get_mut(witness) {
            standing.silent = None;
        }
    }

    pub(super) fn silent(&self, witness: usize, why: &str) {
        let mut standings = self.standings.lock().expect(HELD);
        if let Some(standing) = standings.get_mut(witness) {
            if standing.silent.as_deref() != Some(why) {
                tracing::warn!(witness = %standing.name, why, "The witness counts as silent.");
                standing.silent = Some(why.to_owned());
            }
            let labels = [standing.name.as_str(), "silent"];
            self.metrics
                .witness_answers
                .with_label_values(&labels)
                .inc();
        }
    }
}

const HELD: &str = "no holder of the board panics";
