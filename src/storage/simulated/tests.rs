//! The twins keep the contracts that the real adapters keep, and fail as they are told.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::{Disk, Fault, Machine, Process, SimulatedAnchor, SimulatedCoord, SimulatedObjects};
use crate::storage::anchor::Anchor;
use crate::storage::coord::{Coord, CoordError};
use crate::storage::lookup_contract::every_row_is_read_once;
use crate::storage::objects::Objects;
use crate::storage::{anchor_contract, coord_contract, objects_contract, sample_step};
use std::sync::Arc;
use tlog::TreeSize;

struct Place {
    process: Process,
    head: Arc<tokio::sync::Mutex<()>>,
}

fn place() -> Place {
    Place {
        process: Machine::with(Disk::default()).start(None),
        head: Arc::default(),
    }
}

impl coord_contract::Store for Place {
    async fn handle(&self) -> Box<dyn Coord> {
        Box::new(SimulatedCoord::new(&self.process, &self.head))
    }
}

impl objects_contract::Store for Place {
    fn handle(&self) -> Box<dyn Objects> {
        Box::new(SimulatedObjects(self.process.clone()))
    }
}

impl anchor_contract::Store for Place {
    fn handle(&self) -> Box<dyn Anchor> {
        Box::new(SimulatedAnchor::open(&self.process).unwrap())
    }
}

mod coord {
    use crate::storage::coord_contract::coord_contract;

    coord_contract!(super::place());
}

mod objects {
    use crate::storage::objects_contract::objects_contract;

    objects_contract!(super::place());
}

mod anchor {
    use crate::storage::anchor_contract::anchor_contract;

    anchor_contract!(super::place());
}

#[tokio::test]
async fn every_row_of_the_twins_lookups_is_read_once() {
    every_row_is_read_once(&place(), 50).await;
}

#[tokio::test]
async fn each_fault_leaves_what_it_says() {
    let stored = TreeSize::ZERO;
    for (fault, is_there) in [
        (Fault::Before, false),
        (Fault::After, true),
        (Fault::Torn, true),
        (Fault::Reported, true),
        (Fault::Refused, false),
    ] {
        let machine = Machine::with(Disk::default());
        let tiles = SimulatedObjects(machine.start(Some((0, fault))));
        let put = tiles.put("tile/0/000", "tile".into());
        tokio::select! {
            biased;
            answer = put => assert!(answer.is_err(), "{fault:?}"),
            () = machine.killed() => {}
        }
        let there = machine.disk().objects.contains_key("tile/0/000");
        assert_eq!(there, is_there, "{fault:?}");
        // What was cut off and not synced is gone with the power.
        let process = machine.start(None);
        machine.change(Disk::lose_power);
        let there = machine.disk().objects.contains_key("tile/0/000");
        assert_eq!(there, is_there && fault != Fault::Torn, "{fault:?}");
        // The process of the life before is dead, and the new one works.
        let coord = SimulatedCoord::new(&process, &Arc::default());
        coord.mark_stored(stored).await.unwrap();
    }
}

#[tokio::test]
async fn an_unknown_commit_is_there_and_a_refused_one_is_not() {
    for (fault, size) in [(Fault::Reported, 3), (Fault::Refused, 0)] {
        let machine = Machine::with(Disk::default());
        let coord = SimulatedCoord::new(&machine.start(Some((2, fault))), &Arc::default());
        let name = crate::storage::coord::Incarnation([1; 16]);
        coord.open(name, None).await.unwrap();
        let lock = coord.lock().await.unwrap();
        let next = sample_step::step(3)(lock.committed());
        let answer = lock.advance(&next).await;
        match fault {
            Fault::Reported => assert!(matches!(answer, Err(CoordError::Unknown(_)))),
            _ => assert!(matches!(answer, Err(CoordError::Refused(_)))),
        }
        assert_eq!(machine.disk().tables.committed().head.size.get(), size);
    }
}
