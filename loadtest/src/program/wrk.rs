//! `wrk`, a generator that costs less than ours: run, and its figure read.
//!
//! ```text
//! Running 10s test @ http://127.0.0.1:8080/checkpoint
//!   1 threads and 64 connections
//!   …
//!   Non-2xx or 3xx responses: 12
//! Requests/sec:  41234.56
//! ```

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Reads this address on 64 connections; answers the requests a second, or why there is no figure.
pub fn reads_per_s(program: &Path, url: &str, time: Duration) -> Result<f64, String> {
    let output = Command::new(program)
        .args(["-t1", "-c64", &format!("-d{}s", time.as_secs().max(1)), url])
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("{} cannot be started: {error}", program.display()))?;
    parse(&String::from_utf8_lossy(&output.stdout))
}

fn parse(said: &str) -> Result<f64, String> {
    let after = |name: &str| said.lines().find_map(|line| line.trim().strip_prefix(name));
    if let Some(refused) = after("Non-2xx or 3xx responses:") {
        return Err(format!("{} answers were refusals", refused.trim()));
    }
    if let Some(lost) = after("Socket errors:") {
        return Err(format!("socket errors: {}", lost.trim()));
    }
    after("Requests/sec:")
        .and_then(|rate| rate.trim().parse().ok())
        .ok_or_else(|| "wrk named no rate".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_counts_only_when_every_answer_was_good() {
        let good = "  64 connections\nRequests/sec:  41234.50\nTransfer/sec: 300MB\n";
        assert_eq!(parse(good), Ok(41_234.5));
        assert!(parse(&format!("  Non-2xx or 3xx responses: 12\n{good}")).is_err());
        assert!(parse(&format!("  Socket errors: connect 0, read 3\n{good}")).is_err());
        assert!(parse("").is_err());
    }
}
