//! The two fingerprints of a file.

use sha2::{Digest as _, Sha256};
use tlog::{Frontier, Hash};

/// The length of a chunk in bytes: 16 MiB. Long enough that a browser hashes each in one native call, short enough that
/// a mismatch says which part differs.
pub const CHUNK_LEN: u64 = 16 * 1024 * 1024;

/// The fingerprints of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileDigest {
    /// SHA-256 of the file.
    pub file_sha256: [u8; 32],
    /// The root of the RFC 6962 tree whose leaf inputs are the SHA-256 digests of consecutive chunks of [`CHUNK_LEN`]
    /// bytes (the last may be shorter). Of an empty file, the root of the empty tree.
    pub chunk_root: Hash,
    /// The length of the file in bytes.
    pub bytes: u64,
}

/// Hashes a file as it is read, in constant memory.
///
/// ```
/// use evidence::FileHasher;
///
/// let mut hasher = FileHasher::new();
/// hasher.update(b"hello ");
/// hasher.update(b"world");
/// let digest = hasher.finish();
/// assert_eq!(digest.bytes, 11);
/// assert_eq!(hex::encode(digest.file_sha256), "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9");
/// // One chunk: the root is its leaf hash, SHA-256(0x00 || SHA-256(chunk)).
/// assert_eq!(digest.chunk_root, tlog::Hash::of_leaf(&digest.file_sha256));
/// ```
#[derive(Clone, Debug)]
pub struct FileHasher {
    file: Sha256,
    chunk: Sha256,
    chunk_len: u64,
    chunks: Frontier,
    bytes: u64,
}

impl FileHasher {
    /// A hasher that has read nothing.
    pub fn new() -> Self {
        Self {
            file: Sha256::new(),
            chunk: Sha256::new(),
            chunk_len: 0,
            chunks: Frontier::empty(),
            bytes: 0,
        }
    }

    /// Reads the next part of the file, of any length.
    pub fn update(&mut self, mut data: &[u8]) {
        self.file.update(data);
        while !data.is_empty() {
            let room = usize::try_from(CHUNK_LEN - self.chunk_len).unwrap_or(usize::MAX);
            let (part, rest) = data.split_at(room.min(data.len()));
            self.chunk.update(part);
            self.chunk_len += part.len() as u64;
            self.bytes += part.len() as u64;
            if self.chunk_len == CHUNK_LEN {
                self.end_chunk();
            }
            data = rest;
        }
    }

    /// The fingerprints of what was read.
    pub fn finish(mut self) -> FileDigest {
        if self.chunk_len > 0 {
            self.end_chunk();
        }
        FileDigest {
            file_sha256: self.file.finalize().into(),
            chunk_root: self.chunks.root(),
            bytes: self.bytes,
        }
    }

    fn end_chunk(&mut self) {
        self.chunks
            .append(Hash::of_leaf(&self.chunk.finalize_reset()));
        self.chunk_len = 0;
    }
}

impl Default for FileHasher {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHUNK: usize = 16 * 1024 * 1024;

    fn file(len: usize) -> Vec<u8> {
        (0..=250).cycle().take(len).collect()
    }

    fn digest(file: &[u8], step: usize) -> FileDigest {
        let mut hasher = FileHasher::new();
        file.chunks(step).for_each(|part| hasher.update(part));
        hasher.finish()
    }

    #[test]
    fn an_empty_file_has_the_root_of_the_empty_tree() {
        let digest = digest(&[], 1);
        assert_eq!(digest.chunk_root, Hash::EMPTY_ROOT);
        assert_eq!(digest.file_sha256, *Hash::EMPTY_ROOT.as_bytes());
        assert_eq!(digest.bytes, 0);
    }

    #[test]
    fn chunks_end_where_they_should_however_the_file_is_read() {
        let file = file(2 * CHUNK + 1);
        for len in [1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 1] {
            let file = &file[..len];
            let leaves: Vec<Hash> = file
                .chunks(CHUNK)
                .map(|chunk| Hash::of_leaf(Hash::of(chunk).as_bytes()))
                .collect();
            let root = match leaves[..] {
                [a] => a,
                [a, b] => Hash::of_node(&a, &b),
                [a, b, c] => Hash::of_node(&Hash::of_node(&a, &b), &c),
                _ => unreachable!("at most three chunks"),
            };
            for step in [CHUNK / 3, CHUNK, 3 * CHUNK] {
                let digest = digest(file, step);
                assert_eq!(digest.chunk_root, root, "{len} by {step}");
                assert_eq!(digest.file_sha256, *Hash::of(file).as_bytes());
                assert_eq!(digest.bytes, len as u64);
            }
        }
    }

    #[test]
    fn one_changed_byte_changes_both_fingerprints() {
        let mut file = file(CHUNK + 10);
        let before = digest(&file, CHUNK);
        file[CHUNK + 5] ^= 1;
        let after = digest(&file, CHUNK);
        assert_ne!(before.file_sha256, after.file_sha256);
        assert_ne!(before.chunk_root, after.chunk_root);
    }
}
