//! Vectors of verifier keys.

use crate::forge::{Case, case, file};
use crate::keys::{TOWN, log, witness};
use crate::note::EXAMPLE_VKEY;
use crate::vectors::{self, Refused};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tlog::{KeyKind, KeyName, Vkey};

#[test]
fn a_vkey_is_one_text_and_one_sound_key() {
    let about = "`vkey` is a verifier key with this `key_name`, this `id` and this `kind`.";
    let spec = [
        "https://c2sp.org/signed-note#verifier-keys",
        "https://c2sp.org/static-ct-api#checkpoints",
        "https://c2sp.org/tlog-cosignature#format",
    ];
    file("note/vkey", about, &spec, &vkey_cases());
    vectors::check("note/vkey", |case| {
        let vkey = Vkey::parse(case.text("vkey"))?;
        assert_eq!(vkey.to_string(), case.text("vkey"));
        let parts = [
            (vkey.name().to_string(), "key_name"),
            (vkey.id().to_string(), "id"),
            (format!("{:02x}", vkey.kind().byte()), "kind"),
        ];
        parts.iter().try_for_each(|(part, member)| {
            Refused::unless_equal(&part.as_str(), &case.text(member))
        })
    });
}

fn vkey_cases() -> Vec<Case> {
    let town = log(TOWN);
    let good = |name: &str, vkey: &Vkey| {
        case(name)
            .with("vkey", vkey.to_string())
            .with("key_name", vkey.name().as_str())
            .with("id", vkey.id().to_string())
            .with("kind", format!("{:02x}", vkey.kind().byte()))
            .ok()
    };
    let bad = |name: &str, vkey: &str, why: &str| case(name).with("vkey", vkey).refused(why);
    let (name, rest) = EXAMPLE_VKEY.split_once('+').unwrap();
    let (id, key) = rest.split_once('+').unwrap();
    let foreign = KeyName::new("日本/ログ—no.1").unwrap();
    let foreign = Vkey::new(foreign, KeyKind::Ed25519, town.ed25519.vkey.material()).unwrap();
    let delete = KeyName::new("a\u{7f}b").unwrap();
    let delete = Vkey::new(delete, KeyKind::Ed25519, town.ed25519.vkey.material()).unwrap();
    // A key of any bytes, with the id that its bytes compute.
    let made = |name: &str, key: &[u8]| {
        let id = tlog::Hash::of(&[name.as_bytes(), b"\n", key].concat());
        format!(
            "{name}+{}+{}",
            hex::encode(&id.as_bytes()[..4]),
            STANDARD.encode(key)
        )
    };
    let ed = |first: u8| [&[first], town.ed25519.vkey.material()].concat();
    // The id over the key itself in place of its hash.
    let wrong_tree_head = made(TOWN, &[&[5], town.tree_head.vkey.material()].concat());
    let swap_id = town.tree_head.vkey.to_string().replace(
        &town.tree_head.vkey.id().to_string(),
        &town.ed25519.vkey.id().to_string(),
    );
    vec![
        good(
            "c2sp.org/signed-note: the example",
            &Vkey::parse(EXAMPLE_VKEY).unwrap(),
        ),
        good("Ed25519 (0x01)", &town.ed25519.vkey),
        good("an Ed25519 cosigner (0x04)", &witness('a').vkey),
        good(
            "an RFC 6962 log (0x05): the id is over the LogID",
            &town.tree_head.vkey,
        ),
        good("ML-DSA-44 (0x06)", &town.ml_dsa.vkey),
        good("a name that is not ASCII", &foreign),
        good(
            "U+007F in a name: only controls below U+0020 are forbidden",
            &delete,
        ),
        bad("no text", "", "Parts"),
        bad("one plus only", &format!("{name}+{id}"), "Parts"),
        bad("an empty name", &format!("+{id}+{key}"), "Name(Empty)"),
        bad(
            "a space in the name",
            &format!("{name} x+{id}+{key}"),
            "Name(Character)",
        ),
        bad(
            "U+2003, a Unicode space, in the name",
            &format!("{name}\u{2003}+{id}+{key}"),
            "Name(Character)",
        ),
        bad(
            "U+0085, a Unicode space, in the name",
            &format!("{name}\u{85}+{id}+{key}"),
            "Name(Character)",
        ),
        bad(
            "a newline in the name",
            &format!("{name}\n+{id}+{key}"),
            "Name(Character)",
        ),
        bad(
            "an id in upper case",
            &format!("{name}+{}+{key}", id.to_uppercase()),
            "Id",
        ),
        bad(
            "an id of seven digits",
            &format!("{name}+{}+{key}", &id[1..]),
            "Id",
        ),
        bad(
            "an id with a plus before it",
            &format!("{name}++{}+{key}", &id[1..]),
            "Id",
        ),
        bad(
            "an id of another name",
            &format!("{name}x+{id}+{key}"),
            "WrongId",
        ),
        bad("an id of another key", &swap_id, "WrongId"),
        bad(
            "a tree head key whose id is over the key and not over its LogID",
            &wrong_tree_head,
            "WrongId",
        ),
        bad(
            "another last character",
            &format!("{name}+{id}+{}l", &key[..43]),
            "WrongId",
        ),
        bad(
            "base64 with stray final bits",
            &stray_bits(&town.tree_head.vkey.to_string()),
            "Base64",
        ),
        bad(
            "base64 without its padding",
            &made("a", &[1; 35]).replace('=', ""),
            "Base64",
        ),
        bad(
            "base64 of URLs",
            &format!("{name}+{id}+{}-", &key[..43]),
            "Base64",
        ),
        bad(
            "a newline after the base64",
            &format!("{EXAMPLE_VKEY}\n"),
            "Base64",
        ),
        bad("no key", &format!("{name}+{id}+"), "KeyLength"),
        bad("signature type 0x02", &made(name, &ed(2)), "Kind(2)"),
        bad("signature type 0x07", &made(name, &ed(7)), "Kind(7)"),
        bad("signature type 0xff", &made(name, &ed(0xff)), "Kind(255)"),
        bad(
            "an Ed25519 key of 31 bytes",
            &made(name, &ed(1)[..32]),
            "KeyLength",
        ),
        bad(
            "a cosigner's key of 33 bytes",
            &made(name, &[ed(4), vec![0]].concat()),
            "KeyLength",
        ),
        bad(
            "an ML-DSA-44 key of 32 bytes",
            &made(name, &ed(6)),
            "KeyLength",
        ),
        bad(
            "a tree head key of 32 bytes",
            &made(name, &ed(5)),
            "Spki(Length)",
        ),
        bad(
            "an Ed25519 key of small order",
            &made(name, &[[1, 1].as_slice(), &[0; 31]].concat()),
            "WeakKey",
        ),
        bad(
            "a cosigner's key that is not on the curve",
            &made(name, &[[4, 2].as_slice(), &[0; 31]].concat()),
            "WeakKey",
        ),
        bad(
            "an ML-DSA-44 key whose name has 256 bytes",
            &made(
                &"n".repeat(256),
                &[&[6], town.ml_dsa.vkey.material()].concat(),
            ),
            "NameTooLong",
        ),
    ]
}

/// The same base64 text, whose last quantum is padded by one `=`, with a bit set that stands for nothing.
fn stray_bits(text: &str) -> String {
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (head, last) = text.strip_suffix('=').unwrap().split_at(text.len() - 2);
    let next = alphabet.find(last).unwrap() + 1;
    format!("{head}{}=", &alphabet[next..=next])
}
