//! Rounds of gossip between a witness and peers that a test plays, about a log that lies or does not.

use crate::conviction::{Against, PROOFS_PER_KEY_MAX};
use crate::dispute::Dispute;
use crate::examiner::{Finding, Why};
use crate::known_log::{KnownLog, origin_hash};
use crate::ledger::{Ledger as _, Resumption};
use crate::observer::{ADDRESS_RATE, NotAccused, NotObserved};
use crate::testimony::bench::{Bench, NOON};
use crate::testimony::test_log::{TestLog, text};
use crate::testimony::test_peer::TestPeer;
use crate::testimony::{Tree, size};
use crate::witness::Declined;
use service::{Network, PeerAddress};
use std::path::PathBuf;
use std::sync::Arc;
use tlog::{AddCheckpoint, MisbehaviorKind, MisbehaviorProof, Note, PureRust};

const ORIGIN: &str = "log.example/a";
const LOG: &str = "http://log.example";
const PEER: &str = "http://peer.example";

/// A witness that signed size 5 of a log with an address, and one peer of it.
struct Town {
    bench: Bench,
    log: TestLog,
    peer: TestPeer,
    folder: tempfile::TempDir,
}

impl Town {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let peer = TestPeer::new("witness.example/peer", PEER);
        let bench = Bench::with_peers(folder.path(), vec![peer.peer.clone()]).await;
        bench.witness.gate.begin(true);
        let log = TestLog::new(ORIGIN);
        bench.enrol_at(&log, Some(LOG)).await;
        bench.cosigned(&log.step(0, 5, NOON)).await;
        Self {
            bench,
            log,
            peer,
            folder,
        }
    }

    fn known(&self) -> Arc<KnownLog> {
        let logs = self.bench.witness.logs();
        Arc::clone(logs.by_origin(ORIGIN).unwrap())
    }

    /// The peer shows this head from now on.
    fn shows(&self, tree: &Tree, at: u64) {
        let note = self.peer.shows(&self.log, at, &tree.root(at), NOON);
        self.lay_at_peer(note);
    }

    fn lay_at_peer(&self, note: String) {
        let address = format!("{PEER}/{}/checkpoint", origin_hash(ORIGIN));
        self.bench.outside.lay(&address, note);
    }

    /// The log shows this head and serves the tiles of its tree.
    fn serves(&self, tree: &Tree, at: u64) {
        self.bench.outside.lay_tiles(LOG, tree, size(at));
        let note = self.peer.shows(&self.log, at, &tree.root(at), NOON);
        self.bench.outside.lay(&format!("{LOG}/checkpoint"), note);
    }

    async fn rounds(&self, count: usize) {
        for _ in 0..count {
            self.bench.gossip.round().await;
        }
    }

    fn kinds(&self) -> Vec<(MisbehaviorKind, Against)> {
        let held = self.bench.witness.docket.of_log(&origin_hash(ORIGIN));
        held.iter().map(|one| (one.kind, one.against)).collect()
    }

    fn disputes(&self) -> Vec<Dispute> {
        let id = self.known().enrolled.id;
        self.bench.witness.disputes.public(id)
    }

    fn files(&self) -> Vec<PathBuf> {
        let folder = self.folder.path().join("misbehavior");
        let of_log = std::fs::read_dir(folder.join(origin_hash(ORIGIN)));
        of_log
            .into_iter()
            .flatten()
            .map(|entry| entry.unwrap().path())
            .collect()
    }

    async fn observes(&self, body: &str) -> Result<Finding, NotObserved> {
        let observer = &self.bench.witness.observer;
        let came = observer.observe(body.as_bytes(), stranger()).await;
        came.map(|came| came.finding)
    }

    /// A head as a citizen was shown it.
    fn note(&self, tree: &Tree, at: u64) -> String {
        self.peer.shows(&self.log, at, &tree.root(at), NOON)
    }
}

fn stranger() -> Network {
    PeerAddress::new("192.0.2.7:1".parse().unwrap()).network()
}

fn forked() -> Tree {
    Tree::forked(100, 3)
}

#[tokio::test]
async fn a_fork_that_a_log_sends_is_a_file_before_the_refusal_leaves_and_the_log_is_cosigned_no_more()
 {
    let town = Town::new().await;
    let fork = text(ORIGIN, 5, &forked().root(5));
    let sent = town.log.ask(5, Vec::new(), &fork, NOON);
    // The status is the specification's, as before.
    assert_eq!(town.bench.status(&sent).await, 422);
    let files = town.files();
    let proof = std::fs::read(&files[0]).unwrap();
    let proof = MisbehaviorProof::parse(&proof).unwrap();
    assert_eq!(proof.verify(&PureRust), Ok(()));
    assert_eq!(town.kinds(), [(MisbehaviorKind::SameSize, Against::Log)]);

    let refused = town.bench.ask(&town.log.step(5, 6, NOON)).await;
    assert!(
        matches!(refused, Err(Declined::Convicted(_))),
        "{refused:?}"
    );
    assert_eq!(refused.unwrap_err().status(), 403);
    assert!(town.bench.shown(&town.log).is_some(), "reads go on");
    // What is wrong is told as before, and the same again changes nothing.
    assert_eq!(town.bench.status(&sent).await, 422);
    assert_eq!(town.files().len(), 1);
}

#[tokio::test]
async fn a_fork_with_a_proof_of_its_own_or_at_another_size_is_kept_too() {
    let town = Town::new().await;
    let tree = forked();
    let own = text(ORIGIN, 9, &tree.root(9));
    // A proof that leads from another tree of size 5 to the fork: it recomputes the signed root.
    let sent = town.log.ask(5, tree.proof(5, 9), &own, NOON);
    assert_eq!(town.bench.status(&sent).await, 422);
    assert_eq!(town.kinds(), [(MisbehaviorKind::Prefix, Against::Log)]);

    // Size 5 was passed over before a restart, and no memory of it is left: the kept heads have it.
    let town = Town::new().await;
    for at in 6..9 {
        town.bench.cosigned(&town.log.step(at - 1, at, NOON)).await;
    }
    let bench = Bench::open(town.folder.path()).await;
    let old = text(ORIGIN, 5, &tree.root(5));
    let sent = town.log.ask(5, Vec::new(), &old, NOON);
    assert_eq!(bench.status(&sent).await, 409);
    let held = bench.witness.docket.of_log(&origin_hash(ORIGIN));
    assert_eq!(held[0].kind, MisbehaviorKind::SameSize);
}

#[tokio::test]
async fn a_peer_that_was_shown_another_history_convicts_the_log_in_one_round() {
    let town = Town::new().await;
    town.shows(&forked(), 5);
    town.rounds(1).await;
    assert_eq!(town.kinds(), [(MisbehaviorKind::SameSize, Against::Log)]);
    assert_eq!(town.bench.status(&town.log.step(5, 6, NOON)).await, 403);
}

#[tokio::test]
async fn at_unequal_sizes_either_branch_that_the_log_serves_convicts_it() {
    // The branch of the larger head.
    let town = Town::new().await;
    let fork = forked();
    town.shows(&fork, 9);
    town.bench.outside.lay_tiles(LOG, &fork, size(9));
    town.rounds(1).await;
    assert_eq!(town.kinds(), [(MisbehaviorKind::Prefix, Against::Log)]);

    // Our own, which has grown: the head that the log shows to all contradicts the peer's.
    let town = Town::new().await;
    town.shows(&fork, 9);
    town.serves(&town.log.tree, 12);
    town.rounds(1).await;
    assert_eq!(town.kinds(), [(MisbehaviorKind::Prefix, Against::Log)]);

    // The head that it shows to all is the fork itself.
    let town = Town::new().await;
    town.serves(&fork, 9);
    town.rounds(1).await;
    assert_eq!(town.kinds(), [(MisbehaviorKind::Prefix, Against::Log)]);
}

#[tokio::test]
async fn withheld_tiles_make_a_dispute_in_two_rounds_and_a_proof_from_anybody_closes_it() {
    let town = Town::new().await;
    town.shows(&town.log.tree, 9);
    let note = town.note(&town.log.tree, 5);
    town.bench.outside.lay(&format!("{LOG}/checkpoint"), note);
    town.rounds(1).await;
    assert_eq!(town.disputes(), [], "a tile may come late");
    town.rounds(1).await;
    let disputes = town.disputes();
    assert_eq!(disputes.len(), 1);
    assert_eq!(disputes[0].why, Why::Withheld);
    assert_eq!(town.kinds(), [], "a dispute is no proof");
    town.bench.cosigned(&town.log.step(5, 6, NOON)).await;

    let joins = town.log.step(5, 9, NOON);
    assert_eq!(town.observes(&joins).await.unwrap(), Finding::Follows);
    assert_eq!(town.disputes(), []);

    // Or the tiles come.
    let town = Town::new().await;
    town.shows(&town.log.tree, 9);
    town.rounds(2).await;
    assert_eq!(town.disputes().len(), 1);
    town.serves(&town.log.tree, 9);
    town.rounds(1).await;
    assert_eq!((town.disputes().len(), town.kinds()), (0, Vec::new()));
}

#[tokio::test]
async fn a_dispute_about_a_fork_ends_in_its_proof_when_somebody_shows_a_path() {
    let town = Town::new().await;
    let fork = forked();
    town.shows(&fork, 9);
    town.rounds(2).await;
    assert_eq!(town.disputes().len(), 1);
    let sent = town
        .log
        .ask(5, fork.proof(5, 9), &text(ORIGIN, 9, &fork.root(9)), NOON);
    let found = town.observes(&sent).await.unwrap();
    assert!(matches!(found, Finding::Proven(_)), "{found:?}");
    assert_eq!(town.disputes(), []);
    assert_eq!(town.kinds(), [(MisbehaviorKind::Prefix, Against::Log)]);
}

#[tokio::test]
async fn an_honest_log_that_is_down_or_ahead_or_behind_is_never_convicted_nor_stopped() {
    let town = Town::new().await;
    let tree = &town.log.tree;
    for at in [4, 5, 9, 5, 0] {
        town.shows(tree, at);
        town.serves(tree, 9);
        town.rounds(2).await;
        assert_eq!((town.kinds(), town.disputes()), (Vec::new(), Vec::new()));
    }
    town.bench.outside.silence(LOG, true);
    town.bench.outside.silence(PEER, true);
    town.rounds(3).await;
    assert!(town.known().standing.is_silent());
    assert_eq!((town.kinds(), town.disputes()), (Vec::new(), Vec::new()));
    let gauge = |verdict| {
        let verdicts = &town.bench.witness.metrics.verdicts;
        verdicts.with_label_values(&[verdict]).get()
    };
    let all = ["outage", "stale", "dispute", "proven"];
    assert_eq!(all.map(gauge), [1, 0, 0, 0]);
    town.bench
        .clock
        .0
        .fetch_add(3600, std::sync::atomic::Ordering::SeqCst);
    town.rounds(1).await;
    assert_eq!(all.map(gauge), [1, 1, 0, 0]);
    town.bench.outside.silence(LOG, false);
    town.bench.cosigned(&town.log.step(5, 9, NOON + 3600)).await;
    town.rounds(1).await;
    assert_eq!(all.map(gauge), [0, 0, 0, 0]);
}

#[tokio::test]
async fn a_peer_that_lies_about_a_log_convicts_nobody_and_freezes_nothing() {
    let town = Town::new().await;
    // Under the log's name, and signed by a key that is not the log's.
    let impostor = TestLog::new(ORIGIN);
    let root = forked().root(5);
    town.lay_at_peer(town.peer.shows(&impostor, 5, &root, NOON));
    town.rounds(3).await;
    // The log's line under another text.
    let honest = town.note(&town.log.tree, 5);
    let changed = honest.replacen(&town.log.tree.root(5).to_string(), &root.to_string(), 1);
    assert_ne!(changed, honest);
    town.lay_at_peer(changed.clone());
    town.rounds(3).await;
    town.lay_at_peer("no note at all".to_owned());
    town.rounds(1).await;
    assert_eq!((town.kinds(), town.disputes()), (Vec::new(), Vec::new()));
    assert!(matches!(
        town.observes(&changed).await,
        Err(NotObserved::NotSeen(_))
    ));
    town.bench.cosigned(&town.log.step(5, 6, NOON)).await;
}

#[tokio::test]
async fn a_peer_that_signs_two_histories_is_convicted_by_name_and_the_log_by_its_own_lines() {
    let town = Town::new().await;
    let fork = forked();
    town.shows(&town.log.tree, 5);
    town.rounds(1).await;
    assert_eq!(town.kinds(), []);
    town.shows(&fork, 5);
    town.rounds(1).await;
    let mut kinds = town.kinds();
    kinds.sort_by_key(|(_, against)| against.word());
    let same_size = MisbehaviorKind::SameSize;
    assert_eq!(
        kinds,
        [(same_size, Against::Log), (same_size, Against::Peer)]
    );

    // A tree that shrank is no fork of the log: the peer alone is convicted, and nothing stops.
    let town = Town::new().await;
    town.serves(&town.log.tree, 9);
    town.shows(&town.log.tree, 9);
    town.rounds(1).await;
    town.lay_at_peer(
        town.peer
            .shows(&town.log, 4, &town.log.tree.root(4), NOON + 60),
    );
    town.rounds(1).await;
    // The log's ML-DSA line in this test states the peer's time too, so it is convicted beside.
    assert!(
        town.kinds()
            .contains(&(MisbehaviorKind::Rollback, Against::Peer)),
        "{:?}",
        town.kinds()
    );
}

#[tokio::test]
async fn what_peers_showed_last_is_remembered_over_a_restart() {
    let town = Town::new().await;
    town.serves(&town.log.tree, 9);
    town.shows(&town.log.tree, 9);
    town.rounds(1).await;
    town.shows(&town.log.tree, 7);
    town.rounds(1).await;
    let id = town.known().enrolled.id;
    let seen = town
        .bench
        .ledger
        .seen_note(&town.peer.peer.key_hash, id)
        .await;
    let seen = Note::parse(seen.unwrap().unwrap().as_bytes()).unwrap();
    assert!(seen.text().starts_with("log.example/a\n9\n"), "the newest");
    assert_eq!(seen.lines().len(), 3, "two by the log, one by the peer");
    let all = town.bench.ledger.seen().await.unwrap();
    assert_eq!((all.len(), all[0].head.time_s), (1, NOON));
}

#[tokio::test]
async fn a_proof_is_sent_to_peers_and_log_until_they_answer_and_taken_from_anybody_who_has_one() {
    let town = Town::new().await;
    town.bench.outside.silence(PEER, true);
    let fork = text(ORIGIN, 5, &forked().root(5));
    let sent = town.log.ask(5, Vec::new(), &fork, NOON);
    assert_eq!(town.bench.status(&sent).await, 422);
    town.rounds(2).await;
    let addresses = |town: &Town| -> Vec<String> {
        let sent = town.bench.outside.sent();
        sent.into_iter().map(|(address, _)| address).collect()
    };
    assert_eq!(addresses(&town), [format!("{LOG}/v1/misbehavior")]);
    town.bench.outside.silence(PEER, false);
    town.rounds(2).await;
    let to_peer = format!("{PEER}/{}/misbehavior", origin_hash(ORIGIN));
    assert_eq!(addresses(&town)[1..], [to_peer]);

    let (_, proof) = town.bench.outside.sent().remove(0);
    let other = Town::new().await;
    let hash = origin_hash(ORIGIN);
    let observer = &other.bench.witness.observer;
    let stranger_key = observer.accuse(&hash, &proof, stranger()).await;
    assert!(
        matches!(stranger_key, Err(NotAccused::NotKept(_))),
        "its log of this name has other keys"
    );
    assert_eq!(other.kinds(), []);
    let again = town
        .bench
        .witness
        .observer
        .accuse(&hash, &proof, stranger())
        .await;
    assert!(!again.unwrap().is_new);
    let mut damaged = proof.clone();
    let last = damaged.len() - 3;
    damaged[last] ^= 1;
    let damaged = town
        .bench
        .witness
        .observer
        .accuse(&hash, &damaged, stranger())
        .await;
    assert!(damaged.is_err());
}

#[tokio::test]
async fn more_proofs_than_enough_change_nothing_on_disk_or_in_memory() {
    let town = Town::new().await;
    for from in 0..u64::try_from(PROOFS_PER_KEY_MAX).unwrap() + 5 {
        let tree = Tree::forked(100, from % 5);
        let at = 20 + from;
        let own = text(ORIGIN, at, &tree.root(at));
        let sent = town.log.ask(5, tree.proof(5, at), &own, NOON);
        assert_eq!(town.bench.status(&sent).await, 422);
    }
    let of_ed25519 = town.kinds().len();
    assert_eq!(of_ed25519, PROOFS_PER_KEY_MAX);
    assert_eq!(town.files().len(), PROOFS_PER_KEY_MAX);
}

#[tokio::test]
async fn an_operators_decision_cosigns_a_convicted_log_again_until_the_next_proof() {
    let town = Town::new().await;
    let fork = |at| text(ORIGIN, at, &forked().root(at));
    let sent = town.log.ask(5, Vec::new(), &fork(5), NOON);
    assert_eq!(town.bench.status(&sent).await, 422);
    let restarted = Bench::shut(town.folder.path()).await;
    assert!(
        restarted
            .witness
            .logs()
            .by_origin(ORIGIN)
            .unwrap()
            .standing
            .is_stopped(),
        "a restart forgets nothing"
    );
    let resumption = Resumption {
        log: town.known().enrolled.id,
        at_s: NOON,
        reason: "decision 2026-17".to_owned(),
        proofs: vec![
            town.bench.witness.docket.of_log(&origin_hash(ORIGIN))[0]
                .sha256
                .clone(),
        ],
    };
    town.bench.ledger.resume(&resumption).await.unwrap();
    assert!(
        town.bench.witness.roster.refresh().await.unwrap(),
        "it is seen"
    );
    let docket = &town.bench.witness.docket;
    docket.refresh(&town.bench.witness.logs()).await.unwrap();
    assert_eq!(docket.resumptions(resumption.log), [resumption]);
    town.bench.cosigned(&town.log.step(5, 6, NOON)).await;
    let again = town.log.ask(6, Vec::new(), &fork(6), NOON);
    assert_eq!(town.bench.status(&again).await, 422);
    assert_eq!(town.bench.status(&town.log.step(6, 7, NOON)).await, 403);
}

#[tokio::test]
async fn what_a_stranger_brings_is_bounded_and_must_bear_the_logs_signature() {
    let town = Town::new().await;
    let unknown = TestLog::new("log.example/unknown");
    let of_unknown = town.peer.shows(&unknown, 5, &unknown.tree.root(5), NOON);
    assert!(matches!(
        town.observes(&of_unknown).await,
        Err(NotObserved::UnknownLog)
    ));
    let large = format!("{}{}", town.note(&town.log.tree, 5), "x".repeat(64 * 1024));
    assert!(matches!(
        town.observes(&large).await,
        Err(NotObserved::TooLarge)
    ));
    assert!(matches!(
        town.observes("old 05\n").await,
        Err(NotObserved::MalformedRequest(_))
    ));
    let known = town.note(&town.log.tree, 5);
    assert_eq!(town.observes(&known).await.unwrap(), Finding::Known);
    let proven = town.observes(&town.note(&forked(), 5)).await.unwrap();
    assert!(matches!(proven, Finding::Proven(_)), "{proven:?}");
    let mut limited = 0;
    for _ in 0..ADDRESS_RATE.burst.get() + 5 {
        let observed = town.observes(&known).await;
        limited += u32::from(matches!(observed, Err(NotObserved::Rate(_))));
    }
    assert!(limited > 0);
}

#[tokio::test]
async fn a_refused_head_that_tiles_can_join_is_no_dispute() {
    let town = Town::new().await;
    town.serves(&town.log.tree, 9);
    let stale = town.log.step(3, 9, NOON);
    assert_eq!(town.bench.status(&stale).await, 409);
    AddCheckpoint::parse(stale.as_bytes()).unwrap();
    town.rounds(2).await;
    assert_eq!((town.disputes(), town.kinds()), (Vec::new(), Vec::new()));
}
