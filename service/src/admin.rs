//! The admin listener: metrics and health for the operator's own machines, on loopback unless told otherwise.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use prometheus::process_collector::ProcessCollector;
use prometheus::{Registry, TEXT_FORMAT, TextEncoder};

use crate::door_problems::NOT_READY;
use crate::{Door, DoorError, Limits, Problem, Stop};

/// Scrapers and probes are few; a place is always free for the operator.
const ADMIN_CONNECTIONS_MAX: usize = 64;
/// No admin route takes a body.
const ADMIN_BODY_BYTES_MAX: usize = 1024;

/// Whether the service can do its work now, and the sentence that says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// It can; the sentence says how it stands.
    Ready(String),
    /// It cannot; the sentence says why and what is awaited.
    NotReady(String),
}

/// A bound admin listener.
#[derive(Debug)]
pub struct Admin {
    door: Door,
}

impl Admin {
    /// Binds a loopback address.
    ///
    /// # Errors
    /// [`AdminError::NotLoopback`] for an address that others can reach: metrics tell who does how much; or the
    /// address cannot be bound.
    pub async fn bind(address: SocketAddr) -> Result<Admin, AdminError> {
        if !address.ip().to_canonical().is_loopback() {
            return Err(AdminError::NotLoopback(address));
        }
        Admin::bind_exposed(address).await
    }

    /// Binds any address: for an operator who said so, in a network of his own.
    ///
    /// # Errors
    /// The address cannot be bound.
    pub async fn bind_exposed(address: SocketAddr) -> Result<Admin, AdminError> {
        let limits = Limits {
            connections_max: ADMIN_CONNECTIONS_MAX,
            connections_per_address_max: ADMIN_CONNECTIONS_MAX,
            body_bytes_max: ADMIN_BODY_BYTES_MAX,
            ..Limits::default()
        };
        Ok(Admin {
            door: Door::bind(address, limits)
                .await
                .map_err(AdminError::Door)?,
        })
    }

    /// The address that was bound, with its real port.
    pub fn local_addr(&self) -> SocketAddr {
        self.door.local_addr()
    }

    /// Serves until the stop: `/metrics` (Prometheus text, with the process's own), `/healthz` (the process answers),
    /// `/readyz` (200 or 503 with the sentence of `ready`, which must be quick).
    pub async fn serve<F>(self, registry: Registry, ready: F, stop: Stop)
    where
        F: Fn() -> Readiness + Send + Sync + 'static,
    {
        // Refused only when the registry has them already, which is as good.
        let _ = registry.register(Box::new(ProcessCollector::for_self()));
        let ready = Arc::new(ready);
        let router = Router::new()
            .route("/metrics", get(move || async move { metrics(&registry) }))
            .route("/healthz", get(|| async { "the process answers\n" }))
            .route("/readyz", get(move || async move { readiness(ready()) }));
        self.door.serve(router, stop).await;
    }
}

fn metrics(registry: &Registry) -> Response {
    match TextEncoder::new().encode_to_string(&registry.gather()) {
        Ok(text) => ([(CONTENT_TYPE, TEXT_FORMAT)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "the metrics cannot be written");
            Problem::of_status(StatusCode::INTERNAL_SERVER_ERROR).into_response()
        }
    }
}

fn readiness(readiness: Readiness) -> Response {
    match readiness {
        Readiness::Ready(sentence) => format!("{sentence}\n").into_response(),
        Readiness::NotReady(sentence) => NOT_READY.problem().detail(sentence).into_response(),
    }
}

/// The admin listener could not be opened.
#[derive(Debug)]
pub enum AdminError {
    /// Others could reach it.
    NotLoopback(SocketAddr),
    /// The address cannot be bound.
    Door(DoorError),
}

impl fmt::Display for AdminError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AdminError::NotLoopback(address) => write!(
                f,
                "the admin listener {address} could be reached by others: give it a loopback address such as \
                 127.0.0.1:{}, or allow it explicitly",
                address.port()
            ),
            AdminError::Door(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for AdminError {}
