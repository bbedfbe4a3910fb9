//! Seeding: a fresh log is filled through its own heart, past its doors, so that a large tree is there in minutes.
//!
//! Everything but HTTP and the door's check of signatures is done as for a bureau: the key is enrolled by a notice that
//! two admins sign, each batch is one transaction and one record of the journal, read back and hashed a second time,
//! tiles are put behind the head. So `notarylog check` passes, and the log serves it afterwards.

use crate::submitter::Submitter;
use crate::workload::{TooLarge, Workload};
use evidence::{
    AdminSignature, BureauId, DraftNotice, ENTRY_LEN, Entry, KeyEnrol, KeyHash, MalformedEntry,
    MalformedNotice, Notice, NoticeBody, OriginHash, Role, Slot, Spki,
};
use notarylog::clock::{Clock as _, SystemClock};
use notarylog::log::Log;
use notarylog::log::genesis::notice_entry;
use notarylog::log::pool::{Candidate, NotSequenced, Outcome};
use notarylog::log::runner::{Fatal, Runner, Settings};
use notarylog::log::start::Ports;
use notarylog::log::start_error::StartError;
use notarylog::metrics::Metrics;
use notarylog::signer::key_files::{KeyError, KeyFiles};
use notarylog::signer::{SignError, Signer, bound_key};
use notarylog::storage::anchor::{Anchor, AnchorError};
use notarylog::storage::coord::{Coord, CoordError};
use notarylog::storage::journal::Journal;
use notarylog::storage::objects::ObjectError;
use notarylog::storage::sqlite::SqliteCoord;
use notarylog::storage::tile_store::TileStore;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::DecodePrivateKey as _;
use service::{AlreadyHeld, BoundKeyError, FolderLock, Stop};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tlog::{Origin, TILE_WIDTH};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::JoinSet;

/// Entries that are sequenced at once: the most that the log puts in one batch.
const BATCH: usize = 8_192;

/// Entries that are signed at once, on all cores.
const PORTION: u64 = 1 << 16;

/// Batches that wait for the sequencer, so that it is never idle. The pool holds eight.
const BATCHES_WAITING: usize = 4;

/// Batches that are signed and wait: some 30 MB.
const BATCHES_SIGNED: usize = 8;

/// How long to wait when the log takes nothing at the moment, since its tiles have fallen behind.
const PAUSE: Duration = Duration::from_millis(100);

/// How often to look whether tiles and lookup have caught up.
const GLANCE: Duration = Duration::from_millis(200);

/// Head rows that stay although they are not kept for ever, as in a log that serves.
const HEADS_KEPT: u32 = 4_096;

/// The name of the bureau that signs.
const BUREAU: &str = "Load bureau";

/// A log's folder that `notarylog init` has just made, and how it is filled.
#[derive(Debug)]
pub struct Seed<'a> {
    /// The folder.
    pub folder: &'a Path,
    /// The log's name.
    pub origin: Origin,
    /// The size of its tree afterwards; its genesis and the enrolment are two of the entries.
    pub size: u64,
    /// Whether rows and journal are dropped as soon as their tiles are stored, as with a healing window of 0.
    pub lean: bool,
}

impl Seed<'_> {
    /// Fills the log with entries by this key, whose public half it enrols; `grown` is told of each batch, in entries.
    pub async fn sow(
        &self,
        submitter: Arc<Submitter>,
        spki: Spki,
        grown: impl Fn(u64),
    ) -> Result<(), NotSeeded> {
        let _lock = FolderLock::take(self.folder)?;
        let origin_hash = OriginHash::of(self.origin.as_str());
        let coord = SqliteCoord::open(
            &self.folder.join("log.sqlite"),
            origin_hash.as_bytes(),
            READERS,
        )
        .await?;
        let coord = Arc::new(coord);
        let signer = Arc::new(KeyFiles::load(&self.folder.join("keys"), &self.origin)?);
        let settings = Settings {
            leaf_lookup: true,
            healing_window_ms: if self.lean { 0 } else { HEALING_WINDOW_MS },
        };
        let metrics =
            Arc::new(Metrics::new().map_err(|error| NotSeeded::Metrics(error.to_string()))?);
        let runner = Runner::open(self.ports(&coord, &signer)?, settings, metrics).await?;
        let (log, stop) = (runner.log(), Stop::new());
        let running = tokio::spawn(runner.run(stop.clone()));
        let filled = self
            .fill(&log, coord.as_ref(), &signer, submitter, spki, grown)
            .await;
        stop.trigger();
        running.await.expect("the heart does not panic")?;
        drop(log);
        filled?;
        if self.lean {
            self.trim(coord.as_ref()).await?;
        }
        coord.checkpoint().await?;
        if let Some(coord) = Arc::into_inner(coord) {
            coord.close().await?;
        }
        Ok(())
    }

    async fn fill(
        &self,
        log: &Arc<Log>,
        coord: &SqliteCoord,
        signer: &KeyFiles,
        submitter: Arc<Submitter>,
        spki: Spki,
        grown: impl Fn(u64),
    ) -> Result<(), NotSeeded> {
        sequence(log, vec![self.enrolment(coord, signer, spki).await?]).await?;
        let size = coord.committed().await?.head.size.get();
        grown(size);
        let records = self.size.saturating_sub(size);
        let (sender, batches) = channel(BATCHES_SIGNED);
        let origin_hash = OriginHash::of(self.origin.as_str());
        let signing = std::thread::spawn(move || sign(&submitter, &origin_hash, records, &sender));
        let sequenced = sequence_all(log, batches, grown).await;
        // A heart that refused has dropped the channel: the signer ends with its portion.
        signing.join().expect("a signer does not panic")?;
        sequenced?;
        caught_up(coord).await
    }

    fn ports(
        &self,
        coord: &Arc<SqliteCoord>,
        signer: &Arc<KeyFiles>,
    ) -> Result<Ports, ObjectError> {
        let (journal, origin_hash) = (
            self.folder.join("journal"),
            OriginHash::of(self.origin.as_str()),
        );
        Ok(Ports {
            read_only: None,
            coord: Arc::clone(coord) as Arc<dyn Coord>,
            objects: Arc::new(TileStore::open(&self.folder.join("tiles"))?),
            open_anchor: Box::new(move || {
                let journal = Journal::open(&journal, origin_hash.as_bytes())?;
                Ok(Box::new(journal) as Box<dyn Anchor>)
            }),
            signer: Arc::clone(signer) as Arc<dyn Signer>,
            clock: Arc::new(SystemClock),
            witnessing: None,
        })
    }

    /// The notice that enrols the key, signed by the first two admins, whose keys `init` left in the folder.
    async fn enrolment(
        &self,
        coord: &SqliteCoord,
        signer: &KeyFiles,
        spki: Spki,
    ) -> Result<Candidate, NotSeeded> {
        let notices = coord.notices_from(0).await?;
        let [genesis] = notices.as_slice() else {
            return Err(NotSeeded::NotFresh);
        };
        let draft = DraftNotice {
            seq: genesis.seq + 1,
            prev: Some(genesis.commitment),
            effective: None,
            body: NoticeBody::KeyEnrol(KeyEnrol {
                bureau: None,
                name: BUREAU.to_owned(),
                roles: vec![Role::Submit],
                spki,
            }),
        };
        let message = draft.message(&OriginHash::of(self.origin.as_str()));
        let signatures = ["1.pem", "2.pem"].map(|admin| {
            let path = self.folder.join("admin").join(admin);
            let document = bound_key::read(&path, &self.origin)?;
            let spki = bound_key::spki(&document).ok_or(NotSeeded::Admin)?;
            let key =
                SigningKey::from_pkcs8_der(document.as_bytes()).map_err(|_| NotSeeded::Admin)?;
            let signature: Signature = key.sign(&message);
            let signature = signature.to_bytes().into();
            AdminSignature::new(KeyHash::of_spki(&spki), signature).map_err(|_| NotSeeded::Admin)
        });
        let signatures: Vec<AdminSignature> =
            signatures.into_iter().collect::<Result<_, NotSeeded>>()?;
        let notice: Notice = draft.into_notice(signatures)?;
        let entry = signer.sign_entry(&notice_entry(&notice, signer.entry_spki()))?;
        Ok(Candidate {
            notice: Some(notice),
            ..candidate(entry)
        })
    }

    /// Drops what a log with a healing window of 0 drops in time: rows and journal below the mark.
    async fn trim(&self, coord: &SqliteCoord) -> Result<(), NotSeeded> {
        let committed = coord.committed().await?;
        let now_ms = SystemClock.now_ms();
        coord.trim(now_ms, HEADS_KEPT).await?;
        let origin_hash = OriginHash::of(self.origin.as_str());
        let mut journal = Journal::open(&self.folder.join("journal"), origin_hash.as_bytes())?;
        Ok(journal.trim(committed.stored, now_ms)?)
    }
}

/// Connections that read the database beside the one that writes.
const READERS: u32 = 2;

/// The healing window of a log whose operator sets none: seven days.
const HEALING_WINDOW_MS: u64 = 7 * 24 * 60 * 60 * 1000;

/// Signs so many records and hands them over in batches, until nobody takes them any more.
fn sign(
    submitter: &Submitter,
    origin: &OriginHash,
    records: u64,
    batches: &Sender<Vec<Candidate>>,
) -> Result<(), NotSeeded> {
    let mut left = records;
    while left > 0 {
        let portion = PORTION.min(left);
        let entries = usize::try_from(portion).expect("a portion fits an address space");
        let workload = Workload::sign(submitter, origin, entries, |_| ())?;
        let (signed, _) = workload.bytes(0..entries).as_chunks::<ENTRY_LEN>();
        for batch in signed.chunks(BATCH) {
            let candidates = batch
                .iter()
                .map(|bytes| Entry::parse_submitted(bytes).map(candidate))
                .collect::<Result<_, _>>()?;
            if batches.blocking_send(candidates).is_err() {
                return Ok(());
            }
        }
        left -= portion;
    }
    Ok(())
}

/// An entry as the door would let it in. Its bureau bears the id of its first key.
fn candidate(entry: Entry) -> Candidate {
    Candidate {
        bytes: entry.to_bytes(),
        slot: Slot::of(&BureauId::new(*entry.key_id()), entry.tag()),
        entry,
        notice: None,
    }
}

async fn sequence_all(
    log: &Arc<Log>,
    mut batches: Receiver<Vec<Candidate>>,
    grown: impl Fn(u64),
) -> Result<(), NotSeeded> {
    let mut waiting = JoinSet::new();
    loop {
        let batch = batches.recv().await;
        let done = batch.is_none();
        if let Some(batch) = batch {
            let log = Arc::clone(log);
            waiting.spawn(async move { sequence(&log, batch).await });
        }
        while done || waiting.len() >= BATCHES_WAITING {
            let Some(sequenced) = waiting.join_next().await else {
                return Ok(());
            };
            grown(sequenced.expect("a waiter does not panic")?);
        }
    }
}

/// Lets a batch be sequenced, and answers how many entries it was; while the log's tiles have fallen behind, it waits.
async fn sequence(log: &Log, batch: Vec<Candidate>) -> Result<u64, NotSeeded> {
    loop {
        match log.sequence(batch.clone()).await {
            Ok(sequenced) => {
                let logged = |outcome: &Outcome| matches!(outcome, Outcome::Logged { .. });
                if sequenced.outcomes.iter().all(logged) {
                    return Ok(batch.len() as u64);
                }
                return Err(NotSeeded::Refused);
            }
            Err(NotSequenced::PoolFull | NotSequenced::Unavailable) => {
                tokio::time::sleep(PAUSE).await;
            }
            Err(refused) => return Err(refused.into()),
        }
    }
}

/// Waits until the keeper has put every full tile, and every leaf is in the lookup.
async fn caught_up(coord: &SqliteCoord) -> Result<(), NotSeeded> {
    loop {
        let committed = coord.committed().await?;
        let size = committed.head.size;
        let full = size.get() / TILE_WIDTH * TILE_WIDTH;
        if committed.stored.get() == full && coord.leaves_indexed().await? == size {
            return Ok(());
        }
        tokio::time::sleep(GLANCE).await;
    }
}

/// Why a log was not seeded.
#[derive(Debug, thiserror::Error)]
pub enum NotSeeded {
    /// The folder belongs to a process.
    #[error(transparent)]
    Locked(#[from] AlreadyHeld),
    /// The log holds more than its genesis.
    #[error("the log holds more notices than its genesis: only a fresh one is seeded")]
    NotFresh,
    /// The admins' keys that `init` left cannot sign.
    #[error("the admin keys in the log's folder cannot sign the enrolment")]
    Admin,
    /// The log refused an entry that is valid.
    #[error("the log refused entries that were signed for it")]
    Refused,
    /// The log takes nothing.
    #[error("{0}")]
    NotSequenced(#[from] NotSequenced),
    /// A key file.
    #[error(transparent)]
    KeyFile(#[from] BoundKeyError),
    /// The log's keys.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// A key that does not sign.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// The enrolment is malformed.
    #[error("the enrolment is malformed: {0}")]
    Notice(#[from] MalformedNotice),
    /// A signed entry is malformed.
    #[error("a signed entry is malformed: {0}")]
    Entry(#[from] MalformedEntry),
    /// More entries than are signed at once.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// The database.
    #[error(transparent)]
    Coord(#[from] CoordError),
    /// The tiles.
    #[error(transparent)]
    Objects(#[from] ObjectError),
    /// The journal.
    #[error(transparent)]
    Anchor(#[from] AnchorError),
    /// The log does not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The heart ended.
    #[error(transparent)]
    Fatal(#[from] Fatal),
    /// A metric.
    #[error("the log's metrics cannot be made: {0}")]
    Metrics(String),
}
