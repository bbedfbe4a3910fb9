//! The scrubber over simulated ports: what one store lost the others give back, and what nobody has stops the log.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must panic")]

use super::{Lost, ScrubError, Scrubber};
use crate::log::Log;
use crate::log::runner::{Runner, Settings};
use crate::log::simulated_log::{PausedClock, SimulatedLog, paused};
use crate::metrics::Metrics;
use crate::signer::simulated::SignedHeads;
use crate::storage::anchor::Anchor;
use crate::storage::simulated::{Disk, Machine, Object, SimulatedAnchor, SimulatedObjects};
use std::sync::Arc;

/// A log whose rows are all still here.
const SETTINGS: Settings = Settings {
    leaf_lookup: true,
    healing_window_ms: u64::MAX,
};

/// What happens to a disk.
type Damage<'a> = &'a dyn Fn(&mut Disk);

/// Flips a bit of this object.
fn flip(disk: &mut Disk, path: &str, bit: usize) {
    let objects = Arc::make_mut(&mut disk.objects);
    let object = objects.get_mut(path).unwrap();
    let mut bytes = object.bytes.to_vec();
    bytes[bit / 8] ^= 1 << (bit % 8);
    *object = Object {
        bytes: bytes.into(),
        is_synced: true,
    };
}

fn lose(disk: &mut Disk, path: &str) {
    Arc::make_mut(&mut disk.objects).remove(path).unwrap();
}

/// What a pass over a disk with this damage says, how many things were healed, and the disk afterwards.
fn scrub(before: &Disk, log: &SimulatedLog, damage: Damage) -> (Result<(), Lost>, u64, Disk) {
    let machine = Machine::with(before.clone());
    let process = machine.start(None);
    let (passed, healed) = paused().block_on(async {
        let clock = PausedClock::at(1_900_000_000_000);
        let ports = log.ports(&process, clock, &SignedHeads::default(), None);
        let metrics = Arc::new(Metrics::new().unwrap());
        let runner = Runner::open(ports, SETTINGS, metrics).await.unwrap();
        let log: Arc<Log> = runner.log();
        machine.change(damage);
        let anchors = process.clone();
        let scrubber = Scrubber {
            log: Arc::clone(&log),
            objects: Arc::new(SimulatedObjects(process.clone())),
            view_anchor: Box::new(move || {
                Ok(Box::new(SimulatedAnchor::open(&anchors)?) as Box<dyn Anchor>)
            }),
            entries_per_second: 10_000,
        };
        let passed = match scrubber.pass().await {
            Ok(()) => Ok(()),
            Err(ScrubError::Lost(lost)) => Err(lost),
            Err(error) => panic!("{error}"),
        };
        let healed = log
            .metrics()
            .scrub_findings
            .with_label_values(&["healed"])
            .get();
        (passed, healed)
    });
    (passed, healed, machine.disk())
}

#[test]
fn what_one_store_lost_is_made_again_from_what_agrees() {
    let log = SimulatedLog::new();
    let disk = log.founded(700);
    let damages: [(&str, Damage); 9] = [
        ("nothing", &|_| {}),
        ("a bundle's bit", &|disk| {
            flip(disk, "tile/entries/001", 9_000);
        }),
        ("a bundle's length", &|disk| {
            flip(disk, "tile/entries/000", 3);
        }),
        ("a bundle", &|disk| lose(disk, "tile/entries/001")),
        ("a tile's bit", &|disk| flip(disk, "tile/0/000", 777)),
        ("a tile", &|disk| lose(disk, "tile/0/001")),
        ("a row's bit", &|disk| {
            let mut packed = disk.tables.entries(100, 101).unwrap();
            packed[70] ^= 1;
            disk.tables.replace_rows(100, &packed);
        }),
        ("a slot and a leaf", &|disk| disk.tables.lose_lookups(300)),
        ("a tile and a bundle of another", &|disk| {
            lose(disk, "tile/0/000");
            flip(disk, "tile/entries/001", 1);
        }),
    ];
    for (what, damage) in damages {
        let (passed, healed, after) = scrub(&disk, &log, damage);
        assert_eq!(passed, Ok(()), "{what}");
        assert_eq!(healed > 0, what != "nothing", "{what}: {healed}");
        let same = after.objects.iter().all(|(path, object)| {
            disk.objects
                .get(path)
                .is_some_and(|there| there.bytes == object.bytes)
        });
        assert!(same && after.objects.len() == disk.objects.len(), "{what}");
        let rows = |disk: &Disk| disk.tables.entries(0, 702).unwrap();
        assert!(rows(&after) == rows(&disk), "{what}");
        let (passed, healed, _) = scrub(&after, &log, &|_| {});
        assert_eq!(
            (passed, healed),
            (Ok(()), 0),
            "{what}: a second pass finds nothing"
        );
    }
}

#[test]
fn what_nobody_has_any_more_is_lost_and_said() {
    let log = SimulatedLog::new();
    let disk = log.founded(700);
    let damages: [(&str, Damage); 2] = [
        ("the newest rows", &|disk| {
            let mut packed = disk.tables.entries(600, 601).unwrap();
            packed[70] ^= 1;
            disk.tables.replace_rows(600, &packed);
        }),
        ("a kept head", &|disk| disk.tables.damage_kept_head()),
    ];
    for (what, damage) in damages {
        let (passed, _, _) = scrub(&disk, &log, damage);
        let lost = passed.unwrap_err();
        assert!(lost.to_string().contains("restore"), "{what}: {lost}");
    }
}
