//! The disks under a log: room, whether they are two, and whether a write that was synced reached one.

use super::diagnosis::{Diagnosis, Verdict};
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

/// As many syncs as tell a median; a slow disk takes a second for them.
const SYNCS: usize = 33;
/// What one sync writes: a page, as a small batch does.
const SYNC_BYTES: usize = 4096;
/// The quickest disks that keep what they say, those with a battery, need 20 µs and more.
const TOO_FAST: Duration = Duration::from_micros(10);
/// A log whose every batch waits longer is slow for everybody.
const TOO_SLOW: Duration = Duration::from_millis(100);
/// Below this part of the disk there is little time left, in hundredths.
const LITTLE_PERCENT: u64 = 10;
/// Below this many bytes an operator has days, and not weeks.
const LITTLE_BYTES: u64 = 1 << 30;

/// File systems whose sync says nothing of a disk, by the number that statfs(2) gives.
const NO_DISK: &[(u64, &str, Verdict)] = &[
    (0x0102_1994, "tmpfs, which is memory", Verdict::Fault),
    (0x8584_58f6, "ramfs, which is memory", Verdict::Fault),
    (
        0x794c_7630,
        "overlayfs: a container's own layer ends with the container",
        Verdict::Warning,
    ),
    (0x6969, "NFS, a disk of another machine", Verdict::Warning),
    (
        0xff53_4d42,
        "CIFS, a disk of another machine",
        Verdict::Warning,
    ),
    (
        0xfe53_4d42,
        "SMB, a disk of another machine",
        Verdict::Warning,
    ),
    (
        0x0102_1997,
        "9p, a disk of another machine",
        Verdict::Warning,
    ),
];

/// Whether there is room in this folder. Below `reserve` bytes the log takes nothing.
pub(crate) fn room(name: &'static str, folder: &Path, reserve: u64) -> Diagnosis {
    let system = match rustix::fs::statvfs(folder) {
        Ok(system) => system,
        Err(error) => return unreadable(name, folder, &error.into()),
    };
    // What others than root may still take.
    let free = system.f_bavail.saturating_mul(system.f_frsize);
    let all = system.f_blocks.saturating_mul(system.f_frsize);
    let says = format!(
        "{} of {} MiB are free in {}.",
        free >> 20,
        all >> 20,
        folder.display()
    );
    let remedy = "Make room or take a larger disk, before intake stops by itself.";
    if free <= reserve {
        Diagnosis::of(Verdict::Fault, name, says, "Make room: no entry is taken.")
    } else if free
        < LITTLE_BYTES
            .max(reserve.saturating_mul(2))
            .max(all / 100 * LITTLE_PERCENT)
    {
        Diagnosis::of(Verdict::Warning, name, says, remedy)
    } else {
        Diagnosis::ok(name, says)
    }
}

/// Whether a sync in this folder reaches a disk, as far as its file system and its time tell.
pub(crate) fn durable(name: &'static str, folder: &Path) -> Diagnosis {
    let file_system = match rustix::fs::statfs(folder) {
        Ok(system) => u64::try_from(system.f_type).unwrap_or_default(),
        Err(error) => return unreadable(name, folder, &error.into()),
    };
    let known = NO_DISK.iter().find(|(number, ..)| *number == file_system);
    if let Some((_, what, verdict)) = known {
        let says = format!("{} lies on {what}.", folder.display());
        let remedy = "Move it to a disk of this machine, with ext4 or xfs.";
        return Diagnosis::of(*verdict, name, says, remedy);
    }
    match median_sync(folder) {
        Ok(median) => judge_sync(name, folder, median),
        Err(error) => unreadable(name, folder, &error),
    }
}

fn judge_sync(name: &'static str, folder: &Path, median: Duration) -> Diagnosis {
    let says = format!(
        "A write and its fdatasync in {} take {} µs.",
        folder.display(),
        median.as_micros()
    );
    if median < TOO_FAST {
        let remedy = "No disk is so fast: something between answers before the data is safe. Switch off the write cache \
                      of the controller or of the virtual machine (cache=none), then pull the plug once as a test.";
        Diagnosis::of(Verdict::Warning, name, says, remedy)
    } else if median > TOO_SLOW {
        let remedy =
            "Every batch waits for it. Take another disk, or find out who else uses this one.";
        Diagnosis::of(Verdict::Warning, name, says, remedy)
    } else {
        Diagnosis::ok(name, says)
    }
}

/// Whether the journal would survive the disk of the database.
pub(crate) fn apart(dir: &Path, journal: &Path) -> Diagnosis {
    const NAME: &str = "journal";
    let device = |folder: &Path| std::fs::metadata(folder).map(|metadata| metadata.dev());
    match (device(dir), device(journal)) {
        (Ok(data), Ok(other)) if data != other => Diagnosis::ok(
            NAME,
            "The journal lies on another file system than the database.",
        ),
        (Ok(_), Ok(_)) => Diagnosis::of(
            Verdict::Warning,
            NAME,
            "The journal lies on the same file system as the database: one fault takes both.",
            "Stop the log, move the journal's folder to another disk, and name it with the option `anchor`.",
        ),
        (Err(error), _) => unreadable(NAME, dir, &error),
        (_, Err(error)) => unreadable(NAME, journal, &error),
    }
}

/// The median time of a small write with its fdatasync.
fn median_sync(folder: &Path) -> io::Result<Duration> {
    let mut file = nameless(folder)?;
    let page = [0x5a; SYNC_BYTES];
    let mut times = Vec::with_capacity(SYNCS);
    for _ in 0..SYNCS {
        let begun = Instant::now();
        file.write_all(&page)?;
        file.sync_data()?;
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    Ok(times[SYNCS / 2])
}

/// A file whose name is gone as soon as it is open: nothing stays behind, whatever happens.
fn nameless(folder: &Path) -> io::Result<File> {
    let path = folder.join(format!(".doctor-{}", std::process::id()));
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&path)?;
    std::fs::remove_file(&path)?;
    Ok(file)
}

fn unreadable(name: &'static str, folder: &Path, error: &io::Error) -> Diagnosis {
    Diagnosis::of(
        Verdict::Fault,
        name,
        format!("{} cannot be used: {error}.", folder.display()),
        "Run the doctor as the user that the log runs as; mount the disk if it is not there.",
    )
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot go on must panic")]

    use super::{apart, durable, judge_sync, room};
    use crate::program::diagnosis::Verdict;
    use std::path::Path;
    use std::time::Duration;

    #[test]
    fn a_disk_below_its_reserve_is_a_fault_and_one_with_little_left_a_warning() {
        let folder = tempfile::tempdir().unwrap();
        let verdict = |reserve| room("disk", folder.path(), reserve).verdict;
        assert_eq!(verdict(u64::MAX), Verdict::Fault);
        assert_eq!(verdict(u64::MAX / 2), Verdict::Fault);
        let free = rustix::fs::statvfs(folder.path()).unwrap();
        let free = free.f_bavail * free.f_frsize;
        assert_eq!(verdict(free / 4 * 3), Verdict::Warning);
    }

    #[test]
    fn a_sync_that_no_disk_can_do_is_suspected_and_a_slow_one_too() {
        let verdict =
            |micros| judge_sync("fsync", Path::new("/x"), Duration::from_micros(micros)).verdict;
        assert_eq!(verdict(2), Verdict::Warning);
        assert_eq!(verdict(60), Verdict::Ok);
        assert_eq!(verdict(8_000), Verdict::Ok);
        assert_eq!(verdict(250_000), Verdict::Warning);
    }

    #[test]
    fn memory_is_no_disk() {
        // Every Linux has a tmpfs here, and it may not be writable: what it is counts first.
        let found = durable("fsync", Path::new("/dev/shm"));
        assert_eq!(found.verdict, Verdict::Fault, "{found}");
    }

    #[test]
    fn the_probe_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        super::median_sync(folder.path()).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_journal_beside_the_database_is_a_warning_and_one_that_is_not_there_a_fault() {
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("journal");
        assert_eq!(apart(folder.path(), &journal).verdict, Verdict::Fault);
        std::fs::create_dir(&journal).unwrap();
        assert_eq!(apart(folder.path(), &journal).verdict, Verdict::Warning);
        assert_eq!(
            apart(folder.path(), Path::new("/proc")).verdict,
            Verdict::Ok
        );
    }
}
