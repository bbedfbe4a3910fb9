//! Signature checks for programs: the fast ones, behind the trait that `tlog` asks.

use std::sync::Arc;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ML_DSA_44, ParsedPublicKey, UnparsedPublicKey,
};
use tlog::{MalformedSpki, P256Spki, PureRust, SignatureChecks};

/// P-256 and ML-DSA-44 by AWS-LC, about six times as fast as pure Rust. Ed25519 stays with [`PureRust`]: there is nothing
/// to gain (a head bears a few such lines, not an entry each), and AWS-LC accepts keys of small order.
#[derive(Clone, Copy, Debug, Default)]
pub struct AwsLc;

impl SignatureChecks for AwsLc {
    fn ed25519(&self, key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
        PureRust.ed25519(key, message, signature)
    }

    fn p256(&self, spki_der: &[u8], message: &[u8], signature: &[u8; 64]) -> bool {
        P256Verifier::from_spki(spki_der).is_ok_and(|verifier| verifier.verify(message, signature))
    }

    fn ml_dsa_44(&self, key: &[u8; 1312], message: &[u8], signature: &[u8; 2420]) -> bool {
        UnparsedPublicKey::new(&ML_DSA_44, key)
            .verify(message, signature)
            .is_ok()
    }
}

/// A P-256 key parsed once, for the path where one key checks many signatures.
#[derive(Clone, Debug)]
pub struct P256Verifier {
    key: Arc<ParsedPublicKey>,
}

impl P256Verifier {
    /// Takes the one form of a P-256 key that `tlog` takes: 91 bytes of DER, an uncompressed point on the curve.
    ///
    /// # Errors
    /// [`MalformedSpki`] for any other encoding, also those that a lenient parser takes.
    pub fn from_spki(spki_der: &[u8]) -> Result<P256Verifier, MalformedSpki> {
        let spki = P256Spki::from_der(spki_der)?;
        let key = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, spki.point())
            .map_err(|_| MalformedSpki::Point)?;
        Ok(P256Verifier { key: Arc::new(key) })
    }

    /// Checks ECDSA with SHA-256, the signature as r || s, either S, r and s in 1..n.
    pub fn verify(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.key.verify_sig(message, signature).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use ml_dsa::{ExpandedSigningKey, MlDsa44};
    use p256::ecdsa::signature::Signer;
    use p256::pkcs8::EncodePublicKey;
    use tlog::{PureRust, SignatureChecks};

    use super::{AwsLc, P256Verifier};

    const MESSAGE: &[u8] = b"a head that somebody signed";

    /// The message, the signature, each with one bit flipped, and another length of the message.
    fn spoilt<const N: usize>(signature: &[u8; N]) -> Vec<(Vec<u8>, [u8; N])> {
        let mut cases = vec![
            (MESSAGE[1..].to_vec(), *signature),
            (Vec::new(), *signature),
        ];
        for bit in (0..MESSAGE.len() * 8).step_by(7) {
            let mut message = MESSAGE.to_vec();
            message[bit / 8] ^= 1 << (bit % 8);
            cases.push((message, *signature));
        }
        for bit in (0..N * 8).step_by(if N > 64 { 509 } else { 1 }) {
            let mut flipped = *signature;
            flipped[bit / 8] ^= 1 << (bit % 8);
            cases.push((MESSAGE.to_vec(), flipped));
        }
        cases
    }

    #[test]
    fn ed25519_agrees_with_its_signer_and_refuses_flipped_bits() {
        let key = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
        let signature = ed25519_dalek::Signer::sign(&key, MESSAGE).to_bytes();
        let public = key.verifying_key().to_bytes();
        assert!(AwsLc.ed25519(&public, MESSAGE, &signature));
        for (message, signature) in spoilt(&signature) {
            assert!(!AwsLc.ed25519(&public, &message, &signature));
        }
    }

    #[test]
    fn ed25519_refuses_a_key_of_small_order_that_fits_every_message() {
        // The neutral element as key and R, with s = 0, satisfies the bare equation for any message.
        let mut neutral = [0; 32];
        neutral[0] = 1;
        let mut signature = [0; 64];
        signature[0] = 1;
        assert!(!AwsLc.ed25519(&neutral, MESSAGE, &signature));
    }

    fn p256_key() -> (p256::ecdsa::SigningKey, Vec<u8>) {
        let key = p256::ecdsa::SigningKey::from_slice(&[9; 32]).unwrap();
        let spki = key.verifying_key().to_public_key_der().unwrap().into_vec();
        (key, spki)
    }

    #[test]
    fn p256_agrees_with_its_signer_and_refuses_flipped_bits() {
        let (key, spki) = p256_key();
        let signature: p256::ecdsa::Signature = key.sign(MESSAGE);
        let signature: [u8; 64] = signature.to_bytes().into();
        let verifier = P256Verifier::from_spki(&spki).unwrap();
        assert!(AwsLc.p256(&spki, MESSAGE, &signature));
        assert!(verifier.verify(MESSAGE, &signature));
        for (message, signature) in spoilt(&signature) {
            assert!(!AwsLc.p256(&spki, &message, &signature));
            assert!(!PureRust.p256(&spki, &message, &signature));
            assert!(!verifier.verify(&message, &signature));
        }
    }

    #[test]
    fn p256_takes_either_s_and_refuses_zero_and_the_order() {
        let (key, spki) = p256_key();
        let signature: p256::ecdsa::Signature = key.sign(MESSAGE);
        let (r, s) = signature.split_scalars();
        let other = p256::ecdsa::Signature::from_scalars(r, -s).unwrap();
        for signature in [signature, other] {
            assert!(AwsLc.p256(&spki, MESSAGE, &signature.to_bytes().into()));
        }
        let order = hex_order();
        for part in [[0; 32], order] {
            for at in [0, 32] {
                let mut spoilt: [u8; 64] = signature.to_bytes().into();
                spoilt[at..at + 32].copy_from_slice(&part);
                assert!(!AwsLc.p256(&spki, MESSAGE, &spoilt));
            }
        }
    }

    /// The order n of P-256 (FIPS 186-5, SP 800-186 §3.2.1.3).
    fn hex_order() -> [u8; 32] {
        let mut order = [0; 32];
        order[..8].copy_from_slice(&0xffff_ffff_0000_0000_u64.to_be_bytes());
        order[8..16].copy_from_slice(&u64::MAX.to_be_bytes());
        order[16..24].copy_from_slice(&0xbce6_faad_a717_9e84_u64.to_be_bytes());
        order[24..].copy_from_slice(&0xf3b9_cac2_fc63_2551_u64.to_be_bytes());
        order
    }

    #[test]
    fn a_p256_key_has_one_form() {
        let (key, spki) = p256_key();
        let point = key.verifying_key().to_sec1_point(true);
        let mut longer = spki.clone();
        longer.push(0);
        let mut off_curve = spki.clone();
        off_curve[90] ^= 1;
        for malformed in [
            &spki[26..],
            point.as_bytes(),
            &spki[..90],
            &longer,
            &off_curve,
            &[],
        ] {
            assert!(P256Verifier::from_spki(malformed).is_err());
            assert!(!AwsLc.p256(malformed, MESSAGE, &[1; 64]));
        }
    }

    #[test]
    fn ml_dsa_44_agrees_with_its_signer_and_refuses_flipped_bits() {
        let key = ExpandedSigningKey::<MlDsa44>::from_seed(&[5; 32].into());
        let public: [u8; 1312] = key.verifying_key().encode().into();
        let sign = |context: &[u8]| -> [u8; 2420] {
            key.sign_deterministic(MESSAGE, context)
                .unwrap()
                .encode()
                .into()
        };
        let signature = sign(b"");
        assert!(AwsLc.ml_dsa_44(&public, MESSAGE, &signature));
        for (message, signature) in spoilt(&signature) {
            assert!(!AwsLc.ml_dsa_44(&public, &message, &signature));
            assert!(!PureRust.ml_dsa_44(&public, &message, &signature));
        }
        assert!(
            !AwsLc.ml_dsa_44(&public, MESSAGE, &sign(b"context")),
            "the context is empty"
        );
    }
}
