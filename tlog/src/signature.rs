//! Signature checks: one small trait, its implementation in pure Rust, and the rules of encoding that hold for every
//! implementation. Ed25519: <https://www.rfc-editor.org/rfc/rfc8032>; ML-DSA-44: <https://csrc.nist.gov/pubs/fips/204/final>.

use crate::P256Spki;
use alloc::vec::Vec;
use ml_dsa::{EncodedSignature, EncodedVerifyingKey, MlDsa44};
use p256::ecdsa::signature::Verifier as _;

/// The length of an Ed25519 public key in bytes.
pub const ED25519_KEY_LEN: usize = 32;
/// The length of an Ed25519 signature in bytes.
pub const ED25519_SIGNATURE_LEN: usize = 64;
/// The length of an ML-DSA-44 public key in bytes (FIPS 204, table 2).
pub const ML_DSA_44_KEY_LEN: usize = 1312;
/// The length of an ML-DSA-44 signature in bytes (FIPS 204, table 2).
pub const ML_DSA_44_SIGNATURE_LEN: usize = 2420;

/// What checks a signature. Programs may hand in a faster implementation than [`PureRust`].
///
/// No implementation decides what is acceptable: lengths, ranges and encodings are parsed before. Whoever calls
/// [`ed25519`](Self::ed25519) has asked [`ed25519_key_is_sound`] (every [`Vkey`](crate::Vkey) has) and
/// [`ed25519_signature_is_sound`]; what those two let through, all implementations judge alike.
pub trait SignatureChecks {
    /// Ed25519 (RFC 8032 §5.1.7, the equation without cofactor, S below the order).
    fn ed25519(&self, key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool;

    /// ECDSA on P-256 with SHA-256; the key as DER `SubjectPublicKeyInfo` (91 bytes), the signature as r || s. Either
    /// S is accepted; r and s lie in 1..n.
    fn p256(&self, spki_der: &[u8], message: &[u8], signature: &[u8; 64]) -> bool;

    /// ML-DSA-44 (FIPS 204, pure, empty context).
    fn ml_dsa_44(&self, key: &[u8; 1312], message: &[u8], signature: &[u8; 2420]) -> bool;
}

/// Checks in pure Rust: `ed25519-dalek`, `p256`, `ml-dsa`.
#[derive(Clone, Copy, Debug, Default)]
pub struct PureRust;

impl SignatureChecks for PureRust {
    fn ed25519(&self, key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
        ed25519_dalek::VerifyingKey::from_bytes(key).is_ok_and(|key| {
            key.verify_strict(message, &ed25519_dalek::Signature::from_bytes(signature))
                .is_ok()
        })
    }

    fn p256(&self, spki_der: &[u8], message: &[u8], signature: &[u8; 64]) -> bool {
        let key = P256Spki::from_der(spki_der)
            .ok()
            .and_then(|spki| p256::ecdsa::VerifyingKey::from_sec1_bytes(spki.point()).ok());
        let signature = p256::ecdsa::Signature::from_slice(signature).ok();
        key.zip(signature)
            .is_some_and(|(key, signature)| key.verify(message, &signature).is_ok())
    }

    fn ml_dsa_44(&self, key: &[u8; 1312], message: &[u8], signature: &[u8; 2420]) -> bool {
        let key = EncodedVerifyingKey::<MlDsa44>::from(*key);
        let key = ml_dsa::VerifyingKey::<MlDsa44>::decode(&key);
        let signature = EncodedSignature::<MlDsa44>::from(*signature);
        ml_dsa::Signature::<MlDsa44>::decode(&signature)
            .is_some_and(|signature| key.verify_with_context(message, &[], &signature))
    }
}

/// Whether these bytes are an Ed25519 key to accept: a point in its only encoding (RFC 8032 §5.1.3), on the curve, and
/// not of small order, since such a key signs almost every message at once.
pub fn ed25519_key_is_sound(key: &[u8; 32]) -> bool {
    is_below_p(key)
        && ed25519_dalek::VerifyingKey::from_bytes(key).is_ok_and(|point| !point.is_weak())
}

/// Whether the first half of an Ed25519 signature, R, is a point in its only encoding and not of small order.
///
/// Libraries differ on such an R (RFC 8032 lets them), so it is refused here, in front of all of them. That R lies on
/// the curve and that S is below the order, they all check themselves.
pub fn ed25519_signature_is_sound(signature: &[u8; 64]) -> bool {
    signature
        .first_chunk::<32>()
        .is_some_and(|r| is_below_p(r) && !SMALL_ORDER.contains(&without_sign(*r)))
}

/// Whether the S of an ECDSA signature r || s on P-256 is in the lower half of the order; `None`: r or s is 0 or not
/// below the order.
pub fn p256_is_low_s(signature: &[u8; 64]) -> Option<bool> {
    let signature = p256::ecdsa::Signature::from_slice(signature).ok()?;
    Some(signature.normalize_s() == signature)
}

/// The same signature with a low S: half of what openssl, Java and hardware sign is high. `None`: r or s is 0 or not
/// below the order.
pub fn p256_to_low_s(signature: &[u8; 64]) -> Option<[u8; 64]> {
    let signature = p256::ecdsa::Signature::from_slice(signature).ok()?;
    Some(signature.normalize_s().to_bytes().into())
}

/// Reads an ECDSA signature on P-256 in DER (RFC 3279 §2.2.3) to r || s. Strict: the only DER encoding, r and s in
/// 1..n. Either S.
pub fn p256_signature_from_der(der: &[u8]) -> Option<[u8; 64]> {
    let signature = p256::ecdsa::Signature::from_der(der).ok()?;
    // Two encodings of one signature would make two notes of one; only the one that we would write is read.
    (signature.to_der().as_bytes() == der).then(|| signature.to_bytes().into())
}

/// Writes r || s in DER, at most 72 bytes. `None`: r or s is 0 or not below the order.
pub fn p256_signature_to_der(signature: &[u8; 64]) -> Option<Vec<u8>> {
    let signature = p256::ecdsa::Signature::from_slice(signature).ok()?;
    Some(signature.to_der().as_bytes().to_vec())
}

/// The y coordinates, without the sign of x, of the eight points of small order on Edwards25519.
const SMALL_ORDER: [[u8; 32]; 5] = [
    // y = 0: order 4.
    [0; 32],
    // y = 1: the neutral element.
    [
        1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0,
    ],
    // Two y of order 8, each with both signs of x.
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
        0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53,
        0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67,
        0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac,
        0x03, 0x7a,
    ],
    // y = p − 1: order 2.
    [
        0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0x7f,
    ],
];

fn without_sign(mut point: [u8; 32]) -> [u8; 32] {
    point[31] &= 0x7f;
    point
}

/// Whether y, the little-endian encoding without the sign of x, is below p = 2^255 − 19.
fn is_below_p(point: &[u8; 32]) -> bool {
    let y = without_sign(*point);
    y[0] < 0xed || y[1..31].iter().any(|&byte| byte != 0xff) || y[31] != 0x7f
}
