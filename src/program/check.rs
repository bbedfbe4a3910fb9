//! `notarylog check`: everything is hashed and compared again.

use super::{Failure, config, folder};
use crate::check::Report;
use crate::check::folder::FolderCheck;
use crate::check::remote::RemoteCheck;
use crate::clock::{Clock as _, SystemClock};
use crate::storage::journal::Journal;
use crate::storage::sqlite::SqliteCoord;
use crate::storage::tile_store::TileStore;
use clap::{ArgMatches, Args};
use evidence::{OriginHash, UtcDate};
use indicatif::{ProgressBar, ProgressStyle};
use std::path::Path;

/// Checks a log.
#[derive(Args)]
pub(crate) struct Check {
    /// The log's folder, also beside a running `serve`; or its address, http://… or https://…
    #[arg(value_name = "DIR|URL")]
    log: String,
    /// Verify every entry's signature too (always done against an address)
    #[arg(long)]
    signatures: bool,
    /// One JSON object instead of sentences
    #[arg(long)]
    json: bool,
}

impl Check {
    pub(crate) fn run(self, matches: &ArgMatches) -> Result<(), Failure> {
        let bar = ProgressBar::no_length().with_style(
            ProgressStyle::with_template("{bar:30} {human_pos} of {human_len} entries, {eta} left")
                .map_err(Failure::could_not)?,
        );
        let mut progress = |done: u64, all: u64| {
            bar.set_length(all);
            bar.set_position(done);
        };
        let report = super::runtime()?.block_on(async {
            if self.log.starts_with("http://") || self.log.starts_with("https://") {
                let check = RemoteCheck::new(&self.log).map_err(Failure::could_not)?;
                check.run(&mut progress).await.map_err(Failure::could_not)
            } else {
                self.folder(matches, &mut progress).await
            }
        })?;
        bar.finish_and_clear();
        self.say(&report)
    }

    async fn folder(
        &self,
        matches: &ArgMatches,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Report, Failure> {
        let dir = Path::new(&self.log);
        let config = config::load_of_log(dir, matches)?;
        let origin = OriginHash::of(folder::origin(&config)?.as_str());
        let coord = SqliteCoord::open_read_only(&folder::database(dir), origin.as_bytes())
            .await
            .map_err(Failure::could_not)?;
        let objects = TileStore::open(&folder::tiles(dir)).map_err(Failure::could_not)?;
        let anchor = Journal::open_read_only(&folder::journal(dir, &config)?, origin.as_bytes())
            .map_err(Failure::could_not)?;
        let policy = folder::policy(&config)?;
        let check = FolderCheck {
            policy: policy.as_ref(),
            today: UtcDate::of_unix_ms(SystemClock.now_ms()),
            coord: &coord,
            objects: &objects,
            anchor: &anchor,
            verify_signatures: self.signatures,
        };
        check.run(progress).await.map_err(Failure::could_not)
    }

    fn say(&self, report: &Report) -> Result<(), Failure> {
        if self.json {
            let findings: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
            let policy_notice = report.policy_notice.as_ref().map(|compared| {
                serde_json::json!({"state": compared.word(), "says": compared.sentence()})
            });
            let event = serde_json::json!({
                "event": "checked", "clean": report.is_clean(), "entries": report.entries, "tiles": report.tiles,
                "heads": report.heads, "journal_steps": report.journal_steps, "signatures": report.signatures,
                "audit_rows": report.audit_rows,
                "faults": report.faults, "findings": findings, "policy_notice": policy_notice,
            });
            println!("{event}");
        } else if report.is_clean() {
            println!(
                "Everything fits: {} entries, {} tiles, {} heads, {} journal steps, {} entry signatures, {} audit rows.",
                report.entries,
                report.tiles,
                report.heads,
                report.journal_steps,
                report.signatures,
                report.audit_rows
            );
        } else {
            for finding in &report.findings {
                println!("{finding}");
            }
        }
        if let Some(compared) = &report.policy_notice
            && !self.json
        {
            println!("{}", compared.sentence());
        }
        if report.is_clean() {
            return Ok(());
        }
        Err(Failure::wrong(format!(
            "{} faults in {} entries; restore a copy before the log goes on",
            report.faults, report.entries
        )))
    }
}
