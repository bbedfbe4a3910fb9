//! What the adapters do on a full disk.
//!
//! A small file system is needed, as `.ci/run` makes one: `mount -t tmpfs -o size=2m tmpfs DIR`, then
//! `NOTARYLOG_SMALL_FOLDER=DIR cargo test`. Where there is none the tests say that they are skipped; with `CI=true` they
//! fail.

use super::anchor::{Anchor as _, AnchorError, AnchorRecord};
use super::coord::{Coord as _, CoordError, Head, Incarnation};
use super::journal::Journal;
use super::objects::{ObjectError, Objects as _};
use super::sample_step::{step, take};
use super::sqlite::SqliteCoord;
use super::tile_store::TileStore;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use tlog::{Hash, TreeSize};
use tokio::sync::{Mutex, MutexGuard};

const ORIGIN_HASH: [u8; 32] = [0x0f; 32];

#[tokio::test]
async fn the_database_refuses_the_step_and_goes_on_when_there_is_room() {
    let Some(disk) =
        SmallDisk::take("the_database_refuses_the_step_and_goes_on_when_there_is_room").await
    else {
        return;
    };
    let path = disk.path().join("log.sqlite");
    let coord = SqliteCoord::open(&path, &ORIGIN_HASH, 1).await.unwrap();
    coord.open(Incarnation([1; 16]), None).await.unwrap();
    for room in [0, 1, 4096, 10_000, 50_000] {
        let head = take(&coord, step(1)).await;
        disk.fill(room);
        let lock = coord.lock().await.unwrap();
        let next = step(5000)(lock.committed());
        let full = lock.advance(&next).await;
        assert!(
            matches!(full, Err(CoordError::DiskFull)),
            "{room}: {full:?}"
        );
        assert_eq!(coord.committed().await.unwrap().head, head);
        disk.empty();
        take(&coord, step(300)).await;
        coord.checkpoint().await.unwrap();
    }
}

#[tokio::test]
async fn the_journal_begins_no_segment_and_may_be_asked_again() {
    let Some(disk) = SmallDisk::take("the_journal_begins_no_segment_and_may_be_asked_again").await
    else {
        return;
    };
    let path = disk.path().join("journal");
    disk.fill(8192);
    let mut journal = Journal::open(&path, &ORIGIN_HASH).unwrap();
    let record = AnchorRecord {
        first: TreeSize::ZERO,
        entries: Vec::new(),
        notices: Vec::new(),
        head: Head {
            size: TreeSize::ZERO,
            root: Hash::EMPTY_ROOT,
            time_ms: 1,
        },
    };
    // A segment is longer than the whole disk: there never is room.
    for _ in 0..2 {
        let full = journal.append(&record);
        assert!(matches!(full, Err(AnchorError::DiskFull)), "{full:?}");
        assert_eq!(fs::read_dir(&path).unwrap().count(), 0);
    }
}

#[tokio::test]
async fn the_tiles_refuse_an_object_and_go_on_when_there_is_room() {
    let Some(disk) =
        SmallDisk::take("the_tiles_refuse_an_object_and_go_on_when_there_is_room").await
    else {
        return;
    };
    let tiles = TileStore::open(disk.path()).unwrap();
    disk.fill(4096);
    let tile = vec![7; 8192];
    let full = tiles.put("tile/0/000", tile.clone().into()).await;
    assert!(matches!(full, Err(ObjectError::DiskFull)), "{full:?}");
    assert_eq!(tiles.get("tile/0/000").await.unwrap(), None);
    disk.empty();
    tiles.put("tile/0/000", tile.into()).await.unwrap();
}

/// One test at a time: another would fill the disk under it.
static DISK: Mutex<()> = Mutex::const_new(());

/// A small file system for one test.
pub(crate) struct SmallDisk {
    folder: TempDir,
    _alone: MutexGuard<'static, ()>,
}

impl SmallDisk {
    /// Waits for the disk. Without one the test of this name is skipped, and with `CI=true` it fails.
    pub(crate) async fn take(name: &str) -> Option<Self> {
        let Some(folder) = std::env::var_os("NOTARYLOG_SMALL_FOLDER") else {
            let why = "NOTARYLOG_SMALL_FOLDER names no small file system";
            assert!(
                std::env::var("CI").as_deref() != Ok("true"),
                "{name}: {why}, and CI=true"
            );
            println!("SKIPPED {name}: {why}");
            return None;
        };
        let alone = DISK.lock().await;
        Some(Self {
            folder: TempDir::new_in(PathBuf::from(folder)).unwrap(),
            _alone: alone,
        })
    }

    /// A folder on the disk.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Leaves about so many bytes.
    pub(crate) fn fill(&self, room: usize) {
        let mut ballast = fs::File::create(self.folder.path().join("ballast")).unwrap();
        ballast.write_all(&vec![0; room]).unwrap();
        let mut rest = fs::File::create(self.folder.path().join("rest")).unwrap();
        while rest.write_all(&[0; 512]).is_ok() {}
        fs::remove_file(self.folder.path().join("ballast")).unwrap();
    }

    /// Makes room again.
    pub(crate) fn empty(&self) {
        fs::remove_file(self.folder.path().join("rest")).unwrap();
    }
}
