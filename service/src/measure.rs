//! Lengths of time and numbers of bytes as people write them.

use std::time::Duration;

/// `250ms`, `5s`, `10m`, `1h`, `7d`.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    let (number, unit) = split(text)?;
    let seconds = |each: u64| number.checked_mul(each).map(Duration::from_secs);
    match unit {
        "ms" => Some(Duration::from_millis(number)),
        "s" => seconds(1),
        "m" => seconds(60),
        "h" => seconds(60 * 60),
        "d" => seconds(24 * 60 * 60),
        _ => None,
    }
}

/// `4096`, `256KiB`, `10MiB`, `2GiB`.
pub(crate) fn bytes(text: &str) -> Option<u64> {
    let (number, unit) = split(text)?;
    match unit {
        "" => Some(number),
        "KiB" => number.checked_mul(1 << 10),
        "MiB" => number.checked_mul(1 << 20),
        "GiB" => number.checked_mul(1 << 30),
        _ => None,
    }
}

/// A whole number and what follows it.
fn split(text: &str) -> Option<(u64, &str)> {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    Some((number.parse().ok()?, unit.trim_start()))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{bytes, duration};

    #[test]
    fn a_length_of_time_has_a_unit() {
        for (text, seconds) in [
            ("5s", 5),
            ("10m", 600),
            ("1 h", 3600),
            ("7d", 604_800),
            ("0s", 0),
        ] {
            assert_eq!(duration(text), Some(Duration::from_secs(seconds)), "{text}");
        }
        assert_eq!(duration("250ms"), Some(Duration::from_millis(250)));
        for text in [
            "5",
            "s",
            "",
            "-5s",
            "1.5s",
            "5S",
            "5s ",
            "18446744073709551615d",
        ] {
            assert_eq!(duration(text), None, "{text}");
        }
    }

    #[test]
    fn a_number_of_bytes_may_have_one() {
        for (text, count) in [
            ("4096", 4096),
            ("256KiB", 262_144),
            ("10 MiB", 10_485_760),
            ("2GiB", 1 << 31),
        ] {
            assert_eq!(bytes(text), Some(count), "{text}");
        }
        for text in [
            "",
            "KiB",
            "1KB",
            "1k",
            "-1",
            "0x10",
            "18446744073709551615KiB",
        ] {
            assert_eq!(bytes(text), None, "{text}");
        }
    }
}
