//! The operators behind the witness keys of a policy. The policy counts keys; people ask how many *operators* must err.

use super::{Member, Policy, Quorum};
use alloc::string::{String, ToString as _};
use alloc::vec;
use alloc::vec::Vec;

/// Who stands behind a policy's witness keys: keys with the same key name or the same URL are one operator's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operators(Vec<Operator>);

/// One operator and its keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    name: String,
    keys: Vec<usize>,
    groups: Vec<usize>,
    votes: usize,
}

impl Operators {
    /// The operators of a policy, in the order of their first keys.
    pub fn of(policy: &Policy) -> Self {
        let owner = owners(policy);
        let tree = Tree::of(policy, &owner);
        let mut operators: Vec<Operator> = Vec::new();
        for first in (0..owner.len()).filter(|&key| owner[key] == key) {
            let keys: Vec<usize> = (first..owner.len())
                .filter(|&key| owner[key] == first)
                .collect();
            let groups = tree.own_groups(first);
            let bare = keys.iter().filter(|&&key| tree.votes_bare(key)).count();
            let name = name(policy, &keys, &groups);
            let votes = groups.len() + bare;
            operators.push(Operator {
                name,
                keys,
                groups,
                votes,
            });
        }
        Self(operators)
    }

    /// All of them.
    pub fn all(&self) -> &[Operator] {
        &self.0
    }

    /// The place of the operator that is called so: by its own name or by the name of one of its keys.
    pub fn find(&self, policy: &Policy, name: &str) -> Option<usize> {
        let has_key = |operator: &Operator| {
            operator.keys.iter().any(|&key| {
                let witness = &policy.witnesses()[key];
                witness.name().as_str() == Some(name) || witness.vkey().name().as_str() == name
            })
        };
        let named = self.0.iter().position(|operator| operator.name == name);
        named.or_else(|| self.0.iter().position(has_key))
    }

    /// Which operators have confirmed: one answer for each of [`Operators::all`]. `cosigned` has one answer for each of
    /// [`Policy::witnesses`]. An operator whose keys are a group has confirmed when the group has.
    pub fn confirmed(&self, policy: &Policy, cosigned: &[bool]) -> Vec<bool> {
        let met = policy.met(cosigned);
        let is_met = |group: usize| met[group] >= policy.groups()[group].threshold();
        let has = |key: &usize| cosigned.get(*key).copied().unwrap_or(false);
        let confirmed = |operator: &Operator| match operator.groups.as_slice() {
            [group] if operator.votes == 1 => is_met(*group),
            _ => operator.keys.iter().any(has),
        };
        self.0.iter().map(confirmed).collect()
    }
}

impl Operator {
    /// What the policy calls the group of its keys; without one such group, its only key, else the name in its keys.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The places of its keys in [`Policy::witnesses`].
    pub fn keys(&self) -> &[usize] {
        &self.keys
    }

    /// How often it is counted below the quorum: 1 if all its keys are one group or it has one key; 0 if the quorum does
    /// not ask it.
    pub const fn votes(&self) -> usize {
        self.votes
    }
}

/// For each key the first key of the same operator.
fn owners(policy: &Policy) -> Vec<usize> {
    let witnesses = policy.witnesses();
    let mut owner: Vec<usize> = (0..witnesses.len()).collect();
    for later in 0..witnesses.len() {
        for earlier in 0..later {
            let [a, b] = [&witnesses[earlier], &witnesses[later]];
            let is_same_url = a.url().is_some() && a.url() == b.url();
            if is_same_url || a.vkey().name() == b.vkey().name() {
                let (joined, into) = (owner[later], owner[earlier]);
                let first = joined.min(into);
                for owner in &mut owner {
                    if *owner == joined || *owner == into {
                        *owner = first;
                    }
                }
            }
        }
    }
    owner
}

/// What lies below the quorum.
struct Tree<'a> {
    policy: &'a Policy,
    /// For each group its one operator; none if several have keys in it.
    of_group: Vec<Option<usize>>,
    /// The group that a group or a key is a member of.
    group_above: Vec<Option<usize>>,
    key_above: Vec<Option<usize>>,
    group_counts: Vec<bool>,
}

impl<'a> Tree<'a> {
    fn of(policy: &'a Policy, owner: &[usize]) -> Self {
        let groups = policy.groups();
        let mut tree = Self {
            policy,
            of_group: vec![None; groups.len()],
            group_above: vec![None; groups.len()],
            key_above: vec![None; owner.len()],
            group_counts: vec![false; groups.len()],
        };
        for (index, group) in groups.iter().enumerate() {
            let mut operators: Vec<Option<usize>> = Vec::new();
            for member in group.members() {
                operators.push(match *member {
                    Member::Witness(key) => {
                        tree.key_above[key] = Some(index);
                        Some(owner[key])
                    }
                    Member::Group(inner) => {
                        tree.group_above[inner] = Some(index);
                        tree.of_group[inner]
                    }
                });
            }
            operators.dedup();
            tree.of_group[index] = match operators.as_slice() {
                [one] => *one,
                _ => None,
            };
        }
        // Members stand before their group, so from the end each group is met before its members.
        for index in (0..groups.len()).rev() {
            let is_quorum = policy.quorum() == Quorum::Of(Member::Group(index));
            let above = tree.group_above[index];
            tree.group_counts[index] = is_quorum || above.is_some_and(|g| tree.group_counts[g]);
        }
        tree
    }

    /// The outermost groups below the quorum that hold keys of this operator alone.
    fn own_groups(&self, operator: usize) -> Vec<usize> {
        let is_own = |group: usize| self.of_group[group] == Some(operator);
        (0..self.of_group.len())
            .filter(|&group| self.group_counts[group] && is_own(group))
            .filter(|&group| {
                let is_quorum = self.policy.quorum() == Quorum::Of(Member::Group(group));
                is_quorum || !self.group_above[group].is_some_and(is_own)
            })
            .collect()
    }

    /// Whether the key is counted by itself, beside keys of others.
    fn votes_bare(&self, key: usize) -> bool {
        let is_quorum = self.policy.quorum() == Quorum::Of(Member::Witness(key));
        let is_mixed = |group: usize| self.group_counts[group] && self.of_group[group].is_none();
        is_quorum || self.key_above[key].is_some_and(is_mixed)
    }
}

fn name(policy: &Policy, keys: &[usize], groups: &[usize]) -> String {
    match (groups, keys) {
        ([group], _) => policy.groups()[*group].name().to_string(),
        (_, [key]) => policy.witnesses()[*key].name().to_string(),
        (_, keys) => keys.first().map_or_else(String::new, |key| {
            policy.witnesses()[*key].vkey().name().as_str().to_string()
        }),
    }
}
