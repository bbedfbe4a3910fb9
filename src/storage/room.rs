//! Room on disk: intake stops while there is still enough for everything that must go on.
//!
//! A disk that is really full stops more than intake: tiles, the lookup, the write-ahead log's checkpoint and the start all
//! need some. So the log takes no entry below a reserve, goes on answering reads, and takes entries again by itself.

use crate::log::Log;
use prometheus::IntGaugeVec;
use service::Stop;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How often the free space is asked for: at 30,000 entries a second 20 MB are written between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Intake begins again with this part more than the reserve, in hundredths: at the edge it would else begin and stop all the
/// time.
const AGAIN_PERCENT: u64 = 110;

/// The file systems on which the log writes.
pub struct Room {
    folders: Vec<(&'static str, PathBuf)>,
    reserve: u64,
    free: IntGaugeVec,
}

impl Room {
    /// Of these folders, each with the name that the metric gives it. `reserve` is in bytes.
    pub const fn new(
        folders: Vec<(&'static str, PathBuf)>,
        reserve: u64,
        free: IntGaugeVec,
    ) -> Self {
        Self {
            folders,
            reserve,
            free,
        }
    }

    /// Looks once, and then every second until the stop, and tells the log.
    pub async fn keep(self, log: Arc<Log>, stop: Stop) {
        loop {
            self.tell(&log);
            tokio::select! {
                () = stop.stopped() => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    /// Tells the log whether it may take entries.
    pub fn tell(&self, log: &Log) {
        let was_short = log.is_short_of_room();
        // A file system that does not say how full it is will say so when something is written.
        let least = self.look().unwrap_or(u64::MAX);
        let is_short = is_short(least, self.reserve, was_short);
        log.set_short_of_room(is_short);
        match (was_short, is_short) {
            (false, true) => tracing::warn!(
                free_bytes = least,
                reserve_bytes = self.reserve,
                "The disk is nearly full: no entry is taken until there is room again."
            ),
            (true, false) => tracing::info!(
                free_bytes = least,
                "There is room on the disk again: entries are taken."
            ),
            _ => {}
        }
    }

    /// The free bytes of the fullest of the file systems.
    fn look(&self) -> io::Result<u64> {
        let mut least = u64::MAX;
        for (name, folder) in &self.folders {
            let system = rustix::fs::statvfs(folder)?;
            // What others than root may still take.
            let free = system.f_bavail.saturating_mul(system.f_frsize);
            let gauge = i64::try_from(free).unwrap_or(i64::MAX);
            self.free.with_label_values(&[*name]).set(gauge);
            least = least.min(free);
        }
        Ok(least)
    }
}

const fn is_short(free: u64, reserve: u64, was_short: bool) -> bool {
    if was_short {
        free < reserve.saturating_mul(AGAIN_PERCENT) / 100
    } else {
        free < reserve
    }
}

#[cfg(test)]
mod tests {
    use super::is_short;

    #[test]
    fn intake_that_stopped_begins_again_with_a_little_more_than_the_reserve() {
        assert!(!is_short(1000, 1000, false));
        assert!(is_short(999, 1000, false));
        assert!(is_short(1099, 1000, true));
        assert!(!is_short(1100, 1000, true));
        assert!(
            !is_short(0, 0, false),
            "no reserve: the disk says it itself"
        );
        assert!(!is_short(0, 0, true));
        assert!(!is_short(u64::MAX, u64::MAX, false));
    }
}
