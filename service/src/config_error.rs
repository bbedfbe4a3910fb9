//! What can be wrong with a configuration: each says which option, where it was set, and what to do.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::Origin;

/// A configuration that cannot be used.
#[derive(Debug)]
pub enum ConfigError {
    /// The file cannot be read.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The file is not TOML of one level.
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where and why.
        why: String,
    },
    /// The file names what is no option.
    Unknown {
        /// The name in the file.
        name: String,
        /// The place.
        origin: Origin,
        /// The option that it resembles.
        nearest: Option<&'static str>,
    },
    /// An option without a default was not given.
    Missing {
        /// The option.
        name: &'static str,
        /// Its environment variable.
        variable: String,
    },
    /// A value was not understood.
    Invalid {
        /// The option.
        name: &'static str,
        /// Where the value was set.
        origin: Origin,
        /// The value.
        text: String,
        /// What is expected, or what is wrong.
        why: String,
    },
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConfigError::Unreadable { path, error } => {
                write!(
                    f,
                    "cannot read the configuration file {}: {error}",
                    path.display()
                )
            }
            ConfigError::Malformed { path, why } => {
                write!(
                    f,
                    "the configuration file {} is malformed: {why}",
                    path.display()
                )
            }
            ConfigError::Unknown {
                name,
                origin,
                nearest,
            } => {
                write!(f, "{origin}: there is no option `{name}`")?;
                match nearest {
                    Some(nearest) => write!(f, "; did you mean `{nearest}`?"),
                    None => f.write_str("; `config` lists them all"),
                }
            }
            ConfigError::Missing { name, variable } => {
                write!(
                    f,
                    "the option `{name}` is needed: give --{name}, set {variable}, or write it in the configuration file"
                )
            }
            ConfigError::Invalid {
                name,
                origin,
                text,
                why,
            } => {
                write!(
                    f,
                    "the option `{name}`, set to `{text}` by {origin}, is not understood: {why}"
                )
            }
        }
    }
}

impl std::error::Error for ConfigError {}
