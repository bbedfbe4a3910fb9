//! The contract of [`Coord`], as tests that every store passes: each function here is one promise.

pub(crate) use super::audit_contract::{
    only_who_passed_the_gate_last_records,
    what_an_operator_did_is_a_row_with_the_action_or_not_at_all,
};
use super::coord::{Advance, Committed, Coord, CoordError, Head, Incarnation, KeptBy, Seen};
use super::sample_step::{
    kept, leaf, notice, packed, slot, step, take, tree, with_notices, with_slots,
};
use evidence::{Commitment, Slot};
use tlog::{Frontier, Hash, LeafIndex, TreeSize};

/// A store to be tested: a place, and handles on it.
pub(crate) trait Store {
    /// A new handle on the same place, as another process would get.
    async fn handle(&self) -> Box<dyn Coord>;
}

/// Makes one test of each promise, for a store that this expression makes.
macro_rules! coord_contract {
    ($store:expr) => {
        coord_contract! { $store;
            a_new_store_holds_the_empty_tree
            a_step_is_seen_through_every_handle
            every_range_is_read_back_across_batches
            a_dropped_lock_leaves_nothing
            an_abandoned_step_leaves_the_store_usable
            a_step_that_does_not_follow_is_refused_and_leaves_nothing
            a_tree_of_one_size_has_one_root
            steps_of_two_handles_follow_one_another
            whoever_did_not_pass_the_gate_last_may_not_advance
            who_holds_a_slot_is_among_the_candidates_and_all_share_its_first_bytes
            a_slot_twice_in_one_step_is_refused
            leaves_are_indexed_in_order_behind_the_head
            notices_are_dense_and_found_by_hash
            a_notice_that_does_not_belong_to_the_step_is_refused
            the_earliest_kept_head_covers_the_entry
            the_first_note_of_a_kept_head_stays
            only_what_witnesses_cosigned_answers_where_they_are_asked_for
            the_newest_witnessed_head_only_goes_forward
            what_a_witness_cosigned_last_only_goes_forward
            marks_only_go_forward
            trim_never_drops_an_entry_from_stored_on
            trim_keeps_what_is_young
            trim_keeps_the_newest_and_the_kept_heads
            rows_are_put_right_in_their_place
            lookups_that_lost_nothing_stay_as_they_are
            what_an_operator_did_is_a_row_with_the_action_or_not_at_all
            only_who_passed_the_gate_last_records
        }
    };
    ($store:expr; $($promise:ident)*) => {
        $(
            #[tokio::test]
            async fn $promise() {
                crate::storage::coord_contract::$promise(&$store).await;
            }
        )*
    };
}
pub(crate) use coord_contract;

pub(crate) async fn a_new_store_holds_the_empty_tree(store: &impl Store) {
    let coord = store.handle().await;
    assert_eq!(coord.committed().await.unwrap().head.size, TreeSize::ZERO);
    let lock = coord.lock().await.unwrap();
    assert_eq!(lock.committed().head.size, TreeSize::ZERO);
    assert_eq!(lock.committed().head.root, Hash::EMPTY_ROOT);
    assert_eq!(lock.committed().head.time_ms, 0);
    assert_eq!(lock.committed().notices, 0);
    assert_eq!(lock.committed().kept, None);
    drop(lock);
    refused(&*gated(store, 1).await, step(0)).await;
}

pub(crate) async fn a_step_is_seen_through_every_handle(store: &impl Store) {
    let writer = gated(store, 1).await;
    let other = store.handle().await;
    for count in [1, 3, 0, 300] {
        let head = take(&*writer, step(count)).await;
        for coord in [&writer, &other] {
            let committed = coord.committed().await.unwrap();
            assert_eq!(committed.head, head);
            assert_eq!(committed.frontier.size(), head.size);
            assert_eq!(committed.frontier.root(), head.root);
            assert_eq!(committed.incarnation, Incarnation([1; 16]));
            let heads = coord.heads_from(head.size, 9).await.unwrap();
            assert_eq!(heads.last().map(|kept| kept.head), Some(head));
        }
    }
}

pub(crate) async fn every_range_is_read_back_across_batches(store: &impl Store) {
    let writer = gated(store, 1).await;
    let other = store.handle().await;
    let mut size = 0;
    for count in [1, 2, 5, 1, 3] {
        take(&*writer, step(count)).await;
        size += count;
    }
    for to in 0..=size {
        for from in 0..to {
            let read = other.read_back(LeafIndex::new(from), tree(to)).await;
            assert_eq!(read.unwrap(), packed(from..to), "{from}..{to}");
        }
    }
    let beyond = other.read_back(LeafIndex::new(size), tree(size + 1)).await;
    assert!(matches!(beyond, Err(CoordError::Absent)));
    let across = other.read_back(LeafIndex::new(0), tree(size + 1)).await;
    assert!(matches!(across, Err(CoordError::Absent)));
}

pub(crate) async fn a_dropped_lock_leaves_nothing(store: &impl Store) {
    let coord = gated(store, 1).await;
    let head = take(&*coord, step(2)).await;
    for _ in 0..3 {
        let mut lock = coord.lock().await.unwrap();
        lock.slot_candidates(&[slot(0)]).await.unwrap();
        drop(lock);
    }
    assert_eq!(coord.committed().await.unwrap().head, head);
    take(&*coord, step(2)).await;
}

pub(crate) async fn an_abandoned_step_leaves_the_store_usable(store: &impl Store) {
    let coord = gated(store, 1).await;
    take(&*coord, step(2)).await;
    for polls in 0..12 {
        let lock = coord.lock().await.unwrap();
        let next = step(3)(lock.committed());
        let mut advance = lock.advance(&next);
        for _ in 0..polls {
            if futures_util::poll!(&mut advance).is_ready() {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(advance);
        // All of it is there or nothing, and the next step follows.
        let head = coord.committed().await.unwrap().head;
        let entries = coord.read_back(LeafIndex::new(0), head.size).await;
        assert_eq!(entries.unwrap(), packed(0..head.size.get()));
        take(&*coord, step(1)).await;
    }
}

pub(crate) async fn a_step_that_does_not_follow_is_refused_and_leaves_nothing(store: &impl Store) {
    let coord = gated(store, 1).await;
    let head = take(&*coord, step(5)).await;
    let wrong: [fn(&mut Advance); 6] = [
        |next| next.head.size = tree(next.head.size.get() + 1),
        |next| next.entries.truncate(2),
        |next| next.head.time_ms -= 1,
        |next| next.head.time_ms = 0,
        |next| next.head.root = Hash::of(b"another"),
        |next| next.frontier = Frontier::empty(),
    ];
    for spoil in wrong {
        refused(&*coord, |committed| {
            let mut next = step(3)(committed);
            spoil(&mut next);
            next
        })
        .await;
        assert_eq!(coord.committed().await.unwrap().head, head);
        let beyond = coord.read_back(LeafIndex::new(5), tree(6)).await;
        assert!(matches!(beyond, Err(CoordError::Absent)));
        assert_eq!(holders(&*coord, &[slot(5)]).await, [vec![]]);
    }
    take(&*coord, step(3)).await;
}

pub(crate) async fn a_tree_of_one_size_has_one_root(store: &impl Store) {
    let coord = gated(store, 1).await;
    take(&*coord, step(5)).await;
    take(&*coord, step(0)).await;
    refused(&*coord, |committed| {
        let mut leaves = committed.frontier.hashes().to_vec();
        leaves[0] = Hash::of(b"another");
        let frontier = Frontier::from_parts(committed.head.size, leaves).unwrap();
        let mut next = step(0)(committed);
        next.head.root = frontier.root();
        next.frontier = frontier;
        next
    })
    .await;
    take(&*coord, step(0)).await;
    let heads = coord.heads_from(tree(5), 9).await.unwrap();
    assert_eq!(heads.len(), 3);
    assert!(
        heads
            .iter()
            .all(|kept| kept.head.root == heads[0].head.root)
    );
}

pub(crate) async fn steps_of_two_handles_follow_one_another(store: &impl Store) {
    let [one, two] = [store.handle().await, store.handle().await];
    one.open(Incarnation([1; 16]), None).await.unwrap();
    two.open(Incarnation([1; 16]), None).await.unwrap();
    let steps = |coord: Box<dyn Coord>| async move {
        for _ in 0..20 {
            take(&*coord, step(3)).await;
            tokio::task::yield_now().await;
        }
    };
    tokio::join!(steps(one), steps(two));
    let coord = store.handle().await;
    assert_eq!(coord.committed().await.unwrap().head.size, tree(120));
    let all = coord.read_back(LeafIndex::new(0), tree(120)).await.unwrap();
    assert_eq!(all, packed(0..120));
}

pub(crate) async fn whoever_did_not_pass_the_gate_last_may_not_advance(store: &impl Store) {
    let stranger = store.handle().await;
    refused(&*stranger, step(1)).await;
    let zombie = gated(store, 1).await;
    take(&*zombie, step(1)).await;
    let successor = gated(store, 2).await;
    let committed = zombie.committed().await.unwrap();
    assert_eq!(committed.incarnation, Incarnation([2; 16]));
    refused(&*zombie, step(1)).await;
    refused(&*zombie, step(0)).await;
    take(&*successor, step(1)).await;
}

pub(crate) async fn who_holds_a_slot_is_among_the_candidates_and_all_share_its_first_bytes(
    store: &impl Store,
) {
    let coord = gated(store, 1).await;
    let other = store.handle().await;
    let colliding = |last| {
        let mut bytes = [7; 32];
        bytes[31] = last;
        Slot::new(bytes)
    };
    // The least and the greatest numbers that 8 bytes can be, and one on each side of 0.
    let extremes = [0x00, 0x7f, 0x80, 0xff].map(|byte| Slot::new([byte; 32]));
    take(&*coord, with_slots(extremes.to_vec())).await;
    // Entries 4 and 5 collide in one step, 7 and 8 with the one that was there.
    take(
        &*coord,
        with_slots(vec![colliding(0), colliding(1), slot(6)]),
    )
    .await;
    take(&*coord, with_slots(vec![colliding(2), colliding(3)])).await;
    // What a slot asks for, where it stands, and where those stand that share its first bytes.
    let collided = [4, 5, 7, 8];
    let asked: [(Slot, Option<u64>, &[u64]); 7] = [
        (slot(6), Some(6), &[6]),
        (colliding(3), Some(8), &collided),
        (colliding(0), Some(4), &collided),
        (colliding(9), None, &collided),
        (slot(99), None, &[]),
        (extremes[3], Some(3), &[3]),
        (colliding(1), Some(5), &collided),
    ];
    let slots = asked.map(|(slot, ..)| slot);
    let mut lock = coord.lock().await.unwrap();
    let answers = [
        holders(&*other, &slots).await,
        lock.slot_candidates(&slots).await.unwrap(),
    ];
    for found in answers {
        for ((_, holder, alike), found) in asked.iter().zip(found) {
            let found: Vec<u64> = found.into_iter().map(LeafIndex::get).collect();
            assert!(holder.is_none_or(|holder| found.contains(&holder)));
            assert!(found.iter().all(|index| alike.contains(index)), "{found:?}");
            assert!(
                found
                    .iter()
                    .all(|one| found.iter().filter(|other| *other == one).count() == 1)
            );
        }
    }
    assert_eq!(
        lock.slot_candidates(&[]).await.unwrap(),
        Vec::<Vec<_>>::new()
    );
    for (index, slot) in extremes.iter().enumerate() {
        let found = lock.slot_candidates(&[*slot]).await.unwrap();
        assert_eq!(found, [[LeafIndex::new(index as u64)]]);
    }
}

pub(crate) async fn a_slot_twice_in_one_step_is_refused(store: &impl Store) {
    let coord = gated(store, 1).await;
    refused(&*coord, with_slots(vec![slot(1), slot(2), slot(1)])).await;
    take(&*coord, with_slots(vec![slot(1), slot(2)])).await;
}

pub(crate) async fn leaves_are_indexed_in_order_behind_the_head(store: &impl Store) {
    let coord = gated(store, 1).await;
    let other = store.handle().await;
    take(&*coord, step(5)).await;
    let mut leaves: Vec<Hash> = (0..5).map(leaf).collect();
    let mut colliding = *leaves[0].as_bytes();
    colliding[31] ^= 1;
    leaves[3] = Hash::new(colliding);
    let first = LeafIndex::new;
    coord.index_leaves(first(0), &leaves[..2]).await.unwrap();
    assert_eq!(other.leaves_indexed().await.unwrap(), tree(2));
    for (from, leaves) in [(0, &leaves[..1]), (3, &leaves[3..]), (2, &[leaf(9); 4][..])] {
        let refused = coord.index_leaves(first(from), leaves).await;
        assert!(matches!(refused, Err(CoordError::Refused(_))), "{from}");
    }
    coord.index_leaves(first(2), &leaves[2..]).await.unwrap();
    assert_eq!(other.leaves_indexed().await.unwrap(), tree(5));
    for (index, expected) in [(0, &[0][..]), (1, &[1]), (2, &[2]), (3, &[0, 3]), (4, &[4])] {
        let found = other.leaf_candidates(&leaves[index..=index]).await.unwrap();
        let found = found.into_iter().flatten().map(LeafIndex::get);
        assert!(found.eq(expected.iter().copied()), "{index}");
    }
    let found = other.leaf_candidates(&[leaf(9)]).await.unwrap();
    assert_eq!(found, [Vec::new()]);
}

pub(crate) async fn notices_are_dense_and_found_by_hash(store: &impl Store) {
    let coord = gated(store, 1).await;
    let other = store.handle().await;
    take(&*coord, with_notices(vec![notice(0, 0)])).await;
    take(&*coord, step(4)).await;
    take(&*coord, with_notices(vec![notice(1, 5), notice(2, 6)])).await;
    assert_eq!(other.committed().await.unwrap().notices, 3);
    let read = other.notices_from(1).await.unwrap();
    assert_eq!(read, [notice(1, 5), notice(2, 6)]);
    for notice in other.notices_from(0).await.unwrap() {
        let found = other.notice(&notice.commitment).await.unwrap();
        assert_eq!(found, Some(notice));
    }
    let unknown = Commitment::of_document(b"unknown");
    assert_eq!(other.notice(&unknown).await.unwrap(), None);
    assert!(other.notices_from(3).await.unwrap().is_empty());
}

pub(crate) async fn a_notice_that_does_not_belong_to_the_step_is_refused(store: &impl Store) {
    let coord = gated(store, 1).await;
    take(&*coord, with_notices(vec![notice(0, 0)])).await;
    let mut altered = notice(1, 1);
    altered.document.push(b' ');
    for wrong in [
        notice(0, 1),
        notice(2, 1),
        notice(1, 0),
        notice(1, 2),
        altered,
    ] {
        refused(&*coord, with_notices(vec![wrong])).await;
    }
    take(&*coord, with_notices(vec![notice(1, 1)])).await;
}

pub(crate) async fn the_earliest_kept_head_covers_the_entry(store: &impl Store) {
    let coord = gated(store, 1).await;
    let other = store.handle().await;
    let first = take(&*coord, kept(2)).await;
    take(&*coord, step(3)).await;
    // An idle head covers new entries too, if the one that added them was not kept.
    let second = take(&*coord, kept(0)).await;
    refused(&*coord, kept(0)).await;
    take(&*coord, step(1)).await;
    assert_eq!(other.committed().await.unwrap().kept, Some(second));
    for (index, expected) in [
        (0, Some(first)),
        (1, Some(first)),
        (2, Some(second)),
        (4, Some(second)),
        (5, None),
    ] {
        let earliest = other
            .earliest_kept(LeafIndex::new(index), KeptBy::Log)
            .await
            .unwrap();
        assert_eq!(earliest.map(|kept| kept.head), expected, "{index}");
    }
}

pub(crate) async fn the_first_note_of_a_kept_head_stays(store: &impl Store) {
    let coord = gated(store, 1).await;
    let other = store.handle().await;
    let head = take(&*coord, kept(2)).await;
    let passing = take(&*coord, step(1)).await;
    let note = async || {
        let earliest = other
            .earliest_kept(LeafIndex::new(0), KeptBy::Log)
            .await
            .unwrap();
        earliest.unwrap().note
    };
    assert_eq!(note().await, None);
    coord.store_note(&head, "first").await.unwrap();
    coord.store_note(&head, "second").await.unwrap();
    assert_eq!(note().await.as_deref(), Some("first"));
    let listed = other.heads_from(TreeSize::ZERO, 1).await.unwrap();
    assert_eq!(listed[0].note.as_deref(), Some("first"));
    let refused = coord.store_note(&passing, "passing").await;
    assert!(matches!(refused, Err(CoordError::Refused(_))));
}

pub(crate) async fn only_what_witnesses_cosigned_answers_where_they_are_asked_for(
    store: &impl Store,
) {
    let coord = gated(store, 1).await;
    let other = store.handle().await;
    let by_log = take(&*coord, kept(2)).await;
    let later = take(&*coord, step(3)).await;
    let earliest = async |index, by| {
        let earliest = other.earliest_kept(LeafIndex::new(index), by).await;
        earliest.unwrap().map(|kept| (kept.head, kept.note))
    };
    assert_eq!(earliest(0, KeptBy::Witnesses).await, None);
    coord
        .store_witnessed(&later, "passing", false)
        .await
        .unwrap();
    assert_eq!(earliest(0, KeptBy::Witnesses).await, None);
    coord.store_witnessed(&later, "kept", true).await.unwrap();
    coord.store_witnessed(&later, "again", true).await.unwrap();
    let kept = Some((later, Some("kept".to_owned())));
    assert_eq!(earliest(0, KeptBy::Witnesses).await, kept);
    assert_eq!(earliest(0, KeptBy::Log).await, Some((by_log, None)));
    let heads = other.witnessed().await.unwrap();
    assert_eq!(heads.kept, Some(later));
}

pub(crate) async fn the_newest_witnessed_head_only_goes_forward(store: &impl Store) {
    let coord = gated(store, 1).await;
    let other = store.handle().await;
    assert!(other.witnessed().await.unwrap().newest.is_none());
    let first = take(&*coord, step(1)).await;
    let second = take(&*coord, step(1)).await;
    coord
        .store_witnessed(&second, "second", false)
        .await
        .unwrap();
    coord.store_witnessed(&first, "first", false).await.unwrap();
    let newest = other.witnessed().await.unwrap().newest.unwrap();
    assert_eq!(
        (newest.head, newest.note.as_deref()),
        (second, Some("second"))
    );
}

pub(crate) async fn what_a_witness_cosigned_last_only_goes_forward(store: &impl Store) {
    let coord = gated(store, 1).await;
    let other = store.handle().await;
    assert_eq!(other.seen().await.unwrap(), []);
    let old = take(&*coord, step(2)).await;
    let new = take(&*coord, step(1)).await;
    let seen = |key: u8, head: Head, note: &str| Seen {
        key_hash: Hash::new([key; 32]),
        head,
        note: note.to_owned(),
    };
    coord
        .store_seen(&[seen(1, new, "first"), seen(2, old, "second")])
        .await
        .unwrap();
    coord
        .store_seen(&[seen(1, old, "older"), seen(2, new, "newer")])
        .await
        .unwrap();
    let mut kept = other.seen().await.unwrap();
    kept.sort_by_key(|one| *one.key_hash.as_bytes());
    assert_eq!(kept, [seen(1, new, "first"), seen(2, new, "newer")]);
}

pub(crate) async fn marks_only_go_forward(store: &impl Store) {
    let coord = gated(store, 1).await;
    take(&*coord, step(600)).await;
    coord.mark_stored(tree(512)).await.unwrap();
    coord.mark_stored(tree(256)).await.unwrap();
    let committed = store.handle().await.committed().await.unwrap();
    assert_eq!(committed.stored, tree(512));
    for wrong in [513, 768] {
        let refused = coord.mark_stored(tree(wrong)).await;
        assert!(matches!(refused, Err(CoordError::Refused(_))), "{wrong}");
    }
}

pub(crate) async fn trim_never_drops_an_entry_from_stored_on(store: &impl Store) {
    let coord = gated(store, 1).await;
    let other = store.handle().await;
    for _ in 0..100 {
        take(&*coord, step(7)).await;
    }
    coord.trim(u64::MAX, 1).await.unwrap();
    let all = other.read_back(LeafIndex::new(0), tree(700)).await;
    assert_eq!(all.unwrap(), packed(0..700), "nothing is stored yet");
    coord.mark_stored(tree(512)).await.unwrap();
    coord.trim(u64::MAX, 1).await.unwrap();
    let rest = other.read_back(LeafIndex::new(512), tree(700)).await;
    assert_eq!(rest.unwrap(), packed(512..700));
    for index in [0, 256, 503] {
        let dropped = other.read_back(LeafIndex::new(index), tree(700)).await;
        assert!(matches!(dropped, Err(CoordError::Absent)), "{index}");
    }
    take(&*coord, step(1)).await;
}

pub(crate) async fn trim_keeps_what_is_young(store: &impl Store) {
    let coord = gated(store, 1).await;
    let old = take(&*coord, step(256)).await;
    take(&*coord, step(256)).await;
    coord.mark_stored(tree(512)).await.unwrap();
    coord.trim(old.time_ms, 9).await.unwrap();
    let all = coord.read_back(LeafIndex::new(0), tree(512)).await;
    assert_eq!(all.unwrap(), packed(0..512));
    coord.trim(old.time_ms + 1, 9).await.unwrap();
    let young = coord.read_back(LeafIndex::new(256), tree(512)).await;
    assert_eq!(young.unwrap(), packed(256..512));
    let dropped = coord.read_back(LeafIndex::new(255), tree(512)).await;
    assert!(matches!(dropped, Err(CoordError::Absent)));
}

pub(crate) async fn trim_keeps_the_newest_and_the_kept_heads(store: &impl Store) {
    let coord = gated(store, 1).await;
    let mut heads = Vec::new();
    for place in 0..20 {
        let next = |committed: &Committed| Advance {
            keep: place % 8 == 3,
            ..step(1)(committed)
        };
        heads.push(take(&*coord, next).await);
    }
    let listed = async || -> Vec<Head> {
        let heads = coord.heads_from(TreeSize::ZERO, 99).await.unwrap();
        heads.into_iter().map(|kept| kept.head).collect()
    };
    assert_eq!(listed().await, heads);
    coord.trim(0, 4).await.unwrap();
    let remaining = [3, 11, 16, 17, 18, 19].map(|place| heads[place]);
    assert_eq!(listed().await, remaining);
    coord.trim(0, 0).await.unwrap();
    assert_eq!(listed().await, [3, 11, 19].map(|place| heads[place]));
    assert_eq!(coord.committed().await.unwrap().head, heads[19]);
    take(&*coord, step(0)).await;
}

pub(crate) async fn rows_are_put_right_in_their_place(store: &impl Store) {
    let coord = gated(store, 1).await;
    for count in [3, 5, 4] {
        take(&*coord, step(count)).await;
    }
    let all = async || coord.read_back(LeafIndex::new(0), tree(12)).await.unwrap();
    let other = packed(100..107);
    coord.replace_rows(LeafIndex::new(2), &other).await.unwrap();
    let expected = [packed(0..2), other, packed(9..12)].concat();
    assert_eq!(all().await, expected);
    coord
        .replace_rows(LeafIndex::new(0), &packed(0..12))
        .await
        .unwrap();
    assert_eq!(all().await, packed(0..12));
    // Beyond what is here there is nothing to put right.
    coord
        .replace_rows(LeafIndex::new(12), &packed(12..14))
        .await
        .unwrap();
    assert_eq!(coord.committed().await.unwrap().head.size, tree(12));
}

pub(crate) async fn lookups_that_lost_nothing_stay_as_they_are(store: &impl Store) {
    let coord = gated(store, 1).await;
    take(&*coord, step(3)).await;
    let leaves: Vec<Hash> = (0..3).map(leaf).collect();
    coord
        .index_leaves(LeafIndex::new(0), &leaves)
        .await
        .unwrap();
    let at = LeafIndex::new(1);
    coord
        .restore_lookups(&[(slot(1), at)], &[(leaf(1), at)])
        .await
        .unwrap();
    assert_eq!(holders(&*coord, &[slot(1)]).await, [[at]]);
    assert_eq!(coord.leaf_candidates(&[leaf(1)]).await.unwrap(), [[at]]);
}

/// A handle that passed the gate under this name.
pub(crate) async fn gated(store: &impl Store, name: u8) -> Box<dyn Coord> {
    let coord = store.handle().await;
    coord.open(Incarnation([name; 16]), None).await.unwrap();
    coord
}

pub(crate) async fn refused(coord: &dyn Coord, next: impl FnOnce(&Committed) -> Advance) {
    let lock = coord.lock().await.unwrap();
    let next = next(lock.committed());
    let answer = lock.advance(&next).await;
    assert!(matches!(answer, Err(CoordError::Refused(_))), "{answer:?}");
}

async fn holders(coord: &dyn Coord, slots: &[Slot]) -> Vec<Vec<LeafIndex>> {
    coord.slot_candidates(slots).await.unwrap()
}
