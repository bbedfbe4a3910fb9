//! The pulse of one connection: what it does at the moment, and whether it has taken too long over it.
//!
//! hyper limits the time for HTTP/1 headers alone. A peer that connects and says nothing, one that holds an HTTP/2
//! connection without a stream, and one that reads its answer a byte at a time are found here, by one decision.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::http::Version;
use tokio::time::Instant;

use crate::Limits;
use crate::limits::WRITE_RATE_MIN;

/// The shared pulse of a connection: its stream, its requests and its keeper write and read it.
#[derive(Clone, Debug)]
pub(crate) struct Pulse(Arc<Mutex<State>>);

#[derive(Clone, Debug)]
struct State {
    opened: Instant,
    /// When a request last came, was handled, or had a part of its answer taken.
    moved: Instant,
    /// When the first byte after the last answer came: HTTP/1 alone, where it begins the next request.
    head_began: Option<Instant>,
    /// Since when the system has taken nothing from us, moved forward by what it took slowly.
    write_stalled: Option<Instant>,
    seen_request: bool,
    is_h2: bool,
    handling: u32,
    answering: u32,
}

/// Why a connection is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Overdue {
    NoRequest,
    SlowHead,
    SlowReader,
    Idle,
    Old,
}

impl Overdue {
    pub(crate) const ALL: [Overdue; 5] = [
        Overdue::NoRequest,
        Overdue::SlowHead,
        Overdue::SlowReader,
        Overdue::Idle,
        Overdue::Old,
    ];

    /// The reason as a metric names it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Overdue::NoRequest => "no_request",
            Overdue::SlowHead => "slow_head",
            Overdue::SlowReader => "slow_reader",
            Overdue::Idle => "idle",
            Overdue::Old => "old",
        }
    }

    /// Whether the peer deserves a farewell (GOAWAY, the rest of its answers) or is cut at once.
    pub(crate) const fn is_friendly(self) -> bool {
        matches!(self, Overdue::Idle | Overdue::Old)
    }
}

impl Pulse {
    pub(crate) fn new() -> Pulse {
        Pulse(Arc::new(Mutex::new(State::opened(Instant::now()))))
    }

    /// A request's headers are here. The guard says until when it is in flight.
    pub(crate) fn request(&self, version: Version) -> InFlight {
        let mut state = self.state();
        state.moved = Instant::now();
        state.head_began = None;
        state.seen_request = true;
        state.is_h2 = version == Version::HTTP_2;
        state.handling += 1;
        InFlight {
            pulse: self.clone(),
            answering: false,
        }
    }

    /// Bytes came.
    pub(crate) fn read(&self) {
        let mut state = self.state();
        if state.is_quiet() && state.head_began.is_none() {
            state.head_began = Some(Instant::now());
        }
    }

    /// The system takes nothing more for now.
    pub(crate) fn write_stalled(&self) {
        self.state().write_stalled.get_or_insert_with(Instant::now);
    }

    /// The system took some bytes: a stall is forgiven at the least rate, not by any byte.
    pub(crate) fn wrote(&self, bytes: usize) {
        let mut state = self.state();
        if let Some(since) = state.write_stalled {
            let earned = Duration::from_secs(1) * u32::try_from(bytes).unwrap_or(u32::MAX)
                / WRITE_RATE_MIN_U32;
            state.write_stalled = Some((since + earned).min(Instant::now()));
        }
    }

    /// Everything that there was to write is taken.
    pub(crate) fn flushed(&self) {
        self.state().write_stalled = None;
    }

    /// What is overdue at this moment.
    pub(crate) fn overdue(&self, limits: &Limits) -> Option<Overdue> {
        self.state().overdue(Instant::now(), limits)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0
            .lock()
            .expect("no code panics while it holds the pulse")
    }
}

const WRITE_RATE_MIN_U32: u32 = {
    assert!(WRITE_RATE_MIN <= u32::MAX as u64);
    WRITE_RATE_MIN as u32
};

impl State {
    fn opened(at: Instant) -> State {
        State {
            opened: at,
            moved: at,
            head_began: None,
            write_stalled: None,
            seen_request: false,
            is_h2: false,
            handling: 0,
            answering: 0,
        }
    }

    fn is_quiet(&self) -> bool {
        self.handling == 0 && self.answering == 0
    }

    /// The one decision.
    fn overdue(&self, now: Instant, limits: &Limits) -> Option<Overdue> {
        let past = |since: Instant, limit: Duration| now.duration_since(since) >= limit;
        // A body that waits for an HTTP/2 window never reaches the stream: it shows as an answer that does not move.
        let answer_stuck =
            self.handling == 0 && self.answering > 0 && past(self.moved, limits.write_timeout);
        if answer_stuck
            || self
                .write_stalled
                .is_some_and(|since| past(since, limits.write_timeout))
        {
            return Some(Overdue::SlowReader);
        }
        if self.is_quiet() {
            if !self.seen_request && past(self.opened, limits.header_timeout) {
                return Some(Overdue::NoRequest);
            }
            if !self.is_h2
                && self
                    .head_began
                    .is_some_and(|since| past(since, limits.header_timeout))
            {
                return Some(Overdue::SlowHead);
            }
            if past(self.moved, limits.idle_timeout) {
                return Some(Overdue::Idle);
            }
        }
        past(self.opened, limits.connection_age_max).then_some(Overdue::Old)
    }
}

/// A request from its headers to the last byte of its answer, or to the moment when either side gives up.
#[derive(Debug)]
pub(crate) struct InFlight {
    pulse: Pulse,
    answering: bool,
}

impl InFlight {
    /// The handler is done; the answer goes out from here on.
    pub(crate) fn answers(&mut self) {
        let mut state = self.pulse.state();
        if !self.answering {
            state.handling -= 1;
            state.answering += 1;
            self.answering = true;
        }
        state.moved = Instant::now();
    }

    /// A part of the answer was taken.
    pub(crate) fn moved(&self) {
        self.pulse.state().moved = Instant::now();
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut state = self.pulse.state();
        if self.answering {
            state.answering -= 1;
        } else {
            state.handling -= 1;
        }
        state.moved = Instant::now();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::http::Version;
    use tokio::time::{Instant, advance};

    use super::{Overdue, Pulse, State};
    use crate::Limits;

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn each_fault_is_found_when_its_limit_is_reached_and_not_before() {
        let limits = Limits::default();
        let start = Instant::now();
        let fresh = State::opened(start);
        let quiet = State {
            seen_request: true,
            ..fresh.clone()
        };
        let busy = State {
            handling: 1,
            ..quiet.clone()
        };
        let answering = State {
            answering: 1,
            ..quiet.clone()
        };
        for (state, limit, overdue) in [
            (fresh, limits.header_timeout, Overdue::NoRequest),
            (
                State {
                    head_began: Some(start),
                    ..quiet.clone()
                },
                limits.header_timeout,
                Overdue::SlowHead,
            ),
            (
                State {
                    head_began: Some(start),
                    is_h2: true,
                    ..quiet.clone()
                },
                limits.idle_timeout,
                Overdue::Idle,
            ),
            (quiet, limits.idle_timeout, Overdue::Idle),
            (
                State {
                    write_stalled: Some(start),
                    ..busy.clone()
                },
                limits.write_timeout,
                Overdue::SlowReader,
            ),
            (
                State {
                    answering: 1,
                    ..busy.clone()
                },
                limits.connection_age_max,
                Overdue::Old,
            ),
            (busy, limits.connection_age_max, Overdue::Old),
            (answering, limits.write_timeout, Overdue::SlowReader),
        ] {
            assert_eq!(
                state.overdue(start + limit - Duration::from_millis(1), &limits),
                None,
                "{overdue:?}"
            );
            assert_eq!(state.overdue(start + limit, &limits), Some(overdue));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_in_flight_keeps_a_connection_from_being_idle() {
        let (limits, pulse) = (Limits::default(), Pulse::new());
        let mut request = pulse.request(Version::HTTP_11);
        advance(s(100)).await;
        assert_eq!(pulse.overdue(&limits), None);
        request.answers();
        request.moved();
        drop(request);
        advance(s(59)).await;
        assert_eq!(pulse.overdue(&limits), None);
        advance(s(1)).await;
        assert_eq!(pulse.overdue(&limits), Some(Overdue::Idle));
    }

    #[tokio::test(start_paused = true)]
    async fn a_byte_now_and_then_does_not_forgive_a_stalled_reader() {
        let (limits, pulse) = (Limits::default(), Pulse::new());
        let _request = pulse.request(Version::HTTP_11);
        pulse.write_stalled();
        for _ in 0..14 {
            advance(s(1)).await;
            pulse.wrote(1);
            pulse.write_stalled();
        }
        assert_eq!(pulse.overdue(&limits), None);
        advance(s(2)).await;
        assert_eq!(pulse.overdue(&limits), Some(Overdue::SlowReader));
        // At the least rate it may go on for ever.
        for _ in 0..100 {
            pulse.wrote(3 * 1024);
            assert_eq!(pulse.overdue(&limits), None);
            advance(s(2)).await;
        }
        pulse.flushed();
        advance(s(100)).await;
        assert_eq!(pulse.overdue(&limits), None);
    }
}
