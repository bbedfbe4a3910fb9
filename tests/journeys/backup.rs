//! A backup, and the day when it is needed.

use super::witnessed::{self, DATABASE, PATIENCE, entry, read_only, stored, until};
use crate::backup::copy;
use crate::reader::{Reader, number};
use crate::submitter::{Submitter, post};
use demo::http;
use demo::person::Person;
use demo::process::Process;
use demo::town::Town;
use libtest_mimic::{Failed, Trial};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// The trials.
pub fn trials() -> Vec<Trial> {
    vec![
        Trial::test(
            "a_backup_made_under_load_and_what_is_left_of_the_original_give_the_whole_log_back",
            with_the_originals,
        ),
        Trial::test(
            "a_log_restored_from_its_backup_alone_only_reads_and_says_what_to_do",
            alone,
        ),
        Trial::test(
            "the_witnesses_tell_whether_a_backup_holds_everything",
            with_witnesses,
        ),
    ]
}

fn many(bureau: &Submitter, names: std::ops::Range<u64>) -> Vec<u8> {
    names.flat_map(|name| entry(bureau, name)).collect()
}

/// A town without witnesses and with 300 entries, of which 256 lie in tiles.
fn town() -> Result<(Town, Submitter), Failed> {
    let mut town = Town::found(None)?;
    town.open_log()?;
    let bureau = Submitter::of(&town.enrol("bureau", "Bureau")?)?;
    let answer = post(town.url(), &many(&bureau, 0..300))?;
    assert_eq!(answer.status, 200, "{}", answer.text());
    stored(&town, 256)?;
    Ok((town, bureau))
}

/// Makes a backup, which must be clean; answers what the program says.
fn back_up(town: &Town, to: &str) -> Result<Value, Failed> {
    let said = town.notarylog(["backup", "log", to, "--json"])?.done()?;
    let said: Value = serde_json::from_str(&said.stdout)?;
    assert_eq!(said["event"], "backed-up");
    no_key_in(&town.folder().join(to))?;
    town.notarylog(["check", to])?.done()?;
    Ok(said)
}

fn restore(town: &Town, args: &[&str]) -> Result<Value, Failed> {
    let args = ["restore"].iter().chain(args).chain(&["--json"]);
    let said = town.notarylog(args)?.done()?;
    Ok(serde_json::from_str(&said.stdout)?)
}

fn no_key_in(folder: &Path) -> Result<(), Failed> {
    for file in fs::read_dir(folder)? {
        let path = file?.path();
        if path.is_dir() {
            no_key_in(&path)?;
        } else {
            let bytes = fs::read(&path)?;
            let has_key = bytes.windows(11).any(|window| window == b"PRIVATE KEY");
            assert!(!has_key, "{} holds a key", path.display());
        }
    }
    Ok(())
}

fn with_the_originals() -> Result<(), Failed> {
    let (mut town, bureau) = town()?;
    let (over, url) = (AtomicBool::new(false), town.url().to_owned());
    let (said, next) = std::thread::scope(|scope| {
        let load = scope.spawn(|| {
            let mut next = 300;
            while !over.load(Ordering::SeqCst) {
                match post(&url, &many(&bureau, next..next + 20)) {
                    Ok(answer) if answer.status == 200 => next += 20,
                    other => panic!("{other:?}"),
                }
            }
            next
        });
        // The load is under way before the copy begins, and after it has ended.
        let said = until(|| Ok(Reader::read(&town)?.size.get() > 350))
            .and_then(|()| back_up(&town, "kept"));
        over.store(true, Ordering::SeqCst);
        let next = load.join().map_err(|_| Failed::from("the load failed"))?;
        Ok::<_, Failed>((said?, next))
    })?;
    let copied = number(&said, "entries")?;
    assert!(copied > 350, "{said}");
    assert!(number(&said, "journal")? >= copied, "{said}");

    let again = town.notarylog(["backup", "log", "kept"])?.said;
    assert_eq!(again.code, 2, "nothing is overwritten: {again:?}");
    let answer = post(town.url(), &many(&bureau, next..next + 300))?;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let before = Reader::read(&town)?;
    assert!(before.size.get() > copied);
    town.close_log()?;

    let refused = town.notarylog(["restore", "kept", "log"])?.said;
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(refused.stderr.contains("move log.sqlite"), "{refused:?}");
    for part in DATABASE {
        let _absent = fs::remove_file(town.log_folder().join(part));
    }
    let said = restore(&town, &["kept", "log"])?;
    assert_eq!(said["journal"], "original", "{said}");
    // At the stop the log wrote an entry of its own.
    assert_eq!(number(&said, "journal_size")?, before.size.get() + 1);
    town.open_log()?;
    town.log_serves()?;
    let after = Reader::read(&town)?;
    assert_eq!(after.size.get(), before.size.get() + 1);
    assert_eq!(after.root(before.size), before.roots.last());
    let answer = post(town.url(), &entry(&bureau, next + 299))?;
    let index = number(&answer.json()["results"][0], "index")?;
    assert_eq!(index, before.size.get() - 1, "the same index as before");
    let answer = post(town.url(), &entry(&bureau, next + 300))?;
    assert_eq!(answer.status, 200, "{}", answer.text());
    town.close_log()?;
    town.notarylog(["check", "log"])?.done()?;
    Ok(())
}

/// Starts the log in a folder of the town.
fn serve(town: &Town, folder: &str) -> Result<(Process, String), Failed> {
    let diary = town.folder().join(format!("{folder}.stderr"));
    let args = ["serve", folder, "--json"];
    let mut process = Process::start_in(Person::Log, args, town.folder(), &diary)?;
    let first: Value = serde_json::from_str(&process.line(PATIENCE)?)?;
    let url = first["url"].as_str().ok_or("no address")?.to_owned();
    Ok((process, url))
}

fn alone() -> Result<(), Failed> {
    let (mut town, bureau) = town()?;
    let copied = number(&back_up(&town, "kept")?, "entries")?;
    let answer = post(town.url(), &many(&bureau, 300..400))?;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let before = Reader::read(&town)?;
    town.close_log()?;

    let said = restore(&town, &["kept", "fresh", "--anchor", "journal-of-fresh"])?;
    assert_eq!(
        (&said["journal"], &said["keys"]),
        (&"backup".into(), &false.into())
    );
    let refused = town.notarylog(["serve", "fresh"])?.said;
    assert_eq!(refused.code, 5, "no keys: {refused:?}");
    fs::remove_dir_all(town.folder().join("fresh"))?;
    let with_keys = [
        "kept",
        "fresh",
        "--anchor",
        "journal-of-fresh",
        "--keys",
        "log/keys",
    ];
    let said = restore(&town, &with_keys)?;
    assert_eq!(
        (&said["journal"], &said["keys"]),
        (&"backup".into(), &true.into())
    );
    for _ in 0..2 {
        let (process, url) = serve(&town, "fresh")?;
        let why = read_only(&url, "read-only")?["why"].to_string();
        assert!(
            why.contains("Put the original's journal in the place"),
            "{why}"
        );
        assert_eq!(post(&url, &entry(&bureau, 0))?.status, 503);
        let receipt = http::get(&url, "/v1/receipts/7")?;
        assert_ne!(receipt.status, 500, "reads go on");
        assert_eq!(http::get(&url, "/tile/0/000")?.status, 200);
        process.stop(PATIENCE)?;
    }
    town.notarylog(["check", "fresh"])?.done()?;

    // The original's journal turns up.
    let journal = town.folder().join("journal-of-fresh");
    fs::remove_dir_all(&journal)?;
    copy(&town.folder().join("anchor"), &journal)?;
    let (process, url) = serve(&town, "fresh")?;
    let answer = post(&url, &entry(&bureau, 399))?;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(before.size.get() > copied);
    let index = number(&answer.json()["results"][0], "index")?;
    assert_eq!(index, before.size.get() - 1, "the same index as before");
    process.stop(PATIENCE)?;
    Ok(())
}

fn with_witnesses() -> Result<(), Failed> {
    let (mut town, bureau) = witnessed::town()?;
    witnessed::witnessed(town.url(), &entry(&bureau, 0))?;
    back_up(&town, "older")?;
    witnessed::witnessed(town.url(), &entry(&bureau, 1))?;
    town.close_log()?;
    let newest = number(&back_up(&town, "newest")?, "entries")?;

    // The machine is lost with its journal; the keys were kept apart.
    let args = |from, folder| [from, folder, "--keys", "log/keys", "--anchor", "elsewhere"];
    restore(&town, &args("older", "lost"))?;
    let (process, url) = serve(&town, "lost")?;
    let why = read_only(&url, "read-only")?["why"].to_string();
    assert!(why.contains("went back"), "{why}");
    assert_eq!(post(&url, &entry(&bureau, 2))?.status, 503);
    process.stop(PATIENCE)?;

    fs::remove_dir_all(town.folder().join("elsewhere"))?;
    restore(&town, &args("newest", "saved"))?;
    let mark = town.folder().join("elsewhere/from-backup.json");
    assert!(mark.exists());
    let (process, url) = serve(&town, "saved")?;
    let (index, _) = witnessed::witnessed(&url, &entry(&bureau, 2))?;
    assert_eq!(index, newest, "nothing was lost, and it goes on by itself");
    until(|| Ok(!mark.exists()))?;
    process.stop(PATIENCE)?;
    Ok(())
}
