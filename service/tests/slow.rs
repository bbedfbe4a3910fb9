//! Slow peers: none holds a connection for ever.

use std::time::Duration;

use service::Limits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{sleep, timeout};

use crate::peer::{House, Peer, SHORT, SOON, first_answer, get_request, hello};

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

#[tokio::test]
async fn a_reader_that_paused_and_then_took_everything_keeps_its_connection() {
    let write_timeout = Duration::from_secs(2);
    let limits = Limits {
        write_timeout,
        ..Limits::default()
    };
    let house = House::open(limits, hello()).await;
    let mut peer = house.connect().await;
    peer.say(&get_request("/large")).await;
    // The server's socket is full by now.
    sleep(Duration::from_millis(200)).await;
    let mut bytes = Vec::new();
    let whole = async {
        let head_len = |bytes: &[u8]| bytes.windows(4).position(|end| end == b"\r\n\r\n");
        while head_len(&bytes[..bytes.len().min(4096)])
            .is_none_or(|at| bytes.len() < at + 4 + (64 << 20))
        {
            peer.0.read_buf(&mut bytes).await.unwrap();
        }
    };
    timeout(SOON, whole).await.expect("the whole answer");
    sleep(write_timeout + Duration::from_millis(500)).await;
    assert_eq!(peer.asks(&get_request("/")).await.body, "hello");
}
