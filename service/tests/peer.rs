//! A house with a door, and a peer that writes what it likes.

use std::future::pending;
use std::net::SocketAddr;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Json;
use axum::routing::{get, post};
use axum::{Extension, Router};
use prometheus::Registry;
use serde_json::Value;
use service::{Door, Limits, PROBLEM_JSON, PeerAddress, Stop, Tls};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

/// For what must happen at once; generous, since the machine may be busy.
pub(crate) const SOON: Duration = Duration::from_secs(30);
/// A limit short enough to wait for.
pub(crate) const SHORT: Duration = Duration::from_millis(300);

pub(crate) struct House {
    pub(crate) address: SocketAddr,
    pub(crate) stop: Stop,
    pub(crate) registry: Registry,
    pub(crate) served: JoinHandle<()>,
}

impl House {
    pub(crate) async fn open(limits: Limits, router: Router) -> House {
        House::open_with(limits, router, None).await
    }

    pub(crate) async fn open_with(limits: Limits, router: Router, tls: Option<Tls>) -> House {
        let registry = Registry::new();
        let door = Door::bind("127.0.0.1:0".parse().unwrap(), limits)
            .await
            .unwrap()
            .with_tls(tls)
            .metered(&registry)
            .unwrap();
        let (address, stop) = (door.local_addr(), Stop::new());
        let served = tokio::spawn(door.serve(router, stop.clone()));
        House {
            address,
            stop,
            registry,
            served,
        }
    }

    pub(crate) async fn connect(&self) -> Peer {
        Peer(TcpStream::connect(self.address).await.unwrap())
    }

    /// Waits until a counter of ended connections is 1.
    pub(crate) async fn ends(&self, reason: &str) {
        let line = format!("http_connections_ended_total{{reason=\"{reason}\"}} 1");
        let seen = async {
            while !prometheus::TextEncoder::new()
                .encode_to_string(&self.registry.gather())
                .unwrap()
                .contains(&line)
            {
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(SOON, seen).await.expect(&line);
    }
}

/// A client that writes what it likes.
pub(crate) struct Peer(pub(crate) TcpStream);

impl Peer {
    pub(crate) async fn say(&mut self, text: &str) {
        // The server may have hung up: what it said before is what counts.
        let _ = self.can_say(text).await;
    }

    /// Whether the server has not hung up.
    pub(crate) async fn can_say(&mut self, text: &str) -> bool {
        self.0.write_all(text.as_bytes()).await.is_ok()
    }

    /// One byte now and then, for ever.
    pub(crate) async fn trickle(&mut self) -> ! {
        loop {
            self.say("x").await;
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Everything until the server closes the connection.
    pub(crate) async fn rest(&mut self) -> String {
        let mut bytes = Vec::new();
        let _ = timeout(SOON, self.0.read_to_end(&mut bytes))
            .await
            .expect("the server closes the connection");
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// One answer of a connection that stays open.
    pub(crate) async fn answer(&mut self) -> Answer {
        first_answer(&mut self.0).await
    }

    pub(crate) async fn asks(&mut self, request: &str) -> Answer {
        self.say(request).await;
        self.answer().await
    }
}

pub(crate) async fn first_answer(mut stream: impl AsyncRead + Unpin) -> Answer {
    let mut bytes = Vec::new();
    let read = async {
        loop {
            if let Some(answer) = Answer::parse(&String::from_utf8_lossy(&bytes)) {
                return answer;
            }
            let more = stream.read_buf(&mut bytes).await.unwrap();
            assert_ne!(more, 0, "{}", String::from_utf8_lossy(&bytes));
        }
    };
    timeout(SOON, read).await.expect("an answer")
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn parse(text: &str) -> Option<Answer> {
        let (head, body) = text.split_once("\r\n\r\n")?;
        let head = head.to_ascii_lowercase();
        let length = head
            .split("content-length: ")
            .nth(1)?
            .lines()
            .next()?
            .parse()
            .ok()?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        (body.len() >= length).then(|| Answer {
            status,
            body: body[..length].to_owned(),
            head,
        })
    }

    /// Asserts that this is a problem of the kind.
    pub(crate) fn is_problem(&self, status: u16, slug: &str) {
        let json: Value = serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{self:?}"));
        assert_eq!(self.status, status, "{self:?}");
        assert!(
            self.head.contains(&format!("content-type: {PROBLEM_JSON}")),
            "{self:?}"
        );
        assert_eq!(json["type"], format!("/docs/problems#{slug}"), "{self:?}");
        assert_eq!(json["status"], status, "{self:?}");
        for member in ["title", "remedy"] {
            assert!(json[member].is_string(), "{member}: {self:?}");
        }
    }
}

pub(crate) fn get_request(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: test\r\n\r\n")
}

pub(crate) async fn panics() -> &'static str {
    panic!("on purpose")
}

pub(crate) fn hello() -> Router {
    Router::new()
        .route("/", get(|| async { "hello" }))
        .route("/who", get(|Extension(peer): Extension<PeerAddress>| async move { peer.get().ip().to_string() }))
        .route("/length", post(|body: Bytes| async move { body.len().to_string() }))
        .route("/json", post(|Json(json): Json<Value>| async move { json.to_string() }))
        .route("/panic", get(panics))
        .route("/never", get(|| async { pending::<&str>().await }))
        .route("/large", get(|| async { Body::from(vec![b'x'; 64 << 20]) }))
}
