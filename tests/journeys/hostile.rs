//! Clients that mean harm, at the doors of a log and of a witness: each attack ends, costs the process nothing that stays,
//! and a good client beside it is served.

use crate::attack::{GET, Said, endlessly, endlessly_with, frame, h2_opening, once, slowly};
use crate::attacked::Attacked;
use crate::small_log::SmallLog;
use crate::submitter::Submitter;
use crate::witness_house::WitnessHouse;
use demo::town::Town;
use libtest_mimic::{Failed, Trial};
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::thread;

/// The trials.
pub fn trials() -> Vec<Trial> {
    vec![
        Trial::test(
            "a_log_outlasts_hostile_clients_and_serves_a_good_one",
            || at_a_log(attacks),
        ),
        Trial::test(
            "a_witness_outlasts_hostile_clients_and_serves_a_good_one",
            || at_a_witness(attacks),
        ),
        Trial::test(
            "ten_thousand_idle_connections_leave_a_log_its_other_clients",
            || at_a_log(idle),
        ),
        Trial::test(
            "ten_thousand_idle_connections_leave_a_witness_its_other_clients",
            || at_a_witness(idle),
        ),
    ]
}

fn at_a_log(attack: impl FnOnce(&str, &str) -> Result<(), Failed>) -> Result<(), Failed> {
    let mut town = Town::found(None)?;
    town.open_log()?;
    let bureau = Submitter::of(&town.enrol("bureau", "Bureau")?)?;
    let attacked = Attacked::log(&town, &bureau)?;
    attack(&attacked.host, "/v1/entries")?;
    attacked.outlasted()?;
    town.close_log()?;
    let diary = std::fs::read_to_string(town.diary())?;
    assert!(!diary.contains("panicked"), "{diary}");
    Ok(())
}

fn at_a_witness(attack: impl FnOnce(&str, &str) -> Result<(), Failed>) -> Result<(), Failed> {
    let log = SmallLog::new("log.example/hostile")?;
    let mut house = WitnessHouse::opened(&[&log])?;
    let attacked = Attacked::witness(&house, &log)?;
    attack(&attacked.host, "/add-checkpoint")?;
    attacked.outlasted()?;
    house.close()?;
    let diary = house.diary()?;
    assert!(!diary.contains("panicked"), "{diary}");
    Ok(())
}

/// The slow attacks wait for one another's end together.
fn attacks(host: &str, post: &str) -> Result<(), Failed> {
    thread::scope(|scope| {
        let slow = scope.spawn(|| slow_attacks(host, post));
        let fast = floods(host, post);
        slow.join().map_err(|_| "an attacker panicked")??;
        fast
    })
}

fn slow_attacks(host: &str, post: &str) -> Result<(), Failed> {
    let head =
        format!("POST {post} HTTP/1.1\r\nhost: a\r\ncontent-type: application/octet-stream\r\n");
    let (slow_head, slow_body, slow_chunks) = (
        format!("{head}slow: "),
        format!("{head}content-length: 100000\r\n\r\n"),
        format!("{head}transfer-encoding: chunked\r\n\r\n1000\r\n"),
    );
    thread::scope(|scope| {
        let heads: Vec<_> = (0..50)
            .map(|_| scope.spawn(|| slowly(host, &slow_head, b'x')))
            .collect();
        let bodies: Vec<_> = [&slow_body, &slow_chunks]
            .map(|first| scope.spawn(|| slowly(host, first, b'x')))
            .into_iter()
            .collect();
        for head in heads {
            // No request came: there is nothing to answer.
            let said = head.join().map_err(|_| "an attacker panicked")??;
            assert_eq!(said.status(), 0, "a header at a byte a second");
        }
        for body in bodies {
            let said = body.join().map_err(|_| "an attacker panicked")??;
            assert_eq!(said.status(), 408, "a body at a byte a second");
            assert!(said.is_problem("request-timeout"));
        }
        Ok(())
    })
}

fn floods(host: &str, post: &str) -> Result<(), Failed> {
    let get = "GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n";
    let many = (0..120).fold(get.to_owned(), |mut head, number| {
        let _ = write!(head, "x-{number}: y\r\n");
        head
    });
    let said = once(host, format!("{many}\r\n").as_bytes())?;
    assert_eq!(said.status(), 431, "120 headers");
    assert!(said.is_problem("too-many-headers"));

    for (what, piece) in [
        (
            "headers without end",
            b"x-flood: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n".as_slice(),
        ),
        ("one header without end", &[b'y'; 4096]),
    ] {
        let said = endlessly(host, get.as_bytes(), piece)?;
        assert!(
            matches!(said.status(), 0 | 400 | 431),
            "{what}: {}",
            said.status()
        );
    }
    let said = endlessly(host, b"", &[b'a'; 4096])?;
    assert!(
        matches!(said.status(), 0 | 414 | 431),
        "an endless path: {}",
        said.status()
    );

    let head =
        format!("POST {post} HTTP/1.1\r\nhost: a\r\ncontent-type: application/octet-stream\r\n");
    let chunked = format!("{head}transfer-encoding: chunked\r\n\r\n");
    let chunk = [b"1000\r\n".as_slice(), &[0; 4096], b"\r\n"].concat();
    let said = endlessly(host, chunked.as_bytes(), &chunk)?;
    assert!(
        matches!(said.status(), 0 | 413),
        "chunks without end: {}",
        said.status()
    );

    for (what, framing) in [
        ("two lengths", "content-length: 5\r\ncontent-length: 6\r\n"),
        ("a length of letters", "content-length: five\r\n"),
        ("a negative length", "content-length: -5\r\n"),
        (
            "a chunk of no number",
            "transfer-encoding: chunked\r\n\r\nzz\r\n",
        ),
    ] {
        let said = once(host, format!("{head}{framing}\r\nhello").as_bytes())?;
        assert!(
            matches!(said.status(), 0 | 400),
            "{what}: {}",
            said.status()
        );
    }
    http_2_floods(host)
}

/// RFC 9113 §10.5: a peer that makes work and takes nothing is told `ENHANCE_YOUR_CALM` (11), or is cut.
fn http_2_floods(host: &str) -> Result<(), Failed> {
    const END_HEADERS: u8 = 4;
    const END_STREAM: u8 = 1;
    let is_ended = |what: &str, said: &Said| {
        let codes = said.goaways();
        assert!(
            codes.iter().all(|code| matches!(code, 0 | 1 | 11)),
            "{what}: {codes:?}"
        );
    };
    let resets = endlessly_with(host, &h2_opening(), |number| {
        let stream = number.wrapping_mul(2).wrapping_add(1) & 0x7fff_ffff;
        let open = frame(1, END_HEADERS | END_STREAM, stream, &GET);
        [open, frame(3, 0, stream, &[0, 0, 0, 8])].concat()
    })?;
    is_ended(
        "a stream that is opened and reset, again and again",
        &resets,
    );

    // A header block that never ends: a literal without indexing whose name is `a` and whose value is 64 times `b`.
    let field = [[0x00, 0x01, b'a', 0x40].as_slice(), &[b'b'; 64]].concat();
    let opening = [h2_opening(), frame(1, END_STREAM, 1, &GET)].concat();
    let block = field.repeat(200);
    let continued = endlessly_with(host, &opening, move |_| frame(9, 0, 1, &block))?;
    is_ended("CONTINUATION without end", &continued);

    let empty = endlessly_with(host, &opening, |_| frame(9, 0, 1, &[]))?;
    is_ended("empty CONTINUATION without end", &empty);
    Ok(())
}

/// As many connections as an attacker opens from one address; the good client comes from another.
const IDLE: u64 = 10_000;
/// What the test itself needs besides.
const OWN_FILES: u64 = 200;

fn idle(host: &str, _post: &str) -> Result<(), Failed> {
    let host: SocketAddr = host.parse()?;
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let most = limit.maximum.unwrap_or(u64::MAX);
    let wanted = IDLE.min(most.saturating_sub(OWN_FILES));
    if wanted < IDLE {
        println!(
            "{wanted} connections instead of {IDLE}: this process may open no more than {most} files"
        );
    }
    let raised = rustix::process::Rlimit {
        current: limit.current.max(Some((wanted + OWN_FILES).min(most))),
        ..limit
    };
    rustix::process::setrlimit(rustix::process::Resource::Nofile, raised)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut open = Vec::new();
        for _ in 0..wanted {
            // From another address than the good client's: an attacker takes its own share of the seats.
            let socket = tokio::net::TcpSocket::new_v4()?;
            socket.bind("127.0.0.2:0".parse()?)?;
            open.push(socket.connect(host).await?);
        }
        // Every one of them ends by itself: turned away at once, or without a request after the limit for its head.
        for stream in open {
            let mut buffer = [0; 1024];
            loop {
                stream.readable().await?;
                match stream.try_read(&mut buffer) {
                    Ok(0) => break,
                    Ok(_) => {}
                    Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                    Err(_) => break,
                }
            }
        }
        Ok(())
    })
}
