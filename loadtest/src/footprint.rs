//! What a log takes: bytes on disk by kind of file.

use serde::Serialize;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// The unit in which the system counts what a file takes (POSIX `st_blocks`).
const BLOCK: u64 = 512;

/// A kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The entries, 256 a file.
    Bundles,
    /// The database.
    Database,
    /// Its write-ahead log.
    DatabaseLog,
    /// The journal.
    Journal,
    /// The tiles of leaf hashes.
    LeafTiles,
    /// The tiles above them.
    UpperTiles,
    /// Keys, configuration, and what is not the log's.
    Other,
}

impl Kind {
    /// The kind of a file, by its path in the log's folder.
    pub fn of(path: &Path) -> Self {
        let mut names = path.iter().map(|name| name.to_str().unwrap_or_default());
        match (names.next(), names.next(), names.next()) {
            (Some("tiles"), Some("tile"), Some("entries")) => Self::Bundles,
            (Some("tiles"), Some("tile"), Some("0")) => Self::LeafTiles,
            (Some("tiles"), Some("tile"), Some(_)) => Self::UpperTiles,
            (Some("journal"), Some(_), _) => Self::Journal,
            (Some("log.sqlite"), None, _) => Self::Database,
            (Some("log.sqlite-wal" | "log.sqlite-shm"), None, _) => Self::DatabaseLog,
            _ => Self::Other,
        }
    }

    /// The words for it in a table.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Bundles => "entry bundles",
            Self::Database => "database",
            Self::DatabaseLog => "write-ahead log",
            Self::Journal => "journal",
            Self::LeafTiles => "tiles of leaf hashes",
            Self::UpperTiles => "upper tiles",
            Self::Other => "other",
        }
    }
}

/// Bytes on disk by kind of file, as the file system gives them out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Footprint {
    /// By kind.
    pub bytes: BTreeMap<Kind, u64>,
}

impl Footprint {
    /// Walks through a log's folder.
    pub fn measure(folder: &Path) -> io::Result<Self> {
        let mut footprint = Self::default();
        let mut ahead = vec![folder.to_owned()];
        while let Some(next) = ahead.pop() {
            for entry in fs::read_dir(&next)? {
                let path = entry?.path();
                let metadata = match fs::symlink_metadata(&path) {
                    Ok(metadata) => metadata,
                    // A running log moves files into their place.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                    Err(error) => return Err(error),
                };
                if metadata.is_dir() {
                    ahead.push(path);
                    continue;
                }
                let kind = Kind::of(path.strip_prefix(folder).unwrap_or(&path));
                *footprint.bytes.entry(kind).or_default() += metadata.blocks() * BLOCK;
            }
        }
        Ok(footprint)
    }

    /// All of it.
    pub fn total(&self) -> u64 {
        self.bytes.values().sum()
    }

    /// Bytes for each of so many entries.
    pub fn per_entry(bytes: u64, entries: u64) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a figure of three digits")]
        let share = bytes as f64 / entries.max(1) as f64;
        share
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn each_file_of_a_log_has_its_kind() {
        for (path, kind) in [
            ("tiles/tile/entries/x001/234", Kind::Bundles),
            ("tiles/tile/0/x001/234", Kind::LeafTiles),
            ("tiles/tile/1/004", Kind::UpperTiles),
            ("journal/00000000.journal", Kind::Journal),
            ("log.sqlite", Kind::Database),
            ("log.sqlite-wal", Kind::DatabaseLog),
            ("keys/entry.pem", Kind::Other),
            ("notarylog.toml", Kind::Other),
        ] {
            assert_eq!(Kind::of(Path::new(path)), kind, "{path}");
        }
    }

    #[test]
    fn a_file_takes_whole_blocks_and_is_counted_once() {
        let folder = tempfile::tempdir().unwrap();
        let tiles = folder.path().join("tiles/tile/0");
        fs::create_dir_all(&tiles).unwrap();
        fs::write(tiles.join("000"), [7; 8192]).unwrap();
        fs::write(folder.path().join("log.sqlite"), [7; 1]).unwrap();
        let footprint = Footprint::measure(folder.path()).unwrap();
        let bytes = |kind| footprint.bytes.get(&kind).copied().unwrap_or_default();
        assert!(bytes(Kind::LeafTiles) >= 8192, "{footprint:?}");
        assert!(bytes(Kind::Database) >= 1, "{footprint:?}");
        let both = bytes(Kind::LeafTiles) + bytes(Kind::Database);
        assert_eq!(footprint.total(), both);
    }
}
