//! Tiles: the files that the hashes of a tree are published in. <https://c2sp.org/tlog-tiles>
//!
//! A tile holds up to 256 hashes of one level; levels count in steps of eight. Parsing a path gives numbers, and only
//! [`Tile::path`] gives text again: no stranger's text ever reaches a store.
#![warn(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]

use crate::spot::{FULL, Spot, decimal};
use crate::{Bundle, Hash, NodeId, TreeSize};
use alloc::{format, string::String, vec::Vec};
use core::{fmt, ops::Range};

/// How many hashes a full tile has, and how many entries a full bundle.
pub const TILE_WIDTH: u64 = 256;

/// How many levels of the tree one level of tiles spans.
pub const TILE_HEIGHT: u8 = 8;

/// A tile: some consecutive hashes of one level, 32 bytes each.
///
/// ```text
/// tile/0/x001/x234/067       256 leaf hashes, the first of leaf 1234067 × 256
/// tile/1/000.p/17            17 hashes, each of 256 leaves
/// ```
/// ```
/// # use tlog::{Tile, TreeSize};
/// let tile = Tile::parse_path("tile/0/x001/x234/067")?;
/// assert_eq!((tile.level(), tile.index(), tile.width()), (0, 1_234_067, 256));
/// assert_eq!(Tile::new(1, 0, 17)?.path(), "tile/1/000.p/17");
/// assert!(Tile::parse_path("tile/0/01").is_err());
///
/// // The specification's tree of size 70,000: what follows its 273 full tiles of leaf hashes.
/// let tiles = Tile::all_for(TreeSize::new(70_000).unwrap());
/// let paths: Vec<String> = tiles.skip(273).map(|tile| tile.path()).collect();
/// assert_eq!(paths, ["tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1"]);
/// # Ok::<(), tlog::MalformedTile>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    level: u8,
    spot: Spot,
}

impl Tile {
    /// The largest level that a path may name (c2sp.org/tlog-tiles, Merkle Tree). No tree of ours reaches level 8.
    pub const LEVEL_MAX: u8 = 63;

    /// The `index`-th tile, from the left, of a level 0..=63, with the first `width` (1..=256) of its hashes.
    pub const fn new(level: u8, index: u64, width: u16) -> Result<Self, MalformedTile> {
        if level > Self::LEVEL_MAX {
            return Err(MalformedTile::Level);
        }
        match Spot::new(index, width) {
            Ok(spot) => Ok(Self { level, spot }),
            Err(malformed) => Err(malformed),
        }
    }

    /// The leaf hashes of a bundle's entries.
    pub(crate) const fn of_leaves(spot: Spot) -> Self {
        Self { level: 0, spot }
    }

    /// The level: its hashes are those of nodes of level 8 × `level`.
    pub const fn level(self) -> u8 {
        self.level
    }

    /// The position within the level, from the left, from 0.
    pub const fn index(self) -> u64 {
        self.spot.index
    }

    /// How many hashes it has: 256, or 1..=255 if it is partial.
    pub const fn width(self) -> u16 {
        self.spot.width
    }

    /// Whether it has all its 256 hashes, and so never changes.
    pub const fn is_full(self) -> bool {
        self.spot.width == FULL
    }

    /// The same tile with all its 256 hashes.
    #[must_use]
    pub const fn to_full(self) -> Self {
        Self {
            spot: self.spot.to_full(),
            ..self
        }
    }

    /// The nodes of the tree that are its hashes, first to last.
    pub fn nodes(self) -> impl ExactSizeIterator<Item = NodeId> {
        let first = self.spot.first();
        // A level beyond that of any node has no tile in any tree; 255 keeps it so.
        let level = self.level.saturating_mul(TILE_HEIGHT);
        (0..self.spot.width)
            .map(move |place| NodeId::new(level, first.saturating_add(place.into())))
    }

    /// Its address: `tile/0/x001/x234/067`, or `tile/1/000.p/17` if it is partial.
    pub fn path(self) -> String {
        format!("tile/{}/{}", self.level, self.spot)
    }

    /// The address of the entries that its hashes are of; `None` above level 0.
    pub fn entries_path(self) -> Option<String> {
        self.bundle().map(Bundle::path)
    }

    /// The entries that its hashes are of; `None` above level 0.
    pub const fn bundle(self) -> Option<Bundle> {
        match self.level {
            0 => Some(Bundle::at(self.spot)),
            _ => None,
        }
    }

    /// Reads an address exactly as [`Self::path`] writes it.
    pub fn parse_path(path: &str) -> Result<Self, MalformedTile> {
        let rest = path.strip_prefix("tile/").ok_or(MalformedTile::Prefix)?;
        let (level, spot) = rest.split_once('/').ok_or(MalformedTile::Level)?;
        let level = decimal(level)
            .and_then(|level| u8::try_from(level).ok())
            .ok_or(MalformedTile::Level)?;
        let Spot { index, width } = Spot::parse(spot)?;
        Self::new(level, index, width)
    }

    /// Where a node stands in the tiles: the level and index of the tile, and which of the tile's hashes are below the
    /// node. One hash is the node itself; 2, 4, … 128 hash to it.
    ///
    /// ```
    /// # use tlog::{NodeId, Tile};
    /// assert_eq!(Tile::of_node(NodeId::new(8, 257)), (1, 1, 1..2));
    /// assert_eq!(Tile::of_node(NodeId::new(7, 3)), (0, 1, 128..256));
    /// ```
    pub fn of_node(node: NodeId) -> (u8, u64, Range<u16>) {
        let (level, within) = (node.level() / TILE_HEIGHT, node.level() % TILE_HEIGHT);
        // A tile is 2^(8 − within) nodes of this level wide, and each spans 2^within of its hashes.
        let tile_bits = TILE_HEIGHT.saturating_sub(within);
        let index = node.index() >> tile_bits;
        let place = node.index() & !(u64::MAX << tile_bits);
        let first = u16::try_from(place << within).unwrap_or(0); // below 256, by the mask
        (level, index, first..first.saturating_add(1 << within))
    }

    /// The tile of a tree of this size that holds a node, full or partial; `None` if the tree has not completed the
    /// node.
    pub fn holding(node: NodeId, size: TreeSize) -> Option<Self> {
        let (level, index, range) = Self::of_node(node);
        let tile = Self::in_tree(level, index, size)?;
        (range.end <= tile.spot.width).then_some(tile)
    }

    /// The hash of a node, from the hashes of this tile; `None` if the node is not in it, or if these are not as many
    /// hashes as the tile has.
    pub fn node_from(self, hashes: &[Hash], node: NodeId) -> Option<Hash> {
        let (level, index, range) = Self::of_node(node);
        if (level, index) != (self.level, self.spot.index)
            || hashes.len() != usize::from(self.spot.width)
        {
            return None;
        }
        hashes
            .get(range.start.into()..range.end.into())
            .and_then(perfect_root)
    }

    /// The root of a full tile, which is a hash of the tile above it; `None` if these are not 256 hashes.
    pub fn root_of_full(hashes: &[Hash]) -> Option<Hash> {
        (hashes.len() == usize::from(FULL)).then(|| perfect_root(hashes))?
    }

    /// Every tile of a tree of this size, the partial ones included: level by level, from the left.
    pub fn all_for(size: TreeSize) -> impl Iterator<Item = Self> {
        Self::from_first(size, |_| 0)
    }

    /// Every full tile that a tree of size `after` has and one of size `before` had not: what is to be stored.
    pub fn completed(before: TreeSize, after: TreeSize) -> impl Iterator<Item = Self> {
        Self::from_first(after, move |level| hashes_at(level, before) / TILE_WIDTH)
            .filter(|tile| tile.is_full())
    }

    /// Whether a tree of this size has all the tile's hashes. A partial tile of an earlier size counts too.
    pub fn exists_in(self, size: TreeSize) -> bool {
        self.spot.end() <= hashes_at(self.level, size)
    }

    /// The tile at this place in a tree of this size, as wide as it is there.
    fn in_tree(level: u8, index: u64, size: TreeSize) -> Option<Self> {
        Self::new(level, index, Spot::width_in(index, hashes_at(level, size))?).ok()
    }

    fn from_first(size: TreeSize, first: impl Fn(u8) -> u64 + Clone) -> impl Iterator<Item = Self> {
        (0..TILE_HEIGHT).flat_map(move |level| {
            let count = hashes_at(level, size).div_ceil(TILE_WIDTH);
            (first(level)..count).filter_map(move |index| Self::in_tree(level, index, size))
        })
    }
}

impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path())
    }
}

/// Why this is not the address of a tile or of a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MalformedTile {
    /// It does not begin with `tile/` or `tile/entries/`.
    Prefix,
    /// The level is not 0 to 63, or not written plainly.
    Level,
    /// The index is beyond every tree, or not written as three digits an element, `x` before all but the last.
    Index,
    /// The width is not 1 to 255 after `.p/`, or not written plainly.
    Width,
}

impl fmt::Display for MalformedTile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Prefix => "a tile's path begins with tile/, a bundle's with tile/entries/",
            Self::Level => "a tile's level is a decimal from 0 to 63 without leading zeroes",
            Self::Index => "a tile's index is written as in x001/x234/067, and below 2^55",
            Self::Width => {
                "a tile is 256 wide, or .p/ and a decimal from 1 to 255 without leading zeroes"
            }
        })
    }
}

impl core::error::Error for MalformedTile {}

/// How many hashes a level of tiles has in a tree of this size: floor(size / 256^level).
fn hashes_at(level: u8, size: TreeSize) -> u64 {
    size.get()
        .checked_shr(u32::from(level).saturating_mul(TILE_HEIGHT.into()))
        .unwrap_or(0)
}

/// The root of a perfect subtree: of 1, 2, 4, … 256 hashes; `None` for another number of them.
fn perfect_root(hashes: &[Hash]) -> Option<Hash> {
    if !hashes.len().is_power_of_two() {
        return None;
    }
    let mut row = hashes.to_vec();
    while row.len() > 1 {
        row = row
            .chunks_exact(2)
            .filter_map(|pair| match pair {
                [left, right] => Some(Hash::of_node(left, right)),
                _ => None,
            })
            .collect::<Vec<Hash>>();
    }
    row.first().copied()
}
