//! The configuration file: TOML, one level, each name an option.
//!
//! ```toml
//! # notarylog.toml
//! listen = "127.0.0.1:8080"
//! readers = 4
//! witness-url = ["https://witness.example/", "https://notary.example/"]
//! ```

use std::fs::File;
use std::io::Read;
use std::path::Path;

use toml::de::{DeTable, DeValue};

use crate::ConfigError;

/// A file of options is short: above this it is another file.
const CONFIG_FILE_LEN_MAX: u64 = 1024 * 1024;

/// One line of the file.
#[derive(Debug)]
pub(crate) struct Setting {
    pub(crate) name: String,
    pub(crate) line: usize,
    pub(crate) texts: Vec<String>,
    pub(crate) is_array: bool,
}

/// Reads the file.
pub(crate) fn text(path: &Path) -> Result<String, ConfigError> {
    let failed = |error| ConfigError::Unreadable {
        path: path.to_owned(),
        error,
    };
    let mut text = String::new();
    let read = File::open(path)
        .map_err(failed)?
        .take(CONFIG_FILE_LEN_MAX + 1)
        .read_to_string(&mut text)
        .map_err(failed)?;
    if read as u64 > CONFIG_FILE_LEN_MAX {
        return Err(ConfigError::Malformed {
            path: path.to_owned(),
            why: "it is longer than 1 MiB".to_owned(),
        });
    }
    Ok(text)
}

/// Parses the file's text into settings, in the order of their lines.
pub(crate) fn settings(path: &Path, text: &str) -> Result<Vec<Setting>, ConfigError> {
    let malformed = |why: String| ConfigError::Malformed {
        path: path.to_owned(),
        why,
    };
    let table =
        DeTable::parse(text).map_err(|error| malformed(error.to_string().trim_end().to_owned()))?;
    let mut settings = Vec::new();
    for (name, value) in table.get_ref() {
        let line = 1 + text[..name.span().start].matches('\n').count();
        let (texts, is_array) = match value.get_ref() {
            DeValue::Array(items) => (
                items.iter().map(|item| scalar(item.get_ref())).collect(),
                true,
            ),
            value => (scalar(value).map(|text| vec![text]), false),
        };
        let texts: Option<Vec<String>> = texts;
        let Some(texts) = texts else {
            return Err(malformed(format!(
                "line {line}: `{}` takes a string, a number, true or false",
                name.get_ref()
            )));
        };
        settings.push(Setting {
            name: name.get_ref().clone().into_owned(),
            line,
            texts,
            is_array,
        });
    }
    settings.sort_by_key(|setting| setting.line);
    Ok(settings)
}

/// A value as the text that the environment or a flag would give.
fn scalar(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.clone().into_owned()),
        DeValue::Integer(number) if number.radix() == 10 => Some(number.as_str().to_owned()),
        DeValue::Float(number) => Some(number.as_str().to_owned()),
        DeValue::Boolean(is_on) => Some(is_on.to_string()),
        _ => None,
    }
}
