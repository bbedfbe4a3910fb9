//! Tiles and entry bundles: the files that a tree is published in. <https://c2sp.org/tlog-tiles>
//!
//! A tile holds up to 256 hashes of one level; levels count in steps of eight. Parsing a path gives numbers, and only
//! [`Tile::path`] gives text again: no stranger's text ever reaches a store.
#![warn(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]

use crate::{Hash, LeafIndex, NodeId, TreeSize};
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
    index: u64,
    width: u16,
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
            Ok(Spot { index, width }) => Ok(Self {
                level,
                index,
                width,
            }),
            Err(malformed) => Err(malformed),
        }
    }

    /// The level: its hashes are those of nodes of level 8 × `level`.
    pub const fn level(self) -> u8 {
        self.level
    }

    /// The position within the level, from the left, from 0.
    pub const fn index(self) -> u64 {
        self.index
    }

    /// How many hashes it has: 256, or 1..=255 if it is partial.
    pub const fn width(self) -> u16 {
        self.width
    }

    /// Whether it has all its 256 hashes, and so never changes.
    pub const fn is_full(self) -> bool {
        self.width == FULL
    }

    /// The same tile with all its 256 hashes.
    #[must_use]
    pub const fn to_full(self) -> Self {
        Self {
            width: FULL,
            ..self
        }
    }

    /// The nodes of the tree that are its hashes, first to last.
    pub fn nodes(self) -> impl ExactSizeIterator<Item = NodeId> {
        let first = self.spot().first();
        // A level beyond that of any node has no tile in any tree; 255 keeps it so.
        let level = self.level.saturating_mul(TILE_HEIGHT);
        (0..self.width).map(move |place| NodeId::new(level, first.saturating_add(place.into())))
    }

    /// Its address: `tile/0/x001/x234/067`, or `tile/1/000.p/17` if it is partial.
    pub fn path(self) -> String {
        format!("tile/{}/{}", self.level, self.spot())
    }

    /// The address of the entries that its hashes are of; `None` above level 0.
    pub fn entries_path(self) -> Option<String> {
        self.bundle().map(Bundle::path)
    }

    /// The entries that its hashes are of; `None` above level 0.
    pub const fn bundle(self) -> Option<Bundle> {
        match self.level {
            0 => Some(Bundle(self.spot())),
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
        (range.end <= tile.width).then_some(tile)
    }

    /// The hash of a node, from the hashes of this tile; `None` if the node is not in it, or if these are not as many
    /// hashes as the tile has.
    pub fn node_from(self, hashes: &[Hash], node: NodeId) -> Option<Hash> {
        let (level, index, range) = Self::of_node(node);
        if (level, index) != (self.level, self.index) || hashes.len() != usize::from(self.width) {
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
        self.spot().end() <= hashes_at(self.level, size)
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

    const fn spot(self) -> Spot {
        Spot {
            index: self.index,
            width: self.width,
        }
    }
}

impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path())
    }
}

/// An entry bundle: the entries whose leaf hashes are the tile of level 0 at the same place.
///
/// ```text
/// tile/entries/x001/x234/067
/// tile/entries/273.p/112
/// ```
/// ```
/// # use tlog::{Bundle, LeafIndex};
/// let bundle = Bundle::parse_path("tile/entries/273.p/112")?;
/// assert_eq!((bundle.index(), bundle.width()), (273, 112));
/// assert_eq!(bundle.leaves(), 69_888..70_000);
/// assert_eq!(Bundle::of_leaf(LeafIndex::new(70_000)), Some((bundle.to_full(), 112)));
/// # Ok::<(), tlog::MalformedTile>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bundle(Spot);

impl Bundle {
    /// The `index`-th bundle, with the first `width` (1..=256) of its entries.
    pub const fn new(index: u64, width: u16) -> Result<Self, MalformedTile> {
        match Spot::new(index, width) {
            Ok(spot) => Ok(Self(spot)),
            Err(malformed) => Err(malformed),
        }
    }

    /// The position, from 0.
    pub const fn index(self) -> u64 {
        self.0.index
    }

    /// How many entries it has: 256, or 1..=255 if it is partial.
    pub const fn width(self) -> u16 {
        self.0.width
    }

    /// Whether it has all its 256 entries, and so never changes.
    pub const fn is_full(self) -> bool {
        self.0.width == FULL
    }

    /// The same bundle with all its 256 entries.
    #[must_use]
    pub const fn to_full(self) -> Self {
        Self(Spot {
            width: FULL,
            ..self.0
        })
    }

    /// The positions of its entries in the tree.
    pub fn leaves(self) -> Range<u64> {
        self.0.first()..self.0.end()
    }

    /// The tile of level 0 with the leaf hashes of its entries.
    pub const fn tile(self) -> Tile {
        Tile {
            level: 0,
            index: self.0.index,
            width: self.0.width,
        }
    }

    /// Its address: `tile/entries/x001/x234/067`, or `tile/entries/273.p/112` if it is partial.
    pub fn path(self) -> String {
        format!("tile/entries/{}", self.0)
    }

    /// Reads an address exactly as [`Self::path`] writes it.
    pub fn parse_path(path: &str) -> Result<Self, MalformedTile> {
        let spot = path
            .strip_prefix("tile/entries/")
            .ok_or(MalformedTile::Prefix)?;
        Spot::parse(spot).map(Self)
    }

    /// The full bundle that a leaf is in, and its place there; `None` if no tree has the leaf.
    pub fn of_leaf(index: LeafIndex) -> Option<(Self, u8)> {
        let (_, bundle, place) = Tile::of_node(NodeId::new(0, index.get()));
        let place = u8::try_from(place.start).ok()?;
        Some((Self::new(bundle, FULL).ok()?, place))
    }

    /// Every bundle of a tree of this size, from the left; the last may be partial.
    pub fn all_for(size: TreeSize) -> impl Iterator<Item = Self> {
        (0..size.get().div_ceil(TILE_WIDTH)).filter_map(move |index| {
            Spot::width_in(index, size.get()).and_then(|width| Self::new(index, width).ok())
        })
    }

    /// Whether a tree of this size has all the bundle's entries. A partial bundle of an earlier size counts too.
    pub fn exists_in(self, size: TreeSize) -> bool {
        self.0.end() <= size.get()
    }
}

impl fmt::Display for Bundle {
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

const FULL: u16 = 256;

/// Beyond every tree: the largest has 2^63 − 1 leaves. So no sum of places here leaves 64 bits.
const INDEX_END: u64 = 1 << 55;

/// The place of a tile in its level, and its width: `x001/x234/067`, `273.p/112`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Spot {
    index: u64,
    width: u16,
}

impl Spot {
    const fn new(index: u64, width: u16) -> Result<Self, MalformedTile> {
        if index >= INDEX_END {
            Err(MalformedTile::Index)
        } else if width == 0 || width > FULL {
            Err(MalformedTile::Width)
        } else {
            Ok(Self { index, width })
        }
    }

    /// How wide the tile at this index is in a level of so many hashes; `None` if it has none of them.
    fn width_in(index: u64, hashes: u64) -> Option<u16> {
        let left = hashes.checked_sub(index.checked_mul(TILE_WIDTH)?)?;
        u16::try_from(left.min(TILE_WIDTH))
            .ok()
            .filter(|width| *width > 0)
    }

    /// The position of its first hash within the level.
    fn first(self) -> u64 {
        self.index.saturating_mul(TILE_WIDTH)
    }

    /// The position after its last hash within the level.
    fn end(self) -> u64 {
        self.first().saturating_add(self.width.into())
    }

    fn parse(text: &str) -> Result<Self, MalformedTile> {
        let (index, width) = match text.split_once(".p/") {
            None => (text, FULL),
            Some((index, width)) => {
                let width = decimal(width)
                    .and_then(|width| u8::try_from(width).ok())
                    .ok_or(MalformedTile::Width)?;
                (index, width.into())
            }
        };
        Self::new(parse_index(index).ok_or(MalformedTile::Index)?, width)
    }
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // An index below 2^55 has at most six groups of three digits.
        let mut begun = false;
        for unit in [15, 12, 9, 6, 3].map(|zeroes| 10_u64.pow(zeroes)) {
            let group = self.index.checked_div(unit).unwrap_or(0) % 1000;
            begun |= group > 0;
            if begun {
                write!(f, "x{group:03}/")?;
            }
        }
        write!(f, "{:03}", self.index % 1000)?;
        if self.width == FULL {
            Ok(())
        } else {
            write!(f, ".p/{}", self.width)
        }
    }
}

/// Reads `x001/x234/067`: three digits an element, `x` before all but the last, and no element of zeroes in front.
fn parse_index(text: &str) -> Option<u64> {
    let (groups, last) = match text.rsplit_once('/') {
        None => ("", text),
        Some((groups, last)) => (groups, last),
    };
    let mut index: u64 = 0;
    if text.contains('/') {
        for group in groups.split('/') {
            let group = group.strip_prefix('x')?;
            index = index.checked_mul(1000)?.checked_add(three_digits(group)?)?;
            if index == 0 {
                return None; // x000 in front: another spelling of a shorter path
            }
        }
    }
    index.checked_mul(1000)?.checked_add(three_digits(last)?)
}

fn three_digits(text: &str) -> Option<u64> {
    let plain = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok())?
}

/// A decimal without sign and without leading zeroes.
fn decimal(text: &str) -> Option<u64> {
    LeafIndex::from_decimal(text).ok().map(LeafIndex::get)
}

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
