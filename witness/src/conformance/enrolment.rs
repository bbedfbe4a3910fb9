//! The logs of the suite, as witnesses are told of logs.

use super::case::Case;
use std::fmt::Write as _;

/// How a witness is told of logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// The option `enrol` of notarylog-witness, for its witness.toml
    Ours,
    /// omniwitness' list of logs in YAML (one key a log)
    Yaml,
    /// litewitness' witnessctl, as shell commands
    Witnessctl,
    /// The witness network's list, logs/v0 (one key a log): `witnessctl pull-logs`
    Network,
}

/// The text that enrols the logs of these cases.
pub fn enrolment(cases: &[Case], format: Format) -> String {
    let mut text = format!("# {WARNING}\n");
    let enrolled = cases.iter().filter(|case| case.enrolled);
    let _infallible = match format {
        Format::Ours => ours(&mut text, enrolled),
        Format::Yaml => yaml(&mut text, enrolled),
        Format::Witnessctl => witnessctl(&mut text, enrolled),
        Format::Network => network(&mut text, enrolled),
    };
    text
}

/// What a case's log may ask a day: far more than the suite does.
const QUERIES_PER_DAY: u32 = 86_400;

const WARNING: &str = "TEST KEYS whose secrets everybody can make: for a witness under test, never for one that people rely on.";

fn ours<'a>(text: &mut String, cases: impl Iterator<Item = &'a Case>) -> std::fmt::Result {
    writeln!(text, "enrol = [")?;
    for vkey in cases.flat_map(|case| case.log.vkeys()) {
        writeln!(text, "  \"{vkey}\",")?;
    }
    writeln!(text, "]")
}

fn yaml<'a>(text: &mut String, cases: impl Iterator<Item = &'a Case>) -> std::fmt::Result {
    writeln!(text, "Logs:")?;
    for case in cases {
        let origin = case.log.origin();
        writeln!(text, "  - Origin: {origin}\n    URL: https://{origin}")?;
        for (at, vkey) in case.log.vkeys().iter().enumerate() {
            let mark = if at == 0 { "" } else { "# a second key: " };
            writeln!(text, "    {mark}PublicKey: {vkey}")?;
        }
        writeln!(text, "    Feeder: none")?;
    }
    Ok(())
}

fn witnessctl<'a>(text: &mut String, cases: impl Iterator<Item = &'a Case>) -> std::fmt::Result {
    for case in cases {
        let origin = case.log.origin();
        writeln!(text, "witnessctl add-log -origin {origin}")?;
        for vkey in case.log.vkeys() {
            writeln!(text, "witnessctl add-key -origin {origin} -key {vkey}")?;
        }
    }
    Ok(())
}

fn network<'a>(text: &mut String, cases: impl Iterator<Item = &'a Case>) -> std::fmt::Result {
    writeln!(text, "logs/v0")?;
    for case in cases {
        for (at, vkey) in case.log.vkeys().iter().enumerate() {
            let mark = if at == 0 { "" } else { "# a second key: " };
            writeln!(text, "{mark}vkey {vkey}")?;
        }
        writeln!(text, "qpd {QUERIES_PER_DAY}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Format, enrolment};
    use crate::conformance::suite::suite;

    #[test]
    fn a_log_that_must_be_unknown_is_enrolled_nowhere() {
        let cases = suite("");
        for format in [
            Format::Ours,
            Format::Yaml,
            Format::Witnessctl,
            Format::Network,
        ] {
            let text = enrolment(&cases, format);
            assert!(text.starts_with("# TEST KEYS"));
            for case in &cases {
                let vkey = case.log.vkeys()[0].to_string();
                assert_eq!(text.contains(&vkey), case.enrolled, "{}", case.name);
            }
        }
    }
}
