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
    /// Before the pulse begins: the handshake has a limit of its own.
    SlowHandshake,
    NoRequest,
    SlowHead,
    SlowReader,
    Idle,
    Old,
}

impl Overdue {
    pub(crate) const ALL: [Overdue; 6] = [
        Overdue::SlowHandshake,
        Overdue::NoRequest,
        Overdue::SlowHead,
        Overdue::SlowReader,
        Overdue::Idle,
        Overdue::Old,
    ];

    /// The reason as a metric names it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Overdue::SlowHandshake => "slow_handshake",
            Overdue::NoRequest => "no_request",
            Overdue::SlowHead => "slow_head",
            Overdue::SlowReader => "slow_reader",
            Overdue::Idle => "idle",
            Overdue::Old => "old",
        }
    }

    /// How long the peer may take to end by itself once it was told (GOAWAY, `connection: close`); none for a peer that
    /// is cut at once.
    pub(crate) const fn farewell(self, limits: &Limits) -> Option<Duration> {
        match self {
            Overdue::SlowHandshake
            | Overdue::NoRequest
            | Overdue::SlowHead
            | Overdue::SlowReader => None,
            Overdue::Idle => Some(limits.header_timeout),
            Overdue::Old => Some(limits.request_timeout),
        }
    }
}

impl Pulse {
    pub(crate) fn new() -> Pulse {
        Pulse(Arc::new(Mutex::new(State::opened(Instant::now()))))
    }

    /// The handshake is done: what came and went until now is none of the requests'.
    pub(crate) fn begin(&self) {
        *self.state() = State::opened(Instant::now());
    }

    /// A request's headers are here. The guard says until when it is in flight.
    pub(crate) fn request(&self, version: Version) -> InFlight {
        self.state().request(version, Instant::now());
        InFlight {
            pulse: self.clone(),
            is_answering: false,
        }
    }

    /// Bytes came.
    pub(crate) fn read(&self) {
        self.state().read(Instant::now());
    }

    /// The system takes nothing more for now.
    pub(crate) fn write_stalled(&self) {
        self.state().write_stalled.get_or_insert_with(Instant::now);
    }

    /// The system took some bytes.
    pub(crate) fn wrote(&self, bytes: usize) {
        self.state().wrote(bytes, Instant::now());
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

    fn request(&mut self, version: Version, now: Instant) {
        self.moved = now;
        self.head_began = None;
        self.seen_request = true;
        self.is_h2 = version == Version::HTTP_2;
        self.handling += 1;
    }

    fn read(&mut self, now: Instant) {
        if self.is_quiet() && self.head_began.is_none() {
            self.head_began = Some(now);
        }
    }

    /// A stall is forgiven at the least rate, not by any byte.
    fn wrote(&mut self, bytes: usize, now: Instant) {
        if let Some(since) = self.write_stalled {
            let earned =
                Duration::from_secs(1) * u32::try_from(bytes).unwrap_or(u32::MAX) / WRITE_RATE_MIN;
            self.write_stalled = Some((since + earned).min(now));
        }
    }

    fn answers(&mut self, now: Instant) {
        self.handling -= 1;
        self.answering += 1;
        self.moved = now;
    }

    fn ends(&mut self, was_answering: bool, now: Instant) {
        let count = if was_answering {
            &mut self.answering
        } else {
            &mut self.handling
        };
        *count -= 1;
        self.moved = now;
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
    is_answering: bool,
}

impl InFlight {
    /// The handler is done; the answer goes out from here on. Said once.
    pub(crate) fn answers(&mut self) {
        if !self.is_answering {
            self.is_answering = true;
            self.pulse.state().answers(Instant::now());
        }
    }

    /// A part of the answer was taken.
    pub(crate) fn moved(&self) {
        self.pulse.state().moved = Instant::now();
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.pulse.state().ends(self.is_answering, Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::http::Version;
    use tokio::time::Instant;

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

    #[test]
    fn a_request_in_flight_keeps_a_connection_from_being_idle() {
        let (limits, start) = (Limits::default(), Instant::now());
        let mut state = State::opened(start);
        state.read(start);
        state.request(Version::HTTP_11, start + s(1));
        assert_eq!(state.overdue(start + s(100), &limits), None);
        state.answers(start + s(100));
        state.ends(true, start + s(101));
        assert_eq!(state.overdue(start + s(160), &limits), None);
        assert_eq!(state.overdue(start + s(161), &limits), Some(Overdue::Idle));
    }

    #[test]
    fn a_byte_now_and_then_does_not_forgive_a_stalled_reader() {
        let (limits, start) = (Limits::default(), Instant::now());
        let mut state = State::opened(start);
        state.request(Version::HTTP_11, start);
        state.write_stalled = Some(start);
        for second in 1..=15 {
            assert_eq!(state.overdue(start + s(second - 1), &limits), None);
            state.wrote(1, start + s(second));
        }
        assert_eq!(
            state.overdue(start + s(16), &limits),
            Some(Overdue::SlowReader)
        );
        // At the least rate it may go on.
        for second in 16..1000 {
            state.wrote(1024, start + s(second));
            assert_eq!(state.overdue(start + s(second), &limits), None);
        }
        // However much was taken, nothing is saved up for later.
        state.wrote(1 << 30, start + s(1000));
        assert_eq!(state.overdue(start + s(1014), &limits), None);
        assert_eq!(
            state.overdue(start + s(1015), &limits),
            Some(Overdue::SlowReader)
        );
    }

    #[test]
    fn requests_that_end_in_any_order_leave_a_quiet_connection() {
        let pulse = Pulse::new();
        let (mut first, second) = (
            pulse.request(Version::HTTP_2),
            pulse.request(Version::HTTP_2),
        );
        first.answers();
        first.answers();
        drop(second);
        assert!(!pulse.state().is_quiet());
        first.moved();
        drop(first);
        assert!(pulse.state().is_quiet());
    }
}
