//! The leaves that the lookup in the database does not have yet, by hash: found at once, entered behind the head.

use std::collections::HashMap;
use tlog::{Hash, LeafIndex, TreeSize};

/// Leaves kept at most: 12 MB, and ten seconds of a busy log. What arrives beyond is found once the keeper has caught up.
pub const RECENT_LEAVES_MAX: usize = 1 << 18;

/// The newest leaves by their hash.
#[derive(Default)]
pub struct RecentLeaves {
    by_hash: HashMap<Hash, LeafIndex>,
}

impl RecentLeaves {
    /// Takes in the leaves from `first` on.
    pub fn extend(&mut self, first: LeafIndex, leaves: &[Hash]) {
        let room = RECENT_LEAVES_MAX - self.by_hash.len();
        let indices = (first.get()..).map(LeafIndex::new);
        self.by_hash
            .extend(leaves.iter().copied().zip(indices).take(room));
    }

    /// Where the leaf stands, if it is one of the newest.
    pub fn find(&self, leaf: &Hash) -> Option<LeafIndex> {
        self.by_hash.get(leaf).copied()
    }

    /// Forgets the leaves that the database finds from now on.
    pub fn forget_below(&mut self, indexed: TreeSize) {
        self.by_hash.retain(|_, index| !index.lies_in(indexed));
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on must panic")]
mod tests {
    use super::{RECENT_LEAVES_MAX, RecentLeaves};
    use tlog::{Hash, LeafIndex, TreeSize};

    fn leaf(index: u64) -> Hash {
        Hash::of_leaf(&index.to_be_bytes())
    }

    #[test]
    fn a_leaf_is_found_from_its_commit_until_the_database_has_it() {
        let mut recent = RecentLeaves::default();
        recent.extend(LeafIndex::new(7), &[leaf(7), leaf(8), leaf(9)]);
        assert_eq!(recent.find(&leaf(8)), Some(LeafIndex::new(8)));
        recent.forget_below(TreeSize::new(9).unwrap());
        assert_eq!(recent.find(&leaf(8)), None);
        assert_eq!(recent.find(&leaf(9)), Some(LeafIndex::new(9)));
    }

    #[test]
    fn a_keeper_that_falls_behind_does_not_fill_the_memory() {
        let mut recent = RecentLeaves::default();
        let most = RECENT_LEAVES_MAX as u64;
        let leaves: Vec<Hash> = (0..most + 10).map(leaf).collect();
        recent.extend(LeafIndex::new(0), &leaves);
        assert_eq!(recent.find(&leaf(most - 1)), Some(LeafIndex::new(most - 1)));
        assert_eq!(recent.find(&leaf(most)), None);
        recent.forget_below(TreeSize::new(most).unwrap());
        recent.extend(LeafIndex::new(most), &leaves[leaves.len() - 10..]);
        assert_eq!(recent.find(&leaf(most)), Some(LeafIndex::new(most)));
    }
}
