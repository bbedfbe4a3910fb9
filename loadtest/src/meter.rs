//! What a run costs: processor time of both sides and the log's own counters, from its begin to its end.

use crate::batches::{Batches, Counters};
use crate::machine::Process;
use crate::target::Target;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A meter that runs.
#[derive(Debug)]
pub struct Meter {
    server: Option<Process>,
    admin: Option<Arc<Target>>,
    before: Moment,
}

/// What the meter showed at the end.
#[derive(Clone, Debug, Default)]
pub struct Metered {
    /// The server's processor time, in seconds; `None` where it cannot be read.
    pub server_s: Option<f64>,
    /// The same by the names of its threads.
    pub threads_s: BTreeMap<String, f64>,
    /// Our own, in seconds.
    pub generator_s: f64,
    /// The log's batches, if its counters can be read and there were any.
    pub batches: Option<Batches>,
}

#[derive(Debug)]
struct Moment {
    server_s: Option<f64>,
    threads_s: BTreeMap<String, f64>,
    own_s: Option<f64>,
    counters: Option<Counters>,
}

impl Meter {
    /// Reads all that can be read; a server may die under the load, and the report says that better than an error does.
    pub async fn start(server: Option<Process>, admin: Option<Arc<Target>>) -> Self {
        let before = Moment::now(server, admin.as_ref()).await;
        Self {
            server,
            admin,
            before,
        }
    }

    /// Reads it again.
    pub async fn stop(self) -> Metered {
        let (before, after) = (
            self.before,
            Moment::now(self.server, self.admin.as_ref()).await,
        );
        let threads_s = after.threads_s.into_iter().map(|(name, seconds)| {
            let since = seconds - before.threads_s.get(&name).copied().unwrap_or_default();
            (name, since.max(0.0))
        });
        let counted = before.counters.zip(after.counters);
        Metered {
            server_s: before.server_s.zip(after.server_s).map(|(b, a)| a - b),
            threads_s: threads_s.filter(|(_, seconds)| *seconds > 0.0).collect(),
            generator_s: before.own_s.zip(after.own_s).map_or(0.0, |(b, a)| a - b),
            batches: counted.and_then(|(before, after)| Batches::between(&before, &after)),
        }
    }
}

impl Moment {
    async fn now(server: Option<Process>, admin: Option<&Arc<Target>>) -> Self {
        let counters = match admin {
            Some(admin) => Counters::fetch(admin).await,
            None => None,
        };
        Self {
            server_s: server.and_then(|server| server.cpu_seconds().ok()),
            threads_s: server
                .and_then(|server| server.thread_seconds().ok())
                .unwrap_or_default(),
            own_s: Process::Own.cpu_seconds().ok(),
            counters,
        }
    }
}
