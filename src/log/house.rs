//! A log of its own for a unit test: real adapters in a folder, a clock that is set, admins and a bureau.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must panic")]

use super::Log;
use super::genesis::{log_genesis, notice_candidate};
use super::pool::{Candidate, NotSequenced, Outcome};
use super::runner::{Runner, Settings};
use super::start::Ports;
use super::witnessing::Witnessing;
use crate::clock::SetClock;
use crate::metrics::Metrics;
use crate::signer::Signer;
use crate::signer::key_files::KeyFiles;
use crate::storage::anchor::{Anchor, AnchorError};
use crate::storage::journal::Journal;
use crate::storage::sqlite::SqliteCoord;
use crate::storage::tile_store::TileStore;
use evidence::{
    AdminSignature, BureauId, Commitment, DraftNotice, Genesis, KeyEnrol, KeyHash, Kind, Notice,
    NoticeBody, OriginHash, PolicyText, Role, Slot, Spki, Tag, UnsignedEntry, UtcDate,
};
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::EncodePublicKey as _;
use service::Stop;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;
use tlog::Origin;

/// The files of the database.
pub(crate) const DATABASE: [&str; 3] = ["log.sqlite", "log.sqlite-wal", "log.sqlite-shm"];

const SETTINGS: Settings = Settings {
    leaf_lookup: true,
    healing_window_ms: u64::MAX,
};

/// A log's folder, its clock, and a bureau's key.
pub(crate) struct House {
    dir: TempDir,
    /// The database's folder, if it lies apart.
    database: Option<PathBuf>,
    /// The time, as the log knows it.
    pub(crate) clock: Arc<SetClock>,
    /// The log's name.
    pub(crate) origin: Origin,
    admins: [SigningKey; 3],
    bureau: SigningKey,
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_slice(&[seed; 32]).unwrap()
}

fn spki(key: &SigningKey) -> Spki {
    let public = p256::PublicKey::from(key.verifying_key());
    Spki::parse(public.to_public_key_der().unwrap().as_bytes()).unwrap()
}

impl House {
    /// A folder with a genesis and an enrolled bureau.
    pub(crate) async fn new() -> Self {
        Self::founded(None).await
    }

    /// The same with its database in a folder of its own.
    pub(crate) async fn with_database_in(folder: &Path) -> Self {
        Self::founded(Some(folder.to_owned())).await
    }

    async fn founded(database: Option<PathBuf>) -> Self {
        let house = Self {
            dir: TempDir::new().unwrap(),
            database,
            clock: Arc::new(SetClock::at(1_800_000_000_000)),
            origin: Origin::new("log.example.org/test").unwrap(),
            admins: [key(1), key(2), key(3)],
            bureau: key(4),
        };
        for sub in ["keys", "tiles", "journal"] {
            std::fs::create_dir(house.path(sub)).unwrap();
        }
        KeyFiles::create(&house.path("keys"), &house.origin).unwrap();
        let signer = house.signer();
        let genesis = Genesis {
            admins: house.admins.each_ref().map(spki),
            entry_key: Spki::parse(signer.entry_spki()).unwrap(),
            origin: house.origin.clone(),
            predecessor: None,
            vkeys: signer.vkeys().clone(),
        };
        let effective = Some(UtcDate::parse("2026-11-24").unwrap());
        let body = NoticeBody::Genesis(Box::new(genesis));
        let notice = house.signed(DraftNotice {
            seq: 0,
            prev: None,
            effective,
            body,
        });
        {
            let coord = house.coord().await;
            let mut journal = house.journal().unwrap();
            log_genesis(&notice, &coord, &mut journal, &signer, house.clock.as_ref())
                .await
                .unwrap();
        }
        let enrol = KeyEnrol {
            bureau: None,
            name: "Example Bureau".to_owned(),
            roles: vec![Role::Submit],
            spki: spki(&house.bureau),
        };
        let prev = Some(notice.commitment());
        let enrol = house.signed(DraftNotice {
            seq: 1,
            prev,
            effective: None,
            body: NoticeBody::KeyEnrol(enrol),
        });
        house
            .run(async |log| {
                log.sequence(vec![house.notice_candidate(&enrol)])
                    .await
                    .map(drop)
            })
            .await
            .unwrap();
        house
    }

    /// A copy of the whole folder of the stopped log, keys included, as a machine is cloned.
    pub(crate) fn copy(&self) -> Self {
        let dir = TempDir::new().unwrap();
        copy(self.dir.path(), dir.path());
        Self {
            dir,
            database: None,
            clock: Arc::clone(&self.clock),
            origin: self.origin.clone(),
            admins: self.admins.clone(),
            bureau: self.bureau.clone(),
        }
    }

    /// A file or folder of the log.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        let database = self
            .database
            .as_deref()
            .filter(|_| name.starts_with(DATABASE[0]));
        database.unwrap_or(self.dir.path()).join(name)
    }

    pub(crate) fn signer(&self) -> KeyFiles {
        KeyFiles::load(&self.path("keys"), &self.origin).unwrap()
    }

    /// The database.
    pub(crate) async fn coord(&self) -> SqliteCoord {
        let origin = OriginHash::of(self.origin.as_str());
        SqliteCoord::open(&self.path("log.sqlite"), origin.as_bytes(), 2)
            .await
            .unwrap()
    }

    /// The journal.
    pub(crate) fn journal(&self) -> Result<Journal, AnchorError> {
        Journal::open(
            &self.path("journal"),
            OriginHash::of(self.origin.as_str()).as_bytes(),
        )
    }

    /// All adapters.
    pub(crate) async fn ports(&self) -> Ports {
        let (folder, origin) = (self.path("journal"), OriginHash::of(self.origin.as_str()));
        Ports {
            coord: Arc::new(self.coord().await),
            objects: Arc::new(TileStore::open(&self.path("tiles")).unwrap()),
            open_anchor: Box::new(move || {
                Ok(Box::new(Journal::open(&folder, origin.as_bytes())?) as Box<dyn Anchor>)
            }),
            signer: Arc::new(self.signer()),
            clock: Arc::clone(&self.clock) as Arc<dyn crate::clock::Clock>,
            witnessing: None,
            read_only: None,
        }
    }

    /// A log that reads and does not run yet: what it is given to sequence waits.
    pub(crate) async fn runner(&self) -> Runner {
        self.runner_with(None).await
    }

    /// The same with witnesses.
    pub(crate) async fn runner_with(&self, witnessing: Option<Arc<Witnessing>>) -> Runner {
        let metrics = Arc::new(Metrics::new().unwrap());
        let ports = Ports {
            witnessing,
            ..self.ports().await
        };
        Runner::open(ports, SETTINGS, metrics).await.unwrap()
    }

    /// Runs the log, does something with it, and stops it.
    pub(crate) async fn run<T>(&self, work: impl AsyncFnOnce(&Arc<Log>) -> T) -> T {
        self.run_with(None, work).await
    }

    /// The same with witnesses.
    pub(crate) async fn run_with<T>(
        &self,
        witnessing: Option<Arc<Witnessing>>,
        work: impl AsyncFnOnce(&Arc<Log>) -> T,
    ) -> T {
        let runner = self.runner_with(witnessing).await;
        let (log, stop) = (runner.log(), Stop::new());
        let running = tokio::spawn(runner.run(stop.clone()));
        let done = work(&log).await;
        stop.trigger();
        running.await.unwrap().unwrap();
        done
    }

    /// Logs records with these numbers; answers their indices.
    pub(crate) async fn log_records(
        &self,
        log: &Log,
        numbers: impl IntoIterator<Item = u32>,
    ) -> Result<Vec<u64>, NotSequenced> {
        let candidates = numbers
            .into_iter()
            .map(|number| self.record(number))
            .collect();
        let sequenced = log.sequence(candidates).await?;
        Ok(sequenced
            .outcomes
            .iter()
            .map(|outcome| match outcome {
                Outcome::Logged { index, .. } => index.get(),
                other => panic!("{other:?}"),
            })
            .collect())
    }

    /// The bureau's record with this number.
    pub(crate) fn record(&self, number: u32) -> Candidate {
        self.record_of(number, 7)
    }

    /// Another record that asks for the same slot.
    pub(crate) fn rival(&self, number: u32) -> Candidate {
        self.record_of(number, 8)
    }

    /// The bureau's record with a signature that does not verify: for tests behind the door, which alone looks at it, and
    /// which need many.
    pub(crate) fn record_with_any_signature(&self, number: u32) -> Candidate {
        candidate(self.unsigned(number, 7), [1; 64])
    }

    fn record_of(&self, number: u32, content: u8) -> Candidate {
        let unsigned = self.unsigned(number, content);
        let signature: Signature = self
            .bureau
            .sign(&unsigned.signed_message(&OriginHash::of(self.origin.as_str())));
        candidate(unsigned, signature.to_bytes().into())
    }

    fn unsigned(&self, number: u32, content: u8) -> UnsignedEntry {
        let mut tag = [0; 32];
        tag[..4].copy_from_slice(&number.to_be_bytes());
        UnsignedEntry {
            kind: Kind::Record,
            key_id: spki(&self.bureau).key_hash(),
            tag: Tag::new(tag),
            commitment: Commitment::new([content; 32]),
        }
    }

    pub(crate) fn notice_candidate(&self, notice: &Notice) -> Candidate {
        notice_candidate(notice.clone(), &self.signer()).unwrap()
    }

    fn signed(&self, draft: DraftNotice) -> Notice {
        let message = draft.message(&OriginHash::of(self.origin.as_str()));
        let signatures = self.admins[..2]
            .iter()
            .map(|admin| {
                let signature: Signature = admin.sign(&message);
                AdminSignature::new(
                    KeyHash::of_spki(spki(admin).as_der()),
                    signature.to_bytes().into(),
                )
                .unwrap()
            })
            .collect();
        draft.into_notice(signatures).unwrap()
    }

    /// Two admins publish a policy that counts from this day on.
    pub(crate) async fn publish_policy(&self, log: &Log, policy: &str, effective: &str) {
        let registry = log.heart().registry.load_full();
        let notice = self.signed(DraftNotice {
            seq: registry.next_seq(),
            prev: Some(registry.last()),
            effective: Some(UtcDate::parse(effective).unwrap()),
            body: NoticeBody::Policy(PolicyText {
                policy: policy.to_owned(),
            }),
        });
        let logged = log.sequence(vec![self.notice_candidate(&notice)]).await;
        assert!(matches!(
            logged.unwrap().outcomes[..],
            [Outcome::Logged { .. }]
        ));
    }

    /// Leaves a database with the records of `ours` and a journal with those of `theirs`, each a number a batch, both
    /// from the same start. The answer puts the database of the start beside the journal.
    pub(crate) async fn two_histories(
        &self,
        theirs: &[u32],
        ours: &[u32],
    ) -> impl FnOnce() + use<> {
        let database = self.keep(&DATABASE);
        let both = self.keep(&[DATABASE[0], DATABASE[1], DATABASE[2], "journal"]);
        self.run(async |log| self.log_each(log, theirs).await).await;
        let journal = self.keep(&["journal"]);
        both();
        self.run(async |log| self.log_each(log, ours).await).await;
        journal();
        database
    }

    async fn log_each(&self, log: &Log, numbers: &[u32]) {
        for &number in numbers {
            self.log_records(log, [number]).await.unwrap();
        }
    }

    /// Copies a part of the stopped log away; the answer puts it back.
    pub(crate) fn keep(&self, parts: &[&str]) -> impl FnOnce() + use<> {
        let kept = TempDir::new().unwrap();
        let parts: Vec<(String, PathBuf)> = parts
            .iter()
            .map(|&part| (part.to_owned(), self.path(part)))
            .collect();
        for (part, from) in &parts {
            copy(from, &kept.path().join(part));
        }
        move || {
            for (part, to) in &parts {
                let _absent = std::fs::remove_dir_all(to).or_else(|_| std::fs::remove_file(to));
                copy(&kept.path().join(part), to);
            }
        }
    }
}

/// The bureau's entry, ready for the pool.
fn candidate(unsigned: UnsignedEntry, signature: [u8; 64]) -> Candidate {
    let entry = unsigned.with_signature(signature).unwrap();
    let slot = Slot::of(&BureauId::new(*entry.key_id()), entry.tag());
    Candidate {
        bytes: entry.to_bytes(),
        entry,
        slot,
        notice: None,
    }
}

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        std::fs::create_dir_all(to).unwrap();
        for entry in std::fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    } else if from.exists() {
        std::fs::copy(from, to).unwrap();
    }
}
