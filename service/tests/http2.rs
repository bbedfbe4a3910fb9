//! HTTP/2 without TLS, by prior knowledge.

use std::time::Duration;

use axum::body::Bytes;
use axum::http::{Request, Version};
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::{TokioExecutor, TokioIo};
use service::Limits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::peer::{House, SHORT, SOON, hello};

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
