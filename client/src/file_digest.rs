//! Reading a file once for its two fingerprints and its first bytes.

use evidence::{FileDigest, FileHasher};
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

/// How much is read at a time: enough that system calls cost nothing, small beside a phone's memory.
const READ_LEN: usize = 1 << 20;

/// The first bytes that are kept to tell the kind of file: every magic number that we know ends before.
pub const HEAD_LEN: usize = 16;

/// What was read of a file.
#[derive(Clone, Debug)]
pub struct ReadFile {
    /// SHA-256, chunk root and length.
    pub digest: FileDigest,
    /// The first [`HEAD_LEN`] bytes, fewer if the file is shorter.
    pub head: Vec<u8>,
}

/// Reads the whole file in constant memory; `progress` hears how many bytes each step read.
pub fn read_file(path: &Path, progress: &mut dyn FnMut(u64)) -> io::Result<ReadFile> {
    let mut file = File::open(path)?;
    if !file.metadata()?.is_file() {
        // A folder, a device or a pipe has no bytes that another run would find again.
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "this is not a regular file",
        ));
    }
    let mut hasher = FileHasher::new();
    let mut head = Vec::new();
    let mut buffer = vec![0; READ_LEN];
    loop {
        let read = match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => &buffer[..read],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        hasher.update(read);
        head.extend(read.iter().take(HEAD_LEN - head.len()));
        progress(read.len() as u64);
    }
    Ok(ReadFile {
        digest: hasher.finish(),
        head,
    })
}
