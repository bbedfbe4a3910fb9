//! The door and the admin listener over real sockets: what a peer meets, and what it cannot do.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::future::pending;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Json;
use axum::http::{Request, Version};
use axum::routing::{get, post};
use axum::{Extension, Router};
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::{TokioExecutor, TokioIo};
use prometheus::Registry;
use serde_json::Value;
use service::{Admin, AdminError, Door, Limits, PROBLEM_JSON, PeerAddress, Readiness, Stop};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

/// For what must happen at once; generous, since the machine may be busy.
const SOON: Duration = Duration::from_secs(30);
/// A limit short enough to wait for.
const SHORT: Duration = Duration::from_millis(300);

struct House {
    address: SocketAddr,
    stop: Stop,
    registry: Registry,
    served: JoinHandle<()>,
}

impl House {
    async fn open(limits: Limits, router: Router) -> House {
        let registry = Registry::new();
        let door = Door::bind("127.0.0.1:0".parse().unwrap(), limits)
            .await
            .unwrap()
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

    async fn connect(&self) -> Peer {
        Peer(TcpStream::connect(self.address).await.unwrap())
    }

    /// Waits until a counter of ended connections is 1.
    async fn ends(&self, reason: &str) {
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
struct Peer(TcpStream);

impl Peer {
    async fn say(&mut self, text: &str) {
        // The server may have hung up: what it said before is what counts.
        let _ = self.0.write_all(text.as_bytes()).await;
    }

    /// One byte now and then, for ever.
    async fn trickle(&mut self) -> ! {
        loop {
            self.say("x").await;
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Everything until the server closes the connection.
    async fn rest(&mut self) -> String {
        let mut bytes = Vec::new();
        let _ = timeout(SOON, self.0.read_to_end(&mut bytes))
            .await
            .expect("the server closes the connection");
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// One answer of a connection that stays open.
    async fn answer(&mut self) -> Answer {
        first_answer(&mut self.0).await
    }

    async fn asks(&mut self, request: &str) -> Answer {
        self.say(request).await;
        self.answer().await
    }
}

async fn first_answer(mut stream: impl AsyncRead + Unpin) -> Answer {
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
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn parse(text: &str) -> Option<Answer> {
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
    fn is_problem(&self, status: u16, slug: &str) {
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

fn get_request(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: test\r\n\r\n")
}

async fn panics() -> &'static str {
    panic!("on purpose")
}

fn hello() -> Router {
    Router::new()
        .route("/", get(|| async { "hello" }))
        .route("/who", get(|Extension(peer): Extension<PeerAddress>| async move { peer.get().ip().to_string() }))
        .route("/length", post(|body: Bytes| async move { body.len().to_string() }))
        .route("/json", post(|Json(json): Json<Value>| async move { json.to_string() }))
        .route("/panic", get(panics))
        .route("/never", get(|| async { pending::<&str>().await }))
        .route("/large", get(|| async { Body::from(vec![b'x'; 64 << 20]) }))
}

#[tokio::test]
async fn a_header_that_comes_byte_by_byte_ends_the_connection() {
    let house = House::open(
        Limits {
            header_timeout: SHORT,
            ..Limits::default()
        },
        hello(),
    )
    .await;
    let mut peer = house.connect().await;
    peer.say("GET / HTTP/1.1\r\nslow: ").await;
    tokio::select! {
        _ = peer.trickle() => {}
        () = house.ends("no_request") => {}
    }
    // The same on a connection that has served one.
    let mut peer = house.connect().await;
    assert_eq!(peer.asks(&get_request("/")).await.body, "hello");
    peer.say("GET / HTTP/1.1\r\nslow: ").await;
    tokio::select! {
        _ = peer.trickle() => {}
        () = house.ends("slow_head") => {}
    }
}

#[tokio::test]
async fn a_peer_that_says_nothing_is_not_waited_for() {
    let house = House::open(
        Limits {
            header_timeout: SHORT,
            ..Limits::default()
        },
        hello(),
    )
    .await;
    let mut peer = house.connect().await;
    assert_eq!(peer.rest().await, "");
    house.ends("no_request").await;
}

#[tokio::test]
async fn a_body_that_comes_byte_by_byte_is_answered_408() {
    let house = House::open(
        Limits {
            body_timeout: SHORT,
            ..Limits::default()
        },
        hello(),
    )
    .await;
    let mut peer = house.connect().await;
    peer.say("POST /length HTTP/1.1\r\nhost: test\r\ncontent-length: 100000\r\n\r\n")
        .await;
    let Peer(stream) = peer;
    let (read, mut write) = stream.into_split();
    let trickle = tokio::spawn(async move {
        loop {
            let _ = write.write_all(b"x").await;
            sleep(Duration::from_millis(20)).await;
        }
    });
    first_answer(read).await.is_problem(408, "request-timeout");
    trickle.abort();
}

#[tokio::test]
async fn a_body_above_the_limit_is_answered_413_however_it_is_sent() {
    let house = House::open(
        Limits {
            body_bytes_max: 1000,
            ..Limits::default()
        },
        hello(),
    )
    .await;
    let fits = format!(
        "POST /length HTTP/1.1\r\nhost: test\r\ncontent-length: 1000\r\n\r\n{}",
        "x".repeat(1000)
    );
    assert_eq!(house.connect().await.asks(&fits).await.body, "1000");
    let told = format!(
        "POST /length HTTP/1.1\r\nhost: test\r\ncontent-length: 1001\r\n\r\n{}",
        "x".repeat(1001)
    );
    house
        .connect()
        .await
        .asks(&told)
        .await
        .is_problem(413, "content-too-large");
    let chunk = format!("1f4\r\n{}\r\n", "x".repeat(500));
    let untold = format!(
        "POST /length HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n{}0\r\n\r\n",
        chunk.repeat(3)
    );
    house
        .connect()
        .await
        .asks(&untold)
        .await
        .is_problem(413, "content-too-large");
}

#[tokio::test]
async fn a_hundred_headers_pass_and_one_more_is_answered_431() {
    let house = House::open(Limits::default(), hello()).await;
    let with = |headers: usize| {
        let headers = "x: y\r\n".repeat(headers - 1);
        format!("GET / HTTP/1.1\r\nhost: test\r\n{headers}\r\n")
    };
    let mut peer = house.connect().await;
    assert_eq!(peer.asks(&with(100)).await.status, 200);
    peer.asks(&with(101))
        .await
        .is_problem(431, "too-many-headers");
    // Far above, the parser itself refuses, without a body.
    assert_eq!(house.connect().await.asks(&with(1000)).await.status, 431);
    let long = format!(
        "GET / HTTP/1.1\r\nhost: test\r\nlong: {}\r\n\r\n",
        "y".repeat(32 * 1024)
    );
    assert_eq!(house.connect().await.asks(&long).await.status, 431);
}

#[tokio::test]
async fn every_error_that_leaves_is_a_problem() {
    let house = House::open(Limits::default(), hello()).await;
    let mut peer = house.connect().await;
    peer.asks(&get_request("/nowhere"))
        .await
        .is_problem(404, "not-found");
    let not_allowed = peer.asks(&get_request("/length")).await;
    not_allowed.is_problem(405, "method-not-allowed");
    assert!(not_allowed.head.contains("allow: post"));
    let post = |kind: &str, body: &str| {
        let length = body.len();
        format!(
            "POST /json HTTP/1.1\r\nhost: t\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n{body}"
        )
    };
    peer.asks(&post("text/plain", "{}"))
        .await
        .is_problem(415, "unsupported-media-type");
    let secret = peer.asks(&post("application/json", "{\"secret")).await;
    secret.is_problem(400, "bad-request");
    assert!(
        !secret.body.contains("secret"),
        "an error never quotes the request"
    );
}

#[tokio::test]
async fn a_panic_is_answered_500_and_ends_nothing_else() {
    let house = House::open(Limits::default(), hello()).await;
    let mut peer = house.connect().await;
    let answer = peer.asks(&get_request("/panic")).await;
    answer.is_problem(500, "internal");
    assert!(!answer.body.contains("on purpose"));
    assert_eq!(peer.asks(&get_request("/")).await.body, "hello");
}

#[tokio::test]
async fn a_handler_that_does_not_finish_is_answered_503() {
    let house = House::open(
        Limits {
            request_timeout: SHORT,
            ..Limits::default()
        },
        hello(),
    )
    .await;
    let answer = house.connect().await.asks(&get_request("/never")).await;
    answer.is_problem(503, "not-serving");
    assert!(answer.head.contains("retry-after: 1"));
}

#[tokio::test]
async fn a_handler_learns_who_asks() {
    let house = House::open(Limits::default(), hello()).await;
    assert_eq!(
        house.connect().await.asks(&get_request("/who")).await.body,
        "127.0.0.1"
    );
}

#[tokio::test]
async fn a_stop_answers_what_is_in_flight_and_takes_nothing_new() {
    let (begun, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let handler = {
        let (begun, go) = (Arc::clone(&begun), Arc::clone(&go));
        move || async move {
            begun.notify_one();
            go.notified().await;
            "answered"
        }
    };
    let house = House::open(Limits::default(), Router::new().route("/", get(handler))).await;
    let mut idle = house.connect().await;
    let mut peer = house.connect().await;
    peer.say(&get_request("/")).await;
    timeout(SOON, begun.notified()).await.unwrap();
    house.stop.trigger();
    // The idle connection ends before anything is answered, and no new one is taken.
    assert_eq!(idle.rest().await, "");
    let refused = async { while TcpStream::connect(house.address).await.is_ok() {} };
    timeout(SOON, refused)
        .await
        .expect("the listener is closed");
    assert!(!house.served.is_finished());
    go.notify_one();
    assert_eq!(peer.answer().await.body, "answered");
    assert_eq!(
        peer.rest().await,
        "",
        "the connection ends after its answer"
    );
    timeout(SOON, house.served).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_stop_cuts_what_does_not_end_in_time() {
    let house = House::open(
        Limits {
            stop_deadline: SHORT,
            ..Limits::default()
        },
        hello(),
    )
    .await;
    let mut peer = house.connect().await;
    peer.say(&get_request("/never")).await;
    sleep(Duration::from_millis(50)).await;
    house.stop.trigger();
    timeout(SOON, house.served).await.unwrap().unwrap();
    assert_eq!(peer.rest().await, "");
}

#[tokio::test]
async fn a_connection_above_the_limit_is_told_so_and_a_free_seat_is_taken() {
    for limits in [
        Limits {
            connections_max: 2,
            ..Limits::default()
        },
        Limits {
            connections_per_address_max: 2,
            ..Limits::default()
        },
    ] {
        let house = House::open(limits, hello()).await;
        let mut first = house.connect().await;
        let mut second = house.connect().await;
        assert_eq!(first.asks(&get_request("/")).await.body, "hello");
        assert_eq!(second.asks(&get_request("/")).await.body, "hello");
        let told = house.connect().await.rest().await;
        let told = Answer::parse(&told).unwrap_or_else(|| panic!("{told}"));
        told.is_problem(503, "too-many-connections");
        assert!(told.head.contains("retry-after: 1"));
        drop(first);
        let seated = async {
            loop {
                let mut peer = house.connect().await;
                peer.say("GET / HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n")
                    .await;
                if peer.rest().await.ends_with("hello") {
                    return;
                }
            }
        };
        timeout(SOON, seated).await.expect("the seat is free again");
    }
}

#[tokio::test]
async fn a_connection_lives_between_requests_and_ends_when_it_is_idle() {
    let house = House::open(
        Limits {
            idle_timeout: SHORT,
            ..Limits::default()
        },
        hello(),
    )
    .await;
    let mut peer = house.connect().await;
    for _ in 0..3 {
        assert_eq!(peer.asks(&get_request("/")).await.body, "hello");
    }
    assert_eq!(peer.rest().await, "");
    house.ends("idle").await;
}

#[tokio::test]
async fn no_connection_lives_for_ever() {
    let house = House::open(
        Limits {
            connection_age_max: SHORT,
            ..Limits::default()
        },
        hello(),
    )
    .await;
    let mut peer = house.connect().await;
    let busy = async {
        loop {
            peer.say(&get_request("/")).await;
            if peer.0.read(&mut [0; 4096]).await.unwrap_or(0) == 0 {
                return;
            }
        }
    };
    timeout(SOON, busy)
        .await
        .expect("the server ends the connection");
    house.ends("old").await;
}

#[tokio::test]
async fn a_reader_that_takes_nothing_does_not_hold_a_connection() {
    let house = House::open(
        Limits {
            write_timeout: SHORT,
            ..Limits::default()
        },
        hello(),
    )
    .await;
    let mut peer = house.connect().await;
    peer.say(&get_request("/large")).await;
    house.ends("slow_reader").await;
    assert!(peer.rest().await.len() < 64 << 20);
}

type H2 = hyper::client::conn::http2::SendRequest<Empty<Bytes>>;

async fn h2(house: &House, window: u32) -> H2 {
    let stream = TokioIo::new(TcpStream::connect(house.address).await.unwrap());
    let (sender, connection) = hyper::client::conn::http2::Builder::new(TokioExecutor::new())
        .initial_stream_window_size(window)
        .handshake(stream)
        .await
        .unwrap();
    tokio::spawn(connection);
    sender
}

fn h2_request(path: &str) -> Request<Empty<Bytes>> {
    Request::get(format!("http://test{path}"))
        .body(Empty::new())
        .unwrap()
}

#[tokio::test]
async fn http_2_works_with_prior_knowledge() {
    let house = House::open(Limits::default(), hello()).await;
    let mut sender = h2(&house, 65_535).await;
    for path in ["/", "/nowhere", "/panic", "/"] {
        let answer = timeout(SOON, sender.send_request(h2_request(path)))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(answer.version(), Version::HTTP_2);
        let (status, body) = (
            answer.status().as_u16(),
            answer.into_body().collect().await.unwrap().to_bytes(),
        );
        match path {
            "/" => assert_eq!((status, &body[..]), (200, &b"hello"[..])),
            "/nowhere" => assert!(status == 404 && body.starts_with(b"{")),
            _ => assert!(status == 500 && body.starts_with(b"{")),
        }
    }
    house.stop.trigger();
    timeout(SOON, house.served).await.unwrap().unwrap();
}

#[tokio::test]
async fn an_http_2_peer_is_told_how_many_streams_it_may_open() {
    let house = House::open(Limits::default(), hello()).await;
    let mut peer = house.connect().await;
    peer.say("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
    peer.0
        .write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0])
        .await
        .unwrap();
    // RFC 9113 §6.5: the first frame is SETTINGS, six bytes a setting; 3 is SETTINGS_MAX_CONCURRENT_STREAMS.
    let mut head = [0; 9];
    timeout(SOON, peer.0.read_exact(&mut head))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(head[3], 4, "a SETTINGS frame");
    let mut settings = vec![0; usize::from(head[2])];
    timeout(SOON, peer.0.read_exact(&mut settings))
        .await
        .unwrap()
        .unwrap();
    let streams = settings.chunks(6).find(|setting| setting[1] == 3).unwrap();
    assert_eq!(streams[2..], 64_u32.to_be_bytes());
}

#[tokio::test]
async fn an_http_2_reader_that_opens_no_window_does_not_hold_a_connection() {
    let house = House::open(
        Limits {
            write_timeout: SHORT,
            ..Limits::default()
        },
        hello(),
    )
    .await;
    let mut sender = h2(&house, 1_000).await;
    let answer = timeout(SOON, sender.send_request(h2_request("/large")))
        .await
        .unwrap()
        .unwrap();
    house.ends("slow_reader").await;
    assert!(answer.into_body().collect().await.is_err());
}

#[tokio::test]
async fn an_idle_http_2_connection_ends() {
    let house = House::open(
        Limits {
            idle_timeout: SHORT,
            ..Limits::default()
        },
        hello(),
    )
    .await;
    let mut sender = h2(&house, 65_535).await;
    assert_eq!(
        timeout(SOON, sender.send_request(h2_request("/")))
            .await
            .unwrap()
            .unwrap()
            .status(),
        200
    );
    house.ends("idle").await;
    let closed = async {
        while !sender.is_closed() {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(SOON, closed)
        .await
        .expect("the connection is closed");
}

#[tokio::test]
async fn the_admin_listener_tells_metrics_and_health() {
    let admin = Admin::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let (address, stop, registry) = (admin.local_addr(), Stop::new(), Registry::new());
    let ready = Arc::new(std::sync::Mutex::new(Readiness::NotReady(
        "The witnesses have not answered yet.".into(),
    )));
    let served = tokio::spawn(admin.serve(
        registry,
        {
            let ready = Arc::clone(&ready);
            move || ready.lock().unwrap().clone()
        },
        stop.clone(),
    ));
    let mut peer = Peer(TcpStream::connect(address).await.unwrap());
    let metrics = peer.asks(&get_request("/metrics")).await;
    assert!(metrics.head.contains("text/plain"));
    for name in [
        "process_resident_memory_bytes",
        "process_open_fds",
        "process_cpu_seconds_total",
    ] {
        assert!(metrics.body.contains(name), "{name}");
    }
    assert_eq!(peer.asks(&get_request("/healthz")).await.status, 200);
    let waiting = peer.asks(&get_request("/readyz")).await;
    assert_eq!(waiting.status, 503);
    assert!(
        waiting
            .body
            .contains("The witnesses have not answered yet.")
    );
    *ready.lock().unwrap() = Readiness::Ready("The log serves.".into());
    let answer = peer.asks(&get_request("/readyz")).await;
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (200, "The log serves.\n")
    );
    stop.trigger();
    timeout(SOON, served).await.unwrap().unwrap();
}

#[tokio::test]
async fn the_admin_listener_stays_on_loopback_unless_told_otherwise() {
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:9100"] {
        let refused = Admin::bind(address.parse().unwrap()).await.unwrap_err();
        assert!(matches!(refused, AdminError::NotLoopback(_)), "{address}");
        assert!(refused.to_string().contains("127.0.0.1"), "{refused}");
    }
    Admin::bind_exposed("0.0.0.0:0".parse().unwrap())
        .await
        .unwrap();
}

#[tokio::test]
async fn an_address_that_is_taken_is_named() {
    let first = Door::bind("127.0.0.1:0".parse().unwrap(), Limits::default())
        .await
        .unwrap();
    let refused = Door::bind(first.local_addr(), Limits::default())
        .await
        .unwrap_err()
        .to_string();
    assert!(
        refused.contains(&first.local_addr().to_string()) && refused.contains("another port"),
        "{refused}"
    );
}
