//! The signature checks by aws-lc, and both implementations side by side.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ML_DSA_44, UnparsedPublicKey, VerificationAlgorithm,
};
use tlog::{P256Spki, PureRust, SignatureChecks};

/// Checks by `aws-lc-rs`.
pub struct AwsLc;

impl SignatureChecks for AwsLc {
    fn ed25519(&self, key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
        verifies(&ED25519, key, message, signature)
    }

    fn p256(&self, spki_der: &[u8], message: &[u8], signature: &[u8; 64]) -> bool {
        P256Spki::from_der(spki_der)
            .is_ok_and(|spki| verifies(&ECDSA_P256_SHA256_FIXED, spki.point(), message, signature))
    }

    fn ml_dsa_44(&self, key: &[u8; 1312], message: &[u8], signature: &[u8; 2420]) -> bool {
        verifies(&ML_DSA_44, key, message, signature)
    }
}

/// Asks both implementations and fails the test where they differ.
pub struct Both;

impl SignatureChecks for Both {
    fn ed25519(&self, key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
        agreed(|checks| checks.ed25519(key, message, signature))
    }

    fn p256(&self, spki_der: &[u8], message: &[u8], signature: &[u8; 64]) -> bool {
        agreed(|checks| checks.p256(spki_der, message, signature))
    }

    fn ml_dsa_44(&self, key: &[u8; 1312], message: &[u8], signature: &[u8; 2420]) -> bool {
        agreed(|checks| checks.ml_dsa_44(key, message, signature))
    }
}

fn agreed(ask: impl Fn(&dyn SignatureChecks) -> bool) -> bool {
    let (pure_rust, aws_lc) = (ask(&PureRust), ask(&AwsLc));
    assert_eq!(pure_rust, aws_lc, "pure Rust and aws-lc judge differently");
    pure_rust
}

fn verifies(
    algorithm: &'static dyn VerificationAlgorithm,
    key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> bool {
    UnparsedPublicKey::new(algorithm, key)
        .verify(message, signature)
        .is_ok()
}
