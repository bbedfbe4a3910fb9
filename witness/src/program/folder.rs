//! The witness's folder: what lies where.

use super::{Failure, config};
use crate::cosigner::Cosigner;
use crate::ledger::sqlite::SqliteLedger;
use service::Config;
use std::path::{Path, PathBuf};
use tlog::{KeyName, ML_DSA_NAME_MAX};

/// The database's file.
pub(crate) fn database(dir: &Path) -> PathBuf {
    dir.join("witness.sqlite")
}

/// The folder of the proofs of misbehaviour.
pub(crate) fn proofs(dir: &Path) -> PathBuf {
    dir.join("misbehavior")
}

/// The folder of the witness's keys.
pub(crate) fn keys(dir: &Path) -> PathBuf {
    dir.join("keys")
}

/// A witness's name: one that ML-DSA-44 lines can sign.
pub(crate) fn name(text: &str) -> Result<KeyName, String> {
    if text.len() > ML_DSA_NAME_MAX {
        return Err(format!("a name has at most {ML_DSA_NAME_MAX} bytes"));
    }
    KeyName::new(text).map_err(|error| error.to_string())
}

/// The name in the configuration.
pub(crate) fn configured_name(config: &Config) -> Result<KeyName, Failure> {
    let text = config.text("name").map_err(Failure::usage)?;
    name(text).map_err(|why| Failure::usage(config.refuse("name", why)))
}

/// The keys and the database of the witness in this folder, for a verb that only reads.
pub(crate) async fn open_read_only(dir: &Path) -> Result<(Cosigner, SqliteLedger), Failure> {
    let (name, cosigner) = keys_of(dir)?;
    let ledger = SqliteLedger::open_read_only(&database(dir), &name)
        .await
        .map_err(Failure::could_not)?;
    Ok((cosigner, ledger))
}

/// The keys and the database, for a verb that changes the table of logs: a running witness goes on beside it.
pub(crate) async fn open(dir: &Path) -> Result<(Cosigner, SqliteLedger), Failure> {
    let (name, cosigner) = keys_of(dir)?;
    let ledger = SqliteLedger::open(&database(dir), &name)
        .await
        .map_err(Failure::could_not)?;
    Ok((cosigner, ledger))
}

fn keys_of(dir: &Path) -> Result<(KeyName, Cosigner), Failure> {
    let name = configured_name(&config::load_file(dir)?)?;
    let cosigner = Cosigner::load(&keys(dir), &name).map_err(Failure::could_not)?;
    Ok((name, cosigner))
}
