//! What a backup says of itself: the last file that is written, and the first that is read.

use super::Failure;
use crate::storage::coord::Head;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// The manifest's file in a backup.
pub(crate) const FILE: &str = "backup.json";
/// The mark in the folder of a journal that came from a backup: what the log did after it is in no journal here.
pub(crate) const MARK: &str = "from-backup.json";
/// A manifest is a few hundred bytes.
const BYTES_MAX: u64 = 64 << 10;

/// What is in a backup.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    /// The version of this file.
    v: u64,
    /// The log.
    pub(crate) origin: String,
    /// The size that the database has.
    pub(crate) size: u64,
    /// The root over it, base64.
    pub(crate) root: String,
    /// The time of that head, in milliseconds since 1970.
    pub(crate) time_ms: u64,
    /// The size that the journal reaches.
    pub(crate) journal_size: u64,
    /// Full tiles are there below this size.
    pub(crate) stored: u64,
    /// Where the log has its journal, if not in its own folder.
    pub(crate) anchor: Option<PathBuf>,
    /// When the backup was begun, in milliseconds since 1970.
    pub(crate) begun_ms: u64,
}

impl Manifest {
    /// Of a database with this head.
    pub(crate) fn new(origin: &str, head: &Head, begun_ms: u64) -> Self {
        Self {
            v: 1,
            origin: origin.to_owned(),
            size: head.size.get(),
            root: head.root.to_base64(),
            time_ms: head.time_ms,
            journal_size: 0,
            stored: 0,
            anchor: None,
            begun_ms,
        }
    }

    /// Reads the manifest of a backup.
    pub(crate) fn read(backup: &Path) -> Result<Self, Failure> {
        let file = backup.join(FILE);
        let unfinished = |why: &dyn std::fmt::Display| {
            Failure::usage(format!(
                "{} holds no finished backup ({why}): give the folder that `notarylog backup` made",
                backup.display()
            ))
        };
        let length = std::fs::metadata(&file).map_err(|error| unfinished(&error))?;
        if length.len() > BYTES_MAX {
            return Err(unfinished(&"its backup.json is too long"));
        }
        let text = std::fs::read_to_string(&file).map_err(|error| unfinished(&error))?;
        let manifest: Self = serde_json::from_str(&text).map_err(|error| unfinished(&error))?;
        if manifest.v == 1 {
            Ok(manifest)
        } else {
            Err(unfinished(&"it was made by a newer version"))
        }
    }

    /// Writes it durably under this name; a file that is there stays.
    pub(crate) fn write(&self, folder: &Path, name: &str) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(self).map_err(Failure::could_not)? + "\n";
        write_new(&folder.join(name), text.as_bytes())
    }

    /// The day and time of its head, for people.
    pub(crate) fn as_of(&self) -> String {
        i64::try_from(self.time_ms)
            .ok()
            .and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok())
            .map_or_else(|| self.time_ms.to_string(), |time| time.to_string())
    }

    /// Why a log whose journal came with this backup only reads, if it has no witnesses.
    pub(crate) fn why_read_only(&self) -> String {
        format!(
            "this log was restored from a backup of {} entries as of {}; its journal came with the backup, and it has no \
             witnesses who could tell what was logged after it, so a new head might contradict an old one. Put the \
             original's journal in the place of this one and start again; or, if nothing was logged after the backup, \
             remove {MARK} from the journal's folder and start again",
            self.size,
            self.as_of()
        )
    }
}

/// The manifest of the backup from which this journal came, if it came from one.
pub(crate) fn mark(journal: &Path) -> Result<Option<Manifest>, Failure> {
    let file = journal.join(MARK);
    if !file.exists() {
        return Ok(None);
    }
    let text = std::fs::read_to_string(&file).map_err(Failure::could_not)?;
    let manifest = serde_json::from_str(&text).map_err(|error| {
        Failure::could_not(format!("{} cannot be read: {error}", file.display()))
    })?;
    Ok(Some(manifest))
}

/// Writes a new file, durable with its name.
pub(crate) fn write_new(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let cannot = |error: std::io::Error| Failure::could_not(format!("{}: {error}", path.display()));
    let mut file = File::create_new(path).map_err(cannot)?;
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .map_err(cannot)?;
    match path.parent() {
        Some(folder) => File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(cannot),
        None => Ok(()),
    }
}
