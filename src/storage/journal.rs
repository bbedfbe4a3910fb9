//! The anchor as an append-only journal of segment files in a folder, on another path or volume than the database.
//!
//! All numbers are big-endian. A segment file is named `{first size, 20 digits}-{number, 10 digits}.journal`:
//!
//! ```text
//! header    "notarylog/journal/v1\n"   21 bytes
//!           SHA-256(origin)            32 bytes
//!           first size                  8 bytes   the tree's size before the segment's first record
//!           previous checksum          32 bytes   of the segment before; zeros in the first of all
//! records   one after the other, then zeros to the end of the file
//!
//! record    "NLJ1"                      4 bytes
//!           body length                 4 bytes
//!           body
//!           checksum                   32 bytes   SHA-256(previous record's checksum || body)
//!
//! body      first                       8 bytes   the tree's size before the step
//!           entry count                 4 bytes
//!           entries                   162 bytes each
//!           notice count                4 bytes
//!           notices                     4 bytes of length each, then the document
//!           size                        8 bytes   = first + entry count
//!           root                       32 bytes
//!           time                        8 bytes   milliseconds since 1970, UTC
//! ```
//!
//! The files are preallocated, so that a sync changes no length and a write finds room. A record is begun only after the one before was
//! synced, and a segment gets its name only after its header and first record were: so what is bad at the end of the
//! newest segment is a write that was cut off, and is cut off for good when the journal is opened; what is bad before
//! a whole record, or in an older segment, is damage.
//!
//! The checksums show accidents and misplaced files. They do not stop whoever can write the folder: that is what
//! roots, signatures and witnesses are for.

mod appender;
mod copy;
mod record;
mod segment;

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests;

use super::anchor::{Anchor, AnchorError, AnchorRecord};
use super::coord::Head;
use super::folder;
use appender::Appender;
use record::Checksum;
use rustix::fs::{FlockOperation, flock};
use segment::{Next, Reader, Segment};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use tlog::TreeSize;

/// How long a segment is: 64 MiB, some 400,000 entries. Long enough that a new file is rare, short enough that the
/// newest one is read in a fraction of a second at start.
const SEGMENT_LEN: u64 = 64 << 20;

/// A journal folder, opened for appending or for reading only.
#[derive(Debug)]
pub struct Journal {
    folder: PathBuf,
    /// The folder itself: synced after a file's name changed, locked by whoever appends.
    folder_file: File,
    origin_hash: [u8; 32],
    segment_len: u64,
    /// Oldest first.
    segments: Vec<Segment>,
    /// The newest segment; `None` when there is none yet, or when only reading.
    newest: Option<Appender>,
    access: Access,
    last: Option<Head>,
    checksum: Checksum,
    cut: Option<TornTail>,
    /// Where the records of the newest segment ended when the journal was opened.
    end: u64,
    /// Set by the first failed write or sync, after which nobody knows what is on disk.
    failed: bool,
}

/// A write that was cut off, found at the end of the newest segment when the journal was opened. (Beside a process
/// that appends it may be a record that is being written.)
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TornTail {
    /// The segment's file name.
    pub segment: String,
    /// Where the record would have begun.
    pub offset: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    Append,
    ReadOnly,
}

impl Journal {
    /// Opens the folder for appending, makes it if it is not there, and cuts off a torn tail. Reads the newest
    /// segment and no other, unless the newest holds no record.
    pub fn open(folder: &Path, origin_hash: &[u8; 32]) -> Result<Self, AnchorError> {
        Self::open_for(folder, origin_hash, Access::Append, SEGMENT_LEN)
    }

    /// Opens the folder without changing anything, also beside a process that appends: a record that is being
    /// written is not there yet.
    pub fn open_read_only(folder: &Path, origin_hash: &[u8; 32]) -> Result<Self, AnchorError> {
        Self::open_for(folder, origin_hash, Access::ReadOnly, SEGMENT_LEN)
    }

    /// Copies the journal, as it was when it was opened for reading, into a folder that is empty or not there; also beside a
    /// process that appends and trims. Everything is durable when it answers: how many bytes.
    pub fn copy_to(&self, folder: &Path) -> Result<u64, AnchorError> {
        copy::copy(&self.folder, &self.segments, self.end, folder).map_err(AnchorError::Copy)
    }

    /// The torn tail that opening found: cut off when open for appending, else left as it is.
    pub fn torn_tail(&self) -> Option<&TornTail> {
        self.cut.as_ref()
    }

    fn open_for(
        root: &Path,
        origin_hash: &[u8; 32],
        access: Access,
        segment_len: u64,
    ) -> Result<Self, AnchorError> {
        if access == Access::Append {
            folder::make(root).map_err(AnchorError::Fatal)?;
        }
        let folder_file = File::open(root).map_err(AnchorError::Unreadable)?;
        if access == Access::Append {
            flock(&folder_file, FlockOperation::NonBlockingLockExclusive).map_err(|error| {
                if error == rustix::io::Errno::WOULDBLOCK {
                    AnchorError::InUse
                } else {
                    AnchorError::Unreadable(error.into())
                }
            })?;
        }
        let mut journal = Self {
            folder: root.to_owned(),
            folder_file,
            origin_hash: *origin_hash,
            segment_len,
            segments: segments(root).map_err(AnchorError::Unreadable)?,
            newest: None,
            access,
            last: None,
            checksum: Checksum::START,
            cut: None,
            end: 0,
            failed: false,
        };
        journal.find_end()?;
        Ok(journal)
    }

    /// Reads the newest segment; earlier ones only while no record was found.
    fn find_end(&mut self) -> Result<(), AnchorError> {
        let mut follower: Option<Checksum> = None;
        for (place, segment) in self.segments.clone().iter().enumerate().rev() {
            let mut reader = Reader::open(&self.folder, segment, &self.origin_hash)?;
            let begins_after = reader.checksum;
            let is_newest = place + 1 == self.segments.len();
            let mut last_record = reader.offset..reader.offset;
            loop {
                let begins = reader.offset;
                match reader.next()? {
                    Next::Record(record) => {
                        self.last = Some(record.head);
                        last_record = begins..reader.offset;
                    }
                    Next::End => break,
                    Next::Torn if is_newest => {
                        self.cut = Some(TornTail {
                            segment: segment.name(),
                            offset: reader.offset,
                        });
                        break;
                    }
                    Next::Torn => return Err(reader.damaged()),
                }
            }
            if is_newest {
                self.checksum = reader.checksum;
                self.end = reader.offset;
                if self.access == Access::Append {
                    let path = self.folder.join(segment.name());
                    let is_torn = self.cut.is_some();
                    let newest = Appender::reopen(&path, last_record, is_torn, self.segment_len);
                    self.newest = Some(newest?);
                }
            }
            if follower.is_some_and(|follower| follower != reader.checksum) {
                return Err(reader.damaged());
            }
            if self.last.is_some() {
                break;
            }
            follower = Some(begins_after);
        }
        Ok(())
    }

    /// Makes a segment whose first record is the given one.
    fn begin_segment(&mut self, record: &AnchorRecord) -> Result<(), AnchorError> {
        let segment = Segment {
            first: record.first,
            number: self.segments.last().map_or(0, |last| last.number + 1),
        };
        let mut bytes = segment.header(&self.origin_hash, self.checksum);
        let checksum = record::encode(record, self.checksum, &mut bytes);
        let checksum = checksum.ok_or(AnchorError::NotAStep)?;
        let newest = Appender::create(&self.folder, &segment.name(), &bytes, self.segment_len)?;
        // A crash before this sync may take the file's name away again: nobody was answered yet.
        self.folder_file.sync_all().map_err(AnchorError::Fatal)?;
        self.newest = Some(newest);
        self.segments.push(segment);
        self.checksum = checksum;
        Ok(())
    }

    fn write(&mut self, record: &AnchorRecord) -> Result<(), AnchorError> {
        let mut bytes = Vec::new();
        let checksum = record::encode(record, self.checksum, &mut bytes);
        let checksum = checksum.ok_or(AnchorError::NotAStep)?;
        match &mut self.newest {
            Some(newest) if newest.has_room_for(&bytes) => {
                newest.append(&bytes)?;
                self.checksum = checksum;
            }
            _ => self.begin_segment(record)?,
        }
        self.last = Some(record.head);
        Ok(())
    }

    fn check_follows(&self, record: &AnchorRecord) -> Result<(), AnchorError> {
        let Some(last) = self.last else {
            return Ok(());
        };
        if record.first != last.size || record.head.time_ms <= last.time_ms {
            return Err(AnchorError::DoesNotExtend {
                have: last.size,
                have_ms: last.time_ms,
                got: record.first,
                got_ms: record.head.time_ms,
            });
        }
        if record.head.size == last.size && record.head.root != last.root {
            return Err(AnchorError::Forked { size: last.size });
        }
        Ok(())
    }

    fn check_usable(&self) -> Result<(), AnchorError> {
        match (self.failed, self.access) {
            (true, _) => Err(AnchorError::Fatal(io::Error::other(
                "an earlier write or sync failed, so what is on disk is not known",
            ))),
            (false, Access::ReadOnly) => Err(AnchorError::ReadOnly),
            (false, Access::Append) => Ok(()),
        }
    }
}

impl Anchor for Journal {
    fn last(&self) -> Option<Head> {
        self.last
    }

    fn append(&mut self, record: &AnchorRecord) -> Result<(), AnchorError> {
        self.check_usable()?;
        self.check_follows(record)?;
        let written = self.write(record);
        self.failed = matches!(written, Err(AnchorError::Fatal(_)));
        written
    }

    fn replay(
        &self,
        after: TreeSize,
        visit: &mut dyn FnMut(AnchorRecord) -> bool,
    ) -> Result<(), AnchorError> {
        // Every record before this segment leads to a size that is not larger than its first.
        let start = self.segments.partition_point(|s| s.first <= after);
        let mut checksum: Option<Checksum> = None;
        for (place, segment) in self
            .segments
            .iter()
            .enumerate()
            .skip(start.saturating_sub(1))
        {
            let mut reader = Reader::open(&self.folder, segment, &self.origin_hash)?;
            if checksum.is_some_and(|checksum| checksum != reader.checksum) {
                return Err(reader.damaged());
            }
            let is_newest = place + 1 == self.segments.len();
            loop {
                match reader.next()? {
                    Next::Record(record) if record.head.size > after => {
                        if !visit(record) {
                            return Ok(());
                        }
                    }
                    Next::Record(_) => {}
                    Next::End => break,
                    Next::Torn if is_newest => break,
                    Next::Torn => return Err(reader.damaged()),
                }
            }
            checksum = Some(reader.checksum);
        }
        Ok(())
    }

    fn trim(&mut self, stored: TreeSize, before_ms: u64) -> Result<(), AnchorError> {
        self.check_usable()?;
        while let [oldest, next, ..] = self.segments[..] {
            let mut reader = Reader::open(&self.folder, &next, &self.origin_hash)?;
            // The first record of the next segment is younger than everything in this one.
            let is_old =
                matches!(reader.next()?, Next::Record(record) if record.head.time_ms < before_ms);
            if next.first > stored || !is_old {
                break;
            }
            // Synced one by one: if a later one vanished first, a crash would leave a gap.
            fs::remove_file(self.folder.join(oldest.name()))
                .and_then(|()| self.folder_file.sync_all())
                .map_err(AnchorError::Unreadable)?;
            self.segments.remove(0);
        }
        Ok(())
    }
}

fn segments(folder: &Path) -> io::Result<Vec<Segment>> {
    let mut segments = Vec::new();
    for file in fs::read_dir(folder)? {
        segments.extend(file?.file_name().to_str().and_then(Segment::parse));
    }
    segments.sort_unstable();
    Ok(segments)
}
