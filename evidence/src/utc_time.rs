//! Times of records.

use core::fmt;
use jiff::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;

/// An instant in UTC with milliseconds, in the one RFC 3339 form `2026-06-11T01:32:04.120Z`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UtcTime(Timestamp);

/// Years of four digits, milliseconds, and no other offset.
const TIME_LEN: usize = "2026-06-11T01:32:04.120Z".len();

impl UtcTime {
    /// Reads `YYYY-MM-DDThh:mm:ss.mmmZ`.
    ///
    /// ```
    /// use evidence::UtcTime;
    /// assert_eq!(UtcTime::parse("2026-06-11T01:32:04.120Z")?.unix_ms(), 1_781_141_524_120);
    /// # Ok::<(), evidence::MalformedTime>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, MalformedTime> {
        let time = Self(text.parse().map_err(|_| MalformedTime)?);
        // The parser is kinder than we are (offsets, leap seconds, spaces): one instant has one text.
        if text.len() == TIME_LEN && time.to_string() == text {
            Ok(time)
        } else {
            Err(MalformedTime)
        }
    }

    /// The instant so many milliseconds after 1970, within the years 0 to 9999.
    pub fn from_unix_ms(ms: i64) -> Result<Self, MalformedTime> {
        let time = Self(Timestamp::from_millisecond(ms).map_err(|_| MalformedTime)?);
        if time.to_string().len() == TIME_LEN {
            Ok(time)
        } else {
            Err(MalformedTime)
        }
    }

    /// Milliseconds since 1970.
    pub fn unix_ms(&self) -> i64 {
        self.0.as_millisecond()
    }
}

impl fmt::Display for UtcTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}", self.0)
    }
}

impl fmt::Debug for UtcTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for UtcTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for UtcTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for UtcTime {
    fn schema_name() -> Cow<'static, str> {
        "UtcTime".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "An instant in UTC with milliseconds (RFC 3339)",
            "type": "string",
            "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$"
        })
    }
}

/// Not a time written `YYYY-MM-DDThh:mm:ss.mmmZ`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a time is written YYYY-MM-DDThh:mm:ss.mmmZ, in UTC")]
pub struct MalformedTime;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_instant_has_one_text() {
        for good in [
            "1970-01-01T00:00:00.000Z",
            "2024-02-29T23:59:59.999Z",
            "1969-12-31T23:59:59.999Z",
            "0000-01-01T00:00:00.000Z",
            "9999-12-30T00:00:00.000Z",
        ] {
            let time = UtcTime::parse(good).unwrap();
            assert_eq!(time.to_string(), good);
            assert_eq!(UtcTime::from_unix_ms(time.unix_ms()), Ok(time));
        }
        for bad in [
            "2026-06-11T01:32:04Z",
            "2026-06-11T01:32:04.12Z",
            "2026-06-11T01:32:04.1200Z",
            "2026-06-11T01:32:04.120+00:00",
            "2026-06-11T01:32:04.120-00:00",
            "2026-06-11T09:32:04.120+08:00",
            "2026-06-11t01:32:04.120Z",
            "2026-06-11T01:32:04.120z",
            "2026-06-11 01:32:04.120Z",
            "2026-06-11T01:32:04,120Z",
            "2026-06-30T23:59:60.000Z",
            "2026-02-29T00:00:00.000Z",
            "2026-06-11T24:00:00.000Z",
            "2026-06-11",
            "",
        ] {
            assert_eq!(UtcTime::parse(bad), Err(MalformedTime), "{bad}");
        }
        assert_eq!(UtcTime::from_unix_ms(i64::MAX), Err(MalformedTime));
        assert_eq!(
            UtcTime::from_unix_ms(-62_200_000_000_000),
            Err(MalformedTime)
        );
    }
}
