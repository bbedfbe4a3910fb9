//! `loadtest seed`: a log with a large tree, in minutes.

use super::progress;
use crate::seed::{NotSeeded, Seed};
use crate::submitter::{NotAKey, Submitter};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use clap::Args;
use evidence::Spki;
use p256::SecretKey;
use p256::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, EncodePublicKey as _, LineEnding};
use service::{KeyFile, KeyFileError};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;
use tlog::Origin;

/// The file of the key in the log's folder.
const KEY: &str = "loadtest.pem";

/// Options of `seed`.
#[derive(Args, Debug)]
pub struct SeedArgs {
    /// The log's folder to make; it must be empty or not exist
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// The size of its tree afterwards
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(2..=SIZE_MAX))]
    pub entries: u64,
    /// The log's name
    #[arg(long, value_name = "NAME", default_value = "loadtest.example/seeded")]
    pub origin: String,
    /// The key that signs, which later runs can use: made when there is none [default: DIR/loadtest.pem]
    #[arg(long, value_name = "KEY.pem")]
    pub key: Option<PathBuf>,
    /// Drop rows and journal as soon as their tiles are stored, as with a healing window of 0
    #[arg(long)]
    pub lean: bool,
}

/// The largest tree that is seeded: a larger one is a slip, and would fill most disks.
const SIZE_MAX: u64 = 1_000_000_000;

/// Why there is no seeded log.
#[derive(Debug, thiserror::Error)]
pub enum NotMade {
    /// The name of the log.
    #[error("--origin: {0}; take a URL without a scheme, such as loadtest.example/seeded")]
    Origin(#[from] tlog::MalformedName),
    /// `notarylog init` said why.
    #[error("no log was made in {}", .0.display())]
    Init(PathBuf),
    /// The key file.
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    /// The file holds no key.
    #[error(transparent)]
    Key(#[from] NotAKey),
    /// The system.
    #[error("{0}")]
    System(#[from] std::io::Error),
    /// The filling.
    #[error(transparent)]
    Seeded(#[from] NotSeeded),
}

impl SeedArgs {
    /// Makes the log as its operator would, and fills it.
    pub fn run(&self) -> Result<(), NotMade> {
        Origin::new(self.origin.as_str())?;
        let init: [OsString; 6] = [
            "notarylog".into(),
            "init".into(),
            self.folder.clone().into(),
            "--origin".into(),
            self.origin.clone().into(),
            "--json".into(),
        ];
        if notarylog::program::run(init) != ExitCode::SUCCESS {
            return Err(NotMade::Init(self.folder.clone()));
        }
        let began = Instant::now();
        let key = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?
            .block_on(self.fill())?;
        let seconds = began.elapsed().as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a rate needs no 53 bits")]
        let rate = self.entries as f64 / seconds;
        println!(
            "{} entries in {}, in {seconds:.0} s: {rate:.0} a second. The key of later runs: {}",
            self.entries,
            self.folder.display(),
            key.display()
        );
        Ok(())
    }

    /// Fills the log that `notarylog init` has just made in the folder; answers where its bureau's key lies.
    pub async fn fill(&self) -> Result<PathBuf, NotMade> {
        let key = self.key.clone().unwrap_or_else(|| self.folder.join(KEY));
        let (submitter, spki) = key_at(&key)?;
        let seed = Seed {
            folder: &self.folder,
            origin: Origin::new(self.origin.as_str())?,
            size: self.entries,
            lean: self.lean,
        };
        let bar = progress::begin("seeding", self.entries);
        seed.sow(Arc::new(submitter), spki, |entries| bar.inc(entries))
            .await?;
        bar.finish_and_clear();
        Ok(key)
    }
}

/// Reads the key, and makes it first where there is none.
fn key_at(path: &Path) -> Result<(Submitter, Spki), NotMade> {
    if !path.exists() {
        let made = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
            .and_then(|key| key.to_pkcs8v1())
            .map_err(|_| std::io::Error::other("the operating system gave no key"))?;
        let secret = SecretKey::from_pkcs8_der(made.as_ref()).map_err(|_| NotAKey)?;
        let pem = secret.to_pkcs8_pem(LineEnding::LF).map_err(|_| NotAKey)?;
        KeyFile::create(path, pem.as_bytes())?;
    }
    let pem = KeyFile::read(path)?;
    let submitter = Submitter::from_pem(&pem)?;
    let text = str::from_utf8(&pem).map_err(|_| NotAKey)?;
    let secret = SecretKey::from_pkcs8_pem(text).map_err(|_| NotAKey)?;
    let spki = secret.public_key().to_public_key_der();
    let spki = Spki::parse(spki.map_err(|_| NotAKey)?.as_bytes()).map_err(|_| NotAKey)?;
    Ok((submitter, spki))
}
