//! Copying a journal beside the process that appends to it.
//!
//! What was read up to its end is never written again, so these bytes are copied and no more: behind them a record may be
//! half written. Trimming takes the oldest segments away; those that were opened stay readable.

use super::segment::Segment;
use crate::storage::folder;
use std::fs::File;
use std::io::{self, ErrorKind, Read as _};
use std::path::Path;

/// Copies the segments; of the newest the bytes up to `end`, and zeros behind them as in every segment.
pub(super) fn copy(from: &Path, segments: &[Segment], end: u64, to: &Path) -> io::Result<u64> {
    folder::make(to)?;
    let mut opened: Vec<(String, File)> = Vec::new();
    for segment in segments {
        match File::open(from.join(segment.name())) {
            Ok(file) => opened.push((segment.name(), file)),
            // It was trimmed meanwhile, and so was everything before it.
            Err(error) if error.kind() == ErrorKind::NotFound => opened.clear(),
            Err(error) => return Err(error),
        }
    }
    if opened.is_empty() && !segments.is_empty() {
        return Err(io::Error::other(
            "it was trimmed while it was copied: try again",
        ));
    }
    let newest = opened.len().saturating_sub(1);
    let mut bytes = 0;
    for (place, (name, file)) in opened.into_iter().enumerate() {
        let len = file.metadata()?.len();
        let wanted = if place == newest { end } else { len };
        let mut copy = File::create_new(to.join(name))?;
        bytes += io::copy(&mut file.take(wanted), &mut copy)?;
        copy.set_len(len)?;
        copy.sync_all()?;
    }
    File::open(to)?.sync_all()?;
    Ok(bytes)
}
