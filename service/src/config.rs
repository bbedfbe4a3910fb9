//! The configuration: a value for each option, and where it came from.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::measure::{bytes, duration};
use crate::option::{Opt, Shape, variable};
use crate::{ConfigError, Origin};

/// All options of a daemon with their values.
///
/// A getter that is asked for a name that was never declared panics: that is a fault of the program, not of its user.
#[derive(Clone, Debug)]
pub struct Config {
    pub(crate) prefix: &'static str,
    pub(crate) values: Vec<(&'static Opt, Option<Value>)>,
}

#[derive(Clone, Debug)]
pub(crate) struct Value {
    pub(crate) texts: Vec<String>,
    pub(crate) origin: Origin,
}

/// One option for the listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigRow {
    /// The option.
    pub name: &'static str,
    /// Its values: none when it is not set, several for a list.
    pub values: Vec<String>,
    /// Where they came from; none when it is not set.
    pub origin: Option<Origin>,
    /// What the option is for.
    pub help: &'static str,
}

impl Config {
    /// The option's text.
    ///
    /// # Errors
    /// [`ConfigError::Missing`].
    pub fn text(&self, name: &str) -> Result<&str, ConfigError> {
        self.text_if_set(name).ok_or_else(|| self.missing(name))
    }

    /// The option's text, if it is set or has a default.
    pub fn text_if_set(&self, name: &str) -> Option<&str> {
        self.value(name)
            .and_then(|value| value.texts.first())
            .map(String::as_str)
    }

    /// The option's value: an address, a number, whatever reads itself from text.
    ///
    /// # Errors
    /// [`ConfigError::Missing`] or [`ConfigError::Invalid`].
    pub fn get<T: FromStr<Err: fmt::Display>>(&self, name: &str) -> Result<T, ConfigError> {
        self.get_if_set(name)?.ok_or_else(|| self.missing(name))
    }

    /// The option's value, if it is set or has a default.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`].
    pub fn get_if_set<T: FromStr<Err: fmt::Display>>(
        &self,
        name: &str,
    ) -> Result<Option<T>, ConfigError> {
        self.text_if_set(name)
            .map(|text| {
                text.parse()
                    .map_err(|why: T::Err| self.invalid(name, text, why.to_string()))
            })
            .transpose()
    }

    /// All values of a list.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] for the first that is not understood.
    pub fn list<T: FromStr<Err: fmt::Display>>(&self, name: &str) -> Result<Vec<T>, ConfigError> {
        let texts = self.value(name).map_or(&[][..], |value| &value.texts);
        texts
            .iter()
            .map(|text| {
                text.parse()
                    .map_err(|why: T::Err| self.invalid(name, text, why.to_string()))
            })
            .collect()
    }

    /// Whether a switch is on.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] for anything but `true` and `false`.
    pub fn switch(&self, name: &str) -> Result<bool, ConfigError> {
        match self.text(name)? {
            "true" => Ok(true),
            "false" => Ok(false),
            text => Err(self.invalid(name, text, "say true or false".to_owned())),
        }
    }

    /// A path. One that stands in the file counts from the file's folder, so that a folder can be moved whole; any
    /// other from where the program was started.
    ///
    /// # Errors
    /// [`ConfigError::Missing`].
    pub fn path(&self, name: &str) -> Result<PathBuf, ConfigError> {
        self.path_if_set(name).ok_or_else(|| self.missing(name))
    }

    /// A path, if it is set or has a default.
    pub fn path_if_set(&self, name: &str) -> Option<PathBuf> {
        let value = self.value(name)?;
        let path = Path::new(value.texts.first()?);
        Some(match &value.origin {
            Origin::File { path: file, .. } => file.parent().unwrap_or(Path::new("")).join(path),
            Origin::Default | Origin::Variable(_) | Origin::Flag(_) => path.to_owned(),
        })
    }

    /// A length of time: a whole number and one of `ms`, `s`, `m`, `h`, `d`.
    ///
    /// # Errors
    /// [`ConfigError::Missing`] or [`ConfigError::Invalid`].
    pub fn duration(&self, name: &str) -> Result<Duration, ConfigError> {
        let text = self.text(name)?;
        duration(text)
            .ok_or_else(|| self.invalid(name, text, "say 250ms, 5s, 10m, 1h or 7d".to_owned()))
    }

    /// A number of bytes: a whole number, alone or with one of `KiB`, `MiB`, `GiB`.
    ///
    /// # Errors
    /// [`ConfigError::Missing`] or [`ConfigError::Invalid`].
    pub fn bytes(&self, name: &str) -> Result<u64, ConfigError> {
        let text = self.text(name)?;
        bytes(text)
            .ok_or_else(|| self.invalid(name, text, "say 4096, 256KiB, 10MiB or 2GiB".to_owned()))
    }

    /// Where the option's value came from; none when it is not set.
    pub fn origin(&self, name: &str) -> Option<&Origin> {
        self.value(name).map(|value| &value.origin)
    }

    /// An error for a value that is well formed and still cannot be used, in words of the caller's.
    pub fn refuse(&self, name: &str, why: impl Into<String>) -> ConfigError {
        self.invalid(name, self.text_if_set(name).unwrap_or(""), why.into())
    }

    /// All options in the order of their declaration: for the verb that prints them.
    pub fn rows(&self) -> Vec<ConfigRow> {
        let row = |(option, value): &(&'static Opt, Option<Value>)| ConfigRow {
            name: option.name,
            values: value
                .as_ref()
                .map(|value| value.texts.clone())
                .unwrap_or_default(),
            origin: value.as_ref().map(|value| value.origin.clone()),
            help: option.help,
        };
        self.values.iter().map(row).collect()
    }

    /// All options as a JSON array: name, value (a string, an array for a list, null), origin, help.
    pub fn to_json(&self) -> Json {
        let row = |(option, value): &(&'static Opt, Option<Value>)| {
            let text = match (value, option.shape) {
                (None, _) => Json::Null,
                (Some(value), Shape::List) => json!(value.texts),
                (Some(value), Shape::One | Shape::Switch) => json!(value.texts.first()),
            };
            let origin = value.as_ref().map(|value| value.origin.to_json());
            json!({"name": option.name, "value": text, "origin": origin, "help": option.help})
        };
        self.values.iter().map(row).collect()
    }

    fn value(&self, name: &str) -> Option<&Value> {
        self.declared(name).1.as_ref()
    }

    fn declared(&self, name: &str) -> &(&'static Opt, Option<Value>) {
        let found = self.values.iter().find(|(option, _)| option.name == name);
        found.expect("an option is declared before it is asked for")
    }

    fn missing(&self, name: &str) -> ConfigError {
        let name = self.declared(name).0.name;
        ConfigError::Missing {
            name,
            variable: variable(self.prefix, name),
        }
    }

    fn invalid(&self, name: &str, text: &str, why: String) -> ConfigError {
        let (option, value) = self.declared(name);
        let origin = value
            .as_ref()
            .map_or(Origin::Default, |value| value.origin.clone());
        ConfigError::Invalid {
            name: option.name,
            origin,
            text: text.to_owned(),
            why,
        }
    }
}

/// The listing for people: name, value and origin in columns.
impl fmt::Display for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows: Vec<[String; 3]> = self
            .rows()
            .into_iter()
            .map(|row| {
                let origin = row
                    .origin
                    .map_or_else(|| "not set".to_owned(), |origin| origin.to_string());
                [row.name.to_owned(), row.values.join(", "), origin]
            })
            .collect();
        let width = |column: usize| {
            rows.iter()
                .map(|row| row[column].chars().count())
                .max()
                .unwrap_or(0)
        };
        let (names, values) = (width(0), width(1));
        for [name, value, origin] in &rows {
            writeln!(f, "{name:names$}  {value:values$}  {origin}")?;
        }
        Ok(())
    }
}
