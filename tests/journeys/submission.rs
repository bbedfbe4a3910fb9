//! A bureau submits, a citizen verifies.

use demo::media;
use demo::town::{Home, Town};
use libtest_mimic::{Failed, Trial};

/// The trials.
pub fn trials() -> Vec<Trial> {
    vec![
        Trial::test(
            "with_the_log_switched_off_a_copy_is_verified_and_a_changed_one_is_proven_wrong",
            offline,
        ),
        Trial::test(
            "a_file_without_a_record_is_no_match_and_not_called_changed",
            no_record,
        ),
    ]
}

/// A town with an open log, a bureau that has submitted the photo, and a citizen who holds policy, copy and proofs.
pub fn submitted() -> Result<(Town, Home, Home), Failed> {
    let mut town = Town::found(None)?;
    town.open_log()?;
    let bureau = town.enrol("bureau", "Bureau")?;
    bureau.open_case("A 1")?;
    bureau.write(media::PHOTO.name, media::PHOTO.bytes)?;
    let url = town.url();
    bureau.submit(url, [media::PHOTO.name])?;
    let citizen = town.home("citizen")?;
    citizen
        .notary(["policy", "fetch", url, "--out", "policy"])?
        .done()?;
    bureau.hand(media::PHOTO.name, &citizen)?;
    Ok((town, bureau, citizen))
}

/// The exit code of `notary verify` for a file of this home.
fn verify(home: &Home, name: &str) -> Result<i32, Failed> {
    Ok(home
        .notary(["verify", name, "--policy", "policy"])?
        .said
        .code)
}

fn offline() -> Result<(), Failed> {
    let (mut town, _, citizen) = submitted()?;
    town.close_log()?;
    let name = media::PHOTO.name;
    assert_eq!(verify(&citizen, name)?, 0, "an honest copy");

    let honest = citizen.read(name)?;
    for at in [0, honest.len() / 2, honest.len() - 1] {
        let mut changed = honest.clone();
        changed[at] ^= 1;
        citizen.write(name, &changed)?;
        assert_eq!(verify(&citizen, name)?, 1, "byte {at} changed");
    }
    citizen.write(name, &honest[..honest.len() - 1])?;
    assert_eq!(verify(&citizen, name)?, 1, "the last byte cut off");
    citizen.write(name, &honest)?;
    assert_eq!(verify(&citizen, name)?, 0, "the honest copy again");

    // The proof's path and its checkpoint's root, one bit each: still well formed, and wrong.
    let proof = format!("{name}.tlog-proof");
    let honest = String::from_utf8(citizen.read(&proof)?)?;
    let lines: Vec<&str> = honest.lines().collect();
    for at in [
        3,
        lines
            .iter()
            .position(|line| line.is_empty())
            .ok_or("no blank line")?
            + 3,
    ] {
        let mut changed: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        let first = if lines[at].starts_with('A') { "B" } else { "A" };
        changed[at].replace_range(..1, first);
        citizen.write(&proof, (changed.join("\n") + "\n").as_bytes())?;
        assert_eq!(
            verify(&citizen, name)?,
            1,
            "line {at} of the proof changed: {}",
            lines[at]
        );
    }
    Ok(())
}

fn no_record() -> Result<(), Failed> {
    let (_town, _, citizen) = submitted()?;
    citizen.write("other.jpg", b"a file that nobody submitted")?;
    assert_eq!(verify(&citizen, "other.jpg")?, 4);
    Ok(())
}
