//! What goes wrong on the operator's side: a full disk, a taken port, a name that no option has, another log's keys.

use crate::submitter::{Submitter, bytes, post};
use demo::http;
use demo::person::Person;
use demo::process::{Process, ProcessError};
use demo::town::Town;
use libtest_mimic::{Failed, Trial};
use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::path::Path;
use std::time::{Duration, Instant};

/// The trials.
pub fn trials() -> Vec<Trial> {
    vec![
        Trial::test(
            "a_log_short_of_room_refuses_entries_serves_reads_and_goes_on_by_itself",
            short_of_room,
        ),
        Trial::test("a_port_that_is_taken_is_named", taken_port),
        Trial::test(
            "an_option_that_is_none_is_refused_with_the_nearest_name",
            misspelt_option,
        ),
        Trial::test(
            "a_log_does_not_start_with_the_keys_of_another_origin",
            other_keys,
        ),
        Trial::test("init_leaves_a_running_log_as_it_is", init_of_a_running_log),
    ]
}

/// CI machines are slow.
const PATIENCE: Duration = Duration::from_secs(30);

/// The log does not start with these options, and says why in a sentence that holds all of these words.
fn does_not_start(town: &Town, options: &[&str], words: &[&str]) -> Result<(), Failed> {
    let folder = town.log_folder().display().to_string();
    let diary = town.folder().join("refused.stderr");
    let _absent = fs::remove_file(&diary);
    let args = ["serve", &folder, "--json"];
    let args = args.iter().chain(options);
    let mut log = Process::start(Person::Log, args, &diary)?;
    match log.line(Duration::from_mins(1)) {
        Err(ProcessError::Ended(..)) => {
            says(&fs::read_to_string(diary)?, words);
            Ok(())
        }
        other => Err(format!("it should have ended: {other:?}").into()),
    }
}

/// No panic, and each of these words.
fn says(text: &str, words: &[&str]) {
    assert!(
        !text.trim().is_empty() && !text.contains("panicked"),
        "{text}"
    );
    for word in words {
        assert!(text.contains(word), "no {word} in {text}");
    }
}

/// Sets an option in the log's file.
fn set(town: &Town, option: &str) -> Result<(), Failed> {
    let config = town.log_folder().join("notarylog.toml");
    let text = fs::read_to_string(&config)?;
    Ok(fs::write(&config, format!("{option}\n{text}"))?)
}

fn taken_port() -> Result<(), Failed> {
    let town = Town::found(None)?;
    let taken = TcpListener::bind("127.0.0.1:0")?;
    let address = taken.local_addr()?.to_string();
    for option in ["--listen", "--admin-listen"] {
        does_not_start(&town, &[option, &address], &[&address])?;
    }
    Ok(())
}

fn misspelt_option() -> Result<(), Failed> {
    let town = Town::found(None)?;
    set(&town, "rate-per-bureua = \"5\"")?;
    let words = [
        "notarylog.toml:1",
        "rate-per-bureua",
        "mean `rate-per-bureau`",
    ];
    does_not_start(&town, &[], &words)?;
    let folder = town.log_folder();
    let shown = town.notarylog(["config".as_ref(), folder.as_os_str()])?;
    assert_eq!(shown.said.code, 2, "{:?}", shown.said);
    says(&shown.said.stderr, &words);
    Ok(())
}

fn other_keys() -> Result<(), Failed> {
    let (mut town, other) = (Town::found(None)?, Town::found(None)?);
    // The same folder under another name: the keys are bound to theirs.
    let config = town.log_folder().join("notarylog.toml");
    let text = fs::read_to_string(&config)?;
    let renamed = text.replace(demo::town::ORIGIN, "log.other.example/demo");
    assert_ne!(renamed, text);
    fs::write(&config, renamed)?;
    does_not_start(&town, &[], &["log.other.example/demo"])?;
    fs::write(&config, text)?;
    // A key of another log of the same name: the genesis names other ones.
    let mut keys = 0;
    for entry in fs::read_dir(other.log_folder().join("keys"))? {
        let theirs = entry?.path();
        let name = theirs.file_name().ok_or("a key without a name")?;
        let ours = town.log_folder().join("keys").join(name);
        let kept = fs::read(&ours)?;
        fs::copy(&theirs, &ours)?;
        does_not_start(&town, &[], &["genesis"])?;
        fs::write(&ours, kept)?;
        keys += 1;
    }
    assert_eq!(keys, 4);
    town.open_log()?;
    Ok(())
}

fn init_of_a_running_log() -> Result<(), Failed> {
    let mut town = Town::found(None)?;
    town.open_log()?;
    let init = ["init", "log", "--origin", "log.other.example/demo"];
    let said = town.notarylog(init)?.said;
    assert!(matches!(said.code, 1..=5), "{said:?}");
    says(&said.stderr, &["log"]);
    let about = town.get("/v1/log")?.json();
    assert_eq!(
        (&about["origin"], &about["state"]),
        (&demo::town::ORIGIN.into(), &"serving".into())
    );
    town.enrol("bureau", "Bureau")?;
    Ok(())
}

fn short_of_room() -> Result<(), Failed> {
    let name = "a_log_short_of_room_refuses_entries_serves_reads_and_goes_on_by_itself";
    let Some(small) = std::env::var_os("NOTARYLOG_SMALL_FOLDER") else {
        if std::env::var("CI").is_ok_and(|ci| ci == "true") {
            return Err("NOTARYLOG_SMALL_FOLDER names no small file system, and CI=true".into());
        }
        println!("SKIPPED {name}: NOTARYLOG_SMALL_FOLDER names no small file system");
        return Ok(());
    };
    let disk = tempfile::tempdir_in(small)?;
    let mut town = Town::found(None)?;
    let anchor = town.folder().join("anchor");
    // The log's folder lies on the small disk; its journal, whose first segment is larger than that disk, does not.
    let folder = disk.path().join("log");
    crate::backup::copy(&town.log_folder(), &folder)?;
    fs::remove_dir_all(town.log_folder())?;
    std::os::unix::fs::symlink(&folder, town.log_folder())?;
    let config = folder.join("notarylog.toml");
    let text = fs::read_to_string(&config)?;
    let text = text.lines().filter(|line| !line.starts_with("anchor"));
    let text: Vec<&str> = text.collect();
    let options = format!(
        "anchor = \"{}\"\ndisk-reserve = \"300KiB\"\n",
        anchor.display()
    );
    fs::write(&config, options + &text.join("\n") + "\n")?;
    town.open_log()?;
    let bureau = Submitter::of(&town.enrol("bureau", "Bureau")?)?;
    let entry = |number| bureau.entry(bytes("tag", number), bytes("commitment", number));
    assert_eq!(post(town.url(), &entry(0))?.status, 200);

    let ballast = disk.path().join("ballast");
    leave(&ballast, disk.path(), 250 << 10)?;
    until(&town, &entry(1), 507)?;
    let told = post(town.url(), &entry(1))?;
    assert_eq!(told.problem().as_deref(), Some("disk-full"));
    assert!(told.header("retry-after").is_some());
    let ready = http::get(town.admin_url(), "/readyz")?;
    assert_eq!(ready.status, 503, "{}", ready.text());
    // 250 KiB are there for what must go on.
    for path in [
        "/checkpoint",
        "/v1/receipts/0",
        "/tile/entries/000.p/3",
        "/v1/log",
    ] {
        assert_eq!(town.get(path)?.status, 200, "{path}");
    }
    fs::remove_file(&ballast)?;
    until(&town, &entry(1), 200)?;
    assert_eq!(http::get(town.admin_url(), "/readyz")?.status, 200);
    town.close_log()?;
    let folder = town.log_folder();
    town.notarylog(["check".as_ref(), folder.as_os_str()])?
        .done()?;
    Ok(())
}

/// Fills the disk so that about so many bytes are left.
fn leave(ballast: &Path, folder: &Path, bytes: u64) -> Result<(), Failed> {
    let mut file = fs::File::create(ballast)?;
    loop {
        let system = rustix::fs::statvfs(folder)?;
        if system.f_bavail * system.f_frsize <= bytes {
            return Ok(());
        }
        file.write_all(&[0; 4096])?;
    }
}

/// Sends the entry until it is answered so.
fn until(town: &Town, entry: &[u8], status: u16) -> Result<(), Failed> {
    let begun = Instant::now();
    loop {
        let answer = post(town.url(), entry)?;
        if answer.status == status {
            return Ok(());
        }
        if begun.elapsed() > PATIENCE {
            return Err(format!("still {}: {}", answer.status, answer.text()).into());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}
