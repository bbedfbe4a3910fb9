//! The long list of what is not taken: every length, every wrong encoding, every crooked number and path. Each is a problem
//! of its own kind, costs nothing that stays, and a good client beside it is served.

use crate::attacked::Attacked;
use crate::reader::number;
use crate::small_log::SmallLog;
use crate::submitter::{ENTRY_LEN, Submitter, bytes, post, with_high_s};
use crate::witness_house::WitnessHouse;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE};
use demo::http::{Answer, get, send};
use demo::town::Town;
use libtest_mimic::{Failed, Trial};
use tlog::ADD_CHECKPOINT_BYTES_MAX;

/// The trials.
pub fn trials() -> Vec<Trial> {
    vec![
        Trial::test(
            "every_length_that_is_no_whole_number_of_entries_is_refused",
            lengths,
        ),
        Trial::test("json_and_base64_are_taken_in_one_way_alone", encodings),
        Trial::test(
            "a_number_is_a_canonical_decimal_within_the_log_or_is_refused",
            numbers,
        ),
        Trial::test("a_tile_has_one_path_and_every_other_is_refused", tile_paths),
        Trial::test(
            "a_new_entry_with_a_high_s_is_stored_with_the_low_one",
            high_s,
        ),
        Trial::test(
            "the_same_content_in_two_racing_batches_is_logged_once",
            racing,
        ),
        Trial::test(
            "a_witness_refuses_every_body_and_path_that_it_does_not_know",
            at_a_witness,
        ),
    ]
}

const BYTES: &str = "application/octet-stream";
const JSON: &str = "application/json";

fn open() -> Result<(Town, Submitter, Attacked), Failed> {
    let mut town = Town::found(None)?;
    town.open_log()?;
    let bureau = Submitter::of(&town.enrol("bureau", "Bureau")?)?;
    let attacked = Attacked::log(&town, &bureau)?;
    Ok((town, bureau, attacked))
}

/// A problem of this kind.
fn refused(what: &str, answer: &Answer, status: u16, slug: &str) {
    assert_eq!(
        (answer.status, answer.problem().as_deref()),
        (status, Some(slug)),
        "{what}: {}",
        answer.text()
    );
}

fn lengths() -> Result<(), Failed> {
    let (town, bureau, attacked) = open()?;
    let three = bureau
        .entry(bytes("tag", 0), bytes("commitment", 0))
        .repeat(3);
    for length in 0..three.len() {
        if length > 0 && length.is_multiple_of(ENTRY_LEN) {
            continue;
        }
        let slug = if length == 0 {
            "body-empty"
        } else {
            "body-truncated"
        };
        let answer = post(town.url(), &three[..length])?;
        refused(&format!("{length} bytes"), &answer, 400, slug);
    }
    let many = format!("{{\"entries\":[{}\"\"]}}", "\"\",".repeat(1_024));
    let answer = send(
        town.url(),
        "POST",
        "/v1/entries",
        &[("content-type", JSON)],
        many.as_bytes(),
    )?;
    refused("1,025 entries in JSON", &answer, 400, "too-many-entries");
    attacked.outlasted()
}

fn encodings() -> Result<(), Failed> {
    let (town, bureau, attacked) = open()?;
    let entry = bureau.entry(bytes("tag", 0), bytes("commitment", 0));
    let json = |body: &[u8]| {
        let headers = [("content-type", JSON)];
        send(town.url(), "POST", "/v1/entries", &headers, body)
    };
    let good = STANDARD.encode(&entry);
    let one = |text: &str| format!("{{\"entries\":[\"{text}\"]}}");
    let deep = |open: &str, close: &str| {
        let (open, close) = (open.repeat(10_000), close.repeat(10_000));
        format!("{{\"entries\":{open}\"{good}\"{close}}}")
    };
    for (what, body) in [
        (
            "a name twice",
            format!("{{\"entries\":[],\"entries\":[\"{good}\"]}}"),
        ),
        (
            "a name more",
            format!("{{\"entries\":[\"{good}\"],\"more\":1}}"),
        ),
        ("something behind it", one(&good) + "{}"),
        ("a byte order mark", format!("\u{feff}{}", one(&good))),
        ("a comment", format!("/* */{}", one(&good))),
        ("a number for a text", "{\"entries\":[1]}".to_owned()),
        ("null", "{\"entries\":null}".to_owned()),
        ("a text for the list", format!("{{\"entries\":\"{good}\"}}")),
        ("the list alone", format!("[\"{good}\"]")),
        ("deep lists", deep("[", "]")),
        ("deep objects", deep("{\"entries\":", "}")),
        ("half a surrogate", one("\\ud800")),
        ("a control character", one("\u{1}")),
        ("nothing", String::new()),
        (
            "a number without end",
            format!("{{\"entries\":[{}]}}", "9".repeat(100_000)),
        ),
    ] {
        refused(what, &json(body.as_bytes())?, 400, "malformed-json");
    }
    let not_utf_8 = [b"{\"entries\":[\"".as_slice(), &[0xff, 0xfe], b"\"]}"].concat();
    refused("no UTF-8", &json(&not_utf_8)?, 400, "malformed-json");

    // 0xfb and 0xff are where the two alphabets differ.
    let other_alphabet = URL_SAFE.encode([0xfb; 162]);
    let short = STANDARD_NO_PAD.encode(&entry[..160]);
    for (what, text) in [
        ("the URL alphabet", other_alphabet.clone()),
        ("no padding", short.clone()),
        ("too much padding", format!("{good}=")),
        ("padding alone", "====".to_owned()),
        ("padding in the middle", format!("AA=={good}")),
        (
            "bits behind the last byte",
            format!("{}B==", &short[..short.len() - 2]),
        ),
        ("a space", format!(" {good}")),
        ("a line break", good.replacen('A', "A\\n", 1)),
        ("one character less", good[1..].to_owned()),
    ] {
        refused(what, &json(one(&text).as_bytes())?, 400, "malformed-base64");
    }
    for (what, text) in [
        ("an entry too short", STANDARD.encode(&entry[..160])),
        (
            "an entry too long",
            STANDARD.encode([entry.as_slice(), &[0]].concat()),
        ),
        ("an empty entry", String::new()),
    ] {
        refused(what, &json(one(&text).as_bytes())?, 400, "malformed-entry");
    }
    // Each of these would be the good entry if it were taken another way.
    let gzip = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    for headers in [
        &[("content-type", BYTES), ("content-encoding", "gzip")] as &[(&str, &str)],
        &[("content-type", JSON), ("content-encoding", "gzip")],
        &[("content-type", BYTES), ("content-encoding", "identity")],
        &[("content-type", "application/gzip")],
        &[("content-type", "application/x-www-form-urlencoded")],
        &[("content-type", "multipart/form-data; boundary=x")],
        &[("content-type", "application/octet-stream+x")],
        &[("content-type", "")],
        &[],
    ] {
        for body in [entry.as_slice(), &gzip] {
            let answer = send(town.url(), "POST", "/v1/entries", headers, body)?;
            let what = format!("{headers:?}");
            refused(&what, &answer, 415, "unsupported-media-type");
        }
    }
    let logged = json(one(&good).as_bytes())?;
    assert_eq!(logged.status, 200, "{}", logged.text());
    attacked.outlasted()
}

/// Where a number is asked for, with `N` in its place.
const NUMBERED: [&str; 16] = [
    "/v1/receipts/N",
    "/v1/proofs/inclusion?index=N",
    "/v1/proofs/inclusion?index=N&size=1",
    "/v1/proofs/inclusion?index=0&size=N",
    "/v1/proofs/consistency?old=N",
    "/v1/proofs/consistency?old=N&new=1",
    "/v1/proofs/consistency?old=1&new=N",
    "/ct/v1/get-entries?start=N&end=1",
    "/ct/v1/get-sth-consistency?first=N&second=1",
    "/ct/v1/get-sth-consistency?first=1&second=N",
    "/ct/v1/get-proof-by-hash?hash=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA%3D&tree_size=N",
    "/ct/v1/get-entry-and-proof?leaf_index=N&tree_size=1",
    "/ct/v1/get-entry-and-proof?leaf_index=0&tree_size=N",
    "/tile/0/N",
    "/tile/0/000.p/N",
    "/tile/N/000",
];

/// What is no number of this log's.
#[rustfmt::skip]
const CROOKED: [&str; 24] = [
    "%2B5", "+5", "05", "00", "-0", "-1", "1.0", "1e3", "0x1", "1_0", "%201", "1%20", "1%00", "%00", "%0a1", "1,2",
    "9223372036854775807", "9223372036854775808", "18446744073709551615", "18446744073709551616",
    "340282366920938463463374607431768211456", "%D9%A1", "NaN", "null",
];

fn numbers() -> Result<(), Failed> {
    let (town, _bureau, attacked) = open()?;
    for route in NUMBERED {
        for number in CROOKED {
            let path = route.replace('N', number);
            let answer = town.get(&path)?;
            assert!(
                matches!(answer.status, 400 | 404) && answer.problem().is_some(),
                "{path}: {} {}",
                answer.status,
                answer.text()
            );
        }
    }
    // In the wrong order, beyond the tree, of a tree of nothing, and twice.
    for path in [
        "/v1/proofs/inclusion?index=1&size=1",
        "/v1/proofs/inclusion?index=0&size=0",
        "/v1/proofs/inclusion?index=0&hash=00",
        "/v1/proofs/inclusion?index=0&index=1",
        "/v1/proofs/consistency?old=2&new=1",
        "/v1/proofs/consistency?old=1&old=1&new=2",
        "/ct/v1/get-entries?start=1&end=0",
        "/ct/v1/get-sth-consistency?first=2&second=1",
        "/ct/v1/get-entry-and-proof?leaf_index=1&tree_size=1",
        "/ct/v1/get-proof-by-hash?hash=&tree_size=1",
    ] {
        let answer = town.get(path)?;
        assert_eq!(answer.status, 400, "{path}: {}", answer.text());
        assert!(answer.problem().is_some(), "{path}");
    }
    attacked.outlasted()
}

/// What is no number of a tile, and no number with a width.
#[rustfmt::skip]
const CROOKED_TILES: [&str; 40] = [
    "0", "00", "0000", "x000", "x000/000", "X000/000", "000/000", "x000/x000/000", "000/", "/000", "000//", "000.p",
    "000.p/", "000.p/0", "000.p/256", "000.p/257", "000.p/01", "000.p/+1", "000.P/1", "000.p/1/", "000.p/1.p/1",
    "000.q/1", "..", ".", "%2e%2e", "%2E%2E/000", "..%2f000", "%00", "000%00", "000%2F", "00a", "00A", "٠٠٠",
    "x000/0000", "x0/000", "x00a/000", "000.p/1%00", "000%20", "-01", "+00",
];

/// What is no level of a tile.
#[rustfmt::skip]
const CROOKED_LEVELS: [&str; 22] = [
    "00", "01", "64", "63", "8", "255", "256", "-1", "+0", "%30%30", "Entries", "ENTRIES", "entries/entries",
    "entries/0", "..", "%2e", "", "0/..", "0/../0", "data", "x0", "0.p/1",
];

/// Other spellings of the path of a tile that is there, and of the checkpoint.
#[rustfmt::skip]
const CROOKED_PATHS: [&str; 25] = [
    "/Tile/0/000", "/TILE/0/000", "//tile/0/000", "/tile//0/000", "/tile/0//000", "/tile/0/000/", "/tile", "/tile/",
    "/tile/0", "/tile/0/", "/tile/./0/000", "/tile/0/./000", "/tile/%2e%2e/checkpoint", "/tile/..%2fcheckpoint",
    "/./tile/0/000", "/tile/0/000/../../../keys/p256.pem", "/tile/0%2F000", "/%74ile/0/000/000", "/tile\\0\\000",
    "/tile/0/000%5c", "/checkpoint/", "//checkpoint", "/Checkpoint", "/checkpoint%00", "/tile/0/000;x",
];

fn tile_paths() -> Result<(), Failed> {
    let (town, bureau, attacked) = open()?;
    // A full tile, a full bundle, and one hash above them.
    let entries: Vec<u8> = (0..300)
        .flat_map(|number| bureau.entry(bytes("tile", number), bytes("commitment", number)))
        .collect();
    assert_eq!(post(town.url(), &entries)?.status, 200);
    for path in [
        "/tile/0/000",
        "/tile/1/000.p/1",
        "/tile/entries/000",
        "/tile/0/001.p/1",
    ] {
        assert_eq!(town.get(path)?.status, 200, "{path}");
    }
    let mut crooked: Vec<String> = CROOKED_PATHS.map(str::to_owned).to_vec();
    crooked.extend(CROOKED_LEVELS.map(|level| format!("/tile/{level}/000")));
    for level in ["0", "entries"] {
        crooked.extend(CROOKED_TILES.map(|number| format!("/tile/{level}/{number}")));
    }
    for path in crooked {
        let answer = town.get(&path)?;
        assert!(
            matches!(answer.status, 400 | 404),
            "{path}: {}",
            answer.status
        );
    }
    attacked.outlasted()
}

fn high_s() -> Result<(), Failed> {
    let mut town = Town::found(None)?;
    town.open_log()?;
    let bureau = Submitter::of(&town.enrol("bureau", "Bureau")?)?;
    let low = bureau.entry(bytes("tag", 0), bytes("commitment", 0));
    let high = with_high_s(&low)?;
    assert_ne!(high, low);
    let answer = post(town.url(), &high)?;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let result = answer.json()["results"][0].take();
    let told = STANDARD.decode(result["entry"].as_str().unwrap_or_default())?;
    let index = usize::try_from(number(&result, "index")?)?;
    let stored = crate::reader::Reader::read(&town)?.entries;
    assert_eq!((told, stored.get(index)), (low.clone(), Some(&low)));
    Ok(())
}

fn racing() -> Result<(), Failed> {
    let (town, bureau, attacked) = open()?;
    for round in 0..5_u64 {
        let batch: Vec<u8> = (round * 100..round * 100 + 100)
            .flat_map(|number| bureau.entry(bytes("race", number), bytes("commitment", number)))
            .collect();
        let url = town.url();
        let answers = std::thread::scope(|scope| {
            let racers: Vec<_> = (0..4).map(|_| scope.spawn(|| post(url, &batch))).collect();
            racers
                .into_iter()
                .map(|racer| racer.join().map_err(|_| Failed::from("a racer panicked"))?)
                .collect::<Result<Vec<_>, Failed>>()
        })?;
        let indices = |answer: &Answer| -> Result<Vec<u64>, Failed> {
            let document = answer.json();
            let results = document["results"].as_array().ok_or("no results")?;
            results
                .iter()
                .map(|result| number(result, "index"))
                .collect()
        };
        let first = indices(&answers[0])?;
        assert_eq!(first.len(), 100);
        for answer in &answers {
            assert_eq!(answer.status, 200, "{}", answer.text());
            assert_eq!(indices(answer)?, first, "one content, one index");
        }
    }
    attacked.outlasted()
}

fn at_a_witness() -> Result<(), Failed> {
    let log = SmallLog::new("log.example/refusals")?;
    let house = WitnessHouse::opened(&[&log])?;
    let attacked = Attacked::witness(&house, &log)?;
    let host = house.url();
    let add = |headers: &[(&str, &str)], body: &[u8]| {
        send(host, "POST", "/add-checkpoint", headers, body)
    };
    let good = log.step(100, 100)?;
    // Every beginning of a good request is none.
    let first_line = good.find('—').ok_or("no signature")?;
    for length in 0..good.len() {
        // With one of its two signatures it is good, too.
        if length > first_line && good.as_bytes()[length - 1] == b'\n' {
            continue;
        }
        let answer = add(&[], &good.as_bytes()[..length])?;
        assert_eq!(answer.status, 400, "{length} of {} bytes", good.len());
        assert!(answer.problem().is_some(), "{length}");
    }
    let answer = add(&[], &vec![b'x'; ADD_CHECKPOINT_BYTES_MAX + 1])?;
    refused("a body above the limit", &answer, 413, "content-too-large");
    let gzip = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let answer = add(&[("content-encoding", "gzip")], &gzip)?;
    assert!((400..500).contains(&answer.status), "{}", answer.text());
    let hash = "0".repeat(64);
    for path in [
        format!("/{hash}/checkpoint"),
        format!("/{}/checkpoint", "F".repeat(64)),
        format!("/{hash}0/checkpoint"),
        "/../checkpoint".to_owned(),
        "/%2e%2e/checkpoint".to_owned(),
        "/%00/checkpoint".to_owned(),
        "//checkpoint".to_owned(),
        format!("/{hash}/checkpoint/"),
        format!("/{hash}/Checkpoint"),
        "/add-checkpoint/".to_owned(),
        "/witness.sqlite".to_owned(),
    ] {
        let answer = get(host, &path)?;
        assert!(
            matches!(answer.status, 400 | 404),
            "{path}: {}",
            answer.status
        );
        assert!(answer.problem().is_some(), "{path}");
    }
    for method in ["GET", "PUT", "DELETE"] {
        let answer = send(host, method, "/add-checkpoint", &[], &[])?;
        assert_eq!(answer.status, 405, "{method}");
    }
    attacked.outlasted()
}
