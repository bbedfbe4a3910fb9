//! How strong a quorum is: how many operators may lie, and how many may be out. Found by trying every set of operators,
//! so that no form of group deceives: the numbers are what the policy does, not what its threshold looks like.
//!
//! With n operators of which k are needed, f may lie and d may be out:
//! - two quorums share at least 2k − n operators; while fewer lie, one honest operator stands in both, and it never
//!   signs two histories: a fork is *prevented* iff f < 2k − n;
//! - whoever reads the heads of all operators *detects* a fork iff f < k, since k liars are a quorum of their own;
//! - heads are still confirmed iff n − d ≥ k.

use super::{Operators, Policy};
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

/// The most operators that are searched: 2^20 sets are a second's work. A checkpoint carries the lines of fewer, since
/// 16 lines is all that every verifier reads; a policy with more is not judged rather than judged by a guess.
pub const OPERATORS_MAX: usize = 20;

/// Every set of operators of a policy, and whether it is a quorum.
#[derive(Clone, Debug)]
pub struct QuorumSearch {
    /// The places in [`Operators::all`] of those whom the quorum asks.
    asked: Vec<usize>,
    /// For each set, bit i being operator `asked[i]`, whether it is a quorum.
    is_quorum: Vec<bool>,
}

/// What a quorum bears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuorumStrength {
    /// n: the operators whom the quorum asks.
    pub operators: usize,
    /// k: the members of the smallest quorum.
    pub smallest: usize,
    /// The fewest operators that two quorums share, 2k − n: so many liars, and no fewer, can confirm two histories. 0
    /// means that the log alone can.
    pub shared: usize,
    /// How many may be out, whoever they are.
    pub outages: usize,
}

impl QuorumStrength {
    /// How many may lie and still no two histories can be confirmed; none if the log alone can have two confirmed.
    pub const fn prevented(&self) -> Option<usize> {
        self.shared.checked_sub(1)
    }

    /// How many may lie and a fork is still seen by whoever reads the heads of all operators.
    pub const fn detected(&self) -> usize {
        self.smallest.saturating_sub(1)
    }
}

/// What the operators who answer to one superior could do together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grip {
    /// With the log, confirm two histories.
    pub can_fork: bool,
    /// Keep every head from being confirmed.
    pub can_stop: bool,
    /// Be a quorum of their own: confirm what no other operator has seen.
    pub is_quorum: bool,
}

/// Why a quorum is not searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotSearched {
    /// `quorum none` asks nobody.
    Unwitnessed,
    /// More than [`OPERATORS_MAX`] operators.
    TooMany(usize),
}

impl fmt::Display for NotSearched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unwitnessed => f.write_str("the policy asks for no witness"),
            Self::TooMany(count) => write!(
                f,
                "the quorum asks {count} operators, and sets of at most {OPERATORS_MAX} are searched"
            ),
        }
    }
}

impl core::error::Error for NotSearched {}

impl QuorumSearch {
    /// Tries every set of the operators whom the quorum asks, each with all its keys.
    pub fn new(policy: &Policy, operators: &Operators) -> Result<Self, NotSearched> {
        if policy.is_unwitnessed() {
            return Err(NotSearched::Unwitnessed);
        }
        let all = operators.all();
        let asked: Vec<usize> = (0..all.len()).filter(|&at| all[at].votes() > 0).collect();
        if asked.len() > OPERATORS_MAX {
            return Err(NotSearched::TooMany(asked.len()));
        }
        let mut cosigned = vec![false; policy.witnesses().len()];
        let is_quorum = (0..1usize << asked.len()).map(|set| {
            for (bit, &operator) in asked.iter().enumerate() {
                for &key in all[operator].keys() {
                    cosigned[key] = set & (1 << bit) != 0;
                }
            }
            policy.is_met_by(&cosigned)
        });
        let is_quorum = is_quorum.collect();
        Ok(Self { asked, is_quorum })
    }

    /// What the quorum bears.
    pub fn strength(&self) -> QuorumStrength {
        let everybody = self.is_quorum.len() - 1;
        let quorums = || (0..self.is_quorum.len()).filter(|&set| self.is_quorum[set]);
        let missing = self.missing();
        let size = |set: usize| set.count_ones() as usize;
        let breaking = (0..self.is_quorum.len()).filter(|&out| !self.is_quorum[everybody & !out]);
        QuorumStrength {
            operators: self.asked.len(),
            smallest: quorums().map(size).min().unwrap_or(0),
            shared: quorums()
                .map(|set| usize::from(missing[everybody & !set]))
                .min()
                .unwrap_or(0),
            outages: breaking.map(size).min().unwrap_or(1).saturating_sub(1),
        }
    }

    /// What these operators, by their places in [`Operators::all`], could do together.
    pub fn grip(&self, operators: &[usize]) -> Grip {
        let mut held = 0;
        for (bit, operator) in self.asked.iter().enumerate() {
            if operators.contains(operator) {
                held |= 1 << bit;
            }
        }
        let everybody = self.is_quorum.len() - 1;
        let confirms = |set: usize| self.is_quorum[set | held];
        Grip {
            // Each honest operator sees one of the two histories; those held sign both.
            can_fork: (0..self.is_quorum.len())
                .any(|set| confirms(set) && confirms(everybody & !set)),
            can_stop: !self.is_quorum[everybody & !held],
            is_quorum: self.is_quorum[held],
        }
    }

    /// For each set how many operators it lacks to be a quorum.
    fn missing(&self) -> Vec<u8> {
        // Larger sets have larger numbers than their subsets, so from the end each is known before it is needed.
        let mut missing = vec![0u8; self.is_quorum.len()];
        for set in (0..self.is_quorum.len()).rev() {
            if !self.is_quorum[set] {
                let with_one_more = (0..self.asked.len())
                    .map(|bit| set | (1 << bit))
                    .filter(|&larger| larger != set)
                    .map(|larger| missing[larger]);
                missing[set] = with_one_more.min().map_or(0, |least| least + 1);
            }
        }
        missing
    }
}
