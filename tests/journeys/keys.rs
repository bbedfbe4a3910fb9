//! Keys of bureaus: valid by position in the log, and by nothing else.

use crate::reader::{Reader, number};
use crate::submitter::{Submitter, bytes, post};
use demo::town::{Home, Town};
use libtest_mimic::{Failed, Trial};
use serde_json::Value;
use std::sync::atomic::{AtomicBool, Ordering};

/// The trials.
pub fn trials() -> Vec<Trial> {
    vec![
        Trial::test(
            "a_rotated_key_ends_where_the_new_one_begins_and_the_bureaus_slots_stay_set",
            rotation,
        ),
        Trial::test(
            "a_revoked_key_logs_nothing_after_its_revocation_even_under_load",
            revocation,
        ),
        Trial::test(
            "one_administrator_alone_enrols_nobody_and_no_key_is_enrolled_twice",
            who_may_enrol,
        ),
    ]
}

fn open() -> Result<(Town, Home), Failed> {
    let mut town = Town::found(None)?;
    town.open_log()?;
    let home = town.enrol("bureau", "Bureau")?;
    Ok((town, home))
}

/// The public row of a key.
fn row(town: &Town, key: &Submitter) -> Result<Value, Failed> {
    let mut keys = town.get("/v1/keys")?.json();
    let id = hex::encode(key.key_id());
    let rows = keys["keys"]
        .as_array_mut()
        .ok_or("/v1/keys lists no keys")?;
    let found = rows
        .iter_mut()
        .find(|row| row["key_id"] == id)
        .map(Value::take);
    found.ok_or_else(|| format!("/v1/keys does not list {id}").into())
}

fn status(url: &str, entry: &[u8]) -> Result<(u16, Option<String>), Failed> {
    let answer = post(url, entry)?;
    Ok((answer.status, answer.problem()))
}

fn refused(slug: &str) -> (u16, Option<String>) {
    (
        if slug == "slot-taken" { 409 } else { 403 },
        Some(slug.to_owned()),
    )
}

fn rotation() -> Result<(), Failed> {
    let (mut town, home) = open()?;
    let old = Submitter::of(&home)?;
    let logged = old.entry(bytes("tag", 0), bytes("commitment", 0));
    assert_eq!(status(town.url(), &logged)?.0, 200);
    home.notary(["key", "new", "next.pem"])?.done()?;
    let new = Submitter::with_key(&home, "next.pem")?;
    let early = new.entry(bytes("tag", 1), bytes("commitment", 1));
    assert_eq!(
        status(town.url(), &early)?,
        refused("unknown-key"),
        "before its enrolment"
    );

    let id = hex::encode(old.key_id());
    town.admin(
        [
            "bureau", "rotate", "--old", &id, "--role", "submit", "--key",
        ],
        &home.path("next.pem"),
    )?
    .done()?;
    for round in ["at once", "after a restart"] {
        assert_eq!(status(town.url(), &early)?.0, 200, "the new key, {round}");
        let late = old.entry(bytes("tag", 2), bytes("commitment", 2));
        assert_eq!(
            status(town.url(), &late)?,
            refused("revoked-key"),
            "the old key, {round}"
        );
        assert_eq!(
            status(town.url(), &logged)?.0,
            200,
            "what the old key logged keeps its place, {round}"
        );
        let again = new.entry(bytes("tag", 0), bytes("commitment", 0));
        assert_eq!(
            status(town.url(), &again)?,
            refused("slot-taken"),
            "the slot is the bureau's, not the key's, {round}"
        );
        town.kill_log();
        town.open_log()?;
    }
    let (old_row, new_row) = (row(&town, &old)?, row(&town, &new)?);
    assert_eq!(old_row["bureau_id"], new_row["bureau_id"]);
    assert_eq!(
        old_row["revoked_at"], new_row["enrolled_at"],
        "one notice, one position"
    );
    town.notarylog(["check", town.url()])?.done()?;
    Ok(())
}

fn revocation() -> Result<(), Failed> {
    let (town, home) = open()?;
    let bureau = Submitter::of(&home)?;
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| -> Result<(), Failed> {
        let senders: Vec<_> = (0..3_u64)
            .map(|sender| {
                let (bureau, over, url) = (&bureau, &over, town.url());
                scope.spawn(move || -> Result<u64, Failed> {
                    for n in 0.. {
                        let number = sender << 32 | n;
                        match status(
                            url,
                            &bureau.entry(bytes("tag", number), bytes("commitment", number)),
                        )? {
                            (200, _) if over.load(Ordering::SeqCst) => {
                                return Err("a revoked key logged".into());
                            }
                            (200, _) => {}
                            other if other == refused("revoked-key") => return Ok(n),
                            (status, problem) => return Err(format!("{status} {problem:?}").into()),
                        }
                    }
                    Ok(0)
                })
            })
            .collect();
        std::thread::sleep(std::time::Duration::from_millis(300));
        let id = hex::encode(bureau.key_id());
        let mut revoke = vec![
            "bureau",
            "revoke",
            "--old",
            &id,
            "--reason",
            "lost",
            "--log",
            town.url(),
        ];
        revoke.extend(["--admin", "log/admin/1.pem", "--admin", "log/admin/3.pem"]);
        town.notarylog(revoke)?.done()?;
        // A sender that begins from here on must be refused; one that is on its way may have been let in before.
        std::thread::sleep(std::time::Duration::from_millis(200));
        over.store(true, Ordering::SeqCst);
        for sender in senders {
            let logged = sender.join().map_err(|_| "a sender panicked")??;
            assert!(logged > 0, "no entry was logged before the revocation");
        }
        Ok(())
    })?;
    let row = row(&town, &bureau)?;
    let (enrolled, revoked) = (number(&row, "enrolled_at")?, number(&row, "revoked_at")?);
    let reader = Reader::read(&town)?;
    for (index, entry) in (0..).zip(&reader.entries) {
        if entry[2..34] == *bureau.key_id() {
            assert!(
                enrolled < index && index < revoked,
                "entry {index} by a key valid from {enrolled} to {revoked}"
            );
        }
    }
    town.notarylog(["check", town.url()])?.done()?;
    Ok(())
}

fn who_may_enrol() -> Result<(), Failed> {
    let (town, home) = open()?;
    let before = Reader::read(&town)?.size;
    let url = town.url();
    let enrol = |key: &str, admins: [&str; 2]| -> Result<i32, Failed> {
        let mut args = vec![
            "bureau", "enrol", "--log", url, "--name", "Other", "--role", "submit", "--key", key,
        ];
        args.extend(admins.into_iter().flat_map(|admin| ["--admin", admin]));
        Ok(town.notarylog(args)?.said.code)
    };
    let other = town.home("other")?;
    other.notary(["key", "new", "bureau.pem"])?.done()?;
    let [one, two] = ["log/admin/1.pem", "log/admin/2.pem"];
    assert_ne!(
        enrol("other/bureau.pem", [one, one])?,
        0,
        "one administrator, twice"
    );
    assert_ne!(
        enrol("other/bureau.pem", [one, "other/bureau.pem"])?,
        0,
        "somebody who is no administrator"
    );
    assert_ne!(
        enrol("bureau/bureau.pem", [one, two])?,
        0,
        "a key that is enrolled already"
    );
    assert_eq!(Reader::read(&town)?.size, before, "nothing was logged");
    assert_eq!(enrol("other/bureau.pem", [one, two])?, 0);
    let key = Submitter::of(&other)?;
    assert_eq!(
        status(
            town.url(),
            &key.entry(bytes("tag", 0), bytes("commitment", 0))
        )?
        .0,
        200
    );
    drop(home);
    Ok(())
}
