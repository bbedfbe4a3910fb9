//! `GET /v1/logs`: which logs are enrolled, and how they stand.

use super::misbehavior::resumptions;
use crate::conviction::Against;
use crate::gossip::is_stale;
use crate::known_log::KnownLog;
use crate::metrics;
use crate::witness::Witness;
use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use std::sync::Arc;

/// The list, by origin.
pub async fn logs(State(witness): State<Arc<Witness>>) -> Json<Value> {
    let roster = witness.logs();
    let mut logs: Vec<&Arc<KnownLog>> = roster.logs().collect();
    logs.sort_by(|a, b| a.enrolled.origin.cmp(&b.enrolled.origin));
    let logs: Vec<Value> = logs.into_iter().map(|log| entry(&witness, log)).collect();
    let vkeys = witness.cosigner.vkeys().each_ref().map(ToString::to_string);
    Json(json!({
        "name": witness.cosigner.name().as_str(),
        "vkeys": vkeys,
        "signing": witness.gate.awaits().is_none(),
        "logs": logs,
    }))
}

fn entry(witness: &Witness, log: &KnownLog) -> Value {
    let head = log.standing.head();
    let refusal = log.standing.last_refusal().map(|refusal| {
        json!({"time_s": refusal.at_s, "status": refusal.status, "outcome": refusal.outcome})
    });
    json!({
        "origin": log.enrolled.origin,
        "origin_hash": log.origin_hash,
        "size": head.size().get(),
        "time_s": head.is_signed().then_some(head.time_s),
        "last_refusal": refusal,
        "verdicts": verdicts(witness, log),
        "stopped": log.standing.is_stopped(),
        "resumptions": resumptions(witness, log),
    })
}

/// What is to be said of a log, the gravest first. They are four different things: an outage and an old head are no
/// evidence, a dispute is no proof.
fn verdicts(witness: &Witness, log: &KnownLog) -> Vec<&'static str> {
    let proofs = witness.docket.of_log(&log.origin_hash);
    let is_so = [
        (
            metrics::PROVEN,
            proofs.iter().any(|one| one.against == Against::Log),
        ),
        (
            metrics::DISPUTE,
            !witness.disputes.public(log.enrolled.id).is_empty(),
        ),
        (metrics::OUTAGE, log.standing.is_silent()),
        (metrics::STALE, is_stale(log, witness.clock.now_s())),
    ];
    is_so
        .into_iter()
        .filter_map(|(verdict, is_so)| is_so.then_some(verdict))
        .collect()
}
