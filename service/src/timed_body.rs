//! A request's body: it breaks off when it comes too slowly, and what a handler left of it is still read.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::header::EXPECT;
use axum::http::{Request, Version};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep, sleep_until, timeout};

/// What is read of a body that nobody wants: four times the largest that anybody does. Who sends more sees the connection
/// end, perhaps before the answer.
const LEFTOVER_BYTES_MAX: usize = 1024 * 1024;
/// How long it is read before the answer leaves: the bytes are on their way already, or the peer is slow on purpose.
const LEFTOVER_TIMEOUT: Duration = Duration::from_secs(2);

/// A request body that breaks off when it comes too slowly.
pub(crate) struct TimedBody {
    /// None once it was handed to the leftover.
    body: Option<Incoming>,
    deadline: Pin<Box<Sleep>>,
    late: Arc<AtomicBool>,
    leftover: Leftover,
}

impl TimedBody {
    /// Breaks off after `within`, and says so in `late`; what is not read goes to `leftover`.
    pub(crate) fn of(
        body: Incoming,
        within: Duration,
        late: &Arc<AtomicBool>,
        leftover: &Leftover,
    ) -> Body {
        if body.is_end_stream() {
            return Body::empty();
        }
        Body::new(Self {
            body: Some(body),
            deadline: Box::pin(sleep_until(Instant::now() + within)),
            late: Arc::clone(late),
            leftover: leftover.clone(),
        })
    }
}

impl Drop for TimedBody {
    fn drop(&mut self) {
        if let Some(body) = self.body.take().filter(|body| !body.is_end_stream()) {
            self.leftover.keep(body);
        }
    }
}

impl HttpBody for TimedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        // The deadline first: a byte now and then does not move it.
        if self.deadline.as_mut().poll(cx).is_ready() {
            self.late.store(true, Ordering::Relaxed);
            return Poll::Ready(Some(Err(axum::Error::new("the body came too slowly"))));
        }
        match &mut self.body {
            Some(body) => Pin::new(body).poll_frame(cx).map_err(axum::Error::new),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body
            .as_ref()
            .map_or_else(SizeHint::default, HttpBody::size_hint)
    }
}

/// What a handler did not read of a body. An HTTP/1 connection that ends with unread bytes is reset, and a reset may
/// overtake the answer that says why (RFC 9112 §9.6): so it is read before the answer leaves.
#[derive(Clone, Default)]
pub(crate) struct Leftover(Arc<Mutex<Option<Incoming>>>);

impl Leftover {
    /// Whether the peer of this request sends its body whatever we say: not one that waits for 100, nor an HTTP/2 stream.
    pub(crate) fn matters_to<B>(request: &Request<B>) -> bool {
        request.version() <= Version::HTTP_11 && !request.headers().contains_key(EXPECT)
    }

    /// Reads and drops what is left, up to the limits.
    pub(crate) async fn drain(&self) {
        let left = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut left) = left else { return };
        if left.size_hint().lower() > LEFTOVER_BYTES_MAX as u64 {
            return;
        }
        let read = async {
            let mut bytes = 0;
            while let Some(Ok(frame)) = left.frame().await {
                bytes += frame.data_ref().map_or(0, Bytes::len);
                if bytes > LEFTOVER_BYTES_MAX {
                    return;
                }
            }
        };
        // In vain is not worse than not tried: the answer leaves either way.
        let _in_time = timeout(LEFTOVER_TIMEOUT, read).await;
    }

    fn keep(&self, body: Incoming) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(body);
    }
}
