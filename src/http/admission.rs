//! Admission: each request pays before its handler sees it.

use super::account::Account;
use super::problems::Rejection;
use super::quotas::Quotas;
use crate::log::Log;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use service::{Exceeded, PeerAddress};
use std::sync::Arc;

/// Takes one request from the address, and lets the handler find its [`Account`].
pub async fn admit(
    State((quotas, log)): State<(Arc<Quotas>, Arc<Log>)>,
    mut request: Request,
    next: Next,
) -> Response {
    // No peer: a test that calls the router without a door.
    let peer = request.extensions().get::<PeerAddress>().copied();
    let network = peer.and_then(|peer| quotas.network(peer, request.headers()));
    let account = match Account::open(quotas, network) {
        Ok(account) => account,
        Err(exceeded) => return over(&log, exceeded).into_response(),
    };
    request.extensions_mut().insert(account.clone());
    let response = next.run(request).await;
    if response.status().is_server_error() {
        account.give_back_request();
    }
    response
}

/// Counts a refusal and puts it into words.
pub(super) fn over(log: &Log, exceeded: Exceeded) -> Rejection {
    let refusals = &log.metrics().quota_refusals;
    refusals.with_label_values(&[exceeded.quota()]).inc();
    service::Problem::from(exceeded).into()
}
