//! `notarylog-witness run`: the witness's doors open.

use super::list_reader::{ListReader, configured_logs, enrol_all};
use super::neighbours::{Ground, Neighbours, configured_peers};
use super::{Failure, Folder, config, folder};
use crate::clock::{Clock, SystemClock};
use crate::cosigner::Cosigner;
use crate::desk::Desk;
use crate::drift::Drift;
use crate::ledger::Ledger;
use crate::ledger::sqlite::SqliteLedger;
use crate::memory::OlderState;
use crate::memory::everybody::Everybody;
use crate::memory::seen_by_peers::SeenByPeers;
use crate::memory::served_head::ServedHeads;
use crate::metrics::Metrics;
use crate::roster::RosterKeeper;
use crate::start_gate::StartGate;
use crate::turn::Turns;
use crate::witness::{UNSIGNED_RATE, Witness};
use crate::{http, keeper};
use clap::ArgMatches;
use service::{Admin, Config, Door, FolderLock, Limits, Quota, Rate, Readiness, Stop, Tls};
use std::io::Write as _;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use tlog::ADD_CHECKPOINT_BYTES_MAX;

/// All headers of a request, and what HTTP/1 buffers of one connection: a log sends five short ones. A thousand logs hold a
/// connection each, so this is most of what the witness has in memory.
const HEADER_BYTES_MAX: usize = 8 * 1024;

/// `notarylog-witness run DIR`.
pub(crate) fn run(folder: &Folder, matches: &ArgMatches) -> Result<(), Failure> {
    let config = config::load(&folder.dir, matches)?;
    service::diary(
        config.switch("log-json").map_err(Failure::usage)?,
        config.text("log-level").map_err(Failure::usage)?,
    )
    .map_err(Failure::usage)?;
    if !folder.dir.join(config::FILE).exists() {
        return Err(Failure::usage(format!(
            "{} holds no witness: make one with `notarylog-witness init {} --name NAME`",
            folder.dir.display(),
            folder.dir.display()
        )));
    }
    let _lock = FolderLock::take(&folder.dir).map_err(Failure::could_not)?;
    super::runtime()?.block_on(serve(folder, &config))
}

async fn serve(folder: &Folder, config: &Config) -> Result<(), Failure> {
    let stop = Stop::on_signals().map_err(Failure::could_not)?;
    let metrics = Arc::new(Metrics::new().map_err(Failure::could_not)?);
    let limits = Limits {
        body_bytes_max: ADD_CHECKPOINT_BYTES_MAX,
        header_bytes_max: HEADER_BYTES_MAX,
        ..Limits::default()
    };
    let (door, scheme) = door(config, limits, &metrics).await?;
    let admin = Admin::bind(address(config, "admin-listen")?)
        .await
        .map_err(Failure::could_not)?;

    let name = folder::configured_name(config)?;
    let cosigner = Cosigner::load(&folder::keys(&folder.dir), &name);
    let cosigner = Arc::new(cosigner.map_err(Failure::could_not)?);
    let database = folder::database(&folder.dir);
    let ledger = SqliteLedger::open(&database, &name).await;
    let ledger: Arc<dyn Ledger> = Arc::new(ledger.map_err(Failure::could_not)?);
    let logs = configured_logs(config)?;
    enrol_all(ledger.as_ref(), &cosigner, &logs, &metrics)
        .await
        .map_err(Failure::could_not)?;
    let lists = ListReader::of(config, &cosigner, &ledger, &metrics)?;

    let roster = RosterKeeper::open(Arc::clone(&ledger), Arc::clone(&cosigner)).await;
    let roster = Arc::new(roster.map_err(Failure::could_not)?);
    keeper::count(&metrics, roster.roster().len());
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let peers = configured_peers(config, &cosigner)?;
    metrics.expect_peers(peers.iter().map(|peer| peer.vkey.name().as_str()));
    let memory = Everybody {
        logs: ServedHeads::new(cosigner.vkeys()).map_err(Failure::could_not)?,
        peers: SeenByPeers::new(Arc::clone(&peers), cosigner.vkeys())
            .map_err(Failure::could_not)?,
    };
    let gate = StartGate::new(Arc::clone(&roster), Arc::new(memory), Arc::clone(&metrics));
    let neighbours = Neighbours::of(Ground {
        folder: &folder.dir,
        config,
        own: cosigner.vkeys(),
        peers,
        roster: &roster,
        ledger: &ledger,
        clock: &clock,
        metrics: &metrics,
    })
    .await?;
    let (desk, writer) = Desk::new(
        Arc::clone(&ledger),
        Arc::clone(&clock),
        Arc::clone(&roster),
        Arc::clone(&metrics),
    );
    let witness = Arc::new(Witness {
        roster,
        cosigner,
        desk,
        clock,
        drift: Drift::default(),
        gate: Arc::clone(&gate),
        metrics: Arc::clone(&metrics),
        of_log: Quota::new("log", rate_per_log(config)?),
        unsigned: Quota::new("unsigned", UNSIGNED_RATE),
        turns: Turns::new(),
        docket: Arc::clone(&neighbours.gossip.docket),
        disputes: Arc::clone(&neighbours.gossip.disputes),
        examiner: Arc::clone(&neighbours.gossip.examiner),
        observer: Arc::clone(&neighbours.gossip.observer),
        ledger: Arc::clone(&ledger),
    });
    gate.begin(config.switch("first-run").map_err(Failure::usage)?);
    let url = format!("{scheme}://{}", door.local_addr());
    announce(folder, &witness, &url, admin.local_addr())?;

    let writer = tokio::spawn(writer.run());
    let admin = tokio::spawn(admin.serve(
        metrics.registry.clone(),
        readiness(Arc::clone(&gate)),
        stop.clone(),
    ));
    let gate = tokio::spawn(watch(gate, stop.clone()));
    let kept = tokio::spawn(keeper::run(
        Arc::clone(&witness),
        Arc::clone(&ledger),
        stop.clone(),
    ));
    let lists = lists.map(|lists| tokio::spawn(lists.run(stop.clone())));
    let neighbours = neighbours.open(&metrics, &stop);
    door.serve(http::router(&witness), stop).await;

    // The doors answered what was in flight; the writer ends when nobody can come to the desk any more.
    let _ended = admin.await;
    let _ended = kept.await;
    for neighbour in neighbours {
        let _ended = neighbour.await;
    }
    if let Some(lists) = lists {
        let _ended = lists.await;
    }
    drop(witness);
    writer.await.map_err(Failure::could_not)?;
    let judged = gate.await.map_err(Failure::could_not)?;
    judged.map_err(Failure::wrong)
}

/// The public door, and the scheme of its address.
async fn door(
    config: &Config,
    limits: Limits,
    metrics: &Metrics,
) -> Result<(Door, &'static str), Failure> {
    let tls = Tls::from_config(config).map_err(Failure::usage)?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let door = Door::bind(address(config, "listen")?, limits).await;
    let door = door.map_err(Failure::could_not)?.with_tls(tls);
    let door = door.metered(&metrics.registry);
    Ok((door.map_err(Failure::could_not)?, scheme))
}

/// A witness that must not run takes the doors along.
async fn watch(gate: Arc<StartGate>, stop: Stop) -> Result<(), OlderState> {
    let judged = gate.run(stop.clone()).await;
    if let Err(older) = &judged {
        tracing::error!("The witness stops: {older}");
        stop.trigger();
    }
    judged
}

/// The first line on standard output tells where the witness is.
fn announce(
    folder: &Folder,
    witness: &Witness,
    url: &str,
    admin: SocketAddr,
) -> Result<(), Failure> {
    let name = witness.cosigner.name().as_str();
    let admin = format!("http://{admin}");
    let line = if folder.json {
        serde_json::json!({"event": "serving", "url": url, "admin": admin, "name": name})
            .to_string()
    } else {
        format!("The witness {name} serves at {url} (admin {admin})")
    };
    let mut out = std::io::stdout();
    writeln!(out, "{line}")
        .and_then(|()| out.flush())
        .map_err(Failure::could_not)
}

fn readiness(gate: Arc<StartGate>) -> impl Fn() -> Readiness + Send + Sync + 'static {
    move || match gate.awaits() {
        None => Readiness::Ready("The witness signs.".to_owned()),
        Some(why) => Readiness::NotReady(format!("The witness waits: {why}")),
    }
}

fn rate_per_log(config: &Config) -> Result<Rate, Failure> {
    let number = |name: &str| config.get::<NonZeroU32>(name).map_err(Failure::usage);
    Ok(Rate {
        per_second: number("rate-per-log")?,
        burst: number("burst-per-log")?,
    })
}

fn address(config: &Config, name: &str) -> Result<SocketAddr, Failure> {
    config.get(name).map_err(Failure::usage)
}
