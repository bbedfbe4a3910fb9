//! The two languages that the sentences exist in.

use core::fmt;
use core::str::FromStr;

/// A language of the catalogue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Simplified Chinese.
    Zh,
}

impl Lang {
    /// Both languages.
    pub const ALL: [Lang; 2] = [Lang::En, Lang::Zh];

    /// The language of a locale environment, in the order of POSIX: `LC_ALL`, then `LC_MESSAGES`, then `LANG`. The
    /// first that is not empty decides; anything but Chinese is English.
    ///
    /// ```text
    /// ["", "", "zh_CN.UTF-8"]  → Zh
    /// ["C", "", "zh_CN.UTF-8"] → En
    /// ```
    pub fn of_locale(values: &[&str]) -> Lang {
        let deciding = values.iter().find(|value| !value.is_empty()).unwrap_or(&"");
        let language = deciding.split(['_', '-', '.', '@']).next().unwrap_or("");
        if language.eq_ignore_ascii_case("zh") {
            Lang::Zh
        } else {
            Lang::En
        }
    }

    /// Names with the comma of the language between them.
    pub fn list(self, names: &[String]) -> String {
        names.join(match self {
            Lang::En => ", ",
            Lang::Zh => "、",
        })
    }

    /// The tag of the language (BCP 47), as it stands in `--lang` and in page addresses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Lang::En => "en",
            Lang::Zh => "zh",
        }
    }
}

impl fmt::Display for Lang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no language of the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownLang;

impl fmt::Display for UnknownLang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the languages are `en` and `zh`")
    }
}

impl core::error::Error for UnknownLang {}

impl FromStr for Lang {
    type Err = UnknownLang;

    fn from_str(text: &str) -> Result<Lang, UnknownLang> {
        Lang::ALL
            .into_iter()
            .find(|lang| lang.as_str() == text)
            .ok_or(UnknownLang)
    }
}

#[cfg(test)]
mod tests {
    use super::{Lang, UnknownLang};

    #[test]
    fn the_first_locale_that_is_set_decides() {
        for (values, lang) in [
            (&["", "", "zh_CN.UTF-8"][..], Lang::Zh),
            (&["C", "", "zh_CN.UTF-8"], Lang::En),
            (&["zh", "", "en_GB"], Lang::Zh),
            (&["", "ZH-Hans", "C"], Lang::Zh),
            (&["", "", "de_DE@euro"], Lang::En),
            (&["zhuang"], Lang::En),
            (&[], Lang::En),
        ] {
            assert_eq!(Lang::of_locale(values), lang, "{values:?}");
        }
    }

    #[test]
    fn a_language_is_named_by_its_tag_alone() {
        assert_eq!("zh".parse(), Ok(Lang::Zh));
        assert_eq!("en".parse(), Ok(Lang::En));
        assert_eq!("chinese".parse::<Lang>(), Err(UnknownLang));
    }
}
