//! The door: its limits, and that every error leaves as a problem.

use service::{Door, Limits};
use std::time::Duration;
use tokio::time::timeout;

use crate::peer::{Answer, House, SOON, get_request, hello};

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
async fn who_sends_a_body_that_is_refused_reads_the_answer_after_the_last_byte() {
    let limits = Limits {
        body_bytes_max: 1000,
        ..Limits::default()
    };
    let house = House::open(limits, hello()).await;
    let pieces = 4;
    let piece = "x".repeat(50 * 1024);
    let length = pieces * piece.len();
    let head = format!("POST /length HTTP/1.1\r\nhost: test\r\ncontent-length: {length}\r\n\r\n");
    let mut peer = house.connect().await;
    peer.say(&head).await;
    for _ in 0..pieces {
        // A peer that was cut off cannot write on.
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(peer.can_say(&piece).await);
    }
    peer.answer().await.is_problem(413, "content-too-large");
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
async fn a_handler_learns_who_asks() {
    let house = House::open(Limits::default(), hello()).await;
    assert_eq!(
        house.connect().await.asks(&get_request("/who")).await.body,
        "127.0.0.1"
    );
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
