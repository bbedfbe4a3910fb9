//! The log's folder: one log in it, one process on it, and keys for its owner alone.

use demo::person::Person;
use demo::process::{Process, Said};
use demo::town::{ORIGIN, Town};
use libtest_mimic::{Failed, Trial};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// The trials.
pub fn trials() -> Vec<Trial> {
    vec![
        Trial::test(
            "a_second_serve_on_the_folder_is_refused_and_the_first_goes_on",
            second_serve,
        ),
        Trial::test(
            "init_refuses_a_folder_that_is_not_empty_and_changes_nothing_in_it",
            second_init,
        ),
        Trial::test(
            "the_keys_that_init_makes_are_for_their_owner_alone_and_serve_refuses_others",
            loose_keys,
        ),
        Trial::test("commands_that_only_read_work_beside_a_running_log", readers),
    ]
}

fn second_serve() -> Result<(), Failed> {
    let mut town = Town::found(None)?;
    town.open_log()?;
    let folder = town.log_folder();
    let second = town.notarylog(["serve".as_ref(), folder.as_os_str()])?.said;
    refused(&second);
    let first = town.log_process().unwrap_or_default().to_string();
    assert!(second.stderr.contains(&first), "who holds it: {second:?}");
    assert_eq!(
        town.get("/checkpoint")?.status,
        200,
        "the first log goes on"
    );
    town.close_log()?;
    town.open_log()?;
    Ok(())
}

fn second_init() -> Result<(), Failed> {
    let town = Town::found(None)?;
    let before = contents(&town.log_folder())?;
    assert!(!before.is_empty());
    let again = ["init", "log", "--origin", ORIGIN];
    refused(&town.notarylog(again)?.said);
    assert_eq!(
        contents(&town.log_folder())?,
        before,
        "the log's folder is as it was"
    );

    let strange = town.home("strange")?;
    strange.write("diary.txt", b"somebody else's")?;
    refused(
        &town
            .notarylog(["init", "strange", "--origin", ORIGIN])?
            .said,
    );
    assert_eq!(
        contents(strange.folder())?.len(),
        1,
        "nothing was put beside it"
    );
    Ok(())
}

fn loose_keys() -> Result<(), Failed> {
    let mut town = Town::found(None)?;
    let mut keys = Vec::new();
    for folder in ["keys", "admin"] {
        for entry in std::fs::read_dir(town.log_folder().join(folder))? {
            let path = entry?.path();
            let mode = std::fs::metadata(&path)?.permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{}", path.display());
            keys.push(path);
        }
    }
    assert_eq!(
        keys.len(),
        7,
        "four keys of the log, three of administrators"
    );

    let key = town.log_folder().join("keys/p256.pem");
    for mode in [0o640, 0o604, 0o660] {
        std::fs::set_permissions(&key, Permissions::from_mode(mode))?;
        let folder = town.log_folder();
        let mut log = Process::start(
            Person::Log,
            ["serve".as_ref(), folder.as_os_str(), "--json".as_ref()],
            &town.diary(),
        )?;
        let line = log.line(std::time::Duration::from_mins(1));
        assert!(
            line.is_err(),
            "mode {mode:o}: the log opened all the same: {line:?}"
        );
    }
    let diary = std::fs::read_to_string(town.diary())?;
    assert!(
        diary.contains("p256.pem"),
        "the log says which key file others can read: {diary}"
    );
    std::fs::set_permissions(&key, Permissions::from_mode(0o600))?;
    town.open_log()?;

    // The same holds for whoever signs with a key file: here an administrator.
    let admin = town.log_folder().join("admin/1.pem");
    std::fs::set_permissions(&admin, Permissions::from_mode(0o644))?;
    assert!(
        town.enrol("bureau", "Bureau").is_err(),
        "an administrator's key that others can read"
    );
    std::fs::set_permissions(&admin, Permissions::from_mode(0o600))?;
    Ok(())
}

fn readers() -> Result<(), Failed> {
    let mut town = Town::found(None)?;
    town.open_log()?;
    town.enrol("bureau", "Bureau")?;
    let folder = town.log_folder();
    town.notarylog(["check".as_ref(), folder.as_os_str()])?
        .done()?;
    town.notarylog(["check", town.url()])?.done()?;
    let config = town
        .notarylog(["config".as_ref(), folder.as_os_str()])?
        .done()?;
    assert!(config.stdout.contains(ORIGIN), "{}", config.stdout);
    assert_eq!(town.get("/checkpoint")?.status, 200);
    Ok(())
}

/// Refused in words that say why, without a panic.
fn refused(said: &Said) {
    assert!(matches!(said.code, 1..=5), "{said:?}");
    assert!(
        !said.stderr.trim().is_empty() && !said.stderr.contains("panicked"),
        "{said:?}"
    );
}

/// Every file below a folder with the SHA-256 of its bytes.
fn contents(folder: &Path) -> Result<BTreeMap<String, String>, Failed> {
    let mut contents = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let hash = Sha256::digest(std::fs::read(&path)?);
                contents.insert(path.display().to_string(), hex::encode(hash));
            }
        }
    }
    Ok(contents)
}
