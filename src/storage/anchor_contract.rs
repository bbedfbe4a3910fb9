//! The contract of [`Anchor`], as tests that every journal passes: each function here is one promise.

use super::anchor::{Anchor, AnchorError, AnchorRecord};
use super::coord::Head;
use evidence::ENTRY_LEN;
use tlog::{Frontier, Hash, TreeSize};

/// A journal to be tested: a place, and one handle at a time.
pub(crate) trait Store {
    /// The handle of a process; the one before was dropped.
    fn handle(&self) -> Box<dyn Anchor>;
}

/// Makes one test of each promise, for a journal that this expression makes.
macro_rules! anchor_contract {
    ($store:expr) => {
        anchor_contract! { $store;
            what_was_appended_is_there_after_opening_again
            a_record_that_does_not_extend_the_last_is_refused
            what_is_no_step_is_refused
            trim_keeps_the_newest_and_what_is_not_stored
        }
    };
    ($store:expr; $($promise:ident)*) => {
        $(
            #[test]
            fn $promise() {
                crate::storage::anchor_contract::$promise(&$store);
            }
        )*
    };
}
pub(crate) use anchor_contract;

pub(crate) fn what_was_appended_is_there_after_opening_again(store: &impl Store) {
    let steps = [1, 0, 3, 300, 0];
    let mut records = Vec::new();
    for count in steps {
        let mut anchor = store.handle();
        let record = step(anchor.last(), &records, count);
        anchor.append(&record).unwrap();
        assert_eq!(anchor.last(), Some(record.head));
        records.push(record);
        drop(anchor);
        assert_eq!(replayed(&*store.handle(), TreeSize::ZERO), records);
    }
    let after = records[2].head.size;
    assert_eq!(replayed(&*store.handle(), after), records[3..]);
}

pub(crate) fn a_record_that_does_not_extend_the_last_is_refused(store: &impl Store) {
    let mut anchor = store.handle();
    let first = step(None, &[], 2);
    anchor.append(&first).unwrap();
    let good = step(anchor.last(), std::slice::from_ref(&first), 1);
    let mut gap = good.clone();
    (gap.first, gap.head.size) = (TreeSize::new(3).unwrap(), TreeSize::new(4).unwrap());
    let mut early = good.clone();
    early.head.time_ms = first.head.time_ms;
    let again = first.clone();
    for wrong in [gap, early, again] {
        let refused = anchor.append(&wrong);
        assert!(matches!(refused, Err(AnchorError::DoesNotExtend { .. })));
    }
    let mut forked = step(anchor.last(), std::slice::from_ref(&first), 0);
    forked.head.root = Hash::of(b"another");
    let refused = anchor.append(&forked);
    assert!(matches!(refused, Err(AnchorError::Forked { .. })));
    anchor.append(&good).unwrap();
}

pub(crate) fn what_is_no_step_is_refused(store: &impl Store) {
    let mut anchor = store.handle();
    let good = step(None, &[], 2);
    let mut few = good.clone();
    few.entries.truncate(ENTRY_LEN);
    let mut cut = good.clone();
    cut.entries.pop();
    for wrong in [few, cut] {
        let refused = anchor.append(&wrong);
        assert!(matches!(refused, Err(AnchorError::NotAStep)), "{refused:?}");
    }
    anchor.append(&good).unwrap();
}

pub(crate) fn trim_keeps_the_newest_and_what_is_not_stored(store: &impl Store) {
    let mut anchor = store.handle();
    let mut records = Vec::new();
    for _ in 0..5 {
        let record = step(anchor.last(), &records, 100);
        anchor.append(&record).unwrap();
        records.push(record);
    }
    let stored = TreeSize::new(256).unwrap();
    anchor.trim(stored, u64::MAX).unwrap();
    let left = replayed(&*anchor, TreeSize::ZERO);
    assert!(records.ends_with(&left));
    assert!(left[0].first <= stored, "what is not stored stays");
    anchor.trim(TreeSize::new(500).unwrap(), u64::MAX).unwrap();
    assert_eq!(replayed(&*anchor, TreeSize::ZERO).last(), records.last());
    let next = step(anchor.last(), &records, 1);
    anchor.append(&next).unwrap();
}

fn replayed(anchor: &dyn Anchor, after: TreeSize) -> Vec<AnchorRecord> {
    let mut records = Vec::new();
    anchor
        .replay(after, &mut |record| {
            records.push(record);
            true
        })
        .unwrap();
    records
}

/// A step of so many entries after these records.
fn step(last: Option<Head>, before: &[AnchorRecord], count: usize) -> AnchorRecord {
    let mut frontier = Frontier::empty();
    let entries: Vec<u8> = vec![0xe5; count * ENTRY_LEN];
    for packed in before
        .iter()
        .map(|record| &record.entries)
        .chain([&entries])
    {
        packed
            .chunks_exact(ENTRY_LEN)
            .for_each(|entry| frontier.append(Hash::of_leaf(entry)));
    }
    AnchorRecord {
        first: last.map_or(TreeSize::ZERO, |last| last.size),
        entries,
        notices: vec![b"document".to_vec()],
        head: Head {
            size: frontier.size(),
            root: frontier.root(),
            time_ms: last.map_or(1, |last| last.time_ms + 1),
        },
    }
}
