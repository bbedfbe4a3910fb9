//! A signed list of logs: a witness takes it from a file or from an address, enrols what is new, and changes nothing.

use crate::small_log::SmallLog;
use crate::witness_house::WitnessHouse;
use libtest_mimic::{Failed, Trial};
use std::fmt::Write as _;
use std::net::TcpListener;
use std::time::{Duration, Instant};

/// The trials.
pub fn trials() -> Vec<Trial> {
    vec![
        Trial::test(
            "a_signed_list_adds_logs_to_a_witness_and_changes_none",
            from_a_file,
        ),
        Trial::test(
            "a_running_witness_takes_each_issue_of_a_list_from_its_address_and_reports_what_it_does_not_take",
            from_an_address,
        ),
    ]
}

const PATIENCE: Duration = Duration::from_mins(1);

/// An issue of the list, with all keys of these logs.
fn issue(signer: &SmallLog, sequence: u64, logs: &[&SmallLog]) -> Result<String, Failed> {
    let mut text = format!("notarylog/witness-logs@v1\nsequence {sequence}\n");
    for vkey in logs.iter().flat_map(|log| log.vkeys()) {
        writeln!(text, "log {vkey}")?;
    }
    let line = signer.sign_text(&text)?;
    Ok(format!("{text}\n{line}"))
}

fn from_a_file() -> Result<(), Failed> {
    let (signer, listed) = (
        SmallLog::new("lists.example/logs")?,
        SmallLog::new("log.example/listed")?,
    );
    let mut house = WitnessHouse::found()?;
    let file = house.beside("logs.list");
    let write = |sequence: u64, listed: &SmallLog| -> Result<(), Failed> {
        Ok(std::fs::write(&file, issue(&signer, sequence, &[listed])?)?)
    };
    let path = file.display().to_string();
    let key = signer.vkeys()[0].to_string();
    let options = ["--first-run", "--log-list", &path, "--log-list-key", &key];
    write(7, &listed)?;
    house.open(&options)?;
    house.wait_for(200, &listed.step(0, 5)?)?;
    house.close()?;
    // An older issue, and a newer one with another key for a known log: both are refused and reported, the log stays.
    let other = SmallLog::new("log.example/listed")?;
    for (sequence, said) in [(6, "the sequence 6"), (8, "enrolled with other keys")] {
        write(sequence, &other)?;
        house.open(&options)?;
        house.wait_for(200, &listed.step(5, 5)?)?;
        assert_eq!(house.post(&other.step(5, 5)?)?.status, 403);
        house.close()?;
        assert!(house.diary()?.contains(said), "{said}: {}", house.diary()?);
    }
    Ok(())
}

fn from_an_address() -> Result<(), Failed> {
    let named = |name: &str| SmallLog::new(&format!("log.example/{name}"));
    let (known, first, second, third) = (
        named("known")?,
        named("first")?,
        named("second")?,
        named("third")?,
    );
    let signer = SmallLog::new("lists.example/logs")?;
    let mut house = WitnessHouse::found()?;
    house.enrol(&known, None)?;
    // Nobody is there yet.
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
    let (url, key) = (
        format!("http://{address}/witness-logs"),
        signer.vkeys()[0].to_string(),
    );
    let list = ["--log-list", &url, "--log-list-key", &key];
    let options = ["--first-run", "--log-list-every", "1"];
    house.open(&[&options[..], &list].concat())?;
    reports(&house, "The signed list of logs was not taken: ")?;
    house.cosigned(&known.step(0, 5)?)?;

    signer.serve(issue(&signer, 7, &[&first])?);
    signer.open_at(&address)?;
    house.wait_for(200, &first.step(0, 5)?)?;

    // Other keys for a known origin: that is refused and reported, the rest of the issue is taken.
    let impostor = named("first")?;
    signer.serve(issue(&signer, 8, &[&impostor, &second])?);
    house.wait_for(200, &second.step(0, 5)?)?;
    reports(&house, "enrolled with other keys")?;
    assert_eq!(house.post(&impostor.step(5, 6)?)?.status, 403);
    house.cosigned(&first.step(5, 6)?)?;

    let forger = SmallLog::new("lists.example/logs")?;
    signer.serve(issue(&forger, 9, &[&third])?);
    reports(&house, "not signed by the key in log-list-key")?;
    assert_eq!(house.post(&third.step(0, 5)?)?.status, 404);

    signer.serve(issue(&signer, 9, &[&third])?);
    house.wait_for(200, &third.step(0, 5)?)?;
    let metrics = house.admin("/metrics")?.text();
    let refusals = metrics
        .lines()
        .find_map(|line| line.strip_prefix("notarylog_witness_list_refusals_total "))
        .ok_or("no count of refusals")?;
    assert!(refusals.parse::<u64>()? >= 3, "{refusals}");
    house.close()
}

/// Waits until the witness has written this to its diary.
fn reports(house: &WitnessHouse, what: &str) -> Result<(), Failed> {
    let begun = Instant::now();
    while !house.diary()?.contains(what) {
        if begun.elapsed() > PATIENCE {
            return Err(format!("no word of {what:?}: {}", house.diary()?).into());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}
