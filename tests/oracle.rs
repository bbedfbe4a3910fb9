//! The oracle: what must hold of a log whatever became of its processes, its disk and its witnesses.
//!
//! One function for all: simulated crashes, killed processes, injected faults, restored copies. It knows nothing of how a
//! log works, only what it answered, what it showed, and what stands in it at the end.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use tlog::{Frontier, Hash, LeafIndex, TreeSize, verify_inclusion};

/// A head that somebody saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// How many entries.
    pub size: TreeSize,
    /// The root over them.
    pub root: Hash,
    /// The time, in milliseconds, where it was seen.
    pub time_ms: Option<u64>,
}

/// An answer: the entry is in the log, here.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// Where.
    pub index: LeafIndex,
    /// The entry's bytes.
    pub entry: Vec<u8>,
    /// The head of the answer.
    pub head: Seen,
    /// From the entry to the head's root.
    pub proof: Vec<Hash>,
}

/// Everything that anyone was told.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// What was answered.
    pub receipts: Vec<Receipt>,
    /// What each observer saw, in the order in which it was shown.
    pub observers: Vec<Vec<Seen>>,
    /// Every head that was signed, in any order.
    pub signed: Vec<Seen>,
}

/// The log at the end.
#[derive(Clone, Debug)]
pub struct Final<'a> {
    /// The tree that was there before anything was answered.
    pub before: Frontier,
    /// The entries after it, in order.
    pub entries: &'a [Vec<u8>],
    /// What `notarylog check` finds.
    pub faults: &'a [String],
}

/// What was looked at.
#[derive(Clone, Copy, Debug, Default)]
pub struct Judged {
    /// Receipts that verify.
    pub receipts: usize,
    /// Heads that lie in the one history.
    pub heads: usize,
}

/// Every answered receipt verifies against the final log, no slot is set twice, all heads are of one history, size and
/// time never go back for anyone, and the check is clean.
pub fn judge(evidence: &Evidence, log: &Final) -> Result<Judged, String> {
    if let Some(fault) = log.faults.first() {
        return Err(format!(
            "the check finds {} faults: {fault}",
            log.faults.len()
        ));
    }
    let answered = evidence.receipts.iter().map(|receipt| &receipt.head);
    let heads: Vec<&Seen> = (evidence.observers.iter().flatten())
        .chain(answered)
        .chain(&evidence.signed)
        .collect();
    let roots = roots(log, heads.iter().map(|head| head.size).collect());
    for head in &heads {
        match roots.get(&head.size) {
            Some(root) if *root == head.root => {}
            Some(_) => return Err(format!("a head of size {} has another root", head.size)),
            None => return Err(format!("a head of size {} is not of this log", head.size)),
        }
    }
    let mut indices: BTreeMap<LeafIndex, &[u8]> = BTreeMap::new();
    for receipt in &evidence.receipts {
        holds(receipt, log)?;
        if let Some(other) = indices.insert(receipt.index, &receipt.entry)
            && other != receipt.entry
        {
            return Err(format!("two entries were answered index {}", receipt.index));
        }
    }
    let mut slots = HashSet::new();
    for entry in log.entries {
        if entry.get(1) == Some(&1) && !slots.insert(&entry[2..66]) {
            return Err("a slot is set twice".to_owned());
        }
    }
    evidence
        .observers
        .iter()
        .try_for_each(|seen| forward(seen))?;
    Ok(Judged {
        receipts: evidence.receipts.len(),
        heads: heads.len(),
    })
}

/// The roots of the trees of these sizes.
fn roots(log: &Final, mut sizes: BTreeSet<TreeSize>) -> BTreeMap<TreeSize, Hash> {
    let mut frontier = log.before.clone();
    let mut roots = BTreeMap::new();
    let mut note = |frontier: &Frontier| {
        if sizes.remove(&frontier.size()) {
            roots.insert(frontier.size(), frontier.root());
        }
    };
    note(&frontier);
    for entry in log.entries {
        frontier.append(Hash::of_leaf(entry));
        note(&frontier);
    }
    roots
}

/// The log holds these bytes at this index, and the path leads from them to the head's root.
fn holds(receipt: &Receipt, log: &Final) -> Result<(), String> {
    let Receipt {
        index,
        entry,
        head,
        proof,
    } = receipt;
    let place = index.get().checked_sub(log.before.size().get());
    let place = place.and_then(|place| usize::try_from(place).ok());
    if place.and_then(|place| log.entries.get(place)) != Some(entry) {
        return Err(format!(
            "the log lost the entry that it answered index {index}"
        ));
    }
    verify_inclusion(&Hash::of_leaf(entry), *index, head.size, &head.root, proof)
        .map_err(|error| format!("the receipt of entry {index} does not verify: {error}"))
}

/// Size and time never go back.
fn forward(seen: &[Seen]) -> Result<(), String> {
    let (mut size, mut time_ms) = (TreeSize::ZERO, 0);
    for head in seen {
        if head.size < size {
            return Err(format!(
                "a head of {size} was shown, and then one of {}",
                head.size
            ));
        }
        size = head.size;
        if let Some(later) = head.time_ms {
            if later < time_ms {
                return Err(format!(
                    "a head went back in time, from {time_ms} to {later}"
                ));
            }
            time_ms = later;
        }
    }
    Ok(())
}
