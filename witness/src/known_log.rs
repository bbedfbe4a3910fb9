//! A log that is enrolled: its origin, its keys, and what this process knows of it.

use crate::conformance::SAMPLE_ORIGINS;
use crate::standing::Standing;
use aws_lc_rs::digest::{SHA256, digest};
use service::{AwsLc, P256Verifier};
use std::fmt;
use std::sync::Arc;
use tlog::{
    AddCheckpoint, BadLine, Checkpoint, KeyKind, LineTime, Note, SignatureChecks, SignatureLine,
    Vkey, verify_line,
};

/// The row of a log in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogId(pub i64);

/// An enrolled log, as the database has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enrolled {
    /// Its row.
    pub id: LogId,
    /// Its origin: the first line of its checkpoints.
    pub origin: String,
    /// The keys that we trust for it, by any of which a checkpoint may be signed.
    pub vkeys: Vec<Vkey>,
    /// Where it serves `/checkpoint`.
    pub url: Option<String>,
    /// Who enrolled it.
    pub source: Source,
}

/// Who enrolled a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The operator, by `log add`.
    Command,
    /// The configuration.
    Config,
    /// A signed list.
    List,
}

impl Source {
    /// The word in the database.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Command => "command",
            Self::Config => "config",
            Self::List => "list",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Command, Self::Config, Self::List]
            .into_iter()
            .find(|source| source.word() == word)
    }
}

/// An enrolled log with its parsed keys and its standing.
#[derive(Debug)]
pub struct KnownLog {
    /// As it is enrolled.
    pub enrolled: Enrolled,
    /// Where it is known by: SHA-256 of the origin in lower-case hex (c2sp.org/tlog-witness, monitor retrieval).
    pub origin_hash: String,
    /// What we remember of it; the same over a change of keys.
    pub standing: Arc<Standing>,
    checks: ParsedKeys,
}

/// The lines of a note that the log's keys verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLines {
    /// At least one, in the order of the keys.
    pub lines: Vec<SignatureLine>,
    /// The latest time that one of them states, in seconds since 1970.
    pub time_s: Option<u64>,
}

impl KnownLog {
    /// A log with this standing.
    pub fn new(enrolled: Enrolled, standing: Arc<Standing>) -> Self {
        Self {
            origin_hash: origin_hash(&enrolled.origin),
            checks: ParsedKeys::of(&enrolled.vkeys),
            enrolled,
            standing,
        }
    }

    /// Whether it is a log of the conformance suite, whose keys everybody has (`crate::conformance`).
    pub fn is_sample(&self) -> bool {
        self.enrolled.origin.starts_with(SAMPLE_ORIGINS)
    }

    /// Verifies the lines of a request that the log's keys are said to have signed; all others are ignored.
    pub fn verify(&self, request: &AddCheckpoint) -> Result<LogLines, NotSigned> {
        self.verify_note(request.note(), request.checkpoint())
    }

    /// Verifies the log's own lines of a note.
    ///
    /// One line with the name and id of a known key that does not verify spoils the note
    /// (c2sp.org/signed-note, signatures).
    pub fn verify_note(&self, note: &Note, checkpoint: &Checkpoint) -> Result<LogLines, NotSigned> {
        let mut lines = Vec::new();
        let mut time_s = None;
        let mut signs_text = false;
        for vkey in &self.enrolled.vkeys {
            let mut of_key = note
                .lines()
                .iter()
                .filter(|line| line.name() == vkey.name() && line.id() == vkey.id());
            let Some(first) = of_key.next() else {
                continue;
            };
            // Two lines by one key: both must verify, and one is kept.
            for line in std::iter::once(first).chain(of_key) {
                let verified = verify_line(vkey, checkpoint, note.text(), line, &self.checks)
                    .map_err(NotSigned::BadLine)?;
                if verified.time != LineTime::NotStated {
                    time_s = time_s.max(verified.time.seconds());
                }
            }
            signs_text |= vkey.kind() == KeyKind::Ed25519;
            lines.push(first.clone());
        }
        if lines.is_empty() {
            return Err(NotSigned::NoLine);
        }
        let may_sign_text = |vkey: &Vkey| vkey.kind() == KeyKind::Ed25519;
        if !checkpoint.extensions().is_empty()
            && !signs_text
            && self.enrolled.vkeys.iter().any(may_sign_text)
        {
            // Whoever strips the line that signs the text could write any extension lines, and we would sign them.
            return Err(NotSigned::Extensions);
        }
        Ok(LogLines { lines, time_s })
    }
}

/// SHA-256 of an origin in lower-case hex.
pub fn origin_hash(origin: &str) -> String {
    text_hash(origin)
}

/// SHA-256 of any text in lower-case hex.
pub fn text_hash(text: &str) -> String {
    hex::encode(digest(&SHA256, text.as_bytes()))
}

/// Why a note does not count as its log's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotSigned {
    /// No line by a key that we trust for this origin.
    NoLine,
    /// A line with the name and id of a trusted key does not verify.
    BadLine(BadLine),
    /// Extension lines that no verified line signs, though the log has a key that would.
    Extensions,
}

impl fmt::Display for NotSigned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoLine => f.write_str("no key that is trusted for this origin has signed"),
            Self::BadLine(why) => write!(f, "a line by a trusted key does not verify: {why}"),
            Self::Extensions => f.write_str(
                "the extension lines are not signed: send the log's Ed25519 line with them",
            ),
        }
    }
}

impl std::error::Error for NotSigned {}

/// The fast checks, with the log's P-256 keys parsed once.
#[derive(Debug)]
struct ParsedKeys {
    p256: Vec<(Vec<u8>, P256Verifier)>,
}

impl ParsedKeys {
    fn of(vkeys: &[Vkey]) -> Self {
        let p256 = vkeys
            .iter()
            .filter(|vkey| vkey.kind() == KeyKind::TreeHead)
            .filter_map(|vkey| {
                let verifier = P256Verifier::from_spki(vkey.material()).ok()?;
                Some((vkey.material().to_vec(), verifier))
            })
            .collect();
        Self { p256 }
    }
}

impl SignatureChecks for ParsedKeys {
    fn ed25519(&self, key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
        AwsLc.ed25519(key, message, signature)
    }

    fn p256(&self, spki_der: &[u8], message: &[u8], signature: &[u8; 64]) -> bool {
        self.p256
            .iter()
            .find(|(spki, _)| spki == spki_der)
            .is_some_and(|(_, verifier)| verifier.verify(message, signature))
    }

    fn ml_dsa_44(&self, key: &[u8; 1312], message: &[u8], signature: &[u8; 2420]) -> bool {
        AwsLc.ml_dsa_44(key, message, signature)
    }
}
