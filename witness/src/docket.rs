//! The docket: what is proven against whom. A proof is on disk before anything follows from it.

use crate::clock::Clock;
use crate::conviction::{Against, Conviction, PROOFS_PER_KEY_MAX};
use crate::known_log::{KnownLog, LogId};
use crate::ledger::{Ledger, LedgerError, Resumption};
use crate::metrics::Metrics;
use crate::peer::Peer;
use crate::roster::Roster;
use crate::shelf::Shelf;
use service::AwsLc;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tlog::{MisbehaviorProof, NotProven, Vkey};
use tokio::sync::{Notify, mpsc};

/// Proofs that wait for the hook. A hook that hangs is not waited for.
const NEWS_MAX: usize = 64;

/// What is proven, and what follows.
pub struct Docket {
    shelf: Arc<dyn Shelf>,
    ledger: Arc<dyn Ledger>,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    peers: Arc<[Peer]>,
    own: [Vkey; 2],
    held: Mutex<Held>,
    /// One is kept after the other, so that the limit holds and nothing is counted twice.
    keeping: tokio::sync::Mutex<()>,
    news: mpsc::Sender<News>,
    /// Told when there is something to push.
    pub to_tell: Notify,
}

#[derive(Default)]
struct Held {
    of_log: HashMap<String, Vec<Conviction>>,
    resumptions: HashMap<LogId, Vec<Resumption>>,
}

/// A proof that was kept just now.
#[derive(Clone, Debug)]
pub struct News {
    /// The log, by its hash.
    pub origin_hash: String,
    /// The proof.
    pub conviction: Conviction,
}

/// A proof that is on disk.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The proof.
    pub conviction: Conviction,
    /// Whether it came just now.
    pub is_new: bool,
}

impl Docket {
    /// An empty docket, and where its news come from.
    pub fn new(
        shelf: Arc<dyn Shelf>,
        ledger: Arc<dyn Ledger>,
        clock: Arc<dyn Clock>,
        metrics: Arc<Metrics>,
        peers: Arc<[Peer]>,
        own: &[Vkey; 2],
    ) -> (Self, mpsc::Receiver<News>) {
        let (sender, news) = mpsc::channel(NEWS_MAX);
        let docket = Self {
            shelf,
            ledger,
            clock,
            metrics,
            peers,
            own: own.clone(),
            held: Mutex::default(),
            keeping: tokio::sync::Mutex::default(),
            news: sender,
            to_tell: Notify::new(),
        };
        (docket, news)
    }

    /// Reads what lies on the shelf for the logs that are enrolled, and what their operators decided: which logs are
    /// cosigned no more follows from both.
    pub async fn refresh(&self, roster: &Roster) -> Result<(), LedgerError> {
        let mut resumptions: HashMap<LogId, Vec<Resumption>> = HashMap::new();
        for resumption in self.ledger.resumptions().await? {
            resumptions
                .entry(resumption.log)
                .or_default()
                .push(resumption);
        }
        self.held().resumptions = resumptions;
        for log in roster.logs() {
            let is_read = self.held().of_log.contains_key(&log.origin_hash);
            if !is_read {
                let convictions = self.shelved(log).await?;
                let mut held = self.held();
                held.of_log
                    .entry(log.origin_hash.clone())
                    .or_insert(convictions);
            }
            let stops = self.stops(log);
            log.standing.stop(stops);
        }
        self.count();
        Ok(())
    }

    /// Keeps a proof that concerns this log. It is on disk when this returns, and if it convicts the log, that is
    /// cosigned no more.
    pub async fn keep(&self, log: &KnownLog, proof: &MisbehaviorProof) -> Result<Kept, NotKept> {
        if proof.first().checkpoint().origin() != log.enrolled.origin {
            return Err(NotKept::OtherLog);
        }
        proof.verify(&AwsLc).map_err(NotKept::NotProven)?;
        let against = Against::of(proof.accused(), log, &self.peers, &self.own);
        let against = against.ok_or(NotKept::Stranger)?;
        let bytes = proof.to_string().into_bytes();
        let conviction = Conviction::new(proof, &bytes, against, self.clock.now_s());

        let _one = self.keeping.lock().await;
        let held = self.of_log(&log.origin_hash);
        if let Some(known) = held.iter().find(|one| one.sha256 == conviction.sha256) {
            let conviction = known.clone();
            return Ok(Kept {
                conviction,
                is_new: false,
            });
        }
        let same_key = |one: &&Conviction| one.accused == conviction.accused;
        if held.iter().filter(same_key).count() >= PROOFS_PER_KEY_MAX {
            return Err(NotKept::Enough);
        }
        let (files, hash, name) = (
            Arc::clone(&self.shelf),
            log.origin_hash.clone(),
            conviction.sha256.clone(),
        );
        // On disk before anybody is told, and before whoever caused it is answered.
        tokio::task::spawn_blocking(move || files.keep(&hash, &name, &bytes))
            .await
            .map_err(|error| NotKept::Disk(error.to_string()))?
            .map_err(|error| NotKept::Disk(error.to_string()))?;
        self.held()
            .of_log
            .entry(log.origin_hash.clone())
            .or_default()
            .push(conviction.clone());
        log.standing.stop(self.stops(log));
        self.tell(log, &conviction);
        Ok(Kept {
            conviction,
            is_new: true,
        })
    }

    /// What is proven of a log, oldest first.
    pub fn of_log(&self, origin_hash: &str) -> Vec<Conviction> {
        self.held()
            .of_log
            .get(origin_hash)
            .cloned()
            .unwrap_or_default()
    }

    /// The bytes of a proof that the docket has.
    pub async fn read_proof(&self, origin_hash: &str, sha256: &str) -> Option<Vec<u8>> {
        // No text of a stranger reaches a path: it must be the name of a proof that is held.
        let name = self
            .of_log(origin_hash)
            .into_iter()
            .find(|one| one.sha256 == sha256)?
            .sha256;
        let (files, hash) = (Arc::clone(&self.shelf), origin_hash.to_owned());
        let read = tokio::task::spawn_blocking(move || files.read(&hash, &name)).await;
        read.ok()?.ok()?
    }

    /// What the operator decided of a log, oldest first.
    pub fn resumptions(&self, log: LogId) -> Vec<Resumption> {
        self.held()
            .resumptions
            .get(&log)
            .cloned()
            .unwrap_or_default()
    }

    fn stops(&self, log: &KnownLog) -> bool {
        let held = self.held();
        let decided = held.resumptions.get(&log.enrolled.id);
        let is_decided = |conviction: &Conviction| {
            decided
                .into_iter()
                .flatten()
                .any(|one| one.proofs.contains(&conviction.sha256))
        };
        let convictions = held.of_log.get(&log.origin_hash);
        // The keys of the conformance suite's logs are everybody's: what they sign says nothing about anybody.
        !log.is_sample()
            && convictions
                .into_iter()
                .flatten()
                .any(|one| one.against == Against::Log && !is_decided(one))
    }

    async fn shelved(&self, known: &KnownLog) -> Result<Vec<Conviction>, LedgerError> {
        let (folder, hash) = (Arc::clone(&self.shelf), known.origin_hash.clone());
        let files = tokio::task::spawn_blocking(move || folder.of_log(&hash)).await;
        let files = files
            .map_err(|error| LedgerError::Refused(error.to_string()))?
            .map_err(|error| LedgerError::Refused(format!("the proofs cannot be read: {error}")))?;
        let mut convictions = Vec::new();
        for file in files {
            let origin = &known.enrolled.origin;
            match Conviction::of_kept(&file.bytes, &file.sha256, origin, &self.own, file.kept_s) {
                Some(conviction) => convictions.push(conviction),
                None => tracing::error!(
                    file = file.sha256,
                    "A file among the proofs of misbehaviour is none; it is left as it is and does not count."
                ),
            }
        }
        Ok(convictions)
    }

    fn tell(&self, log: &KnownLog, conviction: &Conviction) {
        let (kind, against) = (conviction.kind.word(), conviction.against.word());
        self.metrics
            .misbehavior
            .with_label_values(&[kind, against])
            .inc();
        self.count();
        tracing::error!(
            log = log.enrolled.origin,
            accused = conviction.accused.name().as_str(),
            kind,
            proof = conviction.sha256,
            "Misbehaviour is proven; the proof lies in the folder and is served."
        );
        let news = News {
            origin_hash: log.origin_hash.clone(),
            conviction: conviction.clone(),
        };
        if self.news.try_send(news).is_err() {
            tracing::warn!("The hook is not told of a proof: too many wait, or there is none.");
        }
        self.to_tell.notify_one();
    }

    fn count(&self) {
        let held = self.held();
        let convicted = held.of_log.values().filter(|convictions| {
            let is_log = |one: &Conviction| one.against == Against::Log;
            convictions.iter().any(is_log)
        });
        let convicted = i64::try_from(convicted.count()).unwrap_or(i64::MAX);
        self.metrics.proven_logs.set(convicted);
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        // No code panics while it holds it.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why a proof is not kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotKept {
    /// It is of another log.
    #[error("the proof is of another log")]
    OtherLog,
    /// It does not hold.
    #[error("the file proves nothing: {0}")]
    NotProven(NotProven),
    /// It convicts a key that is neither the log's nor a peer's.
    #[error("the accused key is neither the log's nor a peer's of this witness")]
    Stranger,
    /// Enough proofs against this key are here.
    #[error("this witness holds {PROOFS_PER_KEY_MAX} proofs against this key already")]
    Enough,
    /// The disk.
    #[error("the proof could not be written: {0}")]
    Disk(String),
}
