//! `notarylog witness policy`: whose cosignatures every head needs, with one vote for each operator.

use super::{Failure, config, folder};
use crate::log::quorum::Quorum;
use crate::signer::Signer as _;
use crate::signer::key_files::KeyFiles;
use clap::{Args, Subcommand};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use tlog::{KeyKind, Policy, Vkey};

/// About the witnesses.
#[derive(Subcommand)]
pub(crate) enum WitnessVerb {
    /// Writes the policy: each operator one vote, however many keys it has
    #[command(
        after_help = "Example:\n  notarylog witness policy /srv/log --out /srv/log/policy.txt \\\n    \
                      --witness justice=https://witness.justice.example=VKEY,VKEY \\\n    \
                      --witness court=https://witness.court.example=VKEY,VKEY …\n\n\
                      A witness prints its keys with `notarylog-witness key show`. Then set `policy = \"policy.txt\"` in \
                      the log's notarylog.toml, and publish the file with `notarylog notice publish --type policy`."
    )]
    Policy(WritePolicy),
}

impl WitnessVerb {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let Self::Policy(policy) = self;
        policy.run()
    }
}

/// Writes the policy of a log.
#[derive(Args)]
pub(crate) struct WritePolicy {
    /// The folder that `notarylog init` made
    dir: PathBuf,
    /// An operator: its name, its address, and all keys of its witness
    #[arg(long = "witness", value_name = "NAME=URL=VKEY[,VKEY]", required = true)]
    witnesses: Vec<String>,
    /// How many operators must cosign; more than two thirds when left out: 4 of 5
    #[arg(long, value_name = "K")]
    threshold: Option<usize>,
    /// Where the log answers, for those who read the policy
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// The log's key in the policy; `ed25519` for tools that know no ML-DSA
    #[arg(long, value_name = "KIND", default_value = "mldsa44", value_parser = ["mldsa44", "ed25519"])]
    log_key: String,
    /// Write it here and not to standard output; a file that is there stays
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl WritePolicy {
    fn run(self) -> Result<(), Failure> {
        let vkeys = log_vkeys(&self.dir)?;
        let kind = if self.log_key == "ed25519" {
            KeyKind::Ed25519
        } else {
            KeyKind::MlDsa44
        };
        let log_key = vkeys.iter().find(|key| key.kind() == kind);
        let log_key = log_key.ok_or_else(|| Failure::could_not("the log has no such key"))?;
        let operators: Vec<Operator> = self
            .witnesses
            .iter()
            .map(|text| Operator::parse(text))
            .collect::<Result<_, _>>()?;
        let threshold = self.threshold.unwrap_or(default_threshold(operators.len()));
        let text = policy_text(log_key, self.url.as_deref(), &operators, threshold);
        let policy = Policy::parse(text.as_bytes()).map_err(Failure::usage)?;
        Quorum::new(policy, &vkeys).map_err(Failure::usage)?;
        match &self.out {
            Some(path) => write_new(path, &text),
            None => {
                print!("{text}");
                Ok(())
            }
        }
    }
}

/// More than two thirds: 4 of 5, 5 of 7. Fewer than 2k − n lying operators cannot make two quorums that share no honest
/// one, and n − k may be out.
const fn default_threshold(n: usize) -> usize {
    n * 2 / 3 + 1
}

/// One operator and its keys.
struct Operator {
    name: String,
    url: String,
    vkeys: Vec<Vkey>,
}

impl Operator {
    fn parse(text: &str) -> Result<Self, Failure> {
        let form = || Failure::usage(format!("--witness {text}: say NAME=URL=VKEY[,VKEY]"));
        let (name, rest) = text.split_once('=').ok_or_else(form)?;
        // A key is base64 and may end in `=`; a URL has none before its keys.
        let (url, keys) = rest.split_once('=').ok_or_else(form)?;
        let vkeys = keys
            .split(',')
            .map(|key| {
                Vkey::parse(key)
                    .map_err(|error| Failure::usage(format!("--witness {name}: {error}")))
            })
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            name: name.to_owned(),
            url: url.to_owned(),
            vkeys,
        })
    }
}

/// The policy as text: each operator a group of all its keys, and the quorum a group of operators.
fn policy_text(log: &Vkey, url: Option<&str>, operators: &[Operator], threshold: usize) -> String {
    let mut text = format!("log {log}");
    if let Some(url) = url {
        let _ = write!(text, " {url}");
    }
    text.push('\n');
    let mut names = Vec::new();
    for operator in operators {
        let mut keys = Vec::new();
        for vkey in &operator.vkeys {
            let key = match vkey.kind() {
                KeyKind::MlDsa44 => "pq",
                _ => "ed",
            };
            let key = format!("{}.{key}", operator.name);
            let _ = writeln!(text, "witness {key} {vkey} {}", operator.url);
            keys.push(key);
        }
        let _ = writeln!(text, "group {} all {}", operator.name, keys.join(" "));
        names.push(operator.name.as_str());
    }
    let _ = writeln!(
        text,
        "group quorum-of-operators {threshold} {}",
        names.join(" ")
    );
    text.push_str("quorum quorum-of-operators\n");
    text
}

fn log_vkeys(dir: &Path) -> Result<[Vkey; 3], Failure> {
    let config = config::load(dir, &clap::ArgMatches::default())?;
    let origin = folder::origin(&config)?;
    let keys = KeyFiles::load(&folder::keys(dir), &origin).map_err(Failure::could_not)?;
    Ok(keys.vkeys().clone())
}

fn write_new(path: &Path, text: &str) -> Result<(), Failure> {
    use std::io::Write as _;
    let cannot = |error: std::io::Error| Failure::could_not(format!("{}: {error}", path.display()));
    let mut file = std::fs::File::create_new(path).map_err(cannot)?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(cannot)
}

#[cfg(test)]
mod tests {
    use super::default_threshold;

    #[test]
    fn the_default_is_more_than_two_thirds() {
        let table: Vec<usize> = (1..=9).map(default_threshold).collect();
        assert_eq!(table, [1, 2, 3, 3, 4, 5, 5, 6, 7]);
    }
}
