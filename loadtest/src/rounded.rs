//! Figures as a report shows them: no more digits than they are worth.

/// Three digits behind the point: what is beyond is noise.
pub fn rounded(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}
