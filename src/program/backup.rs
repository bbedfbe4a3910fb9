//! `notarylog backup`: a copy of a log, also while it serves.
//!
//! The database is copied as of one moment, then the journal, which is never behind it, then the tiles that this database
//! relies on. The manifest comes last, when everything else is durable. The keys are left out: they never change, and
//! whoever has them and a copy of the log can make a second history.

use super::manifest::{self, Manifest};
use super::{Failure, config, folder, tile_copy};
use crate::clock::{Clock as _, SystemClock};
use crate::storage::anchor::Anchor as _;
use crate::storage::coord::{Coord as _, Incarnation};
use crate::storage::journal::Journal;
use crate::storage::sqlite::SqliteCoord;
use crate::storage::tile_store::TileStore;
use clap::{ArgMatches, Args};
use evidence::OriginHash;
use indicatif::{ProgressBar, ProgressStyle};
use service::Config;
use std::path::{Path, PathBuf};

/// The policy's name in a backup.
const POLICY: &str = "policy.txt";

/// Makes a backup.
#[derive(Args)]
pub(crate) struct Backup {
    /// The log's folder, also beside a running `serve`
    dir: PathBuf,
    /// The folder to make; it must be empty or not exist
    to: PathBuf,
    /// One JSON object instead of sentences
    #[arg(long)]
    json: bool,
}

impl Backup {
    pub(crate) fn run(self, matches: &ArgMatches) -> Result<(), Failure> {
        if !self.dir.join(config::FILE).exists() {
            return Err(Failure::usage(format!(
                "{} holds no log",
                self.dir.display()
            )));
        }
        super::refuse_unless_empty(
            &self.to,
            "a backup needs an empty folder, and nothing is overwritten",
        )?;
        let config = config::load(&self.dir, matches)?;
        let manifest = super::runtime()?.block_on(self.copy(&config))?;
        self.report(&manifest);
        Ok(())
    }

    async fn copy(&self, config: &Config) -> Result<Manifest, Failure> {
        let origin = folder::origin(config)?;
        let origin_hash = OriginHash::of(origin.as_str());
        let (from, to) = (&self.dir, &self.to);
        let begun_ms = SystemClock.now_ms();
        std::fs::create_dir_all(to).map_err(Failure::could_not)?;

        let bar = progress("{spinner} the database …")?;
        bar.enable_steady_tick(std::time::Duration::from_millis(200));
        SqliteCoord::copy(&folder::database(from), &folder::database(to))
            .await
            .map_err(Failure::could_not)?;
        let coord = SqliteCoord::open_read_only(&folder::database(to), origin_hash.as_bytes())
            .await
            .map_err(Failure::could_not)?;
        let committed = coord.committed().await.map_err(Failure::could_not)?;
        coord.close().await.map_err(Failure::could_not)?;
        bar.finish_and_clear();
        if committed.incarnation == Incarnation([0; 16]) {
            return Err(Failure::could_not(format!(
                "{} holds no finished log",
                from.display()
            )));
        }

        // After the database: so the copy of the journal reaches as far as the copy of the database, or further.
        let anchor = folder::journal(from, config)?;
        let journal =
            Journal::open_read_only(&anchor, origin_hash.as_bytes()).map_err(Failure::could_not)?;
        journal
            .copy_to(&to.join("journal"))
            .map_err(Failure::could_not)?;

        let bar = progress("{bar:30} {human_pos} of {human_len} tiles, {eta} left")?;
        let tiles = TileStore::open(&folder::tiles(from)).map_err(Failure::could_not)?;
        let copies = TileStore::open(&folder::tiles(to)).map_err(Failure::could_not)?;
        tile_copy::copy(&tiles, &copies, committed.stored, &bar).await?;
        bar.finish_and_clear();

        let mut manifest = Manifest::new(origin.as_str(), &committed.head, begun_ms);
        manifest.stored = committed.stored.get();
        manifest.journal_size = journal.last().map_or(0, |last| last.size.get());
        manifest.anchor = (anchor != from.join("journal"))
            .then(|| std::path::absolute(&anchor))
            .transpose()
            .map_err(Failure::could_not)?;
        copy_config(from, to, config)?;
        manifest.write(to, manifest::FILE)?;
        // The folder's own name.
        let above = std::path::absolute(to).map_err(Failure::could_not)?;
        if let Some(above) = above.parent() {
            std::fs::File::open(above)
                .and_then(|above| above.sync_all())
                .map_err(Failure::could_not)?;
        }
        Ok(manifest)
    }

    fn report(&self, manifest: &Manifest) {
        let (from, to) = (self.dir.display(), self.to.display());
        if self.json {
            let event = serde_json::json!({
                "event": "backed-up", "dir": self.to, "origin": manifest.origin, "entries": manifest.size,
                "root": manifest.root, "time_ms": manifest.time_ms, "journal": manifest.journal_size,
                "tiles_below": manifest.stored, "keys": false,
            });
            println!("{event}");
            return;
        }
        println!(
            "{to} holds {} entries of the log {} as of {}; everything is on disk.",
            manifest.size,
            manifest.origin,
            manifest.as_of()
        );
        println!("Check it with: notarylog check {to}");
        println!(
            "The keys in {from}/keys are not in it. They never change: keep one copy of them apart from every backup, \
             since whoever has both can make a second history of this log."
        );
    }
}

/// The configuration and the policy, so that the backup can be checked and restored by itself.
fn copy_config(from: &Path, to: &Path, config: &Config) -> Result<(), Failure> {
    let text = std::fs::read_to_string(from.join(config::FILE)).map_err(Failure::could_not)?;
    let mut table: toml::Table = text.parse().map_err(Failure::could_not)?;
    // In a backup the journal lies beside the rest; the manifest knows where it belongs.
    table.remove("anchor");
    if let Some(policy) = config.path_if_set("policy") {
        let policy = std::fs::read(&policy).map_err(|error| {
            Failure::could_not(format!("the policy {}: {error}", policy.display()))
        })?;
        manifest::write_new(&to.join(POLICY), &policy)?;
        table.insert("policy".to_owned(), POLICY.into());
    }
    let text = toml::to_string(&table).map_err(Failure::could_not)?;
    manifest::write_new(&to.join(config::FILE), text.as_bytes())
}

/// A progress bar on standard error, where there is a terminal.
pub(super) fn progress(template: &str) -> Result<ProgressBar, Failure> {
    let style = ProgressStyle::with_template(template).map_err(Failure::could_not)?;
    Ok(ProgressBar::no_length().with_style(style))
}
