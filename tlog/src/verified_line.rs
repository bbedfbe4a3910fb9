//! A signature line of a checkpoint, verified: by whom, of which kind, and when. One function for every kind.

use crate::cosignature::{self, COSIGNATURE_TIME_MAX, cosignature_message, cosigned_message};
use crate::signature::{ED25519_KEY_LEN, ED25519_SIGNATURE_LEN, ed25519_signature_is_sound};
use crate::treehead::{self, tree_head_message};
use crate::vkey::PublicKey;
use crate::{Checkpoint, KeyId, KeyKind, KeyName, SignatureChecks, SignatureLine, Vkey};
use core::fmt;

/// A line that a known key has validly signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedLine {
    /// The name of the key.
    pub name: KeyName,
    /// The id of the key: with the name it tells one key of a signer from another.
    pub id: KeyId,
    /// The kind of signature.
    pub kind: KeyKind,
    /// The time that the line states.
    pub time: LineTime,
}

/// The time that a signature line states, and signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LineTime {
    /// None: an Ed25519 note signature (0x01), or an ML-DSA-44 line (0x06) of time zero, by which a cosigner says that
    /// the tree is consistent with all it saw, and not that it is the newest (c2sp.org/tlog-cosignature).
    NotStated,
    /// Seconds since 1970 (0x04, 0x06).
    Seconds(u64),
    /// Milliseconds since 1970 (0x05).
    Milliseconds(u64),
}

impl LineTime {
    /// The stated time in seconds since 1970, rounded down.
    pub const fn seconds(self) -> Option<u64> {
        match self {
            Self::NotStated => None,
            Self::Seconds(time_s) => Some(time_s),
            Self::Milliseconds(time_ms) => Some(time_ms / 1000),
        }
    }
}

/// Verifies one line of a checkpoint by the key that it names. `note_text` is the text that `checkpoint` was read from.
///
/// - 0x01: Ed25519 over the note's text.
/// - 0x04: Ed25519 over [`cosignature_message`]; a time above 2^63 − 1 is refused.
/// - 0x05: ECDSA over [`tree_head_message`]; the key's name must be the origin, and a checkpoint with extension lines
///   never verifies, since neither is signed.
/// - 0x06: ML-DSA-44 over [`cosigned_message`] from 0 to the tree's size; extension lines are not signed.
pub fn verify_line(
    vkey: &Vkey,
    checkpoint: &Checkpoint,
    note_text: &str,
    line: &SignatureLine,
    checks: &dyn SignatureChecks,
) -> Result<VerifiedLine, BadLine> {
    if vkey.name() != line.name() || vkey.id() != line.id() {
        return Err(BadLine::OtherKey);
    }
    let time = match vkey.key() {
        PublicKey::Ed25519(_) => return verify_text_line(vkey, note_text, line, checks),
        PublicKey::Cosignature(key) => {
            let (time_s, signature) = cosignature::parse_body(line.body()).ok_or(BadLine::Form)?;
            let time = stated(time_s)?;
            let message = cosignature_message(time_s, note_text);
            check_ed25519(key, &message, signature, checks)?;
            time
        }
        PublicKey::TreeHead(spki) => {
            let (time_ms, signature) = treehead::parse_body(line.body()).ok_or(BadLine::Form)?;
            if vkey.name().as_str() != checkpoint.origin() {
                return Err(BadLine::OtherOrigin);
            }
            if !checkpoint.extensions().is_empty() {
                return Err(BadLine::Extensions);
            }
            let message = tree_head_message(time_ms, checkpoint.size(), &checkpoint.root());
            accept(checks.p256(spki.as_bytes(), &message, &signature))?;
            LineTime::Milliseconds(time_ms)
        }
        PublicKey::MlDsa44(key) => {
            let (time_s, signature) = cosignature::parse_body(line.body()).ok_or(BadLine::Form)?;
            let time = match stated(time_s)? {
                LineTime::Seconds(0) => LineTime::NotStated,
                time => time,
            };
            let (origin, size) = (checkpoint.origin(), checkpoint.size().get());
            let message =
                cosigned_message(vkey.name(), time_s, origin, 0, size, &checkpoint.root())
                    .map_err(|_| BadLine::OriginTooLong)?;
            accept(checks.ml_dsa_44(key, &message, signature))?;
            time
        }
    };
    Ok(verified(vkey, time))
}

/// Verifies one line of a note that need not be a checkpoint, by an Ed25519 key (0x01): no other kind signs any text.
pub fn verify_text_line(
    vkey: &Vkey,
    note_text: &str,
    line: &SignatureLine,
    checks: &dyn SignatureChecks,
) -> Result<VerifiedLine, BadLine> {
    if vkey.name() != line.name() || vkey.id() != line.id() {
        return Err(BadLine::OtherKey);
    }
    let PublicKey::Ed25519(key) = vkey.key() else {
        return Err(BadLine::NeedsCheckpoint);
    };
    let signature = line.body().try_into().map_err(|_| BadLine::Form)?;
    check_ed25519(key, note_text.as_bytes(), signature, checks)?;
    Ok(verified(vkey, LineTime::NotStated))
}

/// Why a line is not a valid signature of a checkpoint by a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadLine {
    /// The name or the key id is another key's.
    OtherKey,
    /// The body has not the form of its kind: length, digitally-signed struct, DER, r and s in range.
    Form,
    /// A key of this kind signs checkpoints, not any text.
    NeedsCheckpoint,
    /// A time above 2^63 − 1.
    Time,
    /// A tree head line (0x05) by a key whose name is not the origin.
    OtherOrigin,
    /// A tree head line (0x05) below a checkpoint with extension lines.
    Extensions,
    /// An ML-DSA-44 line (0x06) below an origin of more than 255 bytes.
    OriginTooLong,
    /// The signature does not verify.
    Signature,
}

impl fmt::Display for BadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OtherKey => "its name or key id is another key's",
            Self::Form => "it has not the form of its kind",
            Self::NeedsCheckpoint => "its kind signs checkpoints only",
            Self::Time => "its time is above 2^63 − 1",
            Self::OtherOrigin => "its key belongs to another origin",
            Self::Extensions => "it cannot stand below extension lines, which it does not sign",
            Self::OriginTooLong => "it cannot sign an origin of more than 255 bytes",
            Self::Signature => "the signature does not verify",
        })
    }
}

impl core::error::Error for BadLine {}

fn verified(vkey: &Vkey, time: LineTime) -> VerifiedLine {
    VerifiedLine {
        name: vkey.name().clone(),
        id: vkey.id(),
        kind: vkey.kind(),
        time,
    }
}

fn stated(time_s: u64) -> Result<LineTime, BadLine> {
    if time_s > COSIGNATURE_TIME_MAX {
        Err(BadLine::Time)
    } else {
        Ok(LineTime::Seconds(time_s))
    }
}

fn check_ed25519(
    key: &[u8; ED25519_KEY_LEN],
    message: &[u8],
    signature: &[u8; ED25519_SIGNATURE_LEN],
    checks: &dyn SignatureChecks,
) -> Result<(), BadLine> {
    // The key is sound since it is a vkey's; the signature is asked here, in front of every implementation.
    accept(ed25519_signature_is_sound(signature) && checks.ed25519(key, message, signature))
}

fn accept(verifies: bool) -> Result<(), BadLine> {
    if verifies {
        Ok(())
    } else {
        Err(BadLine::Signature)
    }
}
