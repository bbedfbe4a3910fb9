//! The port `Lookups`: the tables from slot and from leaf hash to index, read as a whole.
//!
//! To ask for each entry of a log whether it is found costs a search each. Whoever wants to know it of all of them reads
//! the tables from end to end instead, where a row costs a twentieth.

use super::coord_error::CoordError;
use async_trait::async_trait;
use evidence::Slot;
use tlog::LeafIndex;

/// Which table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// From slot to index.
    Slots,
    /// From leaf hash to index.
    Leaves,
}

/// What a table is sorted and searched by: the first 8 bytes of a hash, a big-endian number.
pub fn short_key(hash: &[u8; 32]) -> u64 {
    let (first, _) = hash.split_first_chunk().expect("32 bytes begin with 8");
    u64::from_be_bytes(*first)
}

/// Some rows of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookupPage {
    /// Short keys and where their entries stand.
    pub rows: Vec<(u64, LeafIndex)>,
    /// The page after this one, for [`Lookups::page`]; none when this was the last.
    pub next: Option<u64>,
}

/// The lookups as a whole, as they are in the store: nothing that is only in memory.
///
/// Contract: a slot is in one place at each moment, and moves from [`Lookups::waiting_slots`] to the table alone. Whoever
/// reads those that wait first and then every page misses none that was committed before.
#[async_trait]
pub trait Lookups: Send + Sync {
    /// The slots that are not in the table yet, each run with the index of its first, in order.
    async fn waiting_slots(&self) -> Result<Vec<(LeafIndex, Vec<Slot>)>, CoordError>;

    /// A page of the table: the first one, or the one that the page before names. Each is another transaction.
    async fn page(&self, lookup: Lookup, page: Option<u64>) -> Result<LookupPage, CoordError>;

    /// The rows, in full, of those whose short key another one holds: none, unless somebody searched for them.
    async fn overflow(&self, lookup: Lookup) -> Result<Vec<([u8; 32], LeafIndex)>, CoordError>;
}

/// A sum over rows of a lookup in any order: two sets of rows with one sum are the same, unless somebody built them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LookupSum {
    rows: u64,
    sum: u64,
}

impl LookupSum {
    /// Takes in one row.
    pub const fn add(&mut self, key: u64, index: LeafIndex) {
        self.rows += 1;
        self.sum = self.sum.wrapping_add(mixed(key ^ mixed(index.get())));
    }
}

/// A permutation of the numbers in which each bit depends on all (as at the end of `SplitMix64`).
const fn mixed(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(rows: &[(u64, u64)]) -> LookupSum {
        let mut sum = LookupSum::default();
        for (key, index) in rows {
            sum.add(*key, LeafIndex::new(*index));
        }
        sum
    }

    #[test]
    fn the_order_of_rows_does_not_count_and_everything_else_does() {
        let whole = sum(&[(7, 0), (9, 1), (11, 2)]);
        assert_eq!(sum(&[(11, 2), (7, 0), (9, 1)]), whole);
        for other in [
            &[(7, 0), (9, 1)][..],
            &[(7, 0), (9, 1), (11, 3)],
            &[(7, 1), (9, 0), (11, 2)],
            &[(7, 0), (9, 1), (10, 2)],
            &[(7, 0), (9, 1), (11, 2), (0, 0)],
        ] {
            assert_ne!(sum(other), whole, "{other:?}");
        }
    }
}
