//! `notarylog-witness log`: which logs are watched. A running witness sees a change within a second.

use super::{Failure, Folder, folder};
use crate::clock::{Clock as _, SystemClock};
use crate::known_log::{Source, origin_hash};
use crate::ledger::resumption::REASON_BYTES_MAX;
use crate::ledger::{Change, Ledger as _, NewLog, Resumption};
use crate::log_list::log_url;
use crate::shelf::Shelf as _;
use crate::shelf::folder_shelf::FolderShelf;
use clap::{Args, Subcommand};
use std::path::PathBuf;
use tlog::Vkey;

/// Enrols, removes, lists.
#[derive(Subcommand)]
pub(crate) enum LogVerb {
    /// Enrols a log, or gives one other keys or another address
    #[command(
        after_help = "Example:\n  notarylog-witness log add /srv/witness --origin log.example.org/suzhou-2026 \\\n    --vkey log.example.org/suzhou-2026+8b3b1a26+AZ… --url https://log.example.org"
    )]
    Add(Add),
    /// Removes a log; what was signed of it is never forgotten
    #[command(
        after_help = "Example:\n  notarylog-witness log remove /srv/witness --origin log.example.org/suzhou-2026"
    )]
    Remove(Remove),
    /// Cosigns a log again that is convicted: the operator's decision, recorded with its reason
    #[command(
        after_help = "Example:\n  notarylog-witness log resume /srv/witness log.example.org/suzhou-2026 \\\n    --reason 'Decision 2026-17: the key was stolen, the new one is enrolled'"
    )]
    Resume(Resume),
    /// Lists the enrolled logs
    #[command(after_help = "Example:\n  notarylog-witness log list /srv/witness")]
    List(Folder),
}

/// Enrols a log.
#[derive(Args)]
pub(crate) struct Add {
    #[command(flatten)]
    folder: Folder,
    /// The log's origin: the first line of its checkpoints
    #[arg(long, value_name = "ORIGIN")]
    origin: String,
    /// A verifier key of the log; several are given one by one
    #[arg(long, value_name = "VKEY", required = true)]
    vkey: Vec<String>,
    /// Where the log serves /checkpoint
    #[arg(long, value_name = "URL")]
    url: Option<String>,
}

/// Removes a log.
#[derive(Args)]
pub(crate) struct Remove {
    #[command(flatten)]
    folder: Folder,
    /// The log's origin
    #[arg(long, value_name = "ORIGIN")]
    origin: String,
}

/// Cosigns a log again.
#[derive(Args)]
pub(crate) struct Resume {
    #[command(flatten)]
    folder: Folder,
    /// The log's origin
    origin: String,
    /// Why: it is kept, and shown to everybody
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

impl LogVerb {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let runtime = super::runtime()?;
        match self {
            Self::Add(add) => runtime.block_on(add.run()),
            Self::Remove(remove) => runtime.block_on(remove.run()),
            Self::Resume(resume) => runtime.block_on(resume.run()),
            Self::List(folder) => runtime.block_on(list(folder.dir, folder.json)),
        }
    }
}

impl Add {
    async fn run(self) -> Result<(), Failure> {
        let vkeys = self
            .vkey
            .iter()
            .map(|vkey| {
                Vkey::parse(vkey).map_err(|error| Failure::usage(format!("--vkey {vkey}: {error}")))
            })
            .collect::<Result<Vec<_>, _>>()?;
        let url = self.url.as_deref().map(log_url).transpose();
        let url = url.map_err(|why| Failure::usage(format!("--url: {why}")))?;
        let (cosigner, ledger) = folder::open(&self.folder.dir).await?;
        let new = NewLog {
            origin: self.origin.clone(),
            vkeys,
            url,
            source: Source::Command,
        };
        let change = ledger
            .enrol(&new, cosigner.vkeys())
            .await
            .map_err(|error| Failure::wrong(format!("{} is not enrolled: {error}", self.origin)))?;
        ledger.close().await.map_err(Failure::could_not)?;
        let (word, sentence) = match change {
            Change::Added => ("added", "is enrolled"),
            Change::Changed => ("changed", "has other keys or another address now"),
            Change::None => ("unchanged", "was enrolled so already"),
        };
        say(&self.folder, word, &self.origin, sentence);
        Ok(())
    }
}

impl Remove {
    async fn run(self) -> Result<(), Failure> {
        let (_, ledger) = folder::open(&self.folder.dir).await?;
        let removed = ledger
            .remove(&self.origin)
            .await
            .map_err(Failure::could_not)?;
        ledger.close().await.map_err(Failure::could_not)?;
        if !removed {
            return Err(not_enrolled(&self.origin));
        }
        say(&self.folder, "removed", &self.origin, "is removed");
        Ok(())
    }
}

impl Resume {
    async fn run(self) -> Result<(), Failure> {
        let reason = self.reason.trim();
        if reason.is_empty() || reason.len() > REASON_BYTES_MAX {
            return Err(Failure::usage(format!(
                "--reason: say why, in at most {REASON_BYTES_MAX} bytes; it is shown to everybody"
            )));
        }
        let (_, ledger) = folder::open(&self.folder.dir).await?;
        let logs = ledger.logs().await.map_err(Failure::could_not)?;
        let log = logs.iter().find(|log| log.origin == self.origin);
        let log = log.ok_or_else(|| not_enrolled(&self.origin))?;
        let files = FolderShelf::new(folder::proofs(&self.folder.dir));
        let proofs = files.of_log(&origin_hash(&log.origin));
        let proofs: Vec<String> = proofs
            .map_err(Failure::could_not)?
            .into_iter()
            .map(|file| file.sha256)
            .collect();
        if proofs.is_empty() {
            return Err(Failure::usage(format!(
                "no proof stands against {}: it is cosigned as it is",
                self.origin
            )));
        }
        let resumption = Resumption {
            log: log.id,
            at_s: SystemClock::new().now_s(),
            reason: reason.to_owned(),
            proofs,
        };
        ledger
            .resume(&resumption)
            .await
            .map_err(Failure::could_not)?;
        ledger.close().await.map_err(Failure::could_not)?;
        let sentence = "is cosigned again; another proof would stop it anew";
        say(&self.folder, "resumed", &self.origin, sentence);
        Ok(())
    }
}

fn not_enrolled(origin: &str) -> Failure {
    Failure::usage(format!(
        "{origin} is not enrolled; `notarylog-witness log list` shows which are"
    ))
}

fn say(folder: &Folder, event: &str, origin: &str, sentence: &str) {
    if folder.json {
        println!("{}", serde_json::json!({"event": event, "origin": origin}));
    } else {
        println!("The log {origin} {sentence}.");
    }
}

async fn list(dir: PathBuf, json: bool) -> Result<(), Failure> {
    let (_, ledger) = folder::open_read_only(&dir).await?;
    let logs = ledger.logs().await.map_err(Failure::could_not)?;
    ledger.close().await.map_err(Failure::could_not)?;
    for log in logs {
        let vkeys: Vec<String> = log.vkeys.iter().map(ToString::to_string).collect();
        if json {
            let line = serde_json::json!({
                "origin": log.origin, "url": log.url, "source": log.source.word(), "vkeys": vkeys,
            });
            println!("{line}");
            continue;
        }
        let url = log.url.as_deref().unwrap_or("no address");
        println!("{}  ({url}, by {})", log.origin, log.source.word());
        for vkey in vkeys {
            println!("  {vkey}");
        }
    }
    Ok(())
}
