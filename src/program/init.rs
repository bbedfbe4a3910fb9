//! `notarylog init`: a new log, with everything for a first run.

use super::{Failure, config, folder, notice};
use crate::clock::SystemClock;
use crate::log::genesis::log_genesis;
use crate::signer::Signer as _;
use crate::signer::bound_key;
use crate::signer::key_files::KeyFiles;
use crate::storage::journal::Journal;
use crate::storage::sqlite::SqliteCoord;
use crate::storage::tile_store::TileStore;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use clap::Args;
use evidence::{DraftNotice, Genesis, Notice, NoticeBody, OriginHash, Predecessor, Spki};
use p256::pkcs8::SecretDocument;
use service::FolderLock;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use tlog::{Checkpoint, Note, Origin, Vkey};

const NEW_LOG: &str = "a new log needs an empty folder, and an existing one is never overwritten";

/// Makes a new log.
#[derive(Args)]
pub(crate) struct Init {
    /// The folder to make; it must be empty or not exist
    dir: PathBuf,
    /// The log's name, as it stands in every checkpoint: a URL without a scheme, such as log.example.org/suzhou-2026
    #[arg(long, value_name = "NAME")]
    origin: String,
    /// The journal's folder, best on another volume; in DIR when left out
    #[arg(long, value_name = "PATH")]
    anchor: Option<PathBuf>,
    /// The last checkpoint of the log that this one continues: the genesis names its origin, size and root
    #[arg(long, value_name = "FILE")]
    predecessor: Option<PathBuf>,
    /// Where the log will listen
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Where the admin listener will listen; loopback only
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8081")]
    admin_listen: SocketAddr,
    /// One JSON object instead of sentences
    #[arg(long)]
    json: bool,
}

impl Init {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let origin = Origin::new(self.origin.as_str()).map_err(|error| {
            Failure::usage(format!("--origin: {error}; take a URL without a scheme, such as log.example.org/suzhou-2026"))
        })?;
        let predecessor = self.predecessor.as_deref().map(last_head).transpose()?;
        super::refuse_unless_empty(&self.dir, NEW_LOG)?;
        if let Some(anchor) = &self.anchor {
            super::refuse_unless_empty(anchor, NEW_LOG)?;
        }
        std::fs::create_dir_all(&self.dir).map_err(|error| cannot_make(&self.dir, &error))?;
        let _lock = FolderLock::take(&self.dir).map_err(Failure::could_not)?;
        let journal = match &self.anchor {
            Some(anchor) => {
                std::fs::create_dir_all(anchor).map_err(|error| cannot_make(anchor, &error))?;
                std::path::absolute(anchor).map_err(|error| cannot_make(anchor, &error))?
            }
            None => self.dir.join("journal"),
        };
        for sub in [
            folder::keys(&self.dir),
            self.dir.join("admin"),
            folder::tiles(&self.dir),
            journal.clone(),
        ] {
            std::fs::create_dir_all(&sub).map_err(|error| cannot_make(&sub, &error))?;
        }
        KeyFiles::create(&folder::keys(&self.dir), &origin).map_err(Failure::could_not)?;
        let admins = admin_keys(&self.dir.join("admin"), &origin)?;
        self.write_config(&origin, self.anchor.as_ref().map(|_| journal.as_path()))?;
        super::runtime()?.block_on(self.genesis(&origin, predecessor, &journal, &admins))?;
        let signer =
            KeyFiles::load(&folder::keys(&self.dir), &origin).map_err(Failure::could_not)?;
        self.report(&origin, &journal, signer.vkeys());
        Ok(())
    }

    async fn genesis(
        &self,
        origin: &Origin,
        predecessor: Option<Predecessor>,
        journal: &Path,
        admins: &[SecretDocument; 3],
    ) -> Result<(), Failure> {
        let signer =
            KeyFiles::load(&folder::keys(&self.dir), origin).map_err(Failure::could_not)?;
        let notice = genesis_notice(origin, predecessor, &signer, admins)?;
        let origin_hash = OriginHash::of(origin.as_str());
        let coord = SqliteCoord::open(
            &folder::database(&self.dir),
            origin_hash.as_bytes(),
            folder::READERS,
        )
        .await
        .map_err(Failure::could_not)?;
        TileStore::open(&folder::tiles(&self.dir)).map_err(Failure::could_not)?;
        let mut anchor =
            Journal::open(journal, origin_hash.as_bytes()).map_err(Failure::could_not)?;
        log_genesis(&notice, &coord, &mut anchor, &signer, &SystemClock)
            .await
            .map_err(Failure::could_not)?;
        Ok(())
    }

    fn write_config(&self, origin: &Origin, anchor: Option<&Path>) -> Result<(), Failure> {
        let mut table = toml::Table::new();
        table.insert("origin".to_owned(), origin.as_str().into());
        table.insert("listen".to_owned(), self.listen.to_string().into());
        table.insert(
            "admin-listen".to_owned(),
            self.admin_listen.to_string().into(),
        );
        if let Some(anchor) = anchor {
            table.insert("anchor".to_owned(), anchor.display().to_string().into());
        }
        let text = toml::to_string(&table).map_err(Failure::could_not)?;
        let path = self.dir.join(config::FILE);
        std::fs::write(&path, text).map_err(|error| cannot_make(&path, &error))
    }

    fn report(&self, origin: &Origin, journal: &Path, vkeys: &[Vkey]) {
        let dir = self.dir.display();
        if self.json {
            let admins = [1, 2, 3].map(|n| self.dir.join("admin").join(format!("{n}.pem")));
            let vkeys: Vec<String> = vkeys.iter().map(ToString::to_string).collect();
            let event = serde_json::json!({
                "event": "initialised", "origin": origin.as_str(), "dir": self.dir, "journal": journal, "admins": admins,
                "vkeys": vkeys,
            });
            println!("{event}");
            return;
        }
        println!(
            "The log {} is ready in {dir}; its genesis notice is entry 0.",
            origin.as_str()
        );
        println!(
            "Move the three admin keys in {dir}/admin to three different people and places: any two of them sign \
             notices, and none of them belongs on this machine."
        );
        if self.anchor.is_none() {
            println!(
                "The journal lies beside the database: it shows a swapped database, but a restored or copied folder \
                 takes both along. Give another volume with --anchor to protect against that."
            );
        }
        println!("A witness that is to watch this log needs its verifier keys:");
        for vkey in vkeys {
            println!("  {vkey}");
        }
        println!("Go on with: notarylog serve {dir}");
    }
}

/// The genesis notice: the log's keys and admins, signed by two of the admins that it names.
fn genesis_notice(
    origin: &Origin,
    predecessor: Option<Predecessor>,
    signer: &KeyFiles,
    admins: &[SecretDocument; 3],
) -> Result<Notice, Failure> {
    let spkis = admins
        .each_ref()
        .map(|admin| bound_key::spki(admin).and_then(|spki| Spki::parse(&spki).ok()));
    let [Some(first), Some(second), Some(third)] = spkis else {
        return Err(Failure::could_not(
            "the admin keys that were made are no P-256 keys",
        ));
    };
    let entry_key = Spki::parse(signer.entry_spki()).map_err(Failure::could_not)?;
    let genesis = Genesis {
        admins: [first, second, third],
        entry_key,
        origin: origin.clone(),
        predecessor,
        vkeys: signer.vkeys().clone(),
    };
    let draft = DraftNotice {
        seq: 0,
        prev: None,
        effective: Some(notice::today()?),
        body: NoticeBody::Genesis(Box::new(genesis)),
    };
    notice::sign(draft, origin, &admins[..2])
}

/// The head in a file with a checkpoint. Whose it is, the operator has seen to: it is the own log's.
fn last_head(path: &Path) -> Result<Predecessor, Failure> {
    let text = notice::read(path)?;
    let malformed = |why: &dyn std::fmt::Display| {
        Failure::usage(format!(
            "{} holds no checkpoint ({why}): save what the old log answers at /checkpoint",
            path.display()
        ))
    };
    let note = Note::parse(text.as_bytes()).map_err(|error| malformed(&error))?;
    let head = Checkpoint::parse(note.text()).map_err(|error| malformed(&error))?;
    Ok(Predecessor {
        origin: Origin::new(head.origin()).map_err(|error| malformed(&error))?,
        size: head.size(),
        root: head.root(),
    })
}

fn admin_keys(dir: &Path, origin: &Origin) -> Result<[SecretDocument; 3], Failure> {
    let make = |name: &str| -> Result<SecretDocument, Failure> {
        let pkcs8 = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
            .and_then(|key| key.to_pkcs8v1())
            .map_err(|_| Failure::could_not("the operating system gave no key"))?;
        let path = dir.join(name);
        bound_key::create(&path, origin, pkcs8.as_ref()).map_err(Failure::could_not)?;
        bound_key::read(&path, origin).map_err(Failure::could_not)
    };
    Ok([make("1.pem")?, make("2.pem")?, make("3.pem")?])
}

fn cannot_make(path: &Path, error: &std::io::Error) -> Failure {
    Failure::could_not(format!("{} could not be made: {error}", path.display()))
}
