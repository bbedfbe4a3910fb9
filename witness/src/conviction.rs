//! A conviction: a proof of misbehaviour that lies on our disk.

use crate::known_log::KnownLog;
use crate::peer::Peer;
use aws_lc_rs::digest::{SHA256, digest};
use service::AwsLc;
use tlog::{KeyKind, MisbehaviorKind, MisbehaviorProof, Vkey};

/// Proofs that are kept of one log against one key: the first convicts, and whoever is convicted could sign such heads
/// without end.
pub const PROOFS_PER_KEY_MAX: usize = 8;

/// A proof on disk, without its notes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conviction {
    /// SHA-256 of the file in lower-case hex: its name.
    pub sha256: String,
    /// How the accused contradicted itself.
    pub kind: MisbehaviorKind,
    /// The accused.
    pub accused: Vkey,
    /// Who that is.
    pub against: Against,
    /// When it came here, in seconds since 1970.
    pub found_s: u64,
}

/// Whom a proof convicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Against {
    /// The log: it is cosigned no more.
    Log,
    /// A peer of ours.
    Peer,
    /// Us: our keys signed elsewhere, or from an older state.
    Us,
}

impl Against {
    /// All, in the order of the metrics.
    pub const ALL: [Self; 3] = [Self::Log, Self::Peer, Self::Us];

    /// The word in JSON and metrics.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Peer => "peer",
            Self::Us => "us",
        }
    }

    /// Whose key this is: the log's, a peer's, or ours; `None` if we know nobody with this key.
    pub fn of(accused: &Vkey, log: &KnownLog, peers: &[Peer], own: &[Vkey; 2]) -> Option<Self> {
        if own.contains(accused) {
            Some(Self::Us)
        } else if log.enrolled.vkeys.contains(accused) {
            Some(Self::Log)
        } else if peers.iter().any(|peer| peer.vkey == *accused) {
            Some(Self::Peer)
        } else {
            None
        }
    }

    /// Of a file that was kept before: the keys that are known may have been changed since.
    pub fn of_kept(accused: &Vkey, origin: &str, own: &[Vkey; 2]) -> Self {
        if own.contains(accused) {
            Self::Us
        } else if accused.kind() == KeyKind::Ed25519 || accused.name().as_str() == origin {
            Self::Log
        } else {
            Self::Peer
        }
    }
}

impl Conviction {
    /// Of a proof whose signatures and hashes hold.
    pub fn new(proof: &MisbehaviorProof, bytes: &[u8], against: Against, found_s: u64) -> Self {
        Self {
            sha256: hex::encode(digest(&SHA256, bytes)),
            kind: proof.kind(),
            accused: proof.accused().clone(),
            against,
            found_s,
        }
    }

    /// Reads a kept file again: `None` if it is not what was kept.
    pub fn of_kept(
        bytes: &[u8],
        name: &str,
        origin: &str,
        own: &[Vkey; 2],
        found_s: u64,
    ) -> Option<Self> {
        let proof = MisbehaviorProof::parse(bytes).ok()?;
        proof.verify(&AwsLc).ok()?;
        if proof.first().checkpoint().origin() != origin {
            return None;
        }
        let against = Against::of_kept(proof.accused(), origin, own);
        let conviction = Self::new(&proof, bytes, against, found_s);
        (conviction.sha256 == name).then_some(conviction)
    }
}
