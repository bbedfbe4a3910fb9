//! The twin of the database: a handle whose every verb is one transaction on the tables, or some.

use super::tables::{State, Tables, refused};
use super::{Disk, Fault, FlipPlace, Process, atomic, divisible, read};
use crate::storage::coord::{
    Advance, Committed, Coord, CoordError, Head, HeadLock, Incarnation, KeptBy, KeptHead, Seen,
    StoredNotice, WitnessedHeads,
};
use crate::storage::lookup::{Lookup, LookupPage, Lookups};
use async_trait::async_trait;
use evidence::{AuditEvent, AuditRow, Commitment, Slot};
use std::sync::{Arc, Mutex};
use tlog::{Frontier, Hash, LeafIndex, TreeSize};
use tokio::sync::OwnedMutexGuard;

/// A process's handle on the database.
pub(crate) struct SimulatedCoord {
    process: Process,
    /// The head lock of the machine.
    head: Arc<tokio::sync::Mutex<()>>,
    own: Mutex<Option<Incarnation>>,
}

impl SimulatedCoord {
    /// A handle; those that share a `head` exclude each other.
    pub(crate) fn new(process: &Process, head: &Arc<tokio::sync::Mutex<()>>) -> Self {
        Self {
            process: process.clone(),
            head: Arc::clone(head),
            own: Mutex::new(None),
        }
    }

    async fn read<T>(
        &self,
        name: &'static str,
        ask: impl FnOnce(&Disk) -> Result<T, CoordError>,
    ) -> Result<T, CoordError> {
        let ask = |disk: &mut Disk| ask(disk);
        self.process.operate(read(name), failed, ask, |_| {}).await
    }

    async fn write(
        &self,
        name: &'static str,
        change: impl FnOnce(&mut Tables) -> Result<(), CoordError>,
    ) -> Result<(), CoordError> {
        let change = |disk: &mut Disk| change(&mut disk.tables);
        self.process
            .operate(atomic(name), failed, change, |_| {})
            .await
    }
}

#[async_trait]
impl Lookups for SimulatedCoord {
    /// A slot of the twin is in its table at once.
    async fn waiting_slots(&self) -> Result<Vec<(LeafIndex, Vec<Slot>)>, CoordError> {
        self.read("waiting slots", |_| Ok(Vec::new())).await
    }

    async fn page(&self, lookup: Lookup, _page: Option<u64>) -> Result<LookupPage, CoordError> {
        let ask = |disk: &Disk| {
            Ok(LookupPage {
                rows: disk.tables.lookup(lookup).rows(),
                next: None,
            })
        };
        self.read("lookup page", ask).await
    }

    async fn overflow(&self, lookup: Lookup) -> Result<Vec<([u8; 32], LeafIndex)>, CoordError> {
        let ask = |disk: &Disk| Ok(disk.tables.lookup(lookup).overflow());
        self.read("lookup overflow", ask).await
    }
}

#[async_trait]
impl Coord for SimulatedCoord {
    async fn committed(&self) -> Result<Committed, CoordError> {
        self.read("committed", |disk| Ok(disk.tables.committed()))
            .await
    }

    async fn lock(&self) -> Result<Box<dyn HeadLock + '_>, CoordError> {
        let held = Arc::clone(&self.head).lock_owned().await;
        let committed = self
            .read("lock", |disk| Ok(disk.tables.committed()))
            .await?;
        Ok(Box::new(SimulatedHeadLock {
            coord: self,
            committed,
            _held: held,
        }))
    }

    async fn open(
        &self,
        incarnation: Incarnation,
        event: Option<AuditEvent>,
    ) -> Result<(), CoordError> {
        self.write("open", |tables| {
            tables.state = Some(State {
                incarnation,
                ..tables.state()
            });
            tables.audit(event);
            Ok(())
        })
        .await?;
        *self.own.lock().expect("no holder of the name panics") = Some(incarnation);
        Ok(())
    }

    async fn record(&self, event: AuditEvent) -> Result<AuditRow, CoordError> {
        let own = *self.own.lock().expect("no holder of the name panics");
        let change = |disk: &mut Disk| {
            if own != Some(disk.tables.state().incarnation) {
                return Err(refused("another process passed the start-up gate"));
            }
            disk.tables.audit([event]);
            let newest = disk.tables.audit.last().cloned();
            newest.ok_or_else(|| refused("no row"))
        };
        self.process
            .operate(atomic("record"), failed, change, |_| {})
            .await
    }

    async fn audit_from(&self, seq: u64, limit: u32) -> Result<Vec<AuditRow>, CoordError> {
        let from = usize::try_from(seq).unwrap_or(usize::MAX);
        self.read("audit", |disk| {
            let rows = disk.tables.audit.iter().skip(from);
            Ok(rows.take(limit as usize).cloned().collect())
        })
        .await
    }

    async fn read_back(&self, from: LeafIndex, to: TreeSize) -> Result<Vec<u8>, CoordError> {
        let ask = |disk: &Disk| disk.tables.entries(from.get(), to.get());
        let mut packed = self.read("read back", ask).await?;
        self.process.pass_through(FlipPlace::ReadBack, &mut packed);
        Ok(packed)
    }

    async fn slot_candidates(&self, slots: &[Slot]) -> Result<Vec<Vec<LeafIndex>>, CoordError> {
        let of = |disk: &Disk, slot: &Slot| disk.tables.slots.candidates(slot.as_bytes());
        let ask = |disk: &Disk| Ok(slots.iter().map(|slot| of(disk, slot)).collect());
        self.read("slots", ask).await
    }

    async fn leaf_candidates(&self, leaves: &[Hash]) -> Result<Vec<Vec<LeafIndex>>, CoordError> {
        let of = |disk: &Disk, leaf: &Hash| disk.tables.leaves.candidates(leaf.as_bytes());
        let ask = |disk: &Disk| Ok(leaves.iter().map(|leaf| of(disk, leaf)).collect());
        self.read("leaves", ask).await
    }

    async fn notices_from(&self, seq: u64) -> Result<Vec<StoredNotice>, CoordError> {
        let from = usize::try_from(seq).unwrap_or(usize::MAX);
        let ask = |disk: &Disk| Ok(disk.tables.notices.iter().skip(from).cloned().collect());
        self.read("notices", ask).await
    }

    async fn notice(&self, commitment: &Commitment) -> Result<Option<StoredNotice>, CoordError> {
        let is_it = |notice: &&StoredNotice| notice.commitment == *commitment;
        let ask = |disk: &Disk| Ok(disk.tables.notices.iter().find(is_it).cloned());
        self.read("notice", ask).await
    }

    async fn earliest_kept(
        &self,
        index: LeafIndex,
        by: KeptBy,
    ) -> Result<Option<KeptHead>, CoordError> {
        let ask = |disk: &Disk| Ok(disk.tables.earliest_kept(index, by));
        self.read("earliest kept", ask).await
    }

    async fn witnessed(&self) -> Result<WitnessedHeads, CoordError> {
        self.read("witnessed", |disk| {
            let mut kept = disk.tables.kept.values().rev();
            Ok(WitnessedHeads {
                newest: disk.tables.witnessed.clone(),
                kept: kept.find(|kept| kept.is_witnessed).map(|kept| kept.head),
            })
        })
        .await
    }

    async fn store_witnessed(&self, head: &Head, note: &str, keep: bool) -> Result<(), CoordError> {
        self.write("store witnessed", |tables| {
            tables.store_witnessed(head, note, keep);
            Ok(())
        })
        .await
    }

    async fn seen(&self) -> Result<Vec<Seen>, CoordError> {
        self.read("seen", |disk| Ok(disk.tables.seen.clone())).await
    }

    async fn store_seen(&self, seen: &[Seen]) -> Result<(), CoordError> {
        self.write("store seen", |tables| {
            for one in seen {
                let mut known = tables.seen.iter_mut();
                match known.find(|known| known.key_hash == one.key_hash) {
                    Some(known) if known.head.time_ms > one.head.time_ms => {}
                    Some(known) => *known = one.clone(),
                    None => tables.seen.push(one.clone()),
                }
            }
            Ok(())
        })
        .await
    }

    async fn heads_from(&self, size: TreeSize, limit: u32) -> Result<Vec<KeptHead>, CoordError> {
        let ask = |disk: &Disk| Ok(disk.tables.heads_from(size, limit));
        self.read("heads", ask).await
    }

    async fn store_note(&self, head: &Head, note: &str) -> Result<(), CoordError> {
        self.write("store note", |tables| tables.store_note(head, note))
            .await
    }

    async fn mark_stored(&self, stored: TreeSize) -> Result<(), CoordError> {
        self.write("mark stored", |tables| tables.mark_stored(stored))
            .await
    }

    async fn index_leaves(&self, first: LeafIndex, leaves: &[Hash]) -> Result<(), CoordError> {
        let enter = |disk: &mut Disk, count| disk.tables.index_leaves(first, leaves, count);
        self.process
            .operate(
                divisible("index leaves"),
                failed,
                |disk| enter(disk, leaves.len()),
                |disk| drop(enter(disk, leaves.len() / 2)),
            )
            .await
    }

    async fn leaves_indexed(&self) -> Result<TreeSize, CoordError> {
        self.read("leaves indexed", |disk| {
            TreeSize::new(disk.tables.leaves_indexed).map_err(|_| refused("too many leaves"))
        })
        .await
    }

    async fn replace_rows(&self, first: LeafIndex, packed: &[u8]) -> Result<(), CoordError> {
        self.write("replace rows", |tables| {
            tables.replace_rows(first.get(), packed);
            Ok(())
        })
        .await
    }

    async fn restore_lookups(
        &self,
        slots: &[(Slot, LeafIndex)],
        leaves: &[(Hash, LeafIndex)],
    ) -> Result<(), CoordError> {
        self.write("restore lookups", |tables| {
            for (slot, index) in slots {
                Arc::make_mut(&mut tables.slots).insert(slot.as_bytes(), index.get());
            }
            for (leaf, index) in leaves {
                Arc::make_mut(&mut tables.leaves).insert(leaf.as_bytes(), index.get());
            }
            Ok(())
        })
        .await
    }

    async fn trim(&self, before_ms: u64, heads: u32) -> Result<(), CoordError> {
        let drop_rows = |disk: &mut Disk, of: usize| {
            let count = disk.tables.droppable(before_ms) / of;
            disk.tables.batches.drain(..count);
        };
        self.process
            .operate(
                divisible("trim"),
                failed,
                |disk| {
                    drop_rows(disk, 1);
                    disk.tables.drop_heads(heads);
                    Ok(())
                },
                |disk| drop_rows(disk, 2),
            )
            .await
    }

    async fn checkpoint(&self) -> Result<(), CoordError> {
        self.write("checkpoint", |_| Ok(())).await
    }
}

struct SimulatedHeadLock<'a> {
    coord: &'a SimulatedCoord,
    committed: Committed,
    _held: OwnedMutexGuard<()>,
}

#[async_trait]
impl HeadLock for SimulatedHeadLock<'_> {
    fn committed(&self) -> &Committed {
        &self.committed
    }

    async fn slot_candidates(&mut self, slots: &[Slot]) -> Result<Vec<Vec<LeafIndex>>, CoordError> {
        self.coord.slot_candidates(slots).await
    }

    async fn advance(self: Box<Self>, advance: &Advance) -> Result<(), CoordError> {
        let own = *self.coord.own.lock().expect("no holder of the name panics");
        let mut advance = advance.clone();
        let process = &self.coord.process;
        for entry in &mut advance.entries {
            process.pass_through(FlipPlace::Leaf, &mut entry.bytes);
        }
        let mut root = *advance.head.root.as_bytes();
        process.pass_through(FlipPlace::Root, &mut root);
        advance.head.root = Hash::new(root);
        let frontier = &advance.frontier;
        let mut hashes: Vec<u8> = (frontier.hashes().iter())
            .flat_map(|hash| *hash.as_bytes())
            .collect();
        process.pass_through(FlipPlace::Frontier, &mut hashes);
        let hashes = hashes.as_chunks().0.iter().copied().map(Hash::new);
        advance.frontier = Frontier::from_parts(frontier.size(), hashes.collect())
            .expect("there are as many hashes as before");
        self.coord
            .write("advance", |tables| {
                let state = tables.state();
                if own != Some(state.incarnation) || state.head != self.committed.head {
                    return Err(refused("another process passed the start-up gate"));
                }
                tables.follows(&advance).map_err(refused)?;
                tables.advance(&advance);
                Ok(())
            })
            .await
    }
}

fn failed(fault: Fault) -> CoordError {
    match fault {
        Fault::Refused => refused("simulated"),
        Fault::Full => CoordError::DiskFull,
        _ => CoordError::Unknown("simulated".to_owned()),
    }
}
