//! A case: what is sent to a witness that knows the case's log, and what has to come back.

use super::SAMPLE_ORIGINS;
use super::sample_log::SampleLog;

/// Steps against one log of its own, from the empty state on.
pub struct Case {
    /// The file among `tests/vectors/witness`, and the group in a report.
    pub file: &'static str,
    /// Its name, a sentence: the only one in the suite.
    pub name: &'static str,
    /// What the specification says, with its heading; or the row of our own table.
    pub paragraph: &'static str,
    /// Who says so.
    pub weight: Weight,
    /// The log.
    pub log: SampleLog,
    /// Whether the log is to be enrolled.
    pub enrolled: bool,
    /// What is done, in this order.
    pub steps: Vec<Step>,
}

/// Who says what a case expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// The specification demands it.
    Must,
    /// The specification recommends it.
    Should,
    /// Our own table alone: where the specification leaves the answer, or the order of two checks, to the witness.
    Ours,
}

/// One thing that is done.
pub enum Step {
    /// `POST /add-checkpoint` with this body.
    Post {
        /// The body.
        request: Vec<u8>,
        /// What has to come back.
        expected: Expected,
    },
    /// `/add-checkpoint` with this body and another method: no success may come back.
    Method {
        /// The method.
        method: &'static str,
        /// The body.
        request: String,
    },
    /// All of these at once: one is answered 200, the others 409 with its size. Then the request that stands at the
    /// winner's place in `then` is answered 200.
    Race {
        /// The requests and their sizes.
        requests: Vec<(String, u64)>,
        /// What is posted next, by the winner.
        then: Vec<String>,
    },
    /// These, one after the other on one connection; each is answered 200.
    KeepAlive {
        /// The requests.
        requests: Vec<String>,
    },
    /// `GET /<origin hash>/checkpoint` of the monitoring prefix.
    Monitor {
        /// The text of the note that has to come back, signed by the log and by the witness; without one, a 404.
        text: Option<String>,
    },
}

/// What has to come back for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// 200. Makes the state of a case, or shows that it is what it should be.
    Accepted,
    /// 200, and the body is cosignatures of the whole tree by the witness's keys, with their time.
    Cosigned,
    /// The same, and one line is ML-DSA-44's.
    CosignedByMlDsa,
    /// The same, and no line's time is before the last line's of this case, nor far from our clock.
    CosignedInTime,
    /// 409, `text/x.tlog.size`, and this size with a newline.
    Conflict(u64),
    /// This status.
    Refused(u16),
    /// This status, or a connection that ends before the whole request was taken.
    Cut(u16),
    /// This status; yet whoever overlooks what a decoder may overlook (RFC 4648 §3.5) and cosigns is not wrong.
    Strict(u16),
}

impl Expected {
    /// The status.
    pub const fn status(self) -> u16 {
        match self {
            Self::Accepted | Self::Cosigned | Self::CosignedByMlDsa | Self::CosignedInTime => 200,
            Self::Conflict(_) => 409,
            Self::Refused(status) | Self::Cut(status) | Self::Strict(status) => status,
        }
    }
}

impl Case {
    /// A case that begins with nothing.
    pub fn new(
        (file, suffix): (&'static str, &str),
        weight: Weight,
        name: &'static str,
        paragraph: &'static str,
    ) -> Self {
        Self {
            file,
            name,
            paragraph,
            weight,
            log: SampleLog::new(&origin(name, suffix), 1),
            enrolled: true,
            steps: Vec::new(),
        }
    }

    /// With so many keys of the log.
    #[must_use]
    pub fn keys(mut self, keys: usize) -> Self {
        self.log = SampleLog::new(self.log.origin(), keys);
        self
    }

    /// With a log that the witness must not know.
    #[must_use]
    pub fn not_enrolled(mut self) -> Self {
        self.enrolled = false;
        self
    }

    /// With this step.
    #[must_use]
    pub fn then(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    /// With this request, made by the case's log, and what has to come back.
    #[must_use]
    pub fn post<R: Into<Vec<u8>>>(
        self,
        expected: Expected,
        request: impl FnOnce(&SampleLog) -> R,
    ) -> Self {
        let request = request(&self.log).into();
        self.then(Step::Post { request, expected })
    }

    /// With an honest step that has to be cosigned: it makes the state before, or shows the state after.
    #[must_use]
    pub fn step(self, from: u64, to: u64) -> Self {
        self.post(Expected::Accepted, |log| log.step(from, to))
    }

    /// With a request that has to be refused with this status, from the state of size 5, which stays as it was.
    #[must_use]
    pub fn refused_at_5<R: Into<Vec<u8>>>(
        self,
        status: u16,
        request: impl FnOnce(&SampleLog) -> R,
    ) -> Self {
        self.step(0, 5)
            .post(Expected::Refused(status), request)
            .step(5, 6)
    }

    /// Whether a step has to be refused: what the files say as `expect`.
    pub fn refuses(&self) -> bool {
        self.steps.iter().any(|step| match step {
            Step::Post { expected, .. } => expected.status() != 200,
            Step::Method { .. } => true,
            Step::Monitor { text } => text.is_none(),
            Step::Race { .. } | Step::KeepAlive { .. } => false,
        })
    }
}

/// The origin of the case of this name: no domain that anybody has.
fn origin(name: &str, suffix: &str) -> String {
    let word: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    let origin = format!("{SAMPLE_ORIGINS}{word}");
    if suffix.is_empty() {
        origin
    } else {
        format!("{origin}/{suffix}")
    }
}
