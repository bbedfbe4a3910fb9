//! The log's folder: what lies where.

use super::{Failure, manifest};
use crate::clock::SystemClock;
use crate::log::Log;
use crate::log::board::Board;
use crate::log::quorum::Quorum;
use crate::log::scrubber::Scrubber;
use crate::log::start::Ports;
use crate::log::witnessing::Witnessing;
use crate::metrics::Metrics;
use crate::signer::Signer;
use crate::signer::key_files::KeyFiles;
use crate::storage::anchor::Anchor;
use crate::storage::journal::Journal;
use crate::storage::sqlite::SqliteCoord;
use crate::storage::tile_store::TileStore;
use crate::witnesses::Witness;
use crate::witnesses::http_witness::HttpWitness;
use evidence::OriginHash;
use service::Config;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tlog::{Origin, Policy, Vkey};

/// Connections that read the database beside the one that writes.
pub(crate) const READERS: u32 = 4;

/// The database's file.
pub(crate) fn database(dir: &Path) -> PathBuf {
    dir.join("log.sqlite")
}

/// The folder of full tiles and bundles.
pub(crate) fn tiles(dir: &Path) -> PathBuf {
    dir.join("tiles")
}

/// The folder of the log's keys.
pub(crate) fn keys(dir: &Path) -> PathBuf {
    dir.join("keys")
}

/// The journal's folder: a relative path lies in the log's folder.
pub(crate) fn journal(dir: &Path, config: &Config) -> Result<PathBuf, Failure> {
    Ok(dir.join(config.path("anchor").map_err(Failure::usage)?))
}

/// The log's origin.
pub(crate) fn origin(config: &Config) -> Result<Origin, Failure> {
    let text = config.text("origin").map_err(Failure::usage)?;
    Origin::new(text).map_err(|error| Failure::usage(config.refuse("origin", error.to_string())))
}

/// The adapters of the embedded log: SQLite, a journal and a folder of tiles.
pub(crate) async fn ports(
    dir: &Path,
    config: &Config,
    metrics: &Arc<Metrics>,
) -> Result<Ports, Failure> {
    let origin = origin(config)?;
    let signer: Arc<dyn Signer> =
        Arc::new(KeyFiles::load(&keys(dir), &origin).map_err(Failure::could_not)?);
    let origin_hash = OriginHash::of(origin.as_str());
    let coord = SqliteCoord::open(&database(dir), origin_hash.as_bytes(), READERS)
        .await
        .map_err(Failure::could_not)?;
    let objects = TileStore::open(&tiles(dir)).map_err(Failure::could_not)?;
    let journal = journal(dir, config)?;
    let from_backup = manifest::mark(&journal)?;
    let open_anchor = Box::new(move || {
        let journal = Journal::open(&journal, origin_hash.as_bytes())?;
        if let Some(torn) = journal.torn_tail() {
            tracing::warn!(
                segment = torn.segment,
                offset = torn.offset,
                "The journal ended in a record that was cut off; it is appended again from the database."
            );
        }
        Ok(Box::new(journal) as Box<dyn Anchor>)
    });
    let witnessing = witnessing(config, signer.vkeys(), &origin_hash, metrics)?;
    // With witnesses the gate finds out what the backup lacks; without, nobody can.
    let read_only = from_backup
        .filter(|_| witnessing.is_none())
        .map(|manifest| manifest.why_read_only());
    Ok(Ports {
        coord: Arc::new(coord),
        objects: Arc::new(objects),
        open_anchor,
        signer,
        clock: Arc::new(SystemClock),
        witnessing: witnessing.map(Arc::new),
        read_only,
    })
}

/// What reads everything again in the background; none when the operator switched it off.
pub(crate) fn scrubber(
    dir: &Path,
    config: &Config,
    log: Arc<Log>,
) -> Result<Option<Scrubber>, Failure> {
    let entries_per_second: u64 = config.get("scrub-rate").map_err(Failure::usage)?;
    if entries_per_second == 0 {
        return Ok(None);
    }
    let origin_hash = *log.origin_hash();
    let journal = journal(dir, config)?;
    let objects = TileStore::open(&tiles(dir)).map_err(Failure::could_not)?;
    let view_anchor = Box::new(move || {
        let journal = Journal::open_read_only(&journal, origin_hash.as_bytes())?;
        Ok(Box::new(journal) as Box<dyn Anchor>)
    });
    Ok(Some(Scrubber {
        log,
        objects: Arc::new(objects),
        view_anchor,
        entries_per_second,
    }))
}

/// The policy, if the option names one.
pub(crate) fn policy(config: &Config) -> Result<Option<Policy>, Failure> {
    let Some(path) = config.path_if_set("policy") else {
        return Ok(None);
    };
    let refuse = |why: String| Failure::usage(config.refuse("policy", why));
    let text =
        std::fs::read(&path).map_err(|error| refuse(format!("{}: {error}", path.display())))?;
    let policy = Policy::parse(&text).map_err(|error| refuse(error.to_string()))?;
    Ok(Some(policy))
}

/// The witnesses of the policy, if there is one.
fn witnessing(
    config: &Config,
    vkeys: &[Vkey],
    origin_hash: &OriginHash,
    metrics: &Arc<Metrics>,
) -> Result<Option<Witnessing>, Failure> {
    let Some(policy) = policy(config)? else {
        return Ok(None);
    };
    let quorum = Quorum::new(policy, vkeys)
        .map_err(|error| Failure::usage(config.refuse("policy", error.to_string())))?;
    let client = HttpWitness::client().map_err(Failure::could_not)?;
    let witnesses = quorum
        .operators()
        .iter()
        .map(|operator| {
            let witness = HttpWitness::new(client.clone(), &operator.url, origin_hash.as_bytes());
            Arc::new(witness) as Arc<dyn Witness>
        })
        .collect();
    let names = quorum
        .operators()
        .iter()
        .map(|operator| operator.name.clone());
    let board = Board::new(names.collect::<Vec<_>>(), Arc::clone(metrics));
    Ok(Some(Witnessing {
        quorum,
        witnesses,
        board,
    }))
}
