//! Entry bundles: the files that the entries of a log are published in. <https://c2sp.org/tlog-tiles>
#![warn(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]

use crate::spot::{FULL, Spot};
use crate::{LeafIndex, MalformedTile, NodeId, TILE_WIDTH, Tile, TreeSize};
use alloc::{format, string::String};
use core::{fmt, ops::Range};

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
    pub(crate) const fn at(spot: Spot) -> Self {
        Self(spot)
    }

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
        Self(self.0.to_full())
    }

    /// The positions of its entries in the tree.
    pub fn leaves(self) -> Range<u64> {
        self.0.first()..self.0.end()
    }

    /// The tile of level 0 with the leaf hashes of its entries.
    pub const fn tile(self) -> Tile {
        Tile::of_leaves(self.0)
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
