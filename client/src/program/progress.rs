//! Progress bars: on stderr, and only if a person looks at it.

use super::voice::Voice;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

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

/// The wait for witnesses: what is awaited is said when it changes; a terminal also sees the seconds that are left.
pub struct WaitLine {
    voice: Voice,
    bar: ProgressBar,
    said: Mutex<String>,
}

impl WaitLine {
    /// Nothing is awaited yet.
    pub fn new(voice: Voice) -> Self {
        // Hidden where stderr is no terminal, as every bar of indicatif.
        let target = if voice.shows_progress() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(None, target);
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
            bar.set_style(style);
        }
        Self {
            voice,
            bar,
            said: Mutex::new(String::new()),
        }
    }

    /// Something is awaited, for so long at most.
    pub fn awaits(&self, awaits: &str, left: Duration) {
        let mut said = self.said.lock().expect("no holder of the line panics");
        if *said != awaits {
            awaits.clone_into(&mut said);
            let hint = format!("logged, not yet witnessed; awaiting {awaits}");
            self.bar.suspend(|| self.voice.hint(&hint));
        }
        let seconds = left.as_secs();
        self.bar
            .set_message(format!("waiting for witnesses, {seconds} s more at most"));
        self.bar.tick();
    }

    /// The wait is over.
    pub fn done(&self) {
        self.bar.finish_and_clear();
    }
}
