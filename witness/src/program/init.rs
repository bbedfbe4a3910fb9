//! `notarylog-witness init`: a new witness.

use super::{Failure, config, folder};
use crate::cosigner::Cosigner;
use crate::ledger::sqlite::SqliteLedger;
use clap::Args;
use service::FolderLock;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use tlog::KeyName;

/// Makes a new witness.
#[derive(Args)]
pub(crate) struct Init {
    /// The folder to make; it must be empty or not exist
    dir: PathBuf,
    /// The witness's name, as it stands in its lines: a URL without a scheme, such as witness.example.org/w1
    #[arg(long, value_name = "NAME")]
    name: String,
    /// Where the witness will listen
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
    /// Where the admin listener will listen; loopback only
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8091")]
    admin_listen: SocketAddr,
    /// One JSON object instead of sentences
    #[arg(long)]
    json: bool,
}

impl Init {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let name = folder::name(&self.name).map_err(|error| {
            Failure::usage(format!(
                "--name: {error}; take a URL without a scheme, such as witness.example.org/w1"
            ))
        })?;
        refuse_unless_empty(&self.dir)?;
        let keys = folder::keys(&self.dir);
        std::fs::create_dir_all(&keys).map_err(|error| cannot_make(&keys, &error))?;
        let _lock = FolderLock::take(&self.dir).map_err(Failure::could_not)?;
        Cosigner::create(&keys, &name).map_err(Failure::could_not)?;
        let cosigner = Cosigner::load(&keys, &name).map_err(Failure::could_not)?;
        super::runtime()?
            .block_on(async {
                let ledger = SqliteLedger::open(&folder::database(&self.dir), &name).await?;
                ledger.close().await
            })
            .map_err(Failure::could_not)?;
        // Last: a folder without it is no witness, and whatever failed before can be taken away and made again.
        self.write_config(&name)?;
        self.report(&cosigner);
        Ok(())
    }

    fn write_config(&self, name: &KeyName) -> Result<(), Failure> {
        let mut table = toml::Table::new();
        table.insert("name".to_owned(), name.as_str().into());
        table.insert("listen".to_owned(), self.listen.to_string().into());
        table.insert(
            "admin-listen".to_owned(),
            self.admin_listen.to_string().into(),
        );
        let text = toml::to_string(&table).map_err(Failure::could_not)?;
        let path = self.dir.join(config::FILE);
        std::fs::write(&path, text).map_err(|error| cannot_make(&path, &error))
    }

    fn report(&self, cosigner: &Cosigner) {
        let dir = self.dir.display();
        let vkeys = cosigner.vkeys().each_ref().map(ToString::to_string);
        if self.json {
            let event = serde_json::json!({
                "event": "initialised", "name": cosigner.name().as_str(), "dir": self.dir, "vkeys": vkeys,
            });
            println!("{event}");
            return;
        }
        println!(
            "The witness {} is ready in {dir}. Its verifier keys:",
            cosigner.name()
        );
        for vkey in vkeys {
            println!("{vkey}");
        }
        println!(
            "Never copy this folder to a second machine and never restore it from a backup: a witness that signs from \
             an older state can be shown to have lied."
        );
        println!("Go on with: notarylog-witness log add {dir} --origin … --vkey … --url …");
    }
}

fn refuse_unless_empty(dir: &Path) -> Result<(), Failure> {
    match std::fs::read_dir(dir) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => Err(Failure::usage(format!(
                "{} is not empty: a new witness needs an empty folder, and an existing one is never overwritten",
                dir.display()
            ))),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(cannot_make(dir, &error)),
    }
}

fn cannot_make(path: &Path, error: &std::io::Error) -> Failure {
    Failure::could_not(format!("{} could not be made: {error}", path.display()))
}
