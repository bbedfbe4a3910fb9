//! The fingerprint of a policy file as people read it aloud: eight groups of four hex digits.

use std::fmt;
use tlog::Policy;

/// The first 16 bytes of the SHA-256 of a policy file.
///
/// Whoever would replace a published policy must hit a given fingerprint: 2^128 attempts, which is why half of the hash
/// is enough, and short enough to be compared by telephone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PolicyFingerprint([u8; 16]);

impl PolicyFingerprint {
    /// The fingerprint of a policy's bytes.
    pub fn of(policy: &Policy) -> Self {
        let hash = policy.fingerprint();
        let mut half = [0; 16];
        half.copy_from_slice(&hash.as_bytes()[..16]);
        Self(half)
    }
}

impl fmt::Display for PolicyFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, pair) in self.0.chunks(2).enumerate() {
            let gap = if at == 0 { "" } else { " " };
            write!(f, "{gap}{}", hex::encode(pair))?;
        }
        Ok(())
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may fail loudly")]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_eight_groups_of_four_digits() {
        // printf 'quorum none\n' | sha256sum
        let policy = Policy::parse(b"quorum none\n").unwrap();
        let text = PolicyFingerprint::of(&policy).to_string();
        assert_eq!(text.split(' ').count(), 8);
        assert!(text.split(' ').all(|group| group.len() == 4));
        let whole = hex::encode(policy.fingerprint().as_bytes());
        assert_eq!(text.replace(' ', ""), whole[..32]);
    }
}
