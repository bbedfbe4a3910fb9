//! The judgement: does a request go forward from what we remember? One pure function, in the order of the
//! specification. <https://c2sp.org/tlog-witness#add-checkpoint>

use std::fmt;
use tlog::{AddCheckpoint, Latest, NotForward, TreeSize};

/// Judges a request whose log and signature are known to be good, from the head that we remember.
///
/// Size 0 has one root, no proof leads from size 0 or to the same size, and a larger tree needs its proof: all of this
/// is [`Latest::advance`].
pub fn judge(request: &AddCheckpoint, from: &Latest) -> Result<Latest, Refusal> {
    let (size, root) = (request.checkpoint().size(), request.checkpoint().root());
    if request.old() > size {
        return Err(Refusal::OldAboveSize);
    }
    if request.old() != from.size() {
        return Err(Refusal::OtherSize(from.size()));
    }
    from.advance(size, root, request.proof())
        .map_err(Refusal::NotForward)
}

/// Why a request by a known log is not cosigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The old size is above the checkpoint's: 400.
    OldAboveSize,
    /// We remember another size, this one: 409.
    OtherSize(TreeSize),
    /// The checkpoint does not provably extend what we remember: 422.
    NotForward(NotForward),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OldAboveSize => f.write_str("the old size is above the checkpoint's"),
            Self::OtherSize(size) => write!(f, "the newest size cosigned is {size}"),
            Self::NotForward(why) => why.fmt(f),
        }
    }
}

impl std::error::Error for Refusal {}

#[cfg(test)]
mod tests {
    use super::{Refusal, judge};
    use crate::testimony::{Tree, request};
    use tlog::{BadProof, Hash, Latest, NotForward, TreeSize};

    fn bad(why: BadProof) -> Result<Latest, Refusal> {
        Err(Refusal::NotForward(NotForward::BadProof(why)))
    }

    #[test]
    fn every_step_with_its_own_proof_goes_forward_and_no_other() {
        let tree = Tree::grown(20);
        for from in 0..=20 {
            for to in from..=20 {
                let latest = tree.latest(from);
                let good = request(from, tree.proof(from, to), to, tree.root(to));
                assert_eq!(judge(&good, &latest), Ok(tree.latest(to)));
                let mut long = tree.proof(from, to);
                long.push(Hash::EMPTY_ROOT);
                let long = request(from, long, to, tree.root(to));
                assert!(matches!(judge(&long, &latest), Err(Refusal::NotForward(_))));
                if from > 0 && to > from {
                    let none = request(from, Vec::new(), to, tree.root(to));
                    assert!(matches!(judge(&none, &latest), Err(Refusal::NotForward(_))));
                }
                let forged = request(from, tree.proof(from, to), to, Hash::of(b"another"));
                let verdict = judge(&forged, &latest);
                assert_eq!(
                    verdict.is_ok(),
                    from == 0 && to > 0,
                    "{from} to {to}: {verdict:?}"
                );
            }
        }
    }

    #[test]
    fn the_old_size_is_judged_before_the_proof() {
        let tree = Tree::grown(9);
        let size = |n| TreeSize::new(n).unwrap();
        let other = request(5, tree.proof(5, 9), 9, tree.root(9));
        assert_eq!(
            judge(&other, &tree.latest(7)),
            Err(Refusal::OtherSize(size(7)))
        );
        assert_eq!(
            judge(&other, &Latest::EMPTY),
            Err(Refusal::OtherSize(size(0)))
        );
        let above = request(9, Vec::new(), 8, tree.root(8));
        assert_eq!(judge(&above, &tree.latest(9)), Err(Refusal::OldAboveSize));
        assert_eq!(judge(&above, &tree.latest(7)), Err(Refusal::OldAboveSize));
    }

    #[test]
    fn the_empty_tree_has_one_root_and_no_proof() {
        let empty = request(0, Vec::new(), 0, Hash::EMPTY_ROOT);
        assert_eq!(judge(&empty, &Latest::EMPTY), Ok(Latest::EMPTY));
        let forged = request(0, Vec::new(), 0, Hash::of(b"x"));
        assert_eq!(
            judge(&forged, &Latest::EMPTY),
            Err(Refusal::NotForward(NotForward::Forked))
        );
        let with_proof = request(0, vec![Hash::EMPTY_ROOT], 3, Hash::of(b"x"));
        assert_eq!(judge(&with_proof, &Latest::EMPTY), bad(BadProof::TooLong));
    }
}
