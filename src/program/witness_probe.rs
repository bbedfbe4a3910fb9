//! The witnesses of a log, asked once: do they answer, do they know it, and what does their clock say.

use super::diagnosis::{Diagnosis, Verdict};
use crate::log::quorum::{Operator, Quorum};
use futures_util::future::join_all;
use reqwest::{Client, Response, StatusCode};

/// What one witness said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Heard {
    /// What the policy calls it.
    name: String,
    /// Its clock, in seconds since 1970.
    pub(crate) clock_s: Option<i64>,
    /// What is wrong with it.
    fault: Option<String>,
}

/// Asks each witness of the policy what it shows of this log.
pub(crate) async fn ask(client: &Client, quorum: &Quorum, origin_hash: &[u8; 32]) -> Vec<Heard> {
    let asked = quorum
        .operators()
        .iter()
        .map(|operator| one(client, operator, origin_hash));
    join_all(asked).await
}

async fn one(client: &Client, operator: &Operator, origin_hash: &[u8; 32]) -> Heard {
    let url = operator.url.trim_end_matches('/');
    let url = format!("{url}/{}/checkpoint", hex::encode(origin_hash));
    let (clock_s, fault) = match client.get(url).send().await {
        Ok(answer) => (clock(&answer), fault(answer.status())),
        Err(error) if error.is_connect() => (None, Some("nothing answers at its address".into())),
        Err(error) if error.is_timeout() => (None, Some("it did not answer in time".into())),
        Err(_) => (None, Some("it broke off its answer".into())),
    };
    Heard {
        name: operator.name.clone(),
        clock_s,
        fault,
    }
}

fn fault(status: StatusCode) -> Option<String> {
    match status {
        StatusCode::OK => None,
        StatusCode::NOT_FOUND => {
            Some("it does not know this log, or has cosigned nothing of it yet".to_owned())
        }
        other => Some(format!("it answers with status {}", other.as_u16())),
    }
}

/// The `Date` of an answer (RFC 9110 §5.6.7), which is its sender's clock.
fn clock(answer: &Response) -> Option<i64> {
    let date = answer.headers().get(reqwest::header::DATE)?.to_str().ok()?;
    let date = jiff::fmt::rfc2822::parse(date).ok()?;
    Some(date.timestamp().as_second())
}

/// Whether enough of them answer.
pub(crate) fn judge(quorum: &Quorum, heard: &[Heard]) -> Diagnosis {
    const NAME: &str = "witnesses";
    let answers: Vec<bool> = heard.iter().map(|heard| heard.fault.is_none()).collect();
    let count = answers.iter().filter(|answers| **answers).count();
    let silent = heard
        .iter()
        .filter_map(|heard| Some(format!("{}: {}", heard.name, heard.fault.as_ref()?)));
    let silent: Vec<String> = silent.collect();
    if silent.is_empty() {
        return Diagnosis::ok(NAME, format!("All {count} witnesses answer."));
    }
    let says = format!(
        "{count} of {} witnesses answer. {}.",
        heard.len(),
        silent.join("; ")
    );
    if quorum.is_met_by_operators(&answers) {
        let remedy =
            "Call the operators of those that do not. The log goes on with fewer in reserve.";
        Diagnosis::of(Verdict::Warning, NAME, says, remedy)
    } else {
        let remedy = "Call their operators: no entry is confirmed before a quorum answers. A witness that does not know \
                      this log has to enrol it: `notarylog-witness log add`.";
        Diagnosis::of(Verdict::Fault, NAME, says, remedy)
    }
}
