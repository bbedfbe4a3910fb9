//! A whole witness without doors: real keys, a real database, a clock that is set by hand.

use super::failing_ledger::FailingLedger;
use super::test_log::TestLog;
use crate::clock::Clock;
use crate::cosigner::Cosigner;
use crate::desk::Desk;
use crate::dispute::Disputes;
use crate::docket::Docket;
use crate::drift::Drift;
use crate::examiner::Examiner;
use crate::gossip::{Gossip, Known};
use crate::known_log::{Enrolled, Source};
use crate::ledger::sqlite::SqliteLedger;
use crate::ledger::{Ledger, NewLog};
use crate::memory::{Memory, Recall};
use crate::metrics::Metrics;
use crate::observer::Observer;
use crate::outside::Outside;
use crate::peer::Peer;
use crate::roster::RosterKeeper;
use crate::shelf::folder_shelf::FolderShelf;
use crate::start_gate::StartGate;
use crate::testimony::told_outside::ToldOutside;
use crate::turn::Turns;
use crate::witness::{Declined, UNSIGNED_RATE, Witness};
use async_trait::async_trait;
use axum::body::Bytes;
use service::{PeerAddress, Quota, Rate};
use std::collections::HashMap;
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use tlog::{
    Checkpoint, KeyKind, KeyName, LineTime, Note, PureRust, SignatureLine, VerifiedLine,
    verify_line,
};

/// When most tests happen.
pub const NOON: u64 = 1_800_000_000;

/// A clock that is set by hand.
#[derive(Debug)]
pub struct SetClock(pub AtomicU64);

impl Clock for SetClock {
    fn now_s(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    fn elapsed_ms(&self) -> u64 {
        0
    }
}

/// Remembers what it is told.
#[derive(Default)]
pub struct Told(pub Mutex<HashMap<String, Recall>>);

#[async_trait]
impl Memory for Told {
    async fn recall(&self, log: &Enrolled) -> Vec<Recall> {
        let told = self.0.lock().unwrap();
        let silent = || Recall::Silent("it is down".to_owned());
        vec![told.get(&log.origin).cloned().unwrap_or_else(silent)]
    }
}

pub struct Bench {
    pub witness: Arc<Witness>,
    pub ledger: Arc<FailingLedger>,
    pub clock: Arc<SetClock>,
    pub memory: Arc<Told>,
    pub outside: Arc<ToldOutside>,
    pub gossip: Gossip,
}

impl Bench {
    /// A witness in this folder, made if it is not there; its gate is open.
    pub async fn open(folder: &Path) -> Self {
        let bench = Self::shut(folder).await;
        bench.witness.gate.begin(true);
        bench
    }

    /// The same with a gate that is shut.
    pub async fn shut(folder: &Path) -> Self {
        Self::with_peers(folder, Vec::new()).await
    }

    /// The same, that knows these peers.
    pub async fn with_peers(folder: &Path, peers: Vec<Peer>) -> Self {
        let name = KeyName::new("witness.example/w").unwrap();
        if !folder.join("ed25519.pem").exists() {
            Cosigner::create(folder, &name).unwrap();
        }
        let cosigner = Arc::new(Cosigner::load(folder, &name).unwrap());
        let sqlite = SqliteLedger::open(&folder.join("witness.sqlite"), &name).await;
        let ledger = Arc::new(FailingLedger::new(sqlite.unwrap()));
        let port: Arc<dyn Ledger> = Arc::clone(&ledger) as _;
        let roster = RosterKeeper::open(Arc::clone(&port), Arc::clone(&cosigner)).await;
        let roster = Arc::new(roster.unwrap());
        let metrics = Arc::new(Metrics::new().unwrap());
        let memory = Arc::new(Told::default());
        let gate = StartGate::new(
            Arc::clone(&roster),
            Arc::clone(&memory) as Arc<dyn Memory>,
            Arc::clone(&metrics),
        );
        let clock = Arc::new(SetClock(AtomicU64::new(NOON)));
        let outside = Arc::new(ToldOutside::default());
        let peers: Arc<[Peer]> = peers.into();
        let system: Arc<dyn Clock> = Arc::clone(&clock) as _;
        let (docket, _) = Docket::new(
            Arc::new(FolderShelf::new(folder.join("misbehavior"))),
            Arc::clone(&port),
            Arc::clone(&system),
            Arc::clone(&metrics),
            Arc::clone(&peers),
            cosigner.vkeys(),
        );
        let docket = Arc::new(docket);
        docket.refresh(&roster.roster()).await.unwrap();
        let disputes = Arc::new(Disputes::default());
        let examiner = Arc::new(Examiner::new(
            Arc::clone(&port),
            Arc::clone(&outside) as Arc<dyn Outside>,
            Arc::clone(&docket),
        ));
        let observer = Arc::new(Observer::new(
            Arc::clone(&roster),
            Arc::clone(&examiner),
            Arc::clone(&docket),
            Arc::clone(&disputes),
            Arc::clone(&system),
        ));
        let gossip = Gossip {
            peers,
            roster: Arc::clone(&roster),
            examiner: Arc::clone(&examiner),
            observer: Arc::clone(&observer),
            docket: Arc::clone(&docket),
            disputes: Arc::clone(&disputes),
            outside: Arc::clone(&outside) as Arc<dyn Outside>,
            ledger: Arc::clone(&port),
            metrics: Arc::clone(&metrics),
            clock: system,
            known: Known::default(),
        };
        let (desk, writer) = Desk::new(
            Arc::clone(&port),
            Arc::clone(&clock) as Arc<dyn Clock>,
            Arc::clone(&roster),
            Arc::clone(&metrics),
        );
        tokio::spawn(writer.run());
        let number = |n| NonZeroU32::new(n).unwrap();
        let rate = Rate {
            per_second: number(20),
            burst: number(60),
        };
        let witness = Arc::new(Witness {
            roster,
            cosigner,
            desk,
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            drift: Drift::default(),
            gate,
            metrics,
            of_log: Quota::new("log", rate),
            unsigned: Quota::new("unsigned", UNSIGNED_RATE),
            turns: Turns::new(),
            docket,
            disputes,
            examiner,
            observer,
            ledger: port,
        });
        Self {
            witness,
            ledger,
            clock,
            memory,
            outside,
            gossip,
        }
    }

    /// Enrols a log with both its keys, as a command does.
    pub async fn enrol(&self, log: &TestLog) {
        self.enrol_at(log, None).await;
    }

    /// The same, with an address.
    pub async fn enrol_at(&self, log: &TestLog, url: Option<&str>) {
        let new = NewLog {
            origin: log.origin.clone(),
            vkeys: log.vkeys(),
            url: url.map(str::to_owned),
            source: Source::Command,
        };
        let own = self.witness.cosigner.vkeys();
        self.ledger.enrol(&new, own).await.unwrap();
        assert!(self.witness.roster.refresh().await.unwrap());
        let docket = &self.witness.docket;
        docket.refresh(&self.witness.logs()).await.unwrap();
        for log in self.witness.logs().logs() {
            log.standing.confirm();
        }
    }

    /// Sends a request.
    pub async fn ask(&self, body: &str) -> Result<String, Declined> {
        self.ask_from("192.0.2.1:9", body).await
    }

    /// Sends a request from an address.
    pub async fn ask_from(&self, address: &str, body: &str) -> Result<String, Declined> {
        let from = PeerAddress::new(address.parse().unwrap()).network();
        let body = Bytes::copy_from_slice(body.as_bytes());
        self.witness.add_checkpoint(body, from).await
    }

    /// The status of a request that is declined.
    pub async fn status(&self, body: &str) -> u16 {
        self.ask(body).await.map_or_else(|no| no.status(), |_| 200)
    }

    /// Sends a request that must be cosigned, verifies each line, and tells the time.
    pub async fn cosigned(&self, body: &str) -> u64 {
        let answer = self.ask(body).await.unwrap();
        let request = tlog::AddCheckpoint::parse(body.as_bytes()).unwrap();
        let lines = SignatureLine::parse_all(answer.as_bytes()).unwrap();
        let verified = self.verified(request.note(), &lines);
        let kinds: Vec<KeyKind> = verified.iter().map(|line| line.kind).collect();
        if request.checkpoint().extensions().is_empty() {
            assert_eq!(kinds, [KeyKind::Cosignature, KeyKind::MlDsa44]);
        } else {
            assert_eq!(kinds, [KeyKind::Cosignature]);
        }
        let times: Vec<LineTime> = verified.iter().map(|line| line.time).collect();
        assert!(times.iter().all(|time| *time == times[0]));
        times[0].seconds().unwrap()
    }

    /// Verifies lines of ours below a note's text.
    pub fn verified(&self, note: &Note, lines: &[SignatureLine]) -> Vec<VerifiedLine> {
        let checkpoint = Checkpoint::parse(note.text()).unwrap();
        let own = self.witness.cosigner.vkeys();
        lines
            .iter()
            .map(|line| {
                let vkey = own.iter().find(|vkey| vkey.id() == line.id()).unwrap();
                verify_line(vkey, &checkpoint, note.text(), line, &PureRust).unwrap()
            })
            .collect()
    }

    /// The note that monitors see.
    pub fn shown(&self, log: &TestLog) -> Option<Note> {
        let logs = self.witness.logs();
        let note = logs.by_origin(&log.origin).unwrap().standing.shown()?;
        Some(Note::parse(note.as_bytes()).unwrap())
    }
}
