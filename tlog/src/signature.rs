//! Signature checks: one small trait, and its implementation in pure Rust.

/// What checks a signature. Programs may hand in a faster implementation than [`PureRust`]; none decides what is
/// acceptable: lengths, ranges and encodings are parsed before.
pub trait SignatureChecks {
    /// Ed25519 (RFC 8032, strict: canonical encodings, no small-order points).
    fn ed25519(&self, key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool;

    /// ECDSA on P-256 with SHA-256; the key as DER SubjectPublicKeyInfo (91 bytes), the signature as r || s. Either S
    /// is accepted.
    fn p256(&self, spki_der: &[u8], message: &[u8], signature: &[u8; 64]) -> bool;

    /// ML-DSA-44 (FIPS 204, pure, empty context).
    fn ml_dsa_44(&self, key: &[u8; 1312], message: &[u8], signature: &[u8; 2420]) -> bool;
}

/// Checks in pure Rust: `ed25519-dalek`, `p256`, `ml-dsa`.
#[derive(Clone, Copy, Debug, Default)]
pub struct PureRust;
