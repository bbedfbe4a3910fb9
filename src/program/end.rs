//! `notarylog end`: the last notice of a log, and its last head, which stays for ever.

use super::{Failure, config, folder};
use crate::log::Log;
use crate::log::operator_notice;
use crate::log::publisher::Published;
use crate::log::runner::{Runner, Settings};
use crate::metrics::Metrics;
use clap::{ArgMatches, Args};
use evidence::ENDED_EVENT;
use service::{FolderLock, Stop};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tlog::LeafIndex;

/// How long the witnesses are waited for: before anything is logged, and then for the last head.
const WITNESSES_WAIT: Duration = Duration::from_mins(1);
/// How soon it is noticed what the log does.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// The last head's file in the log's folder.
const FILE: &str = "final-checkpoint";

/// Ends a log.
#[derive(Args)]
pub(crate) struct End {
    /// The log's folder; the log must be stopped
    dir: PathBuf,
    /// The log's origin, once more: nothing undoes the end
    #[arg(long, value_name = "NAME")]
    confirm: String,
    /// One JSON object instead of sentences
    #[arg(long)]
    json: bool,
}

impl End {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let config = config::load_of_log(&self.dir, &ArgMatches::default())?;
        let origin = folder::origin(&config)?;
        if self.confirm != origin.as_str() {
            return Err(Failure::usage(format!(
                "--confirm {} is not the name of this log, {}: nothing was done",
                self.confirm,
                origin.as_str()
            )));
        }
        let _lock = FolderLock::take(&self.dir).map_err(Failure::could_not)?;
        super::runtime()?.block_on(async {
            let metrics = Arc::new(Metrics::new().map_err(Failure::could_not)?);
            let ports = folder::ports(&self.dir, &config, &metrics).await?;
            // Nothing is dropped by this process, whatever the options say.
            let settings = Settings {
                leaf_lookup: false,
                healing_window_ms: u64::MAX,
            };
            let runner = Runner::open(ports, settings, metrics)
                .await
                .map_err(Failure::could_not)?;
            let (log, stop) = (runner.log(), Stop::new());
            let running = tokio::spawn(runner.run(stop.clone()));
            let ended = end(&log).await;
            stop.trigger();
            running
                .await
                .map_err(Failure::could_not)?
                .map_err(Failure::could_not)?;
            let (last, published) = ended?;
            std::fs::write(self.dir.join(FILE), published.text.as_bytes())
                .map_err(Failure::could_not)?;
            self.report(last, &published);
            Ok(())
        })
    }

    fn report(&self, last: LeafIndex, published: &Published) {
        let (file, head) = (self.dir.join(FILE), &published.head);
        if self.json {
            let event = serde_json::json!({
                "event": "ended", "entry": last.get(), "size": head.size.get(), "root": head.root.to_base64(),
                "time_ms": head.time_ms, "checkpoint": file,
            });
            println!("{event}");
            return;
        }
        println!(
            "The log has ended with the notice at entry {last}. Its last head, over {} entries, is in {}: publish it, \
             and begin the successor with --predecessor.",
            head.size,
            file.display()
        );
        println!(
            "It goes on to answer reads for ever: notarylog serve {}",
            self.dir.display()
        );
    }
}

/// Logs the last notice, if it is not there yet, and waits until the head over it is published and stored.
async fn end(log: &Log) -> Result<(LeafIndex, Arc<Published>), Failure> {
    let ended_at = || log.heart().registry.load().ended_at();
    let last = match ended_at() {
        Some(last) => last,
        None => {
            let opened = || log.status().is_serving() || log.status().is_final();
            until(opened).await;
            if !log.status().is_serving() {
                let state = log.status().get();
                return Err(Failure::could_not(format!(
                    "the log is {}: {}. Nothing was ended",
                    state.word(),
                    state.why().unwrap_or("it does not say why")
                )));
            }
            let told = operator_notice::publish(log, ENDED_EVENT).await;
            let told = told.map_err(Failure::could_not)?;
            told.ok_or_else(|| Failure::could_not("the last notice was not logged"))?
        }
    };
    let newest = || log.heart().publisher.newest();
    let covers = |published: &Arc<Published>| last.lies_in(published.head.size);
    until(|| newest().is_some_and(|newest| covers(&newest))).await;
    let published = newest().filter(covers).ok_or_else(|| {
        Failure::could_not(
            "the log has ended, and too few witnesses have cosigned its last head so far: give the same command again \
             when they answer, or let `notarylog serve` wait for them",
        )
    })?;
    let (coord, head, text) = (log.coord(), &published.head, published.text.as_str());
    let stored = match log.witnessing() {
        Some(_) => coord.store_witnessed(head, text, true).await,
        None => coord.store_note(head, text).await,
    };
    stored.map_err(Failure::could_not)?;
    Ok((last, published))
}

async fn until(holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() && begun.elapsed() < WITNESSES_WAIT {
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
