//! A trial: a case is played against a witness at its address.

use super::answer::{Answer, NoteFault};
use super::case::{Case, Expected, Step};
use super::keep_alive;
use super::verdict::{Deviation, Verdict};
use crate::known_log::origin_hash;
use crate::memory::served_head::{body, in_full};
use futures_util::future::join_all;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, Method, RequestBuilder};
use std::time::Duration;
use tlog::Vkey;

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// How often a request is sent again that was answered 429 or 503: a witness with a rate is no bad witness.
const TRIES: usize = 20;

/// The longest pause between two tries.
const PAUSE_MAX: Duration = Duration::from_secs(10);

/// The largest answer that is read, in bytes: a hundred lines of ML-DSA-44 fit.
const ANSWER_MAX: usize = 512 * 1024;

/// A witness as it is seen from outside.
pub struct Trial {
    client: Client,
    url: String,
    monitoring: Option<String>,
    vkeys: Vec<Vkey>,
}

/// Why a case ends before its last step.
enum End {
    Deviates(Deviation),
    CouldNot(String),
    Skipped(&'static str),
}

impl Trial {
    /// A witness with this submission prefix, monitoring prefix and keys.
    pub fn new(
        url: &str,
        monitoring: Option<&str>,
        vkeys: Vec<Vkey>,
    ) -> Result<Self, reqwest::Error> {
        let prefix = |url: &str| url.trim_end_matches('/').to_owned();
        Ok(Self {
            client: Client::builder()
                .timeout(PATIENCE)
                .redirect(reqwest::redirect::Policy::none())
                .build()?,
            url: prefix(url),
            monitoring: monitoring.map(prefix),
            vkeys,
        })
    }

    /// Plays a case.
    pub async fn play(&self, case: &Case) -> Verdict {
        let mut last_time_s = 0;
        for (at, step) in case.steps.iter().enumerate() {
            match self.step(case, at, step, &mut last_time_s).await {
                Ok(()) => {}
                Err(End::Deviates(deviation)) => return Verdict::of(case, deviation),
                Err(End::CouldNot(why)) => return Verdict::CouldNot(why),
                Err(End::Skipped(why)) => return Verdict::Skipped(why),
            }
        }
        Verdict::Passed
    }

    async fn step(
        &self,
        case: &Case,
        at: usize,
        step: &Step,
        last_time_s: &mut u64,
    ) -> Result<(), End> {
        let place = format!("step {} of {}", at + 1, case.steps.len());
        match step {
            Step::Post { request, expected } => {
                let answer = self.post(request).await;
                if matches!((expected, &answer), (Expected::Cut(_), Err(_))) {
                    return Ok(());
                }
                let answer = answer.map_err(End::CouldNot)?;
                if at == 0 {
                    is_ready(*expected, &answer)?;
                }
                let judged = answer.judge(*expected, request, &self.vkeys, *last_time_s);
                *last_time_s = judged.map_err(|came| {
                    let first = String::from_utf8_lossy(request);
                    let first = first.lines().next().unwrap_or_default().to_owned();
                    let refuses = matches!(expected, Expected::Refused(_) | Expected::Conflict(_));
                    let grave = refuses && answer.status / 100 == 2;
                    deviates(
                        &format!("{place}, {first:?}"),
                        &expected.told(),
                        came,
                        grave,
                    )
                })?;
                Ok(())
            }
            Step::Method { method, request } => {
                let method =
                    Method::from_bytes(method.as_bytes()).expect("the suite's methods are methods");
                let place = format!("{place}, {method} /add-checkpoint");
                let request = self
                    .client
                    .request(method, self.address())
                    .body(request.clone());
                let answer = send(request).await.map_err(End::CouldNot)?;
                if answer.status / 100 == 2 {
                    return Err(deviates(&place, "no success", answer.told(), true));
                }
                Ok(())
            }
            Step::Race { requests, then } => self.race(&place, requests, then).await,
            Step::KeepAlive { requests } => self.keep_alive(&place, requests).await,
            Step::Monitor { text } => self.monitor(case, &place, text.as_deref()).await,
        }
    }

    async fn race(
        &self,
        place: &str,
        requests: &[(String, u64)],
        then: &[String],
    ) -> Result<(), End> {
        let answers = join_all(requests.iter().map(|(body, _)| self.post(body.as_bytes()))).await;
        let answers = answers.into_iter().collect::<Result<Vec<_>, _>>();
        let answers = answers.map_err(End::CouldNot)?;
        let place = format!("{place}, {} requests at once", requests.len());
        let told = || {
            let told: Vec<String> = answers.iter().map(Answer::told).collect();
            told.join("; ")
        };
        let mut won = answers.iter().enumerate().filter(|(_, a)| a.status == 200);
        let (Some((winner, _)), None) = (won.next(), won.next()) else {
            return Err(deviates(&place, "one 200, all others 409", told(), true));
        };
        let size = requests[winner].1;
        let mut lost = answers.iter().enumerate().filter(|(at, _)| *at != winner);
        if lost.any(|(_, answer)| answer.conflict(size).is_err()) {
            let expected = format!("one 200, all others {}", Expected::Conflict(size).told());
            return Err(deviates(&place, &expected, told(), false));
        }
        let answer = self.post(then[winner].as_bytes()).await;
        let answer = answer.map_err(End::CouldNot)?;
        if answer.status != 200 {
            let place = format!("{place}, then a step from the winner's size {size}");
            return Err(deviates(&place, "200", answer.told(), false));
        }
        Ok(())
    }

    async fn keep_alive(&self, place: &str, requests: &[String]) -> Result<(), End> {
        let Some(rest) = self.url.strip_prefix("http://") else {
            return Err(End::Skipped(
                "connections are counted at http:// addresses only",
            ));
        };
        let (host, path) = rest.split_once('/').map_or((rest, String::new()), |parts| {
            (parts.0, format!("/{}", parts.1))
        });
        let path = format!("{path}/add-checkpoint");
        let statuses = keep_alive::post_all(host, &path, requests).await;
        let statuses = statuses.map_err(|error| End::CouldNot(error.to_string()))?;
        if statuses != vec![200; requests.len()] {
            let expected = format!("{} times 200 on one connection", requests.len());
            let came = format!("{statuses:?} before the connection ended");
            return Err(deviates(place, &expected, came, false));
        }
        Ok(())
    }

    async fn monitor(&self, case: &Case, place: &str, text: Option<&str>) -> Result<(), End> {
        let Some(monitoring) = &self.monitoring else {
            return Err(End::Skipped(
                "--monitoring was not given: what monitors see was not looked at",
            ));
        };
        let address = format!("{monitoring}/{}/checkpoint", origin_hash(case.log.origin()));
        let answer = send(self.client.get(address)).await;
        let answer = answer.map_err(End::CouldNot)?;
        let place = format!("{place}, GET <monitoring prefix>/<origin hash>/checkpoint");
        let Some(text) = text else {
            return match answer.status {
                404 => Ok(()),
                _ => Err(deviates(&place, "404", answer.told(), false)),
            };
        };
        let expected = "200 with the newest checkpoint, signed by the log and the witness";
        answer
            .judge_note(text, case.log.vkeys(), &self.vkeys)
            .map_err(|fault| match fault {
                NoteFault::NotServed(what) => deviates(&place, expected, what, false),
                NoteFault::Wrong(what) => deviates(&place, expected, what, true),
            })
    }

    async fn post(&self, request: &[u8]) -> Result<Answer, String> {
        send(self.client.post(self.address()).body(request.to_vec())).await
    }

    fn address(&self) -> String {
        format!("{}/add-checkpoint", self.url)
    }
}

/// Sends a request, and again while the witness says that it has no time.
async fn send(request: RequestBuilder) -> Result<Answer, String> {
    for _ in 1..TRIES {
        let again = request
            .try_clone()
            .expect("a body of the suite is no stream");
        let answer = again.send().await.map_err(|error| in_full(&error))?;
        if !matches!(answer.status().as_u16(), 429 | 503) {
            return read(answer).await;
        }
        let seconds = answer.headers().get(RETRY_AFTER);
        let seconds = seconds.and_then(|after| after.to_str().ok()?.parse().ok());
        let pause = Duration::from_secs(seconds.unwrap_or(1));
        tokio::time::sleep(pause.min(PAUSE_MAX)).await;
    }
    read(request.send().await.map_err(|error| in_full(&error))?).await
}

async fn read(answer: reqwest::Response) -> Result<Answer, String> {
    let content_type = answer.headers().get(CONTENT_TYPE);
    let content_type = content_type.and_then(|kind| Some(kind.to_str().ok()?.to_owned()));
    Ok(Answer {
        status: answer.status().as_u16(),
        content_type,
        body: body(answer, ANSWER_MAX).await?,
    })
}

/// A case needs a log that the witness knows and has not met: then an honest first contact is no 404, and no size is told
/// but 0.
fn is_ready(expected: Expected, answer: &Answer) -> Result<(), End> {
    if expected.status() == 200 && answer.status == 404 {
        return Err(End::CouldNot(
            "the witness does not know this log: enrol what `notarylog-witness conformance logs` prints".to_owned(),
        ));
    }
    match answer.told_size() {
        Some(size) if size > 0 && expected != Expected::Conflict(size) => {
            Err(End::CouldNot(format!(
                "the witness remembers size {size} of this log already: take a fresh witness, or --suffix and other logs"
            )))
        }
        _ => Ok(()),
    }
}

fn deviates(step: &str, expected: &str, came: String, grave: bool) -> End {
    End::Deviates(Deviation {
        step: step.to_owned(),
        expected: expected.to_owned(),
        came,
        grave,
    })
}
