//! What a proof of misbehaviour comes to, in words: bytes in, a verdict out. It believes nothing but the accused's key.

use crate::Reason;
use crate::verdict::{Verdict, Word};
use tlog::{AccusedNote, MisbehaviorKind, MisbehaviorProof, SignatureChecks, Vkey};
use words::Code;

/// A file that accuses a signer, judged.
#[derive(Clone, Debug)]
pub struct Accusation {
    /// What it comes to: exit 6 proven, 1 not proven, 5 malformed.
    pub verdict: Verdict,
    /// The file, if it could be read.
    pub proof: Option<MisbehaviorProof>,
    /// Whether the reader named the accused key.
    pub is_known: bool,
}

impl Accusation {
    /// Whether these bytes say that they are a proof of misbehaviour, of whatever version.
    pub fn claims_to_be_one(bytes: &[u8]) -> bool {
        bytes.starts_with(b"notarylog/misbehavior-proof@")
    }

    /// Judges a file. With `accused` it must accuse this very key; without, whoever reads the verdict must know the key
    /// that the file names.
    pub fn judge(bytes: &[u8], accused: Option<&Vkey>, checks: &dyn SignatureChecks) -> Self {
        let judged = |verdict, proof| Self {
            verdict,
            proof,
            is_known: accused.is_some(),
        };
        let proof = match MisbehaviorProof::parse(bytes) {
            Ok(proof) => proof,
            Err(why) => {
                let reason = Reason::MisbehaviorMalformed(why);
                return judged(Verdict::cannot_check(reason), None);
            }
        };
        if let Some(asked) = accused.filter(|asked| *asked != proof.accused()) {
            let word = Word::plain(Code::AccusedOther)
                .with("key", &key(proof.accused()))
                .with("asked", &key(asked));
            return judged(Verdict::new(word), Some(proof));
        }
        let verdict = match proof.verify(checks) {
            Ok(()) => {
                let word = Word::plain(Code::Contradiction);
                let mut verdict = Verdict::new(word.with("name", proof.accused().name()));
                verdict.not_proved = vec![Code::ProofLimits];
                verdict
            }
            Err(why) => Verdict::new(Word::because(Code::NoContradiction, Reason::NotProven(why))),
        };
        judged(verdict, Some(proof))
    }

    /// What is proven, against which key; `None` unless it is proven.
    pub fn finding(&self) -> Option<Word> {
        let proof = self.proven()?;
        let code = match proof.kind() {
            MisbehaviorKind::SameSize => Code::ProvesSameSize,
            MisbehaviorKind::Empty => Code::ProvesEmpty,
            MisbehaviorKind::Prefix => Code::ProvesPrefix,
            MisbehaviorKind::Leaf => Code::ProvesLeaf,
            MisbehaviorKind::Rollback => Code::ProvesRollback,
        };
        let size = |note: &AccusedNote| note.checkpoint().size();
        let mut word = Word::plain(code)
            .with("key", &key(proof.accused()))
            .with("origin", proof.first().checkpoint().origin())
            .with("a", &size(proof.first()));
        if let Some(second) = proof.second() {
            word = word.with("b", &size(second));
        }
        if let Some(index) = proof.index() {
            word = word.with("index", &index);
        }
        Some(word)
    }

    /// That the reader must know the accused key; `None` if the reader named it, or if nothing is proven.
    pub fn caution(&self) -> Option<Word> {
        let proof = self.proven().filter(|_| !self.is_known)?;
        let word = Word::plain(Code::AccusedUnknown)
            .with("name", proof.accused().name())
            .with("vkey", proof.accused());
        Some(word)
    }

    fn proven(&self) -> Option<&MisbehaviorProof> {
        let is_proven = self.verdict.code() == Code::Contradiction;
        self.proof.as_ref().filter(|_| is_proven)
    }
}

/// How a sentence names a key: a key of ML-DSA-44 has 1,800 characters.
fn key(vkey: &Vkey) -> String {
    format!("{}+{}", vkey.name(), vkey.id())
}
