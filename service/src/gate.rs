//! The gate: what every request passes on its way to the router, and every answer on its way out.

use std::any::Any;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::DefaultBodyLimit;
use axum::http::{Request, StatusCode};
use axum::response::{IntoResponse, Response};
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::timeout;
use tower::ServiceExt;
use tower_http::catch_panic::{CatchPanic, ResponseForPanic};

use crate::pulse::{InFlight, Pulse};
use crate::timed_body::{Leftover, TimedBody};
use crate::{Limits, PeerAddress, Problem};

/// A router behind the gate; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Gate {
    router: CatchPanic<Router, AfterPanic>,
    limits: Arc<Limits>,
}

impl Gate {
    pub(crate) fn new(router: Router, limits: Arc<Limits>) -> Gate {
        let router = router.layer(DefaultBodyLimit::max(limits.body_bytes_max));
        Gate {
            router: CatchPanic::custom(router, AfterPanic),
            limits,
        }
    }

    /// Answers one request, whatever happens.
    pub(crate) async fn answer(
        self,
        request: Request<Incoming>,
        peer: PeerAddress,
        pulse: Pulse,
    ) -> Result<Response, Infallible> {
        let mut in_flight = pulse.request(request.version());
        let response = Problem::dress(self.response_to(request, peer).await);
        in_flight.answers();
        Ok(response.map(|body| {
            Body::new(Answer {
                body,
                rest: Bytes::new(),
                in_flight,
            })
        }))
    }

    async fn response_to(self, request: Request<Incoming>, peer: PeerAddress) -> Response {
        if request.headers().len() > self.limits.headers_max {
            return Problem::of_status(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE).into_response();
        }
        let late = Arc::new(AtomicBool::new(false));
        let (matters, leftover) = (Leftover::matters_to(&request), Leftover::default());
        let within = self.limits.body_timeout;
        let mut request = request.map(|body| TimedBody::of(body, within, &late, &leftover));
        request.extensions_mut().insert(peer);
        let Ok(answer) = timeout(self.limits.request_timeout, self.router.oneshot(request)).await
        else {
            return too_slow(self.limits.request_timeout);
        };
        if late.load(Ordering::Relaxed) {
            // Whatever the handler made of a body that broke off.
            return Problem::of_status(StatusCode::REQUEST_TIMEOUT).into_response();
        }
        let Ok(response) = answer;
        if matters && !response.status().is_success() {
            leftover.drain().await;
        }
        response.map(Body::new)
    }
}

#[derive(Clone, Copy, Debug)]
struct AfterPanic;

impl ResponseForPanic for AfterPanic {
    type ResponseBody = Body;

    fn response_for_panic(&mut self, _panic: Box<dyn Any + Send>) -> Response {
        // The panic hook wrote where; the payload may quote the request and goes nowhere.
        tracing::error!("a request handler panicked: this is a fault of ours");
        Problem::of_status(StatusCode::INTERNAL_SERVER_ERROR).into_response()
    }
}

fn too_slow(limit: Duration) -> Response {
    tracing::warn!(
        limit_s = limit.as_secs_f32(),
        "a request was not answered in time"
    );
    Problem::of_status(StatusCode::SERVICE_UNAVAILABLE)
        .detail(
            "The server did not finish this request in time; whether it took effect is not known.",
        )
        .retry_after(1)
        .into_response()
}

/// A stretch of an answer; also the largest frame that every HTTP/2 peer takes (RFC 9113 §4.2).
const PIECE: usize = 16 * 1024;

/// An answer's body, in flight until its last byte is taken. It goes out in pieces: one large frame would vanish into
/// the buffer of an HTTP/2 stream whole, and a reader that takes nothing of it would look like an idle one.
struct Answer {
    body: Body,
    rest: Bytes,
    in_flight: InFlight,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.rest.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_frame(cx))
                .transpose()?
                .map(Frame::into_data)
            {
                Some(Ok(data)) => self.rest = data,
                Some(Err(trailers)) => return Poll::Ready(Some(Ok(trailers))),
                None => return Poll::Ready(None),
            }
        }
        self.in_flight.moved();
        let length = self.rest.len().min(PIECE);
        let piece = self.rest.split_to(length);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (body, rest) = (self.body.size_hint(), self.rest.len() as u64);
        let mut whole = SizeHint::new();
        whole.set_lower(body.lower() + rest);
        if let Some(upper) = body.upper() {
            whole.set_upper(upper + rest);
        }
        whole
    }
}
