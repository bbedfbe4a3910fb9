#![expect(clippy::unwrap_used, reason = "a test that cannot go on must panic")]
// A rate of one a second gives back nothing that matters while a test runs, however slow the machine.

use super::{QuotaRates, Quotas};
use crate::http::router;
use crate::log::Log;
use crate::log::house::House;
use axum::Router;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request};
use axum::response::Response;
use service::{PeerAddress, Rate};
use std::num::NonZeroU32;
use std::ops::Range;
use std::sync::Arc;
use tower::ServiceExt as _;

const STRANGER: &str = "192.0.2.1:80";
const NEIGHBOUR: &str = "198.51.100.7:80";

fn burst(of: u32) -> Rate {
    Rate {
        per_second: NonZeroU32::MIN,
        burst: NonZeroU32::new(of).unwrap(),
    }
}

fn doors(log: &Arc<Log>, rates: QuotaRates) -> Router {
    router(log, Quotas::new(rates))
}

fn bytes(house: &House, numbers: Range<u32>) -> Vec<u8> {
    numbers
        .flat_map(|number| house.record(number).bytes)
        .collect()
}

async fn post(doors: &Router, from: &str, body: Vec<u8>) -> Response {
    let mut request = Request::post("/v1/entries")
        .header(CONTENT_TYPE, "application/octet-stream")
        .body(Body::from(body))
        .unwrap();
    let peer = PeerAddress::new(from.parse().unwrap());
    request.extensions_mut().insert(peer);
    doors.clone().oneshot(request).await.unwrap()
}

/// 429, with this quota named, and at least so many seconds to wait.
async fn refused(answer: Response, quota: &str, at_least_s: u64) {
    assert_eq!(answer.status(), 429);
    let wait = answer.headers()[RETRY_AFTER].to_str().unwrap();
    assert!(wait.parse::<u64>().unwrap() >= at_least_s, "{wait}");
    let named = answer.headers()["ratelimit"].to_str().unwrap();
    assert!(named.starts_with(&format!("\"{quota}\";r=")), "{named}");
    let body = axum::body::to_bytes(answer.into_body(), 1 << 16).await;
    let told: serde_json::Value = serde_json::from_slice(&body.unwrap()).unwrap();
    assert_eq!(told["type"], "/docs/problems#too-many-requests");
    assert_eq!(told["violated-policies"], serde_json::json!([quota]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bureau_pays_for_what_is_new_and_not_for_what_a_stranger_sends_again() {
    let house = House::new().await;
    house
        .run(async |log| {
            let rates = QuotaRates {
                bureau: Some(burst(200)),
                ..QuotaRates::default()
            };
            let doors = doors(log, rates);
            let first = post(&doors, NEIGHBOUR, bytes(&house, 0..100)).await;
            assert_eq!(first.status(), 200);
            let policy = first.headers()["ratelimit-policy"].to_str().unwrap();
            assert_eq!(policy, "\"bureau\";q=200;w=200");
            let standing = first.headers()["ratelimit"].to_str().unwrap();
            assert!(standing.starts_with("\"bureau\";r=10"), "{standing}");
            // Anybody can read them, and send them as often as they like.
            for _ in 0..5 {
                let again = post(&doors, STRANGER, bytes(&house, 0..100)).await;
                assert_eq!(again.status(), 200);
            }
            let second = post(&doors, NEIGHBOUR, bytes(&house, 100..200)).await;
            assert_eq!(second.status(), 200, "the second hundred was still there");
            let third = post(&doors, NEIGHBOUR, bytes(&house, 200..300)).await;
            refused(third, "bureau", 50).await;
            let count = &log.metrics().quota_refusals;
            assert_eq!(count.with_label_values(&["bureau"]).get(), 1);
            assert_eq!(log.coord().committed().await.unwrap().head.size.get(), 202);
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_pays_for_forgeries_and_repetitions_and_its_neighbour_does_not() {
    let house = House::new().await;
    house
        .run(async |log| {
            let rates = QuotaRates {
                address: Some(burst(300)),
                ..QuotaRates::default()
            };
            let doors = doors(log, rates);
            let honest = bytes(&house, 0..100);
            let mut forged = honest.clone();
            // The commitment of each: its signature does not cover it.
            for entry in forged.chunks_mut(162) {
                entry[70] ^= 1;
            }
            assert_eq!(post(&doors, STRANGER, honest.clone()).await.status(), 200);
            assert_eq!(post(&doors, STRANGER, honest.clone()).await.status(), 200);
            assert_eq!(post(&doors, STRANGER, forged.clone()).await.status(), 200);
            // 1 + 101 + 101 are paid: the next hundred are not looked at to their end.
            refused(post(&doors, STRANGER, forged.clone()).await, "address", 50).await;
            assert_eq!(post(&doors, NEIGHBOUR, forged).await.status(), 200);
            let logged = post(&doors, NEIGHBOUR, bytes(&house, 100..200)).await;
            assert_eq!(logged.status(), 200);
            let standing: Vec<_> = logged.headers().get_all("ratelimit").iter().collect();
            assert_eq!(standing.len(), 1, "{standing:?}");
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_through_our_fault_costs_neither_bureau_nor_address() {
    let house = House::new().await;
    let _restore = house.two_histories(&[1], &[2]).await;
    house
        .run(async |log| {
            let rates = QuotaRates {
                address: Some(burst(2)),
                bureau: Some(burst(100)),
                all: Some(burst(100)),
                ..QuotaRates::default()
            };
            let doors = doors(log, rates);
            for _ in 0..5 {
                let answer = post(&doors, NEIGHBOUR, bytes(&house, 0..100)).await;
                assert_eq!(answer.status(), 503, "read-only, and never 429");
                assert!(!answer.headers().contains_key("ratelimit"));
            }
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_share_is_kept_for_a_bureau_that_sent_little() {
    let house = House::new().await;
    house
        .run(async |log| {
            let rates = QuotaRates {
                bureau: Some(burst(1_000)),
                all: Some(burst(200)),
                reserved: Some(burst(100)),
                ..QuotaRates::default()
            };
            let doors = doors(log, rates);
            for numbers in [0..100, 100..200] {
                let answer = post(&doors, NEIGHBOUR, bytes(&house, numbers)).await;
                assert_eq!(answer.status(), 200);
            }
            // The common part is used up. With this the bureau has had 250 of its 1,000: it is no longer quiet.
            let quiet = post(&doors, NEIGHBOUR, bytes(&house, 200..250)).await;
            assert_eq!(quiet.status(), 200);
            let busy = post(&doors, NEIGHBOUR, bytes(&house, 250..300)).await;
            assert_eq!(busy.status(), 503);
            assert!(busy.headers().contains_key(RETRY_AFTER));
        })
        .await;
}

#[test]
fn only_a_trusted_proxy_says_who_pays() {
    let trusting = |proxies: &[&str]| {
        Quotas::new(QuotaRates {
            trusted_proxies: proxies.iter().map(|proxy| proxy.parse().unwrap()).collect(),
            ..QuotaRates::default()
        })
    };
    let peer = |text: &str| PeerAddress::new(text.parse().unwrap());
    let proxy = peer("192.0.2.1:443");
    for (proxies, fields, payer) in [
        (&[] as &[&str], &["203.0.113.9"] as &[&str], "192.0.2.1:1"),
        (&["192.0.2.2"], &["203.0.113.9"], "192.0.2.1:1"),
        (&["192.0.2.1"], &[], "192.0.2.1:1"),
        (&["192.0.2.1"], &["203.0.113.9"], "203.0.113.9:1"),
        // The client wrote the first itself.
        (
            &["192.0.2.1"],
            &["198.51.100.1, 203.0.113.9"],
            "203.0.113.9:1",
        ),
        (
            &["192.0.2.1"],
            &["198.51.100.1", "203.0.113.9"],
            "203.0.113.9:1",
        ),
        (
            &["192.0.2.1", "192.0.2.7"],
            &["203.0.113.9, 192.0.2.7"],
            "203.0.113.9:1",
        ),
        (&["192.0.2.1"], &["2001:db8:1:2::9"], "[2001:db8:1:2::1]:1"),
        (&["192.0.2.1"], &["203.0.113.9, nonsense"], "192.0.2.1:1"),
        (&["::ffff:192.0.2.1"], &["203.0.113.9"], "203.0.113.9:1"),
    ] {
        let mut headers = HeaderMap::new();
        for field in fields {
            headers.append(super::FORWARDED, HeaderValue::from_str(field).unwrap());
        }
        assert_eq!(
            trusting(proxies).network(proxy, &headers),
            Some(peer(payer).network()),
            "{proxies:?} {fields:?}"
        );
    }
}

#[test]
fn nobody_pays_for_a_connection_over_loopback_that_names_no_other_address() {
    let forwarded = HeaderMap::from_iter([(
        HeaderName::from_static(super::FORWARDED),
        HeaderValue::from_static("203.0.113.9"),
    )]);
    for local in ["127.0.0.1:80", "[::1]:80", "[::ffff:127.0.0.1]:80"] {
        let local = PeerAddress::new(local.parse().unwrap());
        let plain = Quotas::new(QuotaRates::default());
        assert_eq!(plain.network(local, &HeaderMap::new()), None);
        assert_eq!(plain.network(local, &forwarded), None, "not trusted");
        let trusting = Quotas::new(QuotaRates {
            trusted_proxies: vec![local.get().ip()],
            ..QuotaRates::default()
        });
        assert_eq!(trusting.network(local, &HeaderMap::new()), None);
        let client = PeerAddress::new("203.0.113.9:1".parse().unwrap());
        assert_eq!(trusting.network(local, &forwarded), Some(client.network()));
    }
}
