//! A sender who lost the answer sends again: the same content has the same index for ever.

use crate::reader::{Reader, number};
use crate::submitter::{Submitter, bytes, post, with_high_s};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use demo::media;
use demo::person::Person;
use demo::process::Process;
use demo::town::Town;
use libtest_mimic::{Failed, Trial};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

/// The trials.
pub fn trials() -> Vec<Trial> {
    vec![
        Trial::test(
            "the_same_content_has_the_same_index_for_ever_and_other_content_is_refused",
            same_index,
        ),
        Trial::test(
            "a_batch_answers_new_and_repeated_entries_alike",
            mixed_batch,
        ),
        Trial::test(
            "a_run_killed_before_its_answer_sends_the_same_bytes_again",
            killed_run,
        ),
    ]
}

fn index(town: &Town, entry: &[u8]) -> Result<(u64, Vec<u8>), Failed> {
    let answer = post(town.url(), entry)?;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let result = answer.json()["results"][0].take();
    let stored = STANDARD.decode(result["entry"].as_str().unwrap_or_default())?;
    Ok((number(&result, "index")?, stored))
}

fn same_index() -> Result<(), Failed> {
    let mut town = Town::found(None)?;
    town.open_log()?;
    let bureau = Submitter::of(&town.enrol("bureau", "Bureau")?)?;
    let entry = bureau.entry(bytes("tag", 0), bytes("commitment", 0));
    let first = index(&town, &entry)?;
    assert_eq!(first.1, entry, "what was sent is what is stored");
    assert_eq!(index(&town, &entry)?, first, "the same bytes");
    // Half of what openssl, Java and hardware keys sign has a high S; it is the same entry, and the first stays stored.
    assert_eq!(index(&town, &with_high_s(&entry)?)?, first, "the other S");

    let other = bureau.entry(bytes("tag", 0), bytes("commitment", 1));
    for _ in 0..2 {
        let refused = post(town.url(), &other)?;
        assert_eq!(
            (refused.status, refused.problem().as_deref()),
            (409, Some("slot-taken"))
        );
        assert_eq!(
            number(&refused.json(), "index")?,
            first.0,
            "who holds the slot"
        );
    }
    // The slot is the bureau's own: another bureau may set the same tag, or it could be squatted.
    let neighbour = Submitter::of(&town.enrol("neighbour", "Neighbour")?)?;
    let theirs = index(
        &town,
        &neighbour.entry(bytes("tag", 0), bytes("commitment", 1)),
    )?;
    assert_ne!(theirs.0, first.0);

    town.kill_log();
    town.open_log()?;
    assert_eq!(
        index(&town, &entry)?,
        first,
        "after kill -9 and a new start"
    );
    town.close_log()?;
    town.open_log()?;
    assert_eq!(index(&town, &entry)?, first, "after an orderly restart");
    assert_eq!(post(town.url(), &other)?.status, 409);
    Ok(())
}

fn mixed_batch() -> Result<(), Failed> {
    let mut town = Town::found(None)?;
    town.open_log()?;
    let bureau = Submitter::of(&town.enrol("bureau", "Bureau")?)?;
    let entry = |n| bureau.entry(bytes("tag", n), bytes("commitment", n));
    let (held, _) = index(&town, &entry(0))?;
    let taken = bureau.entry(bytes("tag", 0), bytes("commitment", 9));
    let mut unsigned = entry(3);
    *unsigned.last_mut().ok_or("an empty entry")? ^= 1;
    // New, repeated, new twice in one body, taken, badly signed.
    let batch = [entry(1), entry(0), entry(2), entry(2), taken, unsigned].concat();
    let answer = post(town.url(), &batch)?;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let document = answer.json();
    let results = document["results"].as_array().ok_or("no results")?;
    let statuses: Vec<u64> = results
        .iter()
        .map(|result| number(result, "status"))
        .collect::<Result<_, _>>()?;
    assert_eq!(statuses, [200, 200, 200, 200, 409, 403]);
    assert_eq!(number(&results[1], "index")?, held);
    assert_eq!(number(&results[2], "index")?, number(&results[3], "index")?);
    assert_eq!(number(&results[4], "index")?, held);
    assert_eq!(
        demo::http::problem(&results[5]).as_deref(),
        Some("bad-signature")
    );
    let reader = Reader::read(&town)?;
    assert_eq!(
        number(&document, "size")?,
        held + 3,
        "two new entries, no more"
    );
    for result in &results[..4] {
        crate::receipt::check(&reader, &document, result)?;
    }
    Ok(())
}

fn killed_run() -> Result<(), Failed> {
    let mut town = Town::found(None)?;
    town.open_log()?;
    let bureau = town.enrol("bureau", "Bureau")?;
    bureau.open_case("A 1")?;
    let photo = bureau.write(media::PHOTO.name, media::PHOTO.bytes)?;
    let before = Reader::read(&town)?.size.get();

    // Between bureau and log stands a line that carries the entry there and loses the answer.
    let (lost, was_lost) = channel();
    let line = lossy_line(town.url(), lost)?;
    let args: Vec<std::ffi::OsString> = vec![
        "submit".into(),
        "--log".into(),
        line.into(),
        "--key".into(),
        bureau.path("bureau.pem").into(),
        "--case".into(),
        bureau.path("case.json").into(),
        photo.into(),
    ];
    let mut run = Process::start(Person::Notary, args, &bureau.path("notary.stderr"))?;
    was_lost.recv_timeout(Duration::from_mins(1))?;
    run.kill();
    let logged = Reader::read(&town)?;
    assert_eq!(
        logged.size.get(),
        before + 1,
        "the log has the entry, and the bureau no answer"
    );
    let proof = bureau.path("photo.jpg.tlog-proof");
    assert!(!proof.exists());

    let url = town.url();
    for run in ["the second run", "a third run, with the proof at hand"] {
        bureau.submit(url, [media::PHOTO.name])?;
        assert_eq!(
            Reader::read(&town)?.size.get(),
            before + 1,
            "{run} logs nothing new"
        );
    }
    let receipt = tlog::Receipt::parse(&bureau.read("photo.jpg.tlog-proof")?)?;
    assert_eq!(receipt.index().get(), before);
    assert_eq!(
        receipt.extra(),
        logged.entry(receipt.index()),
        "the very bytes of the first run"
    );
    Ok(())
}

/// A line to the log at `url`: carries everything, until it has seen the log answer a POST of entries; that answer it
/// keeps, says so to `lost`, and holds the connection open in silence.
fn lossy_line(url: &str, lost: Sender<()>) -> Result<String, Failed> {
    let log = url.trim_start_matches("http://").to_owned();
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        for from_bureau in listener.incoming().map_while(Result::ok) {
            let (log, lost) = (log.clone(), lost.clone());
            std::thread::spawn(move || carry(from_bureau, &log, &lost));
        }
    });
    Ok(format!("http://{address}"))
}

fn carry(mut bureau: TcpStream, log: &str, lost: &Sender<()>) -> std::io::Result<()> {
    let mut to_log = TcpStream::connect(log)?;
    let mut from_log = to_log.try_clone()?;
    let mut to_bureau = bureau.try_clone()?;
    let posted = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let seen = std::sync::Arc::clone(&posted);
    let lost = lost.clone();
    std::thread::spawn(move || {
        let mut buffer = [0; 16_384];
        while let Ok(count @ 1..) = from_log.read(&mut buffer) {
            if seen.load(std::sync::atomic::Ordering::SeqCst) {
                let _ = lost.send(());
                continue;
            }
            if to_bureau.write_all(&buffer[..count]).is_err() {
                break;
            }
        }
    });
    let mut buffer = [0; 16_384];
    loop {
        let count = bureau.read(&mut buffer)?;
        if count == 0 {
            return Ok(());
        }
        if buffer[..count]
            .windows(16)
            .any(|window| window == b"POST /v1/entries")
        {
            posted.store(true, std::sync::atomic::Ordering::SeqCst);
        }
        to_log.write_all(&buffer[..count])?;
    }
}
