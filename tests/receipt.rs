//! What every answered entry promises, checked against the log as a reader sees it.

use crate::reader::{Reader, hash, hashes, number};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use libtest_mimic::Failed;
use serde_json::Value;
use tlog::{Hash, LeafIndex, TreeSize, verify_inclusion};

/// Checks one result of an answer to `POST /v1/entries`: the log holds these bytes at this index, the path leads from them
/// to the answer's root, and the answer's checkpoint is the signed head of that size in the log's one history.
pub fn check(reader: &Reader, answer: &Value, result: &Value) -> Result<(), Failed> {
    let index = LeafIndex::new(number(result, "index")?);
    let entry = entry(result)?;
    let leaf = Hash::of_leaf(&entry);
    if reader.entry(index) != Some(entry.as_slice()) {
        return Err(format!("the log holds other bytes at index {index} than it answered").into());
    }
    if hash(result, "leaf_hash")? != leaf {
        return Err(format!("the leaf hash of entry {index} is wrong").into());
    }
    let signed = reader.accept(answer["checkpoint"].as_str().unwrap_or_default().as_bytes())?;
    let (size, root) = (
        TreeSize::new(number(answer, "size")?)?,
        hash(answer, "root")?,
    );
    if (signed.checkpoint().size(), signed.checkpoint().root()) != (size, root) {
        return Err("the answer's size and root are not those of its checkpoint".into());
    }
    verify_inclusion(&leaf, index, size, &root, &hashes(result, "proof")?)?;
    Ok(())
}

/// The entry of one result, as it is stored.
pub fn entry(result: &Value) -> Result<Vec<u8>, Failed> {
    Ok(STANDARD.decode(result["entry"].as_str().unwrap_or_default())?)
}
