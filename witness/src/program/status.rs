//! `notarylog-witness status`: the logs, and what was cosigned last, from the folder or from a running witness.

use super::{Failure, folder};
use crate::ledger::Ledger as _;
use crate::memory::served_head::{body, client, in_full};
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

async fn stored(dir: &Path) -> Result<Value, Failure> {
    let (cosigner, ledger) = folder::open_read_only(dir).await?;
    let logs = ledger.logs().await.map_err(Failure::could_not)?;
    let rows = ledger.rows().await.map_err(Failure::could_not)?;
    ledger.close().await.map_err(Failure::could_not)?;
    let heads: HashMap<_, _> = rows.into_iter().map(|row| (row.log, row.head)).collect();
    let logs: Vec<Value> = logs
        .iter()
        .map(|log| {
            let head = heads.get(&log.id).filter(|head| head.is_signed());
            json!({
                "origin": log.origin,
                "size": head.map_or(0, |head| head.size().get()),
                "time_s": head.map(|head| head.time_s),
            })
        })
        .collect();
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
