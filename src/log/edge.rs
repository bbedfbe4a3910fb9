//! The right edge of the tree: the tile hashes that are in no stored tile yet.
//!
//! Everything left of the edge lies in full tiles in the object store. The edge is a pure function of the entries
//! and is rebuilt at every start.

use tlog::{Growth, Hash, NodeId, TILE_HEIGHT, TILE_WIDTH, TreeSize};

/// The levels of tiles that a tree of 2^63 leaves can have.
const TILE_LEVELS: usize = 8;

/// For each tile level the hashes from a tile boundary on.
#[derive(Clone, Debug)]
pub struct Edge {
    size: u64,
    levels: Vec<Run>,
}

/// The hashes of one tile level from `first` on, a multiple of 256.
#[derive(Clone, Debug, Default)]
struct Run {
    first: u64,
    hashes: Vec<Hash>,
}

impl Edge {
    /// The edge of a tree all of whose full tiles are stored below this size, a multiple of 256: for each tile level
    /// the hashes of its partial tile, which the caller read from the tiles below.
    pub fn resume(stored: TreeSize, partial_tiles: Vec<Vec<Hash>>) -> Self {
        let mut levels: Vec<Run> = Vec::with_capacity(TILE_LEVELS);
        let mut partial_tiles = partial_tiles.into_iter();
        for level in 0..TILE_LEVELS {
            let hashes = partial_tiles.next().unwrap_or_default();
            let count = stored.get() >> (usize::from(TILE_HEIGHT) * level);
            levels.push(Run {
                first: count - count % TILE_WIDTH,
                hashes,
            });
        }
        Self {
            size: stored.get(),
            levels,
        }
    }

    /// How many leaves the tree has.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Takes in what a batch adds.
    pub fn extend(&mut self, growth: &Growth) {
        debug_assert_eq!(growth.before().get(), self.size);
        for (level, run) in (0u8..).zip(&mut self.levels) {
            let (_, new) = growth.new_nodes_at(level * TILE_HEIGHT);
            run.hashes.extend_from_slice(new);
        }
        self.size = growth.after().get();
    }

    /// The first hashes of a tile; `None` when they are left of the edge or not there yet.
    pub fn tile(&self, level: u8, index: u64, width: u16) -> Option<&[Hash]> {
        let run = self.levels.get(usize::from(level))?;
        let from = usize::try_from(index.checked_mul(TILE_WIDTH)?.checked_sub(run.first)?).ok()?;
        run.hashes.get(from..from + usize::from(width))
    }

    /// The leaves `from..to`, if the edge still has them all.
    pub fn leaves(&self, from: u64, to: u64) -> Option<&[Hash]> {
        let run = self.levels.first()?;
        let place = |index: u64| usize::try_from(index.checked_sub(run.first)?).ok();
        run.hashes.get(place(from)?..place(to)?)
    }

    /// A complete node of the tree, if the edge has what it is made of.
    pub fn node(&self, node: NodeId) -> Option<Hash> {
        let run = self.levels.get(usize::from(node.level() / TILE_HEIGHT))?;
        let height = node.level() % TILE_HEIGHT;
        let from = usize::try_from((node.index() << height).checked_sub(run.first)?).ok()?;
        let hashes = run.hashes.get(from..from + (1 << height))?;
        Some(fold_perfect(hashes))
    }

    /// Forgets full tiles below `stored`, a multiple of 256, which lie in the object store now.
    pub fn forget_below(&mut self, stored: TreeSize) {
        for (level, run) in self.levels.iter_mut().enumerate() {
            let count = stored.get() >> (usize::from(TILE_HEIGHT) * level);
            let first = count - count % TILE_WIDTH;
            if let Ok(gone) = usize::try_from(first.saturating_sub(run.first))
                && gone > 0
            {
                run.hashes.drain(..gone.min(run.hashes.len()));
                run.first = first;
            }
        }
    }
}

/// The root of a perfect subtree over these hashes, a power of two of them.
pub fn fold_perfect(hashes: &[Hash]) -> Hash {
    match hashes {
        [one] => *one,
        many => {
            let (left, right) = many.split_at(many.len() / 2);
            Hash::of_node(&fold_perfect(left), &fold_perfect(right))
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on must panic")]
mod tests {
    use super::{Edge, fold_perfect};
    use tlog::{Frontier, Growth, Hash, NodeId, Tile, TreeSize};

    fn leaf(index: u64) -> Hash {
        Hash::of_leaf(&index.to_be_bytes())
    }

    /// The hash of a perfect subtree, from its leaves.
    fn node(node: NodeId) -> Hash {
        let first = node.index() << node.level();
        fold_perfect(
            &(first..first + (1 << node.level()))
                .map(leaf)
                .collect::<Vec<_>>(),
        )
    }

    fn grow(edge: &mut Edge, frontier: &mut Frontier, count: u64) {
        let from = edge.size();
        let growth = Growth::new(frontier, (from..from + count).map(leaf).collect());
        edge.extend(&growth);
        *frontier = growth.frontier();
    }

    #[test]
    fn it_has_every_tile_and_node_of_the_tree_until_they_are_stored() {
        let mut edge = Edge::resume(TreeSize::ZERO, Vec::new());
        let mut frontier = Frontier::empty();
        for count in [1, 200, 55, 1, 300, 255, 188] {
            grow(&mut edge, &mut frontier, count);
            let size = TreeSize::new(edge.size()).unwrap();
            for tile in Tile::all_for(size) {
                let expected: Vec<Hash> = tile.nodes().map(node).collect();
                assert_eq!(
                    edge.tile(tile.level(), tile.index(), tile.width()),
                    Some(expected.as_slice()),
                    "{tile:?}"
                );
            }
        }
        assert_eq!(edge.size(), 1_000);
        assert_eq!(edge.node(NodeId::new(8, 2)), Some(node(NodeId::new(8, 2))));
        assert_eq!(
            edge.node(NodeId::new(8, 3)),
            None,
            "the tree does not reach so far"
        );
    }

    #[test]
    fn what_is_stored_is_forgotten_and_nothing_else() {
        let mut edge = Edge::resume(TreeSize::ZERO, Vec::new());
        let mut frontier = Frontier::empty();
        grow(&mut edge, &mut frontier, 700);
        edge.forget_below(TreeSize::new(512).unwrap());
        assert_eq!(edge.tile(0, 1, 256), None);
        let partial: Vec<Hash> = (512..700).map(leaf).collect();
        assert_eq!(edge.tile(0, 2, 188), Some(partial.as_slice()));
        assert_eq!(
            edge.tile(1, 0, 2).map(<[Hash]>::len),
            Some(2),
            "an upper tile that is not full stays"
        );
    }

    #[test]
    fn it_goes_on_from_the_stored_tiles_as_if_it_had_never_stopped() {
        let mut whole = Edge::resume(TreeSize::ZERO, Vec::new());
        let mut frontier = Frontier::empty();
        grow(&mut whole, &mut frontier, 512);
        let at_512 = frontier.clone();
        grow(&mut whole, &mut frontier, 300);
        let upper = vec![node(NodeId::new(8, 0)), node(NodeId::new(8, 1))];
        let mut resumed = Edge::resume(TreeSize::new(512).unwrap(), vec![vec![], upper]);
        let mut frontier = at_512;
        grow(&mut resumed, &mut frontier, 300);
        for (level, index, width) in [(0, 2, 256), (0, 3, 44), (1, 0, 3)] {
            assert_eq!(
                resumed.tile(level, index, width),
                whole.tile(level, index, width)
            );
        }
    }
}
