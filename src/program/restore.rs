//! `notarylog restore`: a log from its backup, and from what is left of the original.
//!
//! What is there stays: the original's journal and tiles, its keys and its configuration. A journal that reaches as far as
//! the backup holds everything that the log did, since each step is in it before it is signed: the next start rolls
//! forward. A journal that came with the backup is marked: a log without witnesses then only reads.

use super::backup::progress;
use super::manifest::{self, MARK, Manifest};
use super::{Failure, config, folder, tile_copy};
use crate::clock::{Clock as _, SystemClock};
use crate::log::start::fresh_incarnation;
use crate::storage::anchor::Anchor as _;
use crate::storage::coord::Coord as _;
use crate::storage::journal::Journal;
use crate::storage::sqlite::SqliteCoord;
use crate::storage::tile_store::TileStore;
use clap::{ArgMatches, Args};
use evidence::{AuditAction, AuditEvent, OriginHash};
use service::FolderLock;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use tlog::TreeSize;

/// Restores a log.
#[derive(Args)]
pub(crate) struct Restore {
    /// The folder that `notarylog backup` made
    from: PathBuf,
    /// The log's folder: what is left of the original, or a new one. It must hold no database
    dir: PathBuf,
    /// The folder with the log's keys, if they are not in DIR/keys already
    #[arg(long, value_name = "FOLDER")]
    keys: Option<PathBuf>,
    /// Where the journal belongs, for a new folder; where it was when left out
    #[arg(long, value_name = "PATH")]
    anchor: Option<PathBuf>,
    /// One JSON object instead of sentences
    #[arg(long)]
    json: bool,
}

/// What was done with the journal.
enum JournalIs {
    /// The original's was there.
    Original { size: u64 },
    /// The backup's was copied, or one that is no newer was there.
    Backups,
}

impl Restore {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let manifest = Manifest::read(&self.from)?;
        self.refuse_a_database()?;
        fs::create_dir_all(&self.dir).map_err(Failure::could_not)?;
        let _lock = FolderLock::take(&self.dir).map_err(Failure::could_not)?;
        self.config(&manifest)?;
        let config = config::load(&self.dir, &ArgMatches::default())?;
        if folder::origin(&config)?.as_str() != manifest.origin {
            return Err(Failure::usage(format!(
                "the configuration in {} is of another log than the backup of {}",
                self.dir.display(),
                manifest.origin
            )));
        }
        let has_keys = self.keys()?;
        let journal = self.journal(&manifest, &folder::journal(&self.dir, &config)?)?;
        super::runtime()?.block_on(self.tiles_and_database(&manifest))?;
        self.report(&manifest, &journal, has_keys);
        Ok(())
    }

    fn refuse_a_database(&self) -> Result<(), Failure> {
        // Also a write-ahead log alone: with another database it would be damage.
        for name in ["log.sqlite", "log.sqlite-wal", "log.sqlite-shm"] {
            if self.dir.join(name).exists() {
                return Err(Failure::usage(format!(
                    "{} holds {name} already: move log.sqlite, log.sqlite-wal and log.sqlite-shm away first, nothing is \
                     overwritten",
                    self.dir.display()
                )));
            }
        }
        Ok(())
    }

    /// Writes the configuration, if there is none.
    fn config(&self, manifest: &Manifest) -> Result<(), Failure> {
        let place = self.dir.join(config::FILE);
        if place.exists() {
            return match self.anchor {
                Some(_) => Err(Failure::usage(format!(
                    "{} is there already: change the option anchor in it, and leave out --anchor",
                    place.display()
                ))),
                None => Ok(()),
            };
        }
        let text = fs::read_to_string(self.from.join(config::FILE)).map_err(Failure::could_not)?;
        let mut table: toml::Table = text.parse().map_err(Failure::could_not)?;
        let anchor = self.anchor.as_ref().map(std::path::absolute).transpose();
        let anchor = anchor.map_err(Failure::could_not)?;
        if let Some(anchor) = anchor.or_else(|| manifest.anchor.clone()) {
            table.insert("anchor".to_owned(), anchor.display().to_string().into());
        }
        let text = toml::to_string(&table).map_err(Failure::could_not)?;
        manifest::write_new(&place, text.as_bytes())?;
        if let Some(policy) = table.get("policy").and_then(toml::Value::as_str)
            && !self.dir.join(policy).exists()
        {
            let text = fs::read(self.from.join(policy)).map_err(Failure::could_not)?;
            manifest::write_new(&self.dir.join(policy), &text)?;
        }
        Ok(())
    }

    /// Whether the log's keys are there now.
    fn keys(&self) -> Result<bool, Failure> {
        let place = folder::keys(&self.dir);
        let Some(from) = &self.keys else {
            return Ok(place.exists());
        };
        let cannot = |error: std::io::Error| Failure::could_not(error);
        fs::create_dir_all(&place).map_err(cannot)?;
        for file in fs::read_dir(from).map_err(cannot)? {
            let file = file.map_err(cannot)?;
            if file.path().extension().is_none_or(|end| end != "pem") {
                continue;
            }
            let (key, to) = (
                fs::read(file.path()).map_err(cannot)?,
                place.join(file.file_name()),
            );
            // It is the same after a restore that was cut off.
            if fs::read(&to).is_ok_and(|there| there == key) {
                continue;
            }
            let copy = fs::OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&to);
            copy.and_then(|mut copy| copy.write_all(&key).and_then(|()| copy.sync_all()))
                .map_err(|error| {
                    Failure::could_not(format!("the key {}: {error}", to.display()))
                })?;
        }
        fs::File::open(&place)
            .and_then(|place| place.sync_all())
            .map_err(cannot)?;
        Ok(true)
    }

    /// Leaves the journal that is there, or copies the backup's; one that holds no more than the backup is marked.
    fn journal(&self, manifest: &Manifest, place: &Path) -> Result<JournalIs, Failure> {
        let origin = OriginHash::of(&manifest.origin);
        let open = |folder: &Path| {
            Journal::open_read_only(folder, origin.as_bytes()).map_err(Failure::could_not)
        };
        fs::create_dir_all(place).map_err(Failure::could_not)?;
        let mark = manifest::mark(place)?;
        let is_of_this = mark
            .as_ref()
            .is_some_and(|mark| mark.begun_ms == manifest.begun_ms);
        let reaches = open(place).map(|journal| journal.last().map(|last| last.size.get()));
        match (reaches, mark) {
            (Ok(Some(size)), None) if size >= manifest.journal_size => {
                return Ok(JournalIs::Original { size });
            }
            (Ok(Some(size)), Some(_)) if size >= manifest.journal_size => {
                return Ok(JournalIs::Backups);
            }
            // Our own copy, which was cut off.
            (_, Some(_)) if is_of_this => {
                fs::remove_dir_all(place)
                    .and_then(|()| fs::create_dir_all(place))
                    .map_err(Failure::could_not)?;
            }
            (Ok(Some(_)), None) => {
                // It holds less than the backup: what it lacks is appended at the start, and it tells nothing.
                manifest.write(place, MARK)?;
                return Ok(JournalIs::Backups);
            }
            (Ok(Some(_)), Some(_)) => return Ok(JournalIs::Backups),
            (Ok(None), Some(_)) => {
                return Err(Failure::usage(format!(
                    "the journal in {} is an unfinished copy from another backup: move it away first",
                    place.display()
                )));
            }
            (Ok(None), None) => {}
            (Err(error), _) => return Err(error),
        }
        // The mark comes first: a copy without it would pass for the original.
        manifest.write(place, MARK)?;
        open(&self.from.join("journal"))?
            .copy_to(place)
            .map_err(Failure::could_not)?;
        Ok(JournalIs::Backups)
    }

    async fn tiles_and_database(&self, manifest: &Manifest) -> Result<(), Failure> {
        let stored = TreeSize::new(manifest.stored).map_err(Failure::could_not)?;
        let from = TileStore::open(&folder::tiles(&self.from)).map_err(Failure::could_not)?;
        let to = TileStore::open(&folder::tiles(&self.dir)).map_err(Failure::could_not)?;
        let bar = progress("{bar:30} {human_pos} of {human_len} tiles, {eta} left")?;
        tile_copy::copy(&from, &to, stored, &bar).await?;
        bar.finish_and_clear();
        // The database comes last, and under its name when it is whole: without one the folder is no log.
        let (place, part) = (
            folder::database(&self.dir),
            self.dir.join("log.sqlite.part"),
        );
        if part.exists() {
            fs::remove_file(&part).map_err(Failure::could_not)?;
        }
        SqliteCoord::copy(&folder::database(&self.from), &part)
            .await
            .map_err(Failure::could_not)?;
        audited(&part, manifest).await?;
        fs::rename(&part, &place)
            .and_then(|()| fs::File::open(&self.dir)?.sync_all())
            .map_err(Failure::could_not)
    }

    fn report(&self, manifest: &Manifest, journal: &JournalIs, has_keys: bool) {
        let dir = self.dir.display();
        let (word, reaches) = match journal {
            JournalIs::Original { size } => ("original", *size),
            JournalIs::Backups => ("backup", manifest.journal_size),
        };
        if self.json {
            let event = serde_json::json!({
                "event": "restored", "dir": self.dir, "origin": manifest.origin, "entries": manifest.size,
                "time_ms": manifest.time_ms, "journal": word, "journal_size": reaches, "keys": has_keys,
            });
            println!("{event}");
            return;
        }
        println!(
            "{dir} holds {} entries of the log {} as of {}.",
            manifest.size,
            manifest.origin,
            manifest.as_of()
        );
        match journal {
            JournalIs::Original { size } => println!(
                "The journal was there and reaches {size} entries: the next start rolls the database forward."
            ),
            JournalIs::Backups => println!(
                "The journal is no newer than the backup. If the original's is left, put it in the place of this one \
                 before the start: it holds what was logged after the backup. Without it the witnesses are asked at the \
                 start; a log without witnesses then only reads, and says what to do."
            ),
        }
        if !has_keys {
            println!(
                "The log's keys are not here: put them in {dir}/keys, each with mode 0600, before the start."
            );
        }
        println!(
            "Stop every other copy of this log for good. Then go on with: notarylog serve {dir}"
        );
    }
}

/// That this database was restored is an audit row before it has its name. Until a process takes the store, nobody may
/// advance it.
async fn audited(database: &Path, manifest: &Manifest) -> Result<(), Failure> {
    let origin = OriginHash::of(&manifest.origin);
    let coord = SqliteCoord::open(database, origin.as_bytes(), 1)
        .await
        .map_err(Failure::could_not)?;
    let now_ms = SystemClock.now_ms();
    let restored = AuditEvent::at_size(AuditAction::Restore, manifest.size, now_ms);
    let nobody = fresh_incarnation().map_err(Failure::could_not)?;
    coord
        .open(nobody, Some(restored))
        .await
        .map_err(Failure::could_not)?;
    // The last connection folds the write-ahead log into the file, which is renamed alone.
    coord.close().await.map_err(Failure::could_not)
}
