//! The counters of a door. They are born at 0, so that a rate over them exists from the first minute.

use prometheus::{IntCounter, IntCounterVec, IntGauge, Opts, Registry};

use crate::pulse::Overdue;

#[derive(Clone, Debug)]
pub(crate) struct DoorMetrics {
    open: IntGauge,
    turned_away: IntCounter,
    ended: IntCounterVec,
}

impl DoorMetrics {
    pub(crate) fn new() -> DoorMetrics {
        let metrics = DoorMetrics {
            open: IntGauge::new("http_connections_open", "Connections open now")
                .expect("the name is well formed"),
            turned_away: IntCounter::new(
                "http_connections_turned_away_total",
                "Connections refused: the house was full or the address had its share",
            )
            .expect("the name is well formed"),
            ended: IntCounterVec::new(
                Opts::new(
                    "http_connections_ended_total",
                    "Connections that the server ended, by reason",
                ),
                &["reason"],
            )
            .expect("the names are well formed"),
        };
        for reason in Overdue::ALL {
            metrics.ended.with_label_values(&[reason.as_str()]);
        }
        metrics
    }

    pub(crate) fn register(&self, registry: &Registry) -> prometheus::Result<()> {
        registry.register(Box::new(self.open.clone()))?;
        registry.register(Box::new(self.turned_away.clone()))?;
        registry.register(Box::new(self.ended.clone()))
    }

    /// Counts a connection as open until the guard is dropped.
    pub(crate) fn open(&self) -> Open {
        self.open.inc();
        Open(self.open.clone())
    }

    pub(crate) fn turned_away(&self) {
        self.turned_away.inc();
    }

    pub(crate) fn ended(&self, reason: Overdue) {
        self.ended.with_label_values(&[reason.as_str()]).inc();
    }
}

#[derive(Debug)]
pub(crate) struct Open(IntGauge);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.dec();
    }
}
