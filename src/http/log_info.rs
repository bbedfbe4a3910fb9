//! `GET /v1/log`: who this log is and how it does.

use super::problems::Rejection;
use crate::log::Log;
use crate::log::policy_notice::PolicyNotice;
use crate::log::status::State as LogState;
use axum::Json;
use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use std::sync::Arc;
use tlog::{Hash, KeyKind, Policy, Vkey};
use utoipa::ToSchema;

/// Who this log is and how it does.
#[derive(Serialize, ToSchema)]
pub struct LogInfo {
    origin: String,
    /// `serving`, `waiting` (for witnesses, or for a clock that may be signed), `read-only`, `ended`, or `frozen`.
    #[schema(example = "serving")]
    state: &'static str,
    /// Why it takes no entries.
    why: Option<String>,
    /// Of a frozen log: the two notes under its own key that contradict each other.
    #[serde(skip_serializing_if = "Option::is_none")]
    contradiction: Option<[String; 2]>,
    /// Of a log that is convicted: the proof, a file that `notary verify` judges offline.
    #[serde(skip_serializing_if = "Option::is_none")]
    misbehavior: Option<String>,
    /// The verifier keys: Ed25519 (0x01), RFC 6962 P-256 (0x05), ML-DSA-44 (0x06).
    vkeys: Vec<String>,
    /// SHA-256 of the P-256 tree head key's SPKI, base64 (RFC 6962 §3.2).
    log_id: String,
    /// The SPKI of the key that signs the entries of notices, base64 DER.
    entry_key: String,
    /// A c2sp.org/tlog-policy file for this log. Compare its fingerprint with what was published elsewhere.
    policy: String,
    /// The same for tools that know no ML-DSA.
    policy_ed25519: String,
    /// Whether a notice of this log published that policy.
    policy_notice: PolicyNoticeInfo,
    /// The newest committed head; it carries no signature.
    logged: LoggedHead,
    /// The newest head that a quorum of witnesses cosigned.
    witnessed: Option<LoggedHead>,
    /// What each witness of the policy did last.
    witnesses: Vec<WitnessInfo>,
    /// True while no quorum stands behind the checkpoint: a restored backup could contradict it.
    unwitnessed: bool,
    /// Whether entries can be looked up by their hash.
    leaf_lookup: bool,
    /// How far everything that is stored was read and hashed again.
    scrub: ScrubInfo,
}

/// The scrubber's work.
#[derive(Serialize, ToSchema)]
pub struct ScrubInfo {
    /// Entries below it were hashed again in this pass.
    position: i64,
    /// When the last whole pass ended, in seconds since 1970; null before the first.
    last_pass_s: Option<i64>,
    /// How often something was damaged or missing and was made again, since this log was started.
    healed: u64,
}

/// How the policy that this log runs under stands to the one that it published.
#[derive(Serialize, ToSchema)]
pub struct PolicyNoticeInfo {
    /// `published`; `announced`: it counts from a later day; `not-published`; `other`: another policy counts; `unused`: one
    /// was published and the log runs without; `none`: no witnesses, and none were published.
    #[schema(example = "published")]
    state: &'static str,
    /// The sentence for it, with what to do.
    says: String,
    /// The position of the notice's entry.
    index: Option<u64>,
    /// The notice, hex: see `/v1/notices/{sha256}`.
    notice: Option<String>,
    /// The day from which it counts (UTC).
    effective: Option<String>,
}

/// A witness, as this log sees it.
#[derive(Serialize, ToSchema)]
pub struct WitnessInfo {
    /// What the policy calls it.
    name: String,
    /// The size that it cosigned last, since this log was started.
    size: Option<u64>,
    /// How old that head is now, in milliseconds.
    age_ms: Option<u64>,
    /// Why it counts as silent; null while it answers.
    silent: Option<String>,
}

/// A head.
#[derive(Serialize, ToSchema)]
pub struct LoggedHead {
    size: u64,
    /// Base64.
    root: String,
    /// Milliseconds since 1970; of the newest head that may be shown, if it is this one.
    time_ms: Option<u64>,
}

/// Who this log is and how it does.
#[utoipa::path(get, path = "/v1/log", tag = "log", responses((status = 200, body = LogInfo, description = "As of now.")))]
pub async fn log_info(State(log): State<Arc<Log>>) -> Result<Json<LogInfo>, Rejection> {
    let heart = log.heart();
    let size = heart.history.size();
    let root = heart.history.root(size).await?;
    let newest = heart
        .publisher
        .newest()
        .filter(|newest| newest.head.size == size);
    let signer = heart.publisher.signer();
    let vkeys = signer.vkeys();
    let state = log.status().get();
    let contradiction = match state.as_ref() {
        LogState::Frozen(notes) => Some(notes.as_ref().clone()),
        _ => None,
    };
    let quorum = log.witnessing();
    let metrics = log.metrics();
    let now_ms = log.now_ms();
    let standings = quorum.map(|witnessing| witnessing.board.standings());
    let witnesses = standings.into_iter().flatten().map(|standing| WitnessInfo {
        name: standing.name,
        size: standing.size.map(tlog::TreeSize::get),
        age_ms: standing
            .time_ms
            .map(|time_ms| now_ms.saturating_sub(time_ms)),
        silent: standing.silent,
    });
    let policy_with = |kind| match quorum {
        Some(witnessing) => witnessing.quorum.policy_with(vkeys, kind),
        None => policy(vkeys, kind),
    };
    let newest_witnessed = heart.publisher.newest().filter(|_| quorum.is_some());
    let tree_head = vkeys
        .iter()
        .find(|key| key.kind() == KeyKind::TreeHead)
        .map(Vkey::material)
        .unwrap_or_default();
    Ok(Json(LogInfo {
        origin: signer.origin().as_str().to_owned(),
        state: state.word(),
        why: state.why().map(str::to_owned),
        contradiction,
        misbehavior: log.status().proof().map(|proof| proof.to_string()),
        vkeys: vkeys.iter().map(ToString::to_string).collect(),
        log_id: Hash::of(tree_head).to_base64(),
        entry_key: STANDARD.encode(signer.entry_spki()),
        policy: policy_with(KeyKind::MlDsa44),
        policy_ed25519: policy_with(KeyKind::Ed25519),
        policy_notice: log.policy_notice().into(),
        logged: LoggedHead {
            size: size.get(),
            root: root.to_base64(),
            time_ms: newest.map(|newest| newest.head.time_ms),
        },
        witnessed: newest_witnessed.map(|witnessed| LoggedHead {
            size: witnessed.head.size.get(),
            root: witnessed.head.root.to_base64(),
            time_ms: Some(witnessed.head.time_ms),
        }),
        witnesses: witnesses.collect(),
        unwitnessed: quorum.is_none(),
        leaf_lookup: log.settings().leaf_lookup,
        scrub: ScrubInfo {
            position: metrics.scrub_position.get(),
            last_pass_s: Some(metrics.scrub_last_pass_seconds.get()).filter(|at| *at > 0),
            healed: metrics.scrub_findings.with_label_values(&["healed"]).get(),
        },
    }))
}

impl From<PolicyNotice> for PolicyNoticeInfo {
    fn from(compared: PolicyNotice) -> Self {
        let notice = compared.notice();
        Self {
            state: compared.word(),
            says: compared.sentence(),
            index: notice.map(|notice| notice.index.get()),
            notice: notice.map(|notice| notice.notice.to_string()),
            effective: notice.map(|notice| notice.effective.to_string()),
        }
    }
}

/// A policy with one `log` line, since any one listed key would satisfy it.
fn policy(vkeys: &[Vkey], kind: KeyKind) -> String {
    let key = vkeys.iter().find(|key| key.kind() == kind);
    let policy = key.and_then(|key| Policy::unwitnessed(key, None).ok());
    policy
        .map(|policy| String::from_utf8_lossy(policy.text()).into_owned())
        .unwrap_or_default()
}
