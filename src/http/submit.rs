//! `POST /v1/entries`: entries in, proofs out.

use super::account::Account;
use super::admission::over;
use super::answer::{Answer, EntryResult, Under};
use super::charge::Charge;
use super::problems::{
    BAD_SIGNATURE, BODY_EMPTY, BODY_TRUNCATED, BUSY, KIND_NOT_ACCEPTED, MALFORMED_BASE64,
    MALFORMED_ENTRY, MALFORMED_JSON, Rejection, TOO_MANY_ENTRIES, UNKNOWN_KEY, WAIT_UNSUPPORTED,
};
use crate::log::Log;
use crate::log::pool::{Candidate, Outcome, Sequenced};
use axum::body::Bytes;
use axum::extract::{Extension, Query, State};
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use evidence::{BureauId, ENTRY_LEN, Entry, Kind, Slot};
use serde::Deserialize;
use service::{Exceeded, Problem};
use std::sync::Arc;
use std::time::Duration;
use tlog::TreeSize;
use utoipa::{IntoParams, ToSchema};

/// Entries in one request: 1,024 fit the body limit in either form.
pub const ENTRIES_MAX: usize = 1_024;

/// Signatures checked before other requests get their turn on this thread: about a millisecond.
const SLICE: usize = 16;

/// The longest that a submitter waits for witnesses; past it, the answer is 202.
pub const WITNESSED_WAIT: Duration = Duration::from_secs(5);

/// How long to wait.
#[derive(Deserialize, IntoParams)]
pub struct Wait {
    /// `witnessed` (the default on a log with witnesses; 202 past 5 seconds) or `logged` (202 at once). On a log without
    /// witnesses `witnessed` is refused.
    pub wait: Option<String>,
}

/// Entries as JSON.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Entries {
    /// Each entry: 162 bytes as standard base64 (216 characters). 1 to 1,024 of them.
    pub entries: Vec<String>,
}

/// Submits entries. The answer comes when the batch is durable and its head is signed and, on a log with witnesses,
/// cosigned by a quorum: it holds for each entry the
/// index, the inclusion proof and, once, the checkpoint. The same content always answers with the same index.
#[utoipa::path(
    post, path = "/v1/entries", tag = "submit", params(Wait),
    request_body(description = "1 to 1,024 entries of 162 bytes: as they are (application/octet-stream), or as JSON.",
        content((Vec<u8> = "application/octet-stream"), (Entries = "application/json"))),
    responses(
        (status = 200, description = "A result for each entry, in order. With `Accept: text/plain` and one entry: a tlog-proof.", body = Answer),
        (status = 202, description = "Logged, not yet witnessed: index, size, root and path without a signature, and where the receipt will be. A claim, no receipt: keep the entries until it is there.", body = Answer),
        (status = 400, description = "A fault of form: nothing of the body was logged.", body = super::docs::ProblemJson, content_type = "application/problem+json"),
        (status = 403, description = "One entry alone: its key or signature is refused.", body = super::docs::ProblemJson, content_type = "application/problem+json"),
        (status = 409, description = "One entry alone: another entry holds its slot; `index` names it.", body = super::docs::ProblemJson, content_type = "application/problem+json"),
        (status = 410, description = "The log has ended.", body = super::docs::ProblemJson, content_type = "application/problem+json"),
        (status = 413, description = "The body is larger than 256 KiB.", body = super::docs::ProblemJson, content_type = "application/problem+json"),
        (status = 415, description = "Neither octets nor JSON.", body = super::docs::ProblemJson, content_type = "application/problem+json"),
        (status = 429, description = "Beyond the bureau's or the address's quota: nothing was logged. Retry-After tells when the same would pass.", body = super::docs::ProblemJson, content_type = "application/problem+json"),
        (status = 503, description = "Nothing was logged; send the same bytes again.", body = super::docs::ProblemJson, content_type = "application/problem+json"),
        (status = 507, description = "The disk is full.", body = super::docs::ProblemJson, content_type = "application/problem+json"),
    )
)]
pub async fn submit(
    State(log): State<Arc<Log>>,
    Extension(account): Extension<Account>,
    Query(wait): Query<Wait>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Rejection> {
    let until = wait.until(&log)?;
    let submitted = parse(&headers, &body)?;
    let came = submitted.len();
    let mut bureaus = Vec::with_capacity(came);
    let mut results: Vec<Option<Problem>> = Vec::with_capacity(submitted.len());
    let mut candidates = Vec::with_capacity(submitted.len());
    for (position, entry) in submitted.into_iter().enumerate() {
        if position > 0 && position % SLICE == 0 {
            tokio::task::yield_now().await;
        }
        match check(&log, entry) {
            Ok((bureau, candidate)) => {
                bureaus.push(bureau);
                candidates.push(candidate);
                results.push(None);
            }
            Err(refused) => {
                account.refused(came).map_err(|gone| over(&log, gone))?;
                results.push(Some(refused.into_problem()));
            }
        }
    }
    let as_text = results.len() == 1
        && headers.get(ACCEPT).is_some_and(|accept| {
            accept
                .to_str()
                .is_ok_and(|accept| accept.starts_with("text/plain"))
        });
    let mut charge = Charge::take(account, bureaus).map_err(|exceeded| refuse(&log, exceeded))?;
    let answer = respond(&log, results, candidates, until, as_text, Some(&mut charge)).await;
    let mut answer = answer.unwrap_or_else(Rejection::into_response);
    if answer.status().is_server_error() {
        charge.give_back();
    } else {
        charge.label(&mut answer);
    }
    Ok(answer)
}

/// The bureau has had its quota; or all bureaus together have had theirs, which is no fault of this one's.
fn refuse(log: &Log, exceeded: Exceeded) -> Rejection {
    let is_of_all = exceeded.quota() == "all";
    let told = over(log, exceeded);
    match exceeded {
        Exceeded::Wait { retry_after_s, .. } if is_of_all => {
            BUSY.problem().retry_after(retry_after_s).into()
        }
        _ => told,
    }
}

/// Sequences what passed the door and answers for all; `charge` is what their bureaus paid.
pub async fn respond(
    log: &Log,
    results: Vec<Option<Problem>>,
    candidates: Vec<Candidate>,
    until: Until,
    as_text: bool,
    charge: Option<&mut Charge>,
) -> Result<Response, Rejection> {
    let entries = &log.metrics().entries;
    let refused = results.iter().flatten().count();
    let bad_signatures = results
        .iter()
        .flatten()
        .filter(|problem| problem.slug() == BAD_SIGNATURE.slug)
        .count();
    entries
        .with_label_values(&["refused_signature"])
        .inc_by(count(bad_signatures));
    entries
        .with_label_values(&["refused_key"])
        .inc_by(count(refused - bad_signatures));
    let waiting = candidates.len();
    let (outcomes, under) = if candidates.is_empty() {
        // Each is told why, also by a log that has no head to show now.
        let under = match log.heart().publisher.newest() {
            Some(newest) => Under::published(newest, None),
            None => Under::logged(log.coord().committed().await?.head, None, awaits(log)),
        };
        (Vec::new(), under)
    } else {
        match log.sequence(candidates).await {
            Ok(sequenced) => {
                if let Some(charge) = charge {
                    charge.settle(&sequenced);
                }
                shown(log, sequenced, until).await
            }
            Err(why) => {
                entries
                    .with_label_values(&["not_sequenced"])
                    .inc_by(count(waiting));
                return Err(why.into());
            }
        }
    };
    let answer = Answer::render(log, results, outcomes, under).await?;
    match answer {
        Answer { mut results, .. }
            if results.len() == 1 && matches!(results[0], EntryResult::Refused(_)) =>
        {
            match results.pop() {
                Some(EntryResult::Refused(problem)) => Ok(problem.into_response()),
                _ => Err(Rejection::from(Problem::of_status(
                    StatusCode::INTERNAL_SERVER_ERROR,
                ))),
            }
        }
        answer if as_text => answer.into_text(),
        answer => Ok(answer.into_json()),
    }
}

/// The head under which the answer's proofs stand: on a log with witnesses one that they cosigned, if they do in time.
async fn shown(log: &Log, sequenced: Sequenced, until: Until) -> (Vec<Outcome>, Under) {
    let Sequenced {
        outcomes,
        logged,
        published,
        growth,
    } = sequenced;
    if let Some(published) = published {
        return (outcomes, Under::published(published, growth));
    }
    let placed = outcomes.iter().filter_map(|outcome| match outcome {
        Outcome::Logged { index, .. } => TreeSize::new(index.get() + 1).ok(),
        _ => None,
    });
    // What was logged long ago needs no newer head than those that are there; what was refused needs none.
    let covered = placed.max();
    let heart = log.heart();
    let covering = heart.publisher.covering(covered.unwrap_or(TreeSize::ZERO));
    let bound = match until {
        Until::Witnessed if covered.is_some() => WITNESSED_WAIT,
        Until::Witnessed | Until::Logged => Duration::ZERO,
    };
    let under = match tokio::time::timeout(bound, covering).await {
        Ok(published) if until == Until::Witnessed => Under::published(published, None),
        _ => Under::logged(logged, growth, awaits(log)),
    };
    (outcomes, under)
}

/// What a head needs before it may be shown.
fn awaits(log: &Log) -> String {
    let witnessing = log.witnessing();
    witnessing.map_or_else(String::new, |witnessing| witnessing.board.awaited())
}

/// How long a submitter wants to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// Until the entries are durable and in the tree.
    Logged,
    /// Until a quorum of witnesses has cosigned a head over them, or [`WITNESSED_WAIT`] has passed.
    Witnessed,
}

impl Wait {
    /// With witnesses, `witnessed` is the default. Without, nobody can wait for them; it is said, never ignored.
    pub fn until(&self, log: &Log) -> Result<Until, Rejection> {
        let has_witnesses = log.witnessing().is_some();
        match self.wait.as_deref() {
            None | Some("witnessed") if has_witnesses => Ok(Until::Witnessed),
            None | Some("logged") => Ok(Until::Logged),
            Some("witnessed") => Err(Rejection::from(WAIT_UNSUPPORTED.problem())),
            Some(_) => Err(Rejection::from(
                super::problems::MALFORMED_QUERY
                    .problem()
                    .detail("The parameter wait is logged or witnessed."),
            )),
        }
    }
}

fn count(entries: usize) -> u64 {
    u64::try_from(entries).unwrap_or(u64::MAX)
}

/// Takes the body apart; a fault of form refuses the whole of it.
fn parse(headers: &HeaderMap, body: &Bytes) -> Result<Vec<Entry>, Rejection> {
    let media_type = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    if headers.contains_key(axum::http::header::CONTENT_ENCODING) {
        return Err(Rejection::from(
            Problem::of_status(StatusCode::UNSUPPORTED_MEDIA_TYPE)
                .detail("The body must come as it is: a Content-Encoding is not taken."),
        ));
    }
    if media_type.eq_ignore_ascii_case("application/octet-stream") {
        check_count(body.len().div_ceil(ENTRY_LEN))?;
        if !body.len().is_multiple_of(ENTRY_LEN) {
            let detail = format!(
                "{} bytes came, and {} of them are left over.",
                body.len(),
                body.len() % ENTRY_LEN
            );
            return Err(Rejection::from(BODY_TRUNCATED.problem().detail(detail)));
        }
        body.chunks_exact(ENTRY_LEN)
            .enumerate()
            .map(|(position, bytes)| parse_entry(position, bytes))
            .collect()
    } else if media_type.eq_ignore_ascii_case("application/json") {
        let Entries { entries } = serde_json::from_slice(body).map_err(|error| {
            // serde's message may quote the body: only the place is told.
            let detail = format!("Line {}, column {}.", error.line(), error.column());
            Rejection::from(MALFORMED_JSON.problem().detail(detail))
        })?;
        check_count(entries.len())?;
        entries
            .iter()
            .enumerate()
            .map(|(position, text)| {
                let bytes = STANDARD.decode(text).map_err(|_| {
                    let detail = format!("The entry at position {position}, counted from 0.");
                    Rejection::from(
                        MALFORMED_BASE64
                            .problem()
                            .detail(detail)
                            .with("position", position),
                    )
                })?;
                parse_entry(position, &bytes)
            })
            .collect()
    } else {
        Err(Rejection::from(
            Problem::of_status(StatusCode::UNSUPPORTED_MEDIA_TYPE)
                .detail("Content-Type must be application/octet-stream or application/json."),
        ))
    }
}

fn check_count(entries: usize) -> Result<(), Rejection> {
    match entries {
        0 => Err(Rejection::from(BODY_EMPTY.problem())),
        1..=ENTRIES_MAX => Ok(()),
        _ => Err(Rejection::from(
            TOO_MANY_ENTRIES
                .problem()
                .detail(format!("{entries} entries came.")),
        )),
    }
}

fn parse_entry(position: usize, bytes: &[u8]) -> Result<Entry, Rejection> {
    Entry::parse_submitted(bytes).map_err(|error| {
        let detail = format!("The entry at position {position}, counted from 0: {error}.");
        Rejection::from(
            MALFORMED_ENTRY
                .problem()
                .detail(detail)
                .with("position", position),
        )
    })
}

/// The key is known and the signature is its own. Whether the key may still submit is decided under the head lock:
/// what it logged before its revocation answers as ever.
fn check(log: &Log, entry: Entry) -> Result<(BureauId, Candidate), Rejection> {
    if entry.kind() != Kind::Record {
        return Err(KIND_NOT_ACCEPTED.problem().into());
    }
    let heart = log.heart();
    let registry = heart.registry.load();
    let key = registry
        .key(entry.key_id())
        .ok_or_else(|| UNKNOWN_KEY.problem())?;
    let verifier = log
        .verifier(&key.key_id, &key.spki_der)
        .ok_or_else(|| UNKNOWN_KEY.problem())?;
    if !verifier.verify(&entry.signed_message(log.origin_hash()), entry.signature()) {
        return Err(BAD_SIGNATURE.problem().into());
    }
    let slot = Slot::of(&key.bureau, entry.tag());
    let candidate = Candidate {
        bytes: entry.to_bytes(),
        entry,
        slot,
        notice: None,
    };
    Ok((key.bureau, candidate))
}
