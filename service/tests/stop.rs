//! A stop answers what is in flight.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use service::Limits;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use crate::peer::{House, SHORT, SOON, get_request, hello};

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
