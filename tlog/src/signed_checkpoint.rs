//! A checkpoint whose log has signed it. Witnesses are another matter: see [`Policy`](crate::Policy).

use crate::{Checkpoint, KeyKind, Note, Refusal, SignatureChecks, VerifiedLine, Vkey, verify_line};
use alloc::vec::Vec;

/// A checkpoint with at least one valid signature by a key of its log. Only [`open`](Self::open) makes one.
///
/// If only an ML-DSA-44 line (0x06) verified, the checkpoint's extension lines are signed by nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCheckpoint {
    checkpoint: Checkpoint,
    verified: Vec<VerifiedLine>,
}

impl SignedCheckpoint {
    /// Verifies every line of a note whose name and key id are those of a known log key.
    ///
    /// One such line that does not verify makes the whole note invalid; lines by unknown keys are ignored. At least one
    /// line must be by a key whose name is the checkpoint's origin.
    pub fn open(
        note: &Note,
        log_keys: &[Vkey],
        checks: &dyn SignatureChecks,
    ) -> Result<Self, Refusal> {
        let checkpoint = Checkpoint::parse(note.text())?;
        let is_its_log = |vkey: &Vkey| vkey.name().as_str() == checkpoint.origin();
        if !log_keys.iter().any(is_its_log) {
            return Err(Refusal::UnknownLog);
        }
        let verified = verify_known(note, &checkpoint, log_keys.iter(), checks)?;
        let verified: Vec<_> = log_keys
            .iter()
            .zip(verified)
            .filter(|(vkey, _)| is_its_log(vkey))
            .filter_map(|(_, line)| line)
            .collect();
        if verified.is_empty() {
            return Err(Refusal::NoLogSignature);
        }
        Ok(Self {
            checkpoint,
            verified,
        })
    }

    /// The checkpoint.
    pub const fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The log's valid signatures, one a key.
    pub fn verified(&self) -> &[VerifiedLine] {
        &self.verified
    }

    /// The kinds of log signature that verified.
    pub fn log_kinds(&self) -> impl Iterator<Item = KeyKind> {
        self.verified.iter().map(|line| line.kind)
    }

    /// Refuses unless the log's signature of this kind verified.
    pub fn require_log_kind(&self, kind: KeyKind) -> Result<&Self, Refusal> {
        if self.log_kinds().any(|verified| verified == kind) {
            Ok(self)
        } else {
            Err(Refusal::MissingLogKind(kind))
        }
    }
}

/// Verifies every line that one of the keys is said to have signed, and answers for each key, in their order, its
/// verified line. Two lines by one key count once, with the later time; both must verify.
pub(crate) fn verify_known<'k>(
    note: &Note,
    checkpoint: &Checkpoint,
    keys: impl Iterator<Item = &'k Vkey>,
    checks: &dyn SignatureChecks,
) -> Result<Vec<Option<VerifiedLine>>, Refusal> {
    keys.map(|vkey| {
        let mut newest: Option<VerifiedLine> = None;
        for line in note.lines() {
            if line.name() != vkey.name() || line.id() != vkey.id() {
                continue;
            }
            let verified =
                verify_line(vkey, checkpoint, note.text(), line, checks).map_err(|why| {
                    Refusal::BadSignature {
                        name: vkey.name().clone(),
                        kind: vkey.kind(),
                        why,
                    }
                })?;
            if newest.as_ref().is_none_or(|kept| kept.time < verified.time) {
                newest = Some(verified);
            }
        }
        Ok(newest)
    })
    .collect()
}
