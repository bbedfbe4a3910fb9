//! A P-256 public key as DER `SubjectPublicKeyInfo`. <https://www.rfc-editor.org/rfc/rfc5480#section-2>

use crate::Hash;
use core::fmt;

/// A P-256 public key in its one accepted form: the 91 bytes of a DER `SubjectPublicKeyInfo` with an uncompressed point
/// that lies on the curve.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct P256Spki([u8; Self::LEN]);

impl P256Spki {
    /// The length in bytes.
    pub const LEN: usize = 91;

    /// Takes exactly those 91 bytes: this algorithm, this curve, no compressed point, nothing after the end.
    pub fn from_der(der: &[u8]) -> Result<Self, MalformedSpki> {
        let der: [u8; Self::LEN] = der.try_into().map_err(|_| MalformedSpki::Length)?;
        let spki = Self(der);
        if !der.starts_with(&HEADER) || spki.point().first() != Some(&UNCOMPRESSED) {
            return Err(MalformedSpki::Algorithm);
        }
        p256::PublicKey::from_sec1_bytes(spki.point()).map_err(|_| MalformedSpki::Point)?;
        Ok(spki)
    }

    /// The 91 bytes.
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    /// The uncompressed point (SEC 1 §2.3.3): 65 bytes, the first is 4.
    pub fn point(&self) -> &[u8] {
        self.0.get(HEADER.len()..).unwrap_or_default()
    }

    /// SHA-256 of the DER: the `LogID` of RFC 6962 §3.2.
    pub fn log_id(&self) -> Hash {
        Hash::of(&self.0)
    }
}

impl AsRef<[u8]> for P256Spki {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for P256Spki {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "P256Spki({:?})", self.log_id())
    }
}

/// Reads a P-256 key: see [`P256Spki::from_der`].
pub fn p256_spki_from_der(der: &[u8]) -> Result<P256Spki, MalformedSpki> {
    P256Spki::from_der(der)
}

/// Why bytes are not a P-256 key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MalformedSpki {
    /// Not 91 bytes.
    Length,
    /// Another algorithm or curve, a compressed point, or DER that is not the only encoding.
    Algorithm,
    /// The point does not lie on the curve.
    Point,
}

impl fmt::Display for MalformedSpki {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Length => "a P-256 public key is 91 bytes of DER SubjectPublicKeyInfo",
            Self::Algorithm => {
                "not a DER SubjectPublicKeyInfo of an uncompressed P-256 point: export the key again, uncompressed"
            }
            Self::Point => "the key's point does not lie on P-256: the key is damaged",
        })
    }
}

impl core::error::Error for MalformedSpki {}

const UNCOMPRESSED: u8 = 4;

/// SEQUENCE { SEQUENCE { id-ecPublicKey, secp256r1 }, BIT STRING of 66 bytes with no unused bits.
const HEADER: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
