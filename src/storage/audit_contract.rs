//! The part of the contract of [`Coord`] that is about audit rows: each function here is one promise.

use super::coord::{Advance, CoordError, Incarnation};
use super::coord_contract::{Store, gated, refused};
use super::sample_step::{notice, step, take, with_notices};
use evidence::{AuditAction, AuditChain, AuditEvent, AuditRow};

pub(crate) async fn what_an_operator_did_is_a_row_with_the_action_or_not_at_all(
    store: &impl Store,
) {
    let coord = store.handle().await;
    let other = store.handle().await;
    let at = |action, size, time_ms| AuditEvent::at_size(action, size, time_ms);
    let started = at(AuditAction::Start, 0, 5_000);
    coord
        .open(Incarnation([1; 16]), Some(started.clone()))
        .await
        .unwrap();
    take(&*coord, with_notices(vec![notice(0, 0), notice(1, 1)])).await;
    take(&*coord, step(3)).await;
    take(&*coord, |committed| Advance {
        audit: vec![at(AuditAction::RollForward, 9, 7_000)],
        ..with_notices(vec![notice(2, 5)])(committed)
    })
    .await;
    // What is refused leaves nothing.
    refused(&*coord, |committed| Advance {
        audit: vec![at(AuditAction::End, 9, 8_000)],
        ..with_notices(vec![notice(7, 6)])(committed)
    })
    .await;
    drop(coord.lock().await.unwrap());
    // A process that takes the store anew for reasons of its own leaves no row.
    coord.open(Incarnation([2; 16]), None).await.unwrap();
    let stopped = coord.record(at(AuditAction::Stop, 6, 1)).await.unwrap();

    let rows = other.audit_from(0, 99).await.unwrap();
    let said: Vec<(&str, &str)> = rows
        .iter()
        .map(|row| (row.action.as_str(), row.subject.as_str()))
        .collect();
    let hashes = [0, 1, 2].map(|seq| notice(seq, 0).commitment.to_string());
    let types = [0, 1, 2].map(|seq| AuditAction::of_notice(notice(seq, 0).notice_type).as_str());
    let expected = [
        ("start", "0"),
        (types[0], &hashes[0]),
        (types[1], &hashes[1]),
        ("roll-forward", "9"),
        (types[2], &hashes[2]),
        ("stop", "6"),
    ];
    assert_eq!(said, expected);
    // Chained, and never back in time.
    let mut chain = AuditChain::default();
    for row in &rows {
        chain.follow(row.clone()).unwrap();
    }
    assert_eq!(chain.newest(), Some(&stopped));
    assert_eq!(stopped.time_ms, 7_000);
    assert_eq!(rows[0], AuditRow::behind(None, &started));
    assert_eq!(other.audit_from(4, 1).await.unwrap(), rows[4..5]);
    assert!(other.audit_from(6, 1).await.unwrap().is_empty());
}

pub(crate) async fn only_who_passed_the_gate_last_records(store: &impl Store) {
    let event = || AuditEvent::at_size(AuditAction::Stop, 0, 1);
    let stranger = store.handle().await;
    let zombie = gated(store, 1).await;
    zombie.record(event()).await.unwrap();
    let successor = gated(store, 2).await;
    for coord in [&stranger, &zombie] {
        let answer = coord.record(event()).await;
        assert!(matches!(answer, Err(CoordError::Refused(_))));
    }
    successor.record(event()).await.unwrap();
    assert_eq!(successor.audit_from(0, 9).await.unwrap().len(), 2);
}
