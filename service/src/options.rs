//! Options: a daemon declares each once, and flag, environment variable and file name follow from it.
//!
//! ```text
//! Opt::value("listen", "ADDRESS", "Where to listen").or("127.0.0.1:8080")
//!
//!   in the file         listen = "127.0.0.1:8080"
//!   in the environment  NOTARYLOG_LISTEN=127.0.0.1:8080
//!   on the command line --listen 127.0.0.1:8080
//! ```
//! Each wins over the line above it, and all over the default.

use std::path::{Path, PathBuf};

use clap::{Arg, ArgAction, ArgMatches, Command};

use crate::layers::Layers;
use crate::option::{Opt, Shape, variable};
use crate::{Config, ConfigError, config_file};

/// The option that names the file; every daemon has it, and it cannot stand in the file.
const CONFIG: &str = "config";

/// The options of a daemon.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    prefix: &'static str,
    options: &'static [Opt],
}

impl Options {
    /// Options whose environment variables begin with `prefix`, as in `NOTARYLOG`.
    pub const fn new(prefix: &'static str, options: &'static [Opt]) -> Options {
        Options { prefix, options }
    }

    /// All options, as declared.
    pub fn all(&self) -> &'static [Opt] {
        self.options
    }

    /// The environment variable of an option: `data-folder` is `NOTARYLOG_DATA_FOLDER`.
    pub fn variable(&self, name: &str) -> String {
        variable(self.prefix, name)
    }

    /// The command with a flag for each option, and `--config FILE`. With clap's derive, go through
    /// `Cli::command().mut_subcommand("serve", |serve| OPTIONS.add_to(serve))`.
    pub fn add_to(&self, command: Command) -> Command {
        let file = Arg::new(CONFIG)
            .long(CONFIG)
            .value_name("FILE")
            .help(format!(
                "Configuration file in TOML [env: {}]",
                self.variable(CONFIG)
            ));
        command
            .arg(file)
            .args(self.options.iter().map(|option| self.arg(option)))
    }

    fn arg(&self, option: &Opt) -> Arg {
        let default = option
            .default
            .map(|text| format!(" [default: {text}]"))
            .unwrap_or_default();
        let help = format!(
            "{} [env: {}]{default}",
            option.help,
            self.variable(option.name)
        );
        let arg = Arg::new(option.name)
            .long(option.name)
            .value_name(option.value_name)
            .help(help);
        match option.shape {
            Shape::One => arg,
            Shape::List => arg.action(ArgAction::Append),
            Shape::Switch => arg
                .num_args(0..=1)
                .require_equals(true)
                .default_missing_value("true"),
        }
    }

    /// Reads the file that `--config` or its variable names, else `default_file` if that is there, and puts all places
    /// together. `matches` are those of the command that [`Options::add_to`] was given; `environment` is commonly
    /// `|name| std::env::var(name).ok()`. An empty variable counts as not set.
    ///
    /// # Errors
    /// [`ConfigError`] when the file cannot be read or names what is no option. Values are understood later, each by
    /// the getter that asks for it. Variables that name no option are not looked for: under Kubernetes strangers set
    /// some with the same prefix.
    pub fn load(
        &self,
        matches: &ArgMatches,
        default_file: Option<&Path>,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Config, ConfigError> {
        let flag = |name: &str| {
            let values = matches.try_get_many::<String>(name).ok().flatten()?;
            Some(values.cloned().collect::<Vec<String>>())
        };
        let named = flag(CONFIG)
            .and_then(|values| values.into_iter().next())
            .or_else(|| environment(&self.variable(CONFIG)).filter(|text| !text.is_empty()))
            .map(PathBuf::from)
            .or_else(|| {
                default_file
                    .filter(|path| path.exists())
                    .map(Path::to_owned)
            });
        let text = match &named {
            Some(path) => Some(config_file::text(path)?),
            None => None,
        };
        self.put_together(named.as_deref().zip(text.as_deref()), environment, flag)
    }

    /// Puts the places together: the file's path and text, the environment, the flags. Pure.
    ///
    /// # Errors
    /// As [`Options::load`].
    pub fn put_together(
        &self,
        file: Option<(&Path, &str)>,
        environment: impl Fn(&str) -> Option<String>,
        flag: impl Fn(&str) -> Option<Vec<String>>,
    ) -> Result<Config, ConfigError> {
        let mut layers = Layers::new(self.prefix, self.options);
        if let Some((path, text)) = file {
            for setting in config_file::settings(path, text)? {
                layers.set_by_file(path, setting)?;
            }
        }
        for option in self.options {
            let variable = self.variable(option.name);
            if let Some(text) = environment(&variable).filter(|text| !text.is_empty()) {
                let texts = match option.shape {
                    Shape::List => text.split(',').map(|item| item.trim().to_owned()).collect(),
                    Shape::One | Shape::Switch => vec![text],
                };
                layers.set_by_variable(option, variable, texts);
            }
            if let Some(texts) = flag(option.name) {
                layers.set_by_flag(option, texts);
            }
        }
        Ok(layers.finish())
    }
}
