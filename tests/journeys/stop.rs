//! The graceful stop: what is in flight is answered, what is not answered is not logged, and nobody holds it up.

use crate::reader::Reader;
use crate::submitter::{Submitter, bytes, post};
use demo::town::Town;
use libtest_mimic::{Failed, Trial};
use std::io::Write as _;
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// Submitters that send all the time.
const SENDERS: u64 = 8;
/// How long they send before the stop.
const BUSY: Duration = Duration::from_millis(700);

/// The trials.
pub fn trials() -> Vec<Trial> {
    vec![
        Trial::test(
            "at_a_stop_each_request_is_answered_or_was_never_taken",
            under_load,
        ),
        Trial::test(
            "clients_that_finish_nothing_do_not_hold_up_a_stop",
            among_the_slow,
        ),
    ]
}

/// What a submitter met until the log was gone.
#[derive(Default)]
struct Met {
    /// Entries that were answered with 200.
    logged: Vec<Vec<u8>>,
    /// Entries for which no answer came.
    unanswered: Vec<Vec<u8>>,
    /// Other answers than 200 and 503.
    strange: Vec<String>,
}

fn under_load() -> Result<(), Failed> {
    let mut town = Town::found(None)?;
    town.open_log()?;
    let bureau = Submitter::of(&town.enrol("bureau", "Bureau")?)?;
    let senders: Vec<_> = (0..SENDERS)
        .map(|sender| {
            let (bureau, url) = (bureau.clone(), town.url().to_owned());
            std::thread::spawn(move || send_until_gone(&bureau, &url, sender))
        })
        .collect();
    std::thread::sleep(BUSY);
    let begun = Instant::now();
    town.close_log()?;
    println!(
        "the log ended {} ms after SIGTERM",
        begun.elapsed().as_millis()
    );
    let met = senders.into_iter().map(|sender| {
        let met = sender.join();
        met.map_err(|_| Failed::from("a submitter panicked"))
    });
    let met = met.collect::<Result<Vec<Met>, Failed>>()?;
    town.open_log()?;
    let reader = Reader::read(&town)?;
    let is_logged = |entry: &Vec<u8>| reader.entries.iter().any(|logged| logged == entry);
    let count: usize = met.iter().map(|met| met.logged.len()).sum();
    assert!(count > 0, "nothing was answered before the stop");
    for met in met {
        assert!(met.strange.is_empty(), "{}", met.strange.join("\n"));
        assert!(met.logged.iter().all(is_logged), "an answer was lost");
        let unanswered = met.unanswered.iter().filter(|entry| is_logged(entry));
        assert_eq!(unanswered.count(), 0, "logged, and nobody was told");
    }
    Ok(())
}

/// Sends entries, each on a connection of its own, until the log takes none any more.
fn send_until_gone(bureau: &Submitter, url: &str, sender: u64) -> Met {
    let mut met = Met::default();
    for number in 0.. {
        let tag = bytes("stop", sender << 32 | number);
        let entry = bureau.entry(tag, bytes("stopped", number));
        match post(url, &entry) {
            Ok(answer) if answer.status == 200 => met.logged.push(entry),
            Ok(answer) if answer.status == 503 => {}
            Ok(answer) => met.strange.push(answer.text()),
            Err(_) => {
                met.unanswered.push(entry);
                return met;
            }
        }
    }
    met
}

fn among_the_slow() -> Result<(), Failed> {
    let mut town = Town::found(None)?;
    town.open_log()?;
    let address = town.url().trim_start_matches("http://").to_owned();
    let half = [
        "GET /v1/log HTTP/1.1\r\nhost: x\r\nx-half",
        "POST /v1/entries HTTP/1.1\r\nhost: x\r\ncontent-type: application/octet-stream\r\ncontent-length: 162\r\n\r\nhalf",
        "",
        // A whole one, whose answer nobody reads, and the connection stays.
        "GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n",
    ];
    let mut held = Vec::new();
    for text in half.iter().cycle().take(40) {
        let mut stream = TcpStream::connect(&address)?;
        stream.write_all(text.as_bytes())?;
        held.push(stream);
    }
    assert_eq!(town.get("/checkpoint")?.status, 200, "all are seated");
    let begun = Instant::now();
    town.close_log()?;
    println!(
        "the log ended {} ms after SIGTERM",
        begun.elapsed().as_millis()
    );
    drop(held);
    town.open_log()?;
    assert_eq!(town.get("/checkpoint")?.status, 200);
    Ok(())
}
