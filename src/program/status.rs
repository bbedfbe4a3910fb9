//! `notarylog status`: how a log stands, asked from its address or read from its folder.

use super::{Failure, config, folder, health};
use crate::clock::{Clock as _, SystemClock};
use crate::log::quorum::Quorum;
use crate::storage::anchor::Anchor as _;
use crate::storage::coord::Coord as _;
use crate::storage::journal::Journal;
use crate::storage::sqlite::SqliteCoord;
use clap::{ArgMatches, Args};
use evidence::OriginHash;
use serde_json::{Value, json};
use service::{Config, FolderLock};
use std::path::Path;
use tlog::{Policy, Vkey};

/// The options that are quotas, for the folder's operator.
const QUOTAS: [&str; 7] = [
    "rate-per-bureau",
    "burst-per-bureau",
    "rate-per-address",
    "burst-per-address",
    "rate-of-all",
    "burst-of-all",
    "reserved-percent",
];

/// Shows how a log stands.
#[derive(Args)]
pub(crate) struct Status {
    /// The log's folder, also beside a running `serve`; or its address, http://… or https://…
    #[arg(value_name = "DIR|URL")]
    log: String,
    /// One JSON object instead of sentences
    #[arg(long)]
    json: bool,
}

impl Status {
    pub(crate) fn run(self, matches: &ArgMatches) -> Result<(), Failure> {
        let is_url = self.log.starts_with("http://") || self.log.starts_with("https://");
        let status = super::runtime()?.block_on(async {
            if is_url {
                running(&self.log).await
            } else {
                of_folder(Path::new(&self.log), matches).await
            }
        })?;
        if self.json {
            println!("{status}");
        } else {
            print!("{}", sentences(&status));
        }
        Ok(())
    }
}

/// What the log at this address says, and what follows from it.
async fn running(url: &str) -> Result<Value, Failure> {
    let info = health::log_info(&health::client()?, url).await?;
    let now_ms = SystemClock.now_ms();
    let age_ms = info["published"]["time_ms"]
        .as_u64()
        .map(|time_ms| now_ms.saturating_sub(time_ms));
    let mut published = info["published"].clone();
    if published.is_object() {
        published["age_ms"] = json!(age_ms);
    }
    Ok(json!({
        "origin": info["origin"], "state": info["state"], "why": info["why"],
        "contradiction": info["contradiction"], "logged": info["logged"], "published": published,
        "unwitnessed": info["unwitnessed"], "quorum": quorum(&info), "witnesses": info["witnesses"],
        "policy_notice": info["policy_notice"],
    }))
}

/// How many witnesses there are, how many answer, and whether they are enough; null on a log without.
fn quorum(info: &Value) -> Value {
    let text = |name: &str| info[name].as_str().unwrap_or_default();
    let vkeys = info["vkeys"].as_array().into_iter().flatten();
    let vkeys: Vec<Vkey> = vkeys
        .filter_map(|key| Vkey::parse(key.as_str()?).ok())
        .collect();
    let policy = Policy::parse(text("policy").as_bytes()).ok();
    let quorum = policy.and_then(|policy| Quorum::new(policy, &vkeys).ok());
    let Some(quorum) = quorum.filter(|_| info["unwitnessed"] == false) else {
        return Value::Null;
    };
    let witnesses = info["witnesses"].as_array();
    let answers = |name: &str| {
        let found = witnesses.and_then(|all| all.iter().find(|one| one["name"] == name));
        found.is_some_and(|witness| witness["silent"].is_null())
    };
    let answer: Vec<bool> = quorum
        .operators()
        .iter()
        .map(|operator| answers(&operator.name))
        .collect();
    json!({
        "witnesses": answer.len(), "answer": answer.iter().filter(|answers| **answers).count(),
        "reached": quorum.is_met_by_operators(&answer),
    })
}

/// What the folder holds, what its operator set, and what the log says of itself if it runs and can be asked.
async fn of_folder(dir: &Path, matches: &ArgMatches) -> Result<Value, Failure> {
    let config = config::load_of_log(dir, matches)?;
    let process = FolderLock::holder(dir).map_err(Failure::could_not)?;
    let mut status = match health::local_url(&config) {
        Some(url) if process.is_some() => running(&url).await.unwrap_or_else(|_| json!({})),
        _ => json!({}),
    };
    let stored = stored(dir, &config).await?;
    // Another log may have taken the port: what this folder holds is about this log.
    if status["origin"].is_string() && status["origin"] != stored["origin"] {
        status = json!({});
    }
    status["origin"] = stored["origin"].clone();
    status["stored"] = stored;
    status["process"] = json!(process);
    if status["state"].is_null() && process.is_some() {
        let intake = health::intake(&health::client()?, &config).await;
        if let Some(health::Intake::Closed(why)) = intake {
            status["why"] = json!(why);
        }
    }
    let quotas = QUOTAS.map(|name| (name.to_owned(), json!(config.text_if_set(name))));
    status["quotas"] = Value::Object(quotas.into_iter().collect());
    Ok(status)
}

async fn stored(dir: &Path, config: &Config) -> Result<Value, Failure> {
    let origin = folder::origin(config)?;
    let hash = OriginHash::of(origin.as_str());
    let coord = SqliteCoord::open_read_only(&folder::database(dir), hash.as_bytes())
        .await
        .map_err(Failure::could_not)?;
    let committed = coord.committed().await.map_err(Failure::could_not)?;
    let witnessed = coord.witnessed().await.map_err(Failure::could_not)?;
    coord.close().await.map_err(Failure::could_not)?;
    let journal = Journal::open_read_only(&folder::journal(dir, config)?, hash.as_bytes())
        .map_err(Failure::could_not)?;
    let (head, newest) = (committed.head, witnessed.newest);
    Ok(json!({
        "origin": origin.as_str(), "size": head.size.get(), "root": head.root.to_base64(), "time_ms": head.time_ms,
        "in_tiles": committed.stored.get(), "notices": committed.notices,
        "in_journal": journal.last().map(|last| last.size.get()),
        "witnessed": newest.map(|kept| json!({"size": kept.head.size.get(), "time_ms": kept.head.time_ms})),
    }))
}

/// The status for people.
fn sentences(status: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or("?").to_owned();
    let mut lines = vec![format!("The log {}", text(&status["origin"]))];
    let mut line = |name: &str, what: String| lines.push(format!("  {name:<10} {what}"));
    let state = match (status["state"].as_str(), status["process"].as_u64()) {
        (Some("serving"), _) => "it takes entries".to_owned(),
        (Some(state), _) => format!("{state}: {}", text(&status["why"])),
        (None, Some(process)) => match status["why"].as_str() {
            Some(why) => why.to_owned(),
            None => format!(
                "process {process} serves it; ask its address for its witnesses: notarylog status https://…"
            ),
        },
        (None, None) => "no process serves it".to_owned(),
    };
    line("state", state);
    let logged = if status["logged"].is_object() {
        &status["logged"]
    } else {
        &status["stored"]
    };
    line("entries", logged["size"].to_string());
    if let Some(time_ms) = status["published"]["time_ms"].as_u64() {
        let age = status["published"]["age_ms"].as_u64().unwrap_or(0) / 1000;
        let size = &status["published"]["size"];
        line(
            "published",
            format!(
                "a head over {size} entries, as of {}, {age} s ago",
                moment(time_ms)
            ),
        );
    } else if status["state"].is_string() {
        line("published", "no head may be shown now".to_owned());
    }
    let quorum = &status["quorum"];
    if quorum.is_object() {
        let reached = if quorum["reached"] == true {
            "enough"
        } else {
            "too few: what is logged waits"
        };
        line(
            "witnesses",
            format!(
                "{} of {} answer, {reached}",
                quorum["answer"], quorum["witnesses"]
            ),
        );
        for witness in status["witnesses"].as_array().into_iter().flatten() {
            if let Some(why) = witness["silent"].as_str() {
                line("  silent", format!("{}: {why}", text(&witness["name"])));
            }
        }
    } else if status["unwitnessed"] == true {
        line(
            "witnesses",
            "none: a restored backup could contradict what is published".to_owned(),
        );
    }
    if let Some(says) = status["policy_notice"]["says"].as_str()
        && status["policy_notice"]["state"] != "none"
    {
        line("policy", says.to_owned());
    }
    let stored = &status["stored"];
    if stored.is_object() {
        let head = stored["time_ms"].as_u64().map_or_else(String::new, moment);
        line(
            "stored",
            format!(
                "{} entries as of {head}; {} in the journal, {} in tiles; {} notices",
                stored["size"], stored["in_journal"], stored["in_tiles"], stored["notices"]
            ),
        );
        if let Some(time_ms) = stored["witnessed"]["time_ms"].as_u64() {
            let size = &stored["witnessed"]["size"];
            line(
                "cosigned",
                format!("{size} entries as of {} by a quorum", moment(time_ms)),
            );
        }
    }
    if let Some(quotas) = status["quotas"].as_object() {
        let quotas: Vec<String> = quotas
            .iter()
            .map(|(name, value)| format!("{name} {}", text(value)))
            .collect();
        line("quotas", quotas.join(", "));
    }
    lines.join("\n") + "\n"
}

/// A time in UTC.
fn moment(time_ms: u64) -> String {
    i64::try_from(time_ms)
        .ok()
        .and_then(|time_ms| jiff::Timestamp::from_millisecond(time_ms).ok())
        .map_or_else(|| time_ms.to_string(), |time| time.to_string())
}

#[cfg(test)]
mod tests {
    use super::sentences;
    use serde_json::json;

    #[test]
    fn who_is_silent_and_why_nothing_is_taken_is_told_in_sentences() {
        let status = json!({
            "origin": "log.example/x", "state": "waiting", "why": "2 of 5 witnesses; court: it did not answer in time",
            "logged": {"size": 7}, "published": null, "unwitnessed": false,
            "quorum": {"witnesses": 5, "answer": 2, "reached": false},
            "witnesses": [{"name": "court", "silent": "it did not answer in time"}, {"name": "notary", "silent": null}],
        });
        let told = sentences(&status);
        assert_eq!(
            told,
            "The log log.example/x\n  \
               state      waiting: 2 of 5 witnesses; court: it did not answer in time\n  \
               entries    7\n  \
               published  no head may be shown now\n  \
               witnesses  2 of 5 answer, too few: what is logged waits\n    \
                 silent   court: it did not answer in time\n"
        );
    }
}
