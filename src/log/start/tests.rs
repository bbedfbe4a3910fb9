//! The start over real adapters: what one of database and journal lacks, the other gives; two histories stop the log.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must panic")]

use super::{Ports, StartError, start};
use crate::clock::SetClock;
use crate::log::Log;
use crate::log::genesis::{log_genesis, notice_entry};
use crate::log::pool::{Candidate, NotSequenced, Outcome, Pool};
use crate::log::runner::{Runner, Settings};
use crate::log::status::State;
use crate::metrics::Metrics;
use crate::signer::Signer;
use crate::signer::key_files::KeyFiles;
use crate::storage::anchor::Anchor;
use crate::storage::journal::Journal;
use crate::storage::sqlite::SqliteCoord;
use crate::storage::tile_store::TileStore;
use evidence::{
    AdminSignature, BureauId, Commitment, DraftNotice, Genesis, KeyEnrol, KeyHash, Kind, Notice,
    NoticeBody, OriginHash, Role, Slot, Spki, Tag, UnsignedEntry, UtcDate,
};
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::EncodePublicKey as _;
use service::Stop;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;
use tlog::{LeafIndex, Origin};

const SETTINGS: Settings = Settings {
    leaf_lookup: true,
    healing_window_ms: u64::MAX,
};

/// A log's folder, its clock, and a bureau's key.
struct House {
    dir: TempDir,
    clock: Arc<SetClock>,
    origin: Origin,
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
    async fn new() -> Self {
        let house = Self {
            dir: TempDir::new().unwrap(),
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

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.dir.path().join(name)
    }

    fn signer(&self) -> KeyFiles {
        KeyFiles::load(&self.path("keys"), &self.origin).unwrap()
    }

    async fn coord(&self) -> SqliteCoord {
        let origin = OriginHash::of(self.origin.as_str());
        SqliteCoord::open(&self.path("log.sqlite"), origin.as_bytes(), 2)
            .await
            .unwrap()
    }

    fn journal(&self) -> Result<Journal, crate::storage::anchor::AnchorError> {
        Journal::open(
            &self.path("journal"),
            OriginHash::of(self.origin.as_str()).as_bytes(),
        )
    }

    async fn ports(&self) -> Ports {
        let (folder, origin) = (self.path("journal"), OriginHash::of(self.origin.as_str()));
        Ports {
            coord: Arc::new(self.coord().await),
            objects: Arc::new(TileStore::open(&self.path("tiles")).unwrap()),
            open_anchor: Box::new(move || {
                Ok(Box::new(Journal::open(&folder, origin.as_bytes())?) as Box<dyn Anchor>)
            }),
            signer: Arc::new(self.signer()),
            clock: Arc::clone(&self.clock) as Arc<dyn crate::clock::Clock>,
        }
    }

    /// Runs the log, does something with it, and stops it.
    async fn run<T>(&self, work: impl AsyncFnOnce(&Log) -> T) -> T {
        let metrics = Arc::new(Metrics::new().unwrap());
        let runner = Runner::open(self.ports().await, SETTINGS, metrics)
            .await
            .unwrap();
        let (log, stop) = (runner.log(), Stop::new());
        let running = tokio::spawn(runner.run(stop.clone()));
        let done = work(&log).await;
        stop.trigger();
        running.await.unwrap().unwrap();
        done
    }

    /// Logs records with these numbers; answers their indices.
    async fn log_records(
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

    fn record(&self, number: u32) -> Candidate {
        let mut tag = [0; 32];
        tag[..4].copy_from_slice(&number.to_be_bytes());
        let key_id = spki(&self.bureau).key_hash();
        let unsigned = UnsignedEntry {
            kind: Kind::Record,
            key_id,
            tag: Tag::new(tag),
            commitment: Commitment::new([7; 32]),
        };
        let signature: Signature = self
            .bureau
            .sign(&unsigned.signed_message(&OriginHash::of(self.origin.as_str())));
        let entry = unsigned
            .with_signature(signature.to_bytes().into())
            .unwrap();
        let slot = Slot::of(&BureauId::new(key_id), entry.tag());
        Candidate {
            bytes: entry.to_bytes(),
            entry,
            slot,
            notice: None,
        }
    }

    fn notice_candidate(&self, notice: &Notice) -> Candidate {
        let signer = self.signer();
        let entry = signer
            .sign_entry(&notice_entry(notice, signer.entry_spki()))
            .unwrap();
        let slot = Slot::of(&BureauId::new(*entry.key_id()), entry.tag());
        Candidate {
            bytes: entry.to_bytes(),
            entry,
            slot,
            notice: Some(notice.clone()),
        }
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

    /// Copies a part of the stopped log away; the answer puts it back.
    fn keep(&self, parts: &[&str]) -> impl FnOnce() + use<> {
        let kept = TempDir::new().unwrap();
        let (from, parts) = (
            self.dir.path().to_owned(),
            parts
                .iter()
                .map(|&part| part.to_owned())
                .collect::<Vec<_>>(),
        );
        for part in &parts {
            copy(&from.join(part), &kept.path().join(part));
        }
        move || {
            for part in &parts {
                let to = from.join(part);
                let _absent = std::fs::remove_dir_all(&to).or_else(|_| std::fs::remove_file(&to));
                copy(&kept.path().join(part), &to);
            }
        }
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

const DATABASE: [&str; 3] = ["log.sqlite", "log.sqlite-wal", "log.sqlite-shm"];

#[tokio::test(flavor = "multi_thread")]
async fn a_resend_has_the_same_index_also_after_a_restart() {
    let house = House::new().await;
    let first = house
        .run(async |log| house.log_records(log, [1, 2, 3]).await.unwrap())
        .await;
    assert_eq!(first, [2, 3, 4]);
    let again = house
        .run(async |log| house.log_records(log, [3, 9, 1]).await.unwrap())
        .await;
    assert_eq!(again, [4, 5, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn time_never_goes_back_when_the_clock_does() {
    let house = House::new().await;
    let before = house
        .run(async |log| {
            house.log_records(log, [1]).await.unwrap();
            log.heart().publisher.newest().unwrap().head
        })
        .await;
    house.clock.set(5);
    let after = house
        .run(async |log| {
            house.log_records(log, [2]).await.unwrap();
            log.heart().publisher.newest().unwrap().head
        })
        .await;
    assert!(after.time_ms > before.time_ms, "{after:?} {before:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_database_is_rolled_forward_from_the_journal() {
    let house = House::new().await;
    house
        .run(async |log| house.log_records(log, 0..5).await.unwrap())
        .await;
    let restore = house.keep(&DATABASE);
    let head = house
        .run(async |log| {
            house.log_records(log, 5..700).await.unwrap();
            house.log_records(log, 700..705).await.unwrap();
            log.heart().publisher.newest().unwrap().head
        })
        .await;
    restore();
    house
        .run(async |log| {
            assert_eq!(log.heart().history.size(), head.size);
            assert_eq!(
                log.heart().history.root(head.size).await.unwrap(),
                head.root
            );
            assert!(log.heart().publisher.newest().unwrap().head.time_ms >= head.time_ms);
            assert_eq!(
                house.log_records(log, [704, 800]).await.unwrap(),
                [706, 707]
            );
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_restored_journal_lacks_is_appended() {
    let house = House::new().await;
    house
        .run(async |log| house.log_records(log, 0..5).await.unwrap())
        .await;
    let restore = house.keep(&["journal"]);
    house
        .run(async |log| house.log_records(log, 5..400).await.unwrap())
        .await;
    restore();
    house
        .run(async |log| house.log_records(log, [400]).await.unwrap())
        .await;
    let last = house.journal().unwrap().last().unwrap();
    assert_eq!(last.size.get(), 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_and_a_journal_of_two_histories_leave_the_log_read_only() {
    let house = House::new().await;
    let restore = house.keep(&DATABASE);
    let restore_all = house.keep(&["log.sqlite", "log.sqlite-wal", "log.sqlite-shm", "journal"]);
    house
        .run(async |log| house.log_records(log, [1, 2]).await.unwrap())
        .await;
    let other_journal = house.keep(&["journal"]);
    restore_all();
    house
        .run(async |log| house.log_records(log, [3, 4]).await.unwrap())
        .await;
    other_journal();
    house
        .run(async |log| {
            let State::ReadOnly(why) = log.status().get().as_ref().clone() else {
                panic!("it serves")
            };
            assert!(why.contains("two different histories"), "{why}");
            assert_eq!(
                house.log_records(log, [5]).await,
                Err(NotSequenced::ReadOnly)
            );
            assert_eq!(log.heart().history.size().get(), 4, "reads go on");
            assert!(log.heart().history.entry(LeafIndex::new(3)).await.is_ok());
        })
        .await;
    // With its own history the same journal is right.
    restore();
    house
        .run(async |log| assert_eq!(house.log_records(log, [1, 5]).await.unwrap(), [2, 4]))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_longer_journal_of_another_history_is_not_replayed() {
    let house = House::new().await;
    let restore = house.keep(&["log.sqlite", "log.sqlite-wal", "log.sqlite-shm", "journal"]);
    house
        .run(async |log| {
            house.log_records(log, [1]).await.unwrap();
            house.log_records(log, [2]).await.unwrap();
        })
        .await;
    let longer_journal = house.keep(&["journal"]);
    restore();
    house
        .run(async |log| house.log_records(log, [3]).await.unwrap())
        .await;
    longer_journal();
    house
        .run(async |log| {
            let State::ReadOnly(why) = log.status().get().as_ref().clone() else {
                panic!("it serves")
            };
            assert!(why.contains("two different histories"), "{why}");
            assert_eq!(
                log.heart().history.size().get(),
                3,
                "nothing of the other history was taken"
            );
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_was_changed_in_the_database_is_found_before_anything_is_signed() {
    let house = House::new().await;
    house
        .run(async |log| house.log_records(log, 0..5).await.unwrap())
        .await;
    {
        let url = format!("sqlite://{}", house.path("log.sqlite").display());
        let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
        sqlx::query("UPDATE batch SET entries = zeroblob(length(entries)) WHERE first = 2")
            .execute(&pool)
            .await
            .unwrap();
        pool.close().await;
    }
    let (pool, metrics) = (Arc::new(Pool::default()), Arc::new(Metrics::new().unwrap()));
    match start(&house.ports().await, &pool, &metrics).await {
        Err(StartError::Damaged(_)) => {}
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it started"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_keys_of_another_log_are_refused() {
    let house = House::new().await;
    std::fs::remove_dir_all(house.path("keys")).unwrap();
    std::fs::create_dir(house.path("keys")).unwrap();
    KeyFiles::create(&house.path("keys"), &house.origin).unwrap();
    let (pool, metrics) = (Arc::new(Pool::default()), Arc::new(Metrics::new().unwrap()));
    assert!(matches!(
        start(&house.ports().await, &pool, &metrics).await,
        Err(StartError::Keys(_))
    ));
}
