//! Public keys as notices and receipts carry them.

use crate::KeyHash;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use core::fmt;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use tlog::{MalformedSpki, P256Spki};

/// A P-256 public key as DER `SubjectPublicKeyInfo`: 91 bytes with the uncompressed point, which lies on the curve. In
/// JSON it is standard base64.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Spki(P256Spki);

impl Spki {
    /// Reads the one DER form of a P-256 key.
    pub fn parse(der: &[u8]) -> Result<Self, MalformedSpki> {
        P256Spki::from_der(der).map(Self)
    }

    /// Reads standard, padded base64 of the DER form.
    pub fn from_base64(text: &str) -> Result<Self, MalformedSpki> {
        let der = STANDARD.decode(text).map_err(|_| MalformedSpki::Length)?;
        Self::parse(&der)
    }

    /// The 91 DER bytes.
    pub const fn as_der(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// The name of the key: SHA-256 of the DER bytes.
    pub fn key_hash(&self) -> KeyHash {
        KeyHash::of_spki(self.as_der())
    }
}

impl fmt::Display for Spki {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(self.as_der()))
    }
}

impl fmt::Debug for Spki {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Spki({self})")
    }
}

impl Serialize for Spki {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Spki {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        Self::from_base64(&text).map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Spki {
    fn schema_name() -> Cow<'static, str> {
        "Spki".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        // 91 bytes are 124 characters, the last two of them padding.
        json_schema!({
            "description": "DER SubjectPublicKeyInfo of a P-256 key, in standard base64",
            "type": "string",
            "pattern": "^[A-Za-z0-9+/]{122}==$"
        })
    }
}
