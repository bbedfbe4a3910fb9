//! One option of a daemon, as it is declared.

/// One option.
#[derive(Clone, Copy, Debug)]
pub struct Opt {
    pub(crate) name: &'static str,
    pub(crate) value_name: &'static str,
    pub(crate) help: &'static str,
    pub(crate) default: Option<&'static str>,
    pub(crate) shape: Shape,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    One,
    List,
    Switch,
}

impl Opt {
    /// An option with one value. `name` is in lower-case letters, digits and `-`.
    pub const fn value(name: &'static str, value_name: &'static str, help: &'static str) -> Opt {
        Opt {
            name,
            value_name,
            help,
            default: None,
            shape: Shape::One,
        }
    }

    /// An option with any number of values: an array in the file, separated by commas in the environment, a flag given
    /// several times. The nearest place that names it gives all of them.
    pub const fn list(name: &'static str, value_name: &'static str, help: &'static str) -> Opt {
        Opt {
            name,
            value_name,
            help,
            default: None,
            shape: Shape::List,
        }
    }

    /// An option that is on or off, off by default: `true` or `false`; on the command line `--name` or `--name=false`.
    pub const fn switch(name: &'static str, help: &'static str) -> Opt {
        Opt {
            name,
            value_name: "true|false",
            help,
            default: Some("false"),
            shape: Shape::Switch,
        }
    }

    /// The option's default.
    #[must_use]
    pub const fn or(self, default: &'static str) -> Opt {
        Opt {
            default: Some(default),
            ..self
        }
    }

    /// The option's name in the file and, after `--`, on the command line.
    pub const fn name(&self) -> &'static str {
        self.name
    }
}

/// The environment variable of an option: with the prefix `NOTARYLOG`, `data-folder` is `NOTARYLOG_DATA_FOLDER`.
pub(crate) fn variable(prefix: &str, name: &str) -> String {
    format!("{prefix}_{}", name.to_ascii_uppercase().replace('-', "_"))
}
