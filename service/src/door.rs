//! The door: an HTTP/1 and HTTP/2 server whose every wait has an end.
//!
//! Built by hand on hyper-util, since `axum::serve` sets no timer and so no header timeout. What an attacker on the
//! network can do: take seats up to [`Limits::connections_per_address_max`] and hold each as long as the timeouts
//! allow. A peer that is refused a seat is told so with a 503 and `Retry-After`; where the door speaks TLS the connection
//! just closes, since a handshake costs more than a seat.

use std::fmt;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use axum::Router;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::connection::Connection;
use crate::door_metrics::DoorMetrics;
use crate::door_problems::TOO_MANY_CONNECTIONS;
use crate::gate::Gate;
use crate::seat::Seats;
use crate::{Limits, PROBLEM_JSON, PeerAddress, Stop, Tls};

/// When the system has no file descriptor for a new connection, the next attempt waits so long.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What a connection without a seat is told.
static NO_SEAT: LazyLock<String> = LazyLock::new(|| {
    let problem = TOO_MANY_CONNECTIONS.problem().to_json().to_string();
    format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: {PROBLEM_JSON}\r\nretry-after: 1\r\n\
         connection: close\r\ncontent-length: {}\r\n\r\n{problem}",
        problem.len()
    )
});

/// A bound listener, ready to serve.
#[derive(Debug)]
pub struct Door {
    listener: TcpListener,
    address: SocketAddr,
    limits: Arc<Limits>,
    metrics: DoorMetrics,
    tls: Option<Tls>,
}

impl Door {
    /// Binds the address; port 0 takes any free one.
    ///
    /// # Errors
    /// [`DoorError`] when the address is taken, not ours, or needs a privilege.
    pub async fn bind(address: SocketAddr, limits: Limits) -> Result<Door, DoorError> {
        let refused = |error| DoorError { address, error };
        let listener = TcpListener::bind(address).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        Ok(Door {
            listener,
            address,
            limits: Arc::new(limits),
            metrics: DoorMetrics::new(),
            tls: None,
        })
    }

    /// The address that was bound, with its real port.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Puts the door's counters into a registry: connections open, turned away, and ended by reason.
    ///
    /// # Errors
    /// The registry has counters of these names already: one metered door a registry.
    pub fn metered(self, registry: &prometheus::Registry) -> prometheus::Result<Door> {
        self.metrics.register(registry)?;
        Ok(self)
    }

    /// Speaks TLS if there is a certificate, and nothing else then. Its files are looked at while the door serves.
    #[must_use]
    pub fn with_tls(self, tls: Option<Tls>) -> Door {
        Door { tls, ..self }
    }

    /// Serves until the stop: then no new connection is taken, what is in flight is answered, and what is not done
    /// within [`Limits::stop_deadline`] is cut.
    ///
    /// Every error leaves as problem+json; a panic in a handler is a 500 and ends nothing else; handlers find the
    /// [`PeerAddress`] among the request's extensions.
    pub async fn serve(self, router: Router, stop: Stop) {
        let gate = Gate::new(router, Arc::clone(&self.limits));
        let seats = Seats::new(&self.limits);
        let mut connections = JoinSet::new();
        // Ends when it is dropped.
        let mut keeper = JoinSet::new();
        if let Some(tls) = self.tls.clone() {
            keeper.spawn(tls.keep_fresh(self.limits.certificate_look_every));
        }
        let stopped = stop.stopped();
        tokio::pin!(stopped);
        loop {
            tokio::select! {
                biased;
                () = &mut stopped => break,
                Some(_ended) = connections.join_next() => {}
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, peer)) => {
                        let peer = PeerAddress::new(peer);
                        let Some(seat) = seats.take(peer.network()) else {
                            self.metrics.turned_away();
                            if self.tls.is_none() {
                                turn_away(stream);
                            }
                            continue;
                        };
                        let connection = Connection {
                            gate: gate.clone(),
                            limits: Arc::clone(&self.limits),
                            metrics: self.metrics.clone(),
                            peer,
                            seat,
                            tls: self.tls.as_ref().map(Tls::acceptor),
                        };
                        connections.spawn(connection.serve(stream, stop.clone()));
                    }
                    Err(error) => self.rest(&error).await,
                },
            }
        }
        drop(self.listener);
        let finish = async { while connections.join_next().await.is_some() {} };
        if timeout(self.limits.stop_deadline, finish).await.is_err() {
            tracing::warn!(
                connections = connections.len(),
                "cut connections that did not end before the stop's deadline"
            );
            connections.shutdown().await;
        }
    }

    /// A failed accept concerns one peer, or the system has no file descriptor: neither ends the door.
    async fn rest(&self, error: &io::Error) {
        let of_peer = [
            io::ErrorKind::ConnectionAborted,
            io::ErrorKind::ConnectionReset,
        ];
        if !of_peer.contains(&error.kind()) {
            tracing::error!(%error, "cannot accept connections; trying again");
            sleep(ACCEPT_PAUSE).await;
        }
    }
}

/// Says that there is no seat, without waiting for anything.
fn turn_away(stream: TcpStream) {
    // The socket is not blocking and its send buffer is empty: this either fits or is not worth a wait.
    if let Ok(mut stream) = stream.into_std() {
        let _ = stream.write(NO_SEAT.as_bytes());
    }
}

/// The door could not be opened.
#[derive(Debug)]
pub struct DoorError {
    address: SocketAddr,
    error: io::Error,
}

impl fmt::Display for DoorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let DoorError { address, error } = self;
        match error.kind() {
            io::ErrorKind::AddrInUse => {
                write!(
                    f,
                    "cannot listen on {address}: another process does; stop it or choose another port"
                )
            }
            io::ErrorKind::PermissionDenied => {
                write!(
                    f,
                    "cannot listen on {address}: ports below 1024 need a privilege; choose another port"
                )
            }
            _ => write!(f, "cannot listen on {address}: {error}"),
        }
    }
}

impl std::error::Error for DoorError {}
