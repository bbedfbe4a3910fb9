//! A full tile in memory: its hashes as they are served, and, once a proof needed them, the nodes over them.

use super::edge::parents;
use bytes::Bytes;
use std::sync::{Arc, OnceLock};
use tlog::{Hash, TILE_HEIGHT, TILE_WIDTH};

/// The bytes of a full tile: 256 hashes.
pub const FULL_TILE_BYTES: usize = 256 * Hash::LEN;

/// A full tile. Clones share what was hashed.
#[derive(Clone, Debug)]
pub struct FullTile {
    bytes: Bytes,
    /// The nodes over the hashes, the lowest level first: 128, 64, … 2.
    nodes: Arc<OnceLock<Vec<Hash>>>,
}

impl FullTile {
    /// What it takes of memory at most, with the nodes.
    pub const BYTES_MAX: usize = 2 * FULL_TILE_BYTES;

    /// The tile of these hashes; none if they are not 256.
    pub fn new(bytes: Bytes) -> Option<Self> {
        (bytes.len() == FULL_TILE_BYTES).then(|| Self {
            bytes,
            nodes: Arc::default(),
        })
    }

    /// The 256 hashes.
    pub const fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// A node at this height over the hashes, below the tile's root; `place` counts from the left. Hashes the tile once.
    pub fn node(&self, height: u8, place: u64) -> Option<Hash> {
        let place = usize::try_from(place).ok()?;
        if height >= TILE_HEIGHT || place >= 256 >> height {
            return None;
        }
        if height == 0 {
            let from = place * Hash::LEN;
            return Hash::from_slice(self.bytes.get(from..from + Hash::LEN)?).ok();
        }
        // Before the nodes of this height lie those of all lower ones: 128, 64, …
        let below = 256 - (512 >> height);
        self.nodes
            .get_or_init(|| self.hashed())
            .get(below + place)
            .copied()
    }

    fn hashed(&self) -> Vec<Hash> {
        let (hashes, _) = self.bytes.as_chunks::<{ Hash::LEN }>();
        let mut level: Vec<Hash> = hashes.iter().copied().map(Hash::new).collect();
        let mut nodes = Vec::with_capacity(254);
        for _ in 1..TILE_HEIGHT {
            level = parents(&level);
            nodes.extend_from_slice(&level);
        }
        debug_assert_eq!(nodes.len() as u64, TILE_WIDTH - 2);
        nodes
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on must panic")]
mod tests {
    use super::*;
    use crate::log::edge::fold_perfect;

    #[test]
    fn it_has_every_node_below_its_root() {
        let leaves: Vec<Hash> = (0..256u64)
            .map(|index| Hash::of_leaf(&index.to_be_bytes()))
            .collect();
        let bytes = leaves.iter().flat_map(|leaf| *leaf.as_bytes()).collect();
        let tile = FullTile::new(bytes).unwrap();
        for height in 0..8 {
            let spans = leaves.chunks(1 << height);
            for (place, span) in (0..).zip(spans) {
                assert_eq!(tile.node(height, place), Some(fold_perfect(span)));
            }
            assert_eq!(tile.node(height, 256 >> height), None);
        }
        assert_eq!(tile.node(8, 0), None, "the root stands in the tile above");
    }

    #[test]
    fn another_length_is_no_tile() {
        for bytes in [0, FULL_TILE_BYTES - 32, FULL_TILE_BYTES + 1] {
            assert!(FullTile::new(vec![0; bytes].into()).is_none(), "{bytes}");
        }
    }
}
