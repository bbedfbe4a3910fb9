//! One connection, from its seat to its end.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::http::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tokio_rustls::TlsAcceptor;

use crate::door_metrics::DoorMetrics;
use crate::gate::Gate;
use crate::limits::{H2_RESETS_MAX, H2_WINDOW};
use crate::pulse::{Overdue, Pulse};
use crate::seat::Seat;
use crate::timed_stream::TimedStream;
use crate::{Limits, PeerAddress, Stop};

/// The pulse is felt at least this often.
const FEEL_MAX: Duration = Duration::from_secs(1);
/// Often enough for the short limits of tests.
const FEEL_MIN: Duration = Duration::from_millis(10);
/// An HTTP/2 peer that vanished without a word is found by a ping.
const H2_PING_EVERY: Duration = Duration::from_secs(20);
/// How much of an answer waits in memory for one HTTP/2 stream's window.
const H2_SEND_BUFFER: usize = 64 * 1024;

pub(crate) struct Connection {
    pub(crate) gate: Gate,
    pub(crate) limits: Arc<Limits>,
    pub(crate) metrics: DoorMetrics,
    pub(crate) peer: PeerAddress,
    pub(crate) seat: Seat,
    pub(crate) tls: Option<TlsAcceptor>,
}

impl Connection {
    /// Shakes hands if the door speaks TLS, then serves.
    pub(crate) async fn serve(self, stream: TcpStream, stop: Stop) {
        let _open = self.metrics.open();
        // Small answers leave at once. A socket that refuses the option is about to fail anyway.
        let _ = stream.set_nodelay(true);
        let pulse = Pulse::new();
        // Below TLS: what the system takes is what counts, not what waits encrypted.
        let stream = TimedStream::new(stream, pulse.clone());
        match self.tls.clone() {
            None => self.converse(stream, pulse, stop).await,
            // In a box: a connection without TLS is not to pay, in memory, for the state of one with it.
            Some(tls) => Box::pin(self.serve_tls(tls, stream, pulse, stop)).await,
        }
    }

    async fn serve_tls(self, tls: TlsAcceptor, stream: TimedStream, pulse: Pulse, stop: Stop) {
        let handshake = tls.accept(stream);
        tokio::select! {
            shaken = timeout(self.limits.handshake_timeout, handshake) => match shaken {
                Ok(Ok(stream)) => {
                    pulse.begin();
                    self.converse(stream, pulse, stop).await;
                }
                // Who speaks no TLS, or refuses our certificate, goes: nothing to log.
                Ok(Err(_)) => {}
                Err(_) => self.metrics.ended(Overdue::SlowHandshake),
            },
            // Nothing is in flight yet.
            () = stop.stopped() => {}
        }
    }

    /// Serves the stream until the peer goes, the pulse is overdue, or the stop is asked for.
    async fn converse<S>(self, stream: S, pulse: Pulse, stop: Stop)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let Connection {
            gate,
            limits,
            metrics,
            peer,
            seat: _seat,
            tls: _,
        } = self;
        let answer = {
            let pulse = pulse.clone();
            service_fn(move |request: Request<Incoming>| -> _ {
                let answer = gate.clone().answer(request, peer, pulse.clone());
                async move {
                    Ok::<Response, Infallible>(answer.await.unwrap_or_else(|never| match never {}))
                }
            })
        };
        let builder = http(&limits);
        let connection = builder.serve_connection(TokioIo::new(stream), answer);
        tokio::pin!(connection);
        let mut feel = interval(feel_every(&limits));
        feel.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let stopped = stop.stopped();
        tokio::pin!(stopped);
        let mut farewell = Farewell::NotYet;
        loop {
            tokio::select! {
                // What the peer did wrong is its own affair: nothing to log.
                _ended = connection.as_mut() => return,
                () = &mut stopped, if farewell != Farewell::Stop => {
                    farewell = Farewell::Stop;
                    connection.as_mut().graceful_shutdown();
                }
                _ = feel.tick() => match (farewell, pulse.overdue(&limits)) {
                    (_, None) => {}
                    (Farewell::NotYet, Some(overdue)) => {
                        metrics.ended(overdue);
                        let Some(grace) = overdue.farewell(&limits) else { return };
                        farewell = Farewell::Until(Instant::now() + grace);
                        connection.as_mut().graceful_shutdown();
                    }
                    // What is in flight on an old connection may end, but not become slow.
                    (Farewell::Until(end), Some(Overdue::Idle | Overdue::Old)) if Instant::now() < end => {}
                    (Farewell::Until(_) | Farewell::Stop, Some(_)) => return,
                },
            }
        }
    }
}

/// Whether a connection was told that it ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Farewell {
    NotYet,
    Until(Instant),
    Stop,
}

fn feel_every(limits: &Limits) -> Duration {
    let shortest = [
        limits.header_timeout,
        limits.write_timeout,
        limits.idle_timeout,
        limits.connection_age_max,
    ];
    shortest
        .into_iter()
        .min()
        .map_or(FEEL_MAX, |limit| (limit / 4).clamp(FEEL_MIN, FEEL_MAX))
}

fn http(limits: &Limits) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        // The pulse ends slow headers first; this ends what is left of a request that came in one packet with another.
        .header_read_timeout(limits.header_timeout + limits.idle_timeout)
        // The gate refuses above headers_max with a problem; hyper's own refusal is bare.
        .max_headers(limits.headers_max * 2)
        .max_buf_size(limits.header_bytes_max);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.h2_streams_max)
        .max_header_list_size(u32::try_from(limits.header_bytes_max).unwrap_or(u32::MAX))
        .initial_stream_window_size(H2_WINDOW)
        .initial_connection_window_size(H2_WINDOW)
        .max_send_buf_size(H2_SEND_BUFFER)
        .max_pending_accept_reset_streams(H2_RESETS_MAX)
        .keep_alive_interval(H2_PING_EVERY)
        .keep_alive_timeout(limits.write_timeout);
    builder
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::Router;
    use tokio::net::{TcpListener, TcpStream};

    use super::Connection;
    use crate::door_metrics::DoorMetrics;
    use crate::gate::Gate;
    use crate::seat::Seats;
    use crate::{Limits, PeerAddress, Stop};

    /// Thousands of connections wait at a time: a state of one with TLS, kept beside the plain one, doubles this.
    const TASK_BYTES_MAX: usize = 4 * 1024;

    #[tokio::test]
    async fn a_connection_without_tls_is_a_small_task() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stream = TcpStream::connect(address).await.unwrap();
        let peer = PeerAddress::new(address);
        let limits = Arc::new(Limits::default());
        let connection = Connection {
            gate: Gate::new(Router::new(), Arc::clone(&limits)),
            seat: Seats::new(&limits).take(peer.network()).unwrap(),
            limits,
            metrics: DoorMetrics::new(),
            peer,
            tls: None,
        };
        let task = connection.serve(stream, Stop::new());
        assert!(
            size_of_val(&task) <= TASK_BYTES_MAX,
            "{}",
            size_of_val(&task)
        );
    }
}
