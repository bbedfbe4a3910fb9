//! `notarylog serve`: the log's doors open.

use super::{Failure, Folder, config, folder, manifest};
use crate::http;
use crate::log::Log;
use crate::log::operator_notice;
use crate::log::runner::{Runner, Settings};
use crate::metrics::Metrics;
use crate::storage::room::Room;
use clap::ArgMatches;
use service::{Admin, Config, Door, FolderLock, Limits, Readiness, Stop, Tls};
use std::fs::File;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// `notarylog serve DIR`.
pub(crate) fn run(folder: &Folder, matches: &ArgMatches) -> Result<(), Failure> {
    let config = config::load(&folder.dir, matches)?;
    service::diary(
        config.switch("log-json").map_err(Failure::usage)?,
        config.text("log-level").map_err(Failure::usage)?,
    )
    .map_err(Failure::usage)?;
    if !folder.dir.join(config::FILE).exists() {
        return Err(Failure::usage(format!(
            "{} holds no log: make one with `notarylog init {} --origin NAME`",
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
    let tls = Tls::from_config(config).map_err(Failure::usage)?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let quotas = super::quotas::quotas(config)?;
    let door = Door::bind(address(config, "listen")?, limits())
        .await
        .map_err(Failure::could_not)?
        .with_tls(tls);
    let door = door
        .metered(&metrics.registry)
        .map_err(Failure::could_not)?;
    let admin = Admin::bind(address(config, "admin-listen")?)
        .await
        .map_err(Failure::could_not)?;
    let settings = Settings {
        leaf_lookup: config.get("leaf-lookup").map_err(Failure::usage)?,
        healing_window_ms: u64::try_from(
            config
                .duration("healing-window")
                .map_err(Failure::usage)?
                .as_millis(),
        )
        .unwrap_or(u64::MAX),
    };
    let ports = folder::ports(&folder.dir, config, &metrics).await?;
    let runner = Runner::open(ports, settings, Arc::clone(&metrics))
        .await
        .map_err(Failure::could_not)?;
    let log = runner.log();
    tokio::spawn(forget_backup(
        Arc::clone(&log),
        folder::journal(&folder.dir, config)?,
    ));
    let url = format!("{scheme}://{}", door.local_addr());
    let room = Room::new(
        vec![
            ("data", folder.dir.clone()),
            ("journal", folder::journal(&folder.dir, config)?),
        ],
        config.bytes("disk-reserve").map_err(Failure::usage)?,
        metrics.disk_free_bytes.clone(),
    );
    room.tell(&log);
    let room = tokio::spawn(room.keep(Arc::clone(&log), stop.clone()));
    announce(folder, &log, &url, admin.local_addr())?;

    let diary = tokio::spawn(operator_notice::tell_daily(Arc::clone(&log), stop.clone()));
    let scrubber = folder::scrubber(&folder.dir, config, Arc::clone(&log))?;
    let scrubber = scrubber.map(|scrubber| tokio::spawn(scrubber.run(stop.clone())));
    let router = http::router(&log, quotas);
    let door = tokio::spawn(door.serve(router, stop.clone()));
    let ready = readiness(Arc::clone(&log));
    let admin = tokio::spawn(admin.serve(metrics.registry.clone(), ready, stop.clone()));
    // The sequencer has a thread of its own: hashing and signing a batch must not hold up the doors' threads.
    let runtime = tokio::runtime::Handle::current();
    let heart_stop = Stop::new();
    let heart = {
        let (stop, all) = (heart_stop.clone(), stop.clone());
        std::thread::Builder::new()
            .name("sequencer".to_owned())
            .spawn(move || {
                let ended = runtime.block_on(runner.run(stop));
                // A heart that ends of itself takes the doors along.
                all.trigger();
                ended
            })
            .map_err(Failure::could_not)?
    };
    // The doors answer what is in flight first, and for that the heart must still beat.
    let _ended = door.await;
    let _ended = admin.await;
    let _ended = room.await;
    if let Some(scrubber) = scrubber {
        let _ended = scrubber.await;
    }
    let _ended = diary.await;
    operator_notice::tell_stop(&log).await;
    heart_stop.trigger();
    let ended = tokio::task::spawn_blocking(move || heart.join())
        .await
        .map_err(Failure::could_not)?;
    match ended {
        Ok(ended) => ended.map_err(Failure::could_not),
        Err(_) => Err(Failure::could_not(
            "the sequencer panicked; nothing was signed over it. Start the log again",
        )),
    }
}

/// Once the witnesses have let a restored log serve, its journal holds everything again, and its mark goes.
async fn forget_backup(log: Arc<Log>, journal: PathBuf) {
    let mark = journal.join(manifest::MARK);
    if !mark.exists() {
        return;
    }
    while !log.status().is_serving() {
        tokio::time::sleep(LOOK_EVERY).await;
    }
    if let Err(error) = std::fs::remove_file(&mark).and_then(|()| File::open(&journal)?.sync_all())
    {
        tracing::warn!(%error, "The mark of a restored journal could not be removed; the next start tries again.");
    }
}

/// How soon it is noticed that a restored log serves.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// The first line on standard output tells where the log is.
fn announce(folder: &Folder, log: &Log, url: &str, admin: SocketAddr) -> Result<(), Failure> {
    let heart = log.heart();
    let origin = heart.publisher.signer().origin().as_str().to_owned();
    let admin = format!("http://{admin}");
    let line = if folder.json {
        serde_json::json!({"event": "serving", "url": url, "admin": admin, "origin": origin})
            .to_string()
    } else {
        format!("The log {origin} serves at {url} (admin {admin})")
    };
    let mut out = std::io::stdout();
    writeln!(out, "{line}")
        .and_then(|()| out.flush())
        .map_err(Failure::could_not)
}

fn readiness(log: Arc<Log>) -> impl Fn() -> Readiness + Send + Sync + 'static {
    move || {
        let state = log.status().get();
        if log.is_short_of_room() {
            return Readiness::NotReady(
                "The disk is nearly full: make room, and the log goes on by itself.".to_owned(),
            );
        }
        match state.why() {
            Some(why) if log.status().has_ended() => Readiness::Ready(format!("{why}.")),
            None => Readiness::Ready("The log takes entries.".to_owned()),
            Some(why) => Readiness::NotReady(format!("The log is {}: {why}", state.word())),
        }
    }
}

fn limits() -> Limits {
    Limits {
        body_bytes_max: http::BODY_BYTES_MAX,
        ..Limits::default()
    }
}

fn address(config: &Config, name: &str) -> Result<SocketAddr, Failure> {
    config.get(name).map_err(Failure::usage)
}
