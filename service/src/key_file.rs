//! Key files: secrets on disk that nobody but their owner reads.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

/// A PKCS#8 PEM key of any kind that we use is below 8 KiB; a file above this is no key.
const KEY_FILE_LEN_MAX: u64 = 64 * 1024;

/// The mode bits that give group or others anything.
const NOT_OWNER: u32 = 0o077;

/// Reads and makes key files.
#[derive(Clone, Copy, Debug)]
pub struct KeyFile;

impl KeyFile {
    /// Reads a key file of at most 64 KiB; the memory is wiped when the value is dropped.
    ///
    /// # Errors
    /// [`KeyFileError`]; a file that group or others can open is refused, since its key must count as known.
    pub fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
        let failed = |error| KeyFileError::Unreadable {
            path: path.to_owned(),
            error,
        };
        let file = File::open(path).map_err(failed)?;
        // Asked of the open file, so that it cannot be exchanged between the question and the reading.
        let metadata = file.metadata().map_err(failed)?;
        let mode = metadata.mode() & 0o777;
        if !metadata.is_file() || metadata.len() > KEY_FILE_LEN_MAX {
            return Err(KeyFileError::NotAKey {
                path: path.to_owned(),
            });
        }
        if mode & NOT_OWNER != 0 {
            return Err(KeyFileError::TooOpen {
                path: path.to_owned(),
                mode,
            });
        }
        // Reserved whole: growing would leave copies of the key behind in freed memory.
        // One byte more, so that reading to the end finds the end without growing.
        let capacity = usize::try_from(metadata.len() + 1).unwrap_or_default();
        let mut content = Zeroizing::new(Vec::with_capacity(capacity));
        file.take(metadata.len())
            .read_to_end(&mut content)
            .map_err(failed)?;
        Ok(content)
    }

    /// Makes a key file with mode 0600 and brings it and its name to disk before it returns. An existing file is never
    /// touched.
    ///
    /// # Errors
    /// [`KeyFileError::Exists`] or [`KeyFileError::Unwritable`].
    pub fn create(path: &Path, content: &[u8]) -> Result<(), KeyFileError> {
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::AlreadyExists => KeyFileError::Exists {
                path: path.to_owned(),
            },
            _ => KeyFileError::Unwritable {
                path: path.to_owned(),
                error,
            },
        };
        // create_new is O_EXCL: neither an existing file nor a link is followed.
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .map_err(failed)?;
        file.write_all(content)
            .and_then(|()| file.sync_all())
            .map_err(failed)?;
        // A new name is durable only when its folder is.
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(failed)
    }
}

/// A key file could not be read or made.
#[derive(Debug)]
pub enum KeyFileError {
    /// The file cannot be opened or read.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// Group or others can open the file.
    TooOpen {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A folder, a device, or far larger than any key.
    NotAKey {
        /// The file.
        path: PathBuf,
    },
    /// A key file is never written over.
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be made or brought to disk.
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

impl fmt::Display for KeyFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeyFileError::Unreadable { path, error } => {
                write!(f, "cannot read the key file {}: {error}", path.display())
            }
            KeyFileError::TooOpen { path, mode } => write!(
                f,
                "the key file {0} can be opened by others (mode {mode:04o}): run `chmod 600 {0}`, and if others had \
                 access to this machine, replace the key",
                path.display()
            ),
            KeyFileError::NotAKey { path } => write!(f, "{} is not a key file", path.display()),
            KeyFileError::Exists { path } => write!(
                f,
                "the key file {} exists already and is not written over: move it away if it is no longer needed",
                path.display()
            ),
            KeyFileError::Unwritable { path, error } => {
                write!(f, "cannot write the key file {}: {error}", path.display())
            }
        }
    }
}

impl std::error::Error for KeyFileError {}

#[cfg(test)]
mod tests {
    use std::fs::{Permissions, metadata, set_permissions};
    use std::os::unix::fs::PermissionsExt;

    use super::{KeyFile, KeyFileError};

    #[test]
    fn a_key_comes_back_as_it_was_written_and_only_its_owner_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.key");
        KeyFile::create(&path, b"secret").unwrap();
        assert_eq!(metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(KeyFile::read(&path).unwrap().as_slice(), b"secret");
    }

    #[test]
    fn a_key_that_others_can_open_is_refused_with_the_remedy() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.key");
        KeyFile::create(&path, b"secret").unwrap();
        for mode in [0o640, 0o604, 0o620, 0o602, 0o610, 0o601] {
            set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let refused = KeyFile::read(&path).unwrap_err();
            assert!(matches!(refused, KeyFileError::TooOpen { .. }), "{mode:o}");
            assert!(
                refused
                    .to_string()
                    .contains(&format!("chmod 600 {}", path.display()))
            );
        }
        set_permissions(&path, Permissions::from_mode(0o400)).unwrap();
        KeyFile::read(&path).unwrap();
    }

    #[test]
    fn an_existing_key_is_never_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.key");
        KeyFile::create(&path, b"first").unwrap();
        assert!(matches!(
            KeyFile::create(&path, b"second"),
            Err(KeyFileError::Exists { .. })
        ));
        assert_eq!(KeyFile::read(&path).unwrap().as_slice(), b"first");
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(
            KeyFile::read(folder.path()),
            Err(KeyFileError::NotAKey { .. })
        ));
        assert!(matches!(
            KeyFile::read(&folder.path().join("absent")),
            Err(KeyFileError::Unreadable { .. })
        ));
        let large = folder.path().join("large");
        KeyFile::create(&large, &vec![0; 64 * 1024 + 1]).unwrap();
        assert!(matches!(
            KeyFile::read(&large),
            Err(KeyFileError::NotAKey { .. })
        ));
    }
}
