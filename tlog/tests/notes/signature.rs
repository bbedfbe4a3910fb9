//! Vectors of the three signature algorithms, through both implementations.

use crate::aws_lc::Both;
use crate::forge::{Case, case, file};
use crate::judgement::Because;
use crate::keys::{TOWN, TestKey, other_s, witness_pq};
use crate::vectors;
use tlog::{
    KeyKind, P256Spki, SignatureChecks as _, ed25519_key_is_sound, ed25519_signature_is_sound,
    p256_is_low_s, p256_signature_from_der, p256_signature_to_der, p256_to_low_s,
};

#[test]
fn ed25519_is_strict_and_alike_in_all_implementations() {
    let about =
        "`signature` is an Ed25519 signature of `message` by `key`: strict, without cofactor.";
    let spec = ["https://www.rfc-editor.org/rfc/rfc8032#section-5.1.7"];
    file("signature/ed25519", about, &spec, &ed25519_cases());
    vectors::check("signature/ed25519", |case| {
        let key = case
            .bytes("key")
            .try_into()
            .map_err(|_| Because::new("Key"))?;
        let form = |_| Because::new("Form");
        let signature = case.bytes("signature").try_into().map_err(form)?;
        // What both implementations are asked has passed here: they need not agree on anything else.
        if !ed25519_key_is_sound(&key) {
            return Err(Because::new("Key").into());
        }
        let sound = ed25519_signature_is_sound(&signature);
        if sound && Both.ed25519(&key, &case.bytes("message"), &signature) {
            Ok(())
        } else {
            Err(Because::new("Signature").into())
        }
    });
}

#[test]
fn an_r_of_small_order_or_of_another_encoding_is_refused_before_any_library() {
    let mut signature = [1; 64];
    for (why, key) in UNSOUND_KEYS {
        hex::decode_to_slice(key, &mut signature[..32]).unwrap();
        // That R lies on the curve, every library finds out itself.
        let off_curve = why == "no point of the curve";
        assert_eq!(ed25519_signature_is_sound(&signature), off_curve, "{why}");
    }
}

#[test]
fn p256_takes_either_s_and_nothing_out_of_range() {
    let about = "`signature`, ECDSA in DER, is one of SHA-256 of `message` by `key`, a DER SubjectPublicKeyInfo; either S.";
    let spec = [
        "https://www.rfc-editor.org/rfc/rfc6962#section-2.1.4",
        "https://www.rfc-editor.org/rfc/rfc3279#section-2.2.3",
    ];
    file("signature/p256", about, &spec, &p256_cases());
    vectors::check("signature/p256", |case| {
        let key = case.bytes("key");
        P256Spki::from_der(&key).map_err(|_| Because::new("Key"))?;
        let signature = p256_signature_from_der(&case.bytes("signature"));
        let signature = signature.ok_or_else(|| Because::new("Form"))?;
        if Both.p256(&key, &case.bytes("message"), &signature) {
            Ok(())
        } else {
            Err(Because::new("Signature").into())
        }
    });
}

#[test]
fn ml_dsa_44_is_pure_with_an_empty_context() {
    let about = "`signature` is an ML-DSA-44 signature of `message` by `key`: pure, empty context.";
    let spec = ["https://csrc.nist.gov/pubs/fips/204/final"];
    file("signature/ml_dsa_44", about, &spec, &ml_dsa_cases());
    vectors::check("signature/ml_dsa_44", |case| {
        let key = case
            .bytes("key")
            .try_into()
            .map_err(|_| Because::new("Key"))?;
        let form = |_| Because::new("Form");
        let signature = case.bytes("signature").try_into().map_err(form)?;
        if Both.ml_dsa_44(&key, &case.bytes("message"), &signature) {
            Ok(())
        } else {
            Err(Because::new("Signature").into())
        }
    });
}

#[test]
fn a_high_s_becomes_low_and_a_low_s_stays() {
    let key = TestKey::new(TOWN, KeyKind::TreeHead);
    for message in 0..32_u8 {
        let signature = p256_signature_from_der(&key.sign(&[message])).unwrap();
        let other = other_s(&signature);
        assert_ne!(p256_is_low_s(&signature), p256_is_low_s(&other));
        let low = p256_to_low_s(&signature).unwrap();
        assert_eq!(p256_is_low_s(&low), Some(true));
        assert_eq!(p256_to_low_s(&other), Some(low));
        assert_eq!(p256_to_low_s(&low), Some(low));
    }
}

#[test]
fn r_and_s_lie_between_zero_and_the_order() {
    let good = [[0; 31].as_slice(), &[1], &[0; 31], &[1]].concat();
    let mut order = [0; 32];
    hex::decode_to_slice(P256_ORDER, &mut order).unwrap();
    assert_eq!(p256_is_low_s(&good.clone().try_into().unwrap()), Some(true));
    for (half, bad) in [
        (0, [0; 32]),
        (32, [0; 32]),
        (0, order),
        (32, order),
        (0, [0xff; 32]),
    ] {
        let mut signature: [u8; 64] = good.clone().try_into().unwrap();
        signature[half..half + 32].copy_from_slice(&bad);
        assert_eq!(p256_is_low_s(&signature), None);
        assert_eq!(p256_to_low_s(&signature), None);
        assert_eq!(p256_signature_to_der(&signature), None);
    }
}

const P256_ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

fn ed25519_cases() -> Vec<Case> {
    let vector = |name: &str, key: &str, message: &[u8], signature: &str| {
        case(name)
            .with("key", key)
            .with_bytes("message", message)
            .with("signature", signature)
    };
    let (one, one_signed) = (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    );
    // A test key whose secret scalar was used to make what no honest signer makes.
    let special = "f825bc1769fb8a4a30cecaad0af7d092182035d612dec201f4c37035e2203daf";
    // R is the base point and S is 1: valid under every key that k times is the neutral element.
    let base_and_one = "58666666666666666666666666666666666666666666666666666666666666660100000000000000000000000000000000000000000000000000000000000000";
    let mixed = "a6f66157e395589362af6af939526268a93601dc5dbfc72cd3f87dd6702e8612";
    let mut cases = vec![
        vector("RFC 8032 §7.1, test 1: the empty message", one, b"", one_signed).ok(),
        vector(
            "RFC 8032 §7.1, test 2",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            &[0x72],
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        )
        .ok(),
        vector(
            "RFC 8032 §7.1, test 3",
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            &[0xaf, 0x82],
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
        )
        .ok(),
        vector(
            "a key with a part of small order, a message for which k is a multiple of 8",
            mixed,
            b"notarylog 2",
            "b31b20f50426242514d81b383548bd90de72fd0b8cf2382a88f9f52ce5076b23b7f8995dfe914b021e637f65806813ffb77f438b3342f585ece6143ca4383309",
        )
        .ok(),
        vector(
            "the same key, k no multiple of 8: only an equation with cofactor would hold",
            mixed,
            b"notarylog 0",
            "b31b20f50426242514d81b383548bd90de72fd0b8cf2382a88f9f52ce5076b23d646b844d8782191a8ffc44aa3c1b9c427aeda4742bdce5d4eb14f2c94a79d05",
        )
        .refused("Signature"),
        vector(
            "R with a part of small order: only an equation with cofactor would hold",
            special,
            b"notarylog",
            "4c261951fba9f4ba7ece40431f212269f58becc2473c54cecda0e8f1e6f9d2530dcd4f3fb960d80e5cc9d2d84e5eb5ac6dc41af489a06f64401104dce05e0e00",
        )
        .refused("Signature"),
        vector(
            "R is the neutral element and the equation holds",
            special,
            b"notarylog",
            "010000000000000000000000000000000000000000000000000000000000000077ec0f0f55f203bc14f50f86c5395519f0426109dd48d89efedcecea590fa406",
        )
        .refused("Signature"),
        vector(
            "R is the neutral element, encoded with y = p + 1",
            special,
            b"notarylog",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f061fc5ad7b90dac2dfda69fe92a7e813d8669b6710cf005adaf30551d3af0a08",
        )
        .refused("Signature"),
        vector(
            "another message",
            one,
            b"x",
            one_signed,
        )
        .refused("Signature"),
        vector(
            "S with the order added",
            one,
            b"",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901554c8c7872aa064e049dbb3013fbf29380d25bf5f0595bbe24655141438e7a101b",
        )
        .refused("Signature"),
        vector("63 bytes", one, b"", &one_signed[2..]).refused("Form"),
        vector("a key of 31 bytes", &one[2..], b"", one_signed).refused("Key"),
        vector(
            "a key of order 8 that signs this message with R the base point and S one",
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
            b"notarylog 3",
            base_and_one,
        )
        .refused("Key"),
    ];
    for (why, key) in UNSOUND_KEYS {
        cases.push(vector(why, key, b"any message", base_and_one).refused("Key"));
    }
    cases
}

const UNSOUND_KEYS: [(&str, &str); 10] = [
    (
        "the neutral element as key: it signs every message",
        "0100000000000000000000000000000000000000000000000000000000000000",
    ),
    (
        "the neutral element with the sign of x set",
        "0100000000000000000000000000000000000000000000000000000000000080",
    ),
    (
        "the neutral element encoded with y = p + 1: it signs every message",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ),
    (
        "a key of order 2",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ),
    (
        "a key of order 4",
        "0000000000000000000000000000000000000000000000000000000000000000",
    ),
    (
        "the other key of order 4",
        "0000000000000000000000000000000000000000000000000000000000000080",
    ),
    (
        "another key of order 8",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    ),
    (
        "a key of order 8 with the sign of x set",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    ),
    (
        "a key of large order whose y is not below p",
        "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ),
    (
        "no point of the curve",
        "0200000000000000000000000000000000000000000000000000000000000000",
    ),
];

fn p256_cases() -> Vec<Case> {
    // RFC 6979 A.2.5: the key and its signatures with SHA-256.
    let key = "3059301306072a8648ce3d020106082a8648ce3d0301070342000460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
    let rs = |text: &str| -> [u8; 64] { hex::decode(text).unwrap().try_into().unwrap() };
    let sample = rs(
        "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
    );
    let test = rs(
        "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083",
    );
    let der = |signature: &[u8; 64]| p256_signature_to_der(signature).unwrap();
    let vector = |name: &str, message: &[u8], signature: &[u8]| {
        case(name)
            .with("key", key)
            .with_bytes("message", message)
            .with_bytes("signature", signature)
    };
    let with_key = |name: &str, key: &str| {
        case(name)
            .with("key", key)
            .with_bytes("message", b"test")
            .with_bytes("signature", der(&test))
    };
    // SEQUENCE { INTEGER r, INTEGER s } of these raw contents.
    let raw = |r: &[u8], s: &[u8]| {
        let len = u8::try_from(r.len() + s.len() + 4).unwrap();
        let (r_len, s_len) = (
            u8::try_from(r.len()).unwrap(),
            u8::try_from(s.len()).unwrap(),
        );
        [&[0x30, len, 2, r_len], r, &[2, s_len], s].concat()
    };
    let (r, s) = test.split_at(32);
    let r0 = [&[0], r].concat();
    let order = hex::decode(format!("00{P256_ORDER}")).unwrap();
    let mut long_form = der(&test);
    long_form.splice(1..2, [0x81, long_form[1]]);
    let mut swapped = [0; 64];
    swapped[..32].copy_from_slice(s);
    swapped[32..].copy_from_slice(r);
    let off_curve = format!("{}98", &key[..180]);
    let compressed = format!(
        "3039301306072a8648ce3d020106082a8648ce3d030107032200{}{}",
        "03",
        &key[54..118]
    );
    vec![
        vector(
            "RFC 6979 A.2.5, sample: the S is high",
            b"sample",
            &der(&sample),
        )
        .ok(),
        vector(
            "the same with the low S",
            b"sample",
            &der(&other_s(&sample)),
        )
        .ok(),
        vector("RFC 6979 A.2.5, test: the S is low", b"test", &der(&test)).ok(),
        vector("the same with the high S", b"test", &der(&other_s(&test))).ok(),
        vector("another message", b"other", &der(&test)).refused("Signature"),
        vector("r and s exchanged", b"test", &der(&swapped)).refused("Signature"),
        vector("r and s without DER", b"test", &test).refused("Form"),
        vector("no bytes", b"test", &[]).refused("Form"),
        vector(
            "a byte after the DER",
            b"test",
            &[der(&test), vec![0]].concat(),
        )
        .refused("Form"),
        vector("the last byte missing", b"test", &der(&test)[..70]).refused("Form"),
        vector("the length in the long form", b"test", &long_form).refused("Form"),
        vector(
            "r with one zero byte too many",
            b"test",
            &raw(&[&[0], r0.as_slice()].concat(), s),
        )
        .refused("Form"),
        vector(
            "s with a zero byte too many",
            b"test",
            &raw(&r0, &[&[0], s].concat()),
        )
        .refused("Form"),
        vector("r is negative", b"test", &raw(r, s)).refused("Form"),
        vector("r is zero", b"test", &raw(&[0], s)).refused("Form"),
        vector("s is zero", b"test", &raw(&r0, &[0])).refused("Form"),
        vector("r is the order", b"test", &raw(&order, s)).refused("Form"),
        vector("s is the order", b"test", &raw(&r0, &order)).refused("Form"),
        with_key("the key's point is not on the curve", &off_curve).refused("Key"),
        with_key("the key's point is compressed", &compressed).refused("Key"),
        with_key("a byte after the key", &format!("{key}00")).refused("Key"),
        with_key("the last byte of the key missing", &key[..180]).refused("Key"),
        with_key("the key without SubjectPublicKeyInfo", &key[52..]).refused("Key"),
        with_key(
            "the key's curve is secp256k1",
            &key.replacen("06082a8648ce3d030107", "06082b8104000a000000", 1),
        )
        .refused("Key"),
    ]
}

fn ml_dsa_cases() -> Vec<Case> {
    let key = witness_pq('a');
    let (message, material) = (b"notarylog", key.vkey.material());
    let signature = key.sign(message);
    let vector = |name: &str, message: &[u8], signature: &[u8]| {
        case(name)
            .with_bytes("key", material)
            .with_bytes("message", message)
            .with_bytes("signature", signature)
    };
    let with = |at: usize, value: u8| {
        let mut signature = signature.clone();
        signature[at] = value;
        signature
    };
    // The hint is the last 84 bytes: 80 places, then for each of four polynomials where its places end.
    let hint = 2420 - 84;
    assert_ne!(signature[hint], 0xff);
    let swapped = {
        let mut signature = signature.clone();
        signature.swap(hint, hint + 1);
        signature
    };
    vec![
        vector("a signature", message, &signature).ok(),
        vector("the empty message", b"", &key.sign(b"")).ok(),
        vector(
            "a signature with a context",
            message,
            &key.sign_in_context(message, b"ctx"),
        )
        .refused("Signature"),
        vector("another message", b"notarylog.", &signature).refused("Signature"),
        vector("the first byte changed", message, &with(0, !signature[0])).refused("Signature"),
        vector(
            "a byte of the vector z changed",
            message,
            &with(32, !signature[32]),
        )
        .refused("Signature"),
        vector("two places of the hint out of order", message, &swapped).refused("Signature"),
        vector("the hint's last end beyond 80", message, &with(2419, 81)).refused("Signature"),
        vector(
            "the hint's ends go back",
            message,
            &with(2416, signature[2417] + 1),
        )
        .refused("Signature"),
        vector("a place after the hint's end", message, &with(hint + 79, 1)).refused("Signature"),
        vector("2419 bytes", message, &signature[1..]).refused("Form"),
        vector(
            "2421 bytes",
            message,
            &[signature.clone(), vec![0]].concat(),
        )
        .refused("Form"),
        case("another key")
            .with_bytes("key", witness_pq('b').vkey.material())
            .with_bytes("message", message)
            .with_bytes("signature", &signature)
            .refused("Signature"),
        case("a key of 1311 bytes")
            .with_bytes("key", &material[1..])
            .with_bytes("message", message)
            .with_bytes("signature", &signature)
            .refused("Key"),
    ]
}
