//! `notarylog doctor`: what would stop this log, or make its promises weaker than they look, each with a remedy.

use super::diagnosis::{Diagnosis, Verdict};
use super::health::Intake;
use super::{Failure, clock_probe, config, disk_probe, folder, health, witness_probe};
use crate::clock::{Clock as _, SystemClock};
use crate::log::quorum::Quorum;
use crate::signer::Signer as _;
use crate::signer::key_files::KeyFiles;
use crate::storage::coord::Coord as _;
use crate::storage::sqlite::SqliteCoord;
use clap::{ArgMatches, Args};
use evidence::OriginHash;
use serde_json::{Value, json};
use service::{Config, FolderLock};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use tlog::Origin;

/// The mode bits that let others in.
const OTHERS: u32 = 0o077;

/// So old the last pass of the scrubber may be: what was lost must be found while rows and journal can still heal it, which
/// is seven days by default.
const SCRUB_AGE_MAX_S: u64 = 7 * 86_400;

/// Examines a log.
#[derive(Args)]
pub(crate) struct Doctor {
    /// The log's folder, also beside a running `serve`
    dir: PathBuf,
    /// One JSON object instead of sentences
    #[arg(long)]
    json: bool,
}

impl Doctor {
    pub(crate) fn run(self, matches: &ArgMatches) -> Result<(), Failure> {
        let config = config::load_of_log(&self.dir, matches)?;
        let found = super::runtime()?.block_on(self.examine(&config))?;
        self.report(&found)
    }

    async fn examine(&self, config: &Config) -> Result<Vec<Diagnosis>, Failure> {
        let dir = self.dir.as_path();
        let origin = folder::origin(config)?;
        let journal = folder::journal(dir, config)?;
        let reserve = config.bytes("disk-reserve").map_err(Failure::usage)?;
        let mut found = vec![intake(dir, config).await?];
        found.extend(scrubbed(dir, config).await?);

        let (witnesses, clocks_s) = witnesses(dir, config, &origin).await?;
        let head_ms = head_ms(dir, &origin).await;
        found.push(match &head_ms {
            Ok(head_ms) => clock_probe::judge(
                SystemClock.now_ms(),
                clocks_s,
                *head_ms,
                clock_probe::synchronised(),
            ),
            Err(why) => Diagnosis::of(
                Verdict::Fault,
                "database",
                format!("The database cannot be read: {why}."),
                "Run the doctor as the user that the log runs as; if the file is damaged, restore a backup.",
            ),
        });
        found.push(disk_probe::room("disk", dir, reserve));
        found.push(disk_probe::durable("fsync", dir));
        let apart = disk_probe::apart(dir, &journal);
        if apart.verdict == Verdict::Ok {
            found.push(disk_probe::room("disk", &journal, reserve));
            found.push(disk_probe::durable("fsync", &journal));
        }
        found.push(apart);
        found.push(keys(dir, &origin));
        found.extend(admin_keys(dir));
        found.push(privacy(dir));
        found.push(witnesses);
        Ok(found)
    }

    fn report(&self, found: &[Diagnosis]) -> Result<(), Failure> {
        let count = |verdict| found.iter().filter(|one| one.verdict == verdict).count();
        let (faults, warnings) = (count(Verdict::Fault), count(Verdict::Warning));
        if self.json {
            let findings: Vec<Value> = found.iter().map(Diagnosis::to_json).collect();
            let event = json!({
                "event": "examined", "faults": faults, "warnings": warnings, "unknown": count(Verdict::Unknown),
                "findings": findings,
            });
            println!("{event}");
        } else {
            for diagnosis in found {
                println!("{diagnosis}");
            }
        }
        if faults > 0 {
            return Err(Failure::wrong(format!(
                "{faults} faults and {warnings} warnings"
            )));
        }
        Ok(())
    }
}

/// Whether entries are taken, if the log runs.
async fn intake(dir: &Path, config: &Config) -> Result<Diagnosis, Failure> {
    const NAME: &str = "serving";
    let Some(process) = FolderLock::holder(dir).map_err(Failure::could_not)? else {
        return Ok(Diagnosis::ok(NAME, "No process serves the log now."));
    };
    Ok(match health::intake(&health::client()?, config).await {
        Some(Intake::Open) => {
            Diagnosis::ok(NAME, format!("Process {process} serves and takes entries."))
        }
        Some(Intake::Closed(why)) => Diagnosis::of(
            Verdict::Fault,
            NAME,
            why,
            "The sentence says what is awaited; `notarylog status` names the silent witnesses.",
        ),
        None => Diagnosis::of(
            Verdict::Unknown,
            NAME,
            format!("Process {process} serves, and its admin listener could not be asked."),
            "Set `admin-listen` to an address with a port, which Prometheus needs too.",
        ),
    })
}

/// When everything was last hashed again, if the log runs and can be asked.
async fn scrubbed(dir: &Path, config: &Config) -> Result<Option<Diagnosis>, Failure> {
    let (Some(_), Some(url)) = (
        FolderLock::holder(dir).map_err(Failure::could_not)?,
        health::local_url(config),
    ) else {
        return Ok(None);
    };
    let Ok(info) = health::log_info(&health::client()?, &url).await else {
        return Ok(None);
    };
    let last_s = info["scrub"]["last_pass_s"].as_u64();
    Ok(Some(judge_scrub(last_s, SystemClock.now_ms() / 1000)))
}

/// Judges when everything was last hashed again, both in seconds since 1970.
fn judge_scrub(last_s: Option<u64>, now_s: u64) -> Diagnosis {
    const NAME: &str = "scrub";
    let Some(last_s) = last_s else {
        let says = "The scrubber has not gone through everything yet.";
        let remedy = "Ask again tomorrow, or run `notarylog check` on the folder.";
        return Diagnosis::of(Verdict::Unknown, NAME, says, remedy);
    };
    let age_s = now_s.saturating_sub(last_s);
    let says = format!(
        "Everything was last hashed again {} hours ago.",
        age_s / 3600
    );
    if age_s <= SCRUB_AGE_MAX_S {
        return Diagnosis::ok(NAME, says);
    }
    let remedy = "Run `notarylog check` on the folder, and raise `scrub-rate` or find out what holds up the scrubber.";
    Diagnosis::of(Verdict::Warning, NAME, says, remedy)
}

/// The time of the newest head in the database.
async fn head_ms(dir: &Path, origin: &Origin) -> Result<u64, String> {
    let hash = OriginHash::of(origin.as_str());
    let coord = SqliteCoord::open_read_only(&folder::database(dir), hash.as_bytes())
        .await
        .map_err(|error| error.to_string())?;
    let committed = coord.committed().await.map_err(|error| error.to_string());
    coord.close().await.map_err(|error| error.to_string())?;
    Ok(committed?.head.time_ms)
}

/// The witnesses, and what their clocks say.
async fn witnesses(
    dir: &Path,
    config: &Config,
    origin: &Origin,
) -> Result<(Diagnosis, Vec<i64>), Failure> {
    const NAME: &str = "witnesses";
    let fault = |why: String, remedy: &str| Diagnosis::of(Verdict::Fault, NAME, why, remedy);
    let policy = match folder::policy(config) {
        Ok(Some(policy)) => policy,
        Ok(None) => {
            let says =
                "The log has no witnesses: a restored backup could contradict what it published.";
            let remedy = "Ask independent offices to run one, and write a policy: `notarylog witness policy`.";
            let none = Diagnosis::of(Verdict::Warning, NAME, says, remedy);
            return Ok((none, Vec::new()));
        }
        Err(failure) => {
            let remedy = "Write the policy anew: `notarylog witness policy`.";
            return Ok((fault(failure.to_string(), remedy), Vec::new()));
        }
    };
    let keys = KeyFiles::load(&folder::keys(dir), origin);
    let quorum = match keys.map(|keys| Quorum::new(policy, keys.vkeys())) {
        Ok(Ok(quorum)) => quorum,
        Ok(Err(unfit)) => {
            let remedy = "Write the policy anew: `notarylog witness policy`.";
            return Ok((fault(unfit.to_string(), remedy), Vec::new()));
        }
        Err(error) => {
            let remedy = "Mend the keys first: the policy is compared with them.";
            return Ok((fault(error.to_string(), remedy), Vec::new()));
        }
    };
    let hash = OriginHash::of(origin.as_str());
    let heard = witness_probe::ask(&health::client()?, &quorum, hash.as_bytes()).await;
    let clocks_s = heard.iter().filter_map(|heard| heard.clock_s).collect();
    Ok((witness_probe::judge(&quorum, &heard), clocks_s))
}

/// Whether the log's keys are there, belong to it, and are for their owner alone.
fn keys(dir: &Path, origin: &Origin) -> Diagnosis {
    match KeyFiles::load(&folder::keys(dir), origin) {
        Ok(_) => Diagnosis::ok(
            "keys",
            "The four keys belong to this log and are for their owner alone.",
        ),
        Err(error) => Diagnosis::of(
            Verdict::Fault,
            "keys",
            error.to_string(),
            "If others could read a key, take it as known to them: docs/operations.md says what then.",
        ),
    }
}

/// Keys of administrators that are still here.
fn admin_keys(dir: &Path) -> Option<Diagnosis> {
    let folder = dir.join("admin");
    let keys = std::fs::read_dir(&folder).ok()?.flatten();
    let count = keys
        .filter(|key| key.path().extension().is_some_and(|end| end == "pem"))
        .count();
    (count > 0).then(|| {
        Diagnosis::of(
            Verdict::Warning,
            "admins",
            format!(
                "{count} keys of administrators lie in {}: who owns this machine could enrol bureaus.",
                folder.display()
            ),
            "Give each to its owner, and remove them here.",
        )
    })
}

/// Whether others can look into the folder.
fn privacy(dir: &Path) -> Diagnosis {
    let mode = std::fs::metadata(dir).map_or(0, |metadata| metadata.permissions().mode() & 0o777);
    let shown = dir.display();
    if mode & OTHERS == 0 {
        Diagnosis::ok("folder", format!("{shown} is for its owner alone."))
    } else {
        Diagnosis::of(
            Verdict::Warning,
            "folder",
            format!("Others than its owner can look into {shown} (mode {mode:04o})."),
            format!("Run `chmod 700 {shown}`."),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::{SCRUB_AGE_MAX_S, judge_scrub};
    use crate::program::diagnosis::Verdict;

    #[test]
    fn a_scrubber_that_takes_longer_than_damage_can_be_healed_is_a_warning() {
        let now_s = 1_800_000_000;
        let verdict = |last_s| judge_scrub(last_s, now_s).verdict;
        assert_eq!(verdict(Some(now_s - 3600)), Verdict::Ok);
        assert_eq!(verdict(Some(now_s - SCRUB_AGE_MAX_S - 1)), Verdict::Warning);
        assert_eq!(verdict(None), Verdict::Unknown);
    }
}
