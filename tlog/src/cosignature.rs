//! Timestamped signatures of a checkpoint, by Ed25519 (0x04) and ML-DSA-44 (0x06), as bytes to sign and as lines of a
//! note. <https://c2sp.org/tlog-cosignature>

use crate::signature::ED25519_SIGNATURE_LEN;
use crate::{Hash, KeyName, SignatureLine, Vkey};
use alloc::vec::Vec;
use core::fmt;

/// The latest time that a line may bear, in seconds since 1970: "It MUST NOT exceed 2^63 - 1".
pub const COSIGNATURE_TIME_MAX: u64 = (1 << 63) - 1;

/// The bytes that an Ed25519 cosignature (0x04) signs: two lines, then the whole checkpoint text with its final newline
/// and its extension lines.
///
/// ```
/// # use tlog::cosignature_message;
/// let checkpoint = "\
/// example.com/behind-the-sofa
/// 20852163
/// CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
/// ";
/// assert_eq!(cosignature_message(1_679_315_147, checkpoint), b"\
/// cosignature/v1
/// time 1679315147
/// example.com/behind-the-sofa
/// 20852163
/// CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
/// ");
/// ```
pub fn cosignature_message(time_s: u64, checkpoint_text: &str) -> Vec<u8> {
    alloc::format!("cosignature/v1\ntime {time_s}\n{checkpoint_text}").into_bytes()
}

/// The bytes that an ML-DSA-44 line (0x06) signs: the struct `cosigned_message`. For a checkpoint, `start` is 0 and
/// `end` is the tree's size; the time may be 0, which states none. Extension lines are not in it.
///
/// Refuses a cosigner's name, or a foreign log's origin, that is empty or longer than 255 bytes: the struct has no room.
pub fn cosigned_message(
    cosigner: &KeyName,
    time_s: u64,
    log_origin: &str,
    start: u64,
    end: u64,
    hash: &Hash,
) -> Result<Vec<u8>, NameTooLong> {
    let mut message = Vec::with_capacity(70 + cosigner.as_str().len() + log_origin.len());
    message.extend_from_slice(SUBTREE_LABEL);
    push_name(&mut message, cosigner.as_str())?;
    message.extend_from_slice(&time_s.to_be_bytes());
    push_name(&mut message, log_origin)?;
    message.extend_from_slice(&start.to_be_bytes());
    message.extend_from_slice(&end.to_be_bytes());
    message.extend_from_slice(hash.as_bytes());
    Ok(message)
}

/// The signature line of a key of kind 0x04 or 0x06: the time in seconds, then the signature (64 or 2420 bytes).
pub fn cosignature_line(vkey: &Vkey, time_s: u64, signature: &[u8]) -> SignatureLine {
    let mut body = Vec::with_capacity(8 + signature.len());
    body.extend_from_slice(&time_s.to_be_bytes());
    body.extend_from_slice(signature);
    SignatureLine::signed(vkey.name().clone(), vkey.id(), body)
}

/// The signature line of a key of kind 0x01: an Ed25519 signature over the note's text
/// (c2sp.org/signed-note, Ed25519 signatures).
pub fn ed25519_line(vkey: &Vkey, signature: &[u8; ED25519_SIGNATURE_LEN]) -> SignatureLine {
    SignatureLine::signed(vkey.name().clone(), vkey.id(), signature.to_vec())
}

/// A cosigner's name or a log's origin has not 1 to 255 bytes: ML-DSA-44 lines cannot sign it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameTooLong;

impl fmt::Display for NameTooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ML-DSA-44 lines sign names and origins of 1 to 255 bytes only")
    }
}

impl core::error::Error for NameTooLong {}

/// Splits the body of a 0x04 or 0x06 line into time (seconds) and signature.
pub(crate) fn parse_body<const LEN: usize>(body: &[u8]) -> Option<(u64, &[u8; LEN])> {
    let (time, signature) = body.split_first_chunk::<8>()?;
    Some((u64::from_be_bytes(*time), signature.try_into().ok()?))
}

const SUBTREE_LABEL: &[u8; 12] = b"subtree/v1\n\0";

fn push_name(message: &mut Vec<u8>, name: &str) -> Result<(), NameTooLong> {
    let len = u8::try_from(name.len()).map_err(|_| NameTooLong)?;
    if len == 0 {
        return Err(NameTooLong);
    }
    message.push(len);
    message.extend_from_slice(name.as_bytes());
    Ok(())
}
