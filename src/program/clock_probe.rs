//! The machine's clock against a time server's word, the witnesses' clocks and the newest head.

use super::diagnosis::{Diagnosis, Verdict};
use crate::log::clock_gate::AHEAD_MAX_MS;
use std::process::{Command, Stdio};

const NAME: &str = "clock";
/// A `Date` has whole seconds, and an answer takes its time.
const CLOSE_S: u64 = 5;
/// So far behind the newest head the log waits for time to pass before its heads bear the right time again.
const BEHIND_MAX_MS: u64 = 60_000;

/// Judges the clock. `witnesses_s` are clocks in seconds since 1970, `head_ms` is the time of the newest head.
pub(crate) fn judge(
    now_ms: u64,
    mut witnesses_s: Vec<i64>,
    head_ms: u64,
    synchronised: Option<bool>,
) -> Diagnosis {
    let set_right = "Set the clock by its time servers; the log goes on by itself.";
    let behind_ms = head_ms.saturating_sub(now_ms);
    if behind_ms > BEHIND_MAX_MS {
        let says = format!(
            "The clock is {} s behind the log's newest head.",
            behind_ms / 1000
        );
        return Diagnosis::of(Verdict::Fault, NAME, says, set_right);
    }
    witnesses_s.sort_unstable();
    let median = witnesses_s.get(witnesses_s.len() / 2).copied();
    let own_s = i64::try_from(now_ms / 1000).unwrap_or(i64::MAX);
    let off = median.map(|median| own_s.saturating_sub(median));
    if let Some(off) = off.filter(|off| off.unsigned_abs() > CLOSE_S) {
        let side = if off > 0 { "ahead of" } else { "behind" };
        let says = format!(
            "The clock is {} s {side} the median of {} witnesses' clocks.",
            off.unsigned_abs(),
            witnesses_s.len()
        );
        let is_refused = u64::try_from(off).is_ok_and(|ahead| ahead > AHEAD_MAX_MS / 1000);
        let verdict = if is_refused {
            Verdict::Fault
        } else {
            Verdict::Warning
        };
        return Diagnosis::of(verdict, NAME, says, set_right);
    }
    let beside = match median {
        Some(_) => format!("It agrees with {} witnesses' clocks.", witnesses_s.len()),
        None => "No witness told the time.".to_owned(),
    };
    match synchronised {
        Some(true) => Diagnosis::ok(NAME, format!("A time server keeps the clock. {beside}")),
        Some(false) => Diagnosis::of(
            Verdict::Warning,
            NAME,
            format!("No time server keeps the clock. {beside}"),
            "Switch on systemd-timesyncd or chrony: `timedatectl set-ntp true`.",
        ),
        None if median.is_some() => Diagnosis::ok(NAME, beside),
        None => Diagnosis::of(
            Verdict::Unknown,
            NAME,
            "Nothing tells whether the clock is right: no witness, and no word of the system.",
            "Compare it with another machine's by hand.",
        ),
    }
}

/// Whether the system says that a time server keeps its clock; none where it cannot be asked.
pub(crate) fn synchronised() -> Option<bool> {
    let asked = Command::new("timedatectl")
        .args(["show", "--property=NTPSynchronized", "--value"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    match asked.stdout.trim_ascii() {
        b"yes" => Some(true),
        b"no" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::judge;
    use crate::program::diagnosis::Verdict;

    const NOW_MS: u64 = 1_800_000_000_000;
    const NOW_S: i64 = 1_800_000_000;

    fn verdict(witnesses: &[i64], head_ms: u64, synchronised: Option<bool>) -> Verdict {
        let clocks = witnesses.iter().map(|off| NOW_S + off).collect();
        judge(NOW_MS, clocks, head_ms, synchronised).verdict
    }

    #[test]
    fn a_clock_that_agrees_with_most_witnesses_is_right_whatever_one_of_them_says() {
        assert_eq!(verdict(&[0, 1, -1, 0, 86_400], 0, None), Verdict::Ok);
        assert_eq!(verdict(&[0, 0, 1], 0, Some(true)), Verdict::Ok);
        assert_eq!(verdict(&[0, 0, 1], 0, Some(false)), Verdict::Warning);
    }

    #[test]
    fn a_clock_that_the_log_would_not_sign_is_a_fault() {
        assert_eq!(verdict(&[-301; 5], 0, Some(true)), Verdict::Fault);
        assert_eq!(verdict(&[-299; 5], 0, Some(true)), Verdict::Warning);
        assert_eq!(verdict(&[4_000; 5], 0, Some(true)), Verdict::Warning);
        assert_eq!(verdict(&[], NOW_MS + 61_000, Some(true)), Verdict::Fault);
        assert_eq!(verdict(&[], NOW_MS + 900, Some(true)), Verdict::Ok);
    }

    #[test]
    fn without_a_witness_and_without_a_word_of_the_system_nobody_knows() {
        assert_eq!(verdict(&[], 0, None), Verdict::Unknown);
    }
}
