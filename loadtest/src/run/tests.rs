use super::*;
use crate::submitter::Submitter;
use evidence::{ENTRY_LEN, OriginHash};
use p256::SecretKey;
use p256::pkcs8::{EncodePrivateKey as _, LineEnding};
use std::collections::HashSet;
use std::sync::Mutex;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

#[tokio::test]
async fn a_phase_sends_each_entry_once_and_none_past_its_end() {
    let (target, received) = serve(usize::MAX).await;
    let mut run = open(&target, 50, 1).await;
    let warmed = run.phase(until(7), Sampling::Off).await;
    assert_eq!((warmed.tally.sent, warmed.ended_by), (7, EndedBy::Entries));
    let phase = run.phase(until(40), Sampling::On).await;
    assert_eq!((phase.tally.sent, phase.tally.accepted), (33, 33));
    assert_eq!(phase.tally.latency_us.len(), 33);
    assert_eq!(run.workload().taken(), 40);
    assert!(warmed.tally.kept.is_empty());
    assert!(!phase.tally.kept.is_empty());

    let received = received.lock().unwrap();
    let entries: HashSet<&[u8]> = (0..40).map(|i| run.workload().bytes(i..i + 1)).collect();
    assert_eq!(received.len(), 40);
    assert_eq!(
        received.iter().map(Vec::as_slice).collect::<HashSet<_>>(),
        entries
    );
}

#[tokio::test]
async fn the_last_batch_is_what_is_left() {
    let (target, received) = serve(usize::MAX).await;
    let mut run = open(&target, 10, 4).await;
    let phase = run.phase(until(usize::MAX), Sampling::Off).await;
    assert_eq!(phase.tally.sent, 10);
    let mut lengths: Vec<usize> = received.lock().unwrap().iter().map(Vec::len).collect();
    lengths.sort_unstable();
    assert_eq!(lengths, [2, 4, 4].map(|entries| entries * ENTRY_LEN));
}

#[tokio::test]
async fn a_phase_ends_with_its_time() {
    let (target, _) = serve(usize::MAX).await;
    let mut run = open(&target, 100_000, 1).await;
    let limit = Limit {
        end: usize::MAX,
        time: Some(Duration::from_millis(50)),
        arrivals: None,
    };
    let phase = run.phase(limit, Sampling::Off).await;
    assert_eq!(phase.ended_by, EndedBy::Time);
    assert!(phase.took >= Duration::from_millis(50));
    assert!(
        (1..100_000).contains(&phase.tally.sent),
        "{}",
        phase.tally.sent
    );
}

#[tokio::test]
async fn entries_arrive_at_their_rate_and_wait_for_no_answer() {
    let (target, _) = serve(usize::MAX).await;
    let mut run = open(&target, 40, 1).await;
    let limit = Limit {
        arrivals: Some(200.0),
        ..until(40)
    };
    let phase = run.phase(limit, Sampling::Off).await;
    // The last of 40 arrives after 39 intervals of 5 ms, however fast the answers come.
    assert!(phase.took >= Duration::from_millis(195), "{:?}", phase.took);
    assert_eq!(phase.tally.accepted, 40);
}

#[tokio::test]
async fn a_lost_connection_costs_one_request_and_is_opened_anew() {
    let (target, received) = serve(5).await;
    let mut run = open(&target, 30, 1).await;
    let phase = run.phase(until(usize::MAX), Sampling::Off).await;
    let lost = phase.tally.errors["connection-lost"];
    assert!(lost > 0);
    assert_eq!(phase.tally.sent, 30);
    assert_eq!(phase.tally.accepted + lost, 30);
    assert_eq!(received.lock().unwrap().len() as u64, 30 - lost);
    assert_eq!(run.connections(), CLIENTS);
}

const CLIENTS: usize = 3;

fn until(end: usize) -> Limit {
    Limit {
        end,
        time: None,
        arrivals: None,
    }
}

async fn open(target: &Arc<Target>, entries: usize, batch: usize) -> Run {
    let pem = SecretKey::from_slice(&[7; 32]).unwrap();
    let pem = pem.to_pkcs8_pem(LineEnding::LF).unwrap();
    let submitter = Submitter::from_pem(pem.as_bytes()).unwrap();
    let origin = OriginHash::of("log.example");
    let workload = Workload::sign(&submitter, &origin, entries, |_| ()).unwrap();
    Run::open(target, CLIENTS, batch, Arc::new(workload))
        .await
        .unwrap()
}

type Received = Arc<Mutex<Vec<Vec<u8>>>>;

/// Accepts what it receives, and closes a connection in the middle of a request after so many.
async fn serve(requests_max: usize) -> (Arc<Target>, Received) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let received = Received::default();
    let kept = received.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, requests_max, kept.clone()));
        }
    });
    (Arc::new(url.parse().unwrap()), received)
}

async fn answer(mut stream: TcpStream, requests_max: usize, received: Received) {
    for _ in 0..requests_max {
        let Some(body) = read_body(&mut stream).await else {
            return;
        };
        let results = vec![r#"{"status":200}"#; body.len() / ENTRY_LEN].join(",");
        let json = format!(r#"{{"results":[{results}]}}"#);
        let answer = format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{json}",
            json.len()
        );
        received.lock().unwrap().push(body);
        stream.write_all(answer.as_bytes()).await.unwrap();
    }
    read_body(&mut stream).await;
}

/// The body of the next request; `None` at the end of the connection.
async fn read_body(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut request = Vec::new();
    while stream.read_buf(&mut request).await.ok()? > 0 {
        let Some(end) = memchr::memmem::find(&request, b"\r\n\r\n") else {
            continue;
        };
        let head = str::from_utf8(&request[..end]).unwrap();
        let (_, length) = head.rsplit_once("content-length: ").unwrap();
        if request.len() == end + 4 + length.parse::<usize>().unwrap() {
            return Some(request.split_off(end + 4));
        }
    }
    None
}
