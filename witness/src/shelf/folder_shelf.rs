//! The shelf in the witness's folder: `misbehavior/<origin hash>/<sha256>.misbehavior`.

use super::{KeptFile, Shelf};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;
use tlog::MISBEHAVIOR_BYTES_MAX;

/// How a file's name ends.
pub const ENDING: &str = "misbehavior";

/// A folder.
#[derive(Debug)]
pub struct FolderShelf {
    folder: PathBuf,
}

impl FolderShelf {
    /// The shelf in this folder, made when the first proof comes.
    pub const fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Where a file lies.
    pub fn path(&self, origin_hash: &str, sha256: &str) -> PathBuf {
        self.folder
            .join(origin_hash)
            .join(format!("{sha256}.{ENDING}"))
    }
}

impl Shelf for FolderShelf {
    fn keep(&self, origin_hash: &str, sha256: &str, bytes: &[u8]) -> io::Result<()> {
        let path = self.path(origin_hash, sha256);
        let of_log = self.folder.join(origin_hash);
        fs::create_dir_all(&of_log)?;
        let beside = of_log.join(format!("{sha256}.tmp"));
        // What a killed run left was never linked.
        match fs::remove_file(&beside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        // A rename would overwrite; a link to a name that is taken fails, and then the same bytes are there.
        let linked = fs::hard_link(&beside, &path);
        fs::remove_file(&beside)?;
        match linked {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        // The name is on disk only with its folder, and the folder with the one above.
        for folder in [
            Some(of_log.as_path()),
            Some(&self.folder),
            self.folder.parent(),
        ] {
            folder.map_or(Ok(()), sync)?;
        }
        Ok(())
    }

    fn read(&self, origin_hash: &str, sha256: &str) -> io::Result<Option<Vec<u8>>> {
        match read(&self.path(origin_hash, sha256)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn of_log(&self, origin_hash: &str) -> io::Result<Vec<KeptFile>> {
        let entries = match fs::read_dir(self.folder.join(origin_hash)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut files = Vec::new();
        for entry in entries {
            let path = entry?.path();
            let name = path.file_stem().and_then(|name| name.to_str());
            let is_proof = path.extension().is_some_and(|ending| ending == ENDING);
            if let Some(sha256) = name.filter(|_| is_proof) {
                files.push(KeptFile {
                    sha256: sha256.to_owned(),
                    bytes: read(&path)?,
                    kept_s: modified_s(&path)?,
                });
            }
        }
        files.sort_by(|a, b| (a.kept_s, &a.sha256).cmp(&(b.kept_s, &b.sha256)));
        Ok(files)
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = MISBEHAVIOR_BYTES_MAX as u64 + 1;
    File::open(path)?.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn modified_s(path: &Path) -> io::Result<u64> {
    let modified = fs::metadata(path)?.modified()?;
    let since = modified.duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(since.as_secs())
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::{FolderShelf, Shelf as _};

    #[test]
    fn what_is_kept_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = FolderShelf::new(folder.path().join("misbehavior"));
        assert_eq!(shelf.of_log("o").unwrap(), []);
        assert_eq!(shelf.read("o", "a").unwrap(), None);
        shelf.keep("o", "a", b"first").unwrap();
        shelf.keep("o", "a", b"second").unwrap();
        shelf.keep("o", "b", b"third").unwrap();
        assert_eq!(shelf.read("o", "a").unwrap().unwrap(), b"first");
        let names: Vec<String> = shelf
            .of_log("o")
            .unwrap()
            .into_iter()
            .map(|file| file.sha256)
            .collect();
        assert_eq!(names, ["a", "b"]);
        assert_eq!(shelf.of_log("other").unwrap(), []);
    }
}
