//! Five simulated witnesses of one log, of which any four are a quorum: for unit tests of the log.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must panic")]

use super::Log;
use super::board::Board;
use super::house::House;
use super::quorum::Quorum;
use super::witnessing::Witnessing;
use crate::metrics::Metrics;
use crate::signer::Signer as _;
use crate::witnesses::Witness;
use crate::witnesses::simulated::{Manner, SimulatedWitness};
use service::AwsLc;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;
use tlog::{KeyKind, LeafIndex, Policy, TreeSize, Vkey};

const NAMES: [&str; 5] = ["justice", "notary", "court", "bar", "university"];
/// Long enough for a slow machine; nothing that is awaited takes more than a second.
pub(crate) const SOON: Duration = Duration::from_secs(20);
/// Long enough for a head to leave that must not.
const NEVER: Duration = Duration::from_millis(1_500);

/// Five witnesses of one log, of which any four are a quorum.
pub(crate) struct Witnesses(pub(crate) [Arc<SimulatedWitness>; 5], pub(crate) Policy);

impl Witnesses {
    /// All of them honest, and nothing seen yet.
    pub(crate) fn of(house: &House) -> Self {
        let signer = house.signer();
        let witnesses = NAMES
            .map(|name| SimulatedWitness::new(&format!("witness.example/{name}"), signer.vkeys()));
        let log_key = signer
            .vkeys()
            .iter()
            .find(|key| key.kind() == KeyKind::MlDsa44);
        let mut policy = format!("log {}\n", log_key.unwrap());
        for (name, witness) in NAMES.iter().zip(&witnesses) {
            writeln!(
                policy,
                "witness {name} {} http://{name}.example",
                witness.vkey()
            )
            .unwrap();
        }
        writeln!(policy, "group q 4 {}\nquorum q", NAMES.join(" ")).unwrap();
        Self(witnesses, Policy::parse(policy.as_bytes()).unwrap())
    }

    /// What the log is told of them.
    pub(crate) fn witnessing(&self, house: &House) -> Arc<Witnessing> {
        self.witnessing_of(house.signer().vkeys())
    }

    /// The same for whoever has the log's keys at hand.
    pub(crate) fn witnessing_of(&self, log_keys: &[Vkey]) -> Arc<Witnessing> {
        let quorum = Quorum::new(self.1.clone(), log_keys).unwrap();
        let names = quorum
            .operators()
            .iter()
            .map(|operator| operator.name.clone());
        let board = Board::new(names.collect::<Vec<_>>(), Arc::new(Metrics::new().unwrap()));
        let witnesses = self.0.iter().map(|one| Arc::clone(one) as Arc<dyn Witness>);
        Arc::new(Witnessing {
            witnesses: witnesses.collect(),
            quorum,
            board,
        })
    }

    /// Runs the log with them, and does this when it takes entries.
    pub(crate) async fn serve<T>(
        &self,
        house: &House,
        work: impl AsyncFnOnce(&Arc<Log>) -> T,
    ) -> T {
        let witnessing = Some(self.witnessing(house));
        house
            .run_with(witnessing, async |log| {
                serves(log).await;
                work(log).await
            })
            .await
    }

    /// Sets the clocks of these.
    pub(crate) fn set_clocks(&self, who: &[usize], time_s: u64) {
        for one in who {
            self.0[*one].set_clock(time_s);
        }
    }

    /// These behave so from now on.
    pub(crate) fn behave(&self, who: &[usize], manner: &Manner) {
        for one in who {
            self.0[*one].behave(manner.clone());
        }
    }
}

/// A tree of so many entries.
pub(crate) fn size(size: u64) -> TreeSize {
    TreeSize::new(size).unwrap()
}

/// Waits until the log takes entries.
pub(crate) async fn serves(log: &Log) {
    until(log, "it serves", |log| log.status().is_serving()).await;
}

/// Waits until this holds.
pub(crate) async fn until(log: &Log, what: &str, holds: impl Fn(&Log) -> bool) {
    let waiting = async {
        while !holds(log) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let waited = tokio::time::timeout(SOON, waiting).await;
    assert!(waited.is_ok(), "{what}: {:?}", log.status().get());
}

/// Logs one record and waits until the policy is satisfied with a head over it; answers its index.
pub(crate) async fn witnessed(house: &House, witnesses: &Witnesses, log: &Log, number: u32) -> u64 {
    let index = house.log_records(log, [number]).await.unwrap()[0];
    let heart = log.heart();
    let covering = heart.publisher.covering(size(index + 1));
    let published = tokio::time::timeout(SOON, covering).await.unwrap();
    witnesses.1.judge(&published.note, &AwsLc).unwrap();
    let proof = heart
        .history
        .inclusion(LeafIndex::new(index), published.head.size);
    if let Some(growth) = &published.growth
        && let Ok(from_round) = growth.inclusion_proof(LeafIndex::new(index))
    {
        assert_eq!(from_round, proof.await.unwrap().proof);
    }
    index
}

/// Waits until so many witnesses cosigned the newest head and it is shown with their lines, those that the quorum did not
/// need included: no round is on its way then.
pub(crate) async fn newest_cosigned_by(count: usize, log: &Log) {
    let publisher = Arc::clone(&log.heart().publisher);
    until(log, "so many cosigned the newest head", |_| {
        let newest = publisher.newest();
        newest.is_some_and(|newest| newest.text.matches("\n— witness.example/").count() == count)
    })
    .await;
}

/// That no head over so many entries is shown.
pub(crate) async fn stays_inside(log: &Log, entries: u64) {
    let heart = log.heart();
    let covering = heart.publisher.covering(size(entries));
    assert!(tokio::time::timeout(NEVER, covering).await.is_err());
}
