//! The admin listener.

use std::sync::{Arc, Mutex};

use prometheus::Registry;
use service::{Admin, AdminError, Readiness, Stop};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::peer::{Peer, SOON, get_request};

#[tokio::test]
async fn the_admin_listener_tells_metrics_and_health() {
    let admin = Admin::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let (address, stop, registry) = (admin.local_addr(), Stop::new(), Registry::new());
    let ready = Arc::new(Mutex::new(Readiness::NotReady(
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
