//! `notarylog-witness key`: the verifier keys, for those who shall trust this witness.

use super::{Failure, Folder, config, folder};
use crate::cosigner::Cosigner;
use clap::Subcommand;

/// Shows the keys.
#[derive(Subcommand)]
pub(crate) enum KeyVerb {
    /// Prints both verifier keys: Ed25519 (04) and ML-DSA-44 (06)
    #[command(after_help = "Example:\n  notarylog-witness key show /srv/witness")]
    Show(Folder),
}

impl KeyVerb {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let Self::Show(Folder { dir, json }) = self;
        let name = folder::configured_name(&config::load_file(&dir)?)?;
        let cosigner = Cosigner::load(&folder::keys(&dir), &name).map_err(Failure::could_not)?;
        let vkeys = cosigner.vkeys().each_ref().map(ToString::to_string);
        if json {
            println!(
                "{}",
                serde_json::json!({"name": name.as_str(), "vkeys": vkeys})
            );
        } else {
            println!("{}", vkeys.join("\n"));
        }
        Ok(())
    }
}
