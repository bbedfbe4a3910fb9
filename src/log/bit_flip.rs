//! A bit flips in the memory of the process, between hashing and signing: whatever it hits, nothing is signed over it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must panic")]

use super::historical_bug::{HistoricalBug, flip_leaf_hash};
use super::pool::{Pool, Submission};
use super::publisher::Publisher;
use super::sequencer::{Sequencer, Setback};
use super::simulated_log::{PausedClock, SimulatedLog, paused};
use super::start::{Occasion, Started, start};
use crate::metrics::Metrics;
use crate::signer::simulated::SignedHeads;
use crate::storage::simulated::{Disk, Flip, FlipPlace, Machine};
use evidence::ENTRY_LEN;
use std::sync::Arc;
use tlog::{Frontier, Hash};
use tokio::sync::oneshot;

/// Flips of the short form, and of the long one.
const SEEDS: usize = 1_000;

/// What a bit flips in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// The bytes of a new entry, after they were hashed.
    Leaf,
    /// The hash of a new entry.
    Hash,
    /// A hash of the frontier that the process remembers.
    Frontier,
    /// The root that is about to be stored.
    Root,
    /// The frontier that is about to be stored.
    StoredFrontier,
    /// The rows as they are read back.
    Row,
}

const PLACES: [Place; 6] = [
    Place::Leaf,
    Place::Hash,
    Place::Frontier,
    Place::Root,
    Place::StoredFrontier,
    Place::Row,
];

/// What became of a batch that met a flipped bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    /// The store refused the step: it did not fit together.
    Refused,
    /// What was read back is not what was hashed.
    Halted,
    /// The memory was dropped.
    Reloaded,
    /// Nobody noticed.
    Signed,
}

/// One batch on this disk while this bit flips; what became of it, and every head that was signed then.
fn batch(log: &SimulatedLog, disk: &Disk, place: Place, bit: usize) -> (Found, Vec<Hash>, Disk) {
    let machine = Machine::with(disk.clone());
    let process = machine.start(None);
    let signed = SignedHeads::default();
    let found = paused().block_on(async {
        let ports = log.ports(&process, PausedClock::at(1_900_000_000_000), &signed, None);
        let publisher = Arc::new(Publisher::new(Arc::clone(&ports.signer)));
        let (pool, metrics) = (Arc::new(Pool::default()), Arc::new(Metrics::new().unwrap()));
        let started = start(&ports, &publisher, &pool, &metrics, Occasion::Start)
            .await
            .unwrap();
        let Started { sequencer, .. } = started;
        let mut sequencer = sequencer.unwrap();
        flip(&mut sequencer, &machine, place, bit);
        let (answer, receiver) = oneshot::channel();
        let numbers = 5_000..5_000 + 1 + u32::try_from(bit % 40).unwrap();
        let candidates = log.records(numbers);
        let done = sequencer
            .batch(vec![Submission { candidates, answer }])
            .await;
        drop(receiver);
        assert!(machine.has_flipped(), "{place:?} {bit}: nothing flipped");
        match done {
            Ok(()) => Found::Signed,
            Err(Setback::Refused(_)) => Found::Refused,
            Err(Setback::Reload(_)) => Found::Reloaded,
            Err(Setback::Halt(_)) => Found::Halted,
            Err(setback @ (Setback::Fatal(_) | Setback::Clock(_))) => panic!("{setback}"),
        }
    });
    let roots = signed.all().iter().map(|head| head.root).collect();
    (found, roots, machine.disk())
}

fn flip(sequencer: &mut Sequencer, machine: &Machine, place: Place, bit: usize) {
    let at = |place| machine.flip(Flip { place, bit });
    match place {
        Place::Leaf => at(FlipPlace::Leaf),
        Place::Row => at(FlipPlace::ReadBack),
        Place::Root => at(FlipPlace::Root),
        Place::StoredFrontier => at(FlipPlace::Frontier),
        Place::Hash => flip_leaf_hash(bit),
        Place::Frontier => {
            let frontier = &sequencer.committed.frontier;
            let mut hashes = frontier.hashes().to_vec();
            let count = hashes.len();
            let mut bytes = *hashes[bit / 256 % count].as_bytes();
            bytes[bit / 8 % 32] ^= 1 << (bit % 8);
            hashes[bit / 256 % count] = Hash::new(bytes);
            sequencer.committed.frontier = Frontier::from_parts(frontier.size(), hashes).unwrap();
        }
    }
}

/// The root over what the rows hold now.
fn root(disk: &Disk) -> Hash {
    let size = disk.tables.committed().head.size.get();
    let mut frontier = Frontier::empty();
    let packed = disk.tables.entries(0, size).unwrap();
    packed
        .chunks(ENTRY_LEN)
        .for_each(|entry| frontier.append(Hash::of_leaf(entry)));
    frontier.root()
}

/// Flips bits by seeds; answers how many were found, by place, and how many were signed over.
fn flip_all(seeds: usize) -> (Vec<(Place, Found)>, usize) {
    let log = SimulatedLog::new();
    let disk = log.founded(200);
    let before = root(&disk);
    let mut found = Vec::new();
    let mut signed_over = 0;
    let mut bit = 1usize;
    for seed in 0..seeds {
        bit = bit.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(seed);
        let place = PLACES[seed % PLACES.len()];
        let (one, roots, after) = batch(&log, &disk, place, bit >> 20);
        // The start signed the head that was there. Of the batch nothing was signed, and nothing wrong ever.
        let known = [before, root(&after)];
        let wrong = roots.iter().any(|root| !known.contains(root));
        if one == Found::Signed || wrong {
            signed_over += 1;
        } else {
            found.push((place, one));
        }
    }
    (found, signed_over)
}

#[test]
fn a_bit_that_flips_between_hash_and_signature_is_found_before_anything_is_signed() {
    let (found, signed_over) = flip_all(SEEDS);
    let by = |outcome| found.iter().filter(|(_, one)| *one == outcome).count();
    println!(
        "bit flips in memory: {SEEDS} seeds, {} found (the store refused {}, the second path {}, the memory was dropped {}), \
         {signed_over} signed over",
        found.len(),
        by(Found::Refused),
        by(Found::Halted),
        by(Found::Reloaded)
    );
    assert_eq!((found.len(), signed_over), (SEEDS, 0));
    for place in PLACES {
        assert!(found.iter().any(|(one, _)| *one == place), "{place:?}");
    }
}

#[test]
fn without_the_second_path_a_flipped_bit_is_signed_over() {
    // Yeti 2022 (a leaf's hash) and Nessie 2024 (a leaf).
    let (_, signed_over) = HistoricalBug::NothingIsHashedAgain.with(|| flip_all(60));
    assert!(signed_over >= 20, "{signed_over}");
}
