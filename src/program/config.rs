//! The log's options, each declared once; and `notarylog config`, which shows them.

use super::{Failure, Folder, quotas};
use clap::ArgMatches;
use service::{Config, Opt, Options, Tls};
use std::path::Path;

/// The name of the configuration file in the log's folder.
pub(crate) const FILE: &str = "notarylog.toml";

/// All options of `notarylog serve`.
pub(crate) const OPTIONS: Options = Options::new(
    "NOTARYLOG",
    &[
        Opt::value(
            "origin",
            "NAME",
            "The log's name, as it stands in every checkpoint; fixed at init",
        ),
        Opt::value(
            "listen",
            "ADDRESS",
            "Where the log listens; port 0 takes any free one",
        )
        .or("127.0.0.1:8080"),
        Tls::CERTIFICATE,
        Tls::KEY,
        Opt::value(
            "admin-listen",
            "ADDRESS",
            "Where /metrics, /healthz and /readyz listen; loopback only",
        )
        .or("127.0.0.1:8081"),
        Opt::value(
            "anchor",
            "PATH",
            "The journal's folder, best on another volume",
        )
        .or("journal"),
        Opt::value(
            "healing-window",
            "DURATION",
            "How long rows and journal stay after their tiles are stored",
        )
        .or("7d"),
        Opt::value(
            "leaf-lookup",
            "true|false",
            "Whether entries can be looked up by their hash",
        )
        .or("true"),
        Opt::value(
            "scrub-rate",
            "ENTRIES",
            "How many stored entries a second are read and hashed again in the background; 0 for none",
        )
        .or("10000"),
        Opt::value(
            "policy",
            "FILE",
            "The c2sp tlog-policy whose quorum of witnesses every head needs; without it the log has no witnesses",
        ),
        Opt::value(
            "disk-reserve",
            "BYTES",
            "Free space of the data folder's and the journal's file system below which no entry is taken",
        )
        .or("256MiB"),
        quotas::RATE_PER_BUREAU,
        quotas::BURST_PER_BUREAU,
        quotas::RATE_PER_ADDRESS,
        quotas::BURST_PER_ADDRESS,
        quotas::RATE_OF_ALL,
        quotas::BURST_OF_ALL,
        quotas::RESERVED_PERCENT,
        quotas::TRUSTED_PROXY,
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

/// The same for a folder that must hold a log.
pub(crate) fn load_of_log(dir: &Path, matches: &ArgMatches) -> Result<Config, Failure> {
    if dir.join(FILE).exists() {
        load(dir, matches)
    } else {
        Err(Failure::could_not(format!(
            "{} holds no log",
            dir.display()
        )))
    }
}

/// `notarylog config DIR`.
pub(crate) fn run(folder: &Folder, matches: &ArgMatches) -> Result<(), Failure> {
    let config = load(&folder.dir, matches)?;
    if folder.json {
        println!("{}", config.to_json());
        return Ok(());
    }
    let rows = config.rows();
    let width = rows
        .iter()
        .map(|row| row.name.len())
        .max()
        .unwrap_or_default();
    for row in rows {
        match row.origin {
            Some(origin) => println!("{:width$}  {}  ({origin})", row.name, row.values.join(", ")),
            None => println!("{:width$}  (not set)", row.name),
        }
    }
    Ok(())
}
