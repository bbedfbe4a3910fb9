//! RFC 6962 tree heads, signed by ECDSA on P-256, as bytes to sign and as lines of a note (0x05).
//! <https://www.rfc-editor.org/rfc/rfc6962#section-3.5>, <https://c2sp.org/static-ct-api#checkpoints>

use crate::signature::p256_signature_from_der;
use crate::{Hash, KeyId, KeyName, SignatureLine, TreeSize};
use alloc::vec::Vec;

/// The bytes that a tree head signature signs: `TreeHeadSignature` of RFC 6962 §3.5, 50 bytes. The time is in
/// milliseconds since 1970. Neither the origin nor extension lines are in it.
pub fn tree_head_message(time_ms: u64, size: TreeSize, root: &Hash) -> Vec<u8> {
    let mut message = Vec::with_capacity(50);
    message.extend_from_slice(&[VERSION_V1, SIGNATURE_TYPE_TREE_HASH]);
    message.extend_from_slice(&time_ms.to_be_bytes());
    message.extend_from_slice(&size.get().to_be_bytes());
    message.extend_from_slice(root.as_bytes());
    message
}

/// The TLS `digitally-signed` struct (RFC 5246 §4.7): hash 4 (SHA-256), signature 3 (ECDSA), a 16-bit length, the
/// signature in DER. So it stands in a note line and, as base64, in `get-sth`.
///
/// # Panics
///
/// If the signature is longer than 65,535 bytes; one by P-256 has at most 72.
pub fn digitally_signed(signature_der: &[u8]) -> Vec<u8> {
    let len = u16::try_from(signature_der.len())
        .expect("an ECDSA signature on P-256 has at most 72 bytes in DER");
    let mut signed = Vec::with_capacity(4 + signature_der.len());
    signed.extend_from_slice(&[HASH_SHA256, SIGNATURE_ECDSA]);
    signed.extend_from_slice(&len.to_be_bytes());
    signed.extend_from_slice(signature_der);
    signed
}

/// The signature line (0x05) of a tree head: the time in milliseconds, then [`digitally_signed`]. The name is the
/// log's origin.
///
/// # Panics
///
/// As [`digitally_signed`].
pub fn tree_head_line(
    name: &KeyName,
    spki_der: &[u8],
    time_ms: u64,
    signature_der: &[u8],
) -> SignatureLine {
    let mut body = Vec::with_capacity(12 + signature_der.len());
    body.extend_from_slice(&time_ms.to_be_bytes());
    body.extend_from_slice(&digitally_signed(signature_der));
    SignatureLine::signed(name.clone(), KeyId::of_tree_head(name, spki_der), body)
}

/// Reads the body of a 0x05 line to time (milliseconds) and r || s: exactly these bytes, nothing after them.
pub(crate) fn parse_body(body: &[u8]) -> Option<(u64, [u8; 64])> {
    let (time, signed) = body.split_first_chunk::<8>()?;
    let (header, signature) = signed.split_first_chunk::<4>()?;
    let [HASH_SHA256, SIGNATURE_ECDSA, len_high, len_low] = *header else {
        return None;
    };
    if signature.len() != usize::from(u16::from_be_bytes([len_high, len_low])) {
        return None;
    }
    Some((
        u64::from_be_bytes(*time),
        p256_signature_from_der(signature)?,
    ))
}

/// RFC 6962 §3.2.
const VERSION_V1: u8 = 0;
/// RFC 6962 §3.2.
const SIGNATURE_TYPE_TREE_HASH: u8 = 1;
/// RFC 5246 §7.4.1.4.1.
const HASH_SHA256: u8 = 4;
/// RFC 5246 §7.4.1.4.1.
const SIGNATURE_ECDSA: u8 = 3;
