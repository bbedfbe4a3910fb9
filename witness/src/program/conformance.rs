//! `notarylog-witness conformance`: does a witness, ours or any other, answer as the specification says?

use super::Failure;
use crate::conformance::case::Case;
use crate::conformance::enrolment::{Format, enrolment};
use crate::conformance::suite::suite;
use crate::conformance::trial::Trial;
use crate::conformance::verdict::Verdict;
use clap::{Args, Subcommand};
use serde_json::json;
use std::collections::BTreeMap;
use std::io::Write as _;
use tlog::{KeyKind, Vkey};

/// Plays the suite against a witness.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Conformance {
    #[command(subcommand)]
    verb: Option<ConformanceVerb>,
    /// The witness's submission prefix, http://… or https://…
    #[arg(value_name = "URL", required = true)]
    url: Option<String>,
    /// A verifier key of the witness (kind 04 or 06); several are given one by one
    #[arg(long, value_name = "VKEY", required = true)]
    vkey: Vec<String>,
    /// The witness's monitoring prefix; without it, what monitors see is not looked at
    #[arg(long, value_name = "URL")]
    monitoring: Option<String>,
    /// Only the cases with this in their name or file
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// Other logs with other keys, for a witness that has met the suite before
    #[arg(long, value_name = "SUFFIX", default_value = "")]
    suffix: String,
    /// A deviation where the specification recommends or leaves it open is a failure too
    #[arg(long)]
    strict: bool,
    /// One JSON object a line instead of sentences
    #[arg(long)]
    json: bool,
}

#[derive(Subcommand)]
enum ConformanceVerb {
    /// Prints the logs of the suite, to enrol before it is played
    #[command(
        after_help = "Examples:\n  notarylog-witness conformance logs >> /srv/witness/witness.toml\n  notarylog-witness conformance logs --format witnessctl | sh"
    )]
    Logs {
        /// For which witness
        #[arg(long, value_enum, default_value = "ours")]
        format: Format,
        /// Other logs with other keys
        #[arg(long, value_name = "SUFFIX", default_value = "")]
        suffix: String,
    },
}

/// A suffix longer than this says nothing more.
const SUFFIX_MAX: usize = 64;

impl Conformance {
    pub(crate) fn run(self) -> Result<(), Failure> {
        if let Some(ConformanceVerb::Logs { format, suffix }) = self.verb {
            return say(enrolment(&suite(checked(&suffix)?), format));
        }
        let url = self.url.clone().ok_or_else(|| Failure::usage("no URL"))?;
        let vkeys = self
            .vkey
            .iter()
            .map(|vkey| witness_key(vkey))
            .collect::<Result<Vec<_>, _>>()?;
        let mut cases = suite(checked(&self.suffix)?);
        if let Some(only) = &self.only {
            cases.retain(|case| case.name.contains(only.as_str()) || case.file == only);
            if cases.is_empty() {
                return Err(Failure::usage(format!(
                    "--only {only}: no case is called so"
                )));
            }
        }
        let trial = Trial::new(&url, self.monitoring.as_deref(), vkeys);
        let trial = trial.map_err(Failure::could_not)?;
        super::runtime()?.block_on(self.play(&trial, &cases))
    }

    async fn play(&self, trial: &Trial, cases: &[Case]) -> Result<(), Failure> {
        let mut counts: BTreeMap<&str, usize> =
            ["passed", "failed", "differs", "skipped", "could_not"]
                .map(|word| (word, 0))
                .into();
        for case in cases {
            let verdict = trial.play(case).await;
            *counts.entry(verdict.word()).or_default() += 1;
            say(if self.json {
                format!("{}\n", verdict.to_json(case))
            } else {
                verdict.to_text(case)
            })?;
            if let (Verdict::CouldNot(why), true) =
                (&verdict, counts["could_not"] == cases.len().min(GIVEN_UP))
            {
                return Err(Failure::could_not(format!(
                    "the suite was not played: {why}"
                )));
            }
        }
        let count = |word: &str| counts[word];
        say(if self.json {
            let counted = json!({"event": "counted", "cases": cases.len(), "counts": counts});
            format!("{counted}\n")
        } else {
            format!(
                "{} cases: {} passed, {} failed, {} differ where the specification leaves it open or recommends, {} skipped, \
                 {} could not be played\n",
                cases.len(),
                count("passed"),
                count("failed"),
                count("differs"),
                count("skipped"),
                count("could_not"),
            )
        })?;
        if count("failed") > 0 || (self.strict && count("differs") > 0) {
            return Err(Failure::wrong("the witness does not answer as it should"));
        }
        if count("could_not") > 0 {
            return Err(Failure::could_not("some cases could not be played"));
        }
        Ok(())
    }
}

/// After so many cases that could not be played, with none that could, the witness is not there.
const GIVEN_UP: usize = 3;

/// Writes to standard output; whoever reads there may have seen enough.
fn say(text: impl AsRef<[u8]>) -> Result<(), Failure> {
    let mut out = std::io::stdout();
    out.write_all(text.as_ref())
        .and_then(|()| out.flush())
        .map_err(Failure::could_not)
}

fn witness_key(text: &str) -> Result<Vkey, Failure> {
    let wrong = |why: String| Failure::usage(format!("--vkey {text}: {why}"));
    let vkey = Vkey::parse(text).map_err(|error| wrong(error.to_string()))?;
    match vkey.kind() {
        KeyKind::Cosignature | KeyKind::MlDsa44 => Ok(vkey),
        _ => Err(wrong("it is no witness's key, of kind 04 or 06".to_owned())),
    }
}

fn checked(suffix: &str) -> Result<&str, Failure> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    if suffix.len() <= SUFFIX_MAX && suffix.chars().all(is_word) {
        Ok(suffix)
    } else {
        Err(Failure::usage(format!(
            "--suffix {suffix}: at most {SUFFIX_MAX} letters, digits, dots, dashes and underscores"
        )))
    }
}
