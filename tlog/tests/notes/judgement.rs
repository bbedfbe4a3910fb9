//! Names of refusals, as `because` states them, and verified lines as text.

use std::fmt;
use tlog::{LineTime, Refusal, VerifiedLine};

/// A reason whose `Debug` is the name alone.
pub struct Because(String);

impl Because {
    /// The reason of this name.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }
}

impl fmt::Debug for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Refusal> for Because {
    fn from(refusal: Refusal) -> Self {
        Self(match refusal {
            Refusal::BadSignature { why, .. } => format!("BadSignature({why:?})"),
            Refusal::Quorum { have, need, of } => format!("Quorum({have} of {of}, needs {need})"),
            other => format!("{other:?}"),
        })
    }
}

/// A verified line as text: name, id, kind, time.
pub fn written(line: &VerifiedLine) -> String {
    let time = match line.time {
        LineTime::NotStated => String::from("-"),
        LineTime::Seconds(time) => format!("{time} s"),
        LineTime::Milliseconds(time) => format!("{time} ms"),
    };
    format!("{}+{} {:02x} {time}", line.name, line.id, line.kind.byte())
}
