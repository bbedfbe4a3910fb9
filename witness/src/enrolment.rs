//! The rules of enrolment: for which logs a witness may be asked to sign at all.

use crate::known_log::{Enrolled, Source};
use crate::ledger::{LedgerError, NewLog};
use std::fmt;
use tlog::{KeyKind, Origin, Vkey};

/// The most keys of one log: an old and a new one of each kind, and room. Each known line of a request is verified.
pub const LOG_KEYS_MAX: usize = 8;

/// Whether a log may be enrolled beside the others. `known` is what is enrolled under this origin now.
pub fn check(
    new: &NewLog,
    own: &[Vkey; 2],
    known: Option<&Enrolled>,
    others: &[Enrolled],
) -> Result<(), EnrolmentError> {
    if new.origin.len() > Origin::LEN_MAX
        || new.origin.is_empty()
        || new.origin.chars().any(char::is_control)
    {
        return Err(EnrolmentError::Origin);
    }
    if new.origin == own[0].name().as_str() {
        return Err(EnrolmentError::OwnName);
    }
    if new.vkeys.is_empty() || new.vkeys.len() > LOG_KEYS_MAX {
        return Err(EnrolmentError::KeyCount);
    }
    for vkey in &new.vkeys {
        let is_own = own
            .iter()
            .any(|own| own.has_key_of(vkey) || own.name() == vkey.name());
        if vkey.kind() == KeyKind::Cosignature || is_own {
            return Err(EnrolmentError::WitnessKey);
        }
        if vkey.kind() == KeyKind::TreeHead && vkey.name().as_str() != new.origin {
            return Err(EnrolmentError::TreeHeadName);
        }
        if let Some(other) = others.iter().find(|other| {
            other.origin != new.origin && other.vkeys.iter().any(|known| known.has_key_of(vkey))
        }) {
            return Err(EnrolmentError::KeyOfOther(other.origin.clone()));
        }
    }
    match known {
        Some(known) if new.source != Source::Command && !same_keys(&known.vkeys, &new.vkeys) => {
            Err(EnrolmentError::ChangedKey)
        }
        _ => Ok(()),
    }
}

/// Whether two sets of keys are the same, in any order.
pub fn same_keys(a: &[Vkey], b: &[Vkey]) -> bool {
    let holds = |set: &[Vkey], all: &[Vkey]| all.iter().all(|vkey| set.contains(vkey));
    holds(a, b) && holds(b, a)
}

/// Why a log is not enrolled.
#[derive(Clone, Debug)]
pub enum EnrolmentError {
    /// The origin is empty, holds a control character, or is longer than ML-DSA-44 lines can sign.
    Origin,
    /// The origin is our own name.
    OwnName,
    /// No key, or more than [`LOG_KEYS_MAX`].
    KeyCount,
    /// The key is a witness's: ours, under our name, or of kind 0x04.
    WitnessKey,
    /// A tree head key (0x05) whose name is not the origin never verifies.
    TreeHeadName,
    /// Another enrolled log has this key.
    KeyOfOther(String),
    /// The origin is known with other keys, and only a command of the operator changes them.
    ChangedKey,
    /// A signed list that is older than the newest that was taken, or another with its number.
    OldIssue {
        /// Its number.
        sequence: u64,
        /// The newest number that was taken.
        newest: u64,
    },
    /// The store.
    Ledger(LedgerError),
}

impl fmt::Display for EnrolmentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Origin => f.write_str("an origin has 1 to 255 bytes and no control character"),
            Self::OwnName => f.write_str(
                "the origin is this witness's own name: a signature must never be read both as a log's and a witness's",
            ),
            Self::KeyCount => write!(f, "a log has 1 to {LOG_KEYS_MAX} keys"),
            Self::WitnessKey => f.write_str(
                "the key is a witness's (ours, under our name, or of the kind 04): take the log's own verifier key",
            ),
            Self::TreeHeadName => {
                f.write_str("a tree head key (05) must bear the origin as its name")
            }
            Self::KeyOfOther(origin) => write!(
                f,
                "the log {origin} is enrolled with this key: heads of two logs under one key could be taken for each other"
            ),
            Self::ChangedKey => f.write_str(
                "the origin is enrolled with other keys; ask the log's operator, then change them with `notarylog-witness log add`",
            ),
            Self::OldIssue { sequence, newest } => write!(
                f,
                "the list has the sequence {sequence}, and {newest} was taken already: it is old, or two lists bear one number"
            ),
            Self::Ledger(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for EnrolmentError {}

impl From<LedgerError> for EnrolmentError {
    fn from(error: LedgerError) -> Self {
        Self::Ledger(error)
    }
}

impl From<sqlx::Error> for EnrolmentError {
    fn from(error: sqlx::Error) -> Self {
        Self::Ledger(LedgerError::from(error))
    }
}

#[cfg(test)]
mod tests {
    use super::{EnrolmentError, check};
    use crate::known_log::{Enrolled, LogId, Source};
    use crate::ledger::NewLog;
    use crate::testimony::test_log::TestLog;
    use tlog::{KeyKind, KeyName, Vkey};

    fn new(origin: &str, vkeys: &[&Vkey]) -> NewLog {
        NewLog {
            origin: origin.to_owned(),
            vkeys: vkeys.iter().map(|&vkey| vkey.clone()).collect(),
            url: None,
            source: Source::Command,
        }
    }

    #[test]
    fn no_log_is_enrolled_whose_lines_could_be_taken_for_a_witnesss_or_another_logs() {
        let (a, us) = (TestLog::new("a"), TestLog::new("w"));
        let w = KeyName::new("w").unwrap();
        let cosignature = Vkey::new(w, KeyKind::Cosignature, us.ed25519.material()).unwrap();
        let own = [cosignature.clone(), us.ml_dsa.clone()];
        let other = Enrolled {
            id: LogId(1),
            origin: "b".to_owned(),
            vkeys: vec![TestLog::new("b").ed25519],
            url: None,
            source: Source::List,
        };
        let named_a =
            |kind, key: &Vkey| Vkey::new(KeyName::new("a").unwrap(), kind, key.material()).unwrap();
        let refused =
            |new: &NewLog| check(new, &own, None, std::slice::from_ref(&other)).unwrap_err();
        check(&new("a", &[&a.ed25519, &a.ml_dsa]), &own, None, &[]).unwrap();

        assert!(matches!(
            refused(&new("w", &[&a.ed25519])),
            EnrolmentError::OwnName
        ));
        assert!(matches!(refused(&new("a", &[])), EnrolmentError::KeyCount));
        assert!(matches!(
            refused(&new("", &[&a.ed25519])),
            EnrolmentError::Origin
        ));
        assert!(matches!(
            refused(&new(&"o".repeat(256), &[&a.ed25519])),
            EnrolmentError::Origin
        ));
        // Ours as it is, ours under a log's name and kind, any under our name, any of a witness's kind.
        for vkey in [
            cosignature.clone(),
            us.ml_dsa.clone(),
            named_a(KeyKind::Ed25519, &us.ed25519),
            named_a(KeyKind::MlDsa44, &us.ml_dsa),
            TestLog::new("w").ed25519,
            named_a(KeyKind::Cosignature, &a.ed25519),
        ] {
            let refusal = refused(&new("a", &[&a.ml_dsa, &vkey]));
            assert!(matches!(refusal, EnrolmentError::WitnessKey), "{vkey:?}");
        }
        let shared = named_a(KeyKind::Ed25519, &other.vkeys[0]);
        assert!(matches!(
            refused(&new("a", &[&shared])),
            EnrolmentError::KeyOfOther(_)
        ));
    }
}
