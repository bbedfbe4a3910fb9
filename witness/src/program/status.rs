//! `notarylog-witness status`: the logs, and what was cosigned last, from the folder or from a running witness.

use super::{Failure, folder};
use crate::conviction::{Against, Conviction};
use crate::known_log::origin_hash;
use crate::ledger::Ledger as _;
use crate::memory::served_head::{body, client, in_full};
use crate::metrics;
use crate::shelf::Shelf as _;
use crate::shelf::folder_shelf::FolderShelf;
use clap::Args;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::path::Path;

/// The largest list that is read, in bytes: 10,000 logs.
const LIST_BYTES_MAX: usize = 8 << 20;

/// Shows how the logs stand.
#[derive(Args)]
pub(crate) struct Status {
    /// The witness's folder, also beside a running one; or its address, http://… or https://…
    #[arg(value_name = "DIR|URL")]
    witness: String,
    /// One JSON object instead of sentences
    #[arg(long)]
    json: bool,
}

impl Status {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let is_url = self.witness.starts_with("http://") || self.witness.starts_with("https://");
        let status = super::runtime()?.block_on(async {
            if is_url {
                asked(&self.witness).await
            } else {
                stored(Path::new(&self.witness)).await
            }
        })?;
        if self.json {
            println!("{status}");
            return Ok(());
        }
        let text = |value: &Value| value.as_str().unwrap_or("?").to_owned();
        println!("The witness {}", text(&status["name"]));
        for log in status["logs"].as_array().into_iter().flatten() {
            let seen = match log["time_s"].as_u64() {
                Some(time_s) => format!("size {} at {time_s} s", log["size"]),
                None => "never cosigned".to_owned(),
            };
            println!("  {}: {seen}", text(&log["origin"]));
            for verdict in log["verdicts"].as_array().into_iter().flatten() {
                println!("    {}", in_words(&text(verdict)));
            }
            if log["stopped"] == true {
                println!(
                    "    It is cosigned no more; `notarylog-witness log resume` is its operator's decision."
                );
            }
            for decided in log["resumptions"].as_array().into_iter().flatten() {
                let (time_s, reason) = (&decided["time_s"], text(&decided["reason"]));
                println!("    cosigned again since {time_s} s: {reason}");
            }
            if let Some(outcome) = log["last_refusal"]["outcome"].as_str() {
                println!(
                    "    last refusal: {outcome} at {} s",
                    log["last_refusal"]["time_s"]
                );
            }
        }
        Ok(())
    }
}

/// What is to be said of a log, each apart from the others.
fn in_words(verdict: &str) -> &'static str {
    match verdict {
        metrics::PROVEN => {
            "PROVEN: it signed two histories; the proof lies in the folder misbehavior and is served"
        }
        metrics::DISPUTE => {
            "dispute: two heads under its key stand apart, and nobody has shown that they are one log"
        }
        metrics::OUTAGE => "outage: it does not answer at its address; that is no evidence",
        metrics::STALE => "stale: its newest head is old; that is no evidence",
        _ => "unknown here: this program is older than the witness",
    }
}

async fn stored(dir: &Path) -> Result<Value, Failure> {
    let (cosigner, ledger) = folder::open_read_only(dir).await?;
    let logs = ledger.logs().await.map_err(Failure::could_not)?;
    let rows = ledger.rows().await.map_err(Failure::could_not)?;
    let decided = ledger.resumptions().await.map_err(Failure::could_not)?;
    ledger.close().await.map_err(Failure::could_not)?;
    let shelf = FolderShelf::new(folder::proofs(dir));
    let heads: HashMap<_, _> = rows.into_iter().map(|row| (row.log, row.head)).collect();
    let logs: Vec<Value> = logs
        .iter()
        .map(|log| {
            let head = heads.get(&log.id).filter(|head| head.is_signed());
            let files = shelf.of_log(&origin_hash(&log.origin));
            let proofs: Vec<Conviction> = files
                .map_err(Failure::could_not)?
                .iter()
                .filter_map(|file| {
                    let (name, own) = (&file.sha256, cosigner.vkeys());
                    Conviction::of_kept(&file.bytes, name, &log.origin, own, file.kept_s)
                })
                .filter(|conviction| conviction.against == Against::Log)
                .collect();
            let decided = decided.iter().filter(|one| one.log == log.id);
            let is_decided = |proof: &Conviction| {
                decided
                    .clone()
                    .any(|one| one.proofs.contains(&proof.sha256))
            };
            let resumptions = decided
                .clone()
                .map(|one| json!({"time_s": one.at_s, "reason": one.reason, "proofs": one.proofs}));
            let verdicts = (!proofs.is_empty()).then_some(metrics::PROVEN);
            Ok(json!({
                "origin": log.origin,
                "size": head.map_or(0, |head| head.size().get()),
                "time_s": head.map(|head| head.time_s),
                "verdicts": verdicts.as_slice(),
                "stopped": !proofs.iter().all(is_decided),
                "resumptions": resumptions.collect::<Vec<_>>(),
            }))
        })
        .collect::<Result<_, Failure>>()?;
    Ok(json!({"name": cosigner.name().as_str(), "logs": logs}))
}

async fn asked(url: &str) -> Result<Value, Failure> {
    let address = format!("{}/v1/logs", url.trim_end_matches('/'));
    let client = client().map_err(Failure::could_not)?;
    let answer = client
        .get(address)
        .send()
        .await
        .and_then(reqwest::Response::error_for_status)
        .map_err(|error| Failure::could_not(in_full(&error)))?;
    let body = body(answer, LIST_BYTES_MAX)
        .await
        .map_err(Failure::could_not)?;
    serde_json::from_slice(&body).map_err(Failure::could_not)
}
