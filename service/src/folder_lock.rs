//! One process a folder: an advisory lock that the kernel drops when its holder dies, however it dies.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

/// The file inside the folder that is locked; it stays behind, empty of meaning, when the lock is dropped.
const LOCK_FILE: &str = "lock";

/// More than any process id has digits: what we read of a lock file that a stranger may have written.
const PID_LEN_MAX: u64 = 20;

/// A folder held by this process; dropped with the value, or by the kernel with the process.
#[derive(Debug)]
pub struct FolderLock {
    // flock belongs to the open file: the lock lives as long as this does.
    _file: File,
}

impl FolderLock {
    /// Takes the lock `DIR/lock` (flock) or fails at once: two writers on one data folder are two histories.
    ///
    /// # Errors
    /// [`AlreadyHeld`] when another process holds the folder, or when the file cannot be opened or locked.
    pub fn take(folder: &Path) -> Result<FolderLock, AlreadyHeld> {
        let path = folder.join(LOCK_FILE);
        let failed = |error| AlreadyHeld::Unusable {
            path: path.clone(),
            error,
        };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            // The holder's pid must stay readable when we do not get the lock.
            .truncate(false)
            .open(&path)
            .map_err(failed)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => {
                return Err(AlreadyHeld::By {
                    folder: folder.to_owned(),
                    pid: pid_in(&mut file),
                });
            }
            Err(errno) => return Err(failed(errno.into())),
        }
        // Only for the sentence that a second process prints; the lock itself needs no content.
        file.set_len(0)
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .map_err(failed)?;
        Ok(FolderLock { _file: file })
    }

    /// The process that holds the folder now, if one does. It is read from the kernel's list: who looked by locking would
    /// be in the way of a daemon that starts at this moment.
    ///
    /// # Errors
    /// The lock file or `/proc/locks` cannot be read.
    pub fn holder(folder: &Path) -> io::Result<Option<u32>> {
        let inode = match std::fs::metadata(folder.join(LOCK_FILE)) {
            Ok(metadata) => metadata.ino(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        Ok(holder_in(&std::fs::read_to_string("/proc/locks")?, inode))
    }
}

/// Who holds the file of this number, in the kernel's words (`proc_locks(5)`):
///
/// ```text
/// 1: FLOCK  ADVISORY  WRITE 2071 08:01:1315 0 EOF
/// ```
fn holder_in(locks: &str, inode: u64) -> Option<u32> {
    let file = format!(":{inode}");
    locks.lines().find_map(|line| {
        let mut words = line.split_whitespace().skip(1);
        let is_ours = words.next() == Some("FLOCK");
        let (pid, place) = (words.nth(2)?, words.next()?);
        (is_ours && place.ends_with(&file)).then(|| pid.parse().ok())?
    })
}

fn pid_in(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.take(PID_LEN_MAX).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

/// The folder could not be locked.
#[derive(Debug)]
pub enum AlreadyHeld {
    /// Another process holds it.
    By {
        /// The folder asked for.
        folder: PathBuf,
        /// The holder's process id, if it wrote one.
        pid: Option<u32>,
    },
    /// The lock file cannot be opened, locked or written.
    Unusable {
        /// The lock file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

impl fmt::Display for AlreadyHeld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AlreadyHeld::By {
                folder,
                pid: Some(pid),
            } => write!(
                f,
                "the folder {} is in use by process {pid}: stop that process first, two must never write one folder",
                folder.display()
            ),
            AlreadyHeld::By { folder, pid: None } => write!(
                f,
                "the folder {} is in use by another process: stop it first, two must never write one folder",
                folder.display()
            ),
            AlreadyHeld::Unusable { path, error } => {
                write!(f, "cannot lock {}: {error}", path.display())
            }
        }
    }
}

impl std::error::Error for AlreadyHeld {}

#[cfg(test)]
mod tests {
    use super::{AlreadyHeld, FolderLock};

    #[test]
    fn a_second_lock_is_refused_and_names_the_holder() {
        let folder = tempfile::tempdir().unwrap();
        let held = FolderLock::take(folder.path()).unwrap();
        let refused = FolderLock::take(folder.path()).unwrap_err();
        assert!(
            matches!(refused, AlreadyHeld::By { pid: Some(pid), .. } if pid == std::process::id())
        );
        assert!(
            refused
                .to_string()
                .contains(&format!("process {}", std::process::id()))
        );
        drop(held);
        FolderLock::take(folder.path()).unwrap();
    }

    #[test]
    fn who_only_asks_for_the_holder_finds_it_and_disturbs_nobody() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(FolderLock::holder(folder.path()).unwrap(), None);
        let held = FolderLock::take(folder.path()).unwrap();
        let holder = FolderLock::holder(folder.path()).unwrap();
        assert_eq!(holder, Some(std::process::id()));
        drop(held);
        assert_eq!(FolderLock::holder(folder.path()).unwrap(), None);
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let refused = FolderLock::take(&folder.path().join("absent")).unwrap_err();
        assert!(refused.to_string().contains("absent/lock"));
    }
}
