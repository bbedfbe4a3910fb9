//! `notary key new FILE` and `notary key show FILE`.

use super::answer::{Answer, Failure};
use crate::{KeyError, Keypair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use std::path::Path;

/// Makes a key.
pub fn new(file: &Path) -> Result<Answer, Failure> {
    let key = Keypair::create(file).map_err(|error| failure(&error))?;
    Ok(public_side(&key).hint(format!(
        "the private key is in {}; keep a copy in a safe, and give only the public side away",
        file.display()
    )))
}

/// Shows a key's public side.
pub fn show(file: &Path) -> Result<Answer, Failure> {
    Keypair::load(file)
        .map(|key| public_side(&key))
        .map_err(|error| failure(&error))
}

fn public_side(key: &Keypair) -> Answer {
    let spki = STANDARD.encode(key.spki_der());
    let id = key.key_id().to_string();
    Answer::done(
        format!("key_id {id}\nspki   {spki}"),
        json!({ "schema": "notarylog/key/1", "key_id": id, "spki": spki }),
    )
}

fn failure(error: &KeyError) -> Failure {
    Failure::could_not(error.to_string())
}
