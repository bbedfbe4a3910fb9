//! The bad list: what the log refuses, each with its own problem, losing nothing and growing by nothing.

use crate::reader::Reader;
use crate::submitter::{ENTRY_LEN, SIGNATURE_AT, Submitter, bytes, post};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use demo::http::{Answer, send};
use demo::town::Town;
use libtest_mimic::{Failed, Trial};

/// The trials.
pub fn trials() -> Vec<Trial> {
    vec![
        Trial::test(
            "every_malformed_body_is_refused_with_its_own_problem",
            bodies,
        ),
        Trial::test(
            "every_entry_that_may_not_be_logged_is_refused_with_its_own_problem",
            entries,
        ),
        Trial::test("crooked_paths_and_numbers_out_of_range_are_refused", paths),
    ]
}

/// The order of the P-256 group, n: r and s lie in 1..n.
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6,
    0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

const BYTES: &str = "application/octet-stream";
const JSON: &str = "application/json";

/// A town with an open log, a submitter and the log as it stands.
fn open() -> Result<(Town, Submitter, Reader), Failed> {
    let mut town = Town::found(None)?;
    town.open_log()?;
    let bureau = Submitter::of(&town.enrol("bureau", "Bureau")?)?;
    let reader = Reader::read(&town)?;
    Ok((town, bureau, reader))
}

/// What was refused left no trace, and the log still takes an honest entry and finds itself clean.
fn unharmed(town: &mut Town, bureau: &Submitter, before: &Reader) -> Result<(), Failed> {
    let honest = post(
        town.url(),
        &bureau.entry(bytes("honest", 0), bytes("commitment", 0)),
    )?;
    assert_eq!(honest.status, 200, "{}", honest.text());
    let after = Reader::read(town)?;
    assert_eq!(
        after.size.get(),
        before.size.get() + 1,
        "the honest entry and nothing else"
    );
    assert!(after.entries.starts_with(&before.entries));
    town.close_log()?;
    let folder = town.log_folder();
    town.notarylog(["check".as_ref(), folder.as_os_str()])?
        .done()?;
    let diary = std::fs::read_to_string(town.diary())?;
    assert!(!diary.contains("panicked"), "{diary}");
    Ok(())
}

/// A problem that a person understands: its own type, the status within, a title, and what to do.
fn refused(what: &str, answer: &Answer, status: u16, slug: &str) {
    let document = answer.json();
    assert_eq!(
        (answer.status, answer.problem().as_deref()),
        (status, Some(slug)),
        "{what}: {}",
        answer.text()
    );
    assert_eq!(
        answer.header("content-type"),
        Some("application/problem+json"),
        "{what}"
    );
    assert_eq!(document["status"], status, "{what}");
    for member in ["title", "remedy"] {
        assert!(
            document[member]
                .as_str()
                .is_some_and(|text| !text.is_empty()),
            "{what} has no {member}"
        );
    }
}

fn bodies() -> Result<(), Failed> {
    let (mut town, bureau, before) = open()?;
    let good = bureau.entry(bytes("tag", 0), bytes("commitment", 0));
    let ask = |path: &str, headers: &[(&str, &str)], body: &[u8]| {
        send(town.url(), "POST", path, headers, body)
    };
    let path = "/v1/entries";
    for (what, body, status, slug) in crooked_bytes(&good) {
        let answer = ask(path, &[("content-type", BYTES)], &body)?;
        refused(what, &answer, status, slug);
    }
    for (what, at, part) in crooked_entries() {
        let mut entry = good.clone();
        entry[at..at + part.len()].copy_from_slice(part);
        let answer = ask(path, &[("content-type", BYTES)], &entry)?;
        refused(what, &answer, 400, "malformed-entry");
        let answer = ask(
            path,
            &[("content-type", BYTES)],
            &[&good[..], &entry].concat(),
        )?;
        refused(what, &answer, 400, "malformed-entry");
        assert_eq!(answer.json()["position"], 1, "{what}: which of the two");
    }
    for (what, body, slug) in crooked_json(&good) {
        let answer = ask(path, &[("content-type", JSON)], &body)?;
        refused(what, &answer, 400, slug);
    }
    for headers in [&[] as &[(&str, &str)], &[("content-type", "text/plain")]] {
        let answer = ask(path, headers, &good)?;
        refused(
            "no media type that is known",
            &answer,
            415,
            "unsupported-media-type",
        );
    }
    let answer = ask(
        "/v1/entries?wait=witnessed",
        &[("content-type", BYTES)],
        &good,
    )?;
    refused(
        "waiting for witnesses that there are none of",
        &answer,
        400,
        "wait-unsupported",
    );
    let answer = ask(
        "/v1/entries?wait=forever",
        &[("content-type", BYTES)],
        &good,
    )?;
    assert_eq!(answer.status, 400, "{}", answer.text());
    unharmed(&mut town, &bureau, &before)
}

/// Bodies of bytes that are no entries.
fn crooked_bytes(good: &[u8]) -> Vec<(&'static str, Vec<u8>, u16, &'static str)> {
    vec![
        ("no body", vec![], 400, "body-empty"),
        ("one byte short", good[1..].to_vec(), 400, "body-truncated"),
        (
            "one byte more",
            [good, &[0]].concat(),
            400,
            "body-truncated",
        ),
        ("1,025 entries", good.repeat(1_025), 400, "too-many-entries"),
        ("over 256 KiB", vec![0; 300_000], 413, "content-too-large"),
        ("zeros", vec![0; ENTRY_LEN], 400, "malformed-entry"),
    ]
}

/// What makes an entry malformed when it stands at this place.
fn crooked_entries() -> Vec<(&'static str, usize, &'static [u8])> {
    let (r, s) = (SIGNATURE_AT, SIGNATURE_AT + 32);
    vec![
        ("version 0", 0, &[0]),
        ("version 2", 0, &[2]),
        ("kind 0", 1, &[0]),
        ("kind 4", 1, &[4]),
        ("r = 0", r, &[0; 32]),
        ("s = 0", s, &[0; 32]),
        ("r = n", r, &ORDER),
        ("s = n", s, &ORDER),
        ("r = 2^256 - 1", r, &[0xff; 32]),
        ("s = 2^256 - 1", s, &[0xff; 32]),
    ]
}

/// Bodies of JSON that hold no entries.
fn crooked_json(good: &[u8]) -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let holding = |text: &str| format!("{{\"entries\":[\"{text}\"]}}").into_bytes();
    let cut = STANDARD.encode(good);
    let cut = &cut[..cut.len() - 1];
    vec![
        ("cut off", b"{\"entries\":[".to_vec(), "malformed-json"),
        ("another shape", b"{\"entry\":1}".to_vec(), "malformed-json"),
        ("deeply nested", b"[".repeat(100_000), "malformed-json"),
        ("no entries", b"{\"entries\":[]}".to_vec(), "body-empty"),
        ("stray characters", holding("!!!!"), "malformed-base64"),
        ("base64 cut off", holding(cut), "malformed-base64"),
        ("three bytes", holding("AAAA"), "malformed-entry"),
    ]
}

fn entries() -> Result<(), Failed> {
    let (mut town, bureau, before) = open()?;
    let stranger = town.home("stranger")?;
    stranger.notary(["key", "new", "bureau.pem"])?.done()?;
    let stranger = Submitter::of(&stranger)?;
    let (tag, commitment) = (bytes("tag", 0), bytes("commitment", 0));
    let good = bureau.entry(tag, commitment);
    let mut forged = good.clone();
    forged[SIGNATURE_AT + 31] ^= 1;
    let mut borrowed = bureau.content(1, 1, tag, bytes("commitment", 1));
    borrowed.extend(&good[SIGNATURE_AT..]);
    let mut masked = stranger.entry(tag, commitment);
    masked[2..34].copy_from_slice(bureau.key_id());
    let list = [
        (
            "a key that was never enrolled",
            stranger.entry(tag, commitment),
            "unknown-key",
        ),
        ("one bit of a signature changed", forged, "bad-signature"),
        ("the signature of another entry", borrowed, "bad-signature"),
        (
            "another's key id over one's own signature",
            masked,
            "bad-signature",
        ),
        (
            "an entry signed for another log",
            bureau.for_origin("other.example").entry(tag, commitment),
            "bad-signature",
        ),
        (
            "a notice that the log did not sign",
            bureau.signed(&bureau.content(1, 2, tag, commitment)),
            "kind-not-accepted",
        ),
        (
            "an index entry",
            bureau.signed(&bureau.content(1, 3, tag, commitment)),
            "kind-not-accepted",
        ),
    ];
    for (what, entry, slug) in list {
        refused(what, &post(town.url(), &entry)?, 403, slug);
    }
    unharmed(&mut town, &bureau, &before)
}

fn paths() -> Result<(), Failed> {
    let (mut town, bureau, before) = open()?;
    let size = before.size.get();
    let list = [
        "/tile/0/0".to_owned(),
        "/tile/0/0000".to_owned(),
        "/tile/00/000".to_owned(),
        "/tile/64/000".to_owned(),
        "/tile/-1/000".to_owned(),
        "/tile/0/-01".to_owned(),
        "/tile/0/x000/000".to_owned(),
        "/tile/0/000.p/0".to_owned(),
        "/tile/0/000.p/01".to_owned(),
        "/tile/0/000.p/256".to_owned(),
        "/tile/0/000.p/99999999999999999999".to_owned(),
        "/tile/0/x999/x999/x999/x999/x999/x999/x999/999".to_owned(),
        "/tile/0/../entries/000".to_owned(),
        "/tile/0/%2e%2e/000".to_owned(),
        "/tile/0/..%2f..%2fkeys%2fentry.pem".to_owned(),
        "/tile/../../keys/entry.pem".to_owned(),
        "/tile/entries/000.p/0".to_owned(),
        "/tile/entries/000/".to_owned(),
        "/tile/0/%00".to_owned(),
        // Well formed, and beyond the tree.
        "/tile/0/000".to_owned(),
        "/tile/0/001.p/1".to_owned(),
        "/tile/entries/000".to_owned(),
        format!("/tile/0/000.p/{}", size + 1),
        "/tile/1/000.p/1".to_owned(),
        format!("/v1/receipts/{size}"),
        "/v1/receipts/-1".to_owned(),
        "/v1/receipts/18446744073709551616".to_owned(),
        "/v1/receipts?hash=nonsense".to_owned(),
        "/v1/receipts?slot=nonsense".to_owned(),
        format!("/v1/receipts?slot={}", "0".repeat(64)),
        format!("/v1/proofs/inclusion?index={size}"),
        format!("/v1/proofs/inclusion?index=0&size={}", size + 1),
        "/v1/proofs/inclusion?index=0&size=0".to_owned(),
        "/v1/proofs/inclusion".to_owned(),
        format!("/v1/proofs/consistency?old={size}&new=1"),
        format!("/v1/proofs/consistency?old=1&new={}", size + 1),
        "/v1/proofs/consistency?old=1&new=18446744073709551615".to_owned(),
        "/v1/proofs/consistency?old=a&new=b".to_owned(),
        "/ct/v1/get-entries?start=5&end=1".to_owned(),
        format!("/ct/v1/get-entries?start={size}&end={size}"),
        "/ct/v1/get-sth-consistency?first=9&second=1".to_owned(),
        "/ct/v1/get-proof-by-hash?hash=AAAA&tree_size=1".to_owned(),
        format!("/ct/v1/get-entry-and-proof?leaf_index={size}&tree_size={size}"),
        "/v1/notices/nonsense".to_owned(),
        format!("/v1/notices/{}", "0".repeat(64)),
        "/no/such/page".to_owned(),
    ];
    for path in list {
        let answer = town.get(&path)?;
        assert!(
            matches!(answer.status, 400 | 404),
            "{path}: {} {}",
            answer.status,
            answer.text()
        );
        assert!(
            answer.problem().is_some(),
            "{path} answers no problem: {}",
            answer.text()
        );
    }
    let method = send(town.url(), "DELETE", "/v1/entries", &[], &[])?;
    assert_eq!(method.status, 405, "{}", method.text());
    unharmed(&mut town, &bureau, &before)
}
