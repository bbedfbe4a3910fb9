//! Progress bars: on stderr, and only if a person looks at it.

use super::voice::Voice;
use indicatif::{ProgressBar, ProgressStyle};
use std::path::Path;

/// Reads a file for its fingerprints and shows how far it came.
pub fn read_file(path: &Path, voice: Voice) -> std::io::Result<crate::ReadFile> {
    let bytes = path.metadata().map_or(0, |metadata| metadata.len());
    // indicatif draws to stderr, and not at all where that is no terminal.
    let bar = if voice.shows_progress() {
        ProgressBar::new(bytes)
    } else {
        ProgressBar::hidden()
    };
    if let Ok(style) =
        ProgressStyle::with_template("{msg} {wide_bar} {bytes}/{total_bytes} {eta} left")
    {
        bar.set_style(style);
    }
    bar.set_message(path.display().to_string());
    let read = crate::read_file(path, &mut |bytes| bar.inc(bytes));
    bar.finish_and_clear();
    read
}
