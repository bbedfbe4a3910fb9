//! The start: what is in the store is read and hashed again before anything is signed.
//!
//! Journal and database are compared first. What the database lacks is replayed from the journal; what the journal
//! lacks is checked by the second path and appended. Where they contradict each other the log stays read-only and
//! says why: it signs nothing, and reads go on.

use super::clock_watch::ClockWatch;
use super::edge::{Edge, fold_perfect};
use super::healing;
use super::history::History;
use super::pool::Pool;
use super::publisher::{Published, Publisher};
use super::rollforward::roll_forward;
use super::second_path::{CheckedHead, SecondPath};
use super::sequencer::{Outlet, Sequencer};
use super::start_error::StartError;
use super::witnessing::Witnessing;
use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::signer::Signer;
use crate::storage::anchor::{Anchor, AnchorError, AnchorRecord};
use crate::storage::coord::{Advance, Committed, Coord, Head, Incarnation, KeptHead};
use crate::storage::objects::Objects;
use arc_swap::ArcSwap;
use evidence::{AuditAction, AuditEvent, ENTRY_LEN, KeyHash, Notice, Registry};
use service::AwsLc;
use std::sync::Arc;
use tlog::{Frontier, Growth, Hash, LeafIndex, Note, TILE_HEIGHT, TILE_WIDTH, Tile, TreeSize};
use tokio::sync::watch;

/// Entries read at once while the edge is rebuilt: 10 MB.
const REBUILD_ENTRIES: u64 = 65_536;

/// Heads of one size that are looked through for the kept one: it is the first of them.
const HEADS_OF_A_SIZE: u32 = 1;

/// Opens the anchor: at every start and reload anew, since memory of a failed one is not trusted.
pub type OpenAnchor = Box<dyn Fn() -> Result<Box<dyn Anchor>, AnchorError> + Send + Sync>;

/// The adapters that `program` chose.
pub struct Ports {
    /// Where indices are assigned and the head advances.
    pub coord: Arc<dyn Coord>,
    /// Where full tiles lie.
    pub objects: Arc<dyn Objects>,
    /// Opens the second failure domain.
    pub open_anchor: OpenAnchor,
    /// The log's keys.
    pub signer: Arc<dyn Signer>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The witnesses whose quorum a head needs; none on a log without.
    pub witnessing: Option<Arc<Witnessing>>,
    /// Why this store may only be read, whatever it holds: nothing tells what came after it.
    pub read_only: Option<String>,
}

/// What readers need.
#[derive(Clone)]
pub struct Heart {
    /// Entries, tiles and proofs.
    pub history: Arc<History>,
    /// The registry of keys, as of the newest committed entry.
    pub registry: Arc<ArcSwap<Registry>>,
    /// The newest published head.
    pub publisher: Arc<Publisher>,
}

/// A log that was read: readers can be served; entries are taken if there is a sequencer.
pub struct Started {
    /// For the readers.
    pub heart: Heart,
    /// For the entries, or why there are none.
    pub sequencer: Result<Sequencer, NoSequencer>,
}

/// Why a log takes nothing from its start on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoSequencer {
    /// Something is wrong.
    Halted(String),
    /// It ended with this entry, and its last head was published and stored.
    Ended(LeafIndex),
}

/// Why the store is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// An operator started the process.
    Start,
    /// All memory was dropped.
    Reload,
}

/// Reads the store, compares it with the journal and opens the log.
pub async fn start(
    ports: &Ports,
    publisher: &Arc<Publisher>,
    pool: &Arc<Pool>,
    metrics: &Arc<Metrics>,
    occasion: Occasion,
) -> Result<Started, StartError> {
    let anchor = (ports.open_anchor)()?;
    let mut registry = replay_notices(ports).await?;
    let mut why_read_only = ports.read_only.clone();
    let committed = ports.coord.committed().await?;
    if anchor
        .last()
        .is_some_and(|last| last.size > committed.head.size)
    {
        // Replaying writes, so this process takes the store first; it is opened once more when both agree.
        ports.coord.open(fresh_incarnation()?, None).await?;
        match roll_forward(
            ports.coord.as_ref(),
            ports.objects.as_ref(),
            anchor.as_ref(),
            &mut registry,
            ports.clock.now_ms(),
        )
        .await
        {
            Ok(entries) => tracing::warn!(
                entries,
                "The database was behind its journal; it was rolled forward by the journal and the tiles."
            ),
            Err(error) => why_read_only = Some(format!("{error}. {WHAT_TO_DO}")),
        }
    }
    let committed = ports.coord.committed().await?;
    let history = Arc::new(rebuild(ports, &committed).await?);
    let ended_at = registry.ended_at();
    let heart = Heart {
        history,
        registry: Arc::new(ArcSwap::from_pointee(registry)),
        publisher: Arc::clone(publisher),
    };
    metrics
        .tree_size
        .set(i64::try_from(committed.head.size.get()).unwrap_or(i64::MAX));
    metrics
        .stored_size
        .set(i64::try_from(committed.stored.get()).unwrap_or(i64::MAX));

    let is_told = async || {
        let told = last_stored_note(ports).await?;
        Ok::<_, StartError>(told.is_some_and(|told| told.head.size == committed.head.size))
    };
    let checked = match (why_read_only, ended_at) {
        (Some(why), _) => Err(NoSequencer::Halted(why)),
        // Nothing is signed any more, and nothing is written.
        (None, Some(last)) if is_told().await? => Err(NoSequencer::Ended(last)),
        (None, _) => {
            let started = matches!(occasion, Occasion::Start).then(|| {
                let (size, now_ms) = (committed.head.size.get(), ports.clock.now_ms());
                AuditEvent::at_size(AuditAction::Start, size, now_ms)
            });
            let agreed = agree(ports, &heart.history, committed, anchor, started).await?;
            agreed.map_err(NoSequencer::Halted)
        }
    };
    let sequencer = match checked {
        Ok(agreed) => {
            let outlet = if ports.witnessing.is_some() {
                // What was published before is shown until the gate has passed and a newer head is witnessed.
                show_last_stored_note(ports, publisher).await?;
                Outlet::Witnesses(watch::Sender::new(Some(agreed.checked)))
            } else {
                let last = publisher
                    .publish(&agreed.checked)
                    .map_err(|error| StartError::Keys(error.to_string()))?;
                if ended_at.is_some() {
                    // The process that ended it did not live to store the note of the last head.
                    let (head, text) = (&last.head, last.text.as_str());
                    ports.coord.store_note(head, text).await?;
                }
                Outlet::Everybody(Arc::clone(publisher))
            };
            Ok(Sequencer {
                coord: Arc::clone(&ports.coord),
                anchor: agreed.anchor,
                clock: Arc::clone(&ports.clock),
                watch: Arc::new(ClockWatch::new(
                    Arc::clone(&ports.clock),
                    Arc::clone(metrics),
                    ports.witnessing.is_some(),
                )),
                history: Arc::clone(&heart.history),
                registry: Arc::clone(&heart.registry),
                pool: Arc::clone(pool),
                outlet,
                metrics: Arc::clone(metrics),
                second_path: agreed.second_path,
                committed: agreed.committed,
                healing_window_ms: u64::MAX,
                trimmed_ms: 0,
            })
        }
        Err(why) => {
            show_last_stored_note(ports, publisher).await?;
            Err(why)
        }
    };
    Ok(Started { heart, sequencer })
}

const WHAT_TO_DO: &str = "Stop the log, restore the newer copy of the database or of the journal (or both from one \
                          moment), and run `notarylog check`";

/// Database and journal agree on one history.
struct Agreed {
    anchor: Box<dyn Anchor>,
    second_path: SecondPath,
    checked: CheckedHead,
    committed: Committed,
}

/// Compares database and journal, appends what the journal lacks, and opens the store for this process.
async fn agree(
    ports: &Ports,
    history: &History,
    mut committed: Committed,
    mut anchor: Box<dyn Anchor>,
    started: Option<AuditEvent>,
) -> Result<Result<Agreed, String>, StartError> {
    let last = anchor.last();
    // The second path takes up what was anchored (or stored in tiles) and hashes every entry after it again.
    let anchored = last.map_or(committed.stored, |last| last.size);
    let base = anchored.min(committed.stored);
    let subtrees = history.subtrees(base).await?;
    let mut second_path =
        SecondPath::resume(base.get(), subtrees.iter().map(|hash| *hash.as_bytes()));
    second_path
        .extend(
            &history
                .entries(LeafIndex::new(base.get()), anchored)
                .await?,
        )
        .map_err(|error| StartError::Damaged(error.to_string()))?;
    if let Some(last) = last
        && second_path
            .vouch(&Head {
                size: anchored,
                ..last
            })
            .is_err()
    {
        return Ok(Err(format!(
            "the database and the journal hold two different histories at size {anchored}. {WHAT_TO_DO}"
        )));
    }
    let lacking = history
        .entries(LeafIndex::new(anchored.get()), committed.head.size)
        .await?;
    second_path
        .extend(&lacking)
        .map_err(|error| StartError::Damaged(error.to_string()))?;
    second_path
        .vouch(&committed.head)
        .map_err(|error| StartError::Damaged(error.to_string()))?;

    ports.coord.open(fresh_incarnation()?, started).await?;
    committed = ports.coord.committed().await?;
    if let Some(last) = last
        && last.time_ms > committed.head.time_ms
    {
        // The database lost idle heads: the next head must be later than the latest that was anchored. The clock has no
        // say here, before anybody compared it.
        let head = Head {
            time_ms: last.time_ms + 1,
            ..committed.head
        };
        let advance = Advance {
            entries: vec![],
            notices: vec![],
            head,
            frontier: committed.frontier.clone(),
            keep: false,
            audit: vec![],
        };
        ports.coord.lock().await?.advance(&advance).await?;
        committed = ports.coord.committed().await?;
    }
    if last != Some(committed.head) {
        let notices = notices_since(ports, anchored).await?;
        anchor.append(&AnchorRecord {
            first: anchored,
            entries: lacking,
            notices,
            head: committed.head,
        })?;
    }
    let checked = second_path
        .vouch(&committed.head)
        .map_err(|error| StartError::Damaged(error.to_string()))?;
    Ok(Ok(Agreed {
        anchor,
        second_path,
        checked,
        committed,
    }))
}

/// Derives the registry from all notices, and checks that the keys in the folder are those of the genesis.
async fn replay_notices(ports: &Ports) -> Result<Registry, StartError> {
    let mut registry: Option<Registry> = None;
    for stored in ports.coord.notices_from(0).await? {
        let damaged = |what: String| StartError::Damaged(format!("notice {}: {what}", stored.seq));
        let notice = Notice::parse(&stored.document).map_err(|error| damaged(error.to_string()))?;
        match &mut registry {
            None => {
                let genesis = Registry::genesis(stored.index, &notice, &AwsLc)
                    .map_err(|error| damaged(error.to_string()))?;
                registry = Some(genesis);
            }
            Some(registry) => {
                registry
                    .apply(stored.index, &notice, &AwsLc)
                    .map_err(|error| damaged(error.to_string()))?;
            }
        }
    }
    let registry = registry.ok_or(StartError::NoGenesis)?;
    let entry_key = KeyHash::of_spki(ports.signer.entry_spki());
    if registry.origin() != ports.signer.origin()
        || registry.log_vkeys() != ports.signer.vkeys()
        || registry.log_key() != entry_key
    {
        return Err(StartError::Keys(
            "the keys in the folder are not those that the genesis notice of this log names"
                .to_owned(),
        ));
    }
    Ok(registry)
}

/// Reads the right edge from the tiles and rows and compares it with the committed head.
async fn rebuild(ports: &Ports, committed: &Committed) -> Result<History, StartError> {
    let stored = committed.stored;
    let reach = healing::reach(ports.objects.as_ref(), stored).await?;
    let mut partial_tiles = vec![Vec::new()];
    for level in 1..=7u8 {
        let count = reach.get() >> (TILE_HEIGHT * level);
        let mut hashes = Vec::new();
        for index in count - count % TILE_WIDTH..count {
            hashes.push(root_of_stored_tile(ports.objects.as_ref(), level - 1, index).await?);
        }
        partial_tiles.push(hashes);
    }
    let mut edge = Edge::resume(reach, partial_tiles);
    let mut frontier = edge.frontier().ok_or_else(|| {
        StartError::Damaged("the stored tiles do not reach their recorded size".to_owned())
    })?;
    while frontier.size() < committed.head.size {
        let from = frontier.size();
        let to = TreeSize::new((from.get() + REBUILD_ENTRIES).min(committed.head.size.get()))
            .expect("it is at most the committed size");
        let rows = ports.coord.read_back(LeafIndex::new(from.get()), to).await;
        let entries = rows.map_err(healing::lost)?;
        let growth = Growth::new(
            &frontier,
            entries.chunks_exact(ENTRY_LEN).map(Hash::of_leaf).collect(),
        );
        edge.extend(&growth);
        frontier = growth.frontier();
    }
    if frontier.root() != committed.head.root || frontier != committed.frontier {
        return Err(StartError::Damaged(format!(
            "the entries in the store do not hash to the committed root at size {}",
            committed.head.size
        )));
    }
    if reach < stored {
        tracing::warn!(
            from = reach.get(),
            to = stored.get(),
            "Tiles that should be stored are missing; they are made again from the rows."
        );
        let (coord, objects) = (ports.coord.as_ref(), ports.objects.as_ref());
        healing::heal(coord, objects, &edge, reach, stored).await?;
        edge.forget_below(stored);
    }
    Ok(History::new(
        edge,
        Arc::clone(&ports.coord),
        Arc::clone(&ports.objects),
    ))
}

async fn root_of_stored_tile(
    objects: &dyn Objects,
    level: u8,
    index: u64,
) -> Result<Hash, StartError> {
    let missing = || {
        StartError::Damaged(format!(
            "tile {index} of level {level} is missing or has a wrong length"
        ))
    };
    let tile = Tile::new(level, index, 256).map_err(|_| missing())?;
    let bytes = objects.get(&tile.path()).await?.ok_or_else(missing)?;
    let hashes: Vec<Hash> = bytes
        .chunks(Hash::LEN)
        .map(Hash::from_slice)
        .collect::<Result<_, _>>()
        .map_err(|_| missing())?;
    if hashes.len() == 256 {
        Ok(fold_perfect(&hashes))
    } else {
        Err(missing())
    }
}

async fn notices_since(ports: &Ports, size: TreeSize) -> Result<Vec<Vec<u8>>, StartError> {
    let notices = ports.coord.notices_from(0).await?;
    Ok(notices
        .into_iter()
        .filter(|notice| !notice.index.lies_in(size))
        .map(|notice| notice.document)
        .collect())
}

/// Shows what was signed, published and stored last.
async fn show_last_stored_note(ports: &Ports, publisher: &Publisher) -> Result<(), StartError> {
    if let Some(stored) = last_stored_note(ports).await?
        && let Some(note) = stored
            .note
            .as_deref()
            .and_then(|text| Note::parse(text.as_bytes()).ok())
    {
        publisher.show(Published::new(stored.head, note));
    }
    Ok(())
}

/// The newest head that was signed, published and stored.
async fn last_stored_note(ports: &Ports) -> Result<Option<KeptHead>, StartError> {
    let stored = if ports.witnessing.is_some() {
        ports.coord.witnessed().await?.newest
    } else {
        match ports.coord.committed().await?.kept {
            Some(kept) => {
                let heads = ports.coord.heads_from(kept.size, HEADS_OF_A_SIZE).await?;
                heads.into_iter().find(|head| head.head == kept)
            }
            None => None,
        }
    };
    Ok(stored.filter(|stored| stored.note.is_some()))
}

/// A new name for whoever may write.
pub fn fresh_incarnation() -> Result<Incarnation, getrandom::Error> {
    let mut name = [0; 16];
    getrandom::fill(&mut name)?;
    Ok(Incarnation(name))
}

impl Edge {
    /// The frontier of a tree that ends at a tile boundary of this edge.
    fn frontier(&self) -> Option<Frontier> {
        let size = TreeSize::new(self.size()).ok()?;
        let hashes = super::history::perfect_subtrees(size)
            .map(|node| self.node(node))
            .collect::<Option<_>>()?;
        Frontier::from_parts(size, hashes).ok()
    }
}

#[cfg(test)]
mod tests;
