//! Canonical JSON: the one text of a document that is hashed or signed. RFC 8785, integers only.
//!
//! A document from a stranger is refused rather than repaired: two texts that a lenient parser takes for the same
//! would have two hashes, and two parsers that read one text differently would see two documents under one hash.

use core::cell::Cell;
use core::fmt;
use serde::Serialize;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// How deep arrays and objects may nest. The deepest document of ours, a record, needs five levels; a catalogue has
/// room, and a parser's stack stays small.
pub const JSON_DEPTH_MAX: usize = 32;

/// The largest integer, and with a minus sign the smallest: 2^53 − 1. Above it, parsers that hold numbers as doubles
/// take two integers for one (RFC 7493 §2.2).
pub const JSON_INTEGER_MAX: u64 = (1 << 53) - 1;

/// Why bytes are no canonical JSON document of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MalformedJson {
    /// Longer than the limit for this document, in bytes.
    #[error("the document is longer than {0} bytes")]
    TooLarge(usize),
    /// No JSON text (RFC 8259), or something stands after it.
    #[error("the document is no JSON text")]
    Syntax,
    /// An object has one member twice.
    #[error("an object of the document has one member twice")]
    DuplicateMember,
    /// A number with a fraction, an exponent or a minus before zero.
    #[error("the document has a number that is no integer; write fractions in smaller units")]
    NotAnInteger,
    /// An integer beyond 2^53 − 1.
    #[error("the document has an integer beyond 2^53 − 1; write it as a string")]
    IntegerTooLarge,
    /// Nested deeper than [`JSON_DEPTH_MAX`].
    #[error("the document nests deeper than {JSON_DEPTH_MAX} levels")]
    TooDeep,
    /// JSON, but not in the canonical form.
    #[error(
        "the document is not in canonical form (RFC 8785): members sorted, no white space, shortest escapes"
    )]
    NotCanonical,
}

/// Reads a document that need not be in canonical form, within all other rules.
pub(crate) fn parse(bytes: &[u8], limit: usize) -> Result<Value, MalformedJson> {
    if bytes.len() > limit {
        return Err(MalformedJson::TooLarge(limit));
    }
    let fault = Cell::new(MalformedJson::Syntax);
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let seed = Strict {
        depth: JSON_DEPTH_MAX,
        fault: &fault,
    };
    let value = seed
        .deserialize(&mut deserializer)
        .map_err(|_| fault.get())?;
    deserializer.end().map_err(|_| MalformedJson::Syntax)?;
    Ok(value)
}

/// Reads a document whose bytes are its canonical form.
pub(crate) fn parse_canonical(bytes: &[u8], limit: usize) -> Result<Value, MalformedJson> {
    let value = parse(bytes, limit)?;
    if to_canonical(&value) == bytes {
        Ok(value)
    } else {
        Err(MalformedJson::NotCanonical)
    }
}

/// The canonical form of a value of our own making.
pub(crate) fn to_canonical<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json_canonicalizer::to_vec(value)
        .expect("our documents have string keys and finite numbers")
}

/// Builds a value and refuses what a lenient parser would repair.
#[derive(Clone, Copy)]
struct Strict<'a> {
    depth: usize,
    // serde carries a custom error as text; the reason travels beside it.
    fault: &'a Cell<MalformedJson>,
}

impl Strict<'_> {
    fn refuse<E: serde::de::Error>(self, fault: MalformedJson) -> E {
        self.fault.set(fault);
        E::custom(fault)
    }

    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        match self.depth.checked_sub(1) {
            Some(depth) => Ok(Self { depth, ..self }),
            None => Err(self.refuse(MalformedJson::TooDeep)),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON with integers only")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Value, E> {
        if value > JSON_INTEGER_MAX {
            return Err(self.refuse(MalformedJson::IntegerTooLarge));
        }
        Ok(value.into())
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Value, E> {
        if value.unsigned_abs() > JSON_INTEGER_MAX {
            return Err(self.refuse(MalformedJson::IntegerTooLarge));
        }
        Ok(value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        // An integer beyond 64 bits arrives here as well. Which of the two it was does not change what to do much, but
        // the sentence should fit.
        let fault = if value.fract() == 0.0 && value.abs() >= 18_446_744_073_709_551_616.0 {
            MalformedJson::IntegerTooLarge
        } else {
            MalformedJson::NotAnInteger
        };
        Err(self.refuse(fault))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut values = Vec::new();
        while let Some(value) = seq.next_element_seed(inner)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut members = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            if members.contains_key(&name) {
                return Err(self.refuse(MalformedJson::DuplicateMember));
            }
            let value = map.next_value_seed(inner)?;
            members.insert(name, value);
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> Option<MalformedJson> {
        parse_canonical(text.as_bytes(), 1000).err()
    }

    #[test]
    fn a_document_in_canonical_form_is_read() {
        let text = r#"{"":null,"a":[0,-1,9007199254740991,true,{}],"é":"\n\"","😀":[],"ﬀ":"〔〕"}"#;
        assert_eq!(refusal(text), None);
    }

    #[test]
    fn what_a_lenient_parser_would_repair_is_refused() {
        let bad = [
            (r#"{"a":1,"a":1}"#, MalformedJson::DuplicateMember),
            (r#"{"a":1,"\u0061":1}"#, MalformedJson::DuplicateMember),
            (r#"[{"a":{"b":1,"b":2}}]"#, MalformedJson::DuplicateMember),
            ("[9007199254740992]", MalformedJson::IntegerTooLarge),
            ("[-9007199254740992]", MalformedJson::IntegerTooLarge),
            ("[18446744073709551616]", MalformedJson::IntegerTooLarge),
            ("[1.0]", MalformedJson::NotAnInteger),
            ("[1e2]", MalformedJson::NotAnInteger),
            ("[0.5]", MalformedJson::NotAnInteger),
            ("[-0]", MalformedJson::NotAnInteger),
            (r#"{"b":1,"a":2}"#, MalformedJson::NotCanonical),
            (r#"{"ﬀ":1,"😀":2}"#, MalformedJson::NotCanonical),
            (r#"{"a": 1}"#, MalformedJson::NotCanonical),
            ("{}\n", MalformedJson::NotCanonical),
            (r#"["\u0061"]"#, MalformedJson::NotCanonical),
            (r#"["\/"]"#, MalformedJson::NotCanonical),
            (r#"["\u000A"]"#, MalformedJson::NotCanonical),
            ("\u{feff}{}", MalformedJson::Syntax),
            (r#"["\ud800"]"#, MalformedJson::Syntax),
            ("{}{}", MalformedJson::Syntax),
            ("[1,]", MalformedJson::Syntax),
            ("[NaN]", MalformedJson::Syntax),
            ("[01]", MalformedJson::Syntax),
            ("", MalformedJson::Syntax),
        ];
        for (text, fault) in bad {
            assert_eq!(refusal(text), Some(fault), "{text}");
        }
    }

    #[test]
    fn bytes_that_are_no_utf_8_are_refused() {
        assert_eq!(parse(b"[\"\xff\"]", 100), Err(MalformedJson::Syntax));
    }

    #[test]
    fn nesting_ends_at_the_limit() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert_eq!(refusal(&nested(JSON_DEPTH_MAX)), None);
        let deeper = nested(JSON_DEPTH_MAX + 1);
        assert_eq!(refusal(&deeper), Some(MalformedJson::TooDeep));
        assert_eq!(refusal(&nested(400)), Some(MalformedJson::TooDeep));
        assert_eq!(refusal(&"[".repeat(999)), Some(MalformedJson::TooDeep));
    }

    #[test]
    fn length_ends_at_the_limit() {
        assert!(parse(b"[1]", 3).is_ok());
        assert_eq!(parse(b"[10]", 3), Err(MalformedJson::TooLarge(3)));
    }
}
