//! Parameters: decimals and hashes, strictly parsed.

use super::problems::{MALFORMED_QUERY, Rejection};
use evidence::KeyHash;
use tlog::{Hash, LeafIndex, TreeSize};

/// A parameter that must be there.
pub fn required<'a>(name: &str, value: Option<&'a String>) -> Result<&'a str, Rejection> {
    match value {
        Some(value) => Ok(value),
        None => Err(Rejection::from(
            MALFORMED_QUERY
                .problem()
                .detail(format!("The parameter {name} is missing.")),
        )),
    }
}

/// A canonical decimal size.
pub fn size(name: &str, text: &str) -> Result<TreeSize, Rejection> {
    TreeSize::from_decimal(text)
        .map_err(|_| malformed(name, "a decimal below 2^63 without sign or leading zeroes"))
}

/// A canonical decimal index.
pub fn index(name: &str, text: &str) -> Result<LeafIndex, Rejection> {
    size(name, text).map(|size| LeafIndex::new(size.get()))
}

/// A leaf hash: 64 characters of hex, or base64 in either alphabet.
pub fn leaf_hash(name: &str, text: &str) -> Result<Hash, Rejection> {
    if text.len() == 64 {
        return hex32(name, text).map(Hash::new);
    }
    // A `+` in a query arrives as a space.
    let standard = text.replace([' ', '-'], "+").replace('_', "/");
    let padded = format!("{}=", standard.trim_end_matches('='));
    Hash::from_base64(&padded).map_err(|_| malformed(name, "a SHA-256 hash in hex or base64"))
}

/// 32 bytes in lower-case hex.
pub fn hex32(name: &str, text: &str) -> Result<[u8; 32], Rejection> {
    let mut bytes = [0; 32];
    let lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
    match hex::decode_to_slice(text, &mut bytes) {
        Ok(()) if lower => Ok(bytes),
        _ => Err(malformed(name, "64 characters of lower-case hex")),
    }
}

/// A key id in hex.
pub fn key_id(name: &str, text: &str) -> Result<KeyHash, Rejection> {
    hex32(name, text).map(KeyHash::new)
}

fn malformed(name: &str, expected: &str) -> Rejection {
    Rejection::from(
        MALFORMED_QUERY
            .problem()
            .detail(format!("The parameter {name} must be {expected}.")),
    )
}
