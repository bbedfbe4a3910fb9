//! One segment file of the journal: its name, its header, and the records in it.

use super::record::{self, Checksum, MAGIC, PREFIX_LEN};
use crate::storage::anchor::{AnchorError, AnchorRecord};
use std::fs::File;
use std::io::{self, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::Path;
use tlog::TreeSize;

/// How every segment file begins.
const FORMAT: &[u8; 21] = b"notarylog/journal/v1\n";

/// Format, SHA-256 of the origin, first size, checksum of the record before.
pub(super) const HEADER_LEN: usize = FORMAT.len() + 32 + 8 + Checksum::LEN;

/// The end of every segment file's name.
const SUFFIX: &str = ".journal";

/// A segment file, known by its name: the tree's size where it begins, and its place among the segments (so that
/// segments that hold nothing but idle heads do not collide).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Segment {
    pub(super) first: TreeSize,
    pub(super) number: u64,
}

impl Segment {
    /// `00000000000000000512-0000000003.journal`
    pub(super) fn name(&self) -> String {
        format!("{:020}-{:010}{SUFFIX}", self.first.get(), self.number)
    }

    /// Reads a file's name; `None` for a file that is no segment.
    pub(super) fn parse(name: &str) -> Option<Self> {
        let (first, number) = name.strip_suffix(SUFFIX)?.split_once('-')?;
        let segment = Self {
            first: TreeSize::new(first.parse().ok()?).ok()?,
            number: number.parse().ok()?,
        };
        (segment.name() == name).then_some(segment)
    }

    /// The first bytes of the file.
    pub(super) fn header(&self, origin_hash: &[u8; 32], previous: Checksum) -> Vec<u8> {
        let mut header = Vec::with_capacity(HEADER_LEN);
        header.extend(FORMAT);
        header.extend(origin_hash);
        header.extend(self.first.get().to_be_bytes());
        header.extend(previous.0);
        header
    }
}

/// Reads the records of one segment, in order.
pub(super) struct Reader {
    file: BufReader<File>,
    name: String,
    len: u64,
    /// Where the next record begins.
    pub(super) offset: u64,
    /// The checksum of the record before it.
    pub(super) checksum: Checksum,
    /// The size where the next record begins.
    size: TreeSize,
}

/// What stands at the reader's offset.
pub(super) enum Next {
    /// A record.
    Record(AnchorRecord),
    /// Zeros to the end of the file.
    End,
    /// Bytes that are no record, and no whole record behind them: in the newest segment a write that was cut off.
    Torn,
}

impl Reader {
    /// Opens the segment and checks its header.
    pub(super) fn open(
        folder: &Path,
        segment: &Segment,
        origin_hash: &[u8; 32],
    ) -> Result<Self, AnchorError> {
        let file = File::open(folder.join(segment.name())).map_err(AnchorError::Unreadable)?;
        let len = file.metadata().map_err(AnchorError::Unreadable)?.len();
        let mut reader = Self {
            file: BufReader::with_capacity(1 << 16, file),
            name: segment.name(),
            len,
            offset: 0,
            checksum: Checksum::START,
            size: segment.first,
        };
        let mut header = [0; HEADER_LEN];
        if len < HEADER_LEN as u64 {
            // A segment gets its name after its header was synced: this is no torn write.
            return Err(reader.damaged());
        }
        reader
            .file
            .read_exact(&mut header)
            .map_err(AnchorError::Unreadable)?;
        let (same, previous) = header.split_at(HEADER_LEN - Checksum::LEN);
        reader.checksum.0.copy_from_slice(previous);
        let expected = segment.header(origin_hash, reader.checksum);
        let origin_at = FORMAT.len()..FORMAT.len() + 32;
        if same[..FORMAT.len()] == FORMAT[..] && same[origin_at.clone()] != expected[origin_at] {
            return Err(AnchorError::ForeignOrigin);
        }
        if *same != expected[..same.len()] {
            return Err(reader.damaged());
        }
        reader.offset = HEADER_LEN as u64;
        Ok(reader)
    }

    /// Reads what stands at the offset, and goes past it if it is a record. What is bad before a whole record was
    /// once synced, since a record is begun only after the one before was: that is [`AnchorError::Damaged`].
    pub(super) fn next(&mut self) -> Result<Next, AnchorError> {
        let next = self.read().map_err(AnchorError::Unreadable)?;
        if !matches!(next, Next::Torn) || !self.whole_record_follows()? {
            return Ok(next);
        }
        // Beside a process that appends, both records may have become whole since the first look.
        self.seek_to_offset()?;
        match self.read().map_err(AnchorError::Unreadable)? {
            Next::Record(record) => Ok(Next::Record(record)),
            _ => Err(self.damaged()),
        }
    }

    fn read(&mut self) -> io::Result<Next> {
        let remaining = self.len - self.offset;
        let mut prefix = [0; PREFIX_LEN];
        if remaining < PREFIX_LEN as u64 {
            return self.end_if_zero();
        }
        self.file.read_exact(&mut prefix)?;
        if prefix == [0; PREFIX_LEN] {
            return self.end_if_zero();
        }
        let framed = record::body_len(&prefix)
            .map(|body| (PREFIX_LEN + Checksum::LEN) as u64 + u64::from(body))
            .filter(|framed| *framed <= remaining);
        let Some(framed) = framed else {
            return Ok(Next::Torn);
        };
        let mut rest = vec![0; usize::try_from(framed).unwrap_or(usize::MAX) - PREFIX_LEN];
        self.file.read_exact(&mut rest)?;
        let (body, checksum) = rest.split_at(rest.len() - Checksum::LEN);
        let expected = self.checksum.after(body);
        match record::decode(body) {
            Some(record) if expected.0 == *checksum && record.first == self.size => {
                self.offset += framed;
                self.checksum = expected;
                self.size = record.head.size;
                Ok(Next::Record(record))
            }
            _ => Ok(Next::Torn),
        }
    }

    fn end_if_zero(&mut self) -> io::Result<Next> {
        let mut chunk = vec![0; 1 << 16];
        loop {
            let read = self.file.read(&mut chunk)?;
            if read == 0 {
                return Ok(Next::End);
            }
            if chunk[..read].iter().any(|byte| *byte != 0) {
                return Ok(Next::Torn);
            }
        }
    }

    /// Whether a whole record stands anywhere behind the offset.
    fn whole_record_follows(&mut self) -> Result<bool, AnchorError> {
        let mut rest = Vec::new();
        self.seek_to_offset()?;
        self.file
            .read_to_end(&mut rest)
            .map_err(AnchorError::Unreadable)?;
        // If the bad record's checksum itself is what changed, its follower chains to the true one.
        let recomputed = record::body_len(&rest)
            .and_then(|len| rest[PREFIX_LEN..].get(..usize::try_from(len).ok()?))
            .map(|body| self.checksum.after(body));
        let starts = (1..rest.len()).filter(|at| rest[*at..].starts_with(&MAGIC));
        for at in starts {
            let before = at
                .checked_sub(Checksum::LEN)
                .and_then(|from| rest[from..at].try_into().ok())
                .map(Checksum);
            let follows = |previous: Checksum| whole_record(&rest[at..], previous);
            if before.is_some_and(follows) || recomputed.is_some_and(follows) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn seek_to_offset(&mut self) -> Result<(), AnchorError> {
        self.file
            .seek(SeekFrom::Start(self.offset))
            .map(drop)
            .map_err(AnchorError::Unreadable)
    }

    /// The error that names this segment and the offset.
    pub(super) fn damaged(&self) -> AnchorError {
        AnchorError::Damaged {
            segment: self.name.clone(),
            offset: self.offset,
        }
    }
}

fn whole_record(bytes: &[u8], previous: Checksum) -> bool {
    let framed = record::body_len(bytes).and_then(|len| {
        let (body, rest) = bytes[PREFIX_LEN..].split_at_checked(usize::try_from(len).ok()?)?;
        Some((body, rest.get(..Checksum::LEN)?))
    });
    framed.is_some_and(|(body, checksum)| {
        record::decode(body).is_some() && previous.after(body).0 == *checksum
    })
}
