//! `notary hash FILE…`

use super::answer::{Answer, Failure};
use super::command::HashArgs;
use super::progress;
use super::voice::Voice;
use serde_json::json;

/// Prints the fingerprints of files.
pub fn hash(args: &HashArgs, voice: Voice) -> Result<Answer, Failure> {
    let mut lines = Vec::new();
    let mut files = Vec::new();
    for path in &args.files {
        let read = progress::read_file(path, voice)
            .map_err(|error| Failure::could_not(format!("{}: {error}", path.display())))?;
        let sha256 = hex::encode(read.digest.file_sha256);
        let chunk_root = hex::encode(read.digest.chunk_root.as_bytes());
        let bytes = read.digest.bytes;
        lines.push(format!(
            "sha256 {sha256}  chunk_root {chunk_root}  bytes {bytes}  {}",
            path.display()
        ));
        files.push(json!({
            "file": path.display().to_string(),
            "file_sha256": sha256,
            "chunk_root": chunk_root,
            "bytes": bytes,
        }));
    }
    Ok(Answer::done(
        lines.join("\n"),
        json!({ "schema": "notarylog/hash/1", "files": files }),
    ))
}
