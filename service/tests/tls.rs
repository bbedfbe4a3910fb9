//! TLS: what the door promises holds behind it too, and a renewed certificate needs no restart.

use std::fs::{Permissions, remove_file, set_permissions, write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Certificate, Client, ClientBuilder};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use service::{Limits, Opt, Options, Tls, TlsError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::authority::{Authority, NAME};
use crate::peer::{House, SHORT, SOON, first_answer, get_request, hello};

/// A client that trusts this authority alone and finds the house under its name.
fn client(authority: &Authority, house: &House) -> ClientBuilder {
    let root = Certificate::from_pem(authority.pem().as_bytes()).unwrap();
    Client::builder()
        .tls_certs_only([root])
        .resolve(NAME, house.address)
}

fn url(house: &House) -> String {
    format!("https://{NAME}:{}/", house.address.port())
}

/// A connection after its handshake, for whoever writes what it likes.
async fn shake(authority: &Authority, house: &House) -> TlsStream<TcpStream> {
    let stream = TcpStream::connect(house.address).await.unwrap();
    shake_over(authority, stream).await
}

async fn shake_over(authority: &Authority, stream: TcpStream) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(authority.der().into()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
        .connect(ServerName::try_from(NAME).unwrap(), stream)
        .await
        .unwrap()
}

/// The certificate that the house shows, in DER.
async fn shown(authority: &Authority, house: &House) -> Vec<u8> {
    let stream = shake(authority, house).await;
    let (_, session) = stream.get_ref();
    session.peer_certificates().unwrap()[0].to_vec()
}

fn quick() -> Limits {
    Limits {
        certificate_look_every: Duration::from_millis(20),
        ..Limits::default()
    }
}

#[tokio::test]
async fn a_client_that_trusts_the_authority_is_served_over_http_2_and_http_1() {
    let authority = Authority::new();
    let house = House::open_with(Limits::default(), hello(), Some(authority.tls())).await;
    let second = client(&authority, &house).build().unwrap();
    let first = client(&authority, &house).http1_only().build().unwrap();
    for (client, version) in [
        (second, reqwest::Version::HTTP_2),
        (first, reqwest::Version::HTTP_11),
    ] {
        let answer = client.get(url(&house)).send().await.unwrap();
        assert_eq!(answer.version(), version);
        assert_eq!(answer.text().await.unwrap(), "hello");
    }
    let stranger = client(&Authority::new(), &house).build().unwrap();
    assert!(stranger.get(url(&house)).send().await.is_err());
}

#[tokio::test]
async fn who_speaks_no_tls_gets_no_answer_and_disturbs_nobody() {
    let authority = Authority::new();
    let house = House::open_with(Limits::default(), hello(), Some(authority.tls())).await;
    let mut peer = house.connect().await;
    peer.say(&get_request("/")).await;
    let rest = peer.rest().await;
    assert!(!rest.contains("HTTP") && !rest.contains("hello"), "{rest}");
    let served = client(&authority, &house).build().unwrap();
    assert_eq!(served.get(url(&house)).send().await.unwrap().status(), 200);
    house.stop.trigger();
    timeout(SOON, house.served).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_peer_that_says_nothing_in_its_handshake_is_cut() {
    let authority = Authority::new();
    let limits = Limits {
        handshake_timeout: SHORT,
        ..Limits::default()
    };
    let house = House::open_with(limits, hello(), Some(authority.tls())).await;
    assert_eq!(house.connect().await.rest().await, "");
    house.ends("slow_handshake").await;
}

#[tokio::test]
async fn a_handshake_that_takes_its_time_holds_up_nobody() {
    let authority = Authority::new();
    let limits = Limits {
        handshake_timeout: SOON * 10,
        ..Limits::default()
    };
    let house = House::open_with(limits, hello(), Some(authority.tls())).await;
    let _silent = house.connect().await;
    let other = client(&authority, &house).build().unwrap();
    let answer = timeout(SOON, other.get(url(&house)).send()).await;
    assert_eq!(answer.unwrap().unwrap().status(), 200);
}

#[tokio::test]
async fn a_handshake_that_comes_byte_by_byte_is_cut_too() {
    let authority = Authority::new();
    let limits = Limits {
        handshake_timeout: SHORT,
        ..Limits::default()
    };
    let house = House::open_with(limits, hello(), Some(authority.tls())).await;
    let mut peer = house.connect().await;
    // The head of a record of 512 bytes, whose bytes then trickle in.
    peer.0
        .write_all(&[22, 3, 1, 2, 0, 1, 0, 1, 252])
        .await
        .unwrap();
    tokio::select! {
        _ = peer.trickle() => {}
        () = house.ends("slow_handshake") => {}
    }
}

#[tokio::test]
async fn behind_tls_slow_headers_and_slow_readers_are_cut_as_ever() {
    let authority = Authority::new();
    let limits = Limits {
        header_timeout: SHORT,
        write_timeout: SHORT,
        ..Limits::default()
    };
    let house = House::open_with(limits, hello(), Some(authority.tls())).await;
    let mut peer = shake(&authority, &house).await;
    peer.write_all(b"GET / HTTP/1.1\r\nslow: ").await.unwrap();
    house.ends("no_request").await;

    let mut peer = shake(&authority, &house).await;
    peer.write_all(get_request("/").as_bytes()).await.unwrap();
    assert_eq!(first_answer(&mut peer).await.body, "hello");
    peer.write_all(b"GET / HTTP/1.1\r\nslow: ").await.unwrap();
    house.ends("slow_head").await;

    let mut peer = shake(&authority, &house).await;
    peer.write_all(get_request("/large").as_bytes())
        .await
        .unwrap();
    let mut first = [0; 1];
    peer.read_exact(&mut first).await.unwrap();
    house.ends("slow_reader").await;
}

#[tokio::test]
async fn behind_tls_a_reader_that_paused_and_then_took_everything_keeps_its_connection() {
    const LARGE: usize = 64 << 20;
    let authority = Authority::new();
    let write_timeout = Duration::from_secs(2);
    let limits = Limits {
        write_timeout,
        ..Limits::default()
    };
    let house = House::open_with(limits, hello(), Some(authority.tls())).await;
    let mut peer = shake(&authority, &house).await;
    peer.write_all(get_request("/large").as_bytes())
        .await
        .unwrap();
    // Long enough for all buffers to be full.
    sleep(SHORT).await;
    let (mut buffer, mut taken) = (vec![0; 1 << 20], 0);
    let whole = async {
        while taken < LARGE {
            taken += peer.read(&mut buffer).await.unwrap();
        }
    };
    timeout(SOON, whole).await.expect("the whole answer");
    // The headers came before the body: as many bytes of it may still be to come.
    while timeout(SHORT, peer.read(&mut buffer)).await.is_ok() {}
    sleep(write_timeout).await;
    peer.write_all(get_request("/").as_bytes()).await.unwrap();
    assert_eq!(first_answer(&mut peer).await.body, "hello");
}

#[tokio::test]
async fn a_slow_handshake_leaves_the_request_its_own_time() {
    let authority = Authority::new();
    let limits = Limits {
        header_timeout: SHORT * 2,
        ..Limits::default()
    };
    let house = House::open_with(limits, hello(), Some(authority.tls())).await;
    let stream = TcpStream::connect(house.address).await.unwrap();
    sleep(SHORT).await;
    let mut peer = shake_over(&authority, stream).await;
    // Together longer than the headers may take.
    sleep(SHORT + SHORT / 2).await;
    peer.write_all(get_request("/").as_bytes()).await.unwrap();
    assert_eq!(first_answer(&mut peer).await.body, "hello");
}

#[tokio::test]
async fn a_renewed_certificate_is_shown_without_a_restart() {
    let authority = Authority::new();
    let house = House::open_with(quick(), hello(), Some(authority.tls())).await;
    let before = shown(&authority, &house).await;
    let renewed = authority.issue();
    assert_ne!(before, renewed);
    let picked_up = async {
        while shown(&authority, &house).await != renewed {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(SOON, picked_up).await.unwrap();
}

#[tokio::test]
async fn a_broken_renewal_keeps_the_certificate_that_was_good() {
    let authority = Authority::new();
    let first = authority.issue();
    let house = House::open_with(quick(), hello(), Some(authority.tls())).await;
    let stranger = Authority::new();
    let breakages: [&dyn Fn(); 4] = [
        &|| write(authority.certificate(), "no certificate").unwrap(),
        // A certificate whose key is another one.
        &|| {
            std::fs::copy(stranger.certificate(), authority.certificate()).unwrap();
        },
        &|| set_permissions(authority.key(), Permissions::from_mode(0o644)).unwrap(),
        &|| remove_file(authority.certificate()).unwrap(),
    ];
    for breakage in breakages {
        breakage();
        sleep(SHORT).await;
        assert_eq!(shown(&authority, &house).await, first);
    }
    // And the next good one is taken.
    let renewed = authority.issue();
    let picked_up = async {
        while shown(&authority, &house).await != renewed {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(SOON, picked_up).await.unwrap();
}

#[test]
fn what_cannot_be_used_is_refused_in_words() {
    let (authority, other) = (Authority::new(), Authority::new());
    let load = |certificate: &Path, key: &Path| Tls::load(certificate, key).unwrap_err();
    let (certificate, key) = (authority.certificate(), authority.key());
    let refused = load(&certificate, &other.key());
    assert!(matches!(refused, TlsError::NotAPair { .. }), "{refused}");
    let refused = load(&key, &key);
    assert!(matches!(refused, TlsError::NoCertificate(_)), "{refused}");
    let refused = load(&certificate.with_extension("absent"), &key);
    assert!(matches!(refused, TlsError::Unreadable { .. }), "{refused}");
    let large = certificate.with_extension("large");
    write(&large, vec![b'x'; 256 * 1024 + 1]).unwrap();
    let refused = load(&large, &key);
    assert!(matches!(refused, TlsError::NoCertificate(_)), "{refused}");
    set_permissions(&certificate, Permissions::from_mode(0o600)).unwrap();
    let refused = load(&certificate, &certificate);
    assert!(matches!(refused, TlsError::NoKey(_)), "{refused}");
    set_permissions(&key, Permissions::from_mode(0o640)).unwrap();
    let refused = load(&certificate, &key).to_string();
    assert!(refused.contains("chmod 600"), "{refused}");
    set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
    write(
        &certificate,
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    )
    .unwrap();
    let refused = load(&certificate, &key);
    assert!(matches!(refused, TlsError::Unusable { .. }), "{refused}");
}

#[test]
fn one_option_alone_is_refused_and_none_means_no_tls() {
    const OPTIONS: &[Opt] = &[Tls::CERTIFICATE, Tls::KEY];
    let authority = Authority::new();
    let config = |names: &[&str]| {
        let given = |name: &str| {
            let path = match name {
                "TEST_TLS_CERTIFICATE" => authority.certificate(),
                _ => authority.key(),
            };
            names
                .contains(&name)
                .then(|| path.to_str().unwrap().to_owned())
        };
        let options = Options::new("TEST", OPTIONS);
        options.put_together(None, given, |_| None).unwrap()
    };
    assert!(Tls::from_config(&config(&[])).unwrap().is_none());
    let both = ["TEST_TLS_CERTIFICATE", "TEST_TLS_KEY"];
    assert!(Tls::from_config(&config(&both)).unwrap().is_some());
    for (given, missing) in [(both[0], "tls-key"), (both[1], "tls-certificate")] {
        let refused = Tls::from_config(&config(&[given])).unwrap_err();
        assert!(
            matches!(refused, TlsError::Half { missing: named, .. } if named == missing),
            "{refused}"
        );
    }
}
