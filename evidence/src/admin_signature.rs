//! The signatures of two admins under a notice.

use crate::{KeyHash, MalformedNotice};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How many of the three admins sign a notice. Two: one lost key does not lock the log, one stolen key does not rule it.
pub const ADMINS_NEEDED: usize = 2;

/// One admin's ECDSA P-256 signature under a notice: `{"key":"<64 hex>","sig":"<base64 of r || s>"}`, with a low S.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdminSignature {
    key: KeyHash,
    signature: [u8; 64],
}

impl AdminSignature {
    /// The signature r || s of the admin with this key; a high S becomes the low one.
    pub fn new(key: KeyHash, signature: [u8; 64]) -> Result<Self, MalformedNotice> {
        let signature = tlog::p256_to_low_s(&signature).ok_or(MalformedNotice::AdminSignature)?;
        Ok(Self { key, signature })
    }

    /// The admin's key.
    pub const fn key(&self) -> &KeyHash {
        &self.key
    }

    /// The signature, r || s, with a low S.
    pub const fn signature(&self) -> &[u8; 64] {
        &self.signature
    }

    pub(crate) fn from_wire(wire: &WireSignature) -> Result<Self, MalformedNotice> {
        let signature: [u8; 64] = STANDARD
            .decode(&wire.sig)
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or(MalformedNotice::AdminSignature)?;
        match tlog::p256_is_low_s(&signature) {
            Some(true) => Ok(Self {
                key: wire.key,
                signature,
            }),
            // One notice, one document: the other S would be another document with another hash.
            Some(false) | None => Err(MalformedNotice::AdminSignature),
        }
    }

    pub(crate) fn to_wire(self) -> WireSignature {
        WireSignature {
            key: self.key,
            sig: STANDARD.encode(self.signature),
        }
    }
}

/// An admin's signature as it stands in the document.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "AdminSignature")]
pub(crate) struct WireSignature {
    key: KeyHash,
    /// ECDSA P-256 with SHA-256, r || s with a low S, in standard base64.
    #[schemars(regex(pattern = r"^[A-Za-z0-9+/]{86}==$"))]
    sig: String,
}
