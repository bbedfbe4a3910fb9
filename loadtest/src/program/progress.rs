//! Progress of what takes long, on a terminal; elsewhere one line when it begins.

use indicatif::{ProgressBar, ProgressStyle};
use std::io::{IsTerminal as _, stderr};

/// Says what begins, and shows how far it is of so many entries.
pub fn begin(what: &str, entries: u64) -> ProgressBar {
    if !stderr().is_terminal() {
        eprintln!("loadtest: {what}: {entries} entries");
        return ProgressBar::hidden();
    }
    let style =
        ProgressStyle::with_template("{msg} {wide_bar} {human_pos}/{human_len}, {eta} left")
            .expect("the template is well-formed");
    ProgressBar::new(entries)
        .with_style(style)
        .with_message(what.to_owned())
}

/// Says what begins and takes as long as it takes.
pub fn say(what: &str) {
    eprintln!("loadtest: {what}");
}
