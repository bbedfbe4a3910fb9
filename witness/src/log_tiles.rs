//! A log's public tiles: the hashes that open one of its trees. <https://c2sp.org/tlog-tiles>

use crate::outside::{Outside, Unanswered};
use futures_util::StreamExt as _;
use futures_util::stream;
use std::collections::BTreeMap;
use tlog::{Hash, NodeId, Tile, TreeSize};

/// The bytes of a full tile: 256 hashes.
const TILE_BYTES_MAX: usize = 256 * 32;

/// Tiles that are asked for at once.
const ASKED_AT_ONCE: usize = 8;

/// The hashes of these nodes of the tree of this size, as the log at `url` serves them. Nothing is verified: see
/// [`crate::comparison::opened`].
pub async fn read(
    outside: &dyn Outside,
    url: &str,
    size: TreeSize,
    nodes: &[NodeId],
) -> Result<BTreeMap<NodeId, Hash>, NoTiles> {
    let mut wanted: Vec<Tile> = Vec::new();
    for node in nodes {
        // Whoever asks for nodes that the tree has not completed gets no hash for them.
        if let Some(tile) = Tile::holding(*node, size).filter(|tile| !wanted.contains(tile)) {
            wanted.push(tile);
        }
    }
    let tiles: Vec<Result<Vec<(NodeId, Hash)>, NoTiles>> = stream::iter(wanted)
        .map(async |tile| {
            let hashes = fetch(outside, url, tile).await?;
            let found = nodes.iter().filter_map(|node| {
                let hash = tile.node_from(&hashes, *node)?;
                Some((*node, hash))
            });
            Ok(found.collect())
        })
        .buffer_unordered(ASKED_AT_ONCE)
        .collect()
        .await;
    let mut hashes = BTreeMap::new();
    for tile in tiles {
        hashes.extend(tile?);
    }
    Ok(hashes)
}

/// A tile as wide as it is in the tree. Where a log took a partial tile away it has the full one in its place
/// (c2sp.org/tlog-tiles, partial tiles).
async fn fetch(outside: &dyn Outside, url: &str, tile: Tile) -> Result<Vec<Hash>, NoTiles> {
    let get = async |tile: Tile| {
        let address = format!("{url}/{}", tile.path());
        outside.get(&address, TILE_BYTES_MAX).await
    };
    let width = usize::from(tile.width());
    let mut bytes = get(tile).await?;
    if bytes.is_none() && !tile.is_full() {
        bytes = get(tile.to_full()).await?;
    }
    let bytes = bytes.ok_or(NoTiles::Withheld)?;
    let mut hashes: Vec<Hash> = bytes
        .chunks(32)
        .map(|hash| Hash::from_slice(hash).map_err(|_| NoTiles::Withheld))
        .collect::<Result<_, _>>()?;
    if hashes.len() < width {
        return Err(NoTiles::Withheld);
    }
    hashes.truncate(width);
    Ok(hashes)
}

/// Why a tree was not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoTiles {
    /// The log cannot be reached.
    Unreachable,
    /// The log answers, and not with its tiles.
    Withheld,
}

impl From<Unanswered> for NoTiles {
    fn from(why: Unanswered) -> Self {
        match why {
            Unanswered::Silent(_) => Self::Unreachable,
            Unanswered::Otherwise(_) => Self::Withheld,
        }
    }
}
