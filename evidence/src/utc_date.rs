//! The day from which a notice counts.

use core::fmt;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;

/// `YYYY-MM-DD`: years of four digits, none before the year 0.
const DATE_LEN: usize = 10;

/// A day in UTC, written `2026-06-11`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UtcDate(jiff::civil::Date);

impl UtcDate {
    /// Reads `YYYY-MM-DD`, a day that exists.
    pub fn parse(text: &str) -> Result<Self, MalformedDate> {
        let date: jiff::civil::Date = text.parse().map_err(|_| MalformedDate)?;
        let date = Self(date);
        // The parser is kinder than we are (weeks, no hyphens, a time after the day): one day has one text.
        if text.len() == DATE_LEN && date.to_string() == text {
            Ok(date)
        } else {
            Err(MalformedDate)
        }
    }

    /// The day of a time in milliseconds since 1970 (UTC). Beyond the year 9999 it is the last day of that year.
    pub fn of_unix_ms(ms: u64) -> Self {
        let time = i64::try_from(ms).ok();
        let time = time.and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
        let time = time.unwrap_or(jiff::Timestamp::MAX);
        Self(jiff::tz::Offset::UTC.to_datetime(time).date())
    }
}

impl fmt::Display for UtcDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for UtcDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for UtcDate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for UtcDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for UtcDate {
    fn schema_name() -> Cow<'static, str> {
        "UtcDate".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A day in UTC",
            "type": "string",
            "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
        })
    }
}

/// Not a day written `YYYY-MM-DD`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a date is written YYYY-MM-DD and is a day that exists")]
pub struct MalformedDate;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_day_has_one_text() {
        assert_eq!(
            UtcDate::parse("2024-02-29").map(|date| date.to_string()),
            Ok("2024-02-29".to_owned())
        );
        for bad in [
            "2026-02-29",
            "2026-2-09",
            "20260209",
            "2026-W07-1",
            "2026-02-09T00:00",
            "2026-02-09Z",
            "+002026-02-09",
            "-000001-02-09",
            "2026-13-01",
            "2026-00-01",
            " 2026-02-09",
            "",
        ] {
            assert_eq!(UtcDate::parse(bad), Err(MalformedDate), "{bad}");
        }
    }
}
