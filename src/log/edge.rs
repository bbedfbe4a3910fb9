//! The right edge of the tree: the tile hashes that are in no stored tile yet.
//!
//! Everything left of the edge lies in full tiles in the object store. The edge is a pure function of the entries
//! and is rebuilt at every start.

use tlog::{Growth, Hash, NodeId, TILE_HEIGHT, TILE_WIDTH, TreeSize};

/// The levels of nodes that a tree of 2^63 leaves can have.
const LEVELS: u8 = 63;

/// For each level of nodes those from a tile boundary on. Whatever is asked of it is read, not hashed.
#[derive(Clone, Debug)]
pub struct Edge {
    size: u64,
    levels: Vec<Run>,
}

/// The nodes of one level from the node `first` on, which is the first one in its tile.
#[derive(Clone, Debug, Default)]
struct Run {
    first: u64,
    nodes: Vec<Hash>,
}

impl Edge {
    /// The edge of a tree all of whose full tiles are stored below this size, a multiple of 256: for each tile level
    /// the hashes of its partial tile, which the caller read from the tiles below.
    pub fn resume(stored: TreeSize, partial_tiles: Vec<Vec<Hash>>) -> Self {
        let mut levels: Vec<Run> = Vec::with_capacity(usize::from(LEVELS));
        let mut partial_tiles = partial_tiles.into_iter();
        for level in 0..LEVELS {
            let nodes = match levels.last() {
                Some(below) if level % TILE_HEIGHT > 0 => parents(&below.nodes),
                _ => partial_tiles.next().unwrap_or_default(),
            };
            levels.push(Run {
                first: first_in_tile(stored, level),
                nodes,
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
        for (level, run) in (0..LEVELS).zip(&mut self.levels) {
            let (_, new) = growth.new_nodes_at(level);
            run.nodes.extend_from_slice(new);
        }
        self.size = growth.after().get();
    }

    /// The first hashes of a tile; `None` when they are left of the edge or not there yet.
    pub fn tile(&self, level: u8, index: u64, width: u16) -> Option<&[Hash]> {
        let run = self
            .levels
            .get(usize::from(level.checked_mul(TILE_HEIGHT)?))?;
        let from = run.place(index.checked_mul(TILE_WIDTH)?)?;
        run.nodes.get(from..from + usize::from(width))
    }

    /// The leaves `from..to`, if the edge still has them all.
    pub fn leaves(&self, from: u64, to: u64) -> Option<&[Hash]> {
        let run = self.levels.first()?;
        run.nodes.get(run.place(from)?..run.place(to)?)
    }

    /// A complete node of the tree, if it is not left of the edge.
    pub fn node(&self, node: NodeId) -> Option<Hash> {
        let run = self.levels.get(usize::from(node.level()))?;
        run.nodes.get(run.place(node.index())?).copied()
    }

    /// Forgets full tiles below `stored`, a multiple of 256, which lie in the object store now.
    pub fn forget_below(&mut self, stored: TreeSize) {
        for (level, run) in (0..LEVELS).zip(&mut self.levels) {
            let first = first_in_tile(stored, level);
            if let Some(gone) = run.place(first).filter(|gone| *gone > 0) {
                run.nodes.drain(..gone.min(run.nodes.len()));
                run.first = first;
            }
        }
    }
}

impl Run {
    fn place(&self, index: u64) -> Option<usize> {
        usize::try_from(index.checked_sub(self.first)?).ok()
    }
}

/// The first node of this level in the tile that is not full in a tree of this size.
const fn first_in_tile(size: TreeSize, level: u8) -> u64 {
    let height = level % TILE_HEIGHT;
    let hashes = size.get() >> (level - height);
    (hashes - hashes % TILE_WIDTH) >> height
}

/// The complete nodes right above these, of which the first is a left child.
pub fn parents(nodes: &[Hash]) -> Vec<Hash> {
    let (pairs, _) = nodes.as_chunks();
    pairs
        .iter()
        .map(|[left, right]| Hash::of_node(left, right))
        .collect()
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
