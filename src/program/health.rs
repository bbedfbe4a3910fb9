//! What a running log says of itself, asked over HTTP.

use super::Failure;
use reqwest::{Client, Response, StatusCode};
use serde_json::Value;
use service::Config;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

/// Who does not answer within this is as good as gone.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// `/v1/log` of a log with a hundred witnesses takes a tenth.
const BODY_BYTES_MAX: usize = 1 << 20;

/// What the admin listener says about intake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Intake {
    /// Entries are taken.
    Open,
    /// None are taken, because of this.
    Closed(String),
}

/// A client for these questions.
pub(crate) fn client() -> Result<Client, Failure> {
    Client::builder()
        .timeout(ANSWER_TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(Failure::could_not)
}

/// Where the log of this configuration answers on this machine; none if it speaks TLS, since its certificate is for
/// another name, or if it takes any free port.
pub(crate) fn local_url(config: &Config) -> Option<String> {
    let speaks_tls = config.path_if_set("tls-certificate").is_some();
    let address = local(config, "listen")?;
    (!speaks_tls).then(|| format!("http://{address}"))
}

/// `GET /v1/log`, and the head of `GET /ct/v1/get-sth` as `published`; null while none may be shown.
pub(crate) async fn log_info(client: &Client, url: &str) -> Result<Value, Failure> {
    let url = url.trim_end_matches('/');
    let answer = client.get(format!("{url}/v1/log")).send().await;
    let answer = answer
        .and_then(Response::error_for_status)
        .map_err(|error| unanswered(url, &error))?;
    let mut info = json(url, answer).await?;
    let head = client
        .get(format!("{url}/ct/v1/get-sth"))
        .send()
        .await
        .map_err(|error| unanswered(url, &error))?;
    info["published"] = if head.status() == StatusCode::OK {
        let head = json(url, head).await?;
        serde_json::json!({"size": head["tree_size"], "time_ms": head["timestamp"]})
    } else {
        Value::Null
    };
    Ok(info)
}

/// What the admin listener of this configuration says; none if it does not answer.
pub(crate) async fn intake(client: &Client, config: &Config) -> Option<Intake> {
    let address = local(config, "admin-listen")?;
    let answer = client
        .get(format!("http://{address}/readyz"))
        .send()
        .await
        .ok()?;
    if answer.status() == StatusCode::OK {
        return Some(Intake::Open);
    }
    let problem = json("", answer).await.ok()?;
    Some(Intake::Closed(problem["detail"].as_str()?.to_owned()))
}

fn local(config: &Config, option: &str) -> Option<SocketAddr> {
    let mut address: SocketAddr = config.get(option).ok()?;
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    (address.port() != 0).then_some(address)
}

async fn json(url: &str, mut answer: Response) -> Result<Value, Failure> {
    let mut body = Vec::new();
    while let Some(chunk) = answer
        .chunk()
        .await
        .map_err(|error| unanswered(url, &error))?
    {
        if body.len() + chunk.len() > BODY_BYTES_MAX {
            return Err(Failure::could_not(format!("{url} answers with too much")));
        }
        body.extend_from_slice(&chunk);
    }
    serde_json::from_slice(&body)
        .map_err(|_| Failure::could_not(format!("what answers at {url} is no log")))
}

fn unanswered(url: &str, error: &reqwest::Error) -> Failure {
    let why = match error.status() {
        Some(status) => format!("it answered with status {}", status.as_u16()),
        None if error.is_connect() => "nothing answers there".to_owned(),
        None if error.is_timeout() => "it did not answer in time".to_owned(),
        None => "it broke off its answer".to_owned(),
    };
    Failure::could_not(format!("{url} could not be asked: {why}"))
}
