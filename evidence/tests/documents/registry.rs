//! The registry: what a relying party may conclude from notices.

use crate::log::{self, TestKey, admin, draft, genesis, notice, registry, sign};
use evidence::{
    Author, BureauId, Calendar, Commitment, Entry, KeyEnrol, KeyHash, KeyRevoke, KeyRotate,
    KeyState, Kind, Notice, NoticeBody, Operator, OriginHash, RefusedAuthor, RefusedNotice,
    RefusedNoticeEntry, Registry, RevocationReason, Role, Tag, UnsignedEntry,
};
use serde_json::Map;
use tlog::{LeafIndex, PureRust};

fn at(index: u64) -> LeafIndex {
    LeafIndex::new(index)
}

fn enrol(key: u32, bureau: Option<BureauId>, roles: &[Role]) -> NoticeBody {
    NoticeBody::KeyEnrol(KeyEnrol {
        bureau,
        name: "Bureau of Tests".to_owned(),
        roles: roles.to_vec(),
        spki: TestKey::new(key).spki(),
    })
}

fn rotate(old: u32, new: u32) -> NoticeBody {
    NoticeBody::KeyRotate(KeyRotate {
        key: TestKey::new(old).id(),
        roles: vec![Role::Submit],
        spki: TestKey::new(new).spki(),
    })
}

fn revoke(key: u32) -> NoticeBody {
    NoticeBody::KeyRevoke(KeyRevoke {
        key: TestKey::new(key).id(),
        reason: RevocationReason::Compromised,
    })
}

fn operator() -> NoticeBody {
    NoticeBody::Operator(Operator {
        detail: Map::new(),
        event: "restored".to_owned(),
    })
}

/// A log with bureau 10, enrolled at index 7.
fn with_a_bureau() -> Registry {
    let mut registry = registry();
    let enrolment = notice(&registry, enrol(10, None, &[Role::Submit]));
    registry.apply(at(7), &enrolment, &PureRust).unwrap();
    registry
}

/// Applies at index 100 and, on a refusal, sees to it that nothing changed.
fn refused(registry: &Registry, notice: &Notice) -> Option<RefusedNotice> {
    let mut after = registry.clone();
    let refusal = after.apply(at(100), notice, &PureRust).err();
    assert_eq!(registry.check(notice, &PureRust).err(), refusal);
    if refusal.is_some() {
        assert_eq!(after.next_seq(), registry.next_seq());
        assert_eq!(after.last(), registry.last());
        assert_eq!(after.last_index(), registry.last_index());
        assert!(after.keys().eq(registry.keys()));
    }
    refusal
}

#[test]
fn a_genesis_is_checked_against_the_keys_that_it_names_itself() {
    let registry = registry();
    assert_eq!(registry.origin().as_str(), log::ORIGIN);
    assert_eq!(registry.log_key(), TestKey::new(4).id());
    assert_eq!(registry.log_vkeys().len(), 3);
    assert_eq!(registry.next_seq(), 1);
    assert_eq!(registry.last(), genesis().commitment());
    assert_eq!(registry.keys().count(), 0);

    for pair in [[1, 2], [1, 3], [2, 3]] {
        let genesis = sign(log::genesis_draft(), pair);
        assert!(Registry::genesis(at(0), &genesis, &PureRust).is_ok());
    }

    let stranger = TestKey::new(99);
    let draft = log::genesis_draft();
    let signatures = [&admin(1), &stranger].map(|key| key.endorse(&draft, log::ORIGIN));
    let by_a_stranger = draft.into_notice(signatures.to_vec()).unwrap();
    assert_eq!(
        Registry::genesis(at(0), &by_a_stranger, &PureRust).err(),
        Some(RefusedNotice::UnknownAdmin { key: stranger.id() })
    );

    let draft = log::genesis_draft();
    let signatures = [1, 2].map(|number| admin(number).endorse(&draft, "other.example"));
    let of_another_log = draft.into_notice(signatures.to_vec()).unwrap();
    assert!(matches!(
        Registry::genesis(at(0), &of_another_log, &PureRust),
        Err(RefusedNotice::BadAdminSignature { .. })
    ));
}

#[test]
fn a_genesis_stands_at_index_0_and_once() {
    assert_eq!(
        Registry::genesis(at(1), &genesis(), &PureRust).err(),
        Some(RefusedNotice::GenesisNotFirst)
    );
    let registry = registry();
    assert_eq!(
        refused(&registry, &genesis()),
        Some(RefusedNotice::SecondGenesis)
    );
    let other = notice(&registry, operator_calendar());
    assert_eq!(
        Registry::genesis(at(0), &other, &PureRust).err(),
        Some(RefusedNotice::NoGenesis)
    );
}

fn operator_calendar() -> NoticeBody {
    NoticeBody::Calendar(Calendar {
        calendar: Map::new(),
    })
}

#[test]
fn a_key_counts_from_the_next_index_on_and_until_its_revocation() {
    let mut registry = with_a_bureau();
    let key = TestKey::new(10).id();
    assert_eq!(registry.key_at(&key, at(6)), KeyState::NotYet);
    assert_eq!(registry.key_at(&key, at(7)), KeyState::NotYet);
    assert!(matches!(
        registry.key_at(&key, at(8)),
        KeyState::Valid(enrolled) if enrolled.enrolled_at == at(7) && enrolled.bureau == BureauId::new(key)
    ));
    assert!(matches!(registry.current(&key), KeyState::Valid(_)));
    assert_eq!(
        registry.key_at(&TestKey::new(11).id(), at(8)),
        KeyState::Unknown
    );

    let revocation = notice(&registry, revoke(10));
    registry.apply(at(12), &revocation, &PureRust).unwrap();
    assert!(matches!(registry.key_at(&key, at(12)), KeyState::Valid(_)));
    assert_eq!(
        registry.key_at(&key, at(13)),
        KeyState::Revoked { at: at(12) }
    );
    assert_eq!(registry.current(&key), KeyState::Revoked { at: at(12) });
    assert_eq!(registry.key_at(&key, at(7)), KeyState::NotYet);
}

#[test]
fn a_rotation_carries_the_bureau_on_and_ends_the_old_key_at_the_same_position() {
    let mut registry = with_a_bureau();
    let bureau = BureauId::new(TestKey::new(10).id());
    let rotation = notice(&registry, rotate(10, 11));
    registry.apply(at(20), &rotation, &PureRust).unwrap();
    let (old, new) = (TestKey::new(10).id(), TestKey::new(11).id());
    assert!(matches!(registry.key_at(&old, at(20)), KeyState::Valid(_)));
    assert_eq!(registry.key_at(&new, at(20)), KeyState::NotYet);
    assert_eq!(registry.current(&old), KeyState::Revoked { at: at(20) });
    assert!(matches!(
        registry.current(&new),
        KeyState::Valid(key) if key.bureau == bureau && key.bureau_name == "Bureau of Tests"
    ));

    // The bureau is the same after a second rotation, and after an enrolment that names it.
    let rotation = notice(&registry, rotate(11, 12));
    registry.apply(at(21), &rotation, &PureRust).unwrap();
    let enrolment = notice(
        &registry,
        enrol(13, Some(bureau), &[Role::Submit, Role::Vrf]),
    );
    registry.apply(at(22), &enrolment, &PureRust).unwrap();
    assert!(registry.keys().all(|key| key.bureau == bureau));
    let order: Vec<KeyHash> = registry.keys().map(|key| key.key_id).collect();
    assert_eq!(order, [10, 11, 12, 13].map(|key| TestKey::new(key).id()));
}

#[test]
fn a_key_is_enrolled_once_ever() {
    let mut registry = with_a_bureau();
    let again = notice(&registry, enrol(10, None, &[Role::Submit]));
    assert_eq!(
        refused(&registry, &again),
        Some(RefusedNotice::KeyEnrolledBefore)
    );
    let into_itself = notice(&registry, rotate(10, 10));
    assert_eq!(
        refused(&registry, &into_itself),
        Some(RefusedNotice::KeyEnrolledBefore)
    );
    let revocation = notice(&registry, revoke(10));
    registry.apply(at(12), &revocation, &PureRust).unwrap();
    let after_revocation = notice(&registry, enrol(10, None, &[Role::Submit]));
    assert_eq!(
        refused(&registry, &after_revocation),
        Some(RefusedNotice::KeyEnrolledBefore)
    );
}

#[test]
fn no_key_of_the_log_itself_can_be_a_bureaus() {
    let registry = with_a_bureau();
    for key in 1..=5 {
        for body in [enrol(key, None, &[Role::Submit]), rotate(10, key)] {
            let notice = notice(&registry, body);
            assert_eq!(
                refused(&registry, &notice),
                Some(RefusedNotice::KeyOfTheLog)
            );
        }
    }
}

#[test]
fn what_is_not_enrolled_cannot_be_named() {
    let mut registry = with_a_bureau();
    let refusal_of = |registry: &Registry, body| refused(registry, &notice(registry, body));
    let nobody = BureauId::new(TestKey::new(11).id());
    let log = BureauId::new(registry.log_key());
    for bureau in [nobody, log] {
        assert_eq!(
            refusal_of(&registry, enrol(11, Some(bureau), &[Role::Submit])),
            Some(RefusedNotice::UnknownBureau)
        );
    }
    assert_eq!(
        refusal_of(&registry, revoke(11)),
        Some(RefusedNotice::UnknownKey)
    );
    assert_eq!(
        refusal_of(&registry, rotate(11, 12)),
        Some(RefusedNotice::UnknownKey)
    );
    let revocation = notice(&registry, revoke(10));
    registry.apply(at(12), &revocation, &PureRust).unwrap();
    for body in [revoke(10), rotate(10, 12)] {
        assert_eq!(
            refusal_of(&registry, body),
            Some(RefusedNotice::KeyAlreadyRevoked)
        );
    }
}

#[test]
fn notices_follow_on_each_other_without_a_gap() {
    let registry = with_a_bureau();
    let mut late = draft(&registry, operator_calendar());
    late.seq += 1;
    assert_eq!(
        refused(&registry, &sign(late, [1, 2])),
        Some(RefusedNotice::WrongSeq { expected: 2 })
    );
    let mut early = draft(&registry, operator_calendar());
    early.seq -= 1;
    assert_eq!(
        refused(&registry, &sign(early, [1, 2])),
        Some(RefusedNotice::WrongSeq { expected: 2 })
    );
    let mut forked = draft(&registry, operator_calendar());
    forked.prev = Some(genesis().commitment());
    assert_eq!(
        refused(&registry, &sign(forked, [1, 2])),
        Some(RefusedNotice::WrongPrev)
    );
    let next = notice(&registry, operator_calendar());
    for index in [0, 7] {
        assert_eq!(
            registry.clone().apply(at(index), &next, &PureRust),
            Err(RefusedNotice::NotAfterLast)
        );
    }
    assert_eq!(refused(&registry, &next), None);
}

#[test]
fn two_admins_of_this_log_must_have_signed_this_document() {
    let registry = with_a_bureau();
    let body = || enrol(11, None, &[Role::Submit]);

    let unsigned = draft(&registry, body());
    let signatures = [&admin(2), &TestKey::new(10)].map(|key| key.endorse(&unsigned, log::ORIGIN));
    let by_a_bureau = unsigned.into_notice(signatures.to_vec()).unwrap();
    assert_eq!(
        refused(&registry, &by_a_bureau),
        Some(RefusedNotice::UnknownAdmin {
            key: TestKey::new(10).id()
        })
    );

    let unsigned = draft(&registry, body());
    let other = draft(&registry, enrol(12, None, &[Role::Submit]));
    let signatures = vec![
        admin(1).endorse(&unsigned, log::ORIGIN),
        admin(2).endorse(&other, log::ORIGIN),
    ];
    let of_another_document = unsigned.into_notice(signatures).unwrap();
    assert_eq!(
        refused(&registry, &of_another_document),
        Some(RefusedNotice::BadAdminSignature { key: admin(2).id() })
    );

    let unsigned = draft(&registry, body());
    let signatures = [1, 2].map(|number| admin(number).endorse(&unsigned, "other.example"));
    let of_another_log = unsigned.into_notice(signatures.to_vec()).unwrap();
    assert!(matches!(
        refused(&registry, &of_another_log),
        Some(RefusedNotice::BadAdminSignature { .. })
    ));
}

#[test]
fn the_logs_own_diary_needs_no_admin() {
    let mut registry = with_a_bureau();
    let diary = draft(&registry, operator()).into_notice(vec![]).unwrap();
    registry.apply(at(8), &diary, &PureRust).unwrap();
    assert_eq!(registry.next_seq(), 3);
    assert_eq!(registry.last(), diary.commitment());
}

#[test]
fn only_a_key_with_the_role_may_submit_and_only_the_log_may_write_notices() {
    let mut registry = with_a_bureau();
    let supervisor = notice(&registry, enrol(20, None, &[Role::Supervise, Role::Vrf]));
    registry.apply(at(8), &supervisor, &PureRust).unwrap();
    let author = |kind, key: u32, index| {
        let entry = entry(kind, &TestKey::new(key), Commitment::new([1; 32]));
        registry
            .author_at(&entry, at(index))
            .map(|author| author.bureau())
    };
    let id = |key: u32| BureauId::new(TestKey::new(key).id());

    assert_eq!(author(Kind::Record, 10, 8), Ok(id(10)));
    assert_eq!(author(Kind::Record, 10, 7), Err(RefusedAuthor::NotYet));
    assert_eq!(
        author(Kind::Record, 20, 9),
        Err(RefusedAuthor::MayNotSubmit)
    );
    for key in [1, 4, 5, 99] {
        assert_eq!(author(Kind::Record, key, 9), Err(RefusedAuthor::UnknownKey));
    }
    for kind in [Kind::Notice, Kind::Index] {
        assert_eq!(author(kind, 4, 9), Ok(id(4)));
        for key in [1, 5, 10, 20] {
            assert_eq!(author(kind, key, 9), Err(RefusedAuthor::NotTheLog));
        }
    }
}

#[test]
fn the_entry_of_a_notice_is_the_logs_own() {
    let registry = registry();
    let genesis = genesis();
    let log_key = TestKey::new(4);
    let commitment = genesis.commitment();
    let good = entry(Kind::Notice, &log_key, commitment);
    assert_eq!(registry.check_entry(&good, &genesis, &PureRust), Ok(()));
    assert!(matches!(
        registry.author_at(&good, at(0)),
        Ok(Author::Log(spki)) if spki.key_hash() == log_key.id()
    ));

    let refusal = |entry: &Entry| registry.check_entry(entry, &genesis, &PureRust).err();
    let record = entry(Kind::Record, &log_key, commitment);
    assert_eq!(refusal(&record), Some(RefusedNoticeEntry::Kind));
    let by_an_admin = entry(Kind::Notice, &admin(1), commitment);
    assert_eq!(refusal(&by_an_admin), Some(RefusedNoticeEntry::OtherKey));
    let other = entry(Kind::Notice, &log_key, Commitment::new([1; 32]));
    assert_eq!(refusal(&other), Some(RefusedNoticeEntry::OtherDocument));
    let mut tagged = *good.unsigned();
    tagged.tag = Tag::new([2; 32]);
    let tagged = signed(tagged, &log_key, log::ORIGIN);
    assert_eq!(refusal(&tagged), Some(RefusedNoticeEntry::OtherTag));
    let of_another_log = signed(*good.unsigned(), &log_key, "other.example");
    assert_eq!(
        refusal(&of_another_log),
        Some(RefusedNoticeEntry::Signature)
    );
}

fn entry(kind: Kind, key: &TestKey, commitment: Commitment) -> Entry {
    let unsigned = UnsignedEntry {
        kind,
        key_id: key.id(),
        tag: Tag::of_notice(&commitment),
        commitment,
    };
    signed(unsigned, key, log::ORIGIN)
}

fn signed(unsigned: UnsignedEntry, key: &TestKey, origin: &str) -> Entry {
    let message = unsigned.signed_message(&OriginHash::of(origin));
    unsigned.with_signature(key.sign(&message)).unwrap()
}
