//! When a proof of misbehaviour convicts.

use super::{AccusedNote, Contradiction, MisbehaviorProof};
use crate::{
    BadLine, BadProof, Hash, KeyKind, LineTime, SignatureChecks, TreeSize, verify_consistency,
    verify_inclusion,
};
use core::fmt;

impl MisbehaviorProof {
    /// Whether the file proves what it says against the key that it names, by nothing but its bytes.
    ///
    /// What is proven is that the holder of the key signed what cannot be true together; not why, and not which of the
    /// two histories is the true one. Whether the key is the one that the reader knows, the reader compares.
    pub fn verify(&self, checks: &dyn SignatureChecks) -> Result<(), NotProven> {
        let first_time = self.signed(self.first(), checks)?;
        let second_time = match self.second() {
            Some(second) => {
                if second.checkpoint().origin() != self.first().checkpoint().origin() {
                    return Err(NotProven::Origins);
                }
                self.signed(second, checks)?
            }
            None => LineTime::NotStated,
        };
        match &self.contradiction {
            Contradiction::SameSize(a, b) => same_size(a, b),
            Contradiction::Empty(a) => empty(a),
            Contradiction::Prefix {
                first,
                second,
                prefix_root,
                proof,
            } => prefix(first, second, prefix_root, proof),
            Contradiction::Leaf {
                first,
                second,
                index,
                leaves: [leaf_a, leaf_b],
                proofs: [proof_a, proof_b],
            } => {
                let (a, b) = (first.checkpoint(), second.checkpoint());
                if a.size() > b.size() {
                    return Err(NotProven::Order);
                }
                verify_inclusion(leaf_a, *index, a.size(), &a.root(), proof_a)
                    .map_err(NotProven::Proof)?;
                verify_inclusion(leaf_b, *index, b.size(), &b.root(), proof_b)
                    .map_err(NotProven::Proof)?;
                unless(leaf_a == leaf_b, NotProven::SameLeaf)
            }
            Contradiction::Rollback(a, b) => rollback((a, first_time), (b, second_time)),
        }
    }

    /// The time at which the accused signed this note.
    fn signed(
        &self,
        note: &AccusedNote,
        checks: &dyn SignatureChecks,
    ) -> Result<LineTime, NotProven> {
        // A plain note signature states nothing about another's log: only the log's own key binds its history.
        if self.accused.kind() == KeyKind::Ed25519
            && self.accused.name().as_str() != note.checkpoint().origin()
        {
            return Err(NotProven::NotItsLog);
        }
        note.signed_at(&self.accused, checks)
            .map_err(NotProven::Signature)
    }
}

/// Why a file, well formed, proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotProven {
    /// A note is not validly signed by the accused.
    Signature(BadLine),
    /// The two notes are of two logs.
    Origins,
    /// The accused is a plain Ed25519 key (0x01) that is not named like the log.
    NotItsLog,
    /// The first note is not that of the smaller tree, or, in a rollback, not that of the earlier time.
    Order,
    /// The sizes are not those of this kind.
    Sizes,
    /// The two roots are one.
    SameRoot,
    /// The root is that of the empty tree.
    EmptyRoot,
    /// The two leaves are one.
    SameLeaf,
    /// A signature states no time.
    NoTime,
    /// The earlier head is not the larger one.
    Forward,
    /// The proof does not hold.
    Proof(BadProof),
}

impl fmt::Display for NotProven {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Signature(bad) => {
                return write!(f, "the accused did not sign one of the notes: {bad}");
            }
            Self::Origins => "the two notes are of two different logs",
            Self::NotItsLog => "the accused key is not a key of this log",
            Self::Order => "the two notes stand in the wrong order",
            Self::Sizes => "the sizes of the two trees do not contradict each other in this way",
            Self::SameRoot => "both notes have the same root",
            Self::EmptyRoot => "the root is the one that an empty tree has",
            Self::SameLeaf => "both trees hold the same entry there",
            Self::NoTime => "one of the signatures states no time",
            Self::Forward => "the later head is not smaller than the earlier one",
            Self::Proof(bad) => return write!(f, "the hashes prove nothing: {bad}"),
        })
    }
}

impl core::error::Error for NotProven {}

fn same_size(a: &AccusedNote, b: &AccusedNote) -> Result<(), NotProven> {
    let (a, b) = (a.checkpoint(), b.checkpoint());
    unless(a.size() != b.size(), NotProven::Sizes)?;
    unless(a.root() == b.root(), NotProven::SameRoot)
}

fn empty(a: &AccusedNote) -> Result<(), NotProven> {
    unless(a.checkpoint().size() != TreeSize::ZERO, NotProven::Sizes)?;
    unless(
        a.checkpoint().root() == Hash::EMPTY_ROOT,
        NotProven::EmptyRoot,
    )
}

/// A consistency proof opens fixed positions of the larger tree, so the root of its prefix is bound by its signed root.
fn prefix(
    a: &AccusedNote,
    b: &AccusedNote,
    prefix_root: &Hash,
    proof: &[Hash],
) -> Result<(), NotProven> {
    let (a, b) = (a.checkpoint(), b.checkpoint());
    // From the empty tree every tree follows: nothing of it is opened.
    unless(a.size() == TreeSize::ZERO, NotProven::Sizes)?;
    unless(a.size() == b.size(), NotProven::Sizes)?;
    unless(a.size() > b.size(), NotProven::Order)?;
    verify_consistency(a.size(), b.size(), prefix_root, &b.root(), proof)
        .map_err(NotProven::Proof)?;
    unless(*prefix_root == a.root(), NotProven::SameRoot)
}

fn rollback(a: (&AccusedNote, LineTime), b: (&AccusedNote, LineTime)) -> Result<(), NotProven> {
    let ((a, a_time), (b, b_time)) = (a, b);
    // A time of zero says only that the tree is consistent, not that it is the newest (c2sp.org/tlog-cosignature).
    let (Some(a_time), Some(b_time)) = (newest_at(a_time), newest_at(b_time)) else {
        return Err(NotProven::NoTime);
    };
    unless(a_time >= b_time, NotProven::Order)?;
    unless(
        a.checkpoint().size() <= b.checkpoint().size(),
        NotProven::Forward,
    )
}

/// When the line says that its tree was the newest.
const fn newest_at(time: LineTime) -> Option<u64> {
    match time {
        LineTime::Seconds(0) | LineTime::NotStated => None,
        time => time.seconds(),
    }
}

const fn unless(fault: bool, why: NotProven) -> Result<(), NotProven> {
    if fault { Err(why) } else { Ok(()) }
}
