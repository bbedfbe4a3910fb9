//! Enrolment without a command: the logs of the configuration, and those of a signed list from a file or an address.

use super::Failure;
use crate::cosigner::Cosigner;
use crate::known_log::Source;
use crate::ledger::{Change, Ledger, LedgerError, NewLog};
use crate::log_list::{LIST_BYTES_MAX, LogList, add, log_entry};
use crate::memory::served_head::{body, client, in_full};
use crate::metrics::Metrics;
use service::{Config, Stop};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tlog::Vkey;

/// The logs of the configuration.
pub(crate) fn configured_logs(config: &Config) -> Result<Vec<NewLog>, Failure> {
    let mut logs = Vec::new();
    for entry in config.list::<String>("enrol").map_err(Failure::usage)? {
        let (vkey, url) =
            log_entry(&entry).map_err(|why| Failure::usage(config.refuse("enrol", why)))?;
        add(&mut logs, vkey, url, Source::Config);
    }
    Ok(logs)
}

/// Where the list is, and who signs it.
pub(crate) struct ListReader {
    place: Place,
    every: Duration,
    signer: Vkey,
    cosigner: Arc<Cosigner>,
    ledger: Arc<dyn Ledger>,
    metrics: Arc<Metrics>,
}

enum Place {
    File(PathBuf),
    Address(String, reqwest::Client),
}

impl ListReader {
    /// The reader that the configuration asks for, if it does.
    pub(crate) fn of(
        config: &Config,
        cosigner: &Arc<Cosigner>,
        ledger: &Arc<dyn Ledger>,
        metrics: &Arc<Metrics>,
    ) -> Result<Option<Self>, Failure> {
        let Some(place) = config.text_if_set("log-list") else {
            return Ok(None);
        };
        let signer = config.text("log-list-key").map_err(Failure::usage)?;
        let signer = Vkey::parse(signer)
            .map_err(|error| Failure::usage(config.refuse("log-list-key", error.to_string())))?;
        let place = if place.starts_with("http://") || place.starts_with("https://") {
            Place::Address(place.to_owned(), client().map_err(Failure::could_not)?)
        } else {
            Place::File(config.path("log-list").map_err(Failure::usage)?)
        };
        let every: NonZeroU32 = config.get("log-list-every").map_err(Failure::usage)?;
        Ok(Some(Self {
            place,
            every: Duration::from_secs(every.get().into()),
            signer,
            cosigner: Arc::clone(cosigner),
            ledger: Arc::clone(ledger),
            metrics: Arc::clone(metrics),
        }))
    }

    /// Reads again and again, until the stop.
    pub(crate) async fn run(self, stop: Stop) {
        loop {
            if let Err(why) = self.take().await {
                self.metrics.list_refusals.inc();
                tracing::error!("The signed list of logs was not taken: {why}");
            }
            tokio::select! {
                () = stop.stopped() => return,
                () = tokio::time::sleep(self.every) => {}
            }
        }
    }

    async fn take(&self) -> Result<(), String> {
        let bytes = self.read().await?;
        let list = LogList::open(&bytes, &self.signer).map_err(|error| error.to_string())?;
        let taken = self.ledger.take_issue(&list.issue).await;
        taken.map_err(|error| error.to_string())?;
        let ledger = self.ledger.as_ref();
        enrol_all(ledger, &self.cosigner, &list.logs, &self.metrics)
            .await
            .map_err(|error| error.to_string())
    }

    async fn read(&self) -> Result<Vec<u8>, String> {
        match &self.place {
            Place::File(path) => {
                let too_large = std::fs::metadata(path).is_ok_and(|file| {
                    file.len() > u64::try_from(LIST_BYTES_MAX).unwrap_or(u64::MAX)
                });
                if too_large {
                    return Err(format!("{} is larger than 1 MiB", path.display()));
                }
                let read = tokio::fs::read(path).await;
                read.map_err(|error| format!("{}: {error}", path.display()))
            }
            Place::Address(url, client) => {
                let answer = client.get(url).send().await;
                let answer = answer.and_then(reqwest::Response::error_for_status);
                body(answer.map_err(|error| in_full(&error))?, LIST_BYTES_MAX).await
            }
        }
    }
}

/// Enrols what is new; a log that is refused is reported and keeps none of the others from being enrolled.
pub(crate) async fn enrol_all(
    ledger: &dyn Ledger,
    cosigner: &Cosigner,
    logs: &[NewLog],
    metrics: &Metrics,
) -> Result<(), LedgerError> {
    if logs.is_empty() {
        return Ok(());
    }
    let changes = ledger.enrol_all(logs, cosigner.vkeys()).await?;
    for (new, change) in logs.iter().zip(changes) {
        match change {
            Ok(Change::None) => {}
            Ok(_) => {
                tracing::info!(
                    origin = new.origin,
                    by = new.source.word(),
                    "A log is enrolled."
                );
            }
            Err(error) => {
                metrics.list_refusals.inc();
                tracing::error!(
                    origin = new.origin,
                    by = new.source.word(),
                    "A log is not enrolled: {error}"
                );
            }
        }
    }
    Ok(())
}
