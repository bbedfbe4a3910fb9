//! Where a tile or a bundle stands, as its path says it: an index and a width. <https://c2sp.org/tlog-tiles>
#![warn(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]

use crate::{LeafIndex, MalformedTile, TILE_WIDTH};
use core::fmt;

/// The width of a full tile, as a width.
pub(crate) const FULL: u16 = 256;

/// Beyond every tree: the largest has 2^63 − 1 leaves. So no sum of places here leaves 64 bits.
const INDEX_END: u64 = 1 << 55;

/// The place of a tile in its level, and its width: `x001/x234/067`, `273.p/112`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Spot {
    pub(crate) index: u64,
    pub(crate) width: u16,
}

impl Spot {
    pub(crate) const fn new(index: u64, width: u16) -> Result<Self, MalformedTile> {
        if index >= INDEX_END {
            Err(MalformedTile::Index)
        } else if width == 0 || width > FULL {
            Err(MalformedTile::Width)
        } else {
            Ok(Self { index, width })
        }
    }

    pub(crate) const fn to_full(self) -> Self {
        Self {
            width: FULL,
            ..self
        }
    }

    /// How wide the tile at this index is in a level of so many hashes; `None` if it has none of them.
    pub(crate) fn width_in(index: u64, hashes: u64) -> Option<u16> {
        let left = hashes.checked_sub(index.checked_mul(TILE_WIDTH)?)?;
        u16::try_from(left.min(TILE_WIDTH))
            .ok()
            .filter(|width| *width > 0)
    }

    /// The position of its first hash within the level.
    pub(crate) fn first(self) -> u64 {
        self.index.saturating_mul(TILE_WIDTH)
    }

    /// The position after its last hash within the level.
    pub(crate) fn end(self) -> u64 {
        self.first().saturating_add(self.width.into())
    }

    pub(crate) fn parse(text: &str) -> Result<Self, MalformedTile> {
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
pub(crate) fn decimal(text: &str) -> Option<u64> {
    LeafIndex::from_decimal(text).ok().map(LeafIndex::get)
}
