//! Graceful stop: one word that every part of a daemon waits for.

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// A stop that is asked for once and heard by all. Clones are the same stop.
#[derive(Clone, Debug)]
pub struct Stop {
    asked: watch::Sender<bool>,
}

impl Stop {
    /// A stop that only [`Stop::trigger`] asks for.
    pub fn new() -> Stop {
        Stop {
            asked: watch::Sender::new(false),
        }
    }

    /// A stop that SIGTERM and SIGINT ask for too. A second signal ends the process at once with exit code 130, for a
    /// person who does not want to wait.
    ///
    /// # Errors
    /// The system does not let us listen for the signals.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn on_signals() -> std::io::Result<Stop> {
        let stop = Stop::new();
        let heard = stop.clone();
        let (mut term, mut interrupt) = (
            signal(SignalKind::terminate())?,
            signal(SignalKind::interrupt())?,
        );
        tokio::spawn(async move {
            for again in [false, true] {
                tokio::select! {
                    _ = term.recv() => {}
                    _ = interrupt.recv() => {}
                }
                if again {
                    std::process::exit(130);
                }
                tracing::info!("stopping: what is in flight is still answered");
                heard.trigger();
            }
        });
        Ok(stop)
    }

    /// Asks for the stop. Asking again changes nothing.
    pub fn trigger(&self) {
        self.asked.send_replace(true);
    }

    /// Whether the stop was asked for: for plain threads, between two pieces of work.
    pub fn is_triggered(&self) -> bool {
        *self.asked.borrow()
    }

    /// Waits until the stop is asked for; at once if it was already.
    pub async fn stopped(&self) {
        // The sender lives in self: the channel cannot close while we wait.
        let _ = self.asked.subscribe().wait_for(|asked| *asked).await;
    }
}

impl Default for Stop {
    fn default() -> Stop {
        Stop::new()
    }
}

#[cfg(test)]
mod tests {
    use super::Stop;

    #[tokio::test]
    async fn everybody_hears_the_stop_even_who_asks_late() {
        let stop = Stop::new();
        let early = tokio::spawn({
            let stop = stop.clone();
            async move { stop.stopped().await }
        });
        assert!(!stop.is_triggered());
        stop.clone().trigger();
        early.await.unwrap();
        stop.stopped().await;
        assert!(stop.is_triggered());
    }

    #[tokio::test]
    async fn a_signal_asks_for_the_stop() {
        let stop = Stop::on_signals().unwrap();
        assert!(!stop.is_triggered());
        rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::TERM)
            .unwrap();
        let soon = std::time::Duration::from_secs(30);
        tokio::time::timeout(soon, stop.stopped()).await.unwrap();
    }
}
