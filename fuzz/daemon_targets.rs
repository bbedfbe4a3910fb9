//! The same for the parsers of the daemons. A fuzzer compiles them only when it is asked to: `run.sh --daemons`.

use super::targets::{Target, VKEY};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use notarylog_witness::log_list::LogList;
use service::{Opt, Options};
use std::path::Path;
use tlog::{KeyKind, KeyName, Note, Vkey, ed25519_line};

/// Every target by its name.
pub const DAEMON_TARGETS: &[(&str, Target)] = &[
    ("log_list", log_list),
    ("config", config),
    ("submission", submission),
    ("query", query),
    ("parsed_spki", parsed_spki),
];

fn log_list(bytes: &[u8]) {
    if let Ok(vkey) = Vkey::parse(VKEY) {
        assert!(LogList::open(bytes, &vkey).is_err(), "nobody can sign it");
    }
    // What a signer of lists could send.
    let Ok(text) = str::from_utf8(bytes) else {
        return;
    };
    let key = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("32 bytes are a seed");
    let name = KeyName::new("lists.example").expect("a good name");
    let vkey = Vkey::new(name, KeyKind::Ed25519, key.public_key().as_ref()).expect("a good key");
    let signature = key.sign(bytes);
    let signature = signature.as_ref().try_into().expect("64 bytes");
    if let Ok(note) = Note::new(text, vec![ed25519_line(&vkey, signature)])
        && let Ok(list) = LogList::open(note.to_string().as_bytes(), &vkey)
    {
        assert!(text.starts_with(&format!(
            "notarylog/witness-logs@v1\nsequence {}\n",
            list.issue.sequence
        )));
    }
}

/// Options as a daemon declares them.
const OPTIONS: Options = Options::new(
    "FUZZ",
    &[
        Opt::value("listen", "ADDRESS", "Where to listen").or("127.0.0.1:8080"),
        Opt::list("enrol", "VKEY", "Keys"),
        Opt::switch("log-json", "Lines as JSON"),
        Opt::value("window", "DURATION", "How long").or("7d"),
        Opt::value("room", "BYTES", "How much").or("2GiB"),
    ],
);

fn config(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else {
        return;
    };
    let file = Some((Path::new("fuzz.toml"), text));
    match OPTIONS.put_together(file, |_| None, |_| None) {
        Ok(config) => {
            let _shown = (config.to_json().to_string(), config.to_string());
            let _values = (config.duration("window"), config.bytes("room"));
            let _address = config.get::<std::net::SocketAddr>("listen");
        }
        Err(refusal) => assert!(!refusal.to_string().is_empty()),
    }
}

fn submission(bytes: &[u8]) {
    let _entries = serde_json::from_slice::<notarylog::http::submit::Entries>(bytes);
}

fn query(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else {
        return;
    };
    if let Ok(hash) = notarylog::http::query::hex32("hash", text) {
        assert_eq!(text.len(), hash.len() * 2);
    }
    let _hash = notarylog::http::query::leaf_hash("hash", text);
    let _size = notarylog::http::query::size("size", text);
}

fn parsed_spki(bytes: &[u8]) {
    // Two libraries, one set of keys.
    let fast = service::P256Verifier::from_spki(bytes).is_ok();
    assert_eq!(fast, tlog::p256_spki_from_der(bytes).is_ok());
}
