//! The neighbours of a running witness: its peers, its logs' public sides, and the operator's hook.

use super::{Failure, folder};
use crate::clock::Clock;
use crate::cosigner::Cosigner;
use crate::dispute::Disputes;
use crate::docket::{Docket, News};
use crate::examiner::Examiner;
use crate::gossip::{Gossip, Known};
use crate::hook;
use crate::ledger::Ledger;
use crate::metrics::Metrics;
use crate::observer::Observer;
use crate::outside::Outside;
use crate::outside::http_outside::HttpOutside;
use crate::peer::{self, Peer};
use crate::roster::RosterKeeper;
use crate::shelf::Shelf;
use crate::shelf::folder_shelf::FolderShelf;
use service::{Config, Stop};
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tlog::Vkey;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// What they stand on.
pub(crate) struct Ground<'g> {
    /// The witness's folder.
    pub folder: &'g Path,
    /// Its options.
    pub config: &'g Config,
    /// Its keys.
    pub own: &'g [Vkey; 2],
    /// Its peers.
    pub peers: Arc<[Peer]>,
    /// Its logs.
    pub roster: &'g Arc<RosterKeeper>,
    /// Its database.
    pub ledger: &'g Arc<dyn Ledger>,
    /// Its clock.
    pub clock: &'g Arc<dyn Clock>,
    /// What it counts.
    pub metrics: &'g Arc<Metrics>,
}

/// What asks them and is asked by them.
pub(crate) struct Neighbours {
    /// The rounds, and all that they use.
    pub gossip: Gossip,
    every: Duration,
    hook: Option<PathBuf>,
    shelf: Arc<FolderShelf>,
    news: mpsc::Receiver<News>,
}

impl Neighbours {
    /// Puts them together; what is proven already is read, and stops its logs, before any door opens.
    pub(crate) async fn of(ground: Ground<'_>) -> Result<Self, Failure> {
        let every = ground.config.get::<NonZeroU64>("gossip-interval");
        let every = Duration::from_secs(every.map_err(Failure::usage)?.get());
        let outside: Arc<dyn Outside> = Arc::new(HttpOutside::new().map_err(Failure::could_not)?);
        let shelf = Arc::new(FolderShelf::new(folder::proofs(ground.folder)));
        let (docket, news) = Docket::new(
            Arc::clone(&shelf) as Arc<dyn Shelf>,
            Arc::clone(ground.ledger),
            Arc::clone(ground.clock),
            Arc::clone(ground.metrics),
            Arc::clone(&ground.peers),
            ground.own,
        );
        let docket = Arc::new(docket);
        docket
            .refresh(&ground.roster.roster())
            .await
            .map_err(Failure::could_not)?;
        let disputes = Arc::new(Disputes::default());
        let examiner = Arc::new(Examiner::new(
            Arc::clone(ground.ledger),
            Arc::clone(&outside),
            Arc::clone(&docket),
        ));
        let observer = Arc::new(Observer::new(
            Arc::clone(ground.roster),
            Arc::clone(&examiner),
            Arc::clone(&docket),
            Arc::clone(&disputes),
            Arc::clone(ground.clock),
        ));
        let gossip = Gossip {
            peers: ground.peers,
            roster: Arc::clone(ground.roster),
            examiner,
            observer,
            docket,
            disputes,
            outside,
            ledger: Arc::clone(ground.ledger),
            metrics: Arc::clone(ground.metrics),
            clock: Arc::clone(ground.clock),
            known: Known::default(),
        };
        Ok(Self {
            gossip,
            every,
            hook: ground.config.path_if_set("hook"),
            shelf,
            news,
        })
    }

    /// Begins the rounds and hears for the hook.
    pub(crate) fn open(self, metrics: &Arc<Metrics>, stop: &Stop) -> [JoinHandle<()>; 2] {
        let gossip = tokio::spawn(self.gossip.run(self.every, stop.clone()));
        let hook = hook::run(
            self.hook,
            self.shelf,
            self.news,
            Arc::clone(metrics),
            stop.clone(),
        );
        [gossip, tokio::spawn(hook)]
    }
}

/// The peers in the configuration.
pub(crate) fn configured_peers(
    config: &Config,
    cosigner: &Cosigner,
) -> Result<Arc<[Peer]>, Failure> {
    let entries = config.list::<String>("peer").map_err(Failure::usage)?;
    let peers = peer::parse_all(entries.iter().map(String::as_str), cosigner.vkeys());
    let peers = peers.map_err(|why| Failure::usage(config.refuse("peer", why)))?;
    Ok(peers.into())
}
