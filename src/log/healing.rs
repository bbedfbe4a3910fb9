//! Healing: full tiles and bundles that the object store lost are made again from the rows, while those are there.
//!
//! A store that went back to an older copy lacks the newest tiles. Rows stay for the healing window after their tiles
//! are stored, so a start finds how far the tiles reach, takes the rest from the rows, and puts what is missing. Each
//! tile is a function of the entries, and the entries must hash to the committed root: nothing is made up.

use super::edge::Edge;
use super::history::frame;
use super::start_error::StartError;
use crate::storage::coord::{Coord, CoordError};
use crate::storage::objects::{ObjectError, Objects};
use tlog::{Bundle, LeafIndex, TILE_HEIGHT, TILE_WIDTH, Tile, TreeSize};

/// Up to where the object store holds what it should: `stored`, or less when newer tiles are missing.
pub async fn reach(objects: &dyn Objects, stored: TreeSize) -> Result<TreeSize, ObjectError> {
    let size =
        |bundles: u64| TreeSize::new(bundles * TILE_WIDTH).expect("it is at most what was stored");
    let (mut holds, mut lacks) = (0, stored.get() / TILE_WIDTH + 1);
    if holds_last(objects, stored).await? {
        return Ok(stored);
    }
    // An older copy has all tiles up to some size and none beyond.
    while lacks - holds > 1 {
        let middle = holds + (lacks - holds) / 2;
        if holds_last(objects, size(middle)).await? {
            holds = middle;
        } else {
            lacks = middle;
        }
    }
    Ok(size(holds))
}

/// Whether the last bundle and the last full tile of each level are there, of a tree of this size.
async fn holds_last(objects: &dyn Objects, size: TreeSize) -> Result<bool, ObjectError> {
    let Some(last) = (size.get() / TILE_WIDTH).checked_sub(1) else {
        return Ok(true);
    };
    let mut paths = Vec::new();
    paths.extend(Bundle::new(last, 256).map(Bundle::path));
    for level in 0..8u8 {
        let full = (size.get() >> (TILE_HEIGHT * level)) / TILE_WIDTH;
        if let Some(last) = full.checked_sub(1) {
            paths.extend(Tile::new(level, last, 256).map(Tile::path));
        }
    }
    for path in paths {
        if objects.get(&path).await?.is_none() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Puts the tiles and bundles of the entries `from..stored` again; the edge holds all its hashes from `from` on.
pub async fn heal(
    coord: &dyn Coord,
    objects: &dyn Objects,
    edge: &Edge,
    from: TreeSize,
    stored: TreeSize,
) -> Result<(), StartError> {
    for tile in Tile::completed(from, stored) {
        let hashes = edge
            .tile(tile.level(), tile.index(), 256)
            .ok_or_else(|| StartError::Damaged(format!("{} cannot be made again", tile.path())))?;
        if tile.level() == 0 {
            let bundle = Bundle::new(tile.index(), 256).expect("it lies in the tree");
            let first = LeafIndex::new(tile.index() * TILE_WIDTH);
            let after = TreeSize::new(first.get() + TILE_WIDTH).expect("it lies in the tree");
            let rows = coord.read_back(first, after).await.map_err(lost)?;
            objects.put(&bundle.path(), frame(&rows)).await?;
        }
        let bytes = hashes.iter().flat_map(|hash| *hash.as_bytes()).collect();
        objects.put(&tile.path(), bytes).await?;
    }
    Ok(())
}

/// What it means that a row is needed for a tile that is missing, and is not there.
pub fn lost(error: CoordError) -> StartError {
    match error {
        CoordError::Absent => StartError::Damaged(
            "tiles are missing and the rows of their entries were dropped: restore the newest copy of the tiles"
                .to_owned(),
        ),
        error => error.into(),
    }
}
