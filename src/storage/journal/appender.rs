//! Writing the newest segment: one write and one sync a record.

use crate::storage::anchor::AnchorError;
use rustix::fs::{FallocateFlags, fallocate};
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

/// The name of a segment that is being made. One that is left over was never part of the journal.
const UNFINISHED: &str = "unfinished";

/// The newest segment, opened for writing.
#[derive(Debug)]
pub(super) struct Appender {
    file: File,
    offset: u64,
    len: u64,
}

impl Appender {
    /// Opens a segment to append behind its last record, and cuts off what is torn behind it.
    pub(super) fn reopen(
        path: &Path,
        last_record: Range<u64>,
        is_torn: bool,
        segment_len: u64,
    ) -> Result<Self, AnchorError> {
        let offset = last_record.end;
        let open = || {
            let file = OpenOptions::new().read(true).write(true).open(path)?;
            if is_torn {
                // Shorter and longer again: whatever was behind the offset is zeros now.
                file.set_len(offset)?;
            }
            let len = file.metadata()?.len().max(segment_len);
            preallocate(&file, len)?;
            // Also without a torn tail: the last record may be in the page cache alone, if a process ended before its
            // sync or because of it. After a sync that failed the kernel takes such a page for written, and another sync
            // would write nothing: so the record is written again. Whoever reads it here relies on it.
            let mut record = vec![0; usize::try_from(offset - last_record.start).unwrap_or(0)];
            file.read_exact_at(&mut record, last_record.start)?;
            file.write_all_at(&record, last_record.start)?;
            file.sync_all()?;
            Ok(Self { file, offset, len })
        };
        open().map_err(full_or_fatal)
    }

    /// Makes a segment that begins with these bytes: its header and its first record. They are on disk before the
    /// segment has its name; the caller syncs the folder.
    pub(super) fn create(
        folder: &Path,
        name: &str,
        bytes: &[u8],
        segment_len: u64,
    ) -> Result<Self, AnchorError> {
        let unfinished = folder.join(UNFINISHED);
        let write = || {
            let file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(true)
                .open(&unfinished)?;
            let offset = bytes.len() as u64;
            let len = segment_len.max(offset);
            preallocate(&file, len)?;
            file.write_all_at(bytes, 0)?;
            file.sync_all()?;
            Ok(Self { file, offset, len })
        };
        let created = write().map_err(|error| {
            // Nothing has a segment's name yet, so a full disk does no harm here.
            let _ = fs::remove_file(&unfinished);
            full_or_fatal(error)
        })?;
        fs::rename(&unfinished, folder.join(name)).map_err(AnchorError::Fatal)?;
        Ok(created)
    }

    pub(super) fn has_room_for(&self, bytes: &[u8]) -> bool {
        self.offset + bytes.len() as u64 <= self.len
    }

    /// Writes and syncs. Part of it may be on disk after an error, or none: even a full disk is fatal here.
    pub(super) fn append(&mut self, bytes: &[u8]) -> Result<(), AnchorError> {
        self.file
            .write_all_at(bytes, self.offset)
            .and_then(|()| self.file.sync_data())
            .map_err(AnchorError::Fatal)?;
        self.offset += bytes.len() as u64;
        Ok(())
    }

    /// From now on writing fails.
    #[cfg(test)]
    pub(super) fn break_for_test(&mut self, path: &Path) {
        self.file = File::open(path).expect("the newest segment is there");
    }
}

/// Reserves the space, so that a later sync changes no length and a later write finds room.
fn preallocate(file: &File, len: u64) -> io::Result<()> {
    match fallocate(file, FallocateFlags::empty(), 0, len) {
        // Not every file system can: then the file is sparse, and a sync costs more.
        Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => {
            let have = file.metadata()?.len();
            file.set_len(have.max(len))
        }
        other => Ok(other?),
    }
}

fn full_or_fatal(error: io::Error) -> AnchorError {
    if error.kind() == ErrorKind::StorageFull {
        AnchorError::DiskFull
    } else {
        AnchorError::Fatal(error)
    }
}
