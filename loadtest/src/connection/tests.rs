use super::*;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread::JoinHandle;

#[tokio::test]
async fn a_submission_is_the_same_bytes_with_another_body() {
    let (target, server) = serve(vec![vec![
        &b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
            [..];
        3
    ]]);
    let mut connection = Connection::open(target).await.unwrap();
    for entries in [[1; 162].as_slice(), &[2; 162], &[3; 324]] {
        let answer = connection.submit(entries).await.unwrap();
        assert_eq!((answer.status, answer.body), (200, &b"ok"[..]));
    }
    drop(connection);
    let requests = server.join().unwrap();
    let (head, body) = split(&requests[0]);
    assert!(head.starts_with("POST /v1/entries HTTP/1.1\r\nhost: 127.0.0.1:"));
    assert!(head.contains("content-type: application/octet-stream\r\ncontent-length: 162\r\n"));
    assert_eq!(body, [1; 162]);
    assert_eq!(split(&requests[1]), (head.clone(), vec![2; 162]));
    let (longer_head, body) = split(&requests[2]);
    assert_eq!(longer_head, head.replace("length: 162", "length: 324"));
    assert_eq!(body, [3; 324]);
}

#[tokio::test]
async fn a_connection_that_the_log_closes_is_opened_for_the_next_request() {
    let closing = &b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 1\r\n\r\n1"[..];
    let (target, server) = serve(vec![vec![closing], vec![closing]]);
    let mut connection = Connection::open(target).await.unwrap();
    for _ in 0..2 {
        assert_eq!(connection.get("/v1/log").await.unwrap().body, b"1");
    }
    drop(connection);
    let requests = server.join().unwrap();
    assert!(requests[1].starts_with(b"GET /v1/log HTTP/1.1\r\n"));
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_lost_and_the_next_is_whole() {
    let broken = &b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf"[..];
    let whole = &b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nfull"[..];
    let (target, server) = serve(vec![vec![broken], vec![whole]]);
    let mut connection = Connection::open(target).await.unwrap();
    let lost = connection.submit(&[0; 162]).await.unwrap_err();
    assert_eq!(lost.slug(), "connection-lost");
    connection.reopen().await.unwrap();
    assert_eq!(connection.submit(&[0; 162]).await.unwrap().body, b"full");
    drop(connection);
    server.join().unwrap();
}

#[tokio::test]
async fn bytes_after_an_answer_are_refused() {
    let trailing = &b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n12"[..];
    let (target, server) = serve(vec![vec![trailing]]);
    let mut connection = Connection::open(target).await.unwrap();
    let lost = connection.get("/v1/log").await.unwrap_err();
    assert_eq!(lost.slug(), "answer-malformed");
    drop(connection);
    server.join().unwrap();
}

#[tokio::test]
async fn where_nothing_listens_the_refusal_is_named() {
    let (target, server) = serve(Vec::new());
    server.join().unwrap();
    let lost = Connection::open(target).await.unwrap_err();
    assert_eq!(lost.slug(), "connection-refused");
}

/// A server that answers each request of each connection with the next bytes, then closes; it hands back the requests.
fn serve(script: Vec<Vec<&'static [u8]>>) -> (Arc<Target>, JoinHandle<Vec<Vec<u8>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let mut requests = Vec::new();
        for answers in script {
            let (mut stream, _) = listener.accept().unwrap();
            for answer in answers {
                requests.push(read_request(&mut stream));
                stream.write_all(answer).unwrap();
            }
        }
        requests
    });
    (Arc::new(url.parse().unwrap()), server)
}

fn read_request(stream: &mut std::net::TcpStream) -> Vec<u8> {
    let mut request = Vec::new();
    loop {
        let mut some = [0; 1024];
        let n = stream.read(&mut some).unwrap();
        assert_ne!(n, 0, "the request is whole");
        request.extend_from_slice(&some[..n]);
        if let Some(end) = memchr::memmem::find(&request, b"\r\n\r\n") {
            let head = str::from_utf8(&request[..end]).unwrap();
            let length = head.rsplit_once("content-length: ");
            let length: usize = length.map_or(0, |(_, n)| n.parse().unwrap());
            if request.len() == end + 4 + length {
                return request;
            }
        }
    }
}

fn split(request: &[u8]) -> (String, Vec<u8>) {
    let end = memchr::memmem::find(request, b"\r\n\r\n").unwrap() + 4;
    let head = String::from_utf8(request[..end].to_vec()).unwrap();
    (head, request[end..].to_vec())
}
