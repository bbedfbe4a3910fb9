//! The witness's options, each declared once; and `notarylog-witness config`, which shows them.

use super::{Failure, Folder};
use clap::ArgMatches;
use service::{Config, Opt, Options, Tls};
use std::path::Path;

/// The name of the configuration file in the witness's folder.
pub(crate) const FILE: &str = "witness.toml";

/// All options of `notarylog-witness run`.
pub(crate) const OPTIONS: Options = Options::new(
    "NOTARYLOG_WITNESS",
    &[
        Opt::value(
            "name",
            "NAME",
            "The witness's name, as it stands in its lines; fixed at init",
        ),
        Opt::value(
            "listen",
            "ADDRESS",
            "Where the witness listens; port 0 takes any free one",
        )
        .or("127.0.0.1:8090"),
        Tls::CERTIFICATE,
        Tls::KEY,
        Opt::value(
            "admin-listen",
            "ADDRESS",
            "Where /metrics, /healthz and /readyz listen; loopback only",
        )
        .or("127.0.0.1:8091"),
        Opt::list(
            "enrol",
            "VKEY[ URL]",
            "A key of a log to enrol, named by its origin, and where the log serves /checkpoint",
        ),
        Opt::value("log-list", "FILE|URL", "A signed list of logs to enrol"),
        Opt::value("log-list-key", "VKEY", "The key that must sign the list"),
        Opt::value(
            "log-list-every",
            "SECONDS",
            "How often the list is read again; it changes some times a year",
        )
        .or("60"),
        Opt::value(
            "rate-per-log",
            "NUMBER",
            "Requests of one log, a second, for ever; a busy log sends 100 heads a second",
        )
        .or("200"),
        Opt::value(
            "burst-per-log",
            "NUMBER",
            "Requests of one log at once, after a pause",
        )
        .or("400"),
        Opt::list(
            "peer",
            "VKEY URL",
            "Another witness, by its Ed25519 key, whose heads are compared with ours",
        ),
        Opt::value(
            "gossip-interval",
            "SECONDS",
            "How often peers and logs are asked what they show",
        )
        .or("10"),
        Opt::value(
            "hook",
            "PROGRAM",
            "A program that is run with the file of each proof of misbehaviour",
        ),
        Opt::switch(
            "first-run",
            "Sign without being shown that the state is the newest: the operator's word that it is",
        ),
        Opt::value("log-level", "LEVEL", "error, warn, info, debug or trace").or("info"),
        Opt::switch("log-json", "Log lines as JSON"),
    ],
);

/// Reads the folder's file, the environment and the flags.
pub(crate) fn load(dir: &Path, matches: &ArgMatches) -> Result<Config, Failure> {
    let file = dir.join(FILE);
    OPTIONS
        .load(matches, Some(&file), |name| std::env::var(name).ok())
        .map_err(Failure::usage)
}

/// Reads the folder's file and the environment, for verbs that take no options.
pub(crate) fn load_file(dir: &Path) -> Result<Config, Failure> {
    let path = dir.join(FILE);
    let text = std::fs::read_to_string(&path).map_err(|error| {
        Failure::could_not(format!(
            "{} holds no witness: {error}; make one with `notarylog-witness init`",
            dir.display()
        ))
    })?;
    OPTIONS
        .put_together(
            Some((&path, &text)),
            |name| std::env::var(name).ok(),
            |_| None,
        )
        .map_err(Failure::usage)
}

/// `notarylog-witness config DIR`.
pub(crate) fn run(folder: &Folder, matches: &ArgMatches) -> Result<(), Failure> {
    let config = load(&folder.dir, matches)?;
    if folder.json {
        println!("{}", config.to_json());
    } else {
        print!("{config}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::OPTIONS;

    /// The rounds that a busy log makes in a second, each with a head of its own.
    const BUSY_LOG: u32 = 100;

    #[test]
    fn a_busy_log_is_within_the_rate_that_is_set_by_default() {
        let config = OPTIONS.put_together(None, |_| None, |_| None).unwrap();
        let rate: u32 = config.get("rate-per-log").unwrap();
        let burst: u32 = config.get("burst-per-log").unwrap();
        assert!(rate >= BUSY_LOG * 2, "{rate}: a round may be sent twice");
        assert!(burst >= rate, "{burst}");
    }
}
