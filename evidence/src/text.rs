//! Short texts of documents, each with its alphabet and its longest length.

/// Declares a text: checked by a function, described to a schema by a pattern.
macro_rules! texts {
    ($(
        $(#[$doc:meta])*
        pub struct $name:ident: $max:literal bytes, $pattern:literal, $fits:expr;
    )+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The longest text in bytes.
            pub const LEN_MAX: usize = $max;

            /// Takes a text of this kind.
            pub fn new(text: impl Into<String>) -> Result<Self, MalformedText> {
                let text = text.into();
                let fits: fn(&str) -> bool = $fits;
                if !text.is_empty() && text.len() <= Self::LEN_MAX && fits(&text) {
                    Ok(Self(text))
                } else {
                    Err(MalformedText)
                }
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::new(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                // A schema counts characters where we count bytes, so it lets a little more through.
                json_schema!({
                    "type": "string",
                    "minLength": 1,
                    "maxLength": $max,
                    "pattern": $pattern
                })
            }
        }
    )+};
}

use core::fmt;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;

texts! {
    /// A word of a vocabulary that is not closed here: lower-case letters, digits, `.`, `_` and `-`, from a letter on.
    /// Nobody's name fits a header by accident.
    pub struct Slug: 32 bytes, "^[a-z][a-z0-9._-]*$", |text| {
        text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.bytes().all(|c| matches!(c, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-'))
    };
    /// The code of a catalogue's item: capitals, digits and `-`, as `AV-06`.
    pub struct ItemCode: 16 bytes, "^[A-Z0-9-]*$", |text| {
        text.bytes().all(|c| matches!(c, b'A'..=b'Z' | b'0'..=b'9' | b'-'))
    };
    /// One line of text of a body: a name, an address, a number that people write. No control character.
    pub struct Line: 1000 bytes, r"^[^\x00-\x1f\x7f-\x9f]*$", |text| {
        !text.chars().any(char::is_control)
    };
    /// The name of a file, without a path.
    pub struct FileName: 255 bytes, r"^[^\x00-\x1f\x7f-\x9f/\\]*$", |text| {
        !text.chars().any(|c| c.is_control() || matches!(c, '/' | '\\'))
    };
    /// A media type (RFC 6838 §4.2), in lower case and without parameters, as `application/pdf`.
    pub struct MediaType: 127 bytes, "^[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*$", |text| {
        text.split_once('/').is_some_and(|(kind, name)| {
            [kind, name].iter().all(|part| {
                part.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
                    && part.bytes().all(|c| {
                        c.is_ascii_lowercase() || c.is_ascii_digit() || b"!#$&^_.+-".contains(&c)
                    })
            })
        })
    };
    /// A random name (RFC 9562), as `urn:uuid:0197645e-3c1a-7b52-9d0e-5a4f2c9b7e11`.
    pub struct UuidUrn: 45 bytes, "^urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", |text| {
        text.strip_prefix("urn:uuid:").is_some_and(|uuid| {
            uuid.len() == 36
                && uuid.bytes().enumerate().all(|(position, c)| match position {
                    8 | 13 | 18 | 23 => c == b'-',
                    _ => matches!(c, b'0'..=b'9' | b'a'..=b'f'),
                })
        })
    };
}

/// A text is empty, too long, or has a character that does not belong there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the text is empty, too long, or has a character that does not belong there")]
pub struct MalformedText;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_text_has_its_alphabet() {
        assert!(Slug::new("officer_stop").is_ok());
        for bad in ["", "Officer", "9a", "a b", "张", &"a".repeat(33)] {
            assert!(Slug::new(bad).is_err(), "{bad}");
        }
        assert!(ItemCode::new("AV-06").is_ok());
        assert!(ItemCode::new("av-06").is_err());
        assert!(Line::new("苏州市姑苏区某路18号1-2室").is_ok());
        for bad in ["", "a\nb", "a\u{85}b", &"a".repeat(1001)] {
            assert!(Line::new(bad).is_err(), "{bad}");
        }
        assert!(FileName::new("现场笔录.pdf").is_ok());
        for bad in ["a/b", "a\\b", "", "a\0", &"张".repeat(86)] {
            assert!(FileName::new(bad).is_err(), "{bad}");
        }
        for good in ["application/pdf", "image/svg+xml", "video/mp4"] {
            assert!(MediaType::new(good).is_ok(), "{good}");
        }
        for bad in [
            "pdf",
            "a/",
            "/b",
            "a/b/c",
            "Text/plain",
            "text/plain;a=b",
            "a/ b",
        ] {
            assert!(MediaType::new(bad).is_err(), "{bad}");
        }
        let uuid = "urn:uuid:0197645e-3c1a-7b52-9d0e-5a4f2c9b7e11";
        assert!(UuidUrn::new(uuid).is_ok());
        for bad in [&uuid[9..], &uuid[..44], &uuid.to_uppercase()] {
            assert!(UuidUrn::new(bad).is_err(), "{bad}");
        }
    }
}
