//! The second path: before anything is signed, the root is computed again by code that shares nothing with `tlog`.
//!
//! What was committed is read back through another connection; every leaf is hashed again and the root is rebuilt
//! from the batch's aligned subtrees by `rs_merkle`. Only a head that comes out the same becomes a [`CheckedHead`],
//! and only a `CheckedHead` can be signed.

use crate::storage::coord::Head;
use evidence::ENTRY_LEN;
use rs_merkle::{Hasher, MerkleTree};
use sha2::{Digest as _, Sha256};

/// A head whose root was computed twice, by two programs, from bytes that were read back from the store.
#[derive(Clone, Copy, Debug)]
pub struct CheckedHead(Head);

impl CheckedHead {
    /// The head.
    pub const fn head(&self) -> &Head {
        &self.0
    }
}

/// The second path's own memory of the tree: the roots of its maximal perfect subtrees.
#[derive(Clone, Debug, Default)]
pub struct SecondPath {
    size: u64,
    subtrees: Vec<(u32, [u8; 32])>,
}

impl SecondPath {
    /// Takes up a tree of which the maximal perfect subtrees are known, largest first.
    ///
    /// They must fold to the root of a head that is already trusted: [`SecondPath::vouch`] says whether they do.
    pub fn resume(size: u64, subtrees: impl IntoIterator<Item = [u8; 32]>) -> Self {
        let levels = (0..u64::BITS).rev().filter(|level| size >> level & 1 == 1);
        Self {
            size,
            subtrees: levels.zip(subtrees).collect(),
        }
    }

    /// The size that it stands at.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The maximal perfect subtrees, largest first.
    pub fn subtrees(&self) -> impl Iterator<Item = [u8; 32]> + '_ {
        self.subtrees.iter().map(|(_, root)| *root)
    }

    /// Hashes the entries and goes forward.
    pub fn extend(&mut self, entries: &[u8]) -> Result<(), Mismatch> {
        if !entries.len().is_multiple_of(ENTRY_LEN) {
            return Err(Mismatch::Length);
        }
        let leaves: Vec<[u8; 32]> = entries.chunks_exact(ENTRY_LEN).map(Rfc6962::leaf).collect();
        let mut rest = leaves.as_slice();
        while !rest.is_empty() {
            // The largest subtree that begins here: aligned to the position and no longer than what is left.
            let level = self.size.trailing_zeros().min(rest.len().ilog2());
            let (subtree, after) = rest.split_at(1 << level);
            let root = MerkleTree::<Rfc6962>::from_leaves(subtree)
                .root()
                .ok_or(Mismatch::Length)?;
            self.push(level, root);
            self.size += 1 << level;
            rest = after;
        }
        Ok(())
    }

    /// Says that this head is the one that the second path arrived at.
    pub fn vouch(&self, head: &Head) -> Result<CheckedHead, Mismatch> {
        #[cfg(test)]
        if super::historical_bug::HistoricalBug::NothingIsHashedAgain.is_active() {
            return Ok(CheckedHead(*head));
        }
        if head.size.get() != self.size {
            return Err(Mismatch::Size {
                ours: self.size,
                theirs: head.size.get(),
            });
        }
        if &self.root() == head.root.as_bytes() {
            Ok(CheckedHead(*head))
        } else {
            Err(Mismatch::Root(self.size))
        }
    }

    /// The root over all entries so far.
    pub fn root(&self) -> [u8; 32] {
        let mut smallest_first = self.subtrees.iter().rev().map(|(_, root)| *root);
        match smallest_first.next() {
            None => Sha256::digest([]).into(),
            Some(last) => smallest_first.fold(last, |right, left| {
                Rfc6962::concat_and_hash(&left, Some(&right))
            }),
        }
    }

    fn push(&mut self, mut level: u32, mut root: [u8; 32]) {
        while let Some((_, left)) = self.subtrees.pop_if(|(top, _)| *top == level) {
            root = Rfc6962::concat_and_hash(&left, Some(&root));
            level += 1;
        }
        self.subtrees.push((level, root));
    }
}

/// What was read back is not what was computed: the log halts, and nothing was signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// The bytes are no whole number of entries.
    #[error("what was read back is no whole number of entries")]
    Length,
    /// Another number of entries came back.
    #[error("the head says {theirs} entries, and {ours} were read back")]
    Size {
        /// How many were read back.
        ours: u64,
        /// How many the head says.
        theirs: u64,
    },
    /// The recomputed root differs.
    #[error("the root over the {0} entries that were read back is not the root of the head")]
    Root(u64),
}

/// RFC 6962 hashing for `rs_merkle`, which hashes nodes through it.
#[derive(Clone)]
struct Rfc6962;

impl Rfc6962 {
    fn leaf(entry: &[u8]) -> [u8; 32] {
        Sha256::new()
            .chain_update([0u8])
            .chain_update(entry)
            .finalize()
            .into()
    }
}

impl Hasher for Rfc6962 {
    type Hash = [u8; 32];

    fn hash(data: &[u8]) -> [u8; 32] {
        Self::leaf(data)
    }

    fn concat_and_hash(left: &[u8; 32], right: Option<&[u8; 32]>) -> [u8; 32] {
        match right {
            Some(right) => Sha256::new()
                .chain_update([1u8])
                .chain_update(left)
                .chain_update(right)
                .finalize()
                .into(),
            None => *left,
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on must panic")]
mod tests {
    use super::{Mismatch, SecondPath};
    use crate::storage::coord::Head;
    use evidence::ENTRY_LEN;
    use tlog::{Frontier, Hash, TreeSize};

    /// So many different entries, packed. Their form does not matter to a hash.
    fn entries(count: usize) -> Vec<u8> {
        (0..count)
            .flat_map(|index| [u8::try_from(index % 251).unwrap(); ENTRY_LEN])
            .collect()
    }

    fn head(packed: &[u8]) -> Head {
        let mut frontier = Frontier::empty();
        packed
            .chunks(ENTRY_LEN)
            .for_each(|entry| frontier.append(Hash::of_leaf(entry)));
        Head {
            size: frontier.size(),
            root: frontier.root(),
            time_ms: 1,
        }
    }

    #[test]
    fn it_arrives_at_every_root_however_the_batches_are_cut() {
        for size in 0..=130 {
            for step in [1, 2, 3, 7, 64, 130] {
                let packed = entries(size);
                let mut path = SecondPath::default();
                for batch in packed.chunks(step * ENTRY_LEN) {
                    path.extend(batch).unwrap();
                }
                assert!(
                    path.vouch(&head(&packed)).is_ok(),
                    "size {size} in steps of {step}"
                );
            }
        }
    }

    #[test]
    fn it_takes_up_a_tree_from_its_subtrees() {
        for before in 0..=70 {
            let packed = entries(before + 9);
            let (old, new) = packed.split_at(before * ENTRY_LEN);
            let mut whole = SecondPath::default();
            whole.extend(old).unwrap();
            let mut resumed =
                SecondPath::resume(whole.size(), whole.subtrees().collect::<Vec<_>>());
            resumed.extend(new).unwrap();
            assert!(resumed.vouch(&head(&packed)).is_ok(), "resumed at {before}");
        }
    }

    #[test]
    fn one_flipped_bit_in_what_was_read_back_is_found() {
        let packed = entries(37);
        let head = head(&packed);
        for bit in (0..packed.len() * 8).step_by(97) {
            let mut flipped = packed.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let mut path = SecondPath::default();
            path.extend(&flipped).unwrap();
            assert_eq!(path.vouch(&head).unwrap_err(), Mismatch::Root(37));
        }
    }

    #[test]
    fn an_entry_too_few_or_a_torn_one_is_found() {
        let packed = entries(5);
        let mut path = SecondPath::default();
        assert_eq!(path.extend(&packed[1..]), Err(Mismatch::Length));
        path.extend(&packed[ENTRY_LEN..]).unwrap();
        assert_eq!(
            path.vouch(&head(&packed)).unwrap_err(),
            Mismatch::Size { ours: 4, theirs: 5 }
        );
        assert_eq!(path.size(), TreeSize::new(4).unwrap().get());
    }
}
