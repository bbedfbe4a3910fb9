//! The values of all options while they are put together: who sets later wins.

use std::path::Path;

use crate::config::{Config, Value};
use crate::config_file::Setting;
use crate::option::{Opt, Shape};
use crate::{ConfigError, Origin};

/// Two names are near when they differ in at most this many letters, neighbours exchanged counting once.
const NEAR_MAX: usize = 3;

pub(crate) struct Layers(Config);

impl Layers {
    pub(crate) fn new(prefix: &'static str, options: &'static [Opt]) -> Layers {
        let default = |option: &'static Opt| {
            let texts = vec![option.default?.to_owned()];
            Some(Value {
                texts,
                origin: Origin::Default,
            })
        };
        Layers(Config {
            prefix,
            values: options
                .iter()
                .map(|option| (option, default(option)))
                .collect(),
        })
    }

    pub(crate) fn set_by_file(&mut self, path: &Path, setting: Setting) -> Result<(), ConfigError> {
        let Setting {
            name,
            line,
            texts,
            is_array,
        } = setting;
        let origin = Origin::File {
            path: path.into(),
            line,
        };
        let Some((option, value)) = self
            .0
            .values
            .iter_mut()
            .find(|(option, _)| option.name == name)
        else {
            let nearest = nearest(&name, self.0.values.iter().map(|(option, _)| option.name));
            return Err(ConfigError::Unknown {
                name,
                origin,
                nearest,
            });
        };
        if is_array && option.shape != Shape::List {
            let why = "it takes one value, not an array".to_owned();
            return Err(ConfigError::Invalid {
                name: option.name,
                origin,
                text: texts.join(", "),
                why,
            });
        }
        *value = Some(Value { texts, origin });
        Ok(())
    }

    pub(crate) fn set_by_variable(&mut self, option: &Opt, variable: String, texts: Vec<String>) {
        self.set(
            option,
            Value {
                texts,
                origin: Origin::Variable(variable),
            },
        );
    }

    pub(crate) fn set_by_flag(&mut self, option: &Opt, texts: Vec<String>) {
        self.set(
            option,
            Value {
                texts,
                origin: Origin::Flag(format!("--{}", option.name)),
            },
        );
    }

    pub(crate) fn finish(self) -> Config {
        self.0
    }

    fn set(&mut self, option: &Opt, new: Value) {
        if let Some((_, value)) = self
            .0
            .values
            .iter_mut()
            .find(|(declared, _)| declared.name == option.name)
        {
            *value = Some(new);
        }
    }
}

fn nearest(name: &str, options: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    options
        .map(|option| {
            (
                strsim::osa_distance(&name.replace('_', "-"), option),
                option,
            )
        })
        .filter(|(distance, option)| *distance <= NEAR_MAX && *distance < option.len())
        .min()
        .map(|(_, option)| option)
}
